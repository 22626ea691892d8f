"""A client that somebody else wrote, `python-telegram-bot`, talks to Telegram's twin."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputMediaVideo,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatMemberStatus, ParseMode
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter

from platforms.sandbox import telegram_person
from platforms.sandbox.models import Entry, Fault, Person
from platforms.sandbox.telegram import CHANNEL, TALK, TOKEN
from platforms.tests.files import film_bytes, paper_bytes, picture_bytes

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
Ask = Callable[[Callable[[Bot], Awaitable[T]]], T]


@pytest.fixture
def ask(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> Ask[Any]:
    """Runs something with a bot that is logged in."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")

    async def run(work: Callable[[Bot], Awaitable[Any]]) -> Any:
        home = f"{sandbox}/sandbox/telegram"
        async with Bot(TOKEN, base_url=f"{home}/bot", base_file_url=f"{home}/file/bot") as bot:
            return await work(bot)

    return lambda work: asyncio.run(run(work))


def somebody(handle: str = "jonas_weber") -> Person:
    return Person.objects.get(network="telegram", handle=handle)


def channel() -> Person:
    return Person.objects.get(network="telegram", remote_id=CHANNEL)


def test_it_learns_who_it_is_and_where(ask: Ask[Any]) -> None:
    me = ask(lambda bot: bot.get_me())
    chat = ask(lambda bot: bot.get_chat("@morgenrot_bakery"))
    member = ask(lambda bot: bot.get_chat_member(CHANNEL, me.id))
    admins = ask(lambda bot: bot.get_chat_administrators(CHANNEL))

    assert (me.username, me.is_bot) == ("morgenrot_desk_bot", True)
    assert (chat.id, chat.title, chat.linked_chat_id) == (int(CHANNEL), "Morgenrot Bakery", int(TALK))
    assert member.status == ChatMemberStatus.ADMINISTRATOR
    assert member.can_post_messages
    assert {admin.user.first_name for admin in admins} == {"Leonie", "Morgenrot Desk"}
    assert ask(lambda bot: bot.get_chat_member_count(CHANNEL)) == 1845


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (ParseMode.HTML, "🥐 <b>Rye</b> &amp; <i>spelt</i>, <a href='https://e.org/'>order</a>"),
        (ParseMode.MARKDOWN_V2, "🥐 *Rye* & _spelt_, [order](https://e.org/)"),
        (ParseMode.MARKDOWN, "🥐 *Rye* & _spelt_, [order](https://e.org/)"),
    ],
)
def test_it_formats_text_in_every_way(ask: Ask[Any], mode: str, text: str) -> None:
    sent: Message = ask(
        lambda bot: bot.send_message(
            CHANNEL, text, parse_mode=mode, link_preview_options=LinkPreviewOptions(is_disabled=True)
        )
    )

    assert sent.text == "🥐 Rye & spelt, order"
    assert sent.text_html == '🥐 <b>Rye</b> &amp; <i>spelt</i>, <a href="https://e.org/">order</a>'
    assert sent.sender_chat
    assert sent.sender_chat.username == "morgenrot_bakery"
    assert sent.link_preview_options
    assert sent.link_preview_options.is_disabled


def test_it_sends_files_and_downloads_them(ask: Ask[Any]) -> None:
    photo: Message = ask(
        lambda bot: bot.send_photo(CHANNEL, picture_bytes(), caption="A loaf", has_spoiler=True)
    )
    menu: Message = ask(lambda bot: bot.send_document(CHANNEL, paper_bytes(), filename="menu.pdf"))
    again: Message = ask(lambda bot: bot.send_photo(TALK, photo.photo[-1].file_id))

    async def download(bot: Bot) -> bytes:
        assert menu.document
        file = await bot.get_file(menu.document.file_id)
        buffer = io.BytesIO()
        await file.download_to_memory(buffer)
        return buffer.getvalue()

    assert (photo.caption, photo.has_media_spoiler) == ("A loaf", True)
    assert again.photo[-1].file_unique_id == photo.photo[-1].file_unique_id
    assert ask(download) == paper_bytes()


def test_it_sends_an_album(ask: Ask[Any]) -> None:
    sent: tuple[Message, ...] = ask(
        lambda bot: bot.send_media_group(
            CHANNEL,
            [InputMediaPhoto(picture_bytes(), caption="Our morning"), InputMediaVideo(film_bytes())],
        )
    )

    assert [message.caption for message in sent] == ["Our morning", None]
    assert len({message.media_group_id for message in sent}) == 1
    assert sent[1].video
    assert sent[1].video.width == 540


def test_it_sends_a_poll_and_stops_it(ask: Ask[Any]) -> None:
    sent: Message = ask(lambda bot: bot.send_poll(TALK, "Sunday?", ["Yes", "No"], is_anonymous=False))

    stopped = ask(lambda bot: bot.stop_poll(TALK, sent.message_id))

    assert sent.poll
    assert [option.text for option in sent.poll.options] == ["Yes", "No"]
    assert stopped.is_closed


