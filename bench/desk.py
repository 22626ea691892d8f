"""The product as it is measured: a data directory and databases of its own, made and dropped."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
NAME = f"snsauto_bench_{os.getpid()}"
Environment = dict[str, str]


@contextmanager
def desks(database: str, address: str) -> Iterator["Desks"]:
    """A source of empty desks on `sqlite` or `postgres` (`address`: any database of that server)."""
    with tempfile.TemporaryDirectory(prefix="snsauto-bench-") as folder:
        made = Postgres(Path(folder), address) if database == "postgres" else Desks(Path(folder))
        try:
            made.prepare()
            yield made
        finally:
            made.drop()


class Desks:
    """Empty desks on SQLite: each a copy of one that was migrated once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0

    def prepare(self) -> None:
        self._migrate(self._environment(self._folder / "first"))

    @property
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    @contextmanager
    def new(self) -> Iterator[Environment]:
        """The environment of an empty desk, which is thrown away afterwards."""
        self._number += 1
        folder = self._folder / str(self._number)
        shutil.copytree(self._folder / "first", folder)
        yield self._environment(folder)
        shutil.rmtree(folder)

    def drop(self) -> None:
        """The folder goes with the whole."""

    def _environment(self, folder: Path) -> Environment:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "SANDBOX"}}
        ours = {
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "snsauto.settings",
            "PYTHONPATH": str(ROOT),
        }
        return {**kept, **ours}

    @staticmethod
    def _migrate(environment: Environment) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
        subprocess.run(command, env=environment, check=True)


class Postgres(Desks):
    """Empty desks on PostgreSQL: each a copy of a template database."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder)
        self._server = urlsplit(address)

    def prepare(self) -> None:
        self._ask(f'CREATE DATABASE "{NAME}"')
        self._migrate({**self._environment(self._folder / "first"), "DATABASE_URL": self._url(NAME)})

    @property
    def version(self) -> str:
        return f"PostgreSQL {self._ask('SHOW server_version')}"

    @contextmanager
    def new(self) -> Iterator[Environment]:
        with super().new() as environment:
            copy = f"{NAME}_{self._number}"
            self._ask(f'CREATE DATABASE "{copy}" TEMPLATE "{NAME}"')
            try:
                yield {**environment, "DATABASE_URL": self._url(copy)}
            finally:
                self._ask(f'DROP DATABASE "{copy}" WITH (FORCE)')

    def drop(self) -> None:
        self._ask(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')

    def _url(self, name: str) -> str:
        return self._server._replace(path=f"/{name}").geturl()

    def _ask(self, statement: str) -> str:
        address = self._server._replace(scheme="postgresql", path="/postgres").geturl()
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
        return str(row[0]).split(" ")[0] if row else ""
