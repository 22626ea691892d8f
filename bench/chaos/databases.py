"""The two databases a desk may live on, and what may be done to them while it does."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

AWAY_SECONDS = 5.0
BUSY_SECONDS = 23.0  # longer than a writer waits for its turn on SQLite


class Database(Protocol):
    name: str
    url: str  # what DATABASE_URL says; "" for the file in DATA_DIR

    def make(self) -> None: ...

    def drop(self) -> None: ...

    def cut(self) -> int:
        """End every connection; how many there were."""
        ...

    def take_away(self) -> float:
        """Nobody gets anything out of it for some seconds; how many that were."""
        ...


class Sqlite:
    """A file; its only way to be away is that somebody else writes for too long."""

    name, url = "sqlite", ""

    def __init__(self, file: Path) -> None:
        self._file = file

    def make(self) -> None:
        """Django makes it."""

    def drop(self) -> None:
        """It goes with its folder."""

    def cut(self) -> int:
        return 0

    def take_away(self) -> float:
        with sqlite3.connect(self._file, timeout=60, isolation_level=None) as held:
            held.execute("BEGIN EXCLUSIVE")
            time.sleep(BUSY_SECONDS)
            held.execute("ROLLBACK")
        held.close()
        return BUSY_SECONDS


class Postgres:
    """A database of its own on a server where we may make one."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        """`url`: where it is, or shall be."""
        parts = urlsplit(url)
        self._name = parts.path.strip("/")
        self.url = url
        self._server = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))

    def make(self) -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._do("CREATE DATABASE {}")

    def drop(self) -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def cut(self) -> int:
        with psycopg.connect(self._server, autocommit=True) as server:
            asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            return len(server.execute(asked, [self._name]).fetchall())

    def take_away(self) -> float:
        self._do("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        try:
            self.cut()
            time.sleep(AWAY_SECONDS)
        finally:
            self._do("ALTER DATABASE {} ALLOW_CONNECTIONS true")
        return AWAY_SECONDS

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute(sql.SQL(statement).format(sql.Identifier(self._name)))


def at(url: str, sqlite_file: Path) -> Database:
    return Postgres(url) if url else Sqlite(sqlite_file)


def own_postgres(server: str) -> str:
    """The address of a database of this run's own, on the server that an address names."""
    parts = urlsplit(server)
    name = f"{parts.path.strip('/') or 'snsauto'}_chaos_{os.getpid()}"
    return urlunsplit(parts._replace(path=f"/{name}"))
