"""How a post is written down: the one path for the composer and the API. What is out is never touched."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Membership
from campaigns.models import Campaign
from platforms.content import Json
from publishing.drafts import has_old_tags, tags_for
from publishing.duplicates import stamp
from publishing.models import (
    EDITABLE,
    Delivery,
    DeliveryMedia,
    Media,
    Post,
    PostMedia,
    State,
)
from publishing.pacing import costs_of
from publishing.preflight import Refusal, examine_deliveries, refuse_errors

NOT_PLANNED = frozenset({State.DRAFT, State.CANCELLED})


@dataclass(frozen=True)
class Target:
    """An account that the post is for; `text` None means the post's own."""

    account: Account
    text: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class PostInput:
    """What an author wants; `scheduled_at` is a wish until the post is scheduled."""

    text: str
    targets: Sequence[Target] = ()
    media: Sequence[Media] = ()
    timezone: str = "UTC"
    campaign: Campaign | None = None
    scheduled_at: datetime | None = None
    key: uuid.UUID = field(default_factory=uuid.uuid4)


def save_post(member: Membership, content: PostInput, post: Post | None = None) -> Post:
    """Write a post down, all of it or nothing; the same `key` again edits the post that it made.

    Deliveries that are out or under way keep what they were sent with. Where something is scheduled already
    and the new content would be refused, Refusal is raised and nothing changes.
    """
    _require_own(member, content)
    with transaction.atomic():
        post = _locked(post.pk) if post else _begin(member, content)
        _require_open(post, content)
        deliveries = locked_deliveries(post)
        before = {delivery.pk: _content(delivery) for delivery in deliveries}
        _freeze(post, deliveries, content)
        _write(post, content, deliveries)
        _write_deliveries(post, deliveries, content.targets)
        _settle(post, before)
    return post


def _require_own(member: Membership, content: PostInput) -> None:
    """Nothing of another workspace is ever used, however it got here."""
    rows: list[Media | Account] = [*content.media, *(target.account for target in content.targets)]
    owners = {row.workspace_id for row in rows} | (
        {content.campaign.workspace_id} if content.campaign else set()
    )
    if owners - {member.workspace_id}:
        raise PermissionDenied(_("That belongs to another workspace."))


def _require_open(post: Post, content: PostInput) -> None:
    """A campaign that was archived keeps its posts and takes no others."""
    campaign = content.campaign
    if campaign and campaign.is_archived and campaign.pk != post.campaign_id:
        raise Refusal.because(
            "campaign_archived", _("This campaign is archived. Choose another, or restore it."), "campaign"
        )


def _begin(member: Membership, content: PostInput) -> Post:
    post, _created = Post.objects.get_or_create(
        key=content.key,
        defaults={
            "workspace": member.workspace,
            "author": member.user,
            "timezone": content.timezone,
        },
    )
    if post.workspace_id != member.workspace_id:
        raise PermissionDenied(_("That belongs to another workspace."))
    return _locked(post.pk)


def _locked(pk: int) -> Post:
    rows = Post.objects.select_for_update(of=("self",)).select_related("campaign__workspace")
    return rows.prefetch_related("postmedia_set__media").get(pk=pk)


def locked_deliveries(post: Post) -> list[Delivery]:
    """The post's deliveries, held until the transaction ends: no pump takes them meanwhile."""
    rows = (
        post.deliveries.select_for_update(of=("self",))
        .select_related("account")
        .prefetch_related("steps", "deliverymedia_set__media")
        .order_by("pk")
    )
    deliveries = list(rows)
    for delivery in deliveries:
        delivery.post = post
    return deliveries


def _content(delivery: Delivery) -> tuple[object, ...]:
    """What the network would get, to see whether it changed; the campaign tags links."""
    pictures = [media.pk for media in delivery.pictures]
    return delivery.effective_text, pictures, dict(delivery.options), delivery.post.campaign_id


