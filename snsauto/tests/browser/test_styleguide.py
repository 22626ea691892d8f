"""The look, in a real browser: in both themes and at three widths it is drawn, read, and free of faults."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.factories import MembershipFactory, UserFactory, client_of
from accounts.models import User
from snsauto.tests.browser.complaints import complaints_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, PHONE, NARROW = (1440, 900), (390, 844), (360, 740)
TARGET = 44  # pixels that a finger hits
PUBLIC = ["/auth/login/", "/auth/signup/", "/auth/password/reset/"]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

Open = Callable[..., Page]


@pytest.fixture
def sue(db: None) -> User:
    """Staff, who builds pages."""
    return MembershipFactory.create(
        user=UserFactory.create(name="Sue Builder", is_staff=True), workspace__name="Harbour Bakery"
    ).user


@pytest.fixture
def visit(live_server: LiveServer, new_context: Callable[..., BrowserContext]) -> Iterator[Open]:
    """Opens a page as somebody; it may complain of nothing."""
    said: list[list[str]] = []

    def opened(path: str, *, size: tuple[int, int], theme: str = "light", user: User | None = None) -> Page:
        context = new_context(
            base_url=live_server.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            has_touch=size[0] < 720,
            is_mobile=size[0] < 720,
            reduced_motion="reduce",
        )
        if user:
            cookie = client_of(user).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        said.append(complaints_of(page, live_server.url))
        page.goto(path, wait_until="networkidle")
        return page

    yield opened
    assert [one for complaints in said for one in complaints] == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


# --- what is drawn ---


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE, NARROW])
def test_every_component_is_drawn_and_nothing_hangs_over(
    visit: Open, sue: User, tmp_path: Path, size: tuple[int, int], theme: str
) -> None:
    page = visit("/styleguide/", size=size, theme=theme, user=sue)

    picture = page.screenshot(full_page=True, path=tmp_path / "styleguide.png")

    assert len(picture) > 50_000
    assert sideways(page) <= 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_style_guide_can_be_read_by_everybody(visit: Open, sue: User, theme: str) -> None:
    page = visit("/styleguide/", size=WIDE, theme=theme, user=sue)

    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PUBLIC)
def test_the_pages_of_logging_in_can_be_read_by_everybody(visit: Open, path: str, theme: str) -> None:
    page = visit(path, size=NARROW, theme=theme)

    assert violations(page) == []
    assert sideways(page) <= 0


@pytest.mark.parametrize("opener", ["?", "Control+k"])
def test_what_opens_above_the_page_can_be_read_by_everybody(visit: Open, sue: User, opener: str) -> None:
    page = visit("/accounts/settings/", size=WIDE, theme="dark", user=sue)

    page.keyboard.press(opener)
    page.locator("dialog[open]").wait_for()

    assert violations(page) == []


def test_a_finger_hits_every_control(visit: Open, sue: User) -> None:
    page = visit("/styleguide/", size=PHONE, user=sue)

    controls = page.locator(
        ".tabbar > *, .button, .page select, .field input:not([type=checkbox], [type=radio])"
    )
    small = [
        control.evaluate("one => one.outerHTML.slice(0, 120)")
        for control in controls.filter(visible=True).all()
        if control.bounding_box()["height"] < TARGET
    ]

    assert small == []


def test_the_theme_changes_at_once_and_is_kept(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, theme="light", user=sue)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)

    page.click("[popovertarget=you]")
    with page.expect_response("**/theme/"):
        page.click("#you [data-theme-form] [value=dark]")
    dark = page.evaluate(ground)
    page.reload()

    assert dark != light
    assert page.evaluate(ground) == dark


# --- what the keyboard does ---


def test_the_first_key_offers_to_skip_to_the_content(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("location.hash") == "#content"
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(
    ("keys", "path"), [(["g", "c"], "/calendar/"), (["g", "q"], "/queue/"), (["n"], "/posts/new/")]
)
def test_letters_lead_to_pages(visit: Open, sue: User, keys: list[str], path: str) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)

    for key in keys:
        page.keyboard.press(key)

    page.wait_for_url(f"**{path}")


def test_letters_do_nothing_while_somebody_writes_or_has_turned_them_off(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)

    page.locator("main input:not([type=hidden])").first.press("n")
    page.locator("body").evaluate("(body) => document.activeElement.blur()")
    page.keyboard.press("?")
    page.click("#shortcuts .switch")
    page.keyboard.press("Escape")
    page.keyboard.press("n")

    assert urlsplit(page.url).path == "/accounts/settings/"


def test_the_palette_finds_a_page_by_some_letters(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)

    page.keyboard.press("Control+k")
    page.keyboard.type("cale")
    chosen = page.locator("#palette [aria-selected=true]").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/calendar/")

    assert "Calendar" in chosen


def test_the_palette_says_so_where_nothing_fits(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)

    page.keyboard.press("Control+k")
    page.keyboard.type("zeppelin")

    assert page.locator(".palette__none").is_visible()
    assert page.locator("#palette [role=option]").count() == 0


def test_a_menu_is_walked_with_arrows_and_left_with_escape(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)

    page.focus("[popovertarget=you]")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    first = page.evaluate("document.activeElement.textContent.trim()")
    page.keyboard.press("Escape")

    assert first == "Profile"
    assert not page.locator("#you").is_visible()
    assert page.evaluate("document.activeElement.getAttribute('popovertarget')") == "you"


# --- what is told ---


def test_times_tick_in_the_words_of_the_server(visit: Open, sue: User) -> None:
    page = visit("/styleguide/", size=WIDE, user=sue)
    gaps = {
        59_000: "in 59 seconds",
        -1_000: "1 second ago",
        220_000: "in 3 minutes",
        190_000_000: "in 2 days",
    }

    told = page.evaluate(
        """async (gaps) => {
            const app = document.querySelector("script[type=module]").src;
            const { distance } = await import(app.replace("app", "times"));
            return gaps.map((gap) => distance(gap));
        }""",
        list(gaps),
    )

    assert told == list(gaps.values())


def test_a_toast_is_announced_and_can_be_closed(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=PHONE, user=sue)

    page.evaluate(
        'detail => document.dispatchEvent(new CustomEvent("toast", { detail }))',
        {"kind": "error", "text": "<b>No</b> connection"},
    )
    toast = page.locator("#toasts[role=status] > .toast")
    told = toast.inner_text()
    toast.get_by_role("button", name="Close").click()
    toast.wait_for(state="detached")

    assert "<b>No</b> connection" in told


def test_more_opens_all_that_a_phone_has_no_room_for(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=NARROW, user=sue)

    page.get_by_role("button", name="More").click()

    assert page.locator("#more").get_by_role("link", name="Campaigns").is_visible()
    assert page.locator("#more").get_by_role("button", name="Log out").is_visible()
    assert violations(page) == []


def test_a_form_pressed_twice_is_sent_once(visit: Open, sue: User) -> None:
    page = visit("/accounts/settings/", size=WIDE, user=sue)
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))

    with page.expect_navigation():
        page.locator("form[action='/accounts/settings/profile/'] button").first.evaluate(
            "b => { b.click(); b.click(); }"
        )
    page.wait_for_load_state("networkidle")

    assert len(sent) == 1
