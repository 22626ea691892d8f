"""What a person or a program may ask for, checked once for forms and serializers."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.formats import date_format, time_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

GRACE = timedelta(seconds=60)
FURTHEST = timedelta(days=5 * 366)


@dataclass(frozen=True)
class LocalTime:
    """A wall clock's time in a zone as a moment, and what a person should know about it."""

    at: datetime
    note: str = ""


def local_time(day: date, clock: time, zone: ZoneInfo) -> LocalTime:
    """The moment of a wall clock's time: the first of two; ValidationError where clocks jump over it."""
    first = datetime.combine(day, clock, zone)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != first.replace(tzinfo=None):
        raise ValidationError(
            _("%(time)s does not exist on %(day)s in %(zone)s: clocks go forward then. Choose another time."),
            code="nonexistent_time",
            params={
                "time": time_format(clock, "H:i"),
                "day": date_format(day, "j F"),
                "zone": zone_name(zone),
            },
        )
    is_twice = first.utcoffset() != first.replace(fold=1).utcoffset()
    note = (
        _("This time comes twice that night, as clocks go back: the first one is taken.") if is_twice else ""
    )
    return LocalTime(first.astimezone(UTC), note)


def zone_name(zone: ZoneInfo) -> str:
    """“Europe/Berlin” as people say it."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def future_time(at: datetime) -> datetime:
    """The moment itself; now, where it passed less than a minute ago. ValidationError where it is past."""
    moment = now()
    if at < moment - GRACE:
        raise ValidationError(_("This time is in the past. Choose a later one."), code="past_time")
    if at > moment + FURTHEST:
        raise ValidationError(_("This is more than five years ahead."), code="too_far")
    return max(at, moment)
