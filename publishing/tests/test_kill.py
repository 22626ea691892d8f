"""Workers killed with SIGKILL at every line that matters: each part of a thread stands exactly once.

A forked worker kills itself at a moment of a step; another one goes on when the lease has run out.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils.timezone import now

from accounts.models import Account, User
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Entry, Fault
from platforms.transport import Answer, Transport
from publishing import engine
from publishing.durable import DurableStep
from publishing.factories import DeliveryFactory, PostFactory
from publishing.ledger import DeliveryLedger, StepLedger
from publishing.models import Delivery, State, Step
from publishing.tests.connecting import connect

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

SENTENCE = "The ovens are lit at four, the first loaves leave them at six, and the door opens at seven. "
MOMENTS = (
    "before the intent",
    "before the request",
    "during the request",
    "before the result",
    "after the result",
)
MOST_SECONDS = 10
STEPS = ("first", "second", "third")
THREADED = [name for name, platform in PLATFORMS.items() if platform.rules.thread_at_most >= 3]


@pytest.fixture
def thread(sandbox: str, ada: User, request: pytest.FixtureRequest) -> Delivery:
    """A thread of three parts, due now, on the network that the test names."""
    account = connect(ada.memberships.get(), request.getfixturevalue("network"))
    text = "\n---\n".join(f"{n}. {SENTENCE}" for n in range(1, 4))
    assert len(account.platform.rules_for(account.limits).split(text)) == 3
    post = PostFactory(workspace=account.workspace, author=ada, text=text, scheduled_at=now())
    return DeliveryFactory(post=post, account=account, state=State.SCHEDULED, due_at=now(), planned_at=now())


def in_a_worker(job: Callable[[], None]) -> int:
    """Run a job in a process of its own; the signal that ended it, 0 where it ended by itself.

    A fork of a process with threads may inherit a lock that nobody will ever open. Such a worker is ended by
    its alarm and another one goes on, as it would anywhere.
    """
    for _ in range(3):
        ended_by = _forked(job)
        if ended_by != signal.SIGALRM:
            break
        Delivery.objects.exclude(lease_until=None).update(lease_until=now() - timedelta(seconds=1))
    return ended_by


def close_the_database() -> None:
    """A fork of a process that has SQLite's file open anywhere breaks it (sqlite.org/howtocorrupt.html, 2.6).

    Threads of the sandbox close it only after they have answered.
    """
    connections.close_all()
    file = os.path.realpath(str(connections["default"].settings_dict["NAME"]))
    deadline = time.monotonic() + MOST_SECONDS
    while any(path.startswith(file) for path in open_files()):
        assert time.monotonic() < deadline, "somebody keeps the database open"
        time.sleep(0.001)


def open_files() -> Iterator[str]:
    """What this process has open, where the system says so."""
    for number in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            yield str(number.readlink())


def _forked(job: Callable[[], None]) -> int:
    close_the_database()
    child = os.fork()
    if child == 0:
        signal.alarm(MOST_SECONDS)
        try:
            job()
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def publish_and_die(moment: str, step_number: int) -> None:
    """A worker that kills itself at one moment of the n-th public step."""
    die = Deadly(moment, step_number)
    die.arm()
    for delivery in engine.claim("doomed", 1):
        engine.work(delivery)


class Deadly:
    """Wraps the ledger and the way out so that one moment is the last."""

    def __init__(self, moment: str, step_number: int, ledger: type[StepLedger] = DeliveryLedger) -> None:
        self.moment = moment
        self.ledger = ledger
        self.left = step_number
        self.is_armed = False

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        begin, done, request = self.ledger._begin, self.ledger._done, Transport.request

        def deadly_begin(ledger: StepLedger, step: DurableStep, state: Step.State) -> None:
            if state == Step.State.SENT:
                self.left -= 1
                self.is_armed = self.left == 0
            if self.is_armed and self.moment == "before the intent":
                self.die()
            begin(ledger, step, state)
            if self.is_armed and self.moment == "before the request":
                self.die()

        def deadly_request(transport: Transport, method: str, url: str, **rest: Any) -> Answer:
            answer = request(transport, method, url, **rest)
            if self.is_armed and method != "GET" and self.moment == "during the request":
                self.die()
            return answer

        def deadly_done(ledger: StepLedger, step: DurableStep, result: Any) -> None:
            if self.is_armed and step.kind == Step.Kind.ONCE and self.moment == "before the result":
                self.die()
            done(ledger, step, result)
            if self.is_armed and step.kind == Step.Kind.ONCE and self.moment == "after the result":
                self.die()

        self.ledger._begin, self.ledger._done = deadly_begin, deadly_done  # type: ignore[method-assign]
        Transport.request = deadly_request  # type: ignore[method-assign]


def go_on(delivery: Delivery) -> Delivery:
    """Workers that live go on whenever it is due, until nothing is left to be done."""
    for _ in range(12):
        later = now() + timedelta(minutes=2)
        for claimed in engine.claim("alive", 1, later):
            engine.work(claimed)
        age(delivery)
        delivery.refresh_from_db()
        if delivery.state in {State.PUBLISHED, State.FAILED, State.UNKNOWN}:
            break
    return delivery


def age(delivery: Delivery) -> None:
    """Two minutes pass on every clock that a look waits for."""
    for step in delivery.steps.exclude(first_sent_at=None):
        Step.objects.filter(pk=step.pk).update(first_sent_at=step.first_sent_at - timedelta(minutes=2))


def standing(account: Account) -> list[str]:
    """The texts that stand on the network, oldest first."""
    entries = Entry.objects.filter(network=account.platform_name, deleted_at=None).order_by("pk")
    return [entry.text for entry in entries]


@pytest.mark.parametrize("network", THREADED)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", [1, 2, 3], ids=STEPS)
def test_each_part_stands_once_whenever_the_worker_dies(
    network: str, moment: str, step: int, thread: Delivery
) -> None:
    assert in_a_worker(lambda: publish_and_die(moment, step)) == signal.SIGKILL

    delivery = go_on(thread)

    texts = standing(thread.account)
    assert delivery.state == State.PUBLISHED, delivery.reason
    assert [count for count in Counter(texts).values() if count > 1] == []
    assert len(texts) == 3
    assert len(delivery.part_ids) == 3
    assert ["1/3" in texts[0], "2/3" in texts[1], "3/3" in texts[2]] == [True] * 3


@pytest.mark.parametrize("network", THREADED)
@pytest.mark.parametrize("step", [1, 2, 3], ids=STEPS)
def test_a_connection_dropped_after_acceptance_makes_no_second_post(
    network: str, step: int, thread: Delivery
) -> None:
    Fault.objects.create(network=network, kind=Fault.Kind.DROP_AFTER, method="POST", skip=step - 1)

    delivery = go_on(thread)

    texts = standing(thread.account)
    assert delivery.state == State.PUBLISHED, delivery.reason
    assert len(texts) == len(set(texts)) == 3
