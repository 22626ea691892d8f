"""Networks are asked on time, never too often, and nothing that they told is lost or changed."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory
from accounts.models import Account, Notification, User
from analytics import collecting, keeping
from analytics.factories import published, told, told_account
from analytics.models import AccountDay, AccountSnapshot, Edition, Latest, Look, PostSnapshot
from analytics.rhythm import next_look_at_account, next_look_at_post
from analytics.tasks import collect_numbers, find_all
from analytics.tests.conftest import NOON
from analytics.tests.meter import World, limits
from platforms.content import Metrics
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.quotas import DAY, Quota
from platforms.registry import PLATFORMS
from publishing.buckets import key_of
from publishing.engine_rows import Bucket, Spend
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery
from publishing.scheduling import CONFIRMED

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
Clock = time_machine.Traveller


@pytest.fixture
def delivery(account: Account, clock: Clock) -> Delivery:
    """A post that went out at noon, and that nobody asks yet."""
    post = PostFactory(workspace=account.workspace, text="Rye, warm")
    return DeliveryFactory.create(
        post=post, account=account, published=True, published_at=NOON, due_at=NOON, remote_id="p1"
    )


def look_at(delivery: Delivery) -> Look:
    return Look.objects.get(delivery=delivery)


def run(clock: Clock, after: timedelta) -> int:
    """What the cluster does so long after noon."""
    clock.move_to(NOON + after)
    return collect_numbers()


# --- the rhythm ---


def test_a_post_is_asked_often_while_it_is_young_and_seldom_when_it_is_old() -> None:
    moment, ages = NOON, []
    while (due := next_look_at_post(NOON, moment)) is not None:
        ages.append((due - NOON) / HOUR)
        moment = due

    assert ages[:9] == [0.25, 1, 3, 6, 12, 24, 48, 72, 120]
    assert ages[9:14] == [24 * days for days in (7, 14, 30, 60, 90)]
    assert ages[14:16] == [24 * 120, 24 * 150]
    assert ages[-1] <= 24 * 365


def test_a_late_answer_does_not_shift_the_rhythm() -> None:
    assert next_look_at_post(NOON, NOON + 2 * HOUR) == NOON + 3 * HOUR


def test_accounts_are_asked_in_the_evening_of_their_own_clock(account: Account) -> None:
    due = next_look_at_account(account.pk, account.workspace.zone, NOON).astimezone(account.workspace.zone)

    assert due.date() == NOON.date()
    assert 20 <= due.hour < 24
    assert next_look_at_account(account.pk, account.workspace.zone, due) > due + 20 * HOUR


# --- asking ---


def test_a_new_post_is_asked_a_quarter_of_an_hour_after_it_went_out(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    world.posts["p1"] = {"views": 120, "likes": 7}

    assert run(clock, timedelta(minutes=14)) == 1  # the account alone
    assert run(clock, timedelta(minutes=15)) == 1

    snapshot = PostSnapshot.objects.get()
    assert (snapshot.views, snapshot.likes, snapshot.clicks) == (120, 7, None)
    assert snapshot.raw == {"meter_views": 120, "meter_likes": 7}
    assert look_at(delivery).due_at == NOON + HOUR
    assert world.asked == ["account", "p1"]


def test_what_was_told_before_stays_as_it_was(delivery: Delivery, world: World, clock: Clock) -> None:
    for hours, views in ((1, 100), (3, 250), (6, 240)):
        world.posts["p1"] = {"views": views}
        run(clock, hours * HOUR)

    assert list(PostSnapshot.objects.values_list("views", flat=True)) == [100, 250, 240]
    assert Latest.objects.get().views == 240


def test_an_old_post_of_a_new_desk_is_asked_at_once(account: Account, world: World, clock: Clock) -> None:
    old = DeliveryFactory.create(
        post__workspace=account.workspace, account=account, published=True, remote_id="old",
        published_at=NOON - timedelta(days=40), due_at=NOON - timedelta(days=40),
    )  # fmt: skip

    collecting.find_new()

    assert look_at(old).due_at == NOON


def test_an_account_is_asked_when_it_is_connected_and_every_evening(
    account: Account, world: World, clock: Clock
) -> None:
    for hours in (0, 1, 12, 13):
        run(clock, hours * HOUR)

    assert world.asked == ["account", "account"]
    assert AccountSnapshot.objects.count() == 2


def test_a_network_that_tells_nothing_of_posts_is_not_asked(account: Account, clock: Clock) -> None:
    mute = AccountFactory(workspace=account.workspace, platform_name="google_business")
    assert not PLATFORMS["google_business"].can("post_metrics")
    delivery = DeliveryFactory(post__workspace=account.workspace, account=mute, published=True)

    collecting.find_new()

    assert (look_at(delivery).due_at, look_at(delivery).problem_code) == (None, "not_offered")


def test_a_post_without_an_id_is_not_asked(delivery: Delivery, world: World) -> None:
    Delivery.objects.update(remote_id=CONFIRMED)

    collecting.find_new()

    assert (look_at(delivery).due_at, look_at(delivery).problem_code) == (None, "no_address")


def test_nothing_told_is_no_snapshot_full_of_noughts(delivery: Delivery, world: World, clock: Clock) -> None:
    run(clock, HOUR)

    assert not PostSnapshot.objects.exists()
    assert look_at(delivery).problem_code == "not_told"
    assert look_at(delivery).due_at == NOON + 3 * HOUR


# --- failures ---


def test_a_limited_account_waits_with_all_its_posts(delivery: Delivery, world: World, clock: Clock) -> None:
    other = published(delivery.account, NOON)
    until = NOON + 5 * HOUR
    collecting.find_new()
    Look.objects.filter(account=delivery.account).update(due_at=NOON - HOUR)
    world.failures = [None, RateLimited("Slow down.", retry_at=until)]

    run(clock, HOUR)

    assert {look_at(delivery).due_at, look_at(other).due_at} == {until}
    assert world.asked[0] == "account"
    assert len(world.asked) == 2


def test_what_we_cannot_keep_holds_up_nobody_else_and_leaves_nothing_half_written(
    delivery: Delivery, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = published(delivery.account, NOON)
    world.posts |= {row.remote_id: {"views": 5} for row in (delivery, other)}
    newest = keeping.newest

    def broken(row: Delivery) -> Latest:
        if row.pk == delivery.pk:
            raise ValueError("stress-5")
        return newest(row)

    monkeypatch.setattr(keeping, "newest", broken)
    collecting.find_new()

    run(clock, HOUR)

    assert PostSnapshot.objects.filter(delivery=other).exists()
    assert not PostSnapshot.objects.filter(delivery=delivery).exists()
    assert "a fault of ours" in look_at(delivery).problem


def test_a_fault_of_ours_holds_up_nobody_else(
    delivery: Delivery, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = published(delivery.account, NOON)
    world.posts[other.remote_id] = {"views": 5}
    read = collecting._metrics

    def metrics(look: Look, account: Account) -> Metrics:
        if look.delivery_id == delivery.pk:
            raise ValueError("stress-5")
        return read(look, account)

    monkeypatch.setattr(collecting, "_metrics", metrics)
    collecting.find_new()

    run(clock, HOUR)

    assert PostSnapshot.objects.filter(delivery=other).exists()
    assert "a fault of ours" in look_at(delivery).problem
    assert look_at(delivery).due_at > NOON + HOUR


def test_a_registration_that_is_refused_holds_the_account_and_is_asked_about_once(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    others = [published(delivery.account, NOON) for _ in range(3)]
    collecting.find_new()
    world.failures = [ClientRefused("This installation is not known.")] * 9

    run(clock, HOUR)

    assert len(world.asked) == 1
    assert {look_at(row).due_at for row in (delivery, *others)} == {NOON + HOUR + collecting.LONGEST_PAUSE}


def test_a_limit_that_is_over_already_is_no_circle(delivery: Delivery, world: World, clock: Clock) -> None:
    collecting.find_new()
    world.failures = [None, *[RateLimited("Slow down.", retry_at=NOON)] * 50]

    run(clock, HOUR)

    assert len(world.asked) == 2
    assert look_at(delivery).due_at == NOON + HOUR + timedelta(minutes=1)


def test_a_limit_on_our_app_holds_every_account_of_the_network(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    stranger = published(AccountFactory(platform_name="meter", expires_at=None, refresh_at=None), NOON)
    elsewhere = published(AccountFactory(platform_name="mastodon", state="expired"), NOON)
    collecting.find_new()
    world.failures = [RateLimited("Slow down.", retry_at=NOON + 5 * HOUR, each="app")]

    run(clock, HOUR)

    assert look_at(stranger).due_at == look_at(delivery).due_at == NOON + 5 * HOUR
    assert look_at(elsewhere).due_at == NOON
    assert len(world.asked) == 1


def test_an_ended_connection_stands_still_and_goes_on_after_reconnecting(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    world.posts["p1"] = {"views": 5}
    collecting.find_new()
    Account.objects.update(state=Account.State.EXPIRED, trouble="The connection has ended.")

    assert run(clock, HOUR) == 0
    Account.objects.update(state=Account.State.CONNECTED)

    assert run(clock, 2 * HOUR) == 2
    assert world.asked.count("p1") == 1


def test_an_expired_token_is_renewed_once_and_asked_again(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    world.posts["p1"] = {"views": 5}
    world.failures = [None, TokenExpired("The token has expired.")]
    Account.objects.update(refreshed_at=NOON - HOUR)

    run(clock, HOUR)

    assert world.asked == ["account", "p1", "p1"]
    assert PostSnapshot.objects.get().views == 5


def test_a_deleted_post_is_believed_gone_when_it_is_missing_twice(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    gone = NotFound("The post is not there any more.")
    world.failures = [None, gone]

    run(clock, HOUR)
    assert look_at(delivery).due_at == NOON + 2 * HOUR
    world.failures = [gone]
    run(clock, 2 * HOUR)

    assert look_at(delivery).due_at is None
    assert look_at(delivery).problem == "The post is not there any more."


def test_a_post_that_is_only_slow_to_appear_goes_on(delivery: Delivery, world: World, clock: Clock) -> None:
    world.failures = [None, NotFound("Not there.")]
    run(clock, timedelta(minutes=15))
    world.posts["p1"] = {"views": 3}

    run(clock, 2 * HOUR)

    assert Latest.objects.get().views == 3
    assert (look_at(delivery).failures, look_at(delivery).problem) == (0, "")


@pytest.mark.parametrize("error", [InvalidContent("It has no insights."), PermissionMissing("Not allowed.")])
def test_a_refusal_is_shown_and_asked_again_later(
    error: Exception, delivery: Delivery, world: World, clock: Clock
) -> None:
    world.failures = [None, error]

    run(clock, HOUR)

    assert look_at(delivery).problem == str(error)
    assert look_at(delivery).due_at == NOON + 7 * HOUR


@pytest.mark.parametrize("error", [Unavailable("It is down."), OutcomeUnknown("It broke off.")])
def test_a_network_that_is_down_is_asked_ever_more_seldom(
    error: Exception, delivery: Delivery, world: World, clock: Clock
) -> None:
    waits = []
    collecting.find_new()
    clock.move_to(NOON + HOUR)
    for _ in range(9):
        Look.objects.exclude(delivery=delivery).update(due_at=None)
        world.failures = [error]
        collect_numbers()
        due = look_at(delivery).due_at
        assert due
        waits.append(round((due - now()) / timedelta(minutes=1)))
        clock.move_to(due)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360]


def test_a_network_that_is_down_does_not_hold_up_the_others(
    account: Account, world: World, clock: Clock
) -> None:
    for _ in range(30):
        published(account, NOON - HOUR)
    world.failures = [Unavailable("It is down.")] * 30

    run(clock, HOUR)

    assert len(world.asked) == collecting.MOST_FAILURES
    assert not Look.objects.filter(lease_until__isnull=False).exists()


# --- quotas ---


def test_reading_leaves_half_of_a_quota_to_posts(delivery: Delivery, world: World, clock: Clock) -> None:
    limits(Quota("requests", 10, DAY), requests=2)
    account = delivery.account
    Bucket.objects.create(key=key_of(account, "requests"))
    Spend.objects.create(bucket=Bucket.objects.get(), amount=4, at=NOON)
    world.posts["p1"] = {"views": 5}
    collecting.find_new()
    Look.objects.filter(account=account).update(due_at=None)

    run(clock, HOUR)

    assert world.asked == []
    assert look_at(delivery).due_at == NOON + DAY


def test_what_is_read_is_counted_where_posts_are_counted(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    limits(Quota("requests", 100, DAY), requests=2)

    run(clock, HOUR)

    spends = Spend.objects.filter(bucket__key=key_of(delivery.account, "requests"))
    assert [spend.amount for spend in spends] == [2, 2]


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=lambda platform: platform.name)
def test_what_reading_takes_is_a_quota_that_the_network_declares(platform: type) -> None:
    assert set(platform.reading) <= {quota.what for quota in platform.quotas}


# --- never lost, never twice ---


def test_a_look_that_somebody_makes_is_not_made_twice(delivery: Delivery, world: World, clock: Clock) -> None:
    collecting.find_new()
    clock.move_to(NOON + HOUR)

    first, second = collecting.claim(now()), collecting.claim(now())

    assert (len(first), len(second)) == (2, 0)


def test_a_look_whose_worker_died_is_made_by_the_next(delivery: Delivery, world: World, clock: Clock) -> None:
    world.posts["p1"] = {"views": 5}
    collecting.find_new()
    clock.move_to(NOON + HOUR)
    collecting.claim(now())

    assert run(clock, HOUR + timedelta(minutes=5)) == 0
    assert run(clock, HOUR + collecting.LEASE) == 2


def test_a_worker_that_was_held_up_writes_nothing(delivery: Delivery, world: World, clock: Clock) -> None:
    collecting.find_new()
    clock.move_to(NOON + HOUR)
    late = next(look for look in collecting.claim(now()) if look.delivery)
    clock.move_to(NOON + 2 * HOUR)
    world.posts["p1"] = {"views": 5}
    collect_numbers()

    assert not keeping.keep(late, Metrics({"views": 4}), now(), due_at=None)
    assert [shot.views for shot in PostSnapshot.objects.all()] == [5]


def test_finding_twice_makes_one_look(delivery: Delivery) -> None:
    assert collecting.find_new() == 2
    assert collecting.find_new() == 0


def test_new_numbers_make_a_new_edition(delivery: Delivery, world: World, clock: Clock) -> None:
    world.posts["p1"] = {"views": 5}
    run(clock, HOUR)
    before = Edition.objects.get().token

    run(clock, 3 * HOUR)

    assert Edition.objects.get().token != before


def test_a_batch_is_claimed_in_a_few_queries(
    account: Account, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        published(account, NOON - HOUR)

    with django_assert_num_queries(5):  # with its savepoint
        looks = collecting.claim(now())

    assert len(looks) == 12


# --- milestones ---


def test_a_round_number_of_views_is_told_once(delivery: Delivery, ada: User, clock: Clock) -> None:
    told(delivery, NOON + HOUR, views=990)
    told(delivery, NOON + 2 * HOUR, views=1_001)
    told(delivery, NOON + 3 * HOUR, views=998)
    told(delivery, NOON + 4 * HOUR, views=1_002)

    notice = Notification.objects.get(user=ada)
    assert notice.kind == "milestone"
    assert notice.text == "“Rye, warm” has passed 1,000 views on bakery (Meter)."
    assert notice.url == f"/analytics/posts/{delivery.post_id}/"


def test_several_round_numbers_at_once_are_one_reason_to_be_glad(
    delivery: Delivery, ada: User, clock: Clock
) -> None:
    told(delivery, NOON + HOUR, views=12_000)

    assert "10,000 views" in Notification.objects.get(user=ada).text


def test_an_account_that_came_with_its_followers_has_passed_nothing(
    account: Account, ada: User, clock: Clock
) -> None:
    told_account(account, NOON, followers=5_000)
    assert not Notification.objects.exists()

    told_account(account, NOON + HOUR, followers=10_003)

    assert Notification.objects.get(user=ada).text == "bakery (Meter) has 10,000 followers now."


def test_followers_of_a_day_are_the_last_that_were_told(account: Account, clock: Clock) -> None:
    told_account(account, NOON - timedelta(days=1), followers=40)
    told_account(account, NOON, followers=43)
    told_account(account, NOON + HOUR, followers=42)

    collect_numbers()

    days = AccountDay.objects.filter(account=account).values_list("followers", "new_followers")
    assert list(days) == [(40, None), (42, 2)]


def test_an_operator_collects_and_counts_by_hand(delivery: Delivery, world: World, clock: Clock) -> None:
    world.posts["p1"] = {"views": 7}
    clock.move_to(NOON + HOUR)
    said = io.StringIO()

    call_command("collect_analytics", stdout=said)
    call_command("collect_analytics", "--recount", stdout=said)

    assert said.getvalue().splitlines() == ["Asked 2, counted 1 days.", "Asked 0, counted 1 days."]
    assert AccountDay.objects.get().views == 7


def test_what_was_published_long_after_it_was_due_is_found_within_the_hour(
    delivery: Delivery, world: World, clock: Clock
) -> None:
    Delivery.objects.update(due_at=NOON - 3 * DAY)

    run(clock, HOUR)
    assert not Look.objects.filter(delivery=delivery).exists()

    assert find_all() == 1
    assert look_at(delivery).due_at == NOON + HOUR
