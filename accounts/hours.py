"""When something may be told: quiet hours and digests, by the wall clock of a person's zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

A_DAY = timedelta(days=1)


def after_quiet(moment: datetime, begin: time, end: time, zone: ZoneInfo) -> datetime:
    """The moment itself, or the end of the quiet hours that it falls into; they may pass midnight."""
    local = moment.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = begin > end
    is_quiet = clock >= begin or clock < end if over_midnight else begin <= clock < end
    if not is_quiet:
        return moment
    ends_tomorrow = over_midnight and clock >= begin
    return max(moment, _on(local + A_DAY if ends_tomorrow else local, end, zone))


def next_digest(moment: datetime, clock: time, zone: ZoneInfo, weekday: int | None = None) -> datetime:
    """The next time that a clock shows this, on any day or on one day of the week (0: Monday)."""
    local = moment.astimezone(zone)
    for days in range(9):
        day = local + days * A_DAY
        at = _on(day, clock, zone)
        if at > moment and weekday in (None, day.weekday()):
            return at
    raise AssertionError("eight days hold every weekday")


def _on(day: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """A wall clock's time on a day; where clocks jump over it, so much later as they jump."""
    return datetime.combine(day.date(), clock, zone).astimezone(UTC)
