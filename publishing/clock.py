"""The one clock of all workers: the database's. Machines may differ by a minute; leases must not."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils.timezone import now

_ahead = timedelta(0)  # how far the database's clock is ahead of ours


def moment() -> datetime:
    """Now, by the clock that all workers share."""
    return now() + _ahead


def ours(shared: datetime) -> datetime:
    """A moment of the shared clock as our own clock counted it."""
    return shared - _ahead


def never_early(local: datetime) -> datetime:
    """A moment of our own clock on the shared one, on the late side."""
    return max(local, local + _ahead)


def synchronise() -> None:
    """Learn how far our clock is off. On SQLite there is one machine, and one clock."""
    global _ahead  # noqa: PLW0603  (one clock a process)
    before = now()
    there = database_time()
    _ahead = there - (before + (now() - before) / 2)


def database_time() -> datetime:
    if connection.vendor != "postgresql":
        return now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]
