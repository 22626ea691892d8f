"""A network that does not answer is left alone, and probed by one delivery at a time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from accounts.factories import AccountFactory
from accounts.models import Account
from platforms.errors import InvalidContent, OutcomeUnknown, RateLimited, Unavailable
from publishing import circuits, engine, pacing
from publishing.circuits import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, PROBE
from publishing.engine_rows import Circuit
from publishing.models import Delivery, State
from publishing.tests.conftest import NOON
from publishing.tests.network import World

pytestmark = pytest.mark.django_db
Due = Callable[..., Delivery]


def account(server: str = "") -> Account:
    return AccountFactory(platform_name="wire", server=server, expires_at=None, refresh_at=None)


def run(at_most: int = 10) -> list[str]:
    """One round; the texts that were tried."""
    claimed = engine.claim("worker", at_most)
    for delivery in claimed:
        engine.work(delivery)
    return [delivery.post.text for delivery in claimed]


@pytest.fixture
def broken(due: Due, world: World) -> Circuit:
    """A network that has just failed often enough."""
    for n in range(FAILURES):
        due(f"failed {n}")
    world.before = [Unavailable("down")] * FAILURES
    run()
    return Circuit.objects.get()


def test_failures_in_a_row_open_the_circuit(broken: Circuit, due: Due, world: World) -> None:
    due("waits")

    assert (broken.failures, broken.opened_at, broken.retry_at) == (FAILURES, NOON, NOON + FIRST_PAUSE)
    assert broken.reason == "down"
    assert run() == []
    assert world.posts == []


def test_one_delivery_probes_and_opens_the_way(
    broken: Circuit, due: Due, world: World, clock: time_machine.Traveller
) -> None:
    due("one")
    due("two")
    clock.shift(FIRST_PAUSE)

    assert len(run()) == 1
    assert set(run()) & {"one", "two"}
    broken.refresh_from_db()
    assert (broken.failures, broken.opened_at, broken.retry_at) == (0, None, None)


def test_a_probe_that_fails_doubles_the_pause(
    broken: Circuit, due: Due, world: World, clock: time_machine.Traveller
) -> None:
    due("probe", due_at=NOON - timedelta(minutes=1))
    clock.shift(FIRST_PAUSE)
    world.before = [Unavailable("still down")]

    assert run() == ["probe"]
    broken.refresh_from_db()
    assert broken.retry_at == NOON + FIRST_PAUSE + 2 * FIRST_PAUSE
    assert run() == []


def test_the_pause_has_an_end(broken: Circuit, due: Due, world: World, clock: time_machine.Traveller) -> None:
    Circuit.objects.update(trips=30)
    due("probe", due_at=NOON - timedelta(minutes=1))
    clock.shift(FIRST_PAUSE)
    world.before = [Unavailable("still down")]

    run()

    broken.refresh_from_db()
    assert broken.retry_at == NOON + FIRST_PAUSE + LONGEST_PAUSE


def test_only_one_pump_gets_the_probe(broken: Circuit, due: Due, clock: time_machine.Traveller) -> None:
    due("one")
    due("two")
    clock.shift(FIRST_PAUSE)

    first, second = engine.claim("one pump", 10), engine.claim("another pump", 10)

    assert (len(first), second) == (1, [])


def test_a_probe_whose_worker_died_is_followed_by_another(
    broken: Circuit, due: Due, clock: time_machine.Traveller
) -> None:
    due("one")
    clock.shift(FIRST_PAUSE)
    engine.claim("dies", 10)
    assert engine.claim("other", 10) == []
    clock.shift(PROBE)

    assert len(engine.claim("other", 10)) == 1


def test_a_probe_that_is_still_processed_is_an_answer(
    broken: Circuit, due: Due, world: World, clock: time_machine.Traveller
) -> None:
    due("probe", due_at=NOON - timedelta(minutes=1))
    clock.shift(FIRST_PAUSE)
    world.processed = False

    run()

    broken.refresh_from_db()
    assert (broken.failures, broken.opened_at) == (0, None)


def test_a_probe_that_never_asked_the_network_is_given_back(
    broken: Circuit, due: Due, clock: time_machine.Traveller
) -> None:
    gone = account()
    Account.objects.filter(pk=gone.pk).update(state=Account.State.DISCONNECTED)
    due("disconnected", account=gone, due_at=NOON - timedelta(minutes=1))
    due("next")
    clock.shift(FIRST_PAUSE)

    assert run() == ["disconnected"]
    assert run() == ["next"]


def test_a_look_that_cannot_tell_says_nothing_about_the_network(
    due: Due, world: World, clock: time_machine.Traveller
) -> None:
    for n in range(2):
        due(f"text {n}")
    world.after = [OutcomeUnknown("broke off")] * 2
    world.unsure = OutcomeUnknown("not shown yet")

    run()
    for _ in range(3):
        clock.shift(timedelta(minutes=2))
        run()

    assert world.looks == 6
    assert Circuit.objects.get().failures == 2


def test_waiting_for_a_network_uses_up_no_attempts(
    broken: Circuit, due: Due, clock: time_machine.Traveller
) -> None:
    waits = due("waits")
    clock.shift(timedelta(seconds=5))

    run()

    waits.refresh_from_db()
    assert (waits.state, waits.attempts_left, waits.attempts.count()) == (State.SCHEDULED, 3, 0)


def test_another_server_of_the_same_network_goes_on(broken: Circuit, due: Due, world: World) -> None:
    due("elsewhere", account=account("other.example"))

    assert run() == ["elsewhere"]
    assert world.posts == ["elsewhere"]


@pytest.mark.parametrize("answer", [InvalidContent("too long"), RateLimited("slow down"), None])
def test_a_refusal_a_limit_and_a_success_are_answers(
    answer: Exception | None, due: Due, world: World
) -> None:
    for n in range(FAILURES - 1):
        due(f"failed {n}")
    world.before = [Unavailable("down")] * (FAILURES - 1)
    run()
    due("answered", account=account())
    world.before = [answer]

    run()

    assert Circuit.objects.get().failures == 0


def test_an_app_that_is_limited_waits_as_a_whole(
    due: Due, world: World, clock: time_machine.Traveller
) -> None:
    due("one")
    due("two", account=account("other.example"))
    pacing.hold_back(account(), NOON + timedelta(minutes=2), "app")

    assert run() == ["two"]
    clock.shift(timedelta(minutes=2))
    assert run() == ["one"]


def test_a_person_may_close_it(broken: Circuit, due: Due, world: World) -> None:
    due("again")

    circuits.close(("wire", ""))

    assert run() == ["again"]


def test_a_sound_network_costs_no_query(due: Due, django_assert_num_queries: Callable[..., object]) -> None:
    [delivery] = [due()] and engine.claim("worker", 1)
    known = circuits.read(NOON)

    with django_assert_num_queries(0):
        circuits.note(delivery.account, None, known, is_probe=False)


def test_what_waits_for_longer_than_a_day_is_given_up_in_words(
    broken: Circuit, due: Due, clock: time_machine.Traveller
) -> None:
    retried = Delivery.objects.get(post__text="failed 0")
    Circuit.objects.update(retry_at=NOON + timedelta(days=9))
    clock.shift(timedelta(days=1, minutes=1))

    run()

    retried.refresh_from_db()
    assert retried.state == State.FAILED
    assert retried.reason == "It did not get through within a day."
