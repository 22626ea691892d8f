"""What is due, as last seen, given out so that nobody holds up anybody else.

Workspaces and networks take turns (see `claims.look`). No network gets more than its share of the threads: it
may hold three times as many as it leaves free, so when some networks hang, the next one still finds a thread.
It begins with a few and gets one more with every answer: one that is dead holds no more than those.
A few more of each are taken ahead, so that a thread that is done need not wait for a claim.
"""

import time
from collections import Counter
from datetime import datetime

from publishing import circuits, claims, clock
from publishing.circuits import Circuits, Key
from publishing.claims import MOST_CANDIDATES, Candidate
from publishing.models import Delivery

AHEAD = 8  # taken for each network beyond its threads
SHARE = 3  # how many threads a network may hold for each that stays free
FIRST = 8  # how many it may hold before it has answered
FRESH_SECONDS = 1.0  # under load what is due is read again after this
LOOK_SECONDS = 0.2  # and where nothing was due, after this


def may_work(held: int, left: int, window: int = FIRST) -> bool:
    """Whether a network that holds so many threads may have another of those left.

    `window`: how many its answers so far have earned it. The last one goes only to a network that has none.
    """
    return left > 0 and (held == 0 or held < min(window, SHARE * (left - 1)))


class Windows:
    """How many threads each network has earned: one more with each answer, half of them with each failure."""

    def __init__(self) -> None:
        self._earned: dict[Key, int] = {}

    def of(self, network: Key) -> int:
        return self._earned.get(network, FIRST)

    def note(self, network: Key, answered: bool) -> None:
        earned = self.of(network)
        self._earned[network] = earned + 1 if answered else max(earned // 2, FIRST // 2)


class Seats:
    """The threads that are free, and the few places for what is taken ahead."""

    def __init__(
        self,
        free: int,
        busy: Counter[Key],
        ready: Counter[Key] | None,
        windows: Windows,
        *,
        is_alone: bool = False,
    ) -> None:
        self._windows = windows
        self._left = free
        self._busy = Counter(busy)
        self._ahead = Counter[Key]()
        self._most_ahead = 0 if ready is None else AHEAD
        self._is_alone = is_alone
        for network in (ready or Counter()).elements():
            self.take(network)

    def take(self, network: Key) -> bool:
        """Whether one more delivery for the network has a place; it is taken then."""
        window = self._windows.of(network)
        if may_work(self._busy[network], self._left, window) or (self._is_alone and self._left > 0):
            self._busy[network] += 1
            self._left -= 1
            return True
        self._ahead[network] += 1
        return self._ahead[network] <= self._most_ahead


class Backlog:
    """One owner's view of what is due. `is_alone`: there are no threads that networks have to share."""

    def __init__(self, owner: str, *, is_alone: bool = False) -> None:
        self._owner = owner
        self._is_alone = is_alone
        self._rows: list[Candidate] = []
        self._looked = float("-inf")
        self._was_cut = False
        self.circuits: Circuits | None = None
        self.windows = Windows()

    def take(
        self, free: int, busy: Counter[Key], ready: Counter[Key] | None = None, moment: datetime | None = None
    ) -> list[Delivery]:
        """Deliveries, now ours: for `free` threads, and some ahead where `ready` is given.

        `busy`: how many threads each network keeps busy; `ready`: how many of each are taken ahead already.
        """
        moment = moment or clock.moment()
        if self._is_old():
            self._look(moment)
        pks = self._choose(free, busy, ready)
        taken = claims.take(self._owner, pks, moment) if pks else []
        if len(taken) < free:
            taken += self._probe(moment, free - len(taken))
        return taken

    def _is_old(self) -> bool:
        age = time.monotonic() - self._looked
        return age >= FRESH_SECONDS or (not self._rows and (self._was_cut or age >= LOOK_SECONDS))

    def _look(self, moment: datetime) -> None:
        self._looked = time.monotonic()
        self._rows = []
        if Delivery.objects.due(moment).exists():
            self.circuits = circuits.read(moment)
            self._rows = claims.look(moment, self.circuits.holding)
        self._was_cut = len(self._rows) == MOST_CANDIDATES

    def _choose(self, free: int, busy: Counter[Key], ready: Counter[Key] | None) -> list[int]:
        seats = Seats(free, busy, ready, self.windows, is_alone=self._is_alone)
        chosen: list[Candidate] = []
        kept: list[Candidate] = []
        for row in self._rows:
            is_taken = not self._is_half_open(row) and seats.take(row.network)
            (chosen if is_taken else kept).append(row)
        self._rows = kept
        return [row.pk for row in chosen]

    def _is_half_open(self, row: Candidate) -> bool:
        return self.circuits is not None and self.circuits.is_half_open(row.network)

    def _probe(self, moment: datetime, at_most: int) -> list[Delivery]:
        """One delivery for each network that may answer again."""
        first: dict[Key, int] = {}
        for row in self._rows:
            if self._is_half_open(row):
                first.setdefault(row.network, row.pk)
        taken = []
        for network, pk in list(first.items())[:at_most]:
            if circuits.take_probe(network, moment):
                probes = claims.take(self._owner, [pk], moment)
                taken += probes
                if not probes:
                    circuits.give_probe_back(network)
        for delivery in taken:
            delivery.is_probe = True
        self._rows = [row for row in self._rows if row.network not in first]
        return taken
