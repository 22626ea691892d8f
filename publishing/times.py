"""Times as sentences say them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import now

from publishing.validators import zone_name


def short_time(moment: datetime, zone: ZoneInfo) -> str:
    """“Tue 09:00” within a week, “Tue 24 Nov, 09:00” beyond."""
    local = moment.astimezone(zone)
    days = (local.date() - now().astimezone(zone).date()).days
    return date_format(local, "D H:i" if 0 <= days < 7 else "D j M, H:i", use_l10n=False)


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """“09:00 (Lisbon)”: exact for whoever reads it later, or elsewhere."""
    return f"{moment.astimezone(zone):%H:%M} ({zone_name(zone)})"
