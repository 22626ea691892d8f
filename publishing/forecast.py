"""The forecast of limits and money: what an account has used of a day, what is planned, and what is left.

Days are those of the workspace's clock. What the engine really allows is counted by the networks' own windows
(`pacing`); this tells people beforehand that a day is full.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Case, CharField, F, FloatField, Q, QuerySet, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncDate
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Account
from platforms.base import Platform
from platforms.content import Draft
from platforms.quotas import Each, Quota
from platforms.registry import PLATFORMS
from platforms.rules import Finding
from publishing.buckets import NOTHING, amount_of, key_of
from publishing.engine_rows import Spend
from publishing.models import Delivery, State
from publishing.pacing import amount_words
from publishing.preflight import Obstacle, stored_draft

LEAST = timedelta(days=1)  # shorter windows are over before anybody plans for them


@dataclass(frozen=True)
class Use:
    """One quota on one day: how much is used, how much is planned, and when it begins anew."""

    quota: Quota
    used: Decimal
    reserved: Decimal
    resets_at: datetime

    @property
    def left(self) -> Decimal:
        return max(self.quota.limit - self.used - self.reserved, NOTHING)

    @property
    def is_full(self) -> bool:
        return self.left == 0

    @property
    def percent(self) -> int:
        return min(100, int((self.used + self.reserved) * 100 / self.quota.limit))


@dataclass(frozen=True)
class Money:
    """What an account's posts of a day or month cost."""

    currency: str
    used: Decimal
    reserved: Decimal

    @property
    def total(self) -> Decimal:
        return self.used + self.reserved

    def __str__(self) -> str:
        sign = {"USD": "$", "EUR": "€"}.get(self.currency, f"{self.currency} ")
        return f"{sign}{self.total:.2f}"


def day_quotas(platform: type[Platform]) -> tuple[Quota, ...]:
    """The quotas worth planning for: a day or longer, and used up by posts."""
    return tuple(quota for quota in platform.quotas if quota.within >= LEAST and quota.cost)


class Forecast:
    """What some accounts have used and planned, day by day; a constant number of queries for any number."""

    def __init__(
        self,
        accounts: Iterable[Account],
        first: date,
        last: date,
        zone: ZoneInfo,
        leaving_out: int | None = None,
    ) -> None:
        """`leaving_out`: a post that is being planned anew."""
        self._accounts = list(accounts)
        self._zone = zone
        self._begin = datetime.combine(first, time.min, zone)
        self._end = datetime.combine(last + timedelta(days=1), time.min, zone)
        self._leaving_out = leaving_out
        self._used: dict[tuple[str, date], Decimal] = defaultdict(lambda: NOTHING)
        self._reserved: dict[tuple[str, date], Decimal] = defaultdict(lambda: NOTHING)
        self._count()

    # --- asking ---

    def on(self, account: Account, day: date) -> list[Use]:
        """Every day's quota of an account."""
        return [
            Use(
                quota,
                self._used[key_of(account, quota.what, quota.each), day],
                self._reserved[key_of(account, quota.what, quota.each), day],
                self._resets_at(quota, day),
            )
            for quota in day_quotas(account.platform)
        ]

    def full(self, day: date) -> list[tuple[Account, Use]]:
        """What is used up on a day, an account once."""
        full = {
            account: use for account in self._accounts for use in self.on(account, day)[::-1] if use.is_full
        }
        return list(full.items())

    def money(self, account: Account, first: date | None = None, last: date | None = None) -> Money | None:
        """What the account's posts cost from one day to another; None where nothing costs."""
        currency = account.platform.currency
        if not currency:
            return None
        key = key_of(account, currency)

        def total(amounts: Mapping[tuple[str, date], Decimal]) -> Decimal:
            return sum(
                (
                    amount
                    for (name, day), amount in amounts.items()
                    if name == key and (first is None or day >= first) and (last is None or day <= last)
                ),
                NOTHING,
            )

        return Money(currency, total(self._used), total(self._reserved))

    def _resets_at(self, quota: Quota, day: date) -> datetime:
        """When the day is over: the network's own where it has one."""
        noon = datetime.combine(day, time(12), self._zone)
        midnight = datetime.combine(day + timedelta(days=1), time.min, self._zone)
        return quota.frees(noon) if quota.zone else midnight

    # --- counting ---

    def _count(self) -> None:
        names = {name for account in self._accounts for name in _counted(account.platform)}
        if not names:
            return
        mine = {account.pk: account for account in self._accounts}
        ours = {account.platform_name: account for account in self._accounts if _of_app(account.platform)}
        sharing = {name: ours[own] for own in ours for name in _sharing(PLATFORMS[own])}
        ordered = sorted(names)
        taken = self._taken(len(ordered))
        for key, whose, network, day, *amounts in taken.union(self._planned(ordered, sharing), all=True):
            if key:
                self._used[key, day] += round(amount_of(amounts[0]), 4)
                continue
            for name, amount in zip(ordered, amounts, strict=True):
                if amount and whose:
                    self._reserve(mine[whose], name, "account", day, amount)
                if amount and network in sharing:
                    self._reserve(sharing[network], name, "app", day, amount)

    def _reserve(self, account: Account, name: str, each: Each, day: date, amount: float) -> None:
        if name in _counted(account.platform, each):
            self._reserved[key_of(account, name, each), day] += round(amount_of(amount), 4)

    def _taken(self, width: int) -> QuerySet[Any]:
        """What was used of each bucket on each day: key, nobody, no network, day, amount."""
        keys = {
            key_of(account, quota.what, quota.each)
            for account in self._accounts
            for quota in day_quotas(account.platform)
        }
        keys |= {key_of(account, account.platform.currency) for account in self._accounts}
        rows = Spend.objects.filter(
            bucket__key__in=keys, is_turn=False, at__gte=self._begin, at__lt=self._end
        )
        days = rows.annotate(
            key=F("bucket__key"),
            whose=Value(None, BigIntegerField()),
            network=Value("", CharField()),
            day=TruncDate("at", tzinfo=self._zone),
        ).values("key", "whose", "network", "day")
        sums = [Cast(Sum("amount"), FloatField()), *[Value(None, FloatField())] * (width - 1)]
        return _wide(days.order_by(), sums)

    def _planned(self, names: Sequence[str], sharing: Iterable[str]) -> QuerySet[Any]:
        """What is planned of each day: no key, whose of these, network, day, each name's sum."""
        own = Q(account__in=self._accounts)
        rows = Delivery.objects.filter(
            own | Q(account__platform_name__in=sharing),
            state=State.SCHEDULED,
            due_at__gte=self._begin,
            due_at__lt=self._end,
        )
        if self._leaving_out:
            rows = rows.exclude(post=self._leaving_out)
        days = rows.annotate(
            key=Value("", CharField()),
            whose=Case(When(own, then="account_id"), output_field=BigIntegerField()),
            network=F("account__platform_name"),
            day=TruncDate("due_at", tzinfo=self._zone),
        ).values("key", "whose", "network", "day")
        sums = [Sum(Cast(KeyTextTransform(name, "costs"), FloatField())) for name in names]
        return _wide(days.order_by(), sums)


