"""Until when this process may act on what it holds, by a clock that also runs while the process is stopped.

Another worker may take a delivery as soon as its lease has run out. A worker that was held up (stopped,
swapped out, waiting for a database) must know that by itself: it asks here before it sends anything.
"""

import time
from collections.abc import Iterable
from datetime import timedelta

from publishing.models import Delivery

LEASE = timedelta(seconds=45)
MARGIN_SECONDS = 5.0  # between our last chance to send and another's first

seconds = time.monotonic
_held: dict[int, tuple[int, float]] = {}  # delivery: the fence it is held under, and until when


def begin(delivery: Delivery, since: float) -> None:
    """The lease was written down by a statement that began at `since`, by `seconds`."""
    _held[delivery.pk] = delivery.fence, since + LEASE.total_seconds()


def renewed(pks: Iterable[int], since: float) -> None:
    """The same for what is held already; what was let go meanwhile stays let go."""
    for pk in pks:
        if pk in _held:
            _held[pk] = _held[pk][0], since + LEASE.total_seconds()


def end(delivery: Delivery) -> None:
    if _held.get(delivery.pk, (0, 0))[0] == delivery.fence:
        del _held[delivery.pk]


def is_held(delivery: Delivery) -> bool:
    """Whether nobody else can have taken it yet."""
    fence, until = _held.get(delivery.pk, (0, 0.0))
    return fence == delivery.fence and seconds() < until - MARGIN_SECONDS
