"""The inbox in a real browser: what arrives by itself, what is typed meanwhile, an answer that goes out."""

from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.utils.timezone import now
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from inbox import feeds, tasks
from inbox.conversations import recount
from inbox.factories import (
    ConversationFactory,
    LabelFactory,
    MessageFactory,
    NoteFactory,
    ReplyFactory,
    SavedReplyFactory,
)
from inbox.models import Conversation, Feed, Reply
from inbox.tests.engine.desk import Desk
from platforms.tests.conftest import shelf
from platforms.tests.contract.drafts import Shelf
from snsauto.tests.browser.complaints import complaints_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["shelf"]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
Open = Callable[..., Page]


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(
        workspace=workspace, platform_name="mastodon", handle="bakery", name="Bakery"
    )


@pytest.fixture
def desk(live_server: LiveServer, new_context: Callable[..., BrowserContext], ada: User) -> Iterator[Open]:
    """Opens Ada's desk; a page that complains of anything fails the test."""
    said: list[list[str]] = []
    cookie = client_of(ada).cookies["sessionid"].value

    def opened(path: str, width: int = 1440, theme: str = "light", **options: object) -> Page:
        context = new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            reduced_motion="reduce",
            **options,
        )
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        said.append(complaints_of(page, live_server.url, refusals=False))
        page.goto(path)
        return page

    yield opened
    assert [one for complaints in said for one in complaints] == []


def arrive(conversation: Conversation, text: str) -> None:
    """Somebody writes, and the inbox has read it."""
    MessageFactory.create(conversation=conversation, text=text, created_at=now())
    recount([conversation.pk])


# --- a draft ---


def test_an_answer_is_drafted_by_the_built_in_helper_taken_back_and_sent(
    desk: Open, account: Account
) -> None:
    row = ConversationFactory.create(
        account=account, said=["Is it vegan?", "And gluten?"], person__name="Ana"
    )
    page = desk(f"/inbox/{row.pk}/")
    box = page.locator("#reply_text")
    box.fill("Mine")

    page.get_by_role("link", name="Answer this").click()
    expect(page.locator('[name="ai-message"]')).to_have_value("Is it vegan?")
    page.get_by_role("button", name="Draft an answer").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert "Ana" in box.input_value()
    expect(page.locator("#answer-check")).to_contain_text("/ 500")
    page.get_by_role("button", name="Undo").click()
    expect(box).to_have_value("Mine")

    page.get_by_role("link", name="Answer the last message instead").click()
    expect(page.locator('[name="ai-message"]')).to_have_value("And gluten?")
    page.get_by_role("button", name="Draft an answer").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    drafted = box.input_value()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#thread")).to_contain_text("Sending soon")
    assert Reply.objects.get().text == drafted.strip()


# --- live ---


def test_what_arrives_appears_and_nothing_typed_is_lost(desk: Open, account: Account) -> None:
    row = ConversationFactory.create(account=account, said=["Do you bake rye?"], person__name="Ana")
    page = desk(f"/inbox/{row.pk}/")
    page.locator("#reply_text").fill("Yes, from sev")
    page.get_by_label("Note", exact=True).fill("A regular")

    arrive(row, "And spelt?")
    expect(page.locator("#thread")).to_contain_text("And spelt?")
    other = ConversationFactory.create(account=account, said=["Is it vegan?"], person__name="Kenji")
    arrive(other, "Please tell me")

    expect(page.locator(f"#talk-{other.pk}")).to_contain_text("Please tell me")
    expect(page.locator("[data-live]")).to_contain_text("new message")
    expect(page.locator(".rail [data-inbox-count]")).to_contain_text("2")
    expect(page.locator("#reply_text")).to_have_value("Yes, from sev")
    page.locator(f"#talk-{other.pk} a").click()
    page.wait_for_url(f"**/inbox/{other.pk}/*")
    page.locator(f"#talk-{row.pk} a").click()
    expect(page.locator("#reply_text")).to_have_value("Yes, from sev")
    expect(page.get_by_label("Note", exact=True)).to_have_value("A regular")


def test_a_list_that_is_being_read_does_not_move(desk: Open, account: Account) -> None:
    rows = [ConversationFactory.create(account=account, said=[f"Number {n}"]) for n in range(3)]
    page = desk("/inbox/")
    page.locator(f"#talk-{rows[0].pk}").hover()

    arrive(rows[0], "Once more")

    expect(page.locator(f"#talk-{rows[0].pk}")).to_contain_text("Once more")
    order = page.locator(".talk").evaluate_all("all => all.map(one => one.id)")
    assert order[-1] == f"talk-{rows[0].pk}"
    page.get_by_role("button", name="Show what is new").click()
    expect(page.locator(".talk").first).to_have_id(f"talk-{rows[0].pk}")


def test_what_is_done_elsewhere_leaves_the_list(desk: Open, account: Account) -> None:
    row = ConversationFactory.create(account=account, said=["Thanks"])
    page = desk("/inbox/")
    expect(page.locator(f"#talk-{row.pk}")).to_be_visible()

    Conversation.objects.update(state="done", changed_at=now())

    expect(page.locator(f"#talk-{row.pk}")).to_have_count(0)


# --- keys ---


