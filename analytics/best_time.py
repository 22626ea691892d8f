"""When posts do best: each hour of the week, by what the workspace's own posts brought there.

Each post is put beside its account's own median, so that a large account does not outshout a small one. A
cell's score is the mean of its posts, drawn towards 1.0 as if three usual posts stood beside them: one lucky
post is no pattern. Posts younger than three days and older than half a year are left out, and all of it is
left out while there are fewer than ten.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.timezone import now

from accounts.models import Workspace
from analytics.kept import edition_of, kept
from analytics.models import Latest
from analytics.usual import Did, indexed, shrunk

WINDOW = timedelta(days=182)
SETTLED = timedelta(days=3)
LEAST_POSTS = 10
LEAST_IN_SLOT = 2
PRIOR = 3.0
MOST = 5000
LEVELS = (0.7, 0.9, 1.1, 1.4)  # scores between which a cell's colour changes


@dataclass(frozen=True)
class Slot:
    """An hour of the week (Monday is 0) by the workspace's clock. `score` 1.0: as usual."""

    weekday: int
    hour: int
    score: float
    count: int

    @property
    def level(self) -> int:
        """1 (well below the usual) to 5 (well above); 0 where one post alone says nothing."""
        return 1 + sum(self.score >= level for level in LEVELS) if self.count >= LEAST_IN_SLOT else 0


@dataclass(frozen=True)
class HeatMap:
    """All hours of which something is known. `posts`: how many it stands on."""

    posts: int
    slots: dict[tuple[int, int], Slot] = field(default_factory=dict)

    @property
    def is_enough(self) -> bool:
        return self.posts >= LEAST_POSTS

    def best(self, count: int = 3) -> list[Slot]:
        """The hours that did best, of those with more than one post and better than usual."""
        if not self.is_enough:
            return []
        good = [slot for slot in self.slots.values() if slot.count >= LEAST_IN_SLOT and slot.score > 1]
        return sorted(good, key=lambda slot: (-slot.score, -slot.count, slot.weekday, slot.hour))[:count]


def heat_map(workspace: Workspace, accounts: Collection[int] | None = None) -> HeatMap:
    """The week of a workspace, or of some of its accounts."""
    asked = (now().astimezone(workspace.zone).date(), workspace.timezone, accounts and sorted(accounts))
    return kept(workspace, edition_of(workspace), "best-time", asked, lambda: _count(workspace, accounts))


def best_times(workspace: Workspace, accounts: Collection[int] | None = None, count: int = 3) -> list[Slot]:
    """The hours that did best; none while there is not enough to say so."""
    return heat_map(workspace, accounts).best(count)


def _count(workspace: Workspace, accounts: Collection[int] | None) -> HeatMap:
    moment = now()
    rows = Latest.objects.filter(
        workspace=workspace, published_at__gt=moment - WINDOW, published_at__lte=moment - SETTLED
    )
    if accounts is not None:
        rows = rows.filter(account__in=accounts)
    columns = rows.order_by("-published_at").values_list("account_id", "published_at", "engagements", "views")
    found = list(indexed(Did(*row, what=None) for row in columns[:MOST]))
    cells: dict[tuple[int, int], list[float]] = defaultdict(list)
    for one in found:
        local = one.did.published_at.astimezone(workspace.zone)
        cells[local.weekday(), local.hour].append(one.index)
    slots = {
        (weekday, hour): Slot(weekday, hour, shrunk(indices, PRIOR), len(indices))
        for (weekday, hour), indices in cells.items()
    }
    return HeatMap(len(found), slots)
