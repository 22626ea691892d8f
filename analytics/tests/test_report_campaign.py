"""What a campaign brought: known answers, added up here by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from analytics.factories import count, published, told
from analytics.report_bars import MOST_BARS, bars, trend
from analytics.report_campaign import CampaignNumbers, Cost, states_of
from analytics.tests.conftest import NOON
from campaigns.models import Campaign
from publishing.factories import CampaignFactory, DeliveryFactory, PostFactory
from publishing.models import State

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def campaign(clock: time_machine.Traveller, workspace: Workspace) -> Campaign:
    return CampaignFactory.create(
        workspace=workspace,
        name="Advent",
        starts_on=(NOON - 3 * DAY).date(),
        ends_on=(NOON + 6 * DAY).date(),
        goal_metric="engagements",
        goal_target=40,
        budget=Decimal("100.00"),
    )


@pytest.fixture
def told_of(campaign: Campaign, account: Account) -> Campaign:
    """Two posts of the campaign and one that is none of it; each was asked twice."""
    first = published(account, NOON - 2 * DAY, campaign=campaign)
    second = published(account, NOON - DAY, campaign=campaign)
    other = published(account, NOON - DAY)
    told(first, NOON - 2 * DAY + HOUR, views=100, likes=4, comments=1)
    told(first, NOON - DAY + HOUR, views=160, likes=7, comments=2)
    told(second, NOON - HOUR, views=40, likes=10, comments=1)
    told(other, NOON - HOUR, views=5000, likes=500, comments=50)
    count()
    return campaign


def test_its_numbers_are_those_of_its_posts_alone(told_of: Campaign) -> None:
    numbers = CampaignNumbers(told_of)

    assert numbers.value("views") == 160 + 40
    assert numbers.value("engagements") == (7 + 2) + (10 + 1)
    assert numbers.value("posts") == 2
    assert numbers.value("engagement_rate") == pytest.approx(20 / 200)


def test_what_no_network_tells_is_not_available_and_never_nought(told_of: Campaign) -> None:
    stats = {stat.name: stat.said for stat in CampaignNumbers(told_of).stats}

    assert (stats["clicks"], stats["views"], stats["engagement_rate"]) == ("not available", "200", "10.0 %")


def test_days_add_up_to_the_total(told_of: Campaign) -> None:
    rows = CampaignNumbers(told_of).trend.rows  # type: ignore[union-attr]

    views = {row.first: dict(row.values)["views"] for row in rows}

    assert [row.first for row in rows] == [(NOON - n * DAY).date() for n in (3, 2, 1, 0)]
    assert sum(value or 0 for value in views.values()) == 200
    assert views[(NOON - 2 * DAY).date()] == 100
    assert views[(NOON - 3 * DAY).date()] is None


def test_progress_and_cost_are_by_the_target(told_of: Campaign) -> None:
    numbers = CampaignNumbers(told_of)

    progress, cost = numbers.progress, numbers.cost

    assert progress is not None
    assert cost is not None
    assert (progress.percent, progress.filled, progress.said_target) == (50, 50, "40")
    assert (cost.each, cost.is_spent, cost.said) == (Decimal(5), False, "5.00 EUR")


def test_what_was_spent_goes_before_the_budget(told_of: Campaign) -> None:
    told_of.spent = Decimal("30.00")

    cost = CampaignNumbers(told_of).cost

    assert cost is not None
    assert (cost.is_spent, cost.said, cost.said_amount) == (True, "1.50 EUR", "30.00 EUR")


@pytest.mark.parametrize("results", [None, 0, 0.0])
def test_money_by_nothing_is_no_number(results: float | None) -> None:
    assert Cost(Decimal(10), "EUR", True, "clicks", results).said == "not available"


def test_money_is_said_in_the_currencys_own_smallest_unit() -> None:
    assert Cost(Decimal(100000), "KRW", True, "clicks", 3).said == "33,333 KRW"


def test_more_than_the_target_fills_the_bar_and_says_how_much(told_of: Campaign) -> None:
    told_of.goal_target = 8

    progress = CampaignNumbers(told_of).progress

    assert progress is not None
    assert (progress.percent, progress.filled) == (250, 100)


def test_before_its_first_day_and_post_there_is_nothing_to_count(
    clock: time_machine.Traveller, workspace: Workspace
) -> None:
    campaign = CampaignFactory.create(workspace=workspace, starts_on=(NOON + DAY).date())

    numbers = CampaignNumbers(campaign)

    assert (numbers.span, numbers.trend, numbers.best()) == (None, None, [])
    assert {stat.said for stat in numbers.stats} == {"not available"}


def test_posts_stand_under_their_gravest_state(campaign: Campaign, account: Account) -> None:
    post = PostFactory.create(workspace=campaign.workspace, campaign=campaign)
    PostFactory.create(workspace=campaign.workspace, campaign=campaign)
    DeliveryFactory.create(post=post, account=account, published=True)
    DeliveryFactory.create(
        post=post, account=AccountFactory.create(workspace=campaign.workspace), failed=True
    )

    assert states_of(campaign) == [(State.FAILED, 1), (State.DRAFT, 1)]


# --- the page ---


def test_the_page_says_all_of_it(told_of: Campaign, ada: User) -> None:
    page = client_of(ada).get(told_of.get_absolute_url()).content.decode()

    for said in ("Advent", "of 40 · Engagements", "50 %", "5.00 EUR", "100.00 EUR of budget", "6 days left"):
        assert said in page or (said == "6 days left" and "7 days left" in page), said
    assert "not available" in page
    assert 'data-value="100"' in page
    assert len(page.encode()) < 100_000


def test_the_pages_queries_do_not_grow_with_its_posts(
    told_of: Campaign, account: Account, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(12):
        told(published(account, NOON - DAY, campaign=told_of), NOON - HOUR + timedelta(seconds=n), views=1)

    client = client_of(ada)

    with django_assert_max_num_queries(19):
        client.get(told_of.get_absolute_url())


def test_a_stranger_does_not_find_it(campaign: Campaign, cho: User) -> None:
    assert client_of(cho).get(campaign.get_absolute_url()).status_code == 404


# --- series ---


def test_many_days_are_shown_by_week_and_lose_nothing() -> None:
    points = [(date(2030, 1, 1) + n * DAY, float(n)) for n in range(MOST_BARS + 1)]

    table, drawn = trend({"views": points}), bars("views", points)

    assert (table.is_weekly, len(table.rows), table.rows[0].last) == (True, 9, date(2030, 1, 7))
    assert sum(dict(row.values)["views"] or 0 for row in table.rows) == sum(range(MOST_BARS + 1))
    assert [bar.value for bar in drawn.bars] == [dict(row.values)["views"] for row in table.rows]


def test_bars_stay_within_the_drawing() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC).date()

    drawn = bars("views", [(at, None), (at + DAY, 0.0), (at + 2 * DAY, -5.0), (at + 3 * DAY, 10.0)])

    assert all(bar.y >= 0 and bar.height >= 0 and bar.y + bar.height <= 160 for bar in drawn.bars)
    assert [bar.height > 0 for bar in drawn.bars] == [False, False, False, True]
