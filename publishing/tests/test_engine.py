"""The engine against a network that can go wrong at any request."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory, WorkspaceFactory
from accounts.models import Account
from platforms.content import Token
from platforms.errors import (
    Duplicate,
    InvalidContent,
    OutcomeUnknown,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from publishing import claims, engine, scheduling
from publishing.leases import LEASE
from publishing.models import Attempt, Delivery, State, Step
from publishing.preflight import Refusal
from publishing.tests.conftest import NOON
from publishing.tests.network import World

pytestmark = pytest.mark.django_db
THREAD = "One sentence of this thread. " * 8


def run(worker: str = "worker") -> list[Delivery]:
    """One round of a worker; the deliveries it took, as they stand now."""
    claimed = engine.claim(worker, 10)
    for delivery in claimed:
        engine.work(delivery)
    return [Delivery.objects.get(pk=delivery.pk) for delivery in claimed]


def test_a_due_post_goes_out_once(due: Callable[..., Delivery], world: World) -> None:
    due("Good morning")

    [delivery] = run()

    assert world.posts == ["Good morning"]
    assert (delivery.state, delivery.remote_id) == (State.PUBLISHED, "Good morning")
    assert delivery.permalink == "https://wire.example/Good morning"
    assert [step.state for step in delivery.steps.all()] == [Step.State.DONE] * 4
    assert [attempt.outcome for attempt in delivery.attempts.all()] == [Attempt.Outcome.PUBLISHED]
    assert delivery.lease_until is None
    assert run() == []


def test_an_account_that_no_key_opens_holds_up_no_other(
    due: Callable[..., Delivery], world: World, settings: Settings
) -> None:
    sealed = due("sealed")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    due("open", account=AccountFactory(platform_name="wire", expires_at=None, refresh_at=None))
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]

    run()
    sealed.refresh_from_db()

    assert world.posts == ["open"]
    assert (sealed.state, sealed.attempts_left) == (State.PUBLISHING, 2)
    assert sealed.reason == "The desk has no key that opens the stored secret."
    assert "ENCRYPTION_KEYS" in sealed.advice


def test_what_is_not_due_stays(due: Callable[..., Delivery], world: World) -> None:
    due(due_at=NOON + timedelta(minutes=1))

    assert run() == []
    assert world.posts == []


def test_a_claimed_delivery_is_not_claimed_again(due: Callable[..., Delivery]) -> None:
    due()

    first = engine.claim("one", 10)
    second = engine.claim("two", 10)

    assert len(first) == 1
    assert second == []


def test_claims_take_turns_between_workspaces(due: Callable[..., Delivery]) -> None:
    busy = AccountFactory(platform_name="wire", expires_at=None, refresh_at=None)
    for n in range(5):
        due(f"busy {n}", account=busy, due_at=NOON - timedelta(minutes=2))
    due("quiet", due_at=NOON - timedelta(minutes=1))

    taken = [delivery.post.text for delivery in engine.claim("worker", 2)]

    assert sorted(taken) == ["busy 0", "quiet"]


def test_a_thread_goes_out_in_order(due: Callable[..., Delivery], world: World) -> None:
    due(THREAD)

    [delivery] = run()

    assert len(world.posts) > 2
    assert delivery.part_ids == world.posts
    assert world.posts[0].endswith(f"1/{len(world.posts)}")


def test_a_thread_that_broke_goes_on_where_it_stopped(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due(THREAD)
    world.before = [None, Unavailable("down")]

    [delivery] = run()
    assert (delivery.state, len(world.posts)) == (State.PUBLISHING, 1)
    clock.shift(timedelta(minutes=1))
    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert len(set(world.posts)) == len(world.posts) == len(delivery.part_ids)
    assert world.uploads == 1


def test_a_thread_keeps_its_shape_whatever_changes_meanwhile(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    delivery = due(THREAD)
    world.before = [None, Unavailable("down")]
    run()
    delivery.post.text = "Something else"
    delivery.post.save()
    clock.shift(timedelta(minutes=1))

    run()

    assert len(world.posts) > 2
    assert "Something else" not in world.posts


def test_an_outage_is_waited_out_and_then_told(due: Callable[..., Delivery], world: World, clock) -> None:
    due()
    world.before = [Unavailable("down")] * 3

    states = []
    for pause in (timedelta(), timedelta(minutes=1), timedelta(minutes=10)):
        clock.shift(pause)
        states += [delivery.state for delivery in run()]

    delivery = Delivery.objects.get()
    assert states == [State.PUBLISHING, State.PUBLISHING, State.FAILED]
    assert (delivery.reason_code, delivery.attempts.count()) == ("unavailable", 3)
    assert world.posts == []


def test_an_outage_of_forty_seconds_fails_nothing(due: Callable[..., Delivery], world: World, clock) -> None:
    due()
    world.before = [Unavailable("down"), Unavailable("down")]

    for pause in (timedelta(), timedelta(seconds=40), timedelta(minutes=6)):
        clock.shift(pause)
        run()

    assert Delivery.objects.get().state == State.PUBLISHED


def test_a_lost_answer_is_looked_up_and_not_sent_again(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.after = [OutcomeUnknown("read time-out")]

    [delivery] = run()
    assert delivery.state == State.PUBLISHING
    clock.shift(timedelta(seconds=6))
    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert world.posts == ["Good morning"]
    assert world.looks == 1


def test_what_surely_did_not_arrive_is_sent_again(due: Callable[..., Delivery], world: World, clock) -> None:
    due()
    world.before = [OutcomeUnknown("reset")]

    run()
    clock.shift(timedelta(seconds=6))
    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert world.posts == ["Good morning"]


def test_what_is_sent_again_is_looked_for_from_then_on(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.before = [OutcomeUnknown("reset"), OutcomeUnknown("reset")]
    run()
    first = Step.objects.get(kind=Step.Kind.ONCE).first_sent_at
    clock.shift(timedelta(seconds=6))

    run()

    assert Step.objects.get(kind=Step.Kind.ONCE).first_sent_at >= first + timedelta(seconds=6)


def test_what_nobody_can_tell_is_asked_of_a_person_and_never_repeated(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.after = [OutcomeUnknown("read time-out")]
    world.unsure = OutcomeUnknown("the index lags")

    for _ in range(8):
        run()
        clock.shift(timedelta(minutes=5))

    delivery = Delivery.objects.get()
    assert delivery.state == State.UNKNOWN
    assert world.posts == ["Good morning"]
    assert delivery.advice == OutcomeUnknown.action


@pytest.fixture
def half_a_thread(due: Callable[..., Delivery], world: World, clock) -> Delivery:
    """A thread whose second part got no answer, and cannot be seen on the network."""
    delivery = due(THREAD)
    world.after = [None, OutcomeUnknown("read time-out")]
    world.unsure = OutcomeUnknown("the index lags")
    for _ in range(8):
        run()
        clock.shift(timedelta(minutes=5))
    delivery.refresh_from_db()
    assert (delivery.state, len(world.posts)) == (State.UNKNOWN, 2)
    return delivery


def test_a_thread_goes_on_behind_what_a_person_saw(half_a_thread: Delivery, world: World) -> None:
    scheduling.confirm_published(half_a_thread, f"https://wire.example/{world.posts[1]}")

    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert delivery.part_ids == world.posts
    assert len(set(world.posts)) == len(world.posts) > 2


@pytest.mark.parametrize("address", ["", "https://wire.example/something else"])
def test_a_thread_needs_the_address_to_go_on(half_a_thread: Delivery, address: str) -> None:
    with pytest.raises(Refusal):
        scheduling.confirm_published(half_a_thread, address)

    half_a_thread.refresh_from_db()
    assert half_a_thread.state == State.UNKNOWN


def test_what_a_person_did_not_find_is_sent_again(half_a_thread: Delivery, world: World) -> None:
    lost = world.posts.pop()
    scheduling.send_again(half_a_thread)

    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert world.posts[1] == lost
    assert len(set(world.posts)) == len(world.posts)


def test_a_single_post_is_settled_by_a_person_without_an_address(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    delivery = due()
    world.after = [OutcomeUnknown("read time-out")]
    world.unsure = OutcomeUnknown("the index lags")
    for _ in range(8):
        run()
        clock.shift(timedelta(minutes=5))
    delivery.refresh_from_db()

    assert scheduling.confirm_published(delivery) is True

    delivery.refresh_from_db()
    assert delivery.state == State.PUBLISHED
    assert world.posts == ["Good morning"]


def test_a_duplicate_after_a_lost_answer_means_that_it_is_there(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.after = [OutcomeUnknown("read time-out")]
    world.findable = False
    run()
    clock.shift(timedelta(seconds=6))
    world.before = [Duplicate("we have this already")]
    world.on_send = lambda _text: setattr(world, "findable", True)

    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert world.posts == ["Good morning"]


def test_a_duplicate_at_the_first_try_is_refused(due: Callable[..., Delivery], world: World) -> None:
    due()
    world.before = [Duplicate("we have this already")]

    [delivery] = run()

    assert (delivery.state, delivery.reason_code) == (State.FAILED, "duplicate")


def test_a_refusal_says_what_to_do_and_is_not_repeated(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.before = [InvalidContent("The text has a forbidden word.", status=422, detail='{"error": "word"}')]

    [delivery] = run()
    clock.shift(timedelta(hours=1))

    attempt = delivery.attempts.get()
    assert (delivery.state, delivery.reason) == (State.FAILED, "The text has a forbidden word.")
    assert delivery.advice
    assert (attempt.http_status, attempt.detail) == (422, '{"error": "word"}')
    assert run() == []


def test_a_rate_limit_holds_the_whole_account_back_and_is_no_failure(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    account = AccountFactory(platform_name="wire", expires_at=None, refresh_at=None)
    due("first", account=account)
    due("second", account=account, due_at=NOON + timedelta(seconds=1))
    world.before = [RateLimited("slow down", retry_at=NOON + timedelta(hours=1))]

    [first] = run()
    clock.shift(timedelta(minutes=50))
    assert run() == []
    clock.shift(timedelta(minutes=11))
    published = run()

    assert (first.state, first.attempts_left) == (State.PUBLISHING, 3)
    assert [delivery.state for delivery in published] == [State.PUBLISHED] * 2
    assert Attempt.objects.count() == 2


def test_processing_is_waited_for_without_an_attempt_being_used(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.processed = False

    for _ in range(4):
        run()
        clock.shift(timedelta(seconds=5))
    world.processed = True
    [delivery] = run()

    assert delivery.state == State.PUBLISHED
    assert delivery.attempts.get().outcome == Attempt.Outcome.PUBLISHED
    assert (delivery.attempts_left, world.uploads) == (3, 1)


def test_processing_that_never_ends_is_given_up(due: Callable[..., Delivery], world: World, clock) -> None:
    due()
    world.processed = False

    for _ in range(12):
        run()
        clock.shift(timedelta(minutes=6))

    assert Delivery.objects.get().state == State.FAILED
    assert world.posts == []


def test_an_expired_token_is_renewed_and_the_recipe_goes_on(
    due: Callable[..., Delivery], world: World
) -> None:
    delivery = due()
    world.before = [TokenExpired("expired")]
    world.refreshed = [Token(access="new", refresh="newer")]

    run()

    account = Account.objects.get(pk=delivery.account_id)
    assert world.posts == ["Good morning"]
    assert world.uploads == 1
    assert account.token is not None
    assert account.token.access == "new"


def test_a_worker_that_died_is_followed_by_another(due: Callable[..., Delivery], world: World, clock) -> None:
    due()
    engine.claim("dies", 10)
    clock.shift(LEASE - timedelta(seconds=1))
    assert run("other") == []
    clock.shift(timedelta(seconds=2))

    [delivery] = run("other")

    assert delivery.state == State.PUBLISHED
    assert delivery.crashes == 1


def test_a_worker_whose_lease_ran_out_writes_nothing(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    [slow] = engine.claim("slow", 10)
    clock.shift(LEASE + timedelta(seconds=1))
    run("fast")

    engine.work(slow)

    delivery = Delivery.objects.get()
    assert world.posts == ["Good morning"]
    assert (delivery.state, delivery.owner) == (State.PUBLISHED, "")


def test_a_lease_is_kept_only_for_what_is_in_hand(due: Callable[..., Delivery], clock) -> None:
    due("kept")
    due("dropped")
    kept, dropped = engine.claim("worker", 10)
    clock.shift(timedelta(seconds=30))
    claims.renew("worker", [kept.pk])
    clock.shift(timedelta(seconds=30))

    claimed = engine.claim("other", 10)

    assert [delivery.pk for delivery in claimed] == [dropped.pk]


def test_a_delivery_that_kills_its_workers_is_left_to_a_person(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    for _ in range(engine.MOST_CRASHES):
        engine.claim("dies", 10)
        clock.shift(LEASE + timedelta(seconds=1))

    [delivery] = run()

    assert delivery.state == State.FAILED
    assert world.posts == []


@pytest.mark.parametrize("given_up", [{"crashes": engine.MOST_CRASHES}, {"give_up_at": NOON}])
def test_what_stands_is_published_however_late_that_is_found_out(
    due: Callable[..., Delivery], world: World, clock, given_up: dict[str, Any]
) -> None:
    due("Good morning")
    run("dies before it can say so")
    Delivery.objects.update(state=State.PUBLISHING, remote_id="", permalink="", part_ids=[], **given_up)
    clock.shift(timedelta(minutes=1))

    [settled] = run()

    assert world.posts == ["Good morning"]
    assert (settled.state, settled.remote_id, settled.reason) == (State.PUBLISHED, "Good morning", "")


def test_what_was_sent_and_is_surely_not_there_fails_and_is_not_sent_again(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.before = [OutcomeUnknown("The connection broke off.")]
    run()
    Delivery.objects.update(give_up_at=NOON)
    clock.shift(timedelta(minutes=1))

    [settled] = run()

    assert (settled.state, settled.reason) == (State.FAILED, "It did not get through within a day.")
    assert world.posts == []


def test_half_a_thread_is_not_finished_when_it_is_too_late(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due("One\n---\nTwo")
    world.before = [None, Unavailable("The network is down.")]
    run()
    Delivery.objects.update(give_up_at=NOON)
    clock.shift(timedelta(minutes=1))

    [settled] = run()

    assert (settled.state, settled.reason) == (State.FAILED, "It did not get through within a day.")
    assert len(world.posts) == 1


def test_what_stops_every_worker_after_it_was_sent_is_left_to_a_person_in_the_end(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.before = [OutcomeUnknown("The connection broke off.")]
    run()
    Delivery.objects.update(crashes=2 * engine.MOST_CRASHES)
    clock.shift(timedelta(minutes=1))

    [settled] = run()

    assert (settled.state, settled.advice) == (State.UNKNOWN, OutcomeUnknown.action)
    assert world.looks == 0


def test_what_the_network_is_still_at_is_never_called_failed(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    delivery = due()
    world.processed = False
    delivery.steps.create(name="video", kind=Step.Kind.ONCE, state=Step.State.DONE, result="1")
    delivery.steps.create(name="processed", kind=Step.Kind.WAIT, first_sent_at=NOON)
    Delivery.objects.update(crashes=engine.MOST_CRASHES, fence=1)

    [settled] = run()

    assert (settled.state, settled.advice) == (State.UNKNOWN, OutcomeUnknown.action)


def test_a_fault_of_ours_is_loud_and_leaves_the_step_in_doubt(
    due: Callable[..., Delivery], world: World
) -> None:
    delivery = due()
    world.after = [ZeroDivisionError("a bug")]

    with pytest.raises(ZeroDivisionError):
        run()

    assert delivery.steps.get(name="post 1").state == Step.State.SENT


def test_after_a_long_outage_a_person_decides(due: Callable[..., Delivery], world: World, clock) -> None:
    due()
    clock.shift(timedelta(minutes=31))

    assert run() == []

    due("on time", due_at=now())
    run()
    missed = Delivery.objects.get(post__text="Good morning")
    assert missed.state == State.MISSED
    assert missed.advice
    assert world.posts == ["on time"]


def test_a_workspace_says_how_late_is_too_late(due: Callable[..., Delivery], world: World, clock) -> None:
    patient = WorkspaceFactory(tolerance=timedelta(hours=3))
    due(account=AccountFactory(workspace=patient, platform_name="wire", expires_at=None, refresh_at=None))
    clock.shift(timedelta(hours=2))

    [delivery] = run()

    assert delivery.state == State.PUBLISHED


def test_a_paused_account_sends_nothing(due: Callable[..., Delivery], world: World) -> None:
    account = AccountFactory(platform_name="wire", is_paused=True)
    due(account=account)

    assert run() == []
    assert world.posts == []


def test_an_account_disconnected_meanwhile_is_said_in_words(
    due: Callable[..., Delivery], world: World
) -> None:
    account = AccountFactory(platform_name="wire", state=Account.State.DISCONNECTED, credentials=None)
    due(account=account)

    [delivery] = run()

    assert delivery.state == State.FAILED
    assert delivery.reason == "The account was disconnected."


def test_nothing_that_may_be_there_is_called_failed(
    due: Callable[..., Delivery], world: World, clock
) -> None:
    due()
    world.after = [OutcomeUnknown("read time-out")]
    run()
    Account.objects.update(state=Account.State.DISCONNECTED)
    clock.shift(timedelta(minutes=1))

    [delivery] = run()

    assert delivery.state == State.UNKNOWN
    assert delivery.advice == OutcomeUnknown.action


def test_a_claim_costs_the_same_for_one_and_for_many(
    due: Callable[..., Delivery], django_assert_num_queries: Callable[..., object]
) -> None:
    for n in range(8):
        due(f"text {n}")

    with django_assert_num_queries(12):
        engine.claim("worker", 8)


# --- what belongs beside a post never makes it a failure ---


@pytest.fixture
def with_aside(due: Callable[..., Delivery]) -> Delivery:
    delivery = due("Good morning")
    Delivery.objects.filter(pk=delivery.pk).update(options={"aside": "Open from seven"})
    return delivery


def test_a_comment_that_is_refused_is_told_beside_the_post(with_aside: Delivery, world: World) -> None:
    world.aside = [InvalidContent("Comments are switched off.")]

    [delivery] = run()

    assert (delivery.state, delivery.remote_id) == (State.PUBLISHED, "Good morning")
    assert delivery.reason == "Comments are switched off."
    assert world.posts == ["Good morning"]


def test_a_comment_that_did_not_get_through_is_tried_again(with_aside: Delivery, world: World, clock) -> None:
    world.aside = [Unavailable("down")]

    [delivery] = run()
    assert delivery.state == State.PUBLISHING
    clock.shift(timedelta(minutes=1))
    [delivery] = run()

    assert (delivery.state, delivery.reason) == (State.PUBLISHED, "")
    assert (world.posts, world.asides) == (["Good morning"], ["Open from seven"])


def test_a_comment_that_never_gets_through_leaves_the_post_published(
    with_aside: Delivery, world: World, clock
) -> None:
    world.aside = [Unavailable("down")] * 3

    for _ in range(3):
        [delivery] = run()
        clock.shift(timedelta(minutes=10))

    assert (delivery.state, delivery.reason) == (State.PUBLISHED, "down")


@pytest.fixture
def without_aside(with_aside: Delivery, world: World) -> Delivery:
    """Published, and its comment was refused."""
    world.aside = [InvalidContent("Comments are switched off.")]
    [delivery] = run()
    return delivery


def test_the_rest_of_a_published_post_is_tried_again_and_the_post_is_not(
    without_aside: Delivery, world: World, clock
) -> None:
    clock.shift(timedelta(days=3))

    assert scheduling.go_on(without_aside)
    [delivery] = run()

    assert (delivery.state, delivery.reason, delivery.reason_code) == (State.PUBLISHED, "", "")
    assert (world.posts, world.asides, world.uploads) == (["Good morning"], ["Open from seven"], 1)
    assert delivery.published_at == NOON


def test_a_rest_that_fails_again_leaves_the_post_published(
    without_aside: Delivery, world: World, clock
) -> None:
    clock.shift(timedelta(days=3))
    world.aside = [InvalidContent("Comments are still switched off.")]

    scheduling.go_on(without_aside)
    [delivery] = run()

    assert (delivery.state, delivery.reason) == (State.PUBLISHED, "Comments are still switched off.")
    assert (world.posts, delivery.published_at) == (["Good morning"], NOON)


def test_a_rest_has_fresh_attempts_and_uses_them_up(without_aside: Delivery, world: World, clock) -> None:
    world.aside = [Unavailable("down")] * 3
    scheduling.go_on(without_aside)

    seen = []
    for _ in range(3):
        [delivery] = run()
        seen.append(delivery.state)
        clock.shift(timedelta(minutes=10))

    assert seen == [State.PUBLISHING, State.PUBLISHING, State.PUBLISHED]
    assert (delivery.reason, world.posts) == ("down", ["Good morning"])


def test_a_rest_that_waits_can_be_left_and_the_post_stays_published(
    without_aside: Delivery, world: World, clock
) -> None:
    world.aside = [Unavailable("down")]
    scheduling.go_on(without_aside)
    [waiting] = run()
    clock.shift(timedelta(days=1))

    assert scheduling.cancel(waiting)

    left = Delivery.objects.get()
    assert (left.state, left.published_at, left.reason) == (State.PUBLISHED, NOON, "down")
    assert run() == []


def test_a_post_that_is_whole_cannot_be_reopened(due: Callable[..., Delivery], world: World) -> None:
    due()
    [delivery] = run()

    assert not scheduling.go_on(delivery)
    assert run() == []


def test_only_one_of_two_presses_reopens_it(without_aside: Delivery, world: World) -> None:
    twin = Delivery.objects.get()

    assert scheduling.go_on(without_aside)
    assert not scheduling.go_on(twin)


def test_nothing_else_touches_what_is_published(without_aside: Delivery) -> None:
    decisions = (scheduling.retry, scheduling.cancel, scheduling.send_again, scheduling.look_again)

    assert not any(decide(without_aside) for decide in decisions)
    assert not any(without_aside.move(state) for state in State if state != State.PUBLISHED)


def test_a_comment_in_doubt_is_looked_for_and_then_told(with_aside: Delivery, world: World, clock) -> None:
    world.aside = [OutcomeUnknown("broke off")] * 9

    for _ in range(9):
        if rows := run():
            [delivery] = rows
        clock.shift(timedelta(minutes=10))

    assert (delivery.state, delivery.reason) == (State.PUBLISHED, "broke off")
    assert world.posts == ["Good morning"]
