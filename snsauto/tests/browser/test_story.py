"""The whole story, on the running desk: from making an account to a public post on every network."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from platforms.base import Platform
from platforms.content import MediaKind
from platforms.registry import PLATFORMS
from platforms.sandbox.telegram import TOKEN
from platforms.tests.files import film_bytes
from snsauto.demo import bakery
from snsauto.tests.browser.complaints import complaints_of
from snsauto.tests.browser.desk import running_desk

pytestmark = pytest.mark.browser

ZONE = "Europe/Lisbon"
TEXT = "The autumn bowls are out of the kiln: forty of them, ash glaze, no two alike. Saturday, ten o'clock."
ALT = "A round brown bowl on a sand-coloured cloth"
PASSWORD = "korvapuusti-42-lane"
CHANNEL = bakery.HANDLES["telegram"]  # where the sandbox's bot may post


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_desk(tmp_path_factory.mktemp("desk")) as address:
        yield address


@pytest.fixture
def complaints(page: Page, desk: str) -> list[str]:
    return complaints_of(page, desk, refusals=False)


def picture(folder: Path) -> Path:
    """A bowl, drawn."""
    image = Image.new("RGB", (1200, 800), "#d9b58a")
    ImageDraw.Draw(image).ellipse((250, 150, 950, 700), fill="#7c4a2d", outline="#5b3520", width=24)
    path = folder / "bowl.jpg"
    image.save(path, quality=90)
    return path


def consent(page: Page, desk: str) -> None:
    """On the network's page: allow, as whoever is chosen there; then choose what to post as, if asked."""
    page.wait_for_url(re.compile("/sandbox/"))
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{desk}/accounts/**")
    profiles = page.locator("input[name=profile]")
    if profiles.count():
        profiles.first.check()
        page.get_by_role("button", name="Connect", exact=True).click()
        page.wait_for_url(f"{desk}/accounts/")
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
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{desk}/")


# What a person types where a network asks for it.
TYPED = {
    "bluesky": {"handle": "tomas.test"},
    "mastodon": {"server": "mastodon.example"},
    "telegram": {"token": TOKEN, "chat": f"@{CHANNEL}"},
}


def connect(page: Page, desk: str, platform: type[Platform]) -> None:
    page.goto(f"{desk}/accounts/")
    method = platform.connect_methods[0]
    place = f"/accounts/connect/{platform.name}/{method.name}/"
    if method.fields:
        page.locator(f'a[href="{place}"]').click()
        for name, value in TYPED.get(platform.name, {}).items():
            page.locator(f"[name={name}]").fill(value)
    page.locator(f'form[action="{place}"] button:not([data-reveal])').first.click()
    if method.asks_consent:
        consent(page, desk)
    else:
        expect(page.get_by_text("is connected").first).to_be_visible()


def compose(page: Page, desk: str, file: Path, networks: list[str], text: str) -> None:
    page.goto(f"{desk}/posts/new/")
    for chip in page.locator("label.chip").all():
        if any(str(chip.get_attribute("title")).endswith(f" {PLATFORMS[name].label}") for name in networks):
            chip.locator("input").check(force=True)
    page.get_by_label("Text", exact=True).fill(text)
    page.locator("#uploads").set_input_files(file)
    page.get_by_label(f"Description of {file.name}").fill(ALT)
    expect(page.locator("#previews .preview")).to_have_count(len(networks))
    fill_in_what_is_needed(page)


def fill_in_what_is_needed(page: Page) -> None:
    """Open the card of each account, and choose what must be chosen there."""
    for card in page.locator("details.share:visible").all():
        card.locator("summary").click()
        expect(card.locator("button[name=open]")).to_have_count(0)  # what stands there until its fields come
        for option in card.locator(".option:not([hidden]) .field:not(:has(.field__optional)) select").all():
            if not option.input_value():
                option.select_option(index=1)
    expect(page.locator("[id^=share-state] .badge")).to_have_count(0)


def watch_it_go_out(page: Page, count: int) -> list[str]:
    """The addresses of the posts, once every timeline is complete."""
    page.wait_for_url(re.compile(r"/posts/\d+/$"))
    expect(page.locator(".story:not([data-state=published])")).to_have_count(0, timeout=180_000)
    assert page.locator(".story").count() == count
    for story in page.locator(".story").all():
        steps = story.locator(".timeline__step").all()
        assert {step.get_attribute("data-state") for step in steps} == {"done", "published"}
    return [str(link.get_attribute("href")) for link in page.get_by_role("link", name="Look at it").all()]


def taking(kind: MediaKind) -> list[str]:
    """The networks that have a post of one such medium, which nobody has to choose."""
    return [
        name
        for name, platform in PLATFORMS.items()
        if any(
            not (post.by_choice or post.option)
            and post.rules.at_most(kind)
            and post.rules.media_at_least <= 1
            and (kind == "video" or not post.rules.needs_video)
            for post in platform.post_kinds()
        )
    ]


def test_from_nothing_to_a_public_post_on_every_network(
    page: Page, desk: str, complaints: list[str], tmp_path: Path
) -> None:
    make_an_account(page, desk)
    log_in(page, desk)
    for platform in PLATFORMS.values():
        connect(page, desk, platform)
    film = tmp_path / "kiln.mp4"
    film.write_bytes(film_bytes((720, 1280), 5))
    stories = (
        (picture(tmp_path), taking("image"), TEXT),
        (film, taking("video"), f"{TEXT} This is how they came out."),
    )
    shown: set[str] = set()

    for file, networks, text in stories:
        compose(page, desk, file, networks, text)
        choose_seconds_ahead(page, 5)
        page.get_by_role("button", name=re.compile("^Schedule")).click()
        links = watch_it_go_out(page, len(networks))
        assert len(set(links)) == len(networks)
        for link in links:
            page.goto(link)
            expect(page.get_by_text("ash glaze").first).to_be_visible()
        shown.update(networks)

    assert shown == set(PLATFORMS)
    assert complaints == []
