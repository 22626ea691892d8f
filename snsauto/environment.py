"""Typed reading of the environment: a wrong value is refused at start with one sentence that names it."""

import json
import os
import secrets
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Environment:
    """The process's environment, read by kind."""

    def has(self, *names: str) -> bool:
        return any(os.environ.get(name) for name in names)

    def text(self, name: str, default: str = "") -> str:
        return os.environ.get(name, "").strip() or default

    def words(self, name: str, default: str = "") -> list[str]:
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "on" if default else "off").lower()
        if value not in {"on", "off", "true", "false", "1", "0", "yes", "no"}:
            raise ImproperlyConfigured(f"{name} must be on or off, not “{value}”.")
        return value in {"on", "true", "1", "yes"}

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < least:
            raise ImproperlyConfigured(f"{name} must be a whole number of {least} or more, not “{value}”.")
        return int(value)

    def secret(self, name: str, *, least: int) -> str:
        """A secret that is not set, or too long to be guessed."""
        value = self.text(name)
        if value and len(value) < least:
            raise ImproperlyConfigured(f"{name} must have {least} characters at least.")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not “{value}”.")
        return value

    def url(self, name: str, default: str) -> str:
        """An address without a path. An empty default stands for none."""
        value = self.text(name, default).rstrip("/")
        if not value and not default:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
            raise ImproperlyConfigured(f"{name} must look like https://desk.example.org, not “{value}”.")
        return value

    def limits(self, name: str, **default: tuple[int, int]) -> dict[str, tuple[int, int]]:
        """How often: `publish=20/hour,oauth=10/minute` as (count, seconds) by name, over the defaults."""
        limits = dict(default)
        for word in self.words(name):
            what, _equals, often = word.partition("=")
            count, _slash, period = often.partition("/")
            if what not in default or not count.isdecimal() or period not in SECONDS:
                known = ", ".join(default)
                raise ImproperlyConfigured(
                    f"{name} must look like publish=20/hour (of {known}), not “{word}”."
                )
            limits[what] = (int(count), SECONDS[period])
        return limits

    def base_url(self, name: str, default: str) -> str:
        """An address that other paths are added to; it may have one of its own."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ImproperlyConfigured(f"{name} must look like https://api.example.org, not “{value}”.")
        return value

    def prices(self, name: str) -> dict[str, tuple[Decimal, Decimal]]:
        """What models cost: "model=in/out, …" in US dollars for a million tokens."""
        found = {}
        for entry in self.words(name):
            model, _equals, price = entry.partition("=")
            try:
                into, out_of = (Decimal(part) for part in price.split("/"))
            except (ValueError, InvalidOperation) as error:
                raise ImproperlyConfigured(f"{name} must look like model=2/10, not “{entry}”.") from error
            found[model.strip()] = (into, out_of)
        return found

    def require_all(self, *names: str) -> None:
        """Several that only make sense together: all of them, or none."""
        given = [name for name in names if self.has(name)]
        if given and len(given) < len(names):
            raise ImproperlyConfigured(f"Set {' and '.join(names)} together, or none of them.")

    def require_package(self, package: str, name: str) -> None:
        """What a setting needs beyond requirements.txt."""
        if self.has(name) and find_spec(package) is None:
            raise ImproperlyConfigured(f"{name} needs: pip install -r requirements-extras.txt")

    def host_of(self, url: str) -> str:
        return urlsplit(url).hostname or ""

    def netloc_of(self, url: str) -> str:
        return urlsplit(url).netloc

    def database(self, name: str, sqlite_file: Path) -> dict[str, Any]:
        """Django's database settings; SQLite is set up so that several processes may write."""
        address = self.text(name)
        if not address:
            return sqlite(sqlite_file)
        try:
            config: dict[str, Any] = environ.Env.db_url_config(address)
        except ValueError:
            config = {"ENGINE": ""}
        if config["ENGINE"].endswith("sqlite3"):
            return sqlite(Path(config["NAME"]))
        if not config["ENGINE"].endswith("postgresql"):
            raise ImproperlyConfigured(f"{name} must look like postgres://user:password@host/name.")
        return {**config, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}

    def mail(self, name: str, default: str) -> dict[str, Any]:
        try:
            return dict(environ.Env.email_url_config(self.text(name, default)))
        except (ValueError, KeyError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{name} must look like smtp+tls://user:password@host:587.") from error

    def logging(self, style: str, level: str) -> dict[str, Any]:
        """Django's logging settings: one line per event on stderr."""
        renderer = "structlog.processors.JSONRenderer" if style == "json" else "structlog.dev.ConsoleRenderer"
        return {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"no probes": {"()": "snsauto.logs.WithoutProbes"}},
            "formatters": {"line": {"()": "snsauto.logs.formatter", "renderer": renderer}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django": {"handlers": []},  # Django's own would write a second time, and unformatted
                "django.server": {"handlers": [], "propagate": True},
                "django.request": {"level": "ERROR", "filters": ["no probes"]},
                "django.security.DisallowedHost": {"level": "CRITICAL"},  # whoever asks is told, scanners too
                "django.db.backends": {"level": "INFO"},  # below stand the values of every query
                "django-q": {"level": "WARNING"},
                "httpx2": {"level": "WARNING"},  # names every request; the AI's uses are rows
            },
        }


def sqlite(file: Path) -> dict[str, Any]:
    """An SQLite file that several processes may write; tests get a file beside it."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": SQLITE_OPTIONS,
        "TEST": {"NAME": str(file.with_name("test.sqlite3"))},
    }


def local_keys(path: Path) -> dict[str, str]:
    """Keys made once for an installation that was given none, readable by its owner only."""
    if not path.exists():
        keys = {"SECRET_KEY": secrets.token_urlsafe(48), "ENCRYPTION_KEYS": Fernet.generate_key().decode()}
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(keys))
        try:
            os.link(draft, path)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return dict(json.loads(path.read_text()))
