"""A network that does not answer is left alone for a while, so that it uses up nobody's attempts and threads.

Five failures in a row open its circuit; when its time has come one delivery probes (half open): it closes
the circuit, or keeps it open for twice as long. Every pump reads and writes the same rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Account
from platforms.errors import NotReady, OutcomeUnknown, PlatformError, Unavailable
from publishing import clock
from publishing.engine_rows import Circuit

log = structlog.get_logger(__name__)

FAILURES = 5
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=2)
PROBE = timedelta(seconds=90)  # longer than any request: until then the one that probes has answered

Key = tuple[str, str]  # a network, and its server where it has many


def key_of(account: Account) -> Key:
    return account.platform_name, account.server


@dataclass(frozen=True)
class Circuits:
    """The circuits that are not simply closed, as they were a moment ago."""

    rows: dict[Key, Circuit]
    moment: datetime

    @property
    def holding(self) -> list[Key]:
        """Where nothing may be sent now."""
        return [key for key, row in self.rows.items() if self._holds(row)]

    def is_half_open(self, key: Key) -> bool:
        """Whether only one delivery may go there, to see if the network answers again."""
        row = self.rows.get(key)
        return row is not None and row.opened_at is not None and not self._holds(row)

    def _holds(self, row: Circuit) -> bool:
        return any(until and until > self.moment for until in (row.limited_until, row.retry_at))


def read(moment: datetime) -> Circuits:
    troubled = Circuit.objects.filter(Q(failures__gt=0) | Q(limited_until__gt=moment))
    return Circuits({(row.platform_name, row.server): row for row in troubled}, moment)


def take_probe(key: Key, moment: datetime) -> bool:
    """Whether the probe is ours: for everybody else the circuit stays open until it has answered."""
    half_open = _row(key).filter(opened_at__isnull=False, retry_at__lte=moment)
    return half_open.update(retry_at=moment + PROBE) == 1


def note(account: Account, error: PlatformError | None, last: Circuits | None, *, is_probe: bool) -> None:
    """What an attempt showed. `last` was read a moment ago: a success on a sound network costs nothing."""
    key = key_of(account)
    if error is not None and is_failure(error):
        _failed(key, error, is_probe=is_probe)
    elif is_answer(error, is_probe=is_probe):
        if is_probe or last is None or key in last.rows:
            _answered(key)
    elif is_probe:
        give_probe_back(key)


def is_failure(error: PlatformError) -> bool:
    """Whether the network did not do its part. A refusal and a limit are answers."""
    return type(error) in {Unavailable, OutcomeUnknown} and not error.by_looking


def is_answer(error: PlatformError | None, *, is_probe: bool) -> bool:
    """Whether the network was asked, and answered. That it can be read is enough for a probe alone."""
    if isinstance(error, NotReady):
        return error.by_network
    return error is None or is_probe or not error.by_looking


def give_probe_back(key: Key) -> None:
    """The network was not asked after all: the next delivery may try."""
    _row(key).filter(opened_at__isnull=False).update(retry_at=clock.moment())


def _answered(key: Key) -> None:
    closed = (
        _row(key).filter(failures__gt=0).update(failures=0, trips=0, opened_at=None, retry_at=None, reason="")
    )
    if closed:
        log.info("the network answers again", network=key[0], server=key[1])


def _failed(key: Key, error: PlatformError, *, is_probe: bool) -> None:
    Circuit.objects.get_or_create(platform_name=key[0], server=key[1])
    with transaction.atomic():
        row = _row(key).select_for_update().get()
        row.failures, row.reason = row.failures + 1, error.message[:500]
        if is_probe or (row.opened_at is None and row.failures >= FAILURES):
            _open(row, clock.moment())
        row.save()


def _open(row: Circuit, moment: datetime) -> None:
    """Open it, or keep it open after a probe. What was under way when it opened says nothing new."""
    pause = min(FIRST_PAUSE * 2 ** min(row.trips, 10), LONGEST_PAUSE)
    row.opened_at = row.opened_at or moment
    row.trips, row.retry_at = row.trips + 1, moment + pause
    log.warning(
        "the network is left alone for a while",
        network=row.platform_name,
        server=row.server,
        seconds=pause.total_seconds(),
        reason=row.reason,
    )


def _row(key: Key) -> QuerySet[Circuit]:
    return Circuit.objects.filter(platform_name=key[0], server=key[1])


def close(key: Key) -> None:
    """A person says that it works again."""
    _row(key).update(failures=0, trips=0, opened_at=None, retry_at=None, limited_until=None, reason="")
