"""The promise of pacing: whatever comes, and however many pumps there are, no window is ever overspent."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import User
from platforms.quotas import MINUTE, Cost, Quota
from platforms.sandbox.models import Call, Entry
from publishing import engine, scheduling
from publishing.engine_rows import Spend
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Delivery, State
from publishing.tests.conftest import NOON
from publishing.tests.connecting import connect
from publishing.tests.network import Wire, World

Due = Callable[..., Delivery]
WINDOWS = (Quota("posts", 4, MINUTE, cost=(Cost(1),)), Quota("posts", 7, 5 * MINUTE, cost=(Cost(1),)))


def fullest(spends: list[Spend], within: timedelta) -> Decimal:
    """How much was taken in the fullest window there was."""
    return max(
        (sum((s.amount for s in spends if end.at - within < s.at <= end.at), Decimal(0)) for end in spends),
        default=Decimal(0),
    )


@pytest.mark.django_db
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrivals=st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 4), st.booleans()), min_size=1, max_size=12
    )
)
def test_no_window_is_ever_overspent(world: World, arrivals: list[tuple[int, int, bool]]) -> None:
    """Each arrival: after how many seconds, how much it takes, and whether it is cancelled while it waits."""
    Wire.allows(*WINDOWS)
    with transaction.atomic(), time_machine.travel(NOON, tick=False) as clock:
        account = AccountFactory(platform_name="wire", expires_at=None, refresh_at=None)
        post = PostFactory.create_batch(len(arrivals), workspace=account.workspace)
        sent: dict[int, Spend] = {}
        for one, (after, amount, is_cancelled) in zip(post, sorted(arrivals), strict=True):
            clock.move_to(NOON + timedelta(seconds=after))
            row = DeliveryFactory(
                post=one, account=account, state=State.SCHEDULED, due_at=now(), costs={"posts": amount}
            )
            _pump(sent)
            if is_cancelled:
                Delivery.objects.filter(pk=row.pk, reason_code="quota").update(state=State.CANCELLED)
        while (last := Delivery.objects.filter(reason_code="quota", state=State.SCHEDULED)).exists():
            clock.move_to(last.order_by("due_at")[0].due_at)
            _pump(sent)

        spends = sorted(sent.values(), key=lambda spend: spend.at)
        for quota in WINDOWS:
            assert fullest(spends, quota.within) <= quota.limit
        assert not Delivery.objects.filter(state=State.SCHEDULED).exists()
        transaction.set_rollback(True)


def _pump(sent: dict[int, Spend]) -> None:
    """Admit what is due, and note when it went."""
    for row in engine.claim("worker", 50):
        sent[row.pk] = Spend(at=now(), amount=Decimal(row.costs["posts"]))
        Delivery.objects.filter(pk=row.pk).update(state=State.PUBLISHED, remote_id="there", lease_until=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time")
def test_two_pumps_together_take_no_more_than_one_may(due: Due) -> None:
    Wire.allows(Quota("posts", 5, MINUTE, "app", (Cost(1),)), Quota("films", 3, MINUTE, cost=(Cost(1),)))
    accounts = AccountFactory.create_batch(3, platform_name="wire", expires_at=None, refresh_at=None)
    for n in range(30):
        due(f"post {n}", account=accounts[n % 3], costs={"posts": 1, "films": n % 2})
    start = threading.Barrier(4)
    taken: list[Delivery] = []

    def pump(name: str) -> None:
        start.wait()
        for _ in range(4):
            taken.extend(engine.claim(name, 3))
        connections.close_all()

    threads = [threading.Thread(target=pump, args=(f"pump {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len({row.pk for row in taken}) == 5
    assert Spend.objects.filter(bucket__key__endswith="posts", at__lte=NOON).count() == 5


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_on_a_network_that_takes_six_a_minute(
    sandbox: str, ada: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}
    account = connect(ada.memberships.get(), "tiktok")
    cake = MediaFactory(workspace=account.workspace)
    for n in range(8):
        post = PostFactory(workspace=account.workspace, text=f"Bread {n}", media=[cake])
        DeliveryFactory(post=post, account=account, options={"privacy": "PUBLIC_TO_EVERYONE"})
        scheduling.schedule(post, now())

    _publish_all()

    later = list(Delivery.objects.exclude(state=State.PUBLISHED).order_by("due_at"))
    assert Entry.objects.count() == 6
    assert [row.reason[:55] for row in later] == [
        "6 of 6 uploads a minute on TikTok are used. It goes out"
    ] * 2
    assert all(MINUTE < row.due_at - NOON < MINUTE + timedelta(seconds=5) for row in later)

    clock.move_to(later[1].due_at)
    _publish_all()

    assert set(Delivery.objects.values_list("state", "reason")) == {(State.PUBLISHED, "")}
    assert Entry.objects.count() == 8
    assert not Call.objects.filter(network="tiktok", status=429).exists()


def _publish_all() -> None:
    """Rounds of a pump, in which what is being processed is looked at again at once."""
    for _ in range(6):
        for delivery in engine.claim("worker", 20):
            engine.work(delivery)
        processing = Delivery.objects.filter(state=State.PUBLISHING, reason_code="processing")
        processing.update(due_at=now())
