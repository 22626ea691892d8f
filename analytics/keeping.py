"""Keeping what a network told: the snapshot, the newest numbers, the days to count again, the milestones."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from accounts.models import Account
from analytics import milestones
from analytics.days import READ, touch
from analytics.gains import LATE, Told, standing
from analytics.metrics import OF_ACCOUNTS, OF_POSTS, counted, rate
from analytics.models import AccountSnapshot, Edition, Latest, Look, PostSnapshot
from platforms.content import Metrics
from publishing.models import Delivery

NOT_TOLD = "not_told"


def keep(look: Look, metrics: Metrics, moment: datetime, due_at: datetime | None) -> bool:
    """Write all of it, or nothing. False: the look is not ours any more, and somebody else writes."""
    is_told = bool(metrics.values or metrics.raw)
    with transaction.atomic():
        mine = look.settle(
            due_at=due_at,
            looked_at=moment,
            failures=0,
            problem_code="" if is_told else NOT_TOLD,
            problem="",
        )
        if mine and is_told:
            if look.delivery:
                _keep_post(look.delivery, metrics, moment)
            elif look.account:
                _keep_account(look.account, metrics, moment)
    return mine


def _keep_post(delivery: Delivery, metrics: Metrics, moment: datetime) -> None:
    values = {name: value for name, value in metrics.values.items() if name in OF_POSTS}
    PostSnapshot.objects.create(delivery=delivery, taken_at=moment, raw=dict(metrics.raw), **values)
    before = Latest.objects.filter(delivery=delivery).values("views").first()
    latest = newest(delivery)
    published_at = latest.published_at
    zone = delivery.account.workspace.zone
    days = {moment.astimezone(zone).date()}
    if before is None and moment - published_at > LATE:
        days.add(published_at.astimezone(zone).date())
    touch(delivery.account_id, days)
    Edition.renew(latest.workspace_id)
    milestones.of_post(delivery, before and before["views"], latest.views)


def newest(delivery: Delivery) -> Latest:
    """A post's newest numbers, written down from all that was told of it."""
    columns = delivery.snapshots.order_by("taken_at", "pk").values_list("taken_at", *READ)
    told = [Told(row[0], dict(zip(READ, row[1:], strict=True))) for row in columns]
    taken_at, known = list(standing(told))[-1]
    row, _new = Latest.objects.update_or_create(
        delivery=delivery,
        defaults={**latest_columns(known), "taken_at": taken_at},
        create_defaults={
            **latest_columns(known),
            "taken_at": taken_at,
            "workspace_id": delivery.account.workspace_id,
            "account_id": delivery.account_id,
            "published_at": delivery.published_at or taken_at,
        },
    )
    return row


def latest_columns(known: dict[str, float | None]) -> dict[str, float | None]:
    """The columns of `Latest` for a post's numbers so far."""
    sums = counted(known)
    base, done = sums.pop("seen"), sums.pop("seen_engagements")
    return {**sums, "rate": rate(done, base)}


def _keep_account(account: Account, metrics: Metrics, moment: datetime) -> None:
    values = {name: value for name, value in metrics.values.items() if name in OF_ACCOUNTS}
    told = AccountSnapshot.objects.filter(account=account, followers__isnull=False)
    before = told.order_by("-taken_at").values_list("followers", flat=True).first()
    AccountSnapshot.objects.create(account=account, taken_at=moment, raw=dict(metrics.raw), **values)
    touch(account.pk, [moment.astimezone(account.workspace.zone).date()])
    milestones.of_account(account, before, values.get("followers"))


def touch_posts(deliveries: Iterable[Delivery]) -> None:
    """The days on which these posts went out are counted again: there is one post more."""
    days: dict[int, set[date]] = defaultdict(set)
    for delivery in deliveries:
        if delivery.published_at:
            zone = delivery.account.workspace.zone
            days[delivery.account_id].add(delivery.published_at.astimezone(zone).date())
    for account_id, touched in sorted(days.items()):
        touch(account_id, touched)
