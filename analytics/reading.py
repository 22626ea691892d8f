"""Numbers of a workspace in a range of days: totals, days, networks, best and worst posts.

Pages read the days that were counted in the background; a campaign's are counted from the snapshots of its
posts by the same rules, as no account's day knows of campaigns.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import now

from accounts.models import Account, Workspace
from analytics.days import told_of
from analytics.gains import gains
from analytics.metrics import GAINED, Number, added, rate
from analytics.models import AccountDay, Latest, PostSnapshot
from campaigns.models import Campaign
from platforms.base import Platform
from platforms.registry import PLATFORMS
from publishing.models import Delivery, Post, State

SUMMED = (*GAINED, "new_followers")
MATURE = timedelta(days=1)  # a post that is younger is no flop yet
SORTED_BY = {"engagement_rate": "rate"}


@dataclass(frozen=True)
class Range:
    """Days from first to last, as a clock in the zone counts them."""

    first: date
    last: date
    zone: ZoneInfo

    def before(self) -> "Range":
        """The same number of days, just before."""
        length = self.last - self.first + timedelta(days=1)
        return Range(self.first - length, self.last - length, self.zone)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.first, time.min, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone)


@dataclass(frozen=True)
class Totals:
    """A range's numbers by name; None: not available, which is never 0.

    views, engagements, posts, likes, comments, shares, reposts, quotes, saves, clicks, reach, watch_seconds
    and new_followers are what the range brought; followers is how many there are at its end;
    engagement_rate runs from 0 to 1.
    """

    values: dict[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class PlatformLine:
    """A network's share of a range."""

    platform: type[Platform]
    accounts: int
    totals: Totals


@dataclass(frozen=True)
class PostLine:
    """One post on one account, with its newest numbers and the one that it was chosen by."""

    post: Post
    delivery: Delivery
    account: Account
    values: dict[str, Number]
    score: float


@dataclass(frozen=True, slots=True)
class DayRow:
    """One account on one day: what was gained, how many posts went out, the followers in the evening."""

    account_id: int
    day: date
    posts: int
    followers: Number
    values: dict[str, Number]
    is_corrected: bool = False
    is_late: bool = False


class Book:
    """The days of some accounts, read once and added up in any way."""

    def __init__(
        self,
        workspace: Workspace,
        span: Range,
        accounts: Collection[int] | None = None,
        campaign: Campaign | None = None,
    ) -> None:
        self.span = span
        self._campaign = campaign
        self._added: dict[Range, dict[int, dict[str, Number]]] = {}
        mine = Account.objects.filter(workspace=workspace)
        self._mine = mine if accounts is None else mine.filter(pk__in=accounts)

    @cached_property
    def accounts(self) -> dict[int, Account]:
        """The accounts by id, each with the followers that it had before the first day."""
        told = AccountDay.objects.filter(
            account=OuterRef("pk"), day__lt=self.span.first, followers__isnull=False
        )
        before = Subquery(told.order_by("-day").values("followers")[:1])
        rows = self._mine.defer("credentials", "limits").annotate(followers_before=before)
        return {account.pk: account for account in rows}

    @cached_property
    def rows(self) -> list[DayRow]:
        if self._campaign:
            return list(campaign_rows(self._campaign, self.accounts, self.span))
        days = AccountDay.objects.filter(
            account_id__in=list(self.accounts), day__gte=self.span.first, day__lte=self.span.last
        )
        columns = ("account_id", "day", "posts", "followers", "is_corrected", "is_late", *SUMMED)
        return [
            DayRow(row[0], row[1], row[2], row[3], dict(zip(SUMMED, row[6:], strict=True)), row[4], row[5])
            for row in days.order_by("day").values_list(*columns)
        ]

    def within(self, span: Range, accounts: Collection[int] | None = None) -> list[DayRow]:
        return [
            row
            for row in self.rows
            if span.first <= row.day <= span.last and (accounts is None or row.account_id in accounts)
        ]

    def totals(self, span: Range, accounts: Collection[int] | None = None) -> Totals:
        """What a range brought to some of the accounts, or to all."""
        mine = [sums for pk, sums in self._sums(span).items() if accounts is None or pk in accounts]
        found = {name: added(sums[name] for sums in mine) for name in SUMMED}
        base, done = found.pop("seen"), found.pop("seen_engagements")
        return Totals(
            {
                **found,
                "posts": added(sums["posts"] for sums in mine) or 0.0,
                "followers": added(self._followers(span.last, accounts).values()),
                "engagement_rate": rate(done, base),
            }
        )

    def _sums(self, span: Range) -> dict[int, dict[str, Number]]:
        """Each account's own sums of a range, added up once."""
        if span not in self._added:
            mine: dict[int, list[DayRow]] = {}
            for row in self.within(span):
                mine.setdefault(row.account_id, []).append(row)
            self._added[span] = {
                pk: {
                    **{name: added(row.values.get(name) for row in rows) for name in SUMMED},
                    "posts": float(sum(row.posts for row in rows)),
                }
                for pk, rows in mine.items()
            }
        return self._added[span]

    def by_day(
        self, span: Range, metric: str, accounts: Collection[int] | None = None
    ) -> list[tuple[date, Number]]:
        """One number of each day; None where nothing was told on it. Followers stand until they change."""
        if metric == "followers":
            return list(self._followers_by_day(span, accounts))
        days: dict[date, list[DayRow]] = {}
        for row in self.within(span, accounts):
            days.setdefault(row.day, []).append(row)
        return [(day, _of_day(days.get(day, []), metric)) for day in span.days]

    def platforms(self) -> list[tuple[type[Platform], list[int]]]:
        """The networks of the accounts, in the order in which people see them."""
        groups: dict[str, list[int]] = {}
        for account in self.accounts.values():
            groups.setdefault(account.platform_name, []).append(account.pk)
        return [(platform, groups[name]) for name, platform in PLATFORMS.items() if name in groups]

    def _followers(self, last: date, accounts: Collection[int] | None) -> dict[int, Number]:
        """The newest number of each account on a day."""
        if self._campaign:
            return {}
        known: dict[int, Number] = {
            pk: getattr(account, "followers_before", None)
            for pk, account in self.accounts.items()
            if accounts is None or pk in accounts
        }
        for row in self.rows:
            if row.day <= last and row.followers is not None and row.account_id in known:
                known[row.account_id] = row.followers
        return known

    def _followers_by_day(
        self, span: Range, accounts: Collection[int] | None
    ) -> Iterator[tuple[date, Number]]:
        known = self._followers(span.first - timedelta(days=1), accounts)
        told: dict[date, dict[int, Number]] = {}
        for row in self.within(span, accounts):
            if row.followers is not None:
                told.setdefault(row.day, {})[row.account_id] = row.followers
        today = now().astimezone(span.zone).date()
        for day in span.days:
            known |= told.get(day, {})
            yield day, added(known.values()) if day <= today else None


