"""A person's chat with a bot in the sandbox's pages, and what `python-telegram-bot` sees of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import requests
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from platforms.sandbox import desk_bot, telegram_person
from platforms.sandbox.models import Person
from platforms.tests.files import picture_bytes

pytestmark = pytest.mark.django_db(transaction=True)
Ask = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


@pytest.fixture
def home(sandbox: str) -> str:
    return f"{sandbox}/sandbox/telegram"


@pytest.fixture
def ask(home: str) -> Ask:
    """Runs something with the desk's bot."""

    async def run(work: Callable[[Bot], Awaitable[Any]]) -> Any:
        async with Bot(desk_bot.TOKEN, base_url=f"{home}/bot", base_file_url=f"{home}/file/bot") as bot:
            return await work(bot)

    return lambda work: asyncio.run(run(work))


@pytest.fixture
def jonas(home: str, monkeypatch: pytest.MonkeyPatch) -> Person:
    """He has pressed Start. Nobody answers in these tests, so the pages wait for nobody."""
    monkeypatch.setattr(telegram_person, "LONGEST_WAIT", 0.0)
    who = Person.objects.get(network="telegram", handle="jonas_weber")
    telegram_person.start(who, Person.objects.get(network="telegram", remote_id=desk_bot.BOT))
    return who


def act(home: str, action: str, files: Any = None, **fields: str) -> str:
    """What a form of the page sends; the page that follows."""
    who = {"person": "jonas_weber", "bot": desk_bot.HANDLE, "next": "chat", **fields}
    answer = requests.post(f"{home}/control/{action}", data=who, files=files, timeout=10)
    assert answer.ok
    return answer.text


def test_both_sides_stand_in_their_order_and_those_of_another_bot_do_not(
    home: str, ask: Ask, jonas: Person
) -> None:
    other = Person.objects.get(network="telegram", handle="morgenrot_desk_bot")
    telegram_person.say(jonas, jonas, "To the other bot", told=other, kind="direct")
    ask(lambda bot: bot.send_message(jonas.remote_id, "Hello <b>you</b>", parse_mode="HTML"))

    page = act(home, "say", text="Hello & good morning")

    assert page.index("/start") < page.index("Hello <b>you</b>") < page.index("Hello &amp; good morning")
    assert "To the other bot" not in page


def test_a_picture_with_words_reaches_the_bot_which_downloads_it(home: str, ask: Ask, jonas: Person) -> None:
    page = act(
        home, "say", files={"picture": ("bun.png", picture_bytes((320, 200)), "image/png")}, text="A bun"
    )

    async def read(bot: Bot) -> tuple[str, int, bytes]:
        message = (await bot.get_updates())[-1].message
        assert message is not None
        largest = message.photo[-1]
        file = await bot.get_file(largest.file_id)
        return str(message.caption), largest.width, bytes(await file.download_as_bytearray())

    caption, width, content = ask(read)
    assert (caption, width, content[:2]) == ("A bun", 320, b"\xff\xd8")
    assert "The picture you sent" in page


def test_an_answer_carries_what_it_answers(home: str, ask: Ask, jonas: Person) -> None:
    asked = ask(lambda bot: bot.send_message(jonas.remote_id, "Open on Sunday?"))

    page = act(home, "say", text="Yes", answers=str(asked.message_id))

    update = ask(lambda bot: bot.get_updates())[-1]
    assert update.message.reply_to_message.message_id == asked.message_id
    assert update.message.message_thread_id is None
    assert '<p class="answers">Open on Sunday?</p>' in page


def test_a_press_in_the_page_is_heard_and_its_answer_shown(home: str, ask: Ask, jonas: Person) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Retry", callback_data="retry:1:1")]])
    asked = ask(lambda bot: bot.send_message(jonas.remote_id, "It failed.", reply_markup=keyboard))

    before = act(home, "press", message_id=str(asked.message_id), data="retry:1:1")
    query = ask(lambda bot: bot.get_updates())[-1].callback_query
    ask(lambda bot: bot.answer_callback_query(query.id, "Trying again."))
    after = requests.get(f"{home}/chat/{desk_bot.HANDLE}/jonas_weber", timeout=10).text

    assert query.data == "retry:1:1"
    assert 'value="retry:1:1">Retry</button>' in before
    assert '<p class="sheet quiet" role="status">Trying again.</p>' in after


def test_who_has_not_started_is_shown_how(home: str) -> None:
    page = requests.get(f"{home}/chat/{desk_bot.HANDLE}/mila_novak", timeout=10).text

    assert "You have not talked to this bot yet." in page
    assert 'name="text"' not in page


def test_nothing_said_is_refused(home: str, jonas: Person) -> None:
    who = {"person": "jonas_weber", "bot": desk_bot.HANDLE, "text": " "}

    assert requests.post(f"{home}/control/say", data=who, timeout=10).status_code == 422


def test_only_bots_have_such_a_page(home: str, jonas: Person) -> None:
    assert requests.get(f"{home}/chat/mila_novak/jonas_weber", timeout=10).status_code == 404
