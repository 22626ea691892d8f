"""The pump: threads, heartbeats and hand-over."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now
from django_q.models import OrmQ

from publishing import pump as pumping
from publishing import tasks
from publishing.bell import FRESH, ring, seat_of
from publishing.engine_rows import Heartbeat, Switch
from publishing.models import Attempt, Delivery, State
from publishing.pump import Pump, wait_for_seat
from publishing.tests.network import World

pytestmark = pytest.mark.django_db(transaction=True)


def open_files() -> int:
    """Files and sockets that this process holds: a leaked database connection is one of them."""
    return len(list(Path("/proc/self/fd").iterdir()))


def after(rounds: int) -> Callable[[], bool]:
    """A stop sign that stands after some rounds."""
    left = iter(range(rounds))
    return lambda: next(left, None) is None


def test_everything_due_goes_out_once(due: Callable[..., Delivery], world: World) -> None:
    for n in range(30):
        due(f"text {n}")

    taken = Pump(threads=4).once()

    assert taken == 30
    assert sorted(world.posts) == sorted(f"text {n}" for n in range(30))
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.PUBLISHED}


def test_no_connection_and_no_thread_is_left_behind(due: Callable[..., Delivery]) -> None:
    held = []
    for _ in range(3):
        for n in range(10):
            due(f"text {n}")
        Pump(threads=5).once()
        held.append((open_files(), threading.active_count()))

    assert held[1] == held[2]
    assert held[0][1] == held[2][1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_stops_nobody_else(due: Callable[..., Delivery], world: World) -> None:
    broken = due("broken")
    due("whole")
    world.before = [ZeroDivisionError("a bug")]

    enough = after(50)
    Pump(threads=1).run(lambda: "whole" in world.posts or enough())

    assert world.posts == ["whole"]
    assert Delivery.objects.get(pk=broken.pk).state == State.PUBLISHING


def test_a_pump_beats_while_it_lives_and_no_longer(due: Callable[..., Delivery], world: World) -> None:
    due()
    beats = []
    world.on_send = lambda _text: beats.append(Heartbeat.objects.count())

    Pump(threads=1).run(after(3))

    assert beats == [1]
    assert not Heartbeat.objects.exists()


@pytest.fixture
def held_up(world: World) -> Callable[[Callable[[], None]], None]:
    """Makes the first request do something, then wait until what was taken ahead was given back (or 5 s)."""

    def hold(do: Callable[[], None]) -> None:
        def first(_text: str) -> None:
            world.on_send = lambda _text: None
            do()
            held = Delivery.objects.filter(lease_until__isnull=False)
            for _ in range(100):
                if held.count() <= 1:
                    break
                threading.Event().wait(0.05)

        world.on_send = first

    return hold


def test_what_was_taken_ahead_and_not_begun_is_given_back(
    due: Callable[..., Delivery], world: World, held_up: Callable[..., None]
) -> None:
    for n in range(6):
        due(f"text {n}")
    stop = threading.Event()
    held_up(stop.set)

    Pump(threads=1).run(stop.is_set)

    left = Delivery.objects.exclude(state=State.PUBLISHED)
    assert (len(world.posts), left.count()) == (1, 5)
    assert set(left.values_list("state", "lease_until", "owner", "crashes")) == {("scheduled", None, "", 0)}
    assert set(left.values_list("started_at", "give_up_at", "attempts")) == {(None, None, None)}
    Pump(threads=1).once()
    assert sorted(world.posts) == [f"text {n}" for n in range(6)]
    assert Attempt.objects.count() == 6


def test_what_was_taken_ahead_stays_when_the_desk_is_stopped(
    due: Callable[..., Delivery],
    world: World,
    held_up: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pumping, "TIDY_SECONDS", 0.0)
    for n in range(6):
        due(f"text {n}")
    held_up(lambda: Switch.objects.create(pk=1, is_stopped=True))

    Pump(threads=1).run(lambda: bool(world.posts))

    assert len(world.posts) == 1
    assert Delivery.objects.exclude(state=State.PUBLISHED).count() == 5


def test_a_pump_hands_over_to_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LIFE_SECONDS", 0.0)

    tasks.pump()

    assert [queued.func() for queued in OrmQ.objects.all()] == ["publishing.tasks.pump"]
    assert OrmQ.objects.get().key == "publishing"


def test_a_second_pump_is_not_needed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Heartbeat.objects.create(owner="other", seat=seat_of(os.getppid()), beat_at=now())
    monkeypatch.setattr(
        pumping.time, "sleep", lambda _s: Heartbeat.objects.filter(pk=other.pk).update(beat_at=now())
    )

    assert tasks.pump() == 0
    assert not OrmQ.objects.exists()


def test_the_last_heartbeat_of_a_dead_pump_holds_nobody_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Heartbeat.objects.create(owner="dead", seat="here", beat_at=now() - FRESH)
    answers = iter([True, True, False])
    monkeypatch.setattr(pumping, "others_alive", lambda _owner: next(answers))

    assert wait_for_seat(Pump(threads=1, seat="here")) is True


def test_of_two_pumps_that_start_together_one_stays(world: World) -> None:
    first, second = Pump(threads=1, seat="here"), Pump(threads=1, seat="here")

    seats = [first.sit(), second.sit(), first.sit()]

    assert seats == [True, False, True]
    assert [beat.owner for beat in Heartbeat.objects.all()] == [first.owner]


def test_each_cluster_has_a_pump_of_its_own(world: World) -> None:
    here, there = Pump(threads=1, seat="here"), Pump(threads=1, seat="there")

    assert [here.sit(), there.sit()] == [True, True]
    assert Heartbeat.objects.count() == 2


def test_ringing_starts_a_pump_only_where_none_is_alive(world: World) -> None:
    ring()
    assert OrmQ.objects.count() == 1

    Heartbeat.objects.create(owner="alive", beat_at=now())
    ring()

    assert OrmQ.objects.count() == 1


def test_pumps_that_died_long_ago_are_forgotten(world: World) -> None:
    Heartbeat.objects.create(owner="dead", beat_at=now() - timedelta(days=1))

    tasks.ensure_pump()

    assert not Heartbeat.objects.exists()
    assert OrmQ.objects.count() == 1
