"""One series as bars: where each stands is counted here, so that the page needs no script and prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from analytics.metrics import Number, added
from analytics.report_words import words

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


def bars(metric: str, points: Sequence[Point]) -> Bars:
    """By day; by week where there are many, as what weeks brought can be added."""
    is_weekly = len(points) > MOST_BARS
    size = 7 if is_weekly else 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    values = [added(value for _, value in group) for group in groups]
    top = max((value for value in values if value is not None), default=0) or 1
    step = WIDTH / max(len(groups), 1)
    drawn = tuple(
        _bar(metric, group, value, n * step, step, top)
        for n, (group, value) in enumerate(zip(groups, values, strict=True))
    )
    return Bars(metric, drawn, float(top), is_weekly)


def _bar(metric: str, group: Sequence[Point], value: Number, x: float, step: float, top: float) -> Bar:
    height = max(0.0, (value or 0) / top * (HEIGHT - FOOT - 10))
    if value:
        height = max(height, 2.0)
    first, last = group[0][0], group[-1][0]
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
