"""The forecast: what of a day is used, planned and left, and who is told that it is full."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, ApiToken, User, Workspace
from platforms.quotas import DAY, MINUTE, Cost, Quota
from publishing import engine, pacing, scheduling
from publishing.engine_rows import Bucket, Spend
from publishing.factories import DeliveryFactory, PostFactory
from publishing.forecast import Forecast, month_of
from publishing.models import Delivery, State
from publishing.tests.conftest import NOON
from publishing.tests.network import Wire, World

pytestmark = pytest.mark.django_db
SEOUL = ZoneInfo("Asia/Seoul")
TODAY = NOON.date()
POSTS = Quota("posts", 3, DAY, cost=(Cost(1),))


@pytest.fixture
def account(world: World, workspace: Workspace, clock: time_machine.Traveller) -> Account:
    Wire.allows(POSTS, Quota("posts", 2, MINUTE, cost=(Cost(1),)), Quota("reads", 5, DAY))
    return AccountFactory(platform_name="wire", workspace=workspace, expires_at=None, refresh_at=None)


@pytest.fixture
def desk(ada: User) -> Client:
    return client_of(ada)


def plan(account: Account, at: datetime = NOON + timedelta(hours=1), **costs: float) -> Delivery:
    post = PostFactory(workspace=account.workspace, scheduled_at=at)
    return DeliveryFactory(
        post=post,
        account=account,
        state=State.SCHEDULED,
        due_at=at,
        planned_at=at,
        costs=costs or {"posts": 1},
    )


def form(account: Account, **fields: Any) -> dict[str, Any]:
    return {
        "key": str(uuid.uuid4()),
        "text": "Good morning",
        "accounts": [account.pk],
        "timezone": "UTC",
        "date": TODAY.isoformat(),
        "time": "18:00",
        **fields,
    }


def test_used_planned_and_left_of_a_day(account: Account) -> None:
    plan(account, NOON)
    [sent] = engine.claim("worker", 5)
    engine.work(sent)
    plan(account)
    plan(account, NOON + DAY)

    [use] = Forecast([account], TODAY, TODAY, ZoneInfo("UTC")).on(account, TODAY)

    assert (use.used, use.reserved, use.left, use.is_full) == (1, 1, 1, False)
    assert use.resets_at == datetime(2030, 5, 7, tzinfo=UTC)


def test_days_are_those_of_the_workspaces_clock(account: Account) -> None:
    plan(account, datetime(2030, 5, 6, 16, tzinfo=UTC))  # one in the night, in Seoul

    forecast = Forecast([account], TODAY, TODAY + DAY, SEOUL)

    assert [forecast.on(account, day)[0].reserved for day in (TODAY, TODAY + DAY)] == [0, 1]


def test_a_turn_is_planned_and_not_used(account: Account) -> None:
    for _ in range(3):
        plan(account, NOON)
    engine.claim("worker", 5)

    [use] = Forecast([account], TODAY, TODAY, ZoneInfo("UTC")).on(account, TODAY)

    assert (use.used, use.reserved) == (2, 1)


def test_what_the_app_may_is_counted_over_all_workspaces(account: Account) -> None:
    Wire.allows(Quota("posts", 3, DAY, "app", (Cost(1),)))
    plan(AccountFactory(platform_name="wire"))
    plan(account)

    [use] = Forecast([account], TODAY, TODAY, ZoneInfo("UTC")).on(account, TODAY)

    assert use.reserved == 2


def test_money_of_the_month(account: Account) -> None:
    Wire.currency = "USD"
    bucket = Bucket.objects.create(key=pacing.key_of(account, "USD"))
    Spend.objects.create(bucket=bucket, amount="0.215", at=NOON - DAY)
    Spend.objects.create(bucket=bucket, amount="7", at=NOON - 31 * DAY)
    plan(account, posts=1, USD=0.2)
    plan(account, NOON + 3 * DAY, posts=1, USD=0.015)

    money = Forecast([account], *month_of(ZoneInfo("UTC")), ZoneInfo("UTC")).money(account)

    assert money is not None
    assert (float(money.used), float(money.reserved), str(money)) == (0.215, 0.215, "$0.43")


def test_it_costs_the_same_however_many_accounts_there_are(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Wire.allows(POSTS, Quota("posts", 9, DAY, "app", (Cost(1),)))
    many = [account, *AccountFactory.create_batch(4, platform_name="wire")]
    for row in many:
        plan(row)

    with django_assert_num_queries(1):  # taken, and planned by account and by everybody
        Forecast(many, TODAY, TODAY + 30 * DAY, ZoneInfo("UTC"))


# --- where people and programs see it ---


def test_the_composer_warns_when_a_day_is_full(account: Account, desk: Client) -> None:
    for _ in range(3):
        plan(account)

    full = desk.post("/posts/check/", form(account)).text
    free = desk.post("/posts/check/", form(account, date=str(TODAY + DAY))).text

    assert "On Mon 6 May, 3 of 3 posts a day on Wire are used or planned." in full
    assert "used or planned" not in free


def test_a_post_that_is_planned_already_does_not_stand_in_its_own_way(account: Account, desk: Client) -> None:
    mine, *_others = [plan(account).post for _ in range(3)]

    page = desk.post("/posts/check/", form(account, key=str(mine.key))).text

    assert "used or planned" not in page


def test_scheduling_on_a_full_day_is_done_and_told(account: Account, desk: Client) -> None:
    for _ in range(3):
        plan(account)

    page = desk.post("/posts/new/", form(account, action="schedule"), follow=True).text

    assert Delivery.objects.filter(state=State.SCHEDULED).count() == 4
    assert "3 of 3 posts a day on Wire are used or planned" in page


def test_the_calendar_marks_a_full_day(account: Account, desk: Client) -> None:
    for _ in range(3):
        plan(account, NOON + 2 * DAY)

    page = desk.get("/calendar/?month=2030-05").text

    assert page.count("all 3 posts of the day are used or planned") == 1


def test_the_accounts_page_shows_what_is_left(
    account: Account, desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Wire.currency = "USD"
    plan(account, posts=1, USD=1.35)

    with django_assert_max_num_queries(11):
        page = " ".join(desk.get("/accounts/").text.split())

    assert "Today 0 of 3 posts used, 2 left, 1 planned" in page
    assert "About $1.35 this month" in page


def api(ada: User) -> dict[str, str]:
    _token, key = ApiToken.issue(ada.memberships.get(), "test")
    return {"Authorization": f"Token {key}"}


def test_the_api_tells_what_is_left(account: Account, ada: User, client: Client) -> None:
    Wire.currency = "USD"
    plan(account, posts=1, USD=0.2)

    told = client.get(f"/api/v1/accounts/{account.pk}/quotas/", headers=api(ada)).json()

    assert told["day"] == "2030-05-06"
    assert told["quotas"] == [
        {
            "what": "posts",
            "limit": 3,
            "within": "1 00:00:00",
            "each": "account",
            "used": 0.0,
            "reserved": 1.0,
            "left": 2.0,
            "resets_at": "2030-05-06T22:00:00Z",  # midnight in Berlin
        }
    ]
    assert told["money"] == {"currency": "USD", "used": 0.0, "reserved": 0.2}


def test_the_apis_check_warns_like_the_composer(account: Account, ada: User, client: Client) -> None:
    for _ in range(3):
        plan(account)
    body = {
        "text": "Good morning",
        "accounts": [{"account": account.pk}],
        "scheduled_at": (NOON + timedelta(hours=2)).isoformat(),
        "timezone": "UTC",
    }

    [checked] = client.post(
        "/api/v1/posts/check/", body, headers=api(ada), content_type="application/json"
    ).json()

    assert [(f["code"], f["severity"]) for f in checked["findings"]] == [("quota_full", "warning")]


# --- costs are written down with the time ---


def test_costs_are_written_when_a_post_gets_its_time(account: Account) -> None:
    post = PostFactory(workspace=account.workspace)
    DeliveryFactory(post=post, account=account)

    scheduling.schedule(post, NOON + timedelta(hours=1))

    assert Delivery.objects.get().costs == {"posts": 1}


def test_costs_follow_the_text_while_it_waits(
    account: Account, desk: Client, due: Callable[..., Delivery]
) -> None:
    Wire.allows(Quota("posts", 30, DAY, cost=(Cost(per_part=1),)))
    post = plan(account).post

    desk.post(
        f"/posts/{post.pk}/edit/",
        form(
            account,
            key=str(post.key),
            seen=post.updated_at.isoformat(),
            text="a\n---\nb\n---\nc",
            action="schedule",
        ),
    )

    assert Delivery.objects.get().costs == {"posts": 3}


def test_months_end_where_they_end(clock: time_machine.Traveller) -> None:
    clock.move_to(datetime(2030, 1, 31, 20, tzinfo=UTC))

    assert month_of(SEOUL) == (date(2030, 2, 1), date(2030, 2, 28))
