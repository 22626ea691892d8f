"""Messages as they stand in chats: an entry holds one, or an album of several."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from platforms.sandbox.models import Entry, Note, Person, Upload
from platforms.sandbox.telegram_chats import (
    bots_in,
    changed,
    chat_json,
    kind_of,
    linked,
    posts_of,
    user_json,
)
from platforms.sandbox.telegram_updates import push
from platforms.sandbox.telegram_wire import NETWORK, Visit, bad, limited

PER_MINUTE = 100  # short bursts pass; `facts["per_minute"]` makes it less

Message = dict[str, Any]


def next_id(chat: Person, count: int = 1) -> int:
    """The number of the next message in a chat; several in a row are set aside."""
    with changed(chat) as facts:
        first = (
            int(facts.get("last_message", kind_of(chat) == "channel")) + 1
        )  # "Channel created" is the first
        facts["last_message"] = first + count - 1
    return first


def meter(chat: Person, count: int) -> None:
    """Count messages of the last minute; too many are refused before any is sent."""
    recent = posts_of(chat).filter(created_at__gt=timezone.now() - timedelta(minutes=1))
    sent = sum(len(entry.body["messages"]) for entry in recent)
    if sent + count > chat.facts.get("per_minute", PER_MINUTE):
        raise limited()


def keep(
    visit: Visit, chat: Person, contents: Sequence[Message], uploads: Sequence[Upload] = (), group: str = ""
) -> list[Message]:
    """Put messages into a chat; `contents` are what differs between them."""
    meter(chat, len(contents))
    common = _common(visit, chat)
    first = next_id(chat, len(contents))
    album = {"media_group_id": group} if group else {}
    messages = [{"message_id": first + n, **common, **album, **content} for n, content in enumerate(contents)]
    entry = Entry.objects.create(
        network=NETWORK,
        person=chat,
        remote_id=str(first),
        text=text_of(messages[0]),
        parent_id=str(common.get("reply_to_message", {}).get("message_id", "")),
        body={
            "messages": messages,
            "bot": visit.bot.remote_id,
            "silent": visit.flag("disable_notification"),
            **({"album": group} if group else {}),
        },
    )
    entry.attach(uploads)
    if kind_of(chat) == "channel":
        _copy_to_discussion(chat, entry)
    return messages


def text_of(message: Message) -> str:
    return str(message.get("text") or message.get("caption") or message.get("poll", {}).get("question") or "")


def _common(visit: Visit, chat: Person) -> Message:
    message: Message = {"date": int(timezone.now().timestamp()), "chat": chat_json(chat)}
    if kind_of(chat) == "channel":
        message["sender_chat"] = chat_json(chat)
    else:
        message["from"] = user_json(visit.bot)
    if topic := visit.number("message_thread_id"):
        if str(topic) not in chat.facts.get("topics", {}):
            raise bad("message thread not found")
        message |= {"message_thread_id": topic, "is_topic_message": True}
    if visit.flag("protect_content"):
        message["has_protected_content"] = True
    if answered := _answered(visit, chat):
        message["reply_to_message"] = answered
    if keyboard := keyboard_of(visit):
        message["reply_markup"] = keyboard
    return message


def _answered(visit: Visit, chat: Person) -> Message | None:
    wanted = visit.parsed("reply_parameters") or {}
    if not wanted:
        return None
    message = message_in(chat, int(wanted.get("message_id", 0)))
    if message is None and not wanted.get("allow_sending_without_reply"):
        raise bad("message to be replied not found")
    return message and {name: value for name, value in message.items() if name != "reply_to_message"}


def entry_with(chat: Person, message_id: int) -> Entry | None:
    """The entry that holds a message."""
    one = posts_of(chat).filter(remote_id=str(message_id)).first()
    if one is not None:
        return one if any(m["message_id"] == message_id for m in one.body["messages"]) else None
    return next(
        (
            entry
            for entry in posts_of(chat).filter(body__has_key="album")
            if any(m["message_id"] == message_id for m in entry.body["messages"])
        ),
        None,
    )


def message_in(chat: Person, message_id: int) -> Message | None:
    """A message of a chat, whoever wrote it."""
    entry = entry_with(chat, message_id)
    here: list[Message] = list(entry.body["messages"]) if entry else []
    here += [note.body["message"] for note in written_in(chat, message_id)]
    other = linked(chat) if not here and kind_of(chat) != "channel" else None
    if other is not None:
        here = [copy for post in posts_of(other) for copy in post.body.get("copies", [])]
    return next((message for message in here if message["message_id"] == message_id), None)


def written_in(chat: Person, message_id: int) -> Any:
    """What people wrote under this number."""
    remote_id = f"{chat.remote_id}/{message_id}"
    return Note.objects.filter(network=NETWORK, remote_id=remote_id, deleted_at=None)


def keyboard_of(visit: Visit) -> dict[str, Any] | None:
    """The buttons below a message, as they must be."""
    markup = visit.parsed("reply_markup")
    if not markup or "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if sum(len(row) for row in rows) > 100:
        raise bad("reply markup is too long")
    for button in (button for row in rows for button in row):
        _refuse_button(button)
    return {"inline_keyboard": rows} if rows else None


def _refuse_button(button: dict[str, Any]) -> None:
    if not str(button.get("text", "")).strip():
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in button and not str(button["url"]).startswith(("http://", "https://", "tg://")):
        raise bad("inline keyboard button URL is invalid: BUTTON_URL_INVALID")
    if not {"url", "callback_data", "login_url", "web_app", "switch_inline_query", "copy_text"} & set(button):
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")


def _copy_to_discussion(channel: Person, entry: Entry) -> None:
    """A channel's post appears in its discussion group, where people comment on it."""
    group = linked(channel)
    if group is None:
        return
    first = next_id(group, len(entry.body["messages"]))
    copies = []
    for n, message in enumerate(entry.body["messages"]):
        origin = {
            "type": "channel",
            "chat": message["chat"],
            "message_id": message["message_id"],
            "date": message["date"],
        }
        copy = {
            **message,
            "message_id": first + n,
            "chat": chat_json(group),
            "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
            "is_automatic_forward": True,
            "forward_origin": origin,
        }
        copies.append(copy)
        for bot in bots_in(group):
            push(bot, "message", copy)
    entry.body["copies"] = copies
    entry.save(update_fields=["body"])
