"""What is due, as last seen, given out so that nobody holds up anybody else.

Workspaces and networks take turns (see `claims.look`). No network gets more than its share of the threads: it
may hold twice as many as it leaves free, so however many networks hang, the next one finds a thread.
"""

import time
from collections import Counter
from datetime import datetime

from publishing import circuits, claims, clock
from publishing.circuits import Circuits, Key
from publishing.claims import MOST_CANDIDATES, Candidate
from publishing.models import Delivery

SHARE = 2  # how many threads a network may hold for each that stays free
FRESH_SECONDS = 1.0  # under load what is due is read again after this
LOOK_SECONDS = 0.2  # and where nothing was due, after this


class Backlog:
    """One owner's view of what is due. `share`: None where there are no threads to be shared."""

    def __init__(self, owner: str, share: int | None = SHARE) -> None:
        self._owner = owner
        self._share = share
        self._rows: list[Candidate] = []
        self._looked = float("-inf")
        self._was_cut = False
        self.circuits: Circuits | None = None

    def take(self, free: int, busy: Counter[Key], moment: datetime | None = None) -> list[Delivery]:
        """Up to `free` deliveries, now ours. `busy`: how many of ours each network keeps busy just now."""
        moment = moment or clock.moment()
        if self._is_old():
            self._look(moment)
        pks = self._choose(free, busy)
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

    def _choose(self, free: int, busy: Counter[Key]) -> list[int]:
        chosen: list[int] = []
        held, kept = Counter(busy), []
        for row in self._rows:
            left = free - len(chosen)
            if left > 0 and not self._is_half_open(row) and self._may_take(held[row.network], left):
                chosen.append(row.pk)
                held[row.network] += 1
            else:
                kept.append(row)
        self._rows = kept
        return chosen

    def _may_take(self, held: int, left: int) -> bool:
        """The last thread goes only to a network that has none."""
        return self._share is None or held == 0 or held < self._share * (left - 1)

    def _is_half_open(self, row: Candidate) -> bool:
        return self.circuits is not None and self.circuits.is_half_open(row.network)

    def _probe(self, moment: datetime, at_most: int) -> list[Delivery]:
        """One delivery for each network that may answer again."""
        first: dict[Key, int] = {}
        for row in self._rows:
            if self._is_half_open(row):
                first.setdefault(row.network, row.pk)
        taken = [
            delivery
            for network, pk in list(first.items())[:at_most]
            if circuits.take_probe(network, moment)
            for delivery in claims.take(self._owner, [pk], moment)
        ]
        for delivery in taken:
            delivery.is_probe = True
        self._rows = [row for row in self._rows if row.network not in first]
        return taken
