"""The alarm: it opens once, tells once, and says when it is over."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils.timezone import now

from accounts.factories import AccountFactory, UserFactory
from accounts.models import Account, Notification, User, Workspace
from accounts.tasks import mail_notices
from publishing.alarm import watch
from publishing.engine_rows import Circuit, Heartbeat, Incident, Switch
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from publishing.tests.conftest import NOON
from publishing.tests.network import World

pytestmark = pytest.mark.django_db
Make = Callable[..., Delivery]


@pytest.fixture
def sue(db: None) -> User:
    """Staff."""
    return UserFactory.create(name="Sue", is_staff=True)


@pytest.fixture(autouse=True)
def pump(clock: time_machine.Traveller, db: None) -> Heartbeat:
    """One that is at work."""
    return Heartbeat.objects.create(owner="a pump", beat_at=NOON + timedelta(minutes=30))


@pytest.fixture
def harbour(world: World, workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="wire", handle="harbour")


@pytest.fixture
def late(harbour: Account, ada: User, clock: time_machine.Traveller) -> Make:
    """Makes a delivery that was due six minutes ago."""

    def make(**fields: object) -> Delivery:
        post = fields.pop("post", None) or PostFactory.create(workspace=harbour.workspace)
        values = {"account": harbour, "state": State.SCHEDULED, "due_at": NOON - timedelta(minutes=6)}
        return DeliveryFactory.create(post=post, **{**values, **fields})

    return make


def told(user: User) -> list[str]:
    return [notice.text for notice in Notification.objects.told_to(user)]


def opened() -> list[str]:
    return list(Incident.objects.filter(closed_at=None).order_by("key").values_list("key", flat=True))


# --- late ---


@pytest.mark.parametrize("state", [State.SCHEDULED, State.PUBLISHING])
def test_what_is_late_is_an_incident_of_its_workspace_and_of_the_desk(
    late: Make, workspace: Workspace, state: State
) -> None:
    late(state=state)

    watch()

    assert opened() == ["late", f"late:{workspace.pk}"]
    assert list(Incident.objects.order_by("key").values_list("workspace", "count")) == [
        (None, 1),
        (workspace.pk, 1),
    ]


def test_people_of_the_workspace_and_staff_are_told_once(
    late: Make, ada: User, ben: User, vic: User, cho: User, sue: User, clock: time_machine.Traveller
) -> None:
    for _ in range(3):
        late()
    watch()
    late()
    clock.shift(timedelta(minutes=1))

    watch()
    mail_notices()

    assert told(ada) == told(ben) == ["3 posts are late; the oldest was due at 13:54 (Berlin)."]
    assert told(sue) == ["3 posts are late by more than five minutes: Wire 3."]
    assert told(vic) == told(cho) == []
    assert sorted(message.to[0] for message in mail.outbox) == sorted([ada.email, ben.email, sue.email])
    assert Incident.objects.get(key="late").count == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"due_at": NOON - timedelta(minutes=5)},
        {"due_at": NOON + timedelta(minutes=1), "state": State.PUBLISHING},
        {"state": State.DRAFT},
        {"state": State.MISSED},
        {"state": State.CANCELLED},
    ],
    ids=["five minutes", "waits for later", "draft", "missed", "cancelled"],
)
def test_what_is_not_late_is_no_incident(late: Make, fields: dict[str, object]) -> None:
    late(**fields)

    assert watch() == 0


def limited() -> None:
    Account.objects.update(limited_until=NOON + timedelta(minutes=1))


def paused() -> None:
    Account.objects.update(is_paused=True)


def workspace_paused() -> None:
    Workspace.objects.update(is_paused=True)


def stopped() -> None:
    Switch.objects.create(pk=1, is_stopped=True)


@pytest.mark.parametrize("hold", [limited, paused, workspace_paused, stopped])
def test_what_is_held_back_for_a_reason_that_is_said_is_no_incident(
    late: Make, hold: Callable[[], None]
) -> None:
    late()
    hold()

    assert watch() == 0


def test_a_limit_that_is_over_holds_nothing_back(late: Make) -> None:
    late()
    Account.objects.update(limited_until=NOON)

    assert watch() == 2


def test_it_closes_by_itself_and_says_so(
    late: Make, ada: User, sue: User, clock: time_machine.Traveller
) -> None:
    row = late()
    watch()
    Delivery.objects.filter(pk=row.pk).update(state=State.PUBLISHED, remote_id="1")
    clock.shift(timedelta(minutes=12))

    watch()
    watch()

    assert opened() == []
    assert told(ada)[0] == ("Over after 12 minutes: “1 post is late; it was due at 13:54 (Berlin).”")
    assert [len(told(person)) for person in (ada, sue)] == [2, 2]


def test_the_next_time_is_another_incident(late: Make, ada: User, clock: time_machine.Traveller) -> None:
    row = late()
    watch()
    Delivery.objects.update(state=State.CANCELLED)
    watch()
    Delivery.objects.filter(pk=row.pk).update(state=State.SCHEDULED)

    watch()

    assert Incident.objects.filter(workspace__isnull=False).count() == 2
    assert len(told(ada)) == 3


def test_each_workspace_hears_of_its_own(late: Make, ada: User, cho: User, world: World) -> None:
    elsewhere = cho.memberships.get().workspace
    late()
    for _ in range(2):
        late(
            post=PostFactory(workspace=elsewhere),
            account=AccountFactory(workspace=elsewhere, platform_name="wire"),
        )

    watch()

    assert [text[:7] for text in (*told(ada), *told(cho))] == ["1 post ", "2 posts"]


def test_the_log_has_one_line(late: Make, caplog: pytest.LogCaptureFixture) -> None:
    late()

    watch()
    watch()

    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 2  # the workspace's and the desk's


@pytest.mark.django_db(transaction=True)
def test_two_watches_at_one_moment_open_and_tell_once(late: Make, ada: User) -> None:
    late()

    def look() -> None:
        try:
            watch()
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened()) == 2
    assert len(told(ada)) == 1


# --- networks ---


def test_a_network_that_stays_silent_is_told_to_staff(
    world: World, sue: User, ada: User, clock: time_machine.Traveller
) -> None:
    Circuit.objects.create(platform_name="wire", server="a.example", opened_at=NOON, reason="Read timed out.")
    quiet = watch()
    clock.shift(timedelta(minutes=5))

    watch()

    assert quiet == 0
    assert opened() == ["circuit:wire a.example"]
    assert Incident.objects.get().opened_at == NOON
    assert told(sue) == ["Wire a.example does not answer: Read timed out."]
    assert told(ada) == []


def test_a_network_that_answers_again_is_told_too(
    world: World, sue: User, clock: time_machine.Traveller
) -> None:
    Circuit.objects.create(platform_name="wire", opened_at=NOON - timedelta(minutes=10), reason="Down.")
    watch()
    Circuit.objects.update(opened_at=None)
    clock.shift(timedelta(minutes=2))

    watch()

    assert told(sue)[0] == "Over after 12 minutes: “Wire does not answer: Down.”"


# --- pumps ---


def test_no_pump_for_two_minutes_is_told_to_staff(sue: User, pump: Heartbeat) -> None:
    Heartbeat.objects.update(beat_at=NOON - timedelta(minutes=2, seconds=1))

    watch()

    assert told(sue) == ["No pump is at work: nothing goes out. Look at the publishing cluster."]


def test_a_pump_that_was_seen_a_minute_ago_is_at_work(sue: User) -> None:
    Heartbeat.objects.update(beat_at=NOON - timedelta(minutes=2))

    assert watch() == 0


def test_a_start_without_a_pump_is_given_two_minutes(sue: User, clock: time_machine.Traveller) -> None:
    Heartbeat.objects.all().delete()
    watch()
    at_first = told(sue)
    clock.shift(timedelta(minutes=2))

    watch()

    assert at_first == []
    assert len(told(sue)) == 1


def test_a_start_that_went_well_leaves_no_trace(sue: User, clock: time_machine.Traveller) -> None:
    Heartbeat.objects.all().delete()
    watch()
    Heartbeat.objects.create(owner="a pump", beat_at=now())

    watch()

    assert told(sue) == []
    assert not Incident.objects.exists()
