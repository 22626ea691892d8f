"""How people are told of deliveries: what happened for one cause is one notice, however many posts it hit."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import notices
from publishing.models import Delivery

K = TypeVar("K", bound=Hashable)
EXCERPT = 50
MOST_ABOUT = 100  # deliveries that one press in a chat can be about


def grouped(rows: Iterable[Delivery], by: Callable[[Delivery], K]) -> dict[K, list[Delivery]]:
    """The deliveries by what they have in common, in their order."""
    groups: dict[K, list[Delivery]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return groups


def tell_of(
    kind: str,
    cause: str,
    rows: Sequence[Delivery],
    count: int,
    text: str,
    page: str,
    about: Sequence[int] = (),
) -> None:
    """Tell who may write in the workspace. Within an hour the same cause is one notice, whose count grows.

    `rows` are those it is news of, `count` all that it has hit by now, `page` shows them together; `about`
    are the deliveries that a press in the chat acts upon.
    """
    first = rows[0]
    is_alone = count == 1
    notices.tell(
        notices.writers(first.post.workspace_id, first.post.author_id),
        kind=kind,
        key=f"{kind}:{cause}:{hour(now())}"[:200],
        text=text,
        url=first.post.get_absolute_url() if is_alone else page,
        workspace=first.post.workspace,
        grows=True,
        about={"deliveries": list(about[:MOST_ABOUT])} if about else None,
    )


def hour(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H}"


def quoted(delivery: Delivery) -> str:
    """How a post is called in a sentence: by its first words."""
    words = " ".join(delivery.effective_text.split())
    if len(words) > EXCERPT:
        whole = words[: EXCERPT + 1].rpartition(" ")[0]  # some languages have no spaces to cut at
        words = f"{whole if len(whole) > EXCERPT // 2 else words[:EXCERPT]}…"
    return _("“%(text)s”") % {"text": words} if words else _("A post of pictures")
