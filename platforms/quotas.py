"""How much a network lets us do in a time, and what a post takes of it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from platforms.content import Draft

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Each = Literal["account", "app"]


@dataclass(frozen=True)
class Cost:
    """What a post takes out of a quota: so much for itself, for each part of a thread, for each medium.

    `kinds`: only posts of these kinds; `option`: only where that option was filled in.
    """

    per_post: float = 0
    per_part: float = 0
    per_medium: float = 0
    kinds: tuple[str, ...] = ()
    option: str = ""

    def of(self, draft: Draft) -> float:
        if (self.kinds and draft.kind not in self.kinds) or (self.option and not _filled(draft, self.option)):
            return 0
        media = sum(len(part.media) for part in draft.parts)
        return self.per_post + self.per_part * len(draft.parts) + self.per_medium * media


def _filled(draft: Draft, option: str) -> bool:
    value = draft.options.get(option)
    return bool(value.strip() if isinstance(value, str) else value)


@dataclass(frozen=True)
class Quota:
    """`limit` of `what` in a time, for one account or for the whole app; what costs nothing is only told.

    It rolls, unless `zone` names where its day begins anew at midnight. `endpoint`: what the network's own
    headers call it. Quotas of the same `what` and `each` are windows on one count.
    """

    what: str
    limit: int
    within: timedelta
    each: Each = "account"
    cost: tuple[Cost, ...] = ()
    zone: str = ""
    endpoint: str = ""

    def since(self, moment: datetime) -> datetime:
        """What was taken after this counts at that moment."""
        if not self.zone:
            return moment - self.within
        return self._midnight(moment, 0) - timedelta(microseconds=1)

    def frees(self, taken_at: datetime) -> datetime:
        """When what was taken at a moment counts no longer."""
        return self._midnight(taken_at, 1) if self.zone else taken_at + self.within

    def _midnight(self, moment: datetime, days: int) -> datetime:
        zone = ZoneInfo(self.zone)
        day = moment.astimezone(zone).date() + timedelta(days=days)
        return datetime.combine(day, time.min, zone).astimezone(moment.tzinfo)
