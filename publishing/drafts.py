"""A delivery as a network's draft: the one place where text, pictures and options become what is sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from accounts.models import Account
from campaigns.links import NONE, Tags, tags_of
from platforms.content import Draft, Json, MediaFile, Part
from platforms.errors import NotReady
from platforms.options import Option
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
        tags=tags_for(delivery),
    )


def tags_for(delivery: Delivery) -> Tags:
    """What its links get: what was kept at its first try, until then what the campaign says now."""
    if delivery.link_tags is not None:
        return Tags.of_kept(delivery.link_tags)
    return tags_of(delivery.post.campaign, delivery.account.platform_name)


def has_old_tags(delivery: Delivery) -> bool:
    """Whether the campaign says otherwise by now than at the first try."""
    kept, campaign = delivery.link_tags, delivery.post.campaign
    return kept is not None and Tags.of_kept(kept) != tags_of(campaign, delivery.account.platform_name)


def keep_tags(delivery: Delivery) -> None:
    """At the first try: from now on its links stay as they are, whatever becomes of the campaign."""
    if delivery.link_tags is None and delivery.post.campaign_id:
        delivery.link_tags = tags_for(delivery).kept()
        held = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence)
        held.update(link_tags=delivery.link_tags)


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
    tags: Tags = NONE,
) -> Draft:
    """The text in as many parts as the network needs, pictures on the first, options with their defaults.

    `tags`: what links in the text and in options get. Everybody makes drafts here, so what is counted and
    shown is what is sent.
    """
    platform, files = account.platform, tuple(media)
    defaults: dict[str, Json] = {option.name: option.default for option in platform.options}
    chosen = {**defaults, **options}
    if tags.values:
        chosen |= _tagged(platform.options, chosen, tags)
    first, *rest = platform.rules_with(account.limits, chosen, files).split(tags.text(text.strip()))
    return Draft(
        key=key,
        created_at=created_at,
        parts=(Part(first, files), *(Part(part) for part in rest)),
        options=chosen,
        kind=platform.kind_for(files, chosen).name,
    )


def _tagged(declared: Iterable[Option], chosen: Mapping[str, Json], tags: Tags) -> dict[str, Json]:
    """The options in which readers find links: addresses that they press, and texts of several lines."""
    tagged: dict[str, Json] = {}
    for option in declared:
        value = chosen[option.name]
        if isinstance(value, str) and option.kind == "url" and option.is_pressed:
            tagged[option.name] = tags.link(value.strip())
        elif isinstance(value, str) and option.kind == "lines":
            tagged[option.name] = tags.text(value)
        elif isinstance(value, list) and option.is_pressed:
            tagged[option.name] = [tags.link(cast(str, item).strip()) for item in value]
    return tagged
