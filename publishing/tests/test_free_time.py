"""The next free slot of a post that lost its time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.factories import AccountFactory
from accounts.models import Account
from platforms.quotas import DAY, Cost, Quota
from publishing.factories import DeliveryFactory, PostFactory
from publishing.free_time import FreeTimes
from publishing.models import Delivery
from publishing.tests.conftest import NOON
from publishing.tests.network import Wire, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
TOMORROW = NOON - timedelta(hours=2) + timedelta(days=1)
Make = Callable[..., Delivery]


@pytest.fixture
def account(db: None) -> Account:
    return AccountFactory()


@pytest.fixture
def late(account: Account) -> Make:
    """Makes a post that should have gone out two hours ago."""

    def make(at: datetime = NOON - timedelta(hours=2), zone: str = "Europe/Berlin") -> Delivery:
        post = PostFactory(workspace=account.workspace, timezone=zone)
        return DeliveryFactory(post=post, account=account, missed=True, due_at=at, planned_at=at)

    return make


def slots(*rows: Delivery) -> list[datetime]:
    times = FreeTimes(row.account_id for row in rows)
    return [times.take(row) for row in rows]


def taken(account: Account, at: datetime) -> None:
    post = PostFactory(workspace=account.workspace)
    DeliveryFactory(post=post, account=account, scheduled=True, due_at=at)


def test_it_is_the_same_time_of_day_tomorrow(late: Make) -> None:
    assert slots(late()) == [TOMORROW]


def test_tomorrow_is_the_post_s_own(late: Make) -> None:
    at = datetime(2030, 5, 6, 1, 30, tzinfo=SEOUL)

    with time_machine.travel(datetime(2030, 5, 6, 23, 59, tzinfo=SEOUL), tick=False):
        assert slots(late(at, "Asia/Seoul")) == [datetime(2030, 5, 7, 1, 30, tzinfo=SEOUL)]


def test_what_was_tried_again_since_keeps_the_time_that_was_meant(late: Make) -> None:
    row = late()
    row.due_at = NOON

    assert slots(row) == [TOMORROW]


@pytest.mark.parametrize(
    "night", [datetime(2030, 3, 30, tzinfo=BERLIN), datetime(2030, 10, 26, tzinfo=BERLIN)]
)
def test_nine_o_clock_stays_nine_o_clock_across_a_clock_change(late: Make, night: datetime) -> None:
    nine = night.replace(hour=9)

    with time_machine.travel(night.replace(hour=20), tick=False):
        [slot] = slots(late(nine))

    assert slot.astimezone(BERLIN) == (nine + timedelta(days=1))
    assert slot - nine.astimezone(UTC) != timedelta(days=1)


def test_a_time_that_clocks_jump_over_is_put_behind_the_jump(late: Make) -> None:
    with time_machine.travel(datetime(2030, 3, 30, 20, tzinfo=BERLIN), tick=False):
        [slot] = slots(late(datetime(2030, 3, 30, 2, 30, tzinfo=BERLIN)))

    assert slot.astimezone(BERLIN).isoformat() == "2030-03-31T03:30:00+02:00"


@pytest.mark.parametrize("minutes", [-14, 0, 14])
def test_fifteen_minutes_lie_between_two_posts_of_an_account(
    late: Make, account: Account, minutes: int
) -> None:
    other = TOMORROW + timedelta(minutes=minutes)
    taken(account, other)

    [slot] = slots(late())

    assert slot > TOMORROW
    assert abs(slot - other) >= timedelta(minutes=15)


def test_what_another_account_sends_is_in_nobody_s_way(late: Make, account: Account) -> None:
    taken(AccountFactory(workspace=account.workspace), TOMORROW)

    assert slots(late()) == [TOMORROW]


def test_what_is_given_away_is_not_offered_again(late: Make) -> None:
    given = slots(*[late() for _ in range(30)])

    gaps = [later - earlier for earlier, later in zip(sorted(given), sorted(given)[1:], strict=False)]
    assert min(gaps) >= timedelta(minutes=15)
    assert {slot.date() - TOMORROW.date() for slot in given} == {timedelta(days=n) for n in range(3)}


def test_late_in_the_evening_the_next_day_is_nearer(late: Make, account: Account) -> None:
    evening = datetime(2030, 5, 6, 23, 50, tzinfo=BERLIN)
    taken(account, evening + timedelta(days=1))

    with time_machine.travel(evening + timedelta(minutes=5), tick=False):
        assert slots(late(evening)) == [evening + timedelta(days=2)]


def test_a_day_on_which_the_network_allows_no_more_is_passed_over(late: Make, world: World) -> None:
    Wire.allows(Quota("posts", 1, DAY, cost=(Cost(per_post=1),)))
    account = AccountFactory(platform_name="wire")
    post = PostFactory(workspace=account.workspace, timezone="UTC")
    planned = DeliveryFactory(post=post, account=account, missed=True, due_at=NOON, planned_at=NOON)
    at = TOMORROW + timedelta(hours=5)
    DeliveryFactory(account=account, scheduled=True, due_at=at, planned_at=at, costs={"posts": 1})

    assert slots(planned) == [NOON + timedelta(days=2)]


def test_what_is_given_away_fills_a_day_too(late: Make, world: World) -> None:
    Wire.allows(Quota("posts", 1, DAY, cost=(Cost(per_post=1),)))
    account = AccountFactory(platform_name="wire")
    rows = [
        DeliveryFactory(
            post=PostFactory(workspace=account.workspace, timezone="UTC"),
            account=account,
            missed=True,
            due_at=NOON + timedelta(hours=n),
            planned_at=NOON + timedelta(hours=n),
        )
        for n in range(3)
    ]

    days = [slot.date() - NOON.date() for slot in slots(*rows)]

    assert days == [timedelta(days=1), timedelta(days=2), timedelta(days=3)]


def test_three_questions_are_asked_however_many_there_are(
    late: Make, django_assert_num_queries: Callable[..., object]
) -> None:
    rows = [late() for _ in range(20)]

    with django_assert_num_queries(3):
        slots(*rows)