def _of_day(rows: list[DayRow], metric: str) -> Number:
    if metric == "posts":
        return float(sum(row.posts for row in rows))
    if metric == "engagement_rate":
        done, base = (added(row.values.get(name) for row in rows) for name in ("seen_engagements", "seen"))
        return rate(done, base)
    return added(row.values.get(metric) for row in rows)


def campaign_rows(campaign: Campaign, accounts: Collection[int], span: Range) -> Iterator[DayRow]:
    """The days of a campaign's posts, counted as those of accounts are; followers are nobody's campaign's."""
    out = Delivery.objects.filter(
        post__campaign=campaign, state=State.PUBLISHED, account__in=accounts, published_at__isnull=False
    )
    owners = dict(out.values_list("pk", "account_id"))
    for pk, moment in out.values_list("pk", "published_at"):
        day = moment.astimezone(span.zone).date() if moment else span.last
        if moment and span.first <= day <= span.last:
            yield DayRow(owners[pk], day, 1, None, {})
    told = PostSnapshot.objects.filter(delivery__in=out.order_by().values("pk"))
    for pk, published_at, numbers in told_of(told):
        for day, gained in gains(published_at, numbers, span.zone).items():
            if span.first <= day <= span.last and pk in owners:
                yield DayRow(owners[pk], day, 0, None, gained.values, gained.is_corrected, gained.is_late)


# --- the ways in ---


def totals(
    workspace: Workspace,
    span: Range,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> Totals:
    """What a range brought. `accounts`: ids; None: all of the workspace."""
    return Book(workspace, span, accounts, campaign).totals(span)


def by_day(
    workspace: Workspace,
    span: Range,
    metric: str,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> list[tuple[date, Number]]:
    """One number of each day of the range."""
    return Book(workspace, span, accounts, campaign).by_day(span, metric)


def by_platform(
    workspace: Workspace,
    span: Range,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> list[PlatformLine]:
    """The networks of the workspace's accounts, in the order in which people see them."""
    return platform_lines(Book(workspace, span, accounts, campaign), span)


def platform_lines(book: Book, span: Range) -> list[PlatformLine]:
    return [PlatformLine(platform, len(ids), book.totals(span, ids)) for platform, ids in book.platforms()]


def best_posts(
    workspace: Workspace,
    span: Range,
    metric: str = "engagements",
    count: int = 5,
    worst: bool = False,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> list[PostLine]:
    """Posts that went out in the range, by their newest numbers; those without the number are left out.

    The worst are at least a day old: a post that went out an hour ago has not failed yet.
    """
    rows = ranked(latest_of(workspace, span, accounts, campaign), metric, worst)
    return lines(rows[:count], SORTED_BY.get(metric, metric))


def ranked(rows: QuerySet[Latest], metric: str, worst: bool = False) -> QuerySet[Latest]:
    """Those of which the number is known, the best or the worst first."""
    column = SORTED_BY.get(metric, metric)
    known = rows.filter(**{f"{column}__isnull": False})
    if worst:
        return known.filter(published_at__lte=now() - MATURE).order_by(F(column).asc(), "published_at", "pk")
    return known.order_by(F(column).desc(), "-published_at", "-pk")


def latest_of(
    workspace: Workspace,
    span: Range,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> QuerySet[Latest]:
    """The newest numbers of what went out in the range."""
    rows = Latest.objects.filter(
        workspace=workspace, published_at__gte=span.begins_at, published_at__lt=span.ends_at
    )
    narrowed = Q()
    if accounts is not None:
        narrowed &= Q(account__in=accounts)
    if campaign is not None:
        narrowed &= Q(delivery__post__campaign=campaign)
    return rows.filter(narrowed)


def lines(rows: Iterable[Latest] | QuerySet[Latest], column: str) -> list[PostLine]:
    """The rows with their posts and accounts, in their order."""
    if isinstance(rows, QuerySet):
        rows = rows.select_related("delivery__post", "delivery__account").defer(
            "delivery__account__credentials", "delivery__account__limits", "delivery__options"
        )
    found = []
    for row in rows:
        row.delivery.numbers = row
        line = PostLine(
            row.delivery.post, row.delivery, row.delivery.account, values_of(row), getattr(row, column)
        )
        found.append(line)
    return found


def values_of(row: Latest) -> dict[str, Number]:
    """A post's newest numbers by name, the rate among them."""
    names = [name for name in GAINED if name not in {"seen", "seen_engagements"}]
    return {**{name: getattr(row, name) for name in names}, "engagement_rate": row.rate}
