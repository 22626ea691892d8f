"""The staff's page: true figures, switches that work, and the same few questions whatever there is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, MembershipFactory, UserFactory, client_of
from accounts.models import Account, AuditEvent, User, Workspace
from publishing.engine_rows import Bucket, Circuit, Heartbeat, Incident
from publishing.factories import AttemptFactory, DeliveryFactory, PostFactory
from publishing.models import Attempt, Delivery, State
from snsauto import figures
from snsauto.models import Pulse

pytestmark = pytest.mark.django_db
NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="mastodon", server="one.example")


@pytest.fixture
def sue(workspace: Workspace) -> User:
    """Staff."""
    person = UserFactory.create(name="Sue", is_staff=True, is_superuser=True)
    return MembershipFactory.create(user=person, workspace=workspace).user


def delivery(account: Account, **fields: Any) -> Delivery:
    fields = {"state": State.SCHEDULED, "due_at": NOON, "planned_at": NOON, **fields}
    return DeliveryFactory.create(account=account, post=PostFactory(workspace=account.workspace), **fields)


def published(account: Account, late: float, took: float, ago: timedelta = MINUTE) -> None:
    """One that went out, so many seconds late, in so many seconds."""
    finished = NOON - ago
    started = finished - timedelta(seconds=took)
    row = delivery(
        account, published=True, state=State.PUBLISHED, planned_at=started - timedelta(seconds=late)
    )
    outcome = Attempt.Outcome.PUBLISHED
    AttemptFactory.create(delivery=row, started_at=started, finished_at=finished, outcome=outcome)


def page(user: User, **headers: str) -> str:
    return client_of(user).get("/operations/", headers=headers).content.decode()


# --- figures ---


def test_each_delivery_counts_where_it_stands(account: Account) -> None:
    held = AccountFactory.create(workspace=account.workspace, platform_name="mastodon", is_paused=True)
    Account.objects.filter(pk=held.pk).update(server="one.example")
    delivery(account, due_at=NOON + MINUTE, planned_at=NOON + MINUTE)
    delivery(account)
    delivery(account, due_at=NOON - 6 * MINUTE)
    delivery(account, state=State.PUBLISHING, lease_until=NOON + MINUTE)
    delivery(account, state=State.PUBLISHING, due_at=NOON + MINUTE)
    delivery(held)
    for state in (State.FAILED, State.UNKNOWN, State.MISSED, State.DRAFT, State.CANCELLED):
        delivery(account, state=state)

    [row] = figures.networks(NOON)

    assert (row.name, row.server) == ("mastodon", "one.example")
    assert (row.planned, row.due, row.late, row.running, row.waiting, row.held) == (1, 2, 1, 1, 1, 1)
    assert (row.failed, row.unknown, row.missed) == (1, 1, 1)
    assert row.oldest_due_at == NOON - 6 * MINUTE


def test_a_lease_that_has_run_out_is_not_running(account: Account) -> None:
    delivery(account, state=State.PUBLISHING, lease_until=NOON - MINUTE)

    [row] = figures.networks(NOON)

    assert (row.running, row.due, row.waiting) == (0, 1, 0)


def test_the_last_hour_is_told_by_median_and_by_19_of_20(account: Account) -> None:
    for n in range(1, 21):
        published(account, late=n, took=n / 10)
    published(account, late=9999, took=9999, ago=timedelta(hours=2))

    [row] = figures.networks(NOON)

    assert row.published == 20
    assert (row.lateness.median, row.lateness.most) == (10, 19)
    assert (row.duration.median, row.duration.most) == (1, 1.9)


def test_servers_of_a_network_are_told_apart(account: Account) -> None:
    other = AccountFactory.create(workspace=account.workspace, platform_name="mastodon", server="two.example")
    delivery(account)
    delivery(other)

    assert [row.server for row in figures.networks(NOON)] == ["one.example", "two.example"]


def test_what_waits_says_for_what_and_until_when(account: Account) -> None:
    for minutes in (3, 1):
        delivery(
            account,
            state=State.PUBLISHING,
            due_at=NOON + minutes * MINUTE,
            reason_code="not_ready",
            reason="The video is processed.",
        )

    [group] = figures.waits(NOON)

    assert (group.count, group.at, group.reason) == (2, NOON + MINUTE, "The video is processed.")


def test_what_a_quota_puts_off_waits_and_is_no_longer_planned(account: Account) -> None:
    delivery(account, due_at=NOON + MINUTE, reason_code="quota", reason="50 a day are allowed.")

    [row] = figures.networks(NOON)
    [group] = figures.waits(NOON)

    assert (row.planned, row.waiting) == (0, 1)
    assert group.reason == "50 a day are allowed."


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"opened_at": NOON - MINUTE, "retry_at": NOON + MINUTE, "failures": 5}, "open"),
        ({"opened_at": NOON - MINUTE, "retry_at": NOON, "failures": 5}, "half_open"),
        ({"limited_until": NOON + MINUTE}, "limited"),
        ({"failures": 2}, "failing"),
    ],
)
def test_a_circuit_says_how_it_stands(db: None, fields: dict[str, Any], expected: str) -> None:
    Circuit.objects.create(platform_name="mastodon", **fields)

    [(_circuit, standing)] = figures.troubled_circuits(NOON)

    assert standing == expected


def test_a_sound_network_is_no_trouble(db: None) -> None:
    Circuit.objects.create(platform_name="mastodon")

    assert figures.troubled_circuits(NOON) == []


def test_a_pump_says_how_busy_it_is_and_whether_it_lives(account: Account) -> None:
    Heartbeat.objects.create(owner="here:1:a", beat_at=NOON)
    Heartbeat.objects.create(owner="there:2:b", beat_at=NOON - MINUTE)
    delivery(account, state=State.PUBLISHING, lease_until=NOON + MINUTE, owner="here:1:a")

    pumps = figures.pumps(NOON)

    assert [(pump.host, pump.busy, pump.is_alive) for pump in pumps] == [
        ("here", 1, True),
        ("there", 0, False),
    ]


# --- the page ---


@pytest.fixture
def trouble(account: Account) -> None:
    """Something of everything that the page shows."""
    delivery(account)
    delivery(account, state=State.FAILED, reason="It was refused.", reason_code="invalid_content")
    published(account, late=2, took=1)
    Circuit.objects.create(
        platform_name="mastodon", failures=5, opened_at=NOON, retry_at=NOON + MINUTE, reason="It is down."
    )
    Account.objects.update(limited_until=NOON + MINUTE)
    Bucket.objects.create(key="x app posts", remaining=0, resets_at=NOON + MINUTE)
    Incident.objects.create(kind="late", key="late", summary="40 posts are late.")
    Heartbeat.objects.create(owner="here:1:a", beat_at=NOON)
    Pulse.objects.create(host="here", cluster="default", seen_at=NOON)
    OrmQ.objects.create(key="default", payload="x", lock=NOON - MINUTE)


@pytest.mark.usefixtures("trouble")
def test_staff_see_everything_that_is_in_trouble(sue: User) -> None:
    shown = page(sue)

    for words in (
        "40 posts are late.",
        "It is down.",
        "Left alone",
        "1 account limited",
        "x app posts",
        "It was refused.",
        "of 48 threads busy",
        "Cluster default",
        "1 wait, 0 taken",
        "2.0\N{NO-BREAK SPACE}s\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}2.0\N{NO-BREAK SPACE}s",
    ):
        assert words in shown, words


def test_a_desk_without_workers_and_posts_says_so(sue: User) -> None:
    shown = page(sue)

    assert "No pump" in shown
    assert "No cluster was seen today" in shown
    assert "Nothing is planned" in shown
    assert "Nothing needs anybody." in shown


@pytest.mark.usefixtures("trouble")
def test_the_live_part_comes_alone_and_asks_again(sue: User) -> None:
    part = page(sue, hx_request="true")

    assert part.lstrip().startswith('<div class="stack stack--loose" id="live"')
    assert 'hx-trigger="every 5s"' in part
    assert "<html" not in part


@pytest.mark.usefixtures("trouble")
def test_the_page_costs_the_same_whatever_there_is(
    sue: User, account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(5):
        delivery(account, state=State.FAILED, reason_code=f"code_{n}")
        Heartbeat.objects.create(owner=f"there:{n}:b")
        Circuit.objects.create(platform_name="x", server=f"{n}", failures=1)
        Incident.objects.create(kind="late", key=f"late {n}", summary="Late.", workspace=account.workspace)
    client = client_of(sue)

    with django_assert_num_queries(17):  # three of the frame
        answer = client.get("/operations/")

    assert len(answer.content) < 100_000


PLACES = [
    "/operations/",
    "/operations/circuits/1/try/",
    "/operations/circuits/1/forget/",
    "/operations/buckets/1/forget/",
    "/operations/limits/forget/",
]


@pytest.mark.parametrize("path", PLACES)
def test_the_page_does_not_exist_for_others(ada: User, path: str) -> None:
    Circuit.objects.create(pk=1, platform_name="x", opened_at=NOON, retry_at=NOON + MINUTE)
    method = "get" if path == "/operations/" else "post"

    assert getattr(client_of(ada), method)(path).status_code == 404
    assert "/auth/login/" in getattr(Client(), method)(path)["Location"]
    assert Circuit.objects.get().retry_at == NOON + MINUTE
    assert "/operations/" not in client_of(ada).get("/campaigns/").content.decode()


# --- the presses ---


def test_a_network_is_tried_again_at_once(sue: User) -> None:
    circuit = Circuit.objects.create(
        platform_name="x", failures=5, opened_at=NOON, retry_at=NOON + MINUTE, trips=2
    )

    client_of(sue).post(f"/operations/circuits/{circuit.pk}/try/")

    circuit.refresh_from_db()
    assert figures.standing(circuit, NOON) == "half_open"
    assert circuit.trips == 2
    assert AuditEvent.objects.get().action == "circuit.probed"


def test_limits_are_forgotten(sue: User, account: Account) -> None:
    later = NOON + MINUTE
    circuit = Circuit.objects.create(platform_name="x", limited_until=later)
    bucket = Bucket.objects.create(key="x app posts", remaining=0, resets_at=later)
    other = AccountFactory.create(platform_name="x", limited_until=later)
    Account.objects.filter(pk=account.pk).update(limited_until=later)
    client = client_of(sue)

    client.post(f"/operations/circuits/{circuit.pk}/forget/")
    client.post(f"/operations/buckets/{bucket.pk}/forget/")
    client.post("/operations/limits/forget/", {"network": "mastodon", "server": "one.example"})

    for row in (circuit, bucket, account, other):
        row.refresh_from_db()
    assert (circuit.limited_until, bucket.resets_at, account.limited_until) == (None, None, None)
    assert other.limited_until == later


@pytest.mark.parametrize("path", PLACES[1:4])
def test_what_is_gone_meanwhile_is_not_found(sue: User, path: str) -> None:
    assert client_of(sue).post(path).status_code == 404


def test_a_group_leads_to_its_rows_in_the_admin(sue: User, account: Account) -> None:
    delivery(account, state=State.FAILED, reason_code="invalid_content", reason="It was refused.")
    delivery(account, state=State.FAILED, reason_code="other", reason="Something else.")
    [group, _other] = sorted(figures.troubles(NOON), key=lambda group: group.reason_code)

    answer = client_of(sue).get(f"/admin/publishing/delivery/?{group.query}")

    assert answer.status_code == 200
    assert [row.reason for row in answer.context["cl"].result_list] == ["It was refused."]
