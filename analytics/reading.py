"""Numbers of a workspace in a range of days: totals, days, networks, best and worst posts."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Account, Workspace
from analytics.metrics import Number
from campaigns.models import Campaign
from platforms.base import Platform
from publishing.models import Delivery, Post


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


def totals(
    workspace: Workspace,
    span: Range,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> Totals:
    """What a range brought. `accounts`: ids; None: all of the workspace."""
    raise NotImplementedError


def by_day(
    workspace: Workspace,
    span: Range,
    metric: str,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> list[tuple[date, Number]]:
    """One number of each day of the range."""
    raise NotImplementedError


def by_platform(
    workspace: Workspace,
    span: Range,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> list[PlatformLine]:
    """The networks of the workspace's accounts, in the order in which people see them."""
    raise NotImplementedError


def best_posts(  # noqa: PLR0913
    workspace: Workspace,
    span: Range,
    metric: str = "engagements",
    count: int = 5,
    worst: bool = False,
    accounts: Collection[int] | None = None,
    campaign: Campaign | None = None,
) -> list[PostLine]:
    """The posts that went out in the range, by their newest numbers; those without the number are left out."""
    raise NotImplementedError
