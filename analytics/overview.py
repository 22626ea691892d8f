"""The overview: what a range brought, day by day, network by network and account by account."""

from dataclasses import dataclass, field
from datetime import date

from accounts.models import Account, Workspace
from analytics.forms import Chosen
from analytics.kept import kept
from analytics.metrics import LABELS, Number, change
from analytics.models import Latest
from analytics.reading import Book, PostLine, Range, latest_of, lines, ranked
from platforms.base import Platform
from platforms.content import Metric
from platforms.registry import PLATFORMS

CARDS = ("views", "engagements", "engagement_rate", "followers", "posts")
SERIES = ("views", "engagements", "engagement_rate", "followers", "new_followers", "posts")
COLUMNS = ("posts", "views", "engagements", "engagement_rate", "followers", "new_followers")
FEW = 5

Values = dict[str, Number]


@dataclass
class Figures:
    """The numbers of an overview, as they can be kept."""

    now: Values
    before: Values
    series: dict[str, list[Number]]
    networks: list[tuple[str, Values]]
    accounts: dict[int, Values]
    corrected: list[date] = field(default_factory=list)
    late: list[date] = field(default_factory=list)
    best: list[int] = field(default_factory=list)
    worst: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Card:
    """One number of the range, and how it changed against the range before. `why`: why there is none."""

    name: str
    label: str
    value: Number
    change: Number
    series: list[Number]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A network, or one of several accounts on it."""

    platform: type[Platform]
    account: Account | None
    values: Values
    is_inner: bool = False


def figures(workspace: Workspace, chosen: Chosen) -> Figures:
    """The overview's numbers, counted once while nothing new was told."""
    span = chosen.span
    asked = (span.first, span.last, span.zone.key, chosen.ids)
    return kept(workspace, chosen.edition, "overview", asked, lambda: _count(workspace, chosen))


def _count(workspace: Workspace, chosen: Chosen) -> Figures:
    span, before = chosen.span, chosen.span.before()
    book = Book(workspace, Range(before.first, span.last, span.zone), chosen.ids)
    found = Figures(
        now=book.totals(span).values,
        before=book.totals(before).values,
        series={name: [value for _day, value in book.by_day(span, name)] for name in SERIES},
        networks=[(platform.name, book.totals(span, ids).values) for platform, ids in book.platforms()],
        accounts={pk: book.totals(span, [pk]).values for pk in book.accounts},
    )
    rows = book.within(span)
    found.corrected = sorted({row.day for row in rows if row.is_corrected})
    found.late = sorted({row.day for row in rows if row.is_late})
    ranking = latest_of(workspace, span, chosen.ids)
    found.best = list(ranked(ranking, "engagements")[:FEW].values_list("pk", flat=True))
    worst = ranked(ranking, "engagements", worst=True)[: 2 * FEW].values_list("pk", flat=True)
    found.worst = [pk for pk in worst if pk not in found.best][:FEW]
    return found


class Overview:
    """What the page shows of the figures."""

    def __init__(self, workspace: Workspace, chosen: Chosen) -> None:
        self.chosen = chosen
        self.figures = figures(workspace, chosen)
        posts = Latest.objects.filter(pk__in=[*self.figures.best, *self.figures.worst])
        self._posts = {line.delivery.numbers.pk: line for line in lines(posts, "engagements")}

    @property
    def cards(self) -> list[Card]:
        return [self._card(name) for name in CARDS]

    def _card(self, name: str) -> Card:
        now, before = self.figures.now, self.figures.before
        value, earlier = now.get(name), before.get(name)
        if name == "followers":  # an account that was connected meanwhile has not grown
            gained = now.get("new_followers")
            differs = None if value is None or gained is None else change(value, value - gained)
        else:
            differs = change(value, earlier)
        series = self.figures.series[name]
        return Card(name, str(LABELS[name]), value, differs, series, self.why(name, value))

    def why(self, name: str, value: Number) -> tuple[str, ...]:
        """The networks that do not offer a number, where there is none of it at all."""
        if value is not None or name == "posts":
            return ()
        return tuple(
            dict.fromkeys(a.platform.label for a in self.chosen.accounts if not offers(a.platform, name))
        )

    @property
    def days(self) -> list[tuple[date, list[Number]]]:
        """The table under the chart: one row a day, one column a series."""
        columns = [self.figures.series[name] for name in SERIES]
        return list(zip(self.chosen.span.days, map(list, zip(*columns, strict=True)), strict=True))

    @property
    def networks(self) -> list[Line]:
        """Each network, and under it its accounts where there are several."""
        found: list[Line] = []
        for name, values in self.figures.networks:
            mine = [account for account in self.chosen.accounts if account.platform_name == name]
            found.append(Line(PLATFORMS[name], mine[0] if len(mine) == 1 else None, values))
            if len(mine) > 1:
                found += [
                    Line(account.platform, account, self.figures.accounts.get(account.pk, {}), is_inner=True)
                    for account in mine
                ]
        return found

    @property
    def best(self) -> list[PostLine]:
        return [self._posts[pk] for pk in self.figures.best if pk in self._posts]

    @property
    def worst(self) -> list[PostLine]:
        return [self._posts[pk] for pk in self.figures.worst if pk in self._posts]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known of these days."""
        return not self.figures.now.get("posts") and all(
            value is None for name, value in self.figures.now.items() if name != "posts"
        )


def offers(platform: type[Platform], name: str) -> bool:
    """Whether a network can tell a number, by what its client declares."""
    posts: tuple[Metric, ...] = platform.post_numbers
    if name in {"followers", "new_followers"}:
        return "followers" in platform.account_numbers
    if name == "engagements":
        return bool(
            set(posts) & {"likes", "comments", "shares", "reposts", "quotes", "saves", "clicks", name}
        )
    if name == "engagement_rate":
        return bool(set(posts) & {"views", "reach"})
    return name in posts
