"""A person links with the bot, hears of a failure, presses Retry in the chat, and it is out."""

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from django.utils.timezone import now
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import chats
from accounts.factories import client_of
from accounts.models import User
from platforms.sandbox.models import Fault
from publishing import engine
from publishing.models import Delivery, State
from publishing.tests.connecting import connect
from snsauto.bot.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHAT = "/sandbox/telegram/chat/sns_auto_desk_bot/jonas_weber"
TEXT = "Cardamom buns on Sunday, a dozen at a time."
Opened = Callable[..., Page]


@pytest.fixture
def opened(live_server: LiveServer, new_context: Callable[..., BrowserContext], ada: User) -> Opened:
    """A browser of Ada's, at her desk or on her phone."""

    def open_page(path: str, width: int = 1440) -> Page:
        context = new_context(base_url=live_server.url, viewport={"width": width, "height": 844})
        cookie = client_of(ada).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(path)
        return page

    return open_page


@pytest.fixture
def speaking(sandbox: str) -> Iterator[None]:
    """The bot's process, as a thread."""
    bot = chats.bot()
    assert bot is not None
    reader = Reader(bot)
    thread = threading.Thread(target=reader.run)
    thread.start()
    yield
    reader.stop()
    thread.join(30)


def work() -> None:
    """What a pump does with what is due."""
    for delivery in engine.claim("story", 10, now()):
        engine.work(delivery)


def link(desk: Page, chat: Page) -> None:
    """The desk shows a link; on the phone it is opened, and Start is pressed."""
    desk.goto("/notices/settings/")
    desk.get_by_role("button", name="Link Telegram").click()
    chat.goto(str(desk.get_by_role("link", name="Open Telegram").get_attribute("href")))
    chat.get_by_label("Jonas Weber").check()
    chat.get_by_role("button", name="Start").click()
    await_in(chat, "you are linked as")
    desk.goto("/notices/settings/")
    expect(desk.get_by_text("Linked with Jonas Weber.")).to_be_visible()


def publish(desk: Page) -> str:
    """One post, now; its page."""
    desk.goto("/posts/new/")
    desk.locator("label.chip input").first.set_checked(True, force=True)
    desk.get_by_label("Text", exact=True).fill(TEXT)
    desk.locator("button[value=publish]").click()
    desk.wait_for_url(re.compile(r"/posts/\d+/$"))
    return desk.url


def await_in(chat: Page, words: str) -> None:
    """A page of the sandbox has no script: news come with another look."""
    for _ in range(120):
        chat.goto(CHAT)
        if chat.get_by_text(words).count():
            return
        chat.wait_for_timeout(500)
    raise AssertionError(f"nobody said {words}: {chat.locator('main').inner_text()}")


def test_what_failed_is_sent_by_a_press_in_the_chat(speaking: None, opened: Opened, ada: User) -> None:
    connect(ada.memberships.get(), "mastodon")
    desk, chat = opened("/"), opened("/sandbox/", width=390)
    link(desk, chat)
    Fault.objects.create(
        network="mastodon", kind=Fault.Kind.REFUSED, code="422", method="POST", path="/statuses"
    )

    address = publish(desk)
    work()
    await_in(chat, "did not go out on")
    desk.goto("/calendar/")
    desk.get_by_role("button", name=re.compile("^Notices")).click()
    expect(desk.locator("#bell").get_by_text("did not go out on").first).to_be_visible()
    chat.get_by_role("button", name="Retry", exact=True).click()
    await_in(chat, "Trying again. (Ada)")
    work()
    desk.goto(address)

    expect(desk.locator(".story[data-state=published]")).to_be_visible()
    assert Delivery.objects.get().state == State.PUBLISHED
    await_in(chat, "is out:")
    chat.get_by_role("textbox", name="Message").fill("/today")
    chat.get_by_role("button", name="Send").click()
    await_in(chat, "Cardamom buns on Sunday")


def test_a_stranger_is_told_nothing(speaking: None, opened: Opened) -> None:
    chat = opened("/sandbox/telegram/sns_auto_desk_bot", width=390)
    chat.get_by_label("Jonas Weber").check()
    chat.get_by_role("button", name="Start").click()
    chat.get_by_role("textbox", name="Message").fill("/queue")
    chat.get_by_role("button", name="Send").click()

    await_in(chat, "I talk only with the people of a desk")
    expect(chat.get_by_text("Bakery")).to_have_count(0)
