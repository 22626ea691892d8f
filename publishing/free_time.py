"""When an account is free: a post that lost its time gets the same time on the next day that has room."""

import zoneinfo
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

from django.utils.timezone import now

from accounts.models import Account
from publishing.forecast import Forecast
from publishing.models import Delivery, State

GAP = timedelta(minutes=15)  # the least between two posts of an account
SHIFTS = 12  # how often a taken time is put off by a gap before the day counts as taken
FURTHEST = 366  # days
FORESEEN = timedelta(days=60)

Full = Callable[[Account, datetime, Sequence[datetime]], bool]


class FullDays:
    """The days on which a network allows an account no more, by the forecast of the coming weeks."""

    def __init__(self, accounts: Iterable[int]) -> None:
        rows = list(Account.objects.filter(pk__in=set(accounts)).select_related("workspace"))
        self._zone = rows[0].workspace.zone if rows else zoneinfo.ZoneInfo("UTC")
        today = now().astimezone(self._zone).date()
        self._forecast = Forecast(rows, today, today + FORESEEN, self._zone)

    def __call__(self, account: Account, at: datetime, given: Sequence[datetime]) -> bool:
        """`given`: what was given away already and stands in no row yet."""
        day = at.astimezone(self._zone).date()
        more = sum(moment.astimezone(self._zone).date() == day for moment in given)
        return any(use.left <= more for use in self._forecast.on(account, day))


class FreeTimes:
    """The free times of some accounts, in a few queries. What is taken is not offered again."""

    def __init__(self, accounts: Iterable[int], is_full: Full | None = None) -> None:
        accounts = set(accounts)
        self._moment = now()
        self._is_full = is_full or FullDays(accounts)
        self._planned: dict[int, list[datetime]] = defaultdict(list)
        self._given: dict[int, list[datetime]] = defaultdict(list)
        self._filled: dict[tuple[int, str, time], date] = {}  # days before these have no room left
        for account, due_at in _planned(accounts, self._moment):
            self._planned[account].append(due_at)

    def next(self, delivery: Delivery) -> datetime:
        """The next time for a delivery (with its account and post), from tomorrow on."""
        zone = delivery.post.zone
        planned = (delivery.planned_at or delivery.due_at or self._moment).astimezone(zone)
        clock = planned.time().replace(second=0, microsecond=0)
        key = (delivery.account_id, zone.key, clock)
        first = self._filled.get(key) or self._moment.astimezone(zone).date() + timedelta(days=1)
        for day, shift in product((first + timedelta(days=n) for n in range(FURTHEST)), range(SHIFTS)):
            at = _moment(day, clock, zone) + shift * GAP
            if at.astimezone(zone).date() == day and self._is_free(delivery.account, at):
                self._filled[key] = day
                return at
        return _moment(first + timedelta(days=FURTHEST), clock, zone)

    def take(self, delivery: Delivery) -> datetime:
        """The next time, which is then the delivery's."""
        at = self.next(delivery)
        insort(self._planned[delivery.account_id], at)
        insort(self._given[delivery.account_id], at)
        return at

    def _is_free(self, account: Account, at: datetime) -> bool:
        planned = self._planned[account.pk]
        after = bisect_left(planned, at)
        near = planned[max(after - 1, 0) : after + 1]
        return all(abs(at - other) >= GAP for other in near) and not self._is_full(
            account, at, self._given[account.pk]
        )


def _planned(accounts: set[int], moment: datetime) -> list[tuple[int, datetime]]:
    """What the accounts send from now on, in order."""
    rows = Delivery.objects.filter(
        account__in=accounts, state__in=(State.SCHEDULED, State.PUBLISHING), due_at__gt=moment
    )
    times = rows.order_by("due_at").values_list("account_id", "due_at")
    return [(account, due_at) for account, due_at in times if due_at]


def _moment(day: date, clock: time, zone: zoneinfo.ZoneInfo) -> datetime:
    """A wall clock's time as a moment: of two the first; where clocks jump over it, after the jump."""
    return datetime.combine(day, clock, zone).astimezone(UTC)
