"""Every page of the table of permissions, wide and on a phone, light and dark, empty and full of long words.

Nothing stands in anybody's way, nothing hangs over the edge, and the browser has nothing to complain of.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import models
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.factories import AccountFactory, client_of
from accounts.models import User, Workspace
from publishing.factories import DeliveryFactory
from snsauto.tests.browser.complaints import complaints_of
from snsauto.tests.rows import LINK, ROW, one_of_each
from snsauto.tests.test_strangers import ADDRESSES, Address, table

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, PHONE = (1440, 900), (390, 844)
LOOKS: tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...] = (
    (WIDE, "light"),
    (PHONE, "dark"),
    (WIDE, "dark"),
    (PHONE, "light"),
)
AXE = Axe().axe_script
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
ENDLESS = "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrentenauszahlungsstelle"
SHOWN = {
    "name", "handle", "text", "goal", "reason", "advice", "preview", "alt_text", "email", "url", "problem",
}  # fmt: skip
# no pages of ours: files, streams, programs' answers, what leads elsewhere
ELSEWHERE = (
    "/api/", "/health", "/metrics", "/hooks/", "/m/", "/style/", "/styleguide/", "/join/", "/news",
    "/bell", "/pick/", "/thread/", "/timeline/", "/file/", "/file.", "/thumbnail/", "/copies/",
    "/pictures/", "/ask/", "/callback/", "/choose/", "/recent/", ".csv", ".xlsx", ".json",
    ".png", ".webp", "/newest", f"/notices/{ROW}",
)  # fmt: skip
PAGES = [
    address
    for address in ADDRESSES
    if table().get((address.shown, "GET")) and not any(part in address.path for part in ELSEWHERE)
]


@pytest.fixture
def page(live_server: LiveServer, new_context: Callable[..., BrowserContext], ada: User) -> Iterator[Page]:
    """The browser of Ada, who is staff too; it may complain of nothing."""
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    context = new_context(base_url=live_server.url, reduced_motion="reduce")
    cookie = client_of(ada).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    said = complaints_of(page, live_server.url)
    yield page
    assert said == []


def stretch(rows: dict[str, models.Model]) -> None:
    """What people read of the rows becomes one word that is as long as may be."""
    for row in rows.values():
        fields = {field.name: field for field in row._meta.concrete_fields if field.name in SHOWN}
        words = {name: (ENDLESS * 9)[: field.max_length or 600] for name, field in fields.items()}
        words |= {name: f"https://example.org/{ENDLESS}" for name in words if name == "url"}
        words |= {name: f"{ENDLESS[:60]}@example.org" for name in words if name == "email"}
        type(row)._default_manager.filter(pk=row.pk).update(**words)


def walk(page: Page, pages: list[Address], first: int) -> str:
    """What is wrong with them, a line each: read in one look, the next page in the next, so that all have
    their turn at the price of one; and both sizes wide enough."""
    return "\n".join(
        fault
        for number, address in enumerate(pages, first)
        for fault in faults(page, address.path, LOOKS[number % len(LOOKS)])
    )


def faults(page: Page, path: str, look: tuple[tuple[int, int], Literal["light", "dark"]]) -> list[str]:
    """What is wrong with one page."""
    size, theme = look
    found: list[str] = []
    page.emulate_media(color_scheme=theme)
    page.goto(path)
    for width, height in (PHONE, WIDE) if size == WIDE else (WIDE, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        over = page.evaluate("document.documentElement.scrollWidth") - width
        found += [f"{path} {width}: {over} pixels too wide"] if over > 0 else []
    page.evaluate(AXE)
    broken = page.evaluate("rules => axe.run(rules)", RULES)["violations"]
    return found + [
        f"{path} {size} {theme} {rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in broken
    ]


@pytest.mark.parametrize("first", [0, 2])
def test_a_desk_full_of_endless_words(page: Page, ada: User, workspace: Workspace, first: int) -> None:
    """Twice, so that each page is read in both lights."""
    rows = one_of_each(ada, workspace)
    for trait in ("failed", "unknown", "missed"):
        account = AccountFactory.create(workspace=workspace)
        delivery = DeliveryFactory.create(post=rows["post"], account=account, **{trait: True})
        rows |= {trait: delivery, f"account {trait}": account}
    stretch(rows)

    assert walk(page, PAGES, first) == ""


def test_an_empty_desk(page: Page) -> None:
    pages = [one for one in PAGES if not one.names_a_row and LINK not in one.path]

    assert walk(page, pages, first=1) == ""


def test_the_page_of_the_api_is_drawn(page: Page) -> None:
    page.goto("/api/v1/docs/")

    expect(page.get_by_role("heading", name="SNS Auto API")).to_be_visible()
