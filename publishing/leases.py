"""Until when this process may act on what it holds, by a clock that also runs while the process is stopped.

Another worker may take a row as soon as its lease has run out. A worker that was held up (stopped,
swapped out, waiting for a database) must know that by itself: it asks here before it sends anything.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from publishing.models import Delivery

LEASE = timedelta(seconds=45)
MARGIN_SECONDS = 5.0  # between our last chance to send and another's first

seconds = time.monotonic
Key = tuple[type, int]
_held: dict[Key, tuple[int, float]] = {}  # kind and number: the fence it is held under, and until when


class Held(Protocol):
    """A row that is worked on under a lease and a fence: a delivery, or an answer."""

    pk: int
    fence: int


def begin(row: Held, since: float, lease: timedelta = LEASE) -> None:
    """The lease was written down by a statement that began at `since`, by `seconds`."""
    _held[_key(row)] = row.fence, since + lease.total_seconds()


def renewed(pks: Iterable[int], since: float) -> None:
    """The same for deliveries that are held already; what was let go meanwhile stays let go."""
    for pk in pks:
        if held := _held.get((Delivery, pk)):
            _held[Delivery, pk] = held[0], since + LEASE.total_seconds()


def end(row: Held) -> None:
    if _held.get(_key(row), (0, 0))[0] == row.fence:
        del _held[_key(row)]


def is_held(row: Held) -> bool:
    """Whether nobody else can have taken it yet."""
    fence, until = _held.get(_key(row), (0, 0.0))
    return fence == row.fence and seconds() < until - MARGIN_SECONDS


def _key(row: Held) -> Key:
    return type(row), row.pk
