"""When networks are asked: often while a post is young, seldom when it is old; accounts once a day."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# After it went out; from the last of these on once in thirty days, until it is a year old.
LOOKS = (
    15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 14 * DAY,
    30 * DAY, 60 * DAY, 90 * DAY,
)  # fmt: skip
MONTH = 30 * DAY
LAST = 365 * DAY
EVENING = time(20)  # by the workspace's clock, so that a day's followers are those of its end
SPREAD_MINUTES = 210


def next_look_at_post(published_at: datetime, moment: datetime) -> datetime | None:
    """When a post is to be asked next; None: it is a year old."""
    age = moment - published_at
    after = next((look for look in LOOKS if look > age), None) or (age // MONTH + 1) * MONTH
    return published_at + after if after <= LAST else None


def next_look_at_account(account_id: int, zone: ZoneInfo, moment: datetime) -> datetime:
    """The account's own minute of the next evening that is at least six hours away."""
    minute = timedelta(minutes=account_id * 17 % SPREAD_MINUTES)
    local = moment.astimezone(zone)
    today = datetime.combine(local.date(), EVENING, zone) + minute
    if today - moment >= 6 * HOUR:
        return today
    return datetime.combine(local.date() + DAY, EVENING, zone) + minute
