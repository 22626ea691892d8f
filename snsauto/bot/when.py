"""Times as people type them: “tomorrow 9:00”, “fri 18:30”, “in 2 hours”, “24 dec 8am”, “2026-12-24 08:00”."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from publishing.validators import local_time

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIRST_YEAR, LAST_YEAR = 1970, 9000
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SPAN = re.compile(r"(?:in\s+)?(\d{1,4})\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)")
CLOCK = re.compile(r"(?:at\s+)?(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|h)?")
ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
NUMBERED = re.compile(
    r"(\d{1,2})\s+([a-z]{3})[a-z]*(?:\s+(\d{4}))?|([a-z]{3})[a-z]*\s+(\d{1,2})(?:,?\s+(\d{4}))?"
)


def span(words: str) -> timedelta | None:
    """“2h”, “in 30 minutes”, “1 week”; None where it is none."""
    found = SPAN.fullmatch(words.strip().lower())
    return timedelta(**{UNITS[found[2][0]]: int(found[1])}) if found else None


def moment_of(words: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment that somebody means, by the wall clock of a zone. ValidationError says what is missing."""
    text = " ".join(words.lower().replace(",", " ").split())
    if text == "now":
        return now
    today = now.astimezone(zone).date()
    if (gap := span(text)) is not None:
        if gap.seconds or not gap.days:
            return now.astimezone(UTC) + gap
        return local_time(today + gap, now.astimezone(zone).time(), zone).at  # the same time of another day
    day, rest = _day(text, today)
    clock = _clock(rest)
    if day is None:
        at = local_time(today, clock, zone).at
        return at if at > now else local_time(today + timedelta(days=1), clock, zone).at
    return local_time(day, clock, zone).at


def _clock(text: str) -> time:
    found = CLOCK.fullmatch(text.strip())
    if not found:
        raise ValidationError(_("Say a day and a time, for instance “tomorrow 9:00” or “fri 18:30”."))
    hours, minutes = int(found[1]), int(found[2] or 0)
    if found[3] in {"am", "pm"}:
        if not 1 <= hours <= 12:
            raise ValidationError(_("There is no such time of day."))
        hours = hours % 12 + 12 * (found[3] == "pm")
    if hours > 23 or minutes > 59:
        raise ValidationError(_("There is no such time of day."))
    return time(hours, minutes)


def _day(text: str, today: date) -> tuple[date | None, str]:
    """The day that a text begins or ends with, and the rest."""
    first, _space, rest = text.partition(" ")
    if first in {"today", "tomorrow"}:
        return today + timedelta(days=first == "tomorrow"), rest
    if first == "next" or first[:3] in DAYS:
        name = rest.partition(" ")[0] if first == "next" else first
        if name[:3] not in DAYS:
            return None, text
        ahead = (DAYS.index(name[:3]) - today.weekday() - 1) % 7 + 1  # a weekday's name is never today
        return today + timedelta(days=ahead), rest.partition(" ")[2] if first == "next" else rest
    for pattern, read in ((ISO, _iso), (NUMBERED, _numbered)):
        if (found := pattern.match(text)) and (day := read(found, today)):
            return day, text[found.end() :].strip()
    return None, text


def _iso(found: re.Match[str], _today: date) -> date:
    return _made(int(found[1]), int(found[2]), int(found[3]))


def _numbered(found: re.Match[str], today: date) -> date | None:
    """“24 dec”, “dec 24 2027”: without a year the next such day."""
    number, month, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
    if month not in MONTHS:
        return None
    place = MONTHS.index(month) + 1
    if year:
        return _made(int(year), place, int(number))
    day = _made(today.year, place, int(number))
    return day if day >= today else _made(today.year + 1, place, int(number))


def _made(year: int, month: int, day: int) -> date:
    try:
        if not FIRST_YEAR <= year <= LAST_YEAR:  # at the ends of the calendar there is no other zone
            raise ValueError(year)
        return date(year, month, day)
    except ValueError as error:
        raise ValidationError(_("There is no such day.")) from error