def test_the_keyboard_walks_takes_answers_and_closes(desk: Open, account: Account, ada: User) -> None:
    first, second = (ConversationFactory.create(account=account, said=[text]) for text in ("One", "Two"))
    page = desk("/inbox/")

    for key, opened in (("j", second), ("j", first), ("k", second)):
        page.keyboard.press(key)
        expect(page.locator("[data-talk]")).to_have_attribute("data-talk", str(opened.pk))
    page.keyboard.press("a")
    expect(page.locator("select[name=to]")).to_have_value(str(ada.pk))
    page.keyboard.press("r")
    expect(page.locator("#reply_text")).to_be_focused()
    page.keyboard.type("Of course.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread")).to_contain_text("Of course.")
    expect(page.locator("#reply_text")).to_have_value("")
    page.keyboard.press("Escape")
    page.locator("#talk-head h2").click()
    page.keyboard.press("e")
    expect(page.locator("#talk-head")).to_contain_text("Reopen")

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#talk-head")).to_contain_text("Done")
    assert Reply.objects.get().conversation == second
    assert first.replies.count() == 0


def test_a_saved_reply_goes_in_at_the_caret_and_the_count_follows(
    desk: Open, account: Account, workspace: Workspace
) -> None:
    SavedReplyFactory.create(workspace=workspace, name="Hours", text="Hello {name}, from seven.")
    row = ConversationFactory.create(account=account, said=["When?"], person__name="Ana")
    page = desk(f"/inbox/{row.pk}/")

    page.locator("#reply_text").fill("Dear ")
    page.get_by_role("button", name="Saved replies").click()
    page.get_by_role("link", name="Hours").click()

    expect(page.locator("#reply_text")).to_have_value("Dear Hello Ana, from seven.")
    expect(page.locator("#answer-check")).to_contain_text("27 / 500")


def test_a_refused_answer_keeps_its_words(desk: Open, account: Account) -> None:
    row = ConversationFactory.create(account=account, said=["When?"])
    page = desk(f"/inbox/{row.pk}/")

    page.locator("#reply_text").fill("Hello {link}")
    page.get_by_role("button", name="Send", exact=False).last.click()

    expect(page.locator("#reply_text_error")).to_contain_text("is not filled in")
    expect(page.locator("#reply_text")).to_have_value("Hello {link}")


def test_all_that_is_not_live_works_without_script(desk: Open, account: Account) -> None:
    row = ConversationFactory.create(account=account, said=["When do you open?"])
    page = desk("/inbox/", java_script_enabled=False)

    page.locator(f"#talk-{row.pk} a").click()
    page.locator("#reply_text").fill("At seven.")
    page.get_by_role("button", name="Send and mark done").click()

    assert Reply.objects.get().text == "At seven."
    assert Conversation.objects.get().state == "done"
    expect(page.get_by_text("Answered and done.")).to_be_visible()


# --- for everybody ---


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1100, 390, 360])
def test_pages_can_be_read_by_everybody_and_fit_their_screen(
    desk: Open, account: Account, workspace: Workspace, ada: User, width: int, theme: str
) -> None:
    row = ConversationFactory.create(
        account=account, said=["Hello", "https://example.org/a-long-address?" + "x" * 90]
    )
    row.labels.add(LabelFactory.create(workspace=workspace, name="Order"))
    for trait in ("failed", "unknown"):
        ReplyFactory.create(message=row.messages.last(), user=ada, **{trait: True})
    NoteFactory.create(conversation=row, user=ada)
    SavedReplyFactory.create(workspace=workspace)
    review = ConversationFactory.create(account=account, kind="review", said=["Good"])
    review.messages.update(rating=3)
    page = desk("/inbox/", width, theme)

    for path in (
        f"/inbox/{row.pk}/",
        "/inbox/",
        f"/inbox/{review.pk}/",
        "/inbox/rules/new/",
        "/inbox/labels/",
    ):
        page.goto(path)
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


# --- the story ---


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """What the cluster does every few seconds: reads what is told, asks the networks, sends answers."""
    over = Event()

    def run() -> None:
        while not over.wait(0.5):
            Feed.objects.filter(lease_until=None).update(due_at=now())
            tasks.work_off()
            feeds.sync(10)
            tasks.send_replies()
        connections.close_all()

    thread = Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join(30)


def test_a_comment_arrives_by_itself_is_taken_and_its_answer_stands_on_the_network(
    desk: Open, sandbox: str, workspace: Workspace, ada: User, shelf: Shelf, request: pytest.FixtureRequest
) -> None:
    network = Desk.of("mastodon", sandbox, workspace)
    network.publish(shelf)
    network.listen()
    request.getfixturevalue("worker")
    page = desk("/inbox/")
    expect(page.get_by_text("All answered")).to_be_visible()

    question = "Will there be rye on the holiday as well?"
    asked = {"network": "mastodon", "handle": network.person.handle, "kind": "comment", "text": question}
    written = requests.post(f"{sandbox}/sandbox/control/notes", json=asked, timeout=10)
    assert written.status_code == 201, written.text

    row = page.locator(".talk", has_text=question)
    expect(row).to_be_visible()
    expect(page.locator("[data-live]")).to_have_text("1 new message")
    row.locator("a").click()
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#talk-head select[name=to] option:checked")).to_have_text(ada.name)
    page.locator("#reply_text").fill("Until ten, and then we sleep.")
    page.locator("[data-send]").click()
    answer = page.locator("#thread .say[data-ours]", has_text="Until ten, and then we sleep.")
    link = answer.get_by_role("link", name="On the network")
    expect(link).to_be_visible()
    expect(page.locator("#thread .badge")).to_have_count(0)

    page.goto(str(link.get_attribute("href")))
    expect(page.get_by_text("Until ten, and then we sleep").first).to_be_visible()
    assert network.answers("Until ten, and then we sleep.") == 1
