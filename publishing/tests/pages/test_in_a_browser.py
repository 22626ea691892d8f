"""The pages in a real browser: what script adds to them, and that they do without."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, User, Workspace
from publishing.factories import AttemptFactory, PostFactory, StepFactory, picture
from publishing.models import Delivery, Post, State, Step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="session", autouse=True)
def database_beside_the_browser() -> Iterator[None]:
    """Playwright runs an event loop in the test's thread; Django would take it for an asynchronous caller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def desk(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], ada_browser: Client
) -> Callable[..., Page]:
    """Opens Ada's desk."""

    def opened(path: str, width: int = 1440, **options: object) -> Page:
        context = new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            **options,
        )
        cookie = ada_browser.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(path)
        return page

    return opened


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A landscape, something that only calls itself a picture, a portrait."""
    contents = [picture((60, 40)), b"MZ" * 200, picture((40, 60))]
    paths = [tmp_path / name for name in ("landscape.png", "setup.png", "portrait.png")]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def choose(page: Page, account: Account) -> None:
    page.get_by_role("checkbox", name=account.handle).check()


def write(page: Page, text: str) -> None:
    page.get_by_label("Text", exact=True).fill(text)


def test_a_post_is_written_checked_kept_and_scheduled(
    desk: Callable[..., Page], roomy: Account, terse: Account, files: list[Path]
) -> None:
    page = desk("/posts/new/")
    choose(page, roomy)
    choose(page, terse)
    write(page, "A text that is too long for one of the two networks")
    expect(page.get_by_text("31 characters too long")).to_be_visible()
    expect(page.locator("#counters")).to_contain_text("thread of 2")

    page.locator(f"#share-{terse.pk} summary").click()
    page.locator(f"#id_share-{terse.pk}-own").check()
    page.get_by_label("Text for ada.terse").fill("A short one")
    expect(page.get_by_text("characters too long")).to_have_count(0)

    page.set_input_files("#uploads", files)
    expect(page.get_by_text("This is not a picture")).to_be_visible()
    expect(page.locator("#tray [data-picture]")).to_have_count(2)
    page.get_by_label("Description of landscape.png").fill("Hills")
    page.get_by_label("Description of portrait.png").fill("A person")
    page.get_by_role("button", name="Move landscape.png back").click()
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.wait_for_url("**/posts/*/edit/")

    page.get_by_label("Date").fill(f"{Post.objects.get().created_at.year + 1}-05-07")
    page.get_by_label("Time", exact=True).fill("09:00")
    page.get_by_role("button", name="Schedule 2 posts for").click()
    page.wait_for_url(re.compile(r"/posts/\d+/$"))

    post = Post.objects.get()
    assert [media.name for media in post.pictures] == ["portrait.png", "landscape.png"]
    assert [media.alt_text for media in post.pictures] == ["A person", "Hills"]
    assert {row.effective_text for row in post.deliveries.all()} == {
        "A text that is too long for one of the two networks",
        "A short one",
    }
    assert {row.state for row in post.deliveries.all()} == {State.SCHEDULED}


def test_a_button_pressed_while_a_draft_is_on_its_way_waits_for_it(
    desk: Callable[..., Page], roomy: Account
) -> None:
    page = desk("/posts/new/")
    choose(page, roomy)
    write(page, "First words")
    with page.expect_request(lambda request: "action=autosave" in (request.post_data or "")):
        pass

    write(page, "Last words")
    page.get_by_role("button", name="Publish 1 post now").click()

    page.wait_for_url(re.compile(r"/posts/\d+/$"))
    assert Post.objects.get().text == "Last words"
    assert Delivery.objects.get().state == State.SCHEDULED


def test_the_timeline_lives(desk: Callable[..., Page], delivery: Callable[..., Delivery]) -> None:
    row = delivery(publishing=True)
    page = desk(f"/posts/{row.post_id}/")

    StepFactory.create(delivery=row, name="picture 1", state=Step.State.DONE)
    expect(page.get_by_text("Picture 1")).to_be_visible()
    Delivery.objects.filter(pk=row.pk).update(state=State.PUBLISHED, remote_id="1")

    expect(page.get_by_role("status").filter(has_text="Published")).to_be_attached()
    expect(page.locator("#timeline[hx-trigger]")).to_have_count(0)


def test_everything_but_the_live_parts_works_without_script(
    desk: Callable[..., Page], roomy: Account, files: list[Path]
) -> None:
    page = desk("/posts/new/", java_script_enabled=False)
    choose(page, roomy)
    write(page, "No script")
    page.set_input_files("#uploads", files[0])

    page.get_by_role("button", name="Publish", exact=False).last.click()

    assert page.url.endswith(f"/posts/{Post.objects.get().pk}/")
    assert [media.name for media in Post.objects.get().pictures] == ["landscape.png"]


@pytest.mark.parametrize("width", [1440, 390, 360])
def test_pages_have_no_faults_for_people_who_listen_and_fit_their_screen(
    desk: Callable[..., Page],
    workspace: Workspace,
    ada: User,
    delivery: Callable[..., Delivery],
    terse: Account,
    width: int,
) -> None:
    post = PostFactory.create(workspace=workspace, author=ada, text="Fresh bread #rye https://bread.example")
    failed = delivery(post=post, failed=True)
    AttemptFactory.create(delivery=failed, outcome="refused", message="No", detail="{}")
    unclear = delivery(post=post, account=terse, unknown=True)
    StepFactory.create(delivery=unclear, state=Step.State.SENT)
    delivery(scheduled=True)
    page = desk("/", width)

    for path in ("/", "/posts/new/", f"/posts/{post.pk}/", "/queue/?show=all", "/calendar/", "/library/"):
        page.goto(path)
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
