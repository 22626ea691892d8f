"""Settings from the environment: right values are read by kind, wrong ones refused in one sentence."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from snsauto.environment import Environment, local_keys

ROOT = Path(__file__).resolve().parents[2]
env = Environment()

Set = Callable[[str], None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets the variable VALUE."""
    return lambda value: monkeypatch.setenv("VALUE", value)


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("Yes", True), ("1", True), ("off", False), ("0", False)]
)
def test_flag_is_read_in_the_usual_words(given: Set, text: str, value: bool) -> None:
    given(text)

    assert env.flag("VALUE", not value) is value


def test_empty_value_means_the_default(given: Set) -> None:
    given("  ")

    assert env.flag("VALUE", True) is True
    assert env.number("VALUE", 7) == 7
    assert env.text("VALUE", "default") == "default"
    assert env.words("VALUE", "a,b") == ["a", "b"]


def test_words_lose_their_spaces(given: Set) -> None:
    given(" one, two ,,three ")

    assert env.words("VALUE") == ["one", "two", "three"]


def test_limits_stand_over_their_defaults(given: Set) -> None:
    given("publish=100/hour, oauth=5/second")

    limits = env.limits("VALUE", publish=(20, 3600), oauth=(10, 60), schedule=(50, 3600))

    assert limits == {"publish": (100, 3600), "oauth": (5, 1), "schedule": (50, 3600)}


@pytest.mark.parametrize("value", ["publish", "publish=many/hour", "publish=1/fortnight", "posts=1/hour"])
def test_a_limit_that_makes_no_sense_is_refused(given: Set, value: str) -> None:
    given(value)

    with pytest.raises(ImproperlyConfigured, match="must look like publish=20/hour"):
        env.limits("VALUE", publish=(20, 3600))


@pytest.mark.parametrize(
    ("read", "value", "sentence"),
    [
        (lambda: env.flag("VALUE", False), "maybe", "VALUE must be on or off, not “maybe”."),
        (lambda: env.number("VALUE", 1), "many", "VALUE must be a whole number of 0 or more, not “many”."),
        (lambda: env.number("VALUE", 2, least=2), "1", "VALUE must be a whole number of 2 or more, not “1”."),
        (lambda: env.number("VALUE", 1), "-3", "VALUE must be a whole number of 0 or more, not “-3”."),
        (lambda: env.choice("VALUE", "a", ("a", "b")), "c", "VALUE must be one of a, b, not “c”."),
        (
            lambda: env.url("VALUE", ""),
            "desk.example.org",
            "VALUE must look like https://desk.example.org, not “desk.example.org”.",
        ),
        (
            lambda: env.url("VALUE", ""),
            "https://example.org/desk",
            "VALUE must look like https://desk.example.org, not “https://example.org/desk”.",
        ),
        (
            lambda: env.database("VALUE", Path("unused")),
            "mysql://desk@db.example.org/desk",
            "VALUE must look like postgres://user:password@host/name.",
        ),
        (
            lambda: env.mail("VALUE", ""),
            "pigeon://loft",
            "VALUE must look like smtp+tls://user:password@host:587.",
        ),
    ],
)
def test_wrong_value_is_refused_in_one_sentence(
    given: Set, read: Callable[[], object], value: str, sentence: str
) -> None:
    given(value)

    with pytest.raises(ImproperlyConfigured) as refused:
        read()

    assert str(refused.value) == sentence


def test_address_loses_its_last_slash(given: Set) -> None:
    given("https://desk.example.org/")

    assert env.url("VALUE", "") == "https://desk.example.org"


def test_sqlite_is_set_up_for_several_processes(tmp_path: Path) -> None:
    config = env.database("NOT_SET", tmp_path / "100 % bread.sqlite3")

    assert config["NAME"] == str(tmp_path / "100 % bread.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in config["OPTIONS"]["init_command"]


def test_postgres_keeps_its_connections(given: Set) -> None:
    given("postgres://desk:secret@db.example.org:5433/desk")

    config = env.database("VALUE", Path("unused"))

    assert (config["HOST"], config["PORT"], config["USER"]) == ("db.example.org", 5433, "desk")
    assert config["CONN_MAX_AGE"] == 600


# --- keys that are made for an installation that was given none ---


def test_keys_are_made_once(tmp_path: Path) -> None:
    first = local_keys(tmp_path / "keys.json")
    second = local_keys(tmp_path / "keys.json")

    assert first == second
    assert Fernet(first["ENCRYPTION_KEYS"])
    assert len(first["SECRET_KEY"]) >= 50


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    local_keys(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_keys_of_another_process_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    theirs = {"SECRET_KEY": "theirs", "ENCRYPTION_KEYS": "theirs"}

    def faster(source: Path, target: Path) -> None:
        target.write_text(json.dumps(theirs))
        raise FileExistsError

    monkeypatch.setattr(os, "link", faster)

    assert local_keys(path) == theirs
    assert list(tmp_path.iterdir()) == [path]


# --- the whole of it, as an operator meets it ---


def manage(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_wrong_setting_ends_a_command_with_its_sentence(tmp_path: Path) -> None:
    finished = manage(tmp_path, "check", PORT="eighty")

    assert finished.returncode == 1
    assert finished.stderr.strip() == "PORT must be a whole number of 1 or more, not “eighty”."


def test_half_of_the_keys_is_refused(tmp_path: Path) -> None:
    finished = manage(tmp_path, "check", SECRET_KEY="x" * 50)

    assert finished.stderr.strip() == (
        "Set SECRET_KEY and ENCRYPTION_KEYS together, or neither (they are then made for you)."
    )


def test_address_follows_the_port(tmp_path: Path) -> None:
    script = "from django.conf import settings; print(settings.SITE_URL, settings.ALLOWED_HOSTS)"

    finished = manage(tmp_path, "shell", "--no-imports", "-c", script, PORT="9000")

    assert finished.stdout.strip() == "http://127.0.0.1:9000 ['127.0.0.1']"


# --- what only makes sense together, and what needs more packages ---


def test_half_of_a_pair_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "key")

    with pytest.raises(ImproperlyConfigured, match=r"Set KEY and SECRET together, or none of them\."):
        env.require_all("KEY", "SECRET")


def test_a_package_that_is_missing_is_said_with_the_command(given: Set) -> None:
    env.require_package("no_such_package", "ANOTHER_VALUE")
    given("on")

    with pytest.raises(ImproperlyConfigured, match=r"VALUE needs: pip install -r requirements-extras\.txt"):
        env.require_package("no_such_package", "VALUE")


def test_no_address_is_no_address() -> None:
    assert env.url("NOT_SET", "") == ""


def test_media_move_to_the_bucket_by_settings(tmp_path: Path) -> None:
    script = (
        "from django.core.files.storage import default_storage as s;"
        "s.bucket; print(type(s._wrapped).__name__, s.bucket_name, s.endpoint_url, s.access_key)"
    )
    variables = {
        "MEDIA_S3_BUCKET": "media",
        "MEDIA_S3_ENDPOINT": "http://127.0.0.1:3900",
        "MEDIA_S3_REGION": "garage",
        "MEDIA_S3_KEY": "GK1",
        "MEDIA_S3_SECRET": "secret",
    }

    finished = manage(tmp_path, "shell", "--no-imports", "-c", script, **variables)

    assert finished.stdout.strip() == "S3Media media http://127.0.0.1:3900 GK1", finished.stderr
