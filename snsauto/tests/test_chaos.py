"""The desk that is beaten: its plan, its counting, and a short run of it on the database of the tests.

The long one is `make chaos`. Here real processes run, so these take a minute or three each.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from bench.chaos.count import Outcome, Verdict
from bench.chaos.plan import EVERY, Order, Wish, make_plan
from platforms.registry import PLATFORMS

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 900


# --- the plan ---


def wish(seed: int, deliveries: int) -> Wish:
    return Wish(seed, deliveries, tuple(EVERY), seconds=90, machines=2)


def test_the_same_seed_makes_the_same_plan() -> None:
    assert make_plan(wish(7, 300)) == make_plan(wish(7, 300))
    assert make_plan(wish(7, 300)) != make_plan(wish(8, 300))


def test_two_thousand_deliveries_go_to_every_network_and_no_mark_comes_twice() -> None:
    plan = make_plan(wish(1, 2000))

    marks = [mark for order in plan.orders for mark in order.marks]
    assert len(plan.orders) == 2000
    assert {order.network for order in plan.orders} == set(PLATFORMS)
    assert len(marks) == len(set(marks)) > 2000


def test_what_is_planned_fits_its_network() -> None:
    plan = make_plan(wish(3, 600))

    for order in plan.orders:
        assert len(PLATFORMS[order.network].rules.split(order.text)) == order.parts, order


# --- the counting ---


def outcome(
    verdict: Verdict, *standing: int, parts: int = 1, comment: bool = False, why: str = ""
) -> Outcome:
    return Outcome(Order("somewhere", 1, parts, comment), 1, verdict, why, standing)


def test_what_stands_twice_is_a_duplicate_whatever_we_say() -> None:
    assert outcome("published", 2).is_duplicate
    assert outcome("unclear", 1, 2, 1, parts=3).is_duplicate
    assert not outcome("published", 1, 1, comment=True).is_duplicate


def test_what_we_call_published_and_is_not_there_is_lost() -> None:
    assert outcome("published", 0).is_lost
    assert outcome("published", 1, 1, 0, parts=3).is_lost
    assert outcome("published", 1, 0, comment=True).is_lost
    assert not outcome("published", 1).is_lost


def test_a_first_comment_that_failed_and_is_told_is_not_lost() -> None:
    assert not outcome("published", 1, 0, comment=True, why="The first comment was refused.").is_lost


def test_what_we_call_failed_and_is_there_as_a_whole_is_lost() -> None:
    assert outcome("failed", 1).is_lost
    assert outcome("missed", 1).is_lost
    assert not outcome("failed", 0).is_lost
    assert not outcome("failed", 1, 0, 0, parts=3).is_lost
    assert not outcome("unclear", 1).is_lost


# --- the real thing, short ---


def beaten(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A run of its own, in processes of its own, on the kind of database that the tests run on."""
    name = "postgres" if connection.vendor == "postgresql" else "sqlite"
    command = [sys.executable, "-m", "bench.chaos", "--database", name, *arguments]
    environment = {**os.environ, "TEST_DATABASE_URL": os.environ.get("DATABASE_URL", "")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )


several_machines = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="on SQLite there is one machine"
)


@pytest.mark.chaos
def test_a_desk_whose_workers_die_publishes_everything_once(tmp_path: Path) -> None:
    run = beaten("--deliveries", "60", "--seconds", "30", "--gentle", "--report", str(tmp_path))

    assert run.returncode == 0, run.stdout


@pytest.mark.chaos
@several_machines
def test_two_machines_whose_clocks_differ_by_a_minute_publish_everything_once(tmp_path: Path) -> None:
    blows = "stop worker,kill launcher,kill worker"
    run = beaten("--deliveries", "40", "--seconds", "30", "--blows", blows, "--report", str(tmp_path))

    assert run.returncode == 0, run.stdout


@pytest.mark.chaos
@several_machines
def test_four_machines_whose_database_goes_away_publish_everything_once(tmp_path: Path) -> None:
    blows = "cut connections,database away,kill cluster"
    run = beaten(
        *("--machines", "4", "--deliveries", "60", "--seconds", "30", "--blows", blows),
        *("--report", str(tmp_path)),
    )

    assert run.returncode == 0, run.stdout
