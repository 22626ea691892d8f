"""The buckets of pacing: what deliveries want out of them, what was taken, and when there is room.

A bucket's row is locked while somebody counts. A turn that was given away counts like what was taken, so that
whoever comes later stands behind it; when it comes, it is held against what has really gone out until then.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Q, Sum

from accounts.models import Account
from platforms.quotas import Each, Quota
from publishing.engine_rows import Bucket, Spend
from publishing.models import Delivery, State

QUOTA = "quota"  # the reason of a delivery that waits for its turn
LONGEST = timedelta(hours=25)  # of all windows: a day may have an hour more
# What only looks again at what it has sent pays nothing for it.
LOOKING = frozenset({"processing", "outcome_unknown"})
NOTHING = Decimal(0)


def key_of(account: Account, what: str, each: Each = "account") -> str:
    """The bucket of an account, or of our app. The same account in two workspaces has one."""
    platform = account.platform
    name = platform.name if each == "account" else platform.app_of or platform.name
    whose = f"{account.server}|{account.remote_id if each == 'account' else ''}"
    if len(whose) > 100:
        whose = hashlib.sha256(whose.encode()).hexdigest()
    return f"{name}|{whose}|{what}"


@dataclass(frozen=True)
class Turn:
    """When a delivery may go out; which quota makes it wait, how much of it is used, and what it takes."""

    at: datetime
    quota: Quota | None = None
    used: Decimal = NOTHING
    takes: Decimal = NOTHING


@dataclass(frozen=True)
class Wish:
    """What a delivery wants out of one bucket, and the windows that limit it (money has none)."""

    key: str
    amount: Decimal
    quotas: tuple[Quota, ...] = ()


def wishes_of(delivery: Delivery) -> list[Wish]:
    """What a delivery takes, bucket by bucket."""
    account, costs = delivery.account, delivery.costs
    if not costs:
        return []
    windows: dict[tuple[str, Each], list[Quota]] = defaultdict(list)
    for quota in account.platform.quotas:
        if quota.what in costs:
            windows[quota.what, quota.each].append(quota)
    wishes = [
        Wish(key_of(account, what, each), amount_of(costs[what]), tuple(quotas))
        for (what, each), quotas in windows.items()
    ]
    currency = account.platform.currency
    money = [Wish(key_of(account, currency), amount_of(costs[currency]))] if currency in costs else []
    return wishes + money


def amount_of(number: float) -> Decimal:
    return Decimal(str(number))


class Book:
    """What was taken of one bucket, oldest first, and the turns that were given away, by delivery."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment
        self._ats: list[datetime] = []
        self._sums = [NOTHING]  # of all before an entry
        self._turns: dict[int | None, tuple[datetime, Decimal]] = {}

    def note(self, delivery_id: int | None, at: datetime, amount: Decimal, is_turn: bool) -> None:
        """One more, in the place of the delivery's own turn where it had one."""
        self._turns.pop(delivery_id, None)
        if is_turn:
            self._turns[delivery_id] = at, amount
        else:
            self._ats.append(max([at, *self._ats[-1:]]))  # the clocks of two pumps may differ
            self._sums.append(self._sums[-1] + amount)

    def since(self, moment: datetime, delivery_id: int) -> Decimal:
        """How much was taken after a moment, and will be by those whose turn comes first."""
        taken = self._sums[-1] - self._sums[bisect_right(self._ats, moment)]
        return taken + sum((amount for _at, amount in self._ahead(delivery_id)), NOTHING)

    def turn(self, wish: Wish, delivery_id: int) -> Turn:
        """The first moment with room in every window; what is larger than one has it for itself."""
        turns = [self._in_window(quota, wish.amount, delivery_id) for quota in wish.quotas]
        return max(turns, key=lambda turn: turn.at)

    def _in_window(self, quota: Quota, amount: Decimal, delivery_id: int) -> Turn:
        at = self._free_at(quota, max(quota.limit - amount, NOTHING), delivery_id)
        if at <= self._moment:
            return Turn(self._moment)
        used = self.since(quota.since(self._moment), delivery_id)
        return Turn(at, quota, min(used, Decimal(quota.limit)), amount)

    def _free_at(self, quota: Quota, room: Decimal, delivery_id: int) -> datetime:
        """Turns are behind all that went out; one that is overdue is taken any moment now."""
        for at, amount in sorted(self._ahead(delivery_id), reverse=True):
            room -= amount
            if room < 0:
                return quota.frees(max(at, self._moment))
        # The newest entry that must have left the window: with it and all after it there is no room.
        newest = bisect_left(self._sums, self._sums[-1] - room) - 1
        return quota.frees(self._ats[newest]) if newest >= 0 else self._moment

    def _ahead(self, delivery_id: int) -> list[tuple[datetime, Decimal]]:
        """The turns before a delivery's own; all of them where it has none."""
        mine = self._turns.get(delivery_id)
        return [turn for turn in self._turns.values() if mine is None or turn[0] < mine[0]]


