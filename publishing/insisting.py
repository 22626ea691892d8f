"""Writing down what is known, though the database is away for a moment."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger(__name__)

T = TypeVar("T")

AWAY = (OperationalError, InterfaceError)  # the connection broke, the server is gone, the file is locked
LONGEST_SECONDS = 120.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0

_one_writer = threading.RLock()
_breaks = 0  # how often a connection was found broken
_seen = threading.local()


def lost() -> None:
    """Close a connection that broke. Those of the other threads are renewed before they work again."""
    global _breaks  # noqa: PLW0603  (one count a process)
    _breaks += 1
    connection.close()


def renewed_connection() -> None:
    """Before a thread works: let go of a connection that was kept over a break."""
    if getattr(_seen, "breaks", 0) != _breaks:
        _seen.breaks = _breaks
        connection.close()


def insist(write: Callable[[], T]) -> T:
    """Do a write that may be done twice, again and again for two minutes while the database is away.

    What the network said is known here and nowhere else: it is not given up for a connection that broke.
    """
    end = time.monotonic() + LONGEST_SECONDS
    pause = FIRST_PAUSE
    while True:
        try:
            return write()
        except AWAY as error:
            if connection.in_atomic_block or time.monotonic() > end:
                raise
            log.warning("the database is away; writing again", error=str(error).strip())
            lost()
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


@contextmanager
def writing(*, durable: bool = False) -> Iterator[None]:
    """Around a transaction that writes. On SQLite the threads of a process take turns here, instead of
    waiting for each other in the dark; `durable`: what was committed stands even after a power cut.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with _one_writer:
        if durable:
            _synchronous("FULL")
        try:
            yield
        finally:
            if durable:
                _synchronous("NORMAL")


def _synchronous(level: str) -> None:
    """Within a transaction (of a test) SQLite would complain."""
    if connection.connection is not None and connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")
