"""Pacing: what the limits allow goes out, what they do not has a turn and says when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, WorkspaceFactory
from accounts.models import Account
from platforms.content import RateLimit
from platforms.errors import InvalidContent, RateLimited, Unavailable
from platforms.quotas import DAY, HOUR, MINUTE, Cost, Quota
from publishing import engine, pacing, scheduling
from publishing.engine_rows import Bucket, Circuit, Spend
from publishing.models import Attempt, Delivery, State
from publishing.tests.conftest import NOON
from publishing.tests.network import Wire, World

pytestmark = pytest.mark.django_db
ONE = (Cost(1),)
POSTS = {"posts": 1}
Due = Callable[..., Delivery]


@pytest.fixture
def account(world: World) -> Account:
    return AccountFactory(platform_name="wire", expires_at=None, refresh_at=None)


def go() -> list[str]:
    """One round of a pump; what went out."""
    claimed = engine.claim("worker", 50)
    for delivery in claimed:
        engine.work(delivery)
    return [delivery.effective_text for delivery in claimed]


def waiting() -> list[Delivery]:
    return list(Delivery.objects.filter(reason_code="quota").order_by("due_at"))


def test_what_finds_no_room_waits_and_says_when(due: Due, account: Account, world: World) -> None:
    Wire.allows(Quota("posts", 2, DAY, cost=ONE))
    for n in range(3):
        due(f"post {n}", account=account, costs=POSTS)

    go()

    [third] = waiting()
    assert world.posts == ["post 0", "post 1"]
    assert third.state == State.SCHEDULED
    assert third.reason == "2 of 2 posts a day on Wire are used. It goes out on Tue 7 May, 14:01."
    assert (third.attempts_left, third.attempts.count(), third.give_up_at) == (3, 0, None)
    assert timedelta(0) < third.due_at - (NOON + DAY) < timedelta(seconds=5)


def test_it_goes_out_when_its_turn_has_come(
    due: Due, account: Account, world: World, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE))
    due("first", account=account, costs=POSTS)
    due("second", account=account, costs=POSTS)
    go()

    clock.move_to(NOON + MINUTE)
    early = go()
    clock.move_to(waiting()[0].due_at)
    late = go()

    assert (early, late) == ([], ["second"])
    second = Delivery.objects.get(post__text="second")
    assert (second.state, second.reason_code, second.reason) == (State.PUBLISHED, "", "")


def test_those_that_wait_keep_their_order_and_their_distance(due: Due, account: Account) -> None:
    Wire.allows(Quota("posts", 2, MINUTE, cost=ONE))
    for n in range(7):
        due(f"post {n}", account=account, costs=POSTS)

    engine.claim("worker", 4)
    engine.claim("worker", 4)

    turns = list(Spend.objects.order_by("at").values_list("delivery__post__text", "at"))
    assert [text for text, _ in turns][:2] == ["post 0", "post 1"]
    assert all(later[1] - first[1] >= MINUTE for first, later in zip(turns, turns[2:], strict=False))
    assert {text for text, _ in turns} == {f"post {n}" for n in range(7)}


def test_who_comes_later_stands_behind(due: Due, account: Account, clock: time_machine.Traveller) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE))
    due("first", account=account, costs=POSTS)
    due("second", account=account, costs=POSTS)
    go()
    clock.move_to(NOON + timedelta(seconds=59))
    due("third", account=account, costs=POSTS)
    go()

    second, third = waiting()
    clock.move_to(second.due_at)

    assert go() == ["second"]
    assert third.due_at >= second.due_at + MINUTE


def test_a_turn_that_nobody_waits_for_any_more_is_free_again(due: Due, account: Account) -> None:
    Wire.allows(Quota("posts", 1, DAY, cost=ONE))
    due("first", account=account, costs=POSTS)
    cancelled, deleted = (due(name, account=account, costs=POSTS) for name in ("cancelled", "deleted"))
    Delivery.objects.update(planned_at=NOON + DAY)
    go()
    scheduling.cancel(Delivery.objects.get(pk=cancelled.pk))
    Delivery.objects.get(pk=deleted.pk).post.delete()

    due("fourth", account=account, costs=POSTS)
    go()

    [fourth] = waiting()
    assert fourth.due_at - (NOON + DAY) < timedelta(seconds=5)


def test_a_retry_in_the_same_window_does_not_pay_twice(
    due: Due, account: Account, world: World, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, HOUR, cost=ONE))
    world.before = [Unavailable("busy")]
    due("again", account=account, costs=POSTS)
    go()

    clock.shift(MINUTE)
    go()

    assert world.posts == ["again"]
    assert Spend.objects.count() == 1


def test_a_retry_after_the_window_pays_again_but_not_twice(
    due: Due, account: Account, world: World, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, timedelta(seconds=10), cost=ONE), Quota("posts", 1, DAY, cost=ONE))
    world.before = [Unavailable("busy")]
    due("again", account=account, costs=POSTS)
    go()

    clock.shift(MINUTE)
    go()

    assert world.posts == ["again"]
    assert Spend.objects.get().at == NOON + MINUTE


def test_looking_whether_it_is_processed_costs_nothing(
    due: Due, account: Account, world: World, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, timedelta(seconds=3), cost=ONE))
    world.processed = False
    due("slow", account=account, costs=POSTS)
    go()

    clock.shift(timedelta(seconds=5))
    due("quick", account=account, costs=POSTS)
    go()

    assert Spend.objects.get(delivery__post__text="slow").at == NOON
    assert Delivery.objects.get(post__text="quick").state == State.PUBLISHING


@pytest.mark.parametrize(("seconds", "goes"), [(59.999, False), (60, True)])
def test_a_window_ends_when_it_is_over(
    due: Due, account: Account, clock: time_machine.Traveller, seconds: float, goes: bool
) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE))
    due("first", account=account, costs=POSTS)
    go()

    clock.move_to(NOON + timedelta(seconds=seconds))
    due("second", account=account, costs=POSTS)

    assert go() == (["second"] if goes else [])


def test_a_day_of_the_network_begins_at_its_own_midnight(
    due: Due, account: Account, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, DAY, cost=ONE, zone="America/Los_Angeles"))
    clock.move_to(datetime(2030, 5, 6, 6, tzinfo=UTC))  # 23:00 on the evening before
    due("evening", account=account, costs=POSTS, due_at=datetime(2030, 5, 6, 6, tzinfo=UTC))
    go()
    clock.shift(HOUR)
    due("morning", account=account, costs=POSTS, due_at=datetime(2030, 5, 6, 7, tzinfo=UTC))

    assert go() == ["morning"]


def test_a_bucket_of_the_app_is_one_for_all_accounts(due: Due, world: World) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, "app", ONE))
    due("one", costs=POSTS)
    due("other", costs=POSTS)

    assert len(go()) == 1
    assert len(waiting()) == 1


def test_an_account_in_two_workspaces_has_one_bucket(due: Due, account: Account) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE))
    twin = AccountFactory(platform_name="wire", remote_id=account.remote_id, expires_at=None, refresh_at=None)
    due("one", account=account, costs=POSTS)
    due("other", account=twin, costs=POSTS)

    assert len(go()) == 1


def test_accounts_do_not_wait_for_each_other(due: Due, world: World) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE))
    due("one", costs=POSTS)
    due("other", costs=POSTS)

    assert len(go()) == 2


def test_what_costs_nothing_passes_those_that_wait(due: Due, account: Account) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE))
    due("first", account=account, costs=POSTS)
    due("second", account=account, costs=POSTS)
    due("free", account=account)

    assert sorted(go()) == ["first", "free"]


def test_every_window_must_have_room(due: Due, account: Account) -> None:
    Wire.allows(
        Quota("posts", 3, MINUTE, cost=ONE),
        Quota("posts", 4, HOUR, cost=ONE),
        Quota("films", 1, DAY, cost=ONE),
    )
    for n in range(5):
        due(f"post {n}", account=account, costs=POSTS)
    due("film", account=account, costs={"posts": 1, "films": 1})

    assert len(go()) == 3
    fourth, fifth, film = waiting()
    assert fourth.due_at < NOON + 2 * MINUTE
    assert fifth.reason.startswith("4 of 4 posts an hour on Wire are used. It goes out at 15:01")
    assert film.due_at > NOON + HOUR


def test_what_is_larger_than_its_window_has_one_for_itself(
    due: Due, account: Account, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 3, MINUTE, cost=ONE))
    due("small", account=account, costs=POSTS)
    due("album", account=account, costs={"posts": 10})

    assert go() == ["small"]
    [album] = waiting()
    assert "1 of 3 posts a minute on Wire are used. This takes 10." in album.reason
    clock.move_to(album.due_at)
    assert go() == ["album"]


def test_a_turn_more_than_a_day_late_goes_to_a_person(due: Due, account: Account) -> None:
    Wire.allows(Quota("posts", 1, DAY, cost=ONE))
    for n in range(3):
        due(f"post {n}", account=account, costs=POSTS, planned_at=NOON + HOUR)

    go()

    missed = Delivery.objects.get(state=State.MISSED)
    assert missed.reason == "1 of 1 posts a day on Wire are used. There is no room within a day of its time."
    assert missed.advice == "Send it another day, or leave it."
    assert Spend.objects.filter(delivery=missed).count() == 0
    assert scheduling.retry(missed)


def test_what_waits_for_its_turn_is_not_missed(
    due: Due, account: Account, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, 5 * HOUR, cost=ONE))
    due("first", account=account, costs=POSTS)
    due("second", account=account, costs=POSTS)
    go()

    clock.move_to(NOON + 4 * HOUR)

    assert engine.mark_missed(NOON + 4 * HOUR) == 0
    clock.move_to(waiting()[0].due_at)
    assert go() == ["second"]


def test_money_is_written_down_and_stops_nobody(due: Due, account: Account, world: World) -> None:
    Wire.currency = "USD"
    due("dear", account=account, costs={"USD": 0.215})

    assert go() == ["dear"]
    assert float(Spend.objects.get().amount) == 0.215


def test_claims_cost_the_same_however_many_rows_there_are(
    due: Due, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Wire.allows(Quota("posts", 2, MINUTE, cost=ONE), Quota("posts", 90, DAY, "app", ONE))
    for _ in range(3):
        mine = AccountFactory(platform_name="wire")
        for n in range(6):
            due(f"post {n}", account=mine, costs=POSTS)
    rows = list(Delivery.objects.select_related("post__workspace", "account"))
    few = [row for row in rows if row.account_id == rows[0].account_id]
    many = [row for row in rows if row.account_id != rows[0].account_id]

    # buckets looked for, made, locked; totals, old turns, lists; taken, put off
    with django_assert_num_queries(8):
        assert len(pacing.admit(few, NOON)) == 2
    with django_assert_num_queries(8):
        assert len(pacing.admit(many, NOON)) == 4


def test_where_nothing_costs_anything_nothing_is_asked(
    due: Due, account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [due(account=account), due(account=account)]

    with django_assert_num_queries(0):
        assert pacing.admit(rows, NOON) == rows


# --- the networks' own word ---


def told(remaining: int, each: str = "account", until: datetime = NOON + HOUR) -> RateLimit:
    return RateLimit("POST /posts", 100, remaining, until, each)  # type: ignore[arg-type]


def test_a_header_that_says_nothing_is_left_holds_the_account_wherever_it_is(account: Account) -> None:
    twin = AccountFactory(platform_name="wire", remote_id=account.remote_id, workspace=WorkspaceFactory())
    other = AccountFactory(platform_name="wire")

    pacing.observe(account, told(0))

    held = Account.objects.filter(limited_until=NOON + HOUR)
    assert set(held) == {account, twin}
    assert other.limited_until is None


def test_a_header_about_the_app_holds_the_whole_network(account: Account) -> None:
    pacing.observe(account, told(0, "app"))

    assert Circuit.objects.get().limited_until == NOON + HOUR
    assert Account.objects.get().limited_until is None


def test_a_shorter_wait_never_ends_a_longer_one(account: Account) -> None:
    pacing.observe(account, told(0))
    pacing.observe(account, told(0, until=NOON + MINUTE))

    assert Account.objects.get().limited_until == NOON + HOUR


def test_networks_of_one_app_wait_together(db: None) -> None:
    pacing.hold_back(AccountFactory(platform_name="youtube_shorts"), NOON, "app")

    held = Circuit.objects.filter(limited_until=NOON).values_list("platform_name", flat=True)
    assert set(held) == {"youtube", "youtube_shorts"}


def test_what_the_network_says_is_left_counts_more_than_our_own_count(
    due: Due, account: Account, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 100, HOUR, cost=ONE, endpoint="POST /posts"))
    pacing.observe(account, told(2))
    for n in range(4):
        due(f"post {n}", account=account, costs=POSTS)
    clock.shift(1)

    assert len(go()) == 2
    assert [row.due_at - (NOON + HOUR) < timedelta(seconds=5) for row in waiting()] == [True, True]
    assert waiting()[0].reason.startswith("100 of 100 posts an hour on Wire are used.")


def test_whose_turn_has_come_is_not_in_its_own_way(
    due: Due, account: Account, clock: time_machine.Traveller
) -> None:
    Wire.allows(Quota("posts", 1, MINUTE, cost=ONE, endpoint="POST /posts"))
    due("first", account=account, costs=POSTS)
    due("second", account=account, costs=POSTS)
    go()
    clock.move_to(waiting()[0].due_at)
    pacing.observe(account, told(1))

    assert go() == ["second"]


def test_plenty_is_not_worth_writing_down(account: Account) -> None:
    pacing.observe(account, told(80))

    assert not Bucket.objects.exists()


@pytest.mark.parametrize("each", ["account", "app"])
def test_a_refusal_for_too_much_holds_back_whom_it_concerns(
    due: Due, account: Account, world: World, each: str
) -> None:
    world.before = [RateLimited("Slow down.", retry_at=NOON + HOUR, each=each)]  # type: ignore[arg-type]
    due("again", account=account)

    go()

    held = Account if each == "account" else Circuit
    assert held.objects.get().limited_until == NOON + HOUR
    assert Attempt.objects.get().outcome == Attempt.Outcome.WAITING


@pytest.mark.usefixtures("clock")
def test_without_a_word_on_when_a_quarter_of_an_hour_is_waited(account: Account) -> None:
    assert pacing.limited(account, RateLimited("Slow down.")) == NOON + timedelta(minutes=15)


def test_old_spends_are_forgotten(db: None) -> None:
    bucket = Bucket.objects.create(key="old")
    Spend.objects.create(bucket=bucket, amount=1, at=NOON - timedelta(days=41))
    Spend.objects.create(bucket=bucket, amount=1, at=NOON - timedelta(days=39))

    assert pacing.prune(NOON) == 1


# --- what is written down when a post gets its time ---


def test_a_refused_post_frees_nothing_that_it_did_not_take(due: Due, account: Account, world: World) -> None:
    Wire.allows(Quota("posts", 2, DAY, cost=ONE))
    world.before = [InvalidContent("No.")]
    due("bad", account=account, costs=POSTS)
    go()

    due("good", account=account, costs=POSTS)

    assert go() == ["good"]
    assert all(first.at <= later.at for first, later in pairwise(Spend.objects.order_by("pk")))