class Counts:
    """The buckets of some deliveries, locked until the transaction ends, and what is taken out of them."""

    def __init__(
        self, rows: Sequence[Delivery], wishes: Mapping[int, Sequence[Wish]], moment: datetime
    ) -> None:
        self._moment = moment
        self._buckets = _locked({wish.key for row in rows for wish in wishes[row.pk]})
        earlier = self._earlier(rows)
        self._wishes = {
            row.pk: [wish for wish in wishes[row.pk] if not self._is_paid(row, wish, earlier)] for row in rows
        }
        self._stale = {(pk, wish.key) for pk, unpaid in self._wishes.items() for wish in unpaid}
        tight = self._tight([spend for place, spend in earlier.items() if place in self._stale])
        self._books = self._opened(tight) if tight else {}
        self._new: list[Spend] = []

    # --- what stands in the books ---

    def _earlier(self, rows: Sequence[Delivery]) -> dict[tuple[int, str], Spend]:
        """What these deliveries took before, where they were here before."""
        known = [row for row in rows if row.fence or row.reason_code]
        if not known:
            return {}
        own = Spend.objects.filter(bucket__in=self._buckets.values(), delivery__in=known)
        return {(spend.delivery_id or 0, spend.bucket.key): spend for spend in own.select_related("bucket")}

    def _is_paid(self, row: Delivery, wish: Wish, earlier: Mapping[tuple[int, str], Spend]) -> bool:
        """Whether nothing is to be taken: it was, within the shortest window, or this is only a look."""
        spend = earlier.get((row.pk, wish.key))
        if spend is None or spend.is_turn:
            return False
        latest = max((quota.since(self._moment) for quota in wish.quotas), default=self._moment - LONGEST)
        return spend.at > latest or row.reason_code in LOOKING

    def _tight(self, stale: Sequence[Spend]) -> set[str]:
        """The buckets that may not have room for all of this."""
        wanted: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        quotas: dict[str, tuple[Quota, ...]] = {}
        for wish in (wish for wishes in self._wishes.values() for wish in wishes):
            wanted[wish.key] += wish.amount
            quotas[wish.key] = wish.quotas
        used = self._totals({quota.since(self._moment) for known in quotas.values() for quota in known})
        for key, since in list(used):
            used[key, since] -= sum(
                spend.amount for spend in stale if spend.bucket.key == key and spend.at > since
            )
        return {
            key
            for key, amount in wanted.items()
            if (self._is_told(key) and quotas[key])
            or any(used[key, quota.since(self._moment)] + amount > quota.limit for quota in quotas[key])
        }

    def _totals(self, sinces: set[datetime]) -> dict[tuple[str, datetime], Decimal]:
        """How much of each bucket was taken since each moment, in one query."""
        totals: dict[tuple[str, datetime], Decimal] = defaultdict(lambda: NOTHING)
        if not sinces:
            return totals
        windows = sorted(sinces)
        sums = {f"since_{n}": Sum("amount", filter=Q(at__gt=since)) for n, since in enumerate(windows)}
        spends = Spend.objects.filter(bucket__in=self._buckets.values(), at__gt=windows[0])
        names = ["bucket__key", *sums]
        for key, *amounts in spends.values("bucket__key").annotate(**sums).values_list(*names):
            for since, amount in zip(windows, amounts, strict=True):
                totals[key, since] = amount or NOTHING
        return totals

    def _is_told(self, key: str) -> bool:
        """Whether the network's own word on what is left still holds."""
        bucket = self._buckets[key]
        return bucket.remaining is not None and bool(bucket.resets_at and bucket.resets_at > self._moment)

    def _opened(self, tight: set[str]) -> dict[str, Book]:
        """What was taken of the tight buckets, without turns that nobody waits for any more."""
        spends = Spend.objects.filter(bucket__key__in=tight)
        waiting = Q(delivery__state__in=(State.SCHEDULED, State.PUBLISHING), delivery__reason_code=QUOTA)
        spends.filter(is_turn=True).exclude(waiting).delete()
        counted = spends.filter(at__gt=self._moment - LONGEST).order_by("at", "pk")
        books = {key: Book(self._moment) for key in tight}
        columns = counted.values_list("bucket__key", "delivery", "at", "amount", "is_turn")
        for key, delivery_id, at, amount, is_turn in columns:
            if is_turn or (delivery_id, key) not in self._stale:  # their own earlier ones are replaced
                books[key].note(delivery_id, at, amount, is_turn)
        return books

    # --- taking ---

    def turn(self, row: Delivery) -> Turn:
        """When the delivery may go out: as soon as every one of its buckets has room."""
        turns = [
            self._as_told(row, wish, self._books[wish.key].turn(wish, row.pk))
            for wish in self._wishes[row.pk]
            if wish.quotas and wish.key in self._books
        ]
        return max(turns, key=lambda turn: turn.at, default=Turn(self._moment))

    def _as_told(self, row: Delivery, wish: Wish, turn: Turn) -> Turn:
        """The same with the network's own word, which knows of other programs as well."""
        bucket = self._buckets[wish.key]
        resets_at = bucket.resets_at
        if not self._is_told(wish.key) or resets_at is None or resets_at <= turn.at:
            return turn
        taken = self._books[wish.key].since(bucket.observed_at or self._moment, row.pk)
        left = (bucket.remaining or 0) - taken
        if wish.amount <= left:
            return turn
        quota = next((quota for quota in wish.quotas if quota.endpoint), wish.quotas[0])
        return Turn(resets_at, quota, max(quota.limit - max(left, NOTHING), NOTHING), wish.amount)

    def take(self, row: Delivery, at: datetime) -> None:
        """Count what the delivery takes, now or at its turn; money is spent only when it is sent."""
        is_turn = at > self._moment
        for wish in self._wishes[row.pk]:
            if is_turn and not wish.quotas:
                continue
            bucket = self._buckets[wish.key]
            self._new.append(Spend(bucket=bucket, delivery=row, amount=wish.amount, at=at, is_turn=is_turn))
            if wish.key in self._books:
                self._books[wish.key].note(row.pk, at, wish.amount, is_turn)

    def write(self) -> None:
        """Write down what was taken; a delivery has one row a bucket, whatever it took before."""
        Spend.objects.bulk_create(
            self._new,
            update_conflicts=True,
            unique_fields=["bucket", "delivery"],
            update_fields=["amount", "at", "is_turn"],
        )


def _locked(keys: Iterable[str]) -> dict[str, Bucket]:
    """The buckets, made where they are not there, and held in the order of their keys.

    So no two pumps wait for each other; making comes first, as whoever makes one holds no other yet.
    """
    wanted = sorted(keys)
    there = set(Bucket.objects.filter(key__in=wanted).values_list("key", flat=True))
    if missing := [Bucket(key=key) for key in wanted if key not in there]:
        Bucket.objects.bulk_create(missing, ignore_conflicts=True)
    rows = Bucket.objects.filter(key__in=wanted).order_by("key")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    return {bucket.key: bucket for bucket in rows}
