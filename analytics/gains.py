"""What a post gained on each day: the difference between what its network told, and told before.

Networks tell totals so far. What one told last stands until it tells anew (some stop telling clicks after a
month), so a number that goes missing is no loss, and all days of a post add up to its newest numbers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.metrics import GAINED, Number, counted

LATE = timedelta(days=2)  # a post that is first asked so long after it went out


@dataclass(frozen=True)
class Told:
    """What a network told of a post at a moment."""

    taken_at: datetime
    values: Mapping[str, Number]


@dataclass
class Day:
    """What a day gained. `is_corrected`: some of it was taken back; `is_late`: it was learnt long after."""

    values: dict[str, Number] = field(default_factory=lambda: dict.fromkeys(GAINED))
    is_corrected: bool = False
    is_late: bool = False

    def add(self, gained: Mapping[str, Number], is_late: bool = False) -> None:
        """One more difference; what is None adds nothing, and is not 0."""
        for name, value in gained.items():
            if value is not None:
                self.values[name] = (self.values[name] or 0) + value
                self.is_corrected = self.is_corrected or value < 0
        self.is_late = self.is_late or is_late

    def join(self, other: "Day") -> None:
        self.add(other.values, other.is_late)
        self.is_corrected = self.is_corrected or other.is_corrected


def standing(told: Iterable[Told]) -> Iterator[tuple[datetime, dict[str, Number]]]:
    """The numbers as they stand after each time that they were told, oldest first."""
    known: dict[str, Number] = {}
    for one in told:
        known |= {name: value for name, value in one.values.items() if value is not None}
        yield one.taken_at, dict(known)


def gains(published_at: datetime, told: Sequence[Told], zone: ZoneInfo) -> dict[date, Day]:
    """What each day gained, as a clock in the zone counts days.

    All that a post had when it was first asked belongs to that day; where that was long after it went out,
    it belongs to the day on which it went out, which then says so.
    """
    days: dict[date, Day] = {}
    before: dict[str, Number] = dict.fromkeys(GAINED)
    for number, (taken_at, known) in enumerate(standing(told)):
        is_late = number == 0 and taken_at - published_at > LATE
        day = (published_at if is_late else taken_at).astimezone(zone).date()
        so_far = counted(known)
        days.setdefault(day, Day()).add(differences(before, so_far), is_late)
        before = so_far
    return days


def differences(before: Mapping[str, Number], so_far: Mapping[str, Number]) -> dict[str, Number]:
    """What came since, number by number; None where nothing is told."""
    return {
        name: None if (value := so_far.get(name)) is None else value - (before.get(name) or 0)
        for name in GAINED
    }
