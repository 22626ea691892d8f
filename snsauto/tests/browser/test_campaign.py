"""A campaign from creation to report, in a real browser, on the sandbox."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.timezone import now
from playwright.sync_api import Browser, Page, expect

from accounts.factories import client_of
from accounts.models import User
from analytics import collecting, days, reports
from analytics.models import Look
from campaigns.models import Campaign
from publishing import engine
from publishing.models import Delivery, State
from publishing.tests.connecting import connect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def desk(sandbox: str, ada: User, browser: Browser) -> Iterator[Page]:
    """Ada's desk, with an account on a network of the sandbox."""
    connect(ada.memberships.get(), "mastodon")
    context = browser.new_context(base_url=sandbox, reduced_motion="reduce", accept_downloads=True)
    cookie = client_of(ada).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": sandbox}])
    yield context.new_page()
    context.close()


def publish() -> None:
    """What the pump does."""
    for _ in range(4):
        Delivery.objects.filter(state=State.PUBLISHING).update(due_at=now())
        for delivery in engine.claim("worker", 20):
            engine.work(delivery)


def collect() -> None:
    """What the collector does, a few hours after the post went out."""
    Delivery.objects.update(published_at=now() - timedelta(hours=5))
    collecting.find_new()
    Look.objects.update(due_at=now())
    collecting.collect()
    while days.count_touched():
        pass


def check(page: Page) -> None:
    """Nothing stands in anybody's way."""
    assert Axe().run(page, options=AXE).generate_report().startswith("Found 0"), page.url


def test_a_campaign_from_creation_to_report(desk: Page, browser: Browser) -> None:
    make_campaign(desk)
    write_post(desk)
    publish()
    collect()

    desk.goto(Campaign.objects.get().get_absolute_url())
    expect(desk.get_by_text("of 1,000,000 · Engagements")).to_be_visible()
    expect(desk.locator("canvas")).to_be_visible()
    check(desk)

    make_report(desk)
    with desk.expect_download() as download:
        desk.get_by_role("link", name="PDF").click()
    assert "Advent" in pypdf.PdfReader(download.value.path()).pages[0].extract_text()
    share(desk, browser)


def make_campaign(page: Page) -> None:
    """In the dialog, once refused."""
    page.goto("/campaigns/")
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Name").fill("Advent")
    page.locator("[name=starts_on]").fill(f"{now() - timedelta(days=2):%Y-%m-%d}")
    page.get_by_label("Counted in").select_option("Engagements")
    page.get_by_role("button", name="Make the campaign").click()
    expect(page.get_by_text("How many shall it be?")).to_be_visible()
    page.get_by_label("Target").fill("1000000")
    page.get_by_label("Budget").fill("50")
    page.get_by_text("Links that say where readers came from").click()
    page.get_by_label("mark the links of its posts", exact=False).check()
    check(page)
    page.get_by_role("button", name="Make the campaign").click()
    page.wait_for_url(f"**/campaigns/{Campaign.objects.get().pk}/")


def write_post(page: Page) -> None:
    """From the campaign's page; the preview shows the link as it will go out."""
    page.get_by_role("link", name="New post").last.click()
    expect(page.get_by_label("Campaign")).to_have_value(str(Campaign.objects.get().pk))
    page.get_by_label("Text", exact=True).fill("The first candle: https://example.org/candle")
    tagged = "utm_source=mastodon&utm_medium=social&utm_campaign=advent"
    expect(page.locator(".preview__text")).to_contain_text(tagged)
    page.get_by_role("button", name="Publish 1 post now").click()
    page.wait_for_url(re.compile(r"/posts/\d+/$"))


def make_report(page: Page) -> None:
    """The page shows it by itself once it is made."""
    page.get_by_role("link", name="Make a report").click()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("The report is being made")).to_be_visible()
    reports.make_waiting()
    expect(page.get_by_role("heading", name="Best posts")).to_be_visible()
    check(page)


def share(page: Page, browser: Browser) -> None:
    """Somebody without an account reads it, until the link is taken back."""
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("The link").input_value()
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="Advent")).to_be_visible()
    check(stranger)
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("button", name="Make a link")).to_be_visible()
    answer = stranger.goto(link)
    assert answer is not None
    assert answer.status == 404
    stranger.context.close()
