"""The bench itself: that it still measures. What it measures is told by `make bench`, never asserted here."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from bench import floor, load, report
from bench.__main__ import ON_POSTGRES, PARTS
from bench.network import Network
from bench.parts import queries
from bench.report import Measured
from bench.values import Value, percentile
from publishing.models import Delivery, State

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        network.behave("mastodon", seconds=0.0)
        yield network


def test_the_floor_publishes_with_the_real_client(network: Network) -> None:
    measured = floor.run(network.url, threads=2, posts=3, every=0.0)

    assert {arrival.text for arrival in network.arrivals()} == {floor.text(number) for number in range(3)}
    assert measured.seconds > 0
    assert measured.mib > 0


@pytest.mark.django_db(transaction=True)
def test_queries_of_deliveries_are_counted(network: Network, settings: Settings) -> None:
    there = {**settings.NETWORKS["mastodon"], "api_url": f"{network.url}/mastodon"}
    settings.NETWORKS = {**settings.NETWORKS, "mastodon": there}
    settings.PUBLISHING_THREADS = 2

    assert queries.per_delivery(4) > 1

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.PUBLISHED}
    assert len(network.arrivals()) == 4


@pytest.mark.django_db
def test_lateness_is_told_from_the_time_a_post_was_due(network: Network) -> None:
    due_at = load.soon(-5.0)
    load.deliveries(load.workspace(1), 1, load.at(due_at))
    account = Delivery.objects.get().account
    floor.publish(network.url, floor.way_out(network.url), 0, f"Bench {account.pk} post 0")

    late = load.lateness(network.arrivals())

    assert 5.0 <= late[0] < 60.0


def test_a_value_that_misses_its_goal_is_told_so() -> None:
    slow = Value("all out", 30.0, "s", floor=10.0, most=20.0, least_ratio=0.5)

    table = report.rows([Measured("sqlite", "throughput", [slow])])

    assert table == [
        ("sqlite", "throughput: all out", "30 s", "10 s", "0.33", "≤ 20 s, ratio ≥ 0.5", "MISSED")
    ]
    assert "MISSED" in report.as_markdown(table)


def test_results_take_the_place_of_the_last_ones() -> None:
    document = "# Bench\n<!-- results -->\nold\n<!-- end of results -->\nafter\n"

    assert report.replaced(document, "new") == document.replace("old", "new")


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert percentile([], 50) == float("inf")


@pytest.mark.chaos
@pytest.mark.parametrize("part", sorted({*PARTS} - ON_POSTGRES))
def test_every_part_still_measures(part: str) -> None:
    command = [sys.executable, "-m", "bench", "--database", "sqlite", "--only", part, "--number", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert f"sqlite    {part}: " in done.stdout, done.stderr
