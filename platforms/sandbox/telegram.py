"""The twin of Telegram's Bot API: who lives there, and every address."""

from typing import Any

from django.urls import URLPattern, path, re_path

from platforms.sandbox import desk_bot, world
from platforms.sandbox import telegram_send as _send  # noqa: F401  (its methods register themselves)
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.telegram_chat_page import chat_page
from platforms.sandbox.telegram_chats import found
from platforms.sandbox.telegram_media import download
from platforms.sandbox.telegram_person import RIGHTS, arrive, control, webhook
from platforms.sandbox.telegram_public import (
    channel_page,
    home,
    message_page,
    reactions,
    rendered,
    shortened,
    views,
)
from platforms.sandbox.telegram_updates import answer_call
from platforms.sandbox.telegram_wire import DIALECT, NETWORK, nothing

__all__ = ["DIALECT", "arrive", "credentials", "face", "people", "urlpatterns", "webhook"]

BOT = "7214860935"
TOKEN = f"{BOT}:AAGq3vT0sandbox-morgenrot-desk-4kQ"
OWNER, REGULAR, BAKER = "412233901", "502277184", "388190042"
CHANNEL, TALK, CREW, STORE = "-1001684400217", "-1001684400318", "-1001684400419", "-1001684400520"


def people() -> None:
    """A bakery's channel, the group that comments on it, its crew's forum, a store; people; a bot."""
    owner = {OWNER: {"status": "creator"}}
    members = {**owner, BOT: {"status": "administrator", **RIGHTS}}
    _chat(
        CHANNEL,
        "morgenrot_bakery",
        "Morgenrot Bakery",
        {"type": "channel", "linked": TALK, "members": members, "subscribers": 1843},
        about="What comes out of the oven, every morning at six.",
        colour="#c2571a",
    )
    talk = {**members, REGULAR: {"status": "member"}, BAKER: {"status": "member"}}
    _chat(
        TALK,
        "morgenrot_talk",
        "Morgenrot Talk",
        {"type": "supergroup", "linked": CHANNEL, "members": talk, "subscribers": 212},
        about="Where the bakery's guests talk.",
        colour="#8a5a2b",
    )
    _chat(
        CREW,
        "morgenrot_crew",
        "Morgenrot Crew",
        {
            "type": "supergroup",
            "is_private": True,
            "topics": {"4": "Shifts", "9": "Recipes"},
            "members": talk,
        },
        colour="#3c6e71",
    )
    _chat(
        STORE,
        "morgenrot_store",
        "Morgenrot Store",
        {"type": "channel", "is_private": True, "members": members},
        colour="#6b6f76",
    )
    for remote_id, handle, name, colour in (
        (OWNER, "leonie_hartmann", "Leonie Hartmann", "#a8324a"),
        (REGULAR, "jonas_weber", "Jonas Weber", "#2f6f9f"),
        (BAKER, "mila_novak", "Mila Novak", "#5f7f2f"),
    ):
        world.person(NETWORK, remote_id, handle, name, colour=colour, facts={"started": [BOT]})
    _bots()


def _bots() -> None:
    """One that posts for accounts, and one that is the desk's own."""
    bot = _chat(BOT, "morgenrot_desk_bot", "Morgenrot Desk", {"type": "bot"}, colour="#4a4e8f")
    desk = _chat(desk_bot.BOT, desk_bot.HANDLE, desk_bot.NAME, {"type": "bot"}, colour="#2f5fd0")
    for owned, token in ((bot, TOKEN), (desk, desk_bot.TOKEN)):
        Grant.objects.get_or_create(
            network=NETWORK, person=owned, client_id="botfather", defaults={"access": token}
        )


def _chat(remote_id: str, handle: str, name: str, facts: dict[str, Any], **rest: Any) -> Person:
    return world.person(NETWORK, remote_id, handle, name, facts=facts, **rest)


def credentials(person: Person) -> dict[str, str]:
    """What is typed to connect a chat."""
    is_private = person.facts.get("is_private")
    return {"token": TOKEN, "chat": person.remote_id if is_private else f"@{person.handle}"}


def writer() -> Person:
    """Somebody who writes to bots and below posts; the other inhabitants are chats and bots."""
    return Person.objects.get(network=NETWORK, remote_id=REGULAR)


def face(entry: Entry) -> world.Face:
    """Views, reactions, buttons and the poll around a message."""
    first = entry.body["messages"][0]
    sender = found(entry.body["bot"]) if "from" in first else None
    facts = {
        "author": sender or entry.person,
        "formatted": rendered(first),
        "poll": first.get("poll"),
        "is_private": first["chat"]["type"] == "private",
        "buttons": first.get("reply_markup", {}).get("inline_keyboard", []),
        "views": shortened(views(entry)) if "sender_chat" in first else "",
        "reactions": reactions(entry) if "sender_chat" in first else {},
        "is_above": bool(first.get("show_caption_above_media")),
        "is_pinned": first["message_id"] in entry.person.facts.get("pinned", []),
        "is_protected": bool(first.get("has_protected_content")),
        "is_edited": "edit_date" in first,
        "topic": entry.person.facts.get("topics", {}).get(str(first.get("message_thread_id")), ""),
    }
    return world.Face(covers_pictures=bool(first.get("has_media_spoiler")), facts=facts)


urlpatterns: list[URLPattern] = [
    re_path(r"^bot(?P<token>[^/]+)/(?:test/)?(?P<name>[A-Za-z]+)$", answer_call),
    re_path(r"^file/bot(?P<token>[^/]+)/(?P<path>.+)$", download),
    re_path(r"^bot(?P<rest>.*)$", nothing),
    path("control/<str:action>", control, name="telegram-control"),
    path("chat/<str:handle>/<str:person>", chat_page, name="telegram-chat"),
    path("s/<str:handle>", channel_page),
    path("c/<str:number>/<int:message_id>", message_page),
    path("<str:handle>/<int:message_id>", message_page),
    path("<str:handle>", home, name="telegram-home"),
]
