"""Who comes next: workspaces and networks take turns, and no network holds up another."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.factories import AccountFactory, WorkspaceFactory
from accounts.models import Account, Workspace
from publishing import claims, engine
from publishing.backlog import Backlog
from publishing.models import Delivery, State, Switch
from publishing.tests.conftest import NOON

pytestmark = pytest.mark.django_db
Due = Callable[..., Delivery]


def account(server: str = "", **fields: object) -> Account:
    return AccountFactory(platform_name="wire", server=server, expires_at=None, refresh_at=None, **fields)


def servers(deliveries: list[Delivery]) -> Counter[str]:
    return Counter(delivery.account.server for delivery in deliveries)


def test_one_network_leaves_a_third_of_the_threads_free(due: Due) -> None:
    hangs = account("hangs.example")
    for n in range(30):
        due(f"text {n}", account=hangs)
    backlog = Backlog("worker")

    taken = backlog.take(24, Counter())

    assert len(taken) == 16
    assert backlog.take(8, Counter({("wire", "hangs.example"): 16})) == []


def test_each_further_network_finds_a_thread_however_many_hang(due: Due) -> None:
    for n in range(5):
        for m in range(30):
            due(f"text {n} {m}", account=account(f"{n}.example"))
    backlog, threads, busy = Backlog("worker"), 48, Counter[tuple[str, str]]()

    while taken := backlog.take(threads - busy.total(), busy):
        busy.update(("wire", delivery.account.server) for delivery in taken)

    assert len(busy) == 5
    assert busy.total() <= threads


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

    with django_assert_max_num_queries(8):
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
