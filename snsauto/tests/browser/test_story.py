"""The whole story, on the running desk: from making an account to three public posts, in a real browser."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from snsauto.tests.browser.desk import running_desk

pytestmark = pytest.mark.browser

ZONE = "Europe/Lisbon"
TEXT = "The autumn bowls are out of the kiln: forty of them, ash glaze, no two alike. Saturday, ten o'clock."
ALT = "A round brown bowl on a sand-coloured cloth"
PASSWORD = "korvapuusti-42-lane"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_desk(tmp_path_factory.mktemp("desk")) as address:
        yield address


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(15_000)
    return context


@pytest.fixture
def complaints(page: Page, desk: str) -> list[str]:
    """What the browser complains of: errors in the console, and requests to any other host."""
    said: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            said.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request",
        lambda request: (
            said.append(request.url) if not request.url.startswith((desk, "data:", "blob:")) else None
        ),
    )
    return said


def picture(folder: Path) -> Path:
    """A bowl, drawn."""
    image = Image.new("RGB", (1200, 800), "#d9b58a")
    ImageDraw.Draw(image).ellipse((250, 150, 950, 700), fill="#7c4a2d", outline="#5b3520", width=24)
    path = folder / "bowl.jpg"
    image.save(path, quality=90)
    return path


def consent(page: Page, desk: str, who: str) -> None:
    """On the network's page: choose who one is, and allow."""
    page.wait_for_url(re.compile("/sandbox/"))
    page.get_by_text(who, exact=True).click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{desk}/accounts/**")
    expect(page.get_by_text("is connected").first).to_be_visible()


def choose_seconds_ahead(page: Page, seconds: int) -> None:
    """The date and time fields, to the second."""
    at = datetime.now(ZoneInfo(ZONE)) + timedelta(seconds=seconds)
    page.locator("#id_time").evaluate("field => { field.step = 1 }")
    page.locator("#id_date").fill(at.strftime("%Y-%m-%d"))
    page.locator("#id_time").fill(at.strftime("%H:%M:%S"))


def make_an_account(page: Page, desk: str) -> None:
    page.goto(f"{desk}/auth/signup/")
    page.get_by_label("Your name").fill("Nora Lindqvist")
    page.get_by_label("E-mail").fill("nora@example.com")
    page.locator("[name=password1]").fill(PASSWORD)
    page.get_by_label("Workspace").fill("Lindqvist Ceramics")
    page.locator("select[name=timezone]").select_option(ZONE)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url(f"{desk}/")


def log_in(page: Page, desk: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{desk}/auth/login/")
    page.locator("[name=login]").fill("nora@example.com")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{desk}/")


def connect_all(page: Page, desk: str) -> None:
    page.goto(f"{desk}/accounts/")
    page.get_by_role("button", name="Connect X").click()
    consent(page, desk, "minaworks")
    page.get_by_role("link", name="Sign in with Bluesky").click()
    page.get_by_label("Handle").fill("tomas.test")
    page.get_by_role("button", name="Sign in with Bluesky").click()
    consent(page, desk, "tomas.test")
    page.get_by_role("link", name="Sign in on your server").click()
    page.get_by_label("Server").fill("mastodon.example")
    page.get_by_role("button", name="Sign in on your server").click()
    consent(page, desk, "tomas")


def compose(page: Page, desk: str, file: Path) -> None:
    page.goto(f"{desk}/posts/new/")
    for box in page.locator("input[name=accounts]").all():
        box.check(force=True)
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.locator("#uploads").set_input_files(file)
    page.get_by_label("Description of bowl.jpg").fill(ALT)
    expect(page.locator(".counter")).to_have_count(3)
    expect(page.locator("#previews .preview")).to_have_count(3)


def watch_it_go_out(page: Page) -> list[str]:
    """The addresses of the three posts, once every timeline is complete."""
    page.wait_for_url(re.compile(r"/posts/\d+/$"))
    expect(page.locator(".story[data-state=published]")).to_have_count(3, timeout=60_000)
    for story in page.locator(".story").all():
        steps = story.locator(".timeline__step").all()
        assert {step.get_attribute("data-state") for step in steps} == {"done", "published"}
    return [str(link.get_attribute("href")) for link in page.get_by_role("link", name="Look at it").all()]


def test_from_nothing_to_three_public_posts(
    page: Page, desk: str, complaints: list[str], tmp_path: Path
) -> None:
    make_an_account(page, desk)
    log_in(page, desk)
    connect_all(page, desk)
    compose(page, desk, picture(tmp_path))
    choose_seconds_ahead(page, 5)
    page.get_by_role("button", name=re.compile("^Schedule")).click()
    links = watch_it_go_out(page)

    assert len(set(links)) == 3
    for link in links:
        page.goto(link)
        expect(page.get_by_text("ash glaze").first).to_be_visible()
        expect(page.get_by_role("img", name=ALT).first).to_be_visible()
    assert complaints == []
