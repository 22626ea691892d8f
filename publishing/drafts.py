"""A delivery as a network's draft: the one place where text, pictures and options become what is sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from accounts.models import Account
from platforms.content import Draft, Json, MediaFile, Part
from platforms.errors import NotReady
from publishing.models import Delivery
from publishing.renditions import fitted, order_again, rules_of


def draft_for(delivery: Delivery) -> Draft:
    """What shall be sent, the same in every try. Pictures are made fit for the network.

    The post is as it was when the delivery was claimed: whoever edits it freezes the text and pictures of
    deliveries under way.
    """
    post = delivery.post
    return make_draft(
        key=f"{post.key}-{delivery.pk}",
        created_at=delivery.started_at or post.created_at,
        account=delivery.account,
        text=delivery.effective_text,
        media=_fitted(delivery),
        options=delivery.options,
    )


def _fitted(delivery: Delivery) -> list[MediaFile]:
    """The media as the network takes them. Raises NotReady while a video is still being made."""
    rules = rules_of(delivery)
    try:
        return [fitted(media, rules) for media in delivery.pictures]
    except NotReady:
        order_again(delivery.post_id)
        raise


def make_draft(
    *,
    key: str,
    created_at: datetime,
    account: Account,
    text: str,
    media: Iterable[MediaFile],
    options: Mapping[str, Json],
) -> Draft:
    """The text in as many parts as the network needs, pictures on the first, options with their defaults."""
    platform, files = account.platform, tuple(media)
    defaults: dict[str, Json] = {option.name: option.default for option in platform.options}
    chosen = {**defaults, **options}
    first, *rest = platform.rules_with(account.limits, chosen, files).split(text.strip())
    return Draft(
        key=key,
        created_at=created_at,
        parts=(Part(first, files), *(Part(part) for part in rest)),
        options=chosen,
        kind=platform.kind_for(files, chosen).name,
    )
