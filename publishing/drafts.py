"""A delivery as a network's draft: the one place where text, pictures and options become what is sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from accounts.models import Account
from platforms.content import Draft, Json, MediaFile, Part
from platforms.rules import Rules
from publishing.media import as_file, fit
from publishing.models import Delivery, Media, Post


def draft_for(delivery: Delivery) -> Draft:
    """What shall be sent, the same in every try. Pictures are made fit for the network.

    The post is read afresh: whoever edits it freezes the text and pictures of deliveries under way.
    """
    post = Post.objects.prefetch_related("postmedia_set__media").get(pk=delivery.post_id)
    delivery.post = post
    rules = rules_of(delivery.account)
    return make_draft(
        key=f"{post.key}-{delivery.pk}",
        created_at=delivery.started_at or post.created_at,
        account=delivery.account,
        text=delivery.effective_text,
        media=[fit(media, rules.images) for media in delivery.pictures],
        options=delivery.options,
    )


def rules_of(account: Account) -> Rules:
    """The network's rules with the account's own limits."""
    return account.platform.rules_for(account.limits)


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


def unfitted(pictures: Iterable[Media]) -> list[MediaFile]:
    """Pictures as they lie in the library: enough for checks and previews, which send nothing."""
    return [as_file(media, media.name, media.alt_text) for media in pictures]
