"""The kill switches: nothing goes out while one is pressed, and nothing in a rush afterwards."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from time_machine import Traveller

from accounts.models import AuditEvent, User
from publishing import engine
from publishing.engine_rows import Switch
from publishing.models import Delivery, State
from publishing.tests.network import World

pytestmark = pytest.mark.django_db


def halt(which: str, delivery: Delivery, user: User, on: bool = True) -> None:
    """Press one of the three switches, or put it back."""
    if which == "desk":
        Switch.stop(user, "moving house") if on else Switch.start(user)
    elif which == "workspace":
        delivery.account.workspace.set_paused(on, user)
    else:
        delivery.account.set_paused(on)


def run() -> list[str]:
    """One round of a worker: the states of what it took, afterwards."""
    claimed = engine.claim("worker", 10)
    for delivery in claimed:
        engine.work(delivery)
    return [Delivery.objects.get(pk=delivery.pk).state for delivery in claimed]


@pytest.mark.parametrize("which", ["desk", "workspace", "account"])
def test_nothing_goes_out_while_it_is_stopped(
    due: Callable[..., Delivery], world: World, ada: User, which: str
) -> None:
    halt(which, due(), ada)

    assert run() == []
    assert world.posts == []


@pytest.mark.parametrize("which", ["desk", "workspace", "account"])
def test_it_goes_on_where_it_was_not_long(
    due: Callable[..., Delivery], world: World, ada: User, clock: Traveller, which: str
) -> None:
    delivery = due()
    halt(which, delivery, ada)
    clock.shift(timedelta(minutes=5))

    halt(which, delivery, ada, on=False)

    assert run() == [State.PUBLISHED]
    assert world.posts == ["Good morning"]


@pytest.mark.parametrize("which", ["desk", "workspace", "account"])
def test_what_became_too_late_meanwhile_is_missed_and_never_sent(
    due: Callable[..., Delivery], world: World, ada: User, clock: Traveller, which: str
) -> None:
    delivery = due()
    halt(which, delivery, ada)
    clock.shift(timedelta(hours=2))

    halt(which, delivery, ada, on=False)

    assert run() == []
    assert world.posts == []
    assert Delivery.objects.get().state == State.MISSED


def test_another_workspace_goes_on(due: Callable[..., Delivery], world: World, ada: User) -> None:
    halt("workspace", due("held"), ada)
    due("free")

    run()

    assert world.posts == ["free"]


def test_a_switch_is_pressed_once_and_says_by_whom(ada: User) -> None:
    pressed = [Switch.stop(ada, "moving house"), Switch.stop(ada, "again")]

    switch = Switch.current()
    assert pressed == [True, False]
    assert (switch.is_stopped, switch.reason, switch.changed_by) == (True, "moving house", ada)
    assert [event.action for event in AuditEvent.objects.all()] == ["desk.stopped"]


def test_a_switch_that_nobody_pressed_is_on(db: None) -> None:
    assert not Switch.current().is_stopped
    assert not Switch.start(None)


def test_a_pause_of_a_workspace_is_written_down_once(ada: User) -> None:
    workspace = ada.memberships.get().workspace

    pressed = [workspace.set_paused(True, ada), workspace.set_paused(True, ada)]

    assert pressed == [True, False]
    assert [(event.action, event.user) for event in AuditEvent.objects.all()] == [("workspace.paused", ada)]


def test_the_desk_is_stopped_and_started_by_hand(db: None) -> None:
    said = StringIO()

    for command in (["stop_sending", "--reason", "restore"], ["stop_sending"], ["start_sending"]):
        call_command(*command, stdout=said)

    assert said.getvalue().splitlines() == [
        "Nothing is sent now.",
        "The desk was stopped already.",
        "The desk sends again.",
    ]
    assert Switch.current().changed_by is None