def test_it_changes_pins_and_deletes(ask: Ask[Any]) -> None:
    sent: Message = ask(lambda bot: bot.send_message(CHANNEL, "Rye"))
    edited: Message = ask(lambda bot: bot.edit_message_text("Spelt", CHANNEL, sent.message_id))

    with pytest.raises(BadRequest, match="not modified"):
        ask(lambda bot: bot.edit_message_text("Spelt", CHANNEL, sent.message_id))

    assert edited.text == "Spelt"
    assert edited.edit_date
    assert ask(lambda bot: bot.pin_chat_message(CHANNEL, sent.message_id))
    assert ask(lambda bot: bot.delete_message(CHANNEL, sent.message_id))
    assert not Entry.objects.filter(deleted_at=None).exists()


def test_it_is_told_what_goes_wrong(ask: Ask[Any]) -> None:
    for words, kind in (
        ("chat not found", BadRequest),
        ("bot was kicked", Forbidden),
        ("two", BadRequest),
    ):
        Fault.objects.create(network="telegram", kind=Fault.Kind.REFUSED, path="sendMessage", code=words)
        with pytest.raises(kind):
            ask(lambda bot: bot.send_message(CHANNEL, "Rye"))
    Fault.objects.create(network="telegram", kind=Fault.Kind.LIMITED, path="sendMessage")
    with pytest.raises(RetryAfter) as limited:
        ask(lambda bot: bot.send_message(CHANNEL, "Rye"))
    old = {"type": "group", "migrated_to": TALK}
    Person.objects.create(network="telegram", remote_id="-55", handle="old", name="Old", facts=old)
    with pytest.raises(ChatMigrated) as moved:
        ask(lambda bot: bot.send_message(-55, "Rye"))

    assert limited.value.retry_after == timedelta(seconds=35)
    assert moved.value.new_chat_id == int(TALK)


def test_a_wrong_token_is_refused(sandbox: str) -> None:
    async def log_in() -> None:
        async with Bot("123456:" + "A" * 35, base_url=f"{sandbox}/sandbox/telegram/bot"):
            pass

    with pytest.raises(InvalidToken):
        asyncio.run(log_in())


def test_it_talks_to_a_person_with_buttons(ask: Ask[Any]) -> None:
    jonas, bot_person = somebody(), somebody("morgenrot_desk_bot")
    telegram_person.start(jonas, bot_person, "link-token-1")
    keyboard = InlineKeyboardMarkup(
        [
            [InlineKeyboardButton("Approve", callback_data="a:42")],
            [InlineKeyboardButton("Open", url="https://desk.example/posts/42")],
        ]
    )

    [started] = ask(lambda bot: bot.get_updates())
    assert started.message
    assert started.message.from_user
    asked: Message = ask(
        lambda bot: bot.send_message(
            started.message.chat_id,
            "Rye at nine?",
            reply_markup=keyboard,
            reply_parameters=ReplyParameters(started.message.message_id),
        )
    )
    telegram_person.press(jonas, bot_person, jonas, asked.message_id, "a:42")
    [pressed] = ask(lambda bot: bot.get_updates(offset=started.update_id + 1))
    query = pressed.callback_query

    assert started.message.text == "/start link-token-1"
    assert query
    assert (query.data, query.from_user.id) == ("a:42", int(jonas.remote_id))
    assert ask(lambda bot: bot.answer_callback_query(query.id, "Approved"))
    ask(lambda bot: bot.edit_message_text("Approved by Jonas.", jonas.remote_id, asked.message_id))
    with pytest.raises(BadRequest, match="Query is too old"):
        ask(lambda bot: bot.answer_callback_query(query.id))
    entry = Entry.objects.get(person=jonas)
    assert "reply_markup" not in entry.body["messages"][0]


def test_it_registers_commands_and_a_webhook(ask: Ask[Any]) -> None:
    ask(lambda bot: bot.set_my_commands([BotCommand("pending", "Posts that wait for approval")]))
    address = "https://desk.example/hooks/bot/"
    ask(lambda bot: bot.set_webhook(address, secret_token="s3cret", allowed_updates=["message"]))

    told = ask(lambda bot: bot.get_webhook_info())
    with pytest.raises(Conflict):
        ask(lambda bot: bot.get_updates())

    assert [command.command for command in ask(lambda bot: bot.get_my_commands())] == ["pending"]
    assert (told.url, told.allowed_updates) == (address, ("message",))
    assert ask(lambda bot: bot.delete_webhook())


def test_it_is_told_when_it_joins_and_is_blocked(ask: Ask[Any]) -> None:
    leonie, bot_person = somebody("leonie_hartmann"), somebody("morgenrot_desk_bot")
    telegram_person.invite(leonie, bot_person, channel(), can_post_messages=True)
    telegram_person.block(somebody(), bot_person)
    jonas = somebody().remote_id

    joined, blocked = ask(lambda bot: bot.get_updates())

    assert joined.my_chat_member.new_chat_member.can_post_messages
    assert not joined.my_chat_member.new_chat_member.can_delete_messages
    assert blocked.my_chat_member.new_chat_member.status == ChatMemberStatus.BANNED
    with pytest.raises(Forbidden, match="blocked by the user"):
        ask(lambda bot: bot.send_message(jonas, "Hello"))
