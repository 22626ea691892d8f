"""Counting and timing what a process asks of its database, on every thread's connection."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

FREE = ("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")  # costs no way to a server


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Statements by their beginning, of all threads. What only frames them is not counted."""
    seen: Counter[str] = Counter()
    lock = Lock()

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(FREE):
            with lock:
                seen[shape(sql)] += 1
        return execute(sql, params, many, context)

    def listen(connection: BaseDatabaseWrapper, **_rest: Any) -> None:
        connection.execute_wrappers.append(count)

    connection_created.connect(listen)
    connection.execute_wrappers.append(count)
    try:
        yield seen
    finally:
        connection_created.disconnect(listen)
        connection.execute_wrappers.remove(count)


def shape(sql: str) -> str:
    """What kind of statement on which table."""
    words = sql.replace('"', "").split()
    table = next(
        (words[n + 1] for n, word in enumerate(words[:-1]) if word in {"FROM", "INTO", "UPDATE"}), ""
    )
    return f"{words[0]} {table}".strip()
