"""Who comes next: workspaces and networks take turns, and no network holds up another."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.factories import AccountFactory, WorkspaceFactory
from accounts.models import Account, Workspace
from publishing import claims, engine
from publishing.backlog import AHEAD, FIRST, Backlog, Windows
from publishing.engine_rows import Switch
from publishing.models import Delivery, State
from publishing.tests.conftest import NOON

pytestmark = pytest.mark.django_db
Due = Callable[..., Delivery]


def account(server: str = "", **fields: object) -> Account:
    return AccountFactory(platform_name="wire", server=server, expires_at=None, refresh_at=None, **fields)


def servers(deliveries: list[Delivery]) -> Counter[str]:
    return Counter(delivery.account.server for delivery in deliveries)


KEY = ("wire", "")


@pytest.fixture
def proven() -> Backlog:
    """One whose networks have all answered often."""
    backlog = Backlog("worker")
    for server in ("", *(f"{n}.example" for n in range(4))):
        for _ in range(60):
            backlog.windows.note(("wire", server), True)
    return backlog


def test_one_network_leaves_a_quarter_of_the_threads_free(due: Due, proven: Backlog) -> None:
    for n in range(40):
        due(f"text {n}")

    assert len(proven.take(24, Counter())) == 18
    assert proven.take(6, Counter({KEY: 18})) == []


def test_a_few_are_taken_ahead(due: Due, proven: Backlog) -> None:
    for n in range(40):
        due(f"text {n}")

    assert len(proven.take(24, Counter(), Counter())) == 18 + AHEAD
    assert proven.take(6, Counter({KEY: 18}), Counter({KEY: AHEAD})) == []
    assert len(proven.take(6, Counter({KEY: 18}), Counter({KEY: 2}))) == AHEAD - 2


def test_each_further_network_finds_a_thread_when_some_hang(due: Due, proven: Backlog) -> None:
    for n in range(4):
        for m in range(30):
            due(f"text {n} {m}", account=account(f"{n}.example"))
    threads, busy = 48, Counter[tuple[str, str]]()

    while taken := proven.take(threads - busy.total(), busy):
        busy.update(("wire", delivery.account.server) for delivery in taken)

    assert len(busy) == 4
    assert busy.total() <= threads


def test_a_network_begins_with_a_few_and_earns_more(due: Due) -> None:
    for n in range(30):
        due(f"text {n}")
    backlog = Backlog("worker")

    assert len(backlog.take(48, Counter())) == FIRST
    backlog.windows.note(KEY, True)
    assert len(backlog.take(40, Counter({KEY: FIRST}))) == 1


def test_a_failure_costs_half_of_what_was_earned() -> None:
    windows = Windows()
    for _ in range(24):
        windows.note(KEY, True)

    windows.note(KEY, False)
    assert windows.of(KEY) == (FIRST + 24) // 2
    for _ in range(9):
        windows.note(KEY, False)
    assert windows.of(KEY) == FIRST // 2


def test_what_waits_behind_a_thousand_of_another_network_is_seen(
    due: Due, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MOST_CANDIDATES", 10)
    workspace = WorkspaceFactory()
    busy, quiet = account("busy.example", workspace=workspace), account("quiet.example", workspace=workspace)
    for n in range(20):
        due(f"busy {n}", account=busy, due_at=NOON - timedelta(minutes=5))
    due("quiet", account=quiet)

    assert servers(Backlog("worker").take(3, Counter()))["quiet.example"] == 1


def test_a_thousand_posts_of_one_workspace_do_not_starve_another(due: Due) -> None:
    busy, quiet = account(), account()
    for n in range(20):
        due(f"busy {n}", account=busy, due_at=NOON - timedelta(minutes=5))
    due("quiet", account=quiet)

    taken = engine.claim("worker", 2)

    assert {delivery.post.text for delivery in taken} == {"busy 0", "quiet"}


def test_what_is_seen_once_is_given_out_without_looking_again(
    due: Due, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for n in range(8):
        due(f"text {n}")
    backlog = Backlog("worker")
    backlog.take(2, Counter())

    with django_assert_max_num_queries(9):
        taken = backlog.take(2, Counter())

    assert len(taken) == 1


@pytest.mark.parametrize("who", ["account", "workspace", "desk"])
def test_what_is_paused_is_not_claimed(who: str, due: Due) -> None:
    delivery = due()
    if who == "account":
        Account.objects.update(is_paused=True)
    elif who == "workspace":
        Workspace.objects.update(is_paused=True)
    else:
        Switch.objects.create(pk=1, is_stopped=True)

    assert engine.claim("worker", 10) == []
    delivery.refresh_from_db()
    assert delivery.state == State.SCHEDULED


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("account", "It was not sent: the account was paused."),
        ("workspace", "It was not sent: the workspace was paused."),
        ("desk", "It was not sent: the whole desk was stopped."),
        ("", "It could not be sent in time."),
    ],
)
def test_what_was_held_back_for_too_long_is_missed_and_says_why(who: str, why: str, due: Due) -> None:
    delivery = due(due_at=NOON - timedelta(minutes=31))
    Account.objects.update(is_paused=who == "account")
    Workspace.objects.update(is_paused=who == "workspace")
    Switch.objects.create(pk=1, is_stopped=who == "desk")

    claims.mark_missed(now())

    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (State.MISSED, why)


def test_nothing_too_old_slips_out_between_two_rounds(due: Due) -> None:
    due("too old", due_at=NOON - timedelta(minutes=31))
    due("late, but not too late", due_at=NOON - timedelta(minutes=29))

    taken = Backlog("worker").take(10, Counter())

    assert [delivery.post.text for delivery in taken] == ["late, but not too late"]


def test_more_than_fit_into_one_round_are_missed_together(due: Due, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MOST_MISSED", 2)
    for n in range(5):
        due(f"text {n}", due_at=NOON - timedelta(hours=2))

    assert claims.mark_missed(now()) == 5
    assert engine.claim("worker", 10) == []
