"""What Prometheus reads: only with the token, in its own format, true, bounded and cheap."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from publishing.engine_rows import Circuit, Heartbeat, Incident, Switch
from publishing.factories import AttemptFactory, DeliveryFactory
from publishing.models import Attempt, Delivery, State
from snsauto import tallies, tasks
from snsauto.metrics import describe
from snsauto.models import Pulse, Tally

pytestmark = pytest.mark.django_db
NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOKEN = "a-token-of-the-tests"
Outcome = Attempt.Outcome


@pytest.fixture(autouse=True)
def noon(settings: Settings) -> Iterator[time_machine.Traveller]:
    settings.METRICS_TOKEN = TOKEN
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def scrape() -> list[Sample]:
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.content
    families = text_string_to_metric_families(answer.content.decode())
    return [sample for family in families for sample in family.samples]


def value(name: str, **labels: str) -> float | None:
    found = [sample.value for sample in scrape() if sample.name == name and sample.labels == labels]
    return found[0] if found else None


def attempt(outcome: str, network: str = "mastodon", ago: timedelta = MINUTE, took: float = 1.0) -> Attempt:
    finished = NOON - ago
    started = finished - timedelta(seconds=took)
    delivery = DeliveryFactory.create(
        account__platform_name=network, published=True, planned_at=started - timedelta(seconds=3)
    )
    return AttemptFactory.create(delivery=delivery, outcome=outcome, started_at=started, finished_at=finished)


# --- who may ask ---


def test_without_the_setting_there_is_no_such_page(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    answer = Client().get("/metrics", headers={"authorization": "Bearer "})

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("header", "status"),
    [("", 401), ("Basic YTpi", 401), ("Bearer", 403), ("Bearer wrong", 403), ("Bearer ä", 403)],
)
def test_who_does_not_know_the_token_learns_nothing(header: str, status: int) -> None:
    answer = Client().get("/metrics", headers={"authorization": header})

    assert answer.status_code == status
    assert b"snsauto" not in answer.content


def test_the_answer_is_of_prometheus_own_type_and_not_kept() -> None:
    answer = Client().get("/metrics", headers={"authorization": f"bearer {TOKEN}"})

    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"


def test_nothing_is_changed_through_it() -> None:
    assert Client().post("/metrics").status_code == 405


# --- gauges ---


def test_deliveries_are_counted_by_network_and_state() -> None:
    for server in ("one.example", "two.example"):
        account = AccountFactory.create(platform_name="mastodon", server=server)
        DeliveryFactory.create(account=account, state=State.SCHEDULED, due_at=NOON - 6 * MINUTE)

    assert value("snsauto_deliveries", network="mastodon", state="late") == 2
    assert value("snsauto_deliveries", network="x", state="late") == 0
    assert value("snsauto_oldest_due_age_seconds") == 360


def test_how_late_and_how_long_is_told_by_quantiles() -> None:
    for took in (1.0, 2.0, 9.0):
        attempt(Outcome.PUBLISHED, took=took)

    assert value("snsauto_lateness_seconds", network="mastodon", quantile="0.5") == 3
    assert value("snsauto_duration_seconds", network="mastodon", quantile="0.5") == 2
    assert value("snsauto_duration_seconds", network="mastodon", quantile="0.99") == 9
    assert value("snsauto_published_last_hour", network="mastodon") == 3


def test_workers_circuits_incidents_and_the_switch_are_told() -> None:
    Heartbeat.objects.create(owner="here:1:a", beat_at=NOON)
    Heartbeat.objects.create(owner="gone:1:a", beat_at=NOON - MINUTE)
    Pulse.objects.create(host="here", cluster="default", seen_at=NOON - MINUTE)
    Circuit.objects.create(platform_name="x", opened_at=NOON, retry_at=NOON + MINUTE, failures=5)
    Incident.objects.create(kind="late", key="late", summary="Late.")
    Switch.stop(None)

    assert value("snsauto_pumps_alive") == 1
    assert value("snsauto_clusters_alive", cluster="default") == 1
    assert value("snsauto_clusters_alive", cluster="publishing") == 0
    assert value("snsauto_cluster_pulse_age_seconds", cluster="default") == 60
    assert value("snsauto_circuits_open", network="x") == 1
    assert value("snsauto_circuits_open", network="mastodon") == 0
    assert value("snsauto_incidents_open", kind="late") == 1
    assert value("snsauto_incidents_open", kind="pump") == 0
    assert value("snsauto_desk_stopped") == 1


def test_labels_do_not_grow_with_use(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    def series() -> set[tuple[str, ...]]:
        return {(sample.name, *sample.labels.values()) for sample in scrape()}

    attempt(Outcome.PUBLISHED)
    before = series()
    for n in range(4):
        account = AccountFactory.create(platform_name="mastodon", server=f"{n}.example")
        DeliveryFactory.create(account=account, state=State.FAILED, reason_code=f"code_{n}")
        Circuit.objects.create(platform_name="mastodon", server=f"{n}.example", failures=1)
        Heartbeat.objects.create(owner=f"host{n}:1:a", beat_at=NOON)
        attempt(Outcome.PUBLISHED)

    assert series() == before
    with django_assert_num_queries(15):
        scrape()


def test_every_metric_stands_in_the_documents() -> None:
    written = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()

    names = {f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in describe()}

    assert not [name for name in names if f"`{name}`" not in written]
    assert set(re.findall(r"`(snsauto_\w+)`", written)) == names


# --- counters ---


def count(outcome: str, network: str = "mastodon") -> float | None:
    return value("snsauto_attempts_total", network=network, outcome=outcome)


def test_attempts_are_counted_by_what_they_came_to() -> None:
    for outcome in (Outcome.PUBLISHED, Outcome.PUBLISHED, Outcome.RETRY, Outcome.REFUSED, Outcome.UNKNOWN):
        attempt(outcome)

    assert [count(outcome) for outcome in ("published", "retry", "refused", "unknown")] == [2, 1, 1, 1]
    assert count("published", network="x") == 0


def test_an_attempt_under_way_counts_when_it_has_ended() -> None:
    waiting = attempt(Outcome.WAITING)
    assert count("waiting") is None

    Attempt.objects.filter(pk=waiting.pk).update(outcome=Outcome.PUBLISHED, finished_at=NOON)

    assert count("published") == 1


def test_rolling_up_changes_no_count(noon: time_machine.Traveller) -> None:
    attempt(Outcome.PUBLISHED, ago=timedelta(days=400))
    attempt(Outcome.PUBLISHED)

    tasks.roll_up()
    assert count("published") == 2
    noon.shift(timedelta(hours=1))
    tasks.roll_up()
    tasks.roll_up()

    assert count("published") == 2
    assert Tally.objects.get().totals == [["mastodon", "published", 2]]


def test_what_is_rolled_up_stays_counted_when_the_post_is_deleted() -> None:
    attempt(Outcome.PUBLISHED, ago=timedelta(hours=1))
    tasks.roll_up()

    Delivery.objects.all().delete()

    assert count("published") == 1


def test_what_was_just_written_is_left_for_the_next_time() -> None:
    attempt(Outcome.PUBLISHED, ago=timedelta(minutes=9))

    tallies.roll_up()

    assert Tally.objects.get().totals == []
    assert count("published") == 1
