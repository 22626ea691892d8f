"""The queue, the calendar and the home page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from publishing.factories import CampaignFactory, DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Delivery, Post, State
from publishing.tests.pages.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def planned(workspace: Workspace, roomy: Account) -> Callable[..., Delivery]:
    """Makes a scheduled post at a moment."""

    def make(text: str, at: datetime = NOON + timedelta(hours=3), **fields: object) -> Delivery:
        post = PostFactory.create(
            workspace=workspace, text=text, scheduled_at=at, campaign=fields.pop("campaign", None)
        )
        state = {} if fields.pop("draft", False) else {"scheduled": True, "due_at": at}
        return DeliveryFactory.create(post=post, **{"account": roomy, **state, **fields})

    return make


# --- queue ---


def test_the_queue_shows_what_is_planned_by_day_in_order(
    ada_browser: Client, planned: Callable[..., Delivery]
) -> None:
    planned("Second", NOON + timedelta(days=1))
    planned("First")
    planned("Never", draft=True)

    page = ada_browser.get("/queue/").text

    assert (
        page.index("Monday 6 May") < page.index("First") < page.index("Tuesday 7 May") < page.index("Second")
    )
    assert "Never" not in page


def test_a_day_is_the_workspace_s_day(ada_browser: Client, planned: Callable[..., Delivery]) -> None:
    planned("Late", datetime(2030, 5, 6, 22, 30, tzinfo=UTC))

    page = ada_browser.get("/queue/?day=2030-05-07").text

    assert "Tuesday 7 May" in page
    assert "00:30" in page
    assert "Late" not in ada_browser.get("/queue/?day=2030-05-06").text


@pytest.mark.parametrize(
    ("show", "states"),
    [
        ("trouble", {"failed", "unknown", "missed"}),
        ("drafts", {"draft"}),
        ("published", {"published"}),
        ("cancelled", {"cancelled"}),
        ("planned", {"scheduled", "publishing"}),
        (
            "all",
            {"failed", "unknown", "missed", "draft", "published", "cancelled", "scheduled", "publishing"},
        ),
    ],
)
def test_tabs_narrow_by_state(
    ada_browser: Client, delivery: Callable[..., Delivery], show: str, states: set[str]
) -> None:
    for state in State.values:
        traits = {"state": state} if state in {"draft", "cancelled"} else {state: True}
        delivery(f"This one is {state}.", **traits)

    page = ada_browser.get("/queue/", {"show": show}).text

    assert {state for state in State.values if f"This one is {state}." in page} == states


def test_filters_narrow_and_stand_in_the_address(
    ada_browser: Client, workspace: Workspace, planned: Callable[..., Delivery], terse: Account
) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    planned("Rye bread")
    planned("Wheat bread", account=terse)
    planned("Oat bread", campaign=campaign)

    def found(**query: object) -> set[str]:
        page = ada_browser.get("/queue/", query).text
        return {text for text in ("Rye", "Wheat", "Oat") if f"{text} bread" in page}

    assert found(q="rye") == {"Rye"}
    assert found(network="terse") == {"Wheat"}
    assert found(account=terse.pk) == {"Wheat"}
    assert found(campaign=campaign.pk) == {"Oat"}
    assert found(q="bread", network="roomy") == {"Rye", "Oat"}
    assert found(q="nothing like it") == set()


@pytest.mark.parametrize(
    "query", ["account=999", "network=zz", "day=soon", "show=me", "page=zz", "page=999", "campaign=x"]
)
def test_a_filter_that_makes_no_sense_narrows_nothing(
    ada_browser: Client, planned: Callable[..., Delivery], query: str
) -> None:
    planned("Rye bread")

    response = ada_browser.get(f"/queue/?{query}")

    assert response.status_code == 200
    assert "Rye bread" in response.text


def test_the_queue_has_pages(ada_browser: Client, planned: Callable[..., Delivery]) -> None:
    for n in range(26):
        planned(f"Loaf number {n:02}.", NOON + timedelta(minutes=n + 1))

    assert "Loaf number 25." not in ada_browser.get("/queue/").text
    assert "Loaf number 25." in ada_browser.get("/queue/?page=2&show=planned").text


LOST = {"reason_code": "token_expired", "reason": "The connection has ended."}


def test_failures_of_one_cause_are_retried_together_whatever_the_account(
    ada_browser: Client, delivery: Callable[..., Delivery], terse: Account
) -> None:
    same = [delivery(failed=True), delivery(failed=True), delivery(failed=True, account=terse)]
    other = delivery(failed=True, reason="The network refused the picture.")
    delivery(unknown=True, reason_code=same[0].reason_code, reason=same[0].reason)
    cause = {"remedy": "any", "reason_code": same[0].reason_code, "reason": same[0].reason}

    page = ada_browser.get("/queue/?show=trouble").text
    ada_browser.post("/queue/retry/", cause)

    assert "Retry these 3" in page
    assert set(Delivery.objects.filter(state=State.SCHEDULED)) == set(same)
    assert Delivery.objects.get(pk=other.pk).state == State.FAILED


def test_what_failed_before_an_account_was_connected_again_is_retried_together(
    ada_browser: Client, delivery: Callable[..., Delivery], roomy: Account, terse: Account
) -> None:
    earlier = {"failed": True, "due_at": NOON - timedelta(hours=2), **LOST}
    before = [delivery(**earlier), delivery(**earlier, account=terse)]
    after = delivery(failed=True, due_at=NOON, **LOST)
    unclear = delivery(unknown=True, due_at=NOON - timedelta(hours=2), **LOST)
    Account.objects.update(connected_at=NOON - timedelta(hours=1))

    page = ada_browser.get("/queue/?show=trouble").text
    ada_browser.post("/queue/retry/", {"remedy": "reconnected"})

    assert "Reconnected: retry these 2" in page
    assert set(Delivery.objects.filter(state=State.SCHEDULED)) == set(before)
    assert Delivery.objects.get(pk=after.pk).state == State.FAILED
    assert Delivery.objects.get(pk=unclear.pk).state == State.UNKNOWN


def test_what_waits_for_a_connection_leads_to_the_account(
    ada_browser: Client, delivery: Callable[..., Delivery], roomy: Account
) -> None:
    for reason in ("The connection has ended.", "The token was withdrawn."):
        delivery(failed=True, due_at=NOON, reason_code="token_expired", reason=reason)
    Account.objects.update(state=Account.State.EXPIRED, connected_at=NOON + timedelta(hours=1))

    page = ada_browser.get("/queue/?show=trouble").text

    assert f"/accounts/#account-{roomy.pk}" in page
    assert "Retry these 2" in page
    assert "Reconnected" not in page


def test_the_accounts_page_retries_what_one_account_lost(
    ada_browser: Client, delivery: Callable[..., Delivery], roomy: Account, terse: Account
) -> None:
    earlier = {"failed": True, "due_at": NOON - timedelta(hours=2), **LOST}
    mine = [delivery(**earlier), delivery(**earlier)]
    other = delivery(**earlier, account=terse)
    Account.objects.update(connected_at=NOON)
    press = {"remedy": "reconnected", "account": roomy.pk, "next": "/accounts/"}

    page = ada_browser.get("/accounts/").text
    answer = ada_browser.post("/queue/retry/", press)

    assert "Reconnected: retry these 2" in page
    assert answer["Location"] == "/accounts/"
    assert set(Delivery.objects.filter(state=State.SCHEDULED)) == set(mine)
    assert Delivery.objects.get(pk=other.pk).state == State.FAILED


@pytest.mark.parametrize(
    "press", [{}, {"account": "1"}, {"remedy": "any"}, {"remedy": "reconnected", "account": "x"}]
)
def test_a_press_that_names_no_cause_retries_nothing(
    ada_browser: Client, delivery: Callable[..., Delivery], press: dict[str, str]
) -> None:
    delivery(failed=True, due_at=NOON - timedelta(hours=2), **LOST)

    answer = ada_browser.post("/queue/retry/", press, follow=True)

    assert "nothing that failed for this is left" in answer.text
    assert Delivery.objects.get().state == State.FAILED


def test_others_retry_nothing(stranger: Client, onlooker: Client, delivery: Callable[..., Delivery]) -> None:
    row = delivery(failed=True)
    cause = {"reason_code": row.reason_code, "reason": row.reason}

    stranger.post("/queue/retry/", cause)

    assert onlooker.post("/queue/retry/", cause).status_code == 403
    assert Delivery.objects.get().state == State.FAILED


def test_a_stranger_s_pages_are_empty(stranger: Client, planned: Callable[..., Delivery]) -> None:
    planned("Rye bread")

    for url in ("/", "/queue/?show=all", "/calendar/?month=2030-05", "/calendar/2030/5/6/"):
        assert "Rye bread" not in stranger.get(url).text


@pytest.mark.parametrize("count", [1, 50])
def test_the_queue_costs_the_same_however_long_it_is(
    ada_browser: Client,
    workspace: Workspace,
    roomy: Account,
    terse: Account,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    fill(workspace, [roomy, terse], count)
    ada_browser.get("/queue/")

    with django_assert_num_queries(7):
        response = ada_browser.get("/queue/")

    assert len(response.content) < 100_000


def fill(workspace: Workspace, accounts: list[Account], count: int) -> None:
    """Scheduled posts with a picture, spread over May."""
    media = MediaFactory.create(workspace=workspace)
    for n in range(count):
        at = NOON + timedelta(hours=2 * n % 576)
        post = PostFactory.create(workspace=workspace, scheduled_at=at, media=[media], text="Loaf " * 30)
        Delivery.objects.bulk_create(
            Delivery(post=post, account=account, state=State.SCHEDULED, due_at=at) for account in accounts
        )


# --- calendar ---


def test_the_month_shows_each_post_once_on_its_day(
    ada_browser: Client, planned: Callable[..., Delivery], terse: Account
) -> None:
    row = planned("Rye bread")
    DeliveryFactory.create(post=row.post, account=terse, scheduled=True)
    planned("A draft with a date", draft=True)

    page = ada_browser.get("/calendar/").text

    assert page.count("Rye bread") == 1
    assert "A draft with a date" in page
    assert "May 2030" in page
    assert page.index("Mon") < page.index("Sun")


def test_a_full_day_leads_to_all_of_it(ada_browser: Client, planned: Callable[..., Delivery]) -> None:
    for n in range(7):
        planned(f"Loaf number {n}.")

    month = ada_browser.get("/calendar/").text
    day = ada_browser.get("/calendar/2030/5/6/").text

    assert "+4 more" in month
    assert 'href="/calendar/2030/5/6/"' in month
    assert all(f"Loaf number {n}." in day for n in range(7))


@pytest.mark.parametrize(
    ("month", "title"),
    [
        ("2031-02", "February 2031"),
        ("", "May 2030"),
        ("never", "May 2030"),
        ("2030-13", "May 2030"),
        ("0001-01", "January 1970"),
        ("9999-12", "January 9000"),
    ],
)
def test_any_month_opens(ada_browser: Client, month: str, title: str) -> None:
    response = ada_browser.get("/calendar/", {"month": month})

    assert response.status_code == 200
    assert title in response.text


@pytest.mark.parametrize("url", ["/calendar/2030/2/30/", "/calendar/2030/13/1/", "/calendar/0/1/1/"])
def test_a_day_that_does_not_exist_is_not_found(ada_browser: Client, url: str) -> None:
    assert ada_browser.get(url).status_code == 404


def test_the_calendar_narrows_by_account_and_keeps_it_in_its_links(
    ada_browser: Client, planned: Callable[..., Delivery], terse: Account
) -> None:
    planned("Rye bread")
    planned("Wheat bread", account=terse)

    page = ada_browser.get("/calendar/", {"account": terse.pk}).text

    assert "Rye bread" not in page
    assert "Wheat bread" in page
    assert f"month=2030-06&amp;account={terse.pk}" in page


@pytest.mark.parametrize("count", [1, 300])
def test_a_month_costs_the_same_however_busy_it_is(
    ada_browser: Client,
    workspace: Workspace,
    roomy: Account,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    others = AccountFactory.create_batch(2, workspace=workspace, platform_name="terse")
    fill(workspace, [roomy, *others], count)
    ada_browser.get("/calendar/?month=2030-05")

    with django_assert_num_queries(7):
        response = ada_browser.get("/calendar/?month=2030-05")

    assert len(response.content) < 100_000


@pytest.mark.parametrize("count", [1, 50])
def test_a_day_costs_the_same_however_busy_it_is(
    ada_browser: Client,
    planned: Callable[..., Delivery],
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for _ in range(count):
        planned("Rye bread")
    ada_browser.get("/calendar/2030/5/6/")

    with django_assert_num_queries(6):
        ada_browser.get("/calendar/2030/5/6/")


# --- home ---


def test_a_newcomer_is_told_what_to_do_first(ada_browser: Client) -> None:
    page = ada_browser.get("/").text

    assert "Connect an account" in page
    assert "data-done" not in page


def test_the_first_steps_go_once_they_are_done(ada_browser: Client, planned: Callable[..., Delivery]) -> None:
    planned("Rye bread")

    assert "First steps" not in ada_browser.get("/").text


def test_home_says_what_goes_out_what_went_out_and_what_needs_a_person(
    ada_browser: Client, planned: Callable[..., Delivery], delivery: Callable[..., Delivery], terse: Account
) -> None:
    planned("Next loaf")
    delivery("Last loaf", published=True)
    delivery("Burnt loaf", failed=True)
    delivery("Perhaps a loaf", unknown=True)
    delivery("Forgotten loaf", missed=True)
    Account.objects.filter(pk=terse.pk).update(state=Account.State.EXPIRED)

    page = ada_browser.get("/").text

    for words in ("Next loaf", "Last loaf", "Burnt loaf", "Perhaps a loaf", "Forgotten loaf"):
        assert words in page
    assert "Must be connected again." in page
    assert "Decide" in page
    assert "All is well." not in page


def test_a_quiet_morning(ada_browser: Client) -> None:
    assert "All is well." in ada_browser.get("/").text


def test_a_connection_that_ends_soon_is_named(ada_browser: Client, roomy: Account) -> None:
    Account.objects.update(refresh_at=None, expires_at=now() + timedelta(days=2))

    assert "Its connection ends" in ada_browser.get("/").text


def test_posts_that_should_be_out_by_now_are_an_alarm(
    ada_browser: Client, planned: Callable[..., Delivery]
) -> None:
    planned("Late loaf", NOON - timedelta(minutes=6))

    assert "should have gone out by now" in ada_browser.get("/").text


@pytest.mark.parametrize("count", [1, 50])
def test_home_costs_the_same_however_much_there_is(
    ada_browser: Client,
    workspace: Workspace,
    roomy: Account,
    terse: Account,
    delivery: Callable[..., Delivery],
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    fill(workspace, [roomy, terse], count)
    for _ in range(count):
        delivery(failed=True)
        delivery(published=True)
    ada_browser.get("/")

    with django_assert_num_queries(16):
        response = ada_browser.get("/")

    assert len(response.content) < 100_000
    assert Post.objects.count() == 3 * count
