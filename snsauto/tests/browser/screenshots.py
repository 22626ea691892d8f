"""The pictures of the documents, taken from the running demo: `make screenshots`."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from snsauto.tests.browser.desk import ROOT, running_desk

IMAGES = ROOT / "docs" / "images"
TEXT = (
    "Advent bread is here: candied orange from Setúbal, rye starter, thirty-six hours of patience. "
    "Forty loaves on Saturday from seven; bring a bag, leave with a smile."
)


# The nine pages of docs/tour.md: where each is, and what must stand there before it is looked at.
PAGES = {
    "home": ("/", ".page__body .list__item"),
    "calendar": ("/calendar/", "main"),
    "accounts": ("/accounts/", "main"),
    "analytics": ("/analytics/", "canvas"),
    "settings": ("/accounts/settings/workspace/", ".page__body form"),
    "templates": ("/templates/", "main"),
    "inbox": ("/inbox/", "main"),
    "campaigns": ("/campaigns/", "main"),
}
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def take(page: Page, desk: str, said: str) -> None:
    """Log in as the demo says and go through the pages, wide and on a phone."""
    login = re.search(r"Log in as (\S+) with the password (\S+)", said)
    assert login, said
    page.goto(f"{desk}/auth/login/")
    page.locator("[name=login]").fill(login[1])
    page.locator("[name=password]").fill(login[2])
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{desk}/")
    for size, ending in ((WIDE, ""), (NARROW, "-phone")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for name, (path, there) in PAGES.items():
            page.goto(desk + path)
            page.locator(there).first.wait_for()
            if name == "inbox" and size is WIDE:
                page.locator(".talk__link").first.click()
                page.locator(".talk-page").wait_for()
            shoot(page, name + ending)
        write(page, desk)
        shoot(page, f"composer{ending}")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.goto(f"{desk}/queue/")
    page.get_by_role("link", name="Published", exact=True).click()
    page.locator("main a[href^='/posts/']").nth(1).click()
    page.wait_for_url(re.compile(r"/posts/\d+/$"))
    shoot(page, "post")


def write(page: Page, desk: str) -> None:
    """A post with a picture, for every account."""
    page.goto(f"{desk}/library/?kind=image")
    page.get_by_role("link", name="Post it").nth(1).click()
    for box in page.locator("input[name=accounts]").all():
        if not box.is_checked():
            box.dispatch_event("click")  # on a phone the bar at the foot stands over some of them
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.locator("#previews .preview").nth(2).wait_for(state="attached")


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with TemporaryDirectory() as folder, running_desk(Path(folder)) as desk, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=WIDE, color_scheme="light")
        take(page, desk, (Path(folder) / "log").read_text())
        browser.close()


if __name__ == "__main__":
    main()
