"""What the network said is written down though the database is away; and what was committed stands."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection

from publishing import claims, engine, insisting, leases
from publishing import clock as shared_clock
from publishing.leases import LEASE
from publishing.models import Delivery, State, Step
from publishing.pump import Pump
from publishing.tests.conftest import NOON
from publishing.tests.network import World

pytestmark = pytest.mark.django_db(transaction=True)
Due = Callable[..., Delivery]


class Away:
    """The database, away for the next statements that match."""

    def __init__(self, words: str, times: int) -> None:
        self.words, self.left = words, times
        self.seen: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append(sql)
        if self.words in sql and self.left > 0:
            self.left -= 1
            raise OperationalError("the database is away")
        return execute(sql, params, many, context)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insisting, "FIRST_PAUSE", 0.0)


def test_an_answer_is_stored_though_the_database_is_away_for_a_while(due: Due, world: World) -> None:
    delivery = due()
    [claimed] = engine.claim("worker", 1)
    away = Away('UPDATE "publishing_step" SET "state" = ', 0)
    world.on_stand = lambda _text: setattr(away, "left", 5)

    with connection.execute_wrapper(away):
        engine.work(claimed)

    delivery.refresh_from_db()
    assert (delivery.state, world.posts, away.left) == (State.PUBLISHED, ["Good morning"], 0)


def test_the_end_is_written_though_the_database_is_away_for_a_while(due: Due, world: World) -> None:
    delivery = due()
    [claimed] = engine.claim("worker", 1)

    with connection.execute_wrapper(Away('UPDATE "publishing_attempt"', 3)):
        engine.work(claimed)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts.get().outcome) == (State.PUBLISHED, "published")


def test_nothing_is_sent_where_the_intent_could_not_be_written(due: Due, world: World) -> None:
    delivery = due()
    [claimed] = engine.claim("worker", 1)

    with connection.execute_wrapper(Away('INSERT INTO "publishing_step"', 9)):
        engine.work(claimed)

    delivery.refresh_from_db()
    assert world.posts == []
    assert (delivery.state, delivery.lease_until, delivery.crashes) == (State.PUBLISHING, None, 0)
    assert delivery.due_at == NOON + claims.AFTER_BREAK  # nobody waits for the lease


def test_connections_that_broke_cut_nobody_off(due: Due, world: World) -> None:
    delivery = due()

    with connection.execute_wrapper(Away('INSERT INTO "publishing_step"', 99)):
        for _ in range(engine.MOST_CRASHES + 1):
            Delivery.objects.update(due_at=NOON)
            [claimed] = engine.claim("worker", 1)
            engine.work(claimed)
    Delivery.objects.update(due_at=NOON)
    [claimed] = engine.claim("worker", 1)
    engine.work(claimed)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.crashes, delivery.attempts.count()) == (State.PUBLISHED, 0, 1)


def test_a_connection_that_was_kept_over_a_break_is_renewed(db: None) -> None:
    insisting.renewed_connection()
    with connection.cursor():
        kept = connection.connection
    insisting.renewed_connection()
    assert connection.connection is kept

    other = threading.Thread(target=insisting.lost)
    other.start()
    other.join()
    insisting.renewed_connection()

    assert connection.connection is None


def test_a_pump_outlives_its_database(due: Due, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    due()
    away = Away("publishing_delivery", 4)
    rounds = iter(range(200))

    with connection.execute_wrapper(away):
        Pump(threads=2).run(lambda: bool(world.posts) or next(rounds, None) is None)

    assert (world.posts, away.left) == (["Good morning"], 0)


def test_it_does_not_insist_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insisting, "LONGEST_SECONDS", 0.0)

    def write() -> None:
        raise OperationalError("gone for good")

    with pytest.raises(OperationalError):
        insisting.insist(write)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's commits are durable as it comes")
def test_on_sqlite_an_intent_survives_a_power_cut(due: Due, world: World) -> None:
    due()
    [claimed] = engine.claim("worker", 1)
    levels: list[int] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal levels
        if sql.startswith('INSERT INTO "publishing_step"'):
            levels += connection.connection.execute("PRAGMA synchronous").fetchone()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        engine.work(claimed)

    full = 2  # sqlite.org/pragma.html#pragma_synchronous: the file is synced at each commit
    assert levels == [full] * 3
    assert connection.connection.execute("PRAGMA synchronous").fetchone() == (1,)


# --- a worker that was held up ---


def test_a_worker_that_was_stopped_for_longer_than_its_lease_sends_nothing(
    due: Due, world: World, clock: time_machine.Traveller
) -> None:
    due()
    [slow] = engine.claim("slow", 1)
    world.on_send = lambda _text: clock.shift(LEASE)

    engine.work(slow)

    assert world.posts == []
    step = Step.objects.get(name="post 1")
    assert step.state == Step.State.OPEN  # surely not sent


def test_what_it_leaves_says_nothing_about_what_its_successor_began(
    due: Due, world: World, clock: time_machine.Traveller
) -> None:
    due()
    [slow] = engine.claim("slow", 1)

    def overtaken(_text: str) -> None:
        world.on_send = lambda _text: None
        clock.shift(LEASE + timedelta(seconds=1))
        [claimed] = engine.claim("fast", 1)
        Step.objects.filter(name="post 1").update(sent_at=NOON + timedelta(hours=1))
        assert claimed.fence == 2

    world.on_send = overtaken
    engine.work(slow)

    assert Step.objects.get(name="post 1").state == Step.State.SENT


def test_a_renewed_lease_lets_slow_work_go_on(due: Due, clock: time_machine.Traveller) -> None:
    [delivery] = [due()] and engine.claim("worker", 1)
    clock.shift(LEASE - timedelta(seconds=10))
    assert leases.is_held(delivery)

    leases.renewed([delivery.pk], leases.seconds())
    clock.shift(timedelta(seconds=30))

    assert leases.is_held(delivery)
    leases.end(delivery)
    assert not leases.is_held(delivery)


# --- machines whose clocks differ ---


def test_a_machine_that_is_a_minute_fast_respects_the_leases_of_others(
    due: Due, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    due()
    engine.claim("here", 1)
    monkeypatch.setattr(shared_clock, "database_time", lambda: NOON)
    clock.shift(timedelta(minutes=1))

    shared_clock.synchronise()

    assert engine.claim("a minute ahead", 1) == []
    assert shared_clock.moment() == NOON


def test_what_was_begun_elsewhere_is_looked_for_by_the_clock_of_the_one_who_looks(
    due: Due, world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_clock, "database_time", lambda: NOON)
    clock.shift(timedelta(minutes=1))
    shared_clock.synchronise()

    assert shared_clock.ours(NOON) == NOON + timedelta(minutes=1)
    assert shared_clock.never_early(NOON + timedelta(minutes=1)) == NOON + timedelta(minutes=1)
