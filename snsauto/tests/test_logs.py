"""Log lines: each of a delivery carries its number, none carries a secret, whoever writes it."""

import json
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings as configured
from django.test import RequestFactory

from accounts.models import Account, User
from platforms.sandbox.models import Fault
from publishing import engine, scheduling
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from publishing.tests.connecting import connect
from publishing.worklog import Worklog
from snsauto.logs import configure, formatter, thread_ended

JSON, TEXT = "structlog.processors.JSONRenderer", "structlog.dev.ConsoleRenderer"
NETWORKS = ("bluesky", "mastodon", "telegram", "x", "facebook")  # each with another way to prove who it is
LIBRARIES = (
    "urllib3",
    "requests",
    "django",
    "django.request",
    "django.db.backends",
    "django-q",
    "py.warnings",
)

log = structlog.get_logger("ours")


class Lines(logging.Handler):
    """What would stand on stderr, and which thread wrote it."""

    def __init__(self, renderer: str) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(formatter(renderer))
        self.written: list[tuple[int | None, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append((record.thread, self.format(record)))

    @property
    def text(self) -> str:
        return "\n".join(line for _thread, line in self.written)

    @property
    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for _thread, line in self.written]


@pytest.fixture
def listen() -> Iterator[Callable[[str], Lines]]:
    """Listens at every logger, with all levels at DEBUG."""
    loggers = [logging.getLogger(name) for name in ("", *LIBRARIES)]
    levels = [logger.level for logger in loggers]
    heard: list[Lines] = []

    def begin(renderer: str = JSON) -> Lines:
        heard.append(Lines(renderer))
        logging.getLogger().addHandler(heard[-1])
        return heard[-1]

    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield begin
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    for lines in heard:
        logging.getLogger().removeHandler(lines)


def secrets_of(account: Account) -> set[str]:
    """All of an account's token that is no name or address."""
    token = account.token
    assert token
    kept = [token.access, token.refresh, *map(str, token.extra.values())]
    return {word for word in kept if len(word) > 11 and not word.startswith(("did:", "http"))}


def claimed(delivery: Delivery) -> Delivery:
    """Due, and in a worker's hand."""
    scheduling.publish_now(delivery.post)
    [row] = engine.claim("worker", 5)
    return row


# --- publishing, on the sandbox, over real HTTP ---


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("renderer", [JSON, TEXT])
@pytest.mark.parametrize("network", NETWORKS)
def test_no_secret_is_on_any_line_and_the_number_on_each(
    sandbox: str, ada: User, listen: Callable[[str], Lines], network: str, renderer: str
) -> None:
    lines = listen(renderer)
    account = connect(ada.memberships.get(), network)
    post = PostFactory.create(workspace=account.workspace, text="Good morning")
    row = claimed(DeliveryFactory.create(post=post, account=account))
    before = len(lines.written)

    engine.work(row)

    mine = [line for thread, line in lines.written[before:] if thread == threading.get_ident()]
    number = f'"delivery": {row.pk},' if renderer == JSON else f"delivery={row.pk}"
    assert any("POST" in line for line in mine)
    assert any("settled" in line for line in mine)
    assert [line for line in mine if number not in line or network not in line] == []
    secrets = secrets_of(account) | {configured.NETWORKS[network]["client_secret"]}
    assert len(secrets) > 1
    assert [secret for secret in secrets if secret in lines.text] == []


@pytest.mark.django_db(transaction=True)
def test_no_secret_is_told_when_the_connection_breaks(
    sandbox: str, ada: User, listen: Callable[[str], Lines]
) -> None:
    lines = listen(JSON)
    accounts = [connect(ada.memberships.get(), network) for network in NETWORKS]
    for account in accounts:
        Fault.objects.create(network=account.platform_name, kind=Fault.Kind.DROP_BEFORE, times=2)
        post = PostFactory.create(workspace=account.workspace, text="Good morning")
        row = claimed(DeliveryFactory.create(post=post, account=account))

        engine.work(row)

        row.refresh_from_db()
        assert row.state == State.PUBLISHING, row.reason
    secrets = set().union(*map(secrets_of, accounts))
    assert [secret for secret in secrets if secret in lines.text] == []


# --- what would go past the lines ---


def test_what_was_told_with_its_delivery_is_told_in_short_when_the_thread_ends(
    listen: Callable[[str], Lines],
) -> None:
    lines = listen(JSON)

    with pytest.raises(ZeroDivisionError) as caught, Worklog(7, "wire"):
        _ = 1 // 0
    thread_ended(threading.ExceptHookArgs((caught.type, caught.value, caught.tb, threading.current_thread())))

    told, after = lines.read
    assert (told["delivery"], told["network"]) == (7, "wire")
    assert "ZeroDivisionError" in told["exception"]
    assert after["event"] == "a thread ended by a fault"
    assert "exception" not in after


def test_a_thread_that_ends_by_a_fault_says_so_in_one_line(listen: Callable[[str], Lines]) -> None:
    lines = listen(JSON)
    error = ValueError("access_token=abc123")

    thread_ended(threading.ExceptHookArgs((ValueError, error, None, threading.current_thread())))

    [line] = lines.read
    assert (line["event"], line["thread"]) == ("a thread ended by a fault", "MainThread")
    assert "ValueError: access_token=***" in line["exception"]


def test_a_warning_of_a_library_is_a_line_of_the_delivery(listen: Callable[[str], Lines]) -> None:
    lines = listen(JSON)

    with warnings.catch_warnings(), Worklog(7, "wire"):
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        configure({"version": 1, "incremental": True})
        warnings.warn("Unverified HTTPS request", stacklevel=1)

    [line] = lines.read
    assert "Unverified HTTPS request" in line["event"]
    assert (line["delivery"], line["logger"]) == (7, "py.warnings")
    logging.captureWarnings(False)


def test_after_the_work_lines_are_of_no_delivery(listen: Callable[[str], Lines]) -> None:
    lines = listen(JSON)

    with Worklog(7, "wire"):
        log.info("within")
    log.info("after")

    assert [line.get("delivery") for line in lines.read] == [7, None]


# --- what is blacked out ---


@pytest.mark.parametrize(
    "words",
    [
        "GET /me?access_token=s3cr3t&x=1",
        'body {"refresh_token": "s3cr3t"}',
        "body {'client_secret': 's3cr3t'}",
        "Authorization: DPoP s3cr3t",
        "authorization=Token s3cr3t",
        "GET /callback/?code=s3cr3t&state=1",
        "password: s3cr3t",
        "cookie: s3cr3t",
    ],
)
@pytest.mark.parametrize("renderer", [JSON, TEXT])
def test_what_is_named_like_a_secret_is_blacked_out(
    listen: Callable[[str], Lines], words: str, renderer: str
) -> None:
    lines = listen(renderer)

    logging.getLogger("any.library").debug("said %s", words)
    log.info("ours", said=words, nested={"deep": [words]})

    assert "s3cr3t" not in lines.text
    assert lines.text.count("***") >= 3


@pytest.mark.parametrize(
    "words",
    [
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBM\n-----END PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_blacked_out(listen: Callable[[str], Lines], words: str) -> None:
    lines = listen(JSON)

    log.info("said", words=f"it is {words} there")

    assert lines.read[0]["words"].startswith("it is ***")
    assert words[8:20] not in lines.text


def test_a_value_under_a_secret_name_is_blacked_out(listen: Callable[[str], Lines]) -> None:
    lines = listen(JSON)

    log.info("got it", access_token="s3cr3t", tokens={"refresh": 1, "client_secret": "s3cr3t"}, count=3)

    [line] = lines.read
    assert (line["access_token"], line["tokens"]["client_secret"], line["count"]) == ("***", "***", 3)


def test_an_object_says_no_secret_of_itself(listen: Callable[[str], Lines], rf: RequestFactory) -> None:
    lines = listen(JSON)
    request = rf.get("/accounts/callback/any/", {"code": "s3cr3t"})

    logging.getLogger("django.request").error("Internal Server Error", extra={"request": request})

    assert "s3cr3t" not in lines.text
    assert "/accounts/callback/any/" in lines.text


def test_plain_words_are_left_alone(listen: Callable[[str], Lines]) -> None:
    lines = listen(JSON)

    log.info("settled", outcome="published", error="", seconds=1.5, at=None, code="invalid_content")

    [line] = lines.read
    assert [line[key] for key in ("outcome", "error", "seconds", "at", "code")] == [
        "published", "", 1.5, None, "invalid_content",
    ]  # fmt: skip
