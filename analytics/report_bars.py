"""Series by day or by week: as the table that a page's chart stands on, and as the bars of a PDF."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analytics.metrics import Number, added
from analytics.report_words import label, words

WIDTH, HEIGHT, FOOT = 720.0, 180.0, 20.0
MOST_BARS = 62
Point = tuple[date, Number]


@dataclass(frozen=True)
class Bar:
    """One day, or one week, and its place in the drawing; `value` None: not known."""

    first: date
    last: date
    value: Number
    said: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Bars:
    """A series as it is drawn and as its table says it."""

    metric: str
    bars: tuple[Bar, ...]
    top: float
    is_weekly: bool

    @property
    def is_known(self) -> bool:
        """Whether any number in it is known."""
        return any(bar.value is not None for bar in self.bars)

    @property
    def said_top(self) -> str:
        return words(self.metric, self.top)


@dataclass(frozen=True)
class TrendRow:
    """One day, or one week, with a number for each column."""

    first: date
    last: date
    values: tuple[tuple[str, Number], ...]


@dataclass(frozen=True)
class Trend:
    """Several series beside each other."""

    metrics: tuple[tuple[str, str], ...]
    rows: tuple[TrendRow, ...]
    is_weekly: bool


def trend(series: Mapping[str, Sequence[Point]]) -> Trend:
    """The table of a chart: a column for each series, all of the same days."""
    grouped = {name: _grouped(points) for name, points in series.items()}
    spans = next(iter(grouped.values()), [])
    rows = tuple(
        TrendRow(first, last, tuple((name, groups[n][2]) for name, groups in grouped.items()))
        for n, (first, last, _value) in enumerate(spans)
    )
    is_weekly = any(len(points) > MOST_BARS for points in series.values())
    return Trend(tuple((name, label(name)) for name in series), rows, is_weekly)


def _grouped(points: Sequence[Point]) -> list[tuple[date, date, Number]]:
    """By day; by week where there are many, as what weeks brought can be added."""
    size = 7 if len(points) > MOST_BARS else 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(group[0][0], group[-1][0], added(value for _, value in group)) for group in groups]


def bars(metric: str, points: Sequence[Point]) -> Bars:
    """One series, drawn."""
    groups = _grouped(points)
    top = max((value for _, _, value in groups if value is not None), default=0) or 1
    step = WIDTH / max(len(groups), 1)
    drawn = tuple(_bar(metric, group, n * step, step, top) for n, group in enumerate(groups))
    return Bars(metric, drawn, float(top), len(points) > MOST_BARS)


def _bar(metric: str, group: tuple[date, date, Number], x: float, step: float, top: float) -> Bar:
    first, last, value = group
    height = max(0.0, (value or 0) / top * (HEIGHT - FOOT - 10))
    if value and value > 0:
        height = max(height, 2.0)
    gap = min(3.0, step / 4)
    return Bar(
        first,
        last,
        value,
        words(metric, value),
        round(x + gap / 2, 2),
        round(HEIGHT - FOOT - height, 2),
        round(step - gap, 2),
        round(height, 2),
    )
