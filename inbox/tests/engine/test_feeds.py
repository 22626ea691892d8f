"""Asking networks what people wrote: history in parts, news by a cursor, and what goes wrong in between."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from inbox import feeds, tasks
from inbox.models import Feed, Message
from inbox.tests.engine.gossip import World, heard
from platforms.content import Standing
from platforms.errors import PermissionMissing, RateLimited, TokenExpired, Unavailable
from publishing.factories import DeliveryFactory
from publishing.models import Delivery

pytestmark = pytest.mark.django_db
NOWHERE = {
    "client_id": "a",
    "client_secret": "b",
    "api_url": "https://gossip.example",
    "auth_url": "",
    "upload_url": "",
}


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    settings.NETWORKS = {**settings.NETWORKS, "gossip": NOWHERE}
    settings.INBOX_SECONDS = 0
    with heard() as world:
        yield world


@pytest.fixture
def account(world: World, workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="gossip")


def posts(account: Account, count: int, **rest: Any) -> list[Delivery]:
    made = [
        DeliveryFactory.create(
            post__workspace=account.workspace,
            account=account,
            published=True,
            remote_id=f"p{n}",
            part_ids=[f"p{n}"],
        )
        for n in range(count)
    ]
    for n, delivery in enumerate(made):
        Delivery.objects.filter(pk=delivery.pk).update(published_at=now() - timedelta(hours=n + 1))
    return made


def look(times: int = 1) -> None:
    feeds.ensure()
    for _ in range(times):
        Feed.objects.update(due_at=now() - timedelta(seconds=1))
        feeds.sync(60)


def ids() -> set[str]:
    return set(Message.objects.values_list("remote_id", flat=True))


# --- history and news ---


def test_thirty_days_are_read_in_parts_and_then_only_news(account: Account, world: World) -> None:
    posts(account, 23)
    for n in range(23):
        world.write(f"c{n}", post=f"p{n}", age=timedelta(days=n, hours=1))
    world.write("ancient", age=timedelta(days=31))

    look(3)
    feed = Feed.objects.get()

    assert ids() == {f"c{n}" for n in range(23)}
    assert feed.backfilled_at is not None
    assert [len(asked) for _cursor, asked in world.asked] == [10, 10, 3]
    assert [cursor for cursor, _asked in world.asked] == [{}, {}, {}]

    world.write("news", post="p0")
    look()

    assert world.asked[-1][0] == {"at": feed.cursor["at"]}
    assert Message.objects.get(remote_id="news").read_at is None
    assert Message.objects.exclude(remote_id="news").filter(read_at=None).count() == 0


def test_comments_below_posts_that_were_written_elsewhere_come_in_as_well(
    account: Account, world: World
) -> None:
    world.elsewhere = [Standing("https://gossip.example/e1", "Hello", now() - timedelta(days=2), "e1")]
    world.write("c1", post="e1", age=timedelta(hours=1))

    look()

    assert ids() == {"c1"}


def test_an_account_that_expires_in_the_middle_of_its_history_goes_on_where_it_stopped(
    account: Account, world: World
) -> None:
    posts(account, 15)
    for n in range(15):
        world.write(f"c{n}", post=f"p{n}", age=timedelta(hours=n + 1))
    look()
    world.trouble, world.gone = [TokenExpired("No."), TokenExpired("No.")], True

    look()
    feed, account = Feed.objects.get(), Account.objects.get()
    standing = (len(ids()), account.state, feed.problem, len(feed.backlog))
    look(2)
    asked_meanwhile = len(world.asked)
    Account.objects.update(state=Account.State.CONNECTED, connected_at=now(), refreshed_at=None)
    world.trouble, world.gone = [], False
    feeds.sync(60)

    assert standing == (
        10,
        Account.State.EXPIRED,
        "Gossip no longer accepts this connection. Connect the account again.",
        5,
    )
    assert asked_meanwhile == 2
    assert len(ids()) == 15
    assert Feed.objects.get().problem == ""


def test_a_token_that_is_refused_is_renewed_once_and_the_look_goes_on(account: Account, world: World) -> None:
    world.trouble = [TokenExpired("No.")]
    world.write("c1", age=timedelta(hours=1))

    look()

    assert (ids(), world.refreshes) == ({"c1"}, 1)


def test_what_was_written_since_the_connection_is_news(account: Account, world: World) -> None:
    Account.objects.update(connected_at=now() - timedelta(minutes=5))
    world.write("before", age=timedelta(minutes=6))
    world.write("after", age=timedelta(minutes=4))

    look()

    assert dict(Message.objects.values_list("remote_id", "conversation__unread")) == {"before": 0, "after": 1}


# --- what goes wrong ---


def test_a_look_that_lost_its_lease_has_never_been(account: Account, world: World) -> None:
    def somebody_else_takes_it() -> None:
        Feed.objects.update(fence=99)

    world.while_asked = somebody_else_takes_it
    world.write("c1", age=timedelta(hours=1))

    look()

    assert (ids(), Feed.objects.get().cursor) == (set(), {})


def test_two_never_ask_for_the_same_account_at_once(account: Account, world: World) -> None:
    seen: list[int] = []
    world.while_asked = lambda: seen.append(feeds.sync(60))

    look()

    assert seen == [0]


def test_a_limit_moves_the_feeds_own_clock_and_holds_back_no_post(account: Account, world: World) -> None:
    until = now().replace(microsecond=0) + timedelta(minutes=7)
    world.trouble = [RateLimited("Slow down.", retry_at=until, each="app")]

    look()

    assert Feed.objects.get().due_at == until
    assert Account.objects.get().limited_until is None


def test_failures_are_tried_again_after_longer_and_longer(account: Account, world: World) -> None:
    waits = []
    for _ in range(8):
        world.trouble = [Unavailable("Gossip is down.")]
        look()
        waits.append(round((Feed.objects.get().due_at - now()).total_seconds() / 60))

    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert Feed.objects.get().problem.startswith("Gossip is down.")

    look()

    assert (Feed.objects.get().failures, Feed.objects.get().problem) == (0, "")


def test_what_a_new_connection_mends_is_asked_at_once(account: Account, world: World) -> None:
    world.trouble = [PermissionMissing("Gossip wants more.")]
    look()
    assert feeds.sync(60) == 0

    Account.objects.update(connected_at=now())

    assert feeds.sync(60) == 1


def test_a_fault_of_ours_with_one_account_does_not_hold_up_the_others(
    workspace: Workspace, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = (AccountFactory(platform_name="gossip", workspace=workspace) for _ in range(3))
    read, asked = feeds._ask, list[int]()

    def ask(feed: Feed, account: Account) -> feeds.Look:
        asked.append(account.pk)
        if account == first:
            raise ValueError("stress-5")
        return read(feed, account)

    monkeypatch.setattr(feeds, "_ask", ask)
    feeds.ensure()

    feeds.sync(30)

    assert sorted(asked) == sorted(row.pk for row in (first, *others))
    broken = Feed.objects.get(account=first)
    assert "a fault of ours" in broken.problem
    assert broken.due_at > now()
    assert broken.lease_until is None


def test_a_network_that_is_down_does_not_hold_up_the_others(workspace: Workspace, world: World) -> None:
    for _ in range(5):
        AccountFactory.create(workspace=workspace, platform_name="gossip")
    world.trouble = [Unavailable("Gossip is down.")] * 5

    feeds.ensure()

    assert feeds.sync(60) == feeds.FAILURES_BEFORE_NEXT_NETWORK


# --- which, and when ---


def test_each_readable_account_has_one_feed_and_one_channel_is_read_once(
    workspace: Workspace, world: World
) -> None:
    for name, remote_id in (
        ("youtube", "UC1"),
        ("youtube_shorts", "UC1"),
        ("youtube_shorts", "UC2"),
        ("tiktok", "t"),
    ):
        AccountFactory.create(workspace=workspace, platform_name=name, remote_id=remote_id)

    assert (feeds.ensure(), feeds.ensure()) == (2, 0)

    names = Feed.objects.values_list("account__platform_name", "account__remote_id")
    assert set(names) == {("youtube", "UC1"), ("youtube_shorts", "UC2")}


@pytest.mark.parametrize(
    ("idle", "is_told", "minutes"),
    [
        (timedelta(minutes=5), False, 1),
        (timedelta(minutes=5), True, 3),
        (timedelta(hours=1), False, 3),
        (timedelta(hours=20), False, 10),
        (timedelta(days=9), False, 20),
        (timedelta(days=9), True, 30),
    ],
)
def test_an_account_is_asked_as_often_as_something_happens_there(
    idle: timedelta, is_told: bool, minutes: int, account: Account, world: World
) -> None:
    world.write("c1", age=idle)
    look()
    Feed.objects.update(hooked_at=now() if is_told else None)

    feed = Feed.objects.select_related("account").get()

    assert feeds.pause(feed) == timedelta(minutes=minutes)


def test_in_rehearsal_all_are_asked_every_few_seconds(
    account: Account, settings: Settings, world: World
) -> None:
    settings.INBOX_SECONDS = 5
    look()

    assert Feed.objects.get().due_at - now() < timedelta(seconds=6)


def test_a_call_that_only_bids_us_look_has_the_account_read_soon_and_not_all_the_time(
    account: Account, world: World
) -> None:
    look()
    moment = now()

    feeds.look_soon([account.pk])
    assert Feed.objects.get().due_at <= moment + timedelta(minutes=1, seconds=5)
    with time_machine.travel(moment + timedelta(minutes=2)):
        Feed.objects.update(due_at=moment + timedelta(hours=1))
        feeds.look_soon([account.pk])

    assert Feed.objects.get().due_at <= moment + timedelta(minutes=3)


def test_the_command_asks_all_and_says_what_stands_still(
    account: Account, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    look()
    world.trouble = [PermissionMissing("Gossip wants more.")]

    call_command("sync_inbox", "--all")

    said = capsys.readouterr().out
    assert "Asked 1 accounts" in said
    assert "Gossip wants more." in said


def test_the_task_reads_works_off_and_wakes(account: Account, world: World) -> None:
    world.write("c1", age=timedelta(hours=1))

    assert [tasks.sync(), tasks.work_off(), tasks.send_replies(), tasks.wake(), tasks.sweep()] == [
        1,
        0,
        0,
        0,
        0,
    ]
    assert ids() == {"c1"}


def test_a_look_costs_a_constant_number_of_statements(
    account: Account, world: World, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    posts(account, 20)
    look(3)
    for n in range(60):
        world.write(f"c{n}", post=f"p{n % 20}", thread_id=f"t{n}")
    Feed.objects.update(due_at=datetime.now(tz=now().tzinfo) - timedelta(seconds=1))

    with django_assert_max_num_queries(50):
        feeds.sync(60)

    assert Message.objects.count() == 60
