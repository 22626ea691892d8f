"""Workers that die, stop, lose the database and run into each other, at moments that Hypothesis chooses.

A moment is every statement to the database and both sides of every request. Whatever happens there, each part
stands at most once, and in the end the delivery is published or a person is asked.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.factories import AccountFactory
from platforms.errors import OutcomeUnknown, PlatformError, Unavailable
from publishing import engine, insisting
from publishing.engine_rows import Circuit
from publishing.factories import DeliveryFactory, PostFactory
from publishing.leases import LEASE
from publishing.models import Delivery, State
from publishing.tests.conftest import NOON
from publishing.tests.network import World

pytestmark = pytest.mark.django_db(transaction=True)

PARTS = ("first", "second", "third")
WHOLE = [f"{part}\n\n{n}/3" for n, part in enumerate(PARTS, 1)]
FATES = ("kill", "stopped", "overtaken", "database away", "answer lost")
ENDS = (State.PUBLISHED, State.FAILED, State.UNKNOWN, State.MISSED)


class Killed(BaseException):
    """SIGKILL, as far as a test in one process can play it: nothing catches it."""


@dataclass
class Play:
    """One run: which fate strikes at which moment."""

    world: World
    clock: time_machine.Traveller
    fates: dict[int, str]
    moments: int = 0
    story: list[str] = field(default_factory=list)

    def worker(self, name: str) -> None:
        try:
            for delivery in engine.claim(name, 1):
                engine.work(delivery)
        except Killed:
            connection.close()
            self.story.append(f"{name} was killed")
        except OperationalError:
            connection.close()
            self.story.append(f"{name} gave up")

    def beside(self, name: str) -> None:
        """Another worker, with a connection of its own, while this one stands still."""

        def work() -> None:
            try:
                with connection.execute_wrapper(self.statement):
                    self.worker(name)
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def moment(self, where: str) -> str:
        self.moments += 1
        fate = self.fates.pop(self.moments, "")
        if fate:
            self.story.append(f"{self.moments} {where}: {fate}")
        if fate == "kill":
            raise Killed
        if fate in {"stopped", "overtaken"} and not connection.in_atomic_block:
            self.clock.shift(LEASE + timedelta(seconds=1) if fate == "stopped" else timedelta(seconds=1))
            self.beside(f"worker {self.moments}")
        return fate

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        fate = self.moment(sql[:40])
        if fate == "database away":
            raise lost_connection()
        result = execute(sql, params, many, context)
        if fate == "answer lost" and not sql.startswith(("BEGIN", "PRAGMA")):
            raise lost_connection()
        return result


def lost_connection() -> OperationalError:
    """PostgreSQL closes the connection; SQLite only says that the file is locked."""
    if connection.vendor == "postgresql":
        connection.connection.close()
    return OperationalError("the database is away")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr(insisting, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(insisting, "_one_writer", nullcontext())  # workers are processes of their own
    return clock


def outcome(name: str) -> PlatformError | None:
    return {"unavailable": Unavailable("down"), "unknown": OutcomeUnknown("broke off")}.get(name)


not_accepted = st.lists(st.sampled_from(["fine", "unavailable", "unknown"]), max_size=4)
accepted = st.lists(st.sampled_from(["fine", "unknown"]), max_size=4)
plans = st.dictionaries(st.integers(1, 70), st.sampled_from(FATES), max_size=5)
relaxed = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def play(
    world: World, clock: time_machine.Traveller, fates: dict[int, str], before: list[str], after: list[str]
) -> Play:
    """Some workers under these fates, then others in peace until nothing is due any more."""
    for rows in (Delivery, Circuit):
        rows.objects.all().delete()
    world.posts.clear()
    world.before, world.after = [outcome(name) for name in before], [outcome(name) for name in after]
    clock.move_to(NOON)
    account = AccountFactory(platform_name="wire", expires_at=None, refresh_at=None)
    post = PostFactory(workspace=account.workspace, text="\n---\n".join(PARTS), scheduled_at=NOON)
    DeliveryFactory(post=post, account=account, state=State.SCHEDULED, due_at=NOON, planned_at=NOON)
    drama = Play(world, clock, dict(fates))
    world.on_send, world.on_stand = (
        lambda text: drama.moment(f"before {text} leaves"),
        lambda text: drama.moment(f"after {text} stands"),
    )
    with connection.execute_wrapper(drama.statement):
        for n in range(3):
            drama.worker(f"doomed {n}")
            clock.shift(LEASE + timedelta(seconds=1))
    world.on_send = world.on_stand = lambda _text: None
    for _ in range(12):
        clock.shift(timedelta(minutes=10))
        drama.worker("peaceful")
    return drama


def check(drama: Play) -> None:
    delivery = Delivery.objects.get()
    standing = drama.world.posts
    twice = [text for text, count in Counter(standing).items() if count > 1]
    assert not twice, drama.story
    assert delivery.state in ENDS, (delivery.state, delivery.reason, drama.story)
    assert standing == WHOLE[: len(standing)], drama.story
    if delivery.state == State.PUBLISHED:
        assert standing == WHOLE, drama.story
    if delivery.state == State.MISSED:
        assert not standing, drama.story
    if delivery.state == State.FAILED:
        assert delivery.steps.filter(state="sent").count() == 0, drama.story


@pytest.mark.desk
@settings(max_examples=40, **relaxed)
@given(fates=plans, before=not_accepted, after=accepted)
def test_no_interleaving_makes_two_posts_or_none(
    world: World, quick: time_machine.Traveller, fates: dict[int, str], before: list[str], after: list[str]
) -> None:
    check(play(world, quick, fates, before, after))


@pytest.mark.chaos
@settings(max_examples=300, **relaxed)
@given(fates=plans, before=not_accepted, after=accepted)
def test_no_interleaving_of_many_makes_two_posts_or_none(
    world: World, quick: time_machine.Traveller, fates: dict[int, str], before: list[str], after: list[str]
) -> None:
    check(play(world, quick, fates, before, after))


@pytest.mark.chaos
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("moment", range(1, 66))
def test_every_single_moment(world: World, quick: time_machine.Traveller, moment: int, fate: str) -> None:
    drama = play(world, quick, {moment: fate}, [], [])

    check(drama)
    assert Delivery.objects.get().state == State.PUBLISHED, drama.story