def _wide(rows: QuerySet[Any], sums: Sequence[Any]) -> QuerySet[Any]:
    """The rows with a column for each sum, so that they can stand below others."""
    columns = {f"sum_{number}": amount for number, amount in enumerate(sums)}
    wide: QuerySet[Any] = rows.annotate(**columns).values_list("key", "whose", "network", "day", *columns)
    return wide


def _counted(platform: type[Platform], each: Each | None = None) -> set[str]:
    """The names that costs are counted under: quotas of a day, and money."""
    quotas = {quota.what for quota in day_quotas(platform) if each in (None, quota.each)}
    return quotas | ({platform.currency} if platform.currency and each != "app" else set())


def _of_app(platform: type[Platform]) -> bool:
    return any(quota.each == "app" for quota in day_quotas(platform))


def _sharing(platform: type[Platform]) -> list[str]:
    """The networks that take from the same app's quotas."""
    app = platform.app_of or platform.name
    return [other.name for other in PLATFORMS.values() if app in (other.name, other.app_of)]


# --- telling ---


def full_days(
    drafts: Sequence[tuple[Account, Draft]], at: datetime, zone: ZoneInfo, leaving_out: int | None = None
) -> dict[int, list[Finding]]:
    """A warning for each account whose day has no room for its draft, by the account's key."""
    day = at.astimezone(zone).date()
    forecast = Forecast([account for account, _ in drafts], day, day, zone, leaving_out)
    return {
        account.pk: _findings(account, draft, forecast.on(account, day), day) for account, draft in drafts
    }


def warnings(deliveries: Sequence[Delivery], at: datetime) -> list[Obstacle]:
    """The same for deliveries of one post that have their time."""
    if not deliveries:
        return []
    post = deliveries[0].post
    drafts = [(delivery.account, stored_draft(delivery)) for delivery in deliveries]
    found = full_days(drafts, at, post.workspace.zone, post.pk)
    return [Obstacle(finding, account) for account, _draft in drafts for finding in found[account.pk]]


def _findings(account: Account, draft: Draft, uses: Sequence[Use], day: date) -> list[Finding]:
    costs = account.platform.costs(draft)
    full = [use for use in uses if amount_of(costs.get(use.quota.what, 0)) > use.left]
    return [Finding("quota_full", sentence(account, use, day), "account", "warning") for use in full[:1]]


def sentence(account: Account, use: Use, day: date) -> str:
    """“On Tue 24 Nov, 15 of 15 posts a day on Wire are used or planned.”"""
    taken = min(use.used + use.reserved, Decimal(use.quota.limit))
    said = _(
        "On %(day)s, %(taken)s of %(limit)s %(what)s a day on %(network)s are used or planned. It may go out "
        "later; choose another day."
    )
    return said % {
        "day": date_format(day, "D j M", use_l10n=False),
        "taken": amount_words(taken),
        "limit": amount_words(Decimal(use.quota.limit)),
        "what": use.quota.what,
        "network": account.platform.label,
    }


def month_of(zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last day of this month."""
    today = now().astimezone(zone).date()
    first = today.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
