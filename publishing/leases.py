"""Until when this process may act on what it holds, by a clock that also runs while the process is stopped.

Another worker may take a delivery as soon as its lease has run out. A worker that was held up (stopped,
swapped out, waiting for a database) must know that by itself: it asks here before it sends anything.
"""

import time
from collections.abc import Iterable
from datetime import timedelta

LEASE = timedelta(seconds=45)
MARGIN_SECONDS = 5.0  # between our last chance to send and another's first

_ends: dict[int, float] = {}


def begin(pk: int, since: float) -> None:
    """The lease was written down by a statement that began at `since` (time.monotonic)."""
    _ends[pk] = since + LEASE.total_seconds()


def renewed(pks: Iterable[int], since: float) -> None:
    """The same for what is held already; what was let go meanwhile stays let go."""
    for pk in pks:
        if pk in _ends:
            begin(pk, since)


def end(pk: int) -> None:
    _ends.pop(pk, None)


def is_held(pk: int) -> bool:
    """Whether nobody else can have taken it yet."""
    return time.monotonic() < _ends.get(pk, 0.0) - MARGIN_SECONDS
