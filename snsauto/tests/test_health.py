"""Whether the desk says truly how it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from publishing.engine_rows import Circuit, Heartbeat
from publishing.factories import DeliveryFactory
from snsauto import health
from snsauto.models import Pulse

NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon() -> Any:
    health._read_missing_migrations.cache_clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def well(db: None) -> None:
    """A pump that beats and two clusters that answer."""
    Heartbeat.objects.create(owner="pump", beat_at=NOON - timedelta(seconds=1))
    for cluster in ("default", "publishing"):
        Pulse.objects.create(host="here", cluster=cluster, seen_at=NOON - timedelta(seconds=20))


def checks(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/health/ready")
    return response.status_code, response.json()["checks"]


def test_alive_asks_nobody(client: Client) -> None:
    response = client.get("/health")  # without a database: pytest would refuse

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("well")
def test_desk_that_works_is_ready(client: Client) -> None:
    status, said = checks(client)

    assert status == 200
    assert all(check["ok"] for check in said.values())
    assert list(said) == ["database", "migrations", "pump", "cluster default", "cluster publishing", "queue"]


@pytest.mark.usefixtures("well")
def test_answer_is_not_kept_on_the_way(client: Client) -> None:
    assert client.get("/health/ready")["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("well")
def test_question_is_cheap(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.get("/health/ready")

    with django_assert_num_queries(5):  # one that it answers, pump, clusters, queue, networks
        client.get("/health/ready")


@pytest.mark.django_db
def test_desk_without_workers_is_not_ready(client: Client) -> None:
    status, said = checks(client)

    assert status == 503
    assert said["database"]["ok"]
    assert said["pump"] == {"ok": False, "said": "was never seen", "seconds": None}


@pytest.mark.usefixtures("well")
def test_log_says_in_one_line_why_the_desk_is_not_ready(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    Heartbeat.objects.update(beat_at=NOON - timedelta(minutes=4))

    client.get("/health/ready")

    [line] = caplog.records
    assert line.levelname == "WARNING"
    assert "not ready" in line.getMessage()
    assert "seen 4 min ago" in line.getMessage()


@pytest.mark.usefixtures("well")
def test_silent_pump_is_said_with_its_age(client: Client) -> None:
    Heartbeat.objects.update(beat_at=NOON - timedelta(minutes=4))

    status, said = checks(client)

    assert status == 503
    assert said["pump"] == {"ok": False, "said": "seen 4 min ago", "seconds": 240.0}


@pytest.mark.usefixtures("well")
def test_one_silent_cluster_is_enough(client: Client) -> None:
    Pulse.objects.filter(cluster="publishing").update(seen_at=NOON - timedelta(minutes=10))

    status, said = checks(client)

    assert status == 503
    assert (said["cluster default"]["ok"], said["cluster publishing"]["ok"]) == (True, False)


@pytest.mark.usefixtures("well")
def test_cluster_of_any_machine_counts(client: Client) -> None:
    Pulse.objects.create(host="gone", cluster="default", seen_at=NOON - timedelta(days=3))

    status, _said = checks(client)

    assert status == 200


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(("late", "status"), [(timedelta(minutes=4), 200), (timedelta(minutes=6), 503)])
def test_post_that_waits_too_long_is_an_incident(client: Client, late: timedelta, status: int) -> None:
    DeliveryFactory.create(scheduled=True, due_at=NOON - late)

    assert checks(client)[0] == status


@pytest.mark.usefixtures("well")
def test_network_that_is_down_is_said_and_does_no_harm(client: Client) -> None:
    Circuit.objects.create(platform_name="mastodon", opened_at=NOON, reason="It does not answer.", failures=5)
    Circuit.objects.create(platform_name="x", failures=1)

    answer = client.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["networks_down"] == ["mastodon: It does not answer."]


@pytest.mark.usefixtures("well")
def test_migration_that_is_missing_is_said(client: Client) -> None:
    MigrationRecorder(connection).record_unapplied("snsauto", "0004_bot")

    status, said = checks(client)

    assert status == 503
    assert said["migrations"]["said"] == "1 to apply: run manage.py migrate"


def test_database_that_does_not_answer_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("no route to host, password=hunter2")

    monkeypatch.setattr(connection, "cursor", refuse)

    status, said = checks(client)

    assert status == 503
    assert list(said) == ["database"]
    assert "hunter2" not in said["database"]["said"]
