"""A month of posts, read thinly: however busy it is, the page stays small and quick."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber, Substr, TruncDate
from django.utils.timezone import now

from accounts.models import Account
from publishing.forecast import Forecast, Use
from publishing.models import Post

CARDS_A_DAY = 3
CARD_TEXT = 48  # characters; a cell shows twenty of them, a phone some more


@dataclass
class Day:
    """One cell: the first posts of a day, and how many there are."""

    date: date
    is_inside: bool
    is_today: bool
    is_past: bool
    count: int = 0
    posts: list[Post] = field(default_factory=list)
    full: list[tuple[Account, Use]] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.posts)


@dataclass(frozen=True)
class Month:
    """A month and the days of other months that complete its weeks."""

    first: date
    week_starts_on: int = calendar.MONDAY

    @classmethod
    def of(cls, text: str, zone: ZoneInfo, week_starts_on: int = calendar.MONDAY) -> "Month":
        """The month that “2026-11” names; the present one where it names none."""
        try:
            moment = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  (a month has no zone)
        except ValueError:
            moment = now().astimezone(zone).date()
        first = min(max(moment, date(1970, 1, 1)), date(9000, 1, 1)).replace(day=1)
        return cls(first, week_starts_on)

    @property
    def previous(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def dates(self) -> list[list[date]]:
        return calendar.Calendar(self.week_starts_on).monthdatescalendar(self.first.year, self.first.month)


def weeks(month: Month, posts: QuerySet[Post], zone: ZoneInfo) -> list[list[Day]]:
    """The month's days with their first posts, read and counted in one query, and their deliveries."""
    today = now().astimezone(zone).date()
    grid = [
        [Day(day, day.month == month.first.month, day == today, day < today) for day in week]
        for week in month.dates
    ]
    days = {day.date: day for week in grid for day in week}
    dated = posts.on_days(min(days), max(days), zone).annotate(  # type: ignore[attr-defined]
        day=TruncDate("scheduled_at", tzinfo=zone)
    )
    for post in _first_of_each_day(dated):
        days[post.day].count = post.count  # type: ignore[attr-defined]
        days[post.day].posts.append(post)  # type: ignore[attr-defined]
    return grid


def mark_full(grid: list[list[Day]], forecast: Forecast) -> None:
    """Say of each day to come which accounts have no room left."""
    for day in (day for week in grid for day in week if not day.is_past):
        day.full = forecast.full(day.date)


def _first_of_each_day(dated: QuerySet[Post]) -> Iterable[Post]:
    place = Window(RowNumber(), partition_by=[F("day")], order_by=[F("scheduled_at").asc(), F("pk").asc()])
    count = Window(Count("pk"), partition_by=[F("day")])
    rows = dated.annotate(place=place, count=count, excerpt=Substr("text", 1, CARD_TEXT))
    rows = rows.filter(place__lte=CARDS_A_DAY)
    thin: QuerySet[Post] = rows.defer("text").with_deliveries()  # type: ignore[attr-defined]
    return thin.order_by("scheduled_at", "pk")