def _freeze(post: Post, deliveries: Iterable[Delivery], content: PostInput) -> None:
    """What is out or under way keeps the text, pictures and links it was sent with."""
    kept = [media.pk for media in post.pictures]
    for delivery in deliveries:
        if delivery.is_editable:
            continue
        if delivery.link_tags is None and content.campaign != post.campaign:
            Delivery.objects.filter(pk=delivery.pk).update(link_tags=tags_for(delivery).kept())
        if delivery.text is None and content.text != post.text:
            Delivery.objects.filter(pk=delivery.pk).update(text=post.text)
        if not delivery.has_own_media and kept != [media.pk for media in content.media]:
            Delivery.objects.filter(pk=delivery.pk).update(has_own_media=True)
            DeliveryMedia.objects.bulk_create(
                DeliveryMedia(delivery=delivery, media_id=pk, position=n) for n, pk in enumerate(kept)
            )


def _write(post: Post, content: PostInput, deliveries: Iterable[Delivery]) -> None:
    pictures = [media.pk for media in content.media]
    if pictures != [media.pk for media in post.pictures]:
        post.postmedia_set.all().delete()
        PostMedia.objects.bulk_create(
            PostMedia(post=post, media_id=pk, position=n) for n, pk in enumerate(pictures)
        )
    post.text = content.text
    post.campaign = content.campaign
    post.timezone = content.timezone
    if all(delivery.state in NOT_PLANNED for delivery in deliveries):
        post.scheduled_at = content.scheduled_at
    post.save(update_fields=["text", "campaign", "timezone", "scheduled_at", "updated_at"])


def _write_deliveries(post: Post, deliveries: Sequence[Delivery], targets: Sequence[Target]) -> None:
    wanted = {target.account.pk: target for target in targets}
    for delivery in deliveries:
        target = wanted.pop(delivery.account_id, None)
        if not delivery.is_editable:
            continue
        if target is None:
            _leave_out(delivery)
        else:
            state = State.DRAFT if delivery.state == State.CANCELLED else State(delivery.state)
            _open(delivery).update(state=state, text=target.text, options=dict(target.options))
    Delivery.objects.bulk_create(
        Delivery(post=post, account=target.account, text=target.text, options=dict(target.options))
        for target in wanted.values()
    )


def _open(delivery: Delivery) -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state__in=EDITABLE)


def _leave_out(delivery: Delivery) -> None:
    """An account that is no longer wanted; what was tried once stays as history."""
    if delivery.attempts.exists():
        delivery.move(State.CANCELLED)
    else:
        _open(delivery).delete()


def _settle(post: Post, before: Mapping[int, tuple[object, ...]]) -> None:
    """Forget half-done work on content that changed, and keep scheduled what is fit to go out."""
    posts = Post.objects.select_related("campaign__workspace").prefetch_related("postmedia_set__media")
    fresh = posts.get(pk=post.pk)
    deliveries = locked_deliveries(fresh)
    changed = [
        row
        for row in deliveries
        if row.is_editable and (before.get(row.pk) != _content(row) or has_old_tags(row))
    ]
    for delivery in changed:
        if delivery.pk in before:
            delivery.steps.all().delete()
            delivery.link_tags = None
            _open(delivery).update(started_at=None, link_tags=None, costs=costs_of(delivery))
    stamp(changed)
    refuse_errors(
        examine_deliveries(
            delivery
            for delivery in deliveries
            if delivery.state == State.SCHEDULED and before.get(delivery.pk) != _content(delivery)
        )
    )


def duplicate(member: Membership, post: Post) -> Post:
    """The same post once more, as a draft, for the accounts and the campaign that are still there."""
    deliveries = post.deliveries.select_related("account").order_by("pk")
    content = PostInput(
        text=post.text,
        targets=[
            Target(delivery.account, delivery.text, delivery.options)
            for delivery in deliveries
            if delivery.account.state != Account.State.DISCONNECTED
        ],
        media=post.pictures,
        timezone=post.timezone,
        campaign=None if post.campaign is None or post.campaign.is_archived else post.campaign,
    )
    return save_post(member, content)


def delete_post(post: Post) -> None:
    """Delete a post of which nothing is out. Raises Refusal where something is, or may be."""
    with transaction.atomic():
        deliveries = locked_deliveries(_locked(post.pk))
        if any(not delivery.is_editable for delivery in deliveries):
            raise Refusal.because(
                "post_is_out",
                _("Part of this post is out, so it stays as history. Cancel what is still open."),
            )
        Post.objects.filter(pk=post.pk).delete()
