"""What went out since the last look: authors are told, a notice a post; many at once are one that counts."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import notices
from accounts.models import User
from publishing.models import Delivery, DeliveryQuerySet, Post, State
from publishing.telling import grouped, hour, quoted

NEWS = timedelta(hours=1)  # what has been out for longer is told by nobody any more
LONGEST_TRY = timedelta(days=2)
BATCH = 500
MOST_APART = 3  # posts of one author in one look; more are told together


def tell_of_published() -> int:
    """Tell authors of what is out. How many deliveries were news."""
    told = 0
    while batch := _tell_batch():
        told += batch
    return told


def out_untold() -> DeliveryQuerySet:
    """What is out since a short while and nobody was told of."""
    moment = now()
    # nothing is tried for longer than a day, and the index of states knows when they were due
    recent = Delivery.objects.filter(state=State.PUBLISHED, due_at__gt=moment - LONGEST_TRY)
    return recent.filter(published_at__gt=moment - NEWS, told_fence__lt=F("fence"))


@transaction.atomic
def _tell_batch() -> int:
    held = out_untold().select_for_update(of=("self",), skip_locked=True)
    rows = list(
        held.select_related("post__workspace", "post__author", "account")
        .defer("account__credentials")
        .order_by("published_at")[:BATCH]
    )
    for (author, _workspace), out in grouped(
        rows, lambda row: (row.post.author, row.post.workspace_id)
    ).items():
        if author is not None and author.is_active:
            _tell(author, out)
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(told_fence=F("fence"))
    return len(rows)


def _tell(author: User, out: Sequence[Delivery]) -> None:
    workspace = out[0].post.workspace
    if not author.memberships.filter(workspace=workspace).exists():
        return  # they have left
    posts = grouped(out, lambda row: row.post_id)
    if len(posts) > MOST_APART:
        sentence = ngettext(
            "%(count)d of your posts is out.", "%(count)d posts of yours are out.", len(posts)
        )
        cause = f"{workspace.pk}:{hour(now())}:{out[0].pk}"
        page = f"{reverse('publishing:queue')}?show=published"
        _say(author, out[0].post, cause, sentence % {"count": len(posts)}, page)
        return
    for post_id, rows in posts.items():
        _say(author, rows[0].post, f"post:{post_id}", _sentence(rows[0]), rows[0].post.get_absolute_url())


def _say(author: User, post: Post, cause: str, text: str, url: str) -> None:
    notices.tell(
        [author], kind="published", key=f"published:{cause}", text=text, url=url, workspace=post.workspace,
        grows=True,
    )  # fmt: skip


def _sentence(row: Delivery) -> str:
    """Where it is out by now: it may have come out elsewhere before."""
    everywhere = Delivery.objects.filter(post_id=row.post_id, state=State.PUBLISHED).select_related("account")
    names = [
        str(one.account) for one in everywhere.defer("account__credentials").order_by("published_at", "pk")
    ]
    told = {"post": quoted(row), "accounts": ", ".join(names[:4]), "count": len(names) - 4}
    if len(names) > 4:
        return _("%(post)s is out: %(accounts)s and %(count)d more.") % told
    return _("%(post)s is out: %(accounts)s.") % told
