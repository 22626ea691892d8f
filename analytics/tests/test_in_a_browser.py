"""The overview in a real browser: the chart says what the table says, in both themes and on a phone."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.timezone import now
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.factories import client_of
from accounts.models import Account, User
from analytics.factories import count, published, told, told_account
from publishing.models import Delivery
from snsauto.tests.browser.complaints import complaints_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# What the chart of the trend holds: the numbers that Chart.js was given.
DRAWN = "() => Chart.getChart(document.querySelector('[data-chart=line] canvas'))?.data.datasets[0].data"


@pytest.fixture(scope="session", autouse=True)
def database_beside_the_browser() -> Iterator[None]:
    """Playwright runs an event loop in the test's thread; Django would take it for an asynchronous caller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def post(account: Account) -> Delivery:
    """A post of two days ago that had 100 views, then 160, then 240."""
    at = now() - timedelta(days=2)
    post = published(account, at, text="Rye for the long night #rye")
    for hours, views, likes in ((1, 100, 4), (24, 160, 9), (47, 240, 12)):
        told(post, at + timedelta(hours=hours), views=views, likes=likes)
    told_account(account, now() - timedelta(hours=1), followers=41)
    count()
    return post


@pytest.fixture
def desk(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], ada: User
) -> Callable[..., Page]:
    """Opens Ada's desk."""

    def opened(path: str, width: int = 1440, **options: object) -> Page:
        context = new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            **options,
        )
        cookie = client_of(ada).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(path)
        return page

    return opened


def test_the_chart_shows_what_the_table_says(desk: Callable[..., Page], post: Delivery) -> None:
    page = desk("/analytics/?days=7")
    complaints = complaints_of(page, page.url)
    page.reload()

    card = page.locator("[data-metric=views]")
    expect(card).to_contain_text("240")
    page.wait_for_function(DRAWN)
    assert sum(value or 0 for value in page.evaluate(DRAWN)) == 240

    page.get_by_role("link", name="Engagements", exact=True).click()

    assert sum(value or 0 for value in page.evaluate(DRAWN)) == 12
    assert "metric=engagements" in page.url
    cells = page.locator("[data-chart=line] tbody td:nth-of-type(2)").all_text_contents()
    assert sum(int(cell) for cell in cells if cell != "–") == 12
    assert complaints == []


def test_without_script_the_numbers_stand_in_the_table(desk: Callable[..., Page], post: Delivery) -> None:
    page = desk("/analytics/?days=7&metric=posts", java_script_enabled=False)

    page.get_by_text("The numbers as a table").click()

    expect(page.locator("[data-chart=line] table")).to_be_visible()
    expect(page.locator("[data-chart=line] canvas")).to_be_hidden()


def test_accounts_are_chosen_by_keyboard(desk: Callable[..., Page], post: Delivery, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(handle="first")
    account.pk = None
    account.remote_id, account.handle = "second", "second"
    account.save()
    page = desk("/analytics/")
    page.locator("details.picker > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("second").press("Space")
    page.get_by_label("second").press("Escape")
    expect(page.get_by_label("second")).to_be_hidden()

    page.get_by_role("button", name="Show").click()

    page.wait_for_url(f"**accounts={account.pk}**")
    expect(page.locator("details.picker > summary")).to_contain_text("1 account")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_read_the_pages(
    desk: Callable[..., Page], post: Delivery, account: Account, scheme: str, width: int
) -> None:
    page = desk("/analytics/", width=width, color_scheme=scheme)
    for path in (
        "/analytics/?days=7",
        f"/analytics/posts/{post.post_id}/",
        f"/analytics/accounts/{account.pk}/",
        "/analytics/best-time/",
        "/analytics/hashtags/",
        "/analytics/?from=2030-02-02&to=2030-01-01",
    ):
        page.goto(path)
        found = Axe().run(page, options=AXE).response["violations"]
        assert [(path, each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
