"""Sending, changing and taking away messages."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from platforms.sandbox.models import Entry, Person
from platforms.sandbox.telegram_chats import changed, chat_of, chat_to_write_to, kind_of, may, membership
from platforms.sandbox.telegram_media import Taken, field, take
from platforms.sandbox.telegram_messages import (
    Message,
    entry_with,
    keep,
    keyboard_of,
    message_in,
    text_of,
    written_in,
)
from platforms.sandbox.telegram_text import Formatted, formatted, read
from platforms.sandbox.telegram_wire import NOT_MODIFIED, Visit, bad, method
from platforms.text import utf16_length

LONGEST, LONGEST_CAPTION = 4096, 1024
ALBUMS = ({"photo", "video"}, {"document"}, {"audio"})


def said(made: Formatted, name: str = "text") -> Message:
    """A text as a message tells of it."""
    if not made.text:
        return {}
    entities = "entities" if name == "text" else "caption_entities"
    return {name: made.text, **({entities: made.entities} if made.entities else {})}


def text_in(visit: Visit) -> Message:
    made = read(visit)
    if not made.text:
        raise bad("message text is empty")
    if utf16_length(made.text) > LONGEST:
        raise bad("message is too long")
    preview = visit.parsed("link_preview_options")
    return said(made) | ({"link_preview_options": preview} if preview else {})


def caption_in(fields: Mapping[str, Any], entities: list[Any] | None) -> Message:
    made = formatted(str(fields.get("caption") or ""), str(fields.get("parse_mode") or ""), entities)
    if utf16_length(made.text) > LONGEST_CAPTION:
        raise bad("message caption is too long")
    above = str(fields.get("show_caption_above_media", "")).lower() in {"true", "1"}
    return said(made, "caption") | ({"show_caption_above_media": True} if above and made.text else {})


# --- sending ---


@method("sendMessage")
def send_message(visit: Visit) -> Message:
    chat = chat_to_write_to(visit)
    return keep(visit, chat, [text_in(visit)])[0]


def _send_file(visit: Visit, kind: str) -> Message:
    chat = chat_to_write_to(visit)
    taken = field(visit, kind, chat)
    content = carried(taken, visit.flag("has_spoiler"))
    caption = caption_in(visit.fields, visit.parsed("caption_entities", list))
    return keep(visit, chat, [{**content, **caption}], [taken.upload])[0]


def carried(taken: Taken, is_covered: bool) -> Message:
    return {taken.kind: taken.json, **({"has_media_spoiler": True} if is_covered else {})}


for _kind in ("photo", "video", "document", "animation", "audio", "voice"):
    method(f"send{_kind}")(lambda visit, kind=_kind: _send_file(visit, kind))  # type: ignore[misc]


@method("sendMediaGroup")
def send_media_group(visit: Visit) -> list[Message]:
    chat = chat_to_write_to(visit)
    wanted = visit.parsed("media", list) or []
    if not 2 <= len(wanted) <= 10:
        raise bad(
            "there must be 2 to 10 messages in the album" if wanted else "there are no messages to send"
        )
    kinds = {str(item.get("type")) for item in wanted}
    if not any(kinds <= album for album in ALBUMS):
        raise bad("can't use the media of the specified type in the album")
    contents, uploads = [], []
    for item in wanted:
        taken = take(visit, str(item["type"]), item.get("media"), chat)
        entities = item.get("caption_entities")
        caption = caption_in(item, entities if isinstance(entities, list) else None)
        contents.append({**carried(taken, bool(item.get("has_spoiler"))), **caption})
        uploads.append(taken.upload)
    without_buttons = {name: value for name, value in visit.fields.items() if name != "reply_markup"}
    group = str(10**16 + secrets.randbelow(10**16))
    return keep(Visit(visit.bot, visit.root, without_buttons), chat, contents, uploads, group)


@method("sendPoll")
def send_poll(visit: Visit) -> Message:
    chat = chat_to_write_to(visit)
    question, answers = visit.text("question").strip(), _answers(visit)
    if not question:
        raise bad("poll question must be non-empty")
    if utf16_length(question) > 300:
        raise bad("poll question length must not exceed 300")
    is_anonymous = "is_anonymous" not in visit.fields or visit.flag("is_anonymous")
    if kind_of(chat) == "channel" and not is_anonymous:
        raise bad("non-anonymous polls can't be sent to channel chats")
    poll = {
        "id": str(5 * 10**18 + secrets.randbelow(10**18)),
        "question": question,
        "options": [
            {"persistent_id": str(n), "text": answer, "voter_count": 0} for n, answer in enumerate(answers)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": is_anonymous,
        "type": visit.text("type") or "regular",
        "allows_multiple_answers": visit.flag("allows_multiple_answers"),
        **dict.fromkeys(("allows_revoting", "members_only"), False),
        **_quiz(visit, len(answers)),
    }
    if (seconds := visit.number("open_period")) and not 5 <= seconds <= 2_628_000:
        raise bad("poll open period is invalid")
    if seconds:
        poll["open_period"] = seconds
    return keep(visit, chat, [{"poll": poll}])[0]


def _answers(visit: Visit) -> list[str]:
    given = visit.parsed("options", list) or []
    answers = [str(one.get("text", "") if isinstance(one, dict) else one).strip() for one in given]
    if not 1 <= len(answers) <= 12:
        raise bad("poll must have 1 to 12 options")
    if not all(answers) or max(map(utf16_length, answers)) > 100:
        raise bad("poll options length must not exceed 100")
    return answers


def _quiz(visit: Visit, answers: int) -> dict[str, Any]:
    if visit.text("type") != "quiz":
        return {}
    right = visit.parsed("correct_option_ids", list)
    if not right or not all(isinstance(n, int) and 0 <= n < answers for n in right):
        raise bad("wrong correct option ID specified")
    if utf16_length(visit.text("explanation")) > 200:
        raise bad("message is too long")
    explanation = {"explanation": visit.text("explanation")} if visit.text("explanation") else {}
    return {"correct_option_ids": right, **explanation}


@method("copyMessage")
def copy_message(visit: Visit) -> Message:
    chat, source = chat_to_write_to(visit), chat_of(visit, "from_chat_id")
    original = message_in(source, visit.number("message_id"))
    if original is None:
        raise bad("message to copy not found")
    kinds = ("text", "entities", "caption", "caption_entities", "photo", "video", "document", "poll")
    entry = entry_with(source, visit.number("message_id"))
    uploads = entry.pictures if entry else []
    made = keep(visit, chat, [{name: original[name] for name in kinds if name in original}], uploads)
    return {"message_id": made[0]["message_id"]}


# --- changing ---


def _own(visit: Visit) -> tuple[Person, Entry, Message]:
    """A message that the bot may change."""
    chat = chat_of(visit)
    entry = entry_with(chat, visit.number("message_id"))
    if entry is None:
        raise bad("message to edit not found")
    is_own = entry.body["bot"] == visit.bot.remote_id
    if not is_own and not (kind_of(chat) == "channel" and may(visit, chat, "can_edit_messages")):
        raise bad("message can't be edited")
    number = visit.number("message_id")
    return chat, entry, next(m for m in entry.body["messages"] if m["message_id"] == number)


def _change(visit: Visit, entry: Entry, message: Message, names: tuple[str, ...], new: Message) -> Message:
    """Put new content in the place of the old; the same again is refused."""
    names = (*names, "reply_markup")
    if keyboard := keyboard_of(visit):
        new = {**new, "reply_markup": keyboard}
    if {name: message.get(name) for name in names} == {name: new.get(name) for name in names}:
        raise bad(NOT_MODIFIED)
    for name in names:
        message.pop(name, None)
    message |= new | {"edit_date": int(timezone.now().timestamp())}
    if message is entry.body["messages"][0]:
        entry.text = text_of(message)
    entry.save(update_fields=["body", "text"])
    return message


@method("editMessageText")
def edit_message_text(visit: Visit) -> Message:
    _chat, entry, message = _own(visit)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    return _change(visit, entry, message, ("text", "entities", "link_preview_options"), text_in(visit))


@method("editMessageCaption")
def edit_message_caption(visit: Visit) -> Message:
    _chat, entry, message = _own(visit)
    if not {"photo", "video", "document", "animation", "audio"} & set(message):
        raise bad("there is no caption in the message to edit")
    caption = caption_in(visit.fields, visit.parsed("caption_entities", list))
    return _change(
        visit, entry, message, ("caption", "caption_entities", "show_caption_above_media"), caption
    )


@method("editMessageReplyMarkup")
def edit_message_reply_markup(visit: Visit) -> Message:
    _chat, entry, message = _own(visit)
    return _change(visit, entry, message, (), {})


# --- taking away ---


@method("deleteMessage")
def delete_message(visit: Visit) -> bool:
    if not _delete(visit, chat_of(visit), visit.number("message_id")):
        raise bad("message to delete not found")
    return True


@method("deleteMessages")
def delete_messages(visit: Visit) -> bool:
    chat, numbers = chat_of(visit), visit.parsed("message_ids", list) or []
    if not 1 <= len(numbers) <= 100:
        raise bad("there must be 1 to 100 messages to delete")
    for number in numbers:
        _delete(visit, chat, int(number))
    return True


def _delete(visit: Visit, chat: Person, number: int) -> bool:
    """Whether there was such a message, which is gone now."""
    if kind_of(chat) != "private":
        membership(visit, chat)
    note = written_in(chat, number).first()
    if note is not None:
        if not may(visit, chat, "can_delete_messages"):
            raise bad("message can't be deleted")
        note.deleted_at = timezone.now()
        note.save(update_fields=["deleted_at"])
        return True
    entry = entry_with(chat, number)
    if entry is None:
        return False
    if entry.body["bot"] != visit.bot.remote_id and not may(visit, chat, "can_delete_messages"):
        raise bad("message can't be deleted")
    entry.body["messages"] = [m for m in entry.body["messages"] if m["message_id"] != number]
    if not entry.body["messages"]:
        entry.deleted_at = timezone.now()
    entry.save(update_fields=["body", "deleted_at"])
    return True


# --- what else can be done to one ---


@method("pinChatMessage")
def pin_chat_message(visit: Visit) -> bool:
    chat, number = chat_of(visit), visit.number("message_id")
    right = "can_edit_messages" if kind_of(chat) == "channel" else "can_pin_messages"
    if not may(visit, chat, right):
        raise bad("not enough rights to manage pinned messages in the chat")
    if message_in(chat, number) is None:
        raise bad("message to pin not found")
    with changed(chat) as facts:
        if number in facts.get("pinned", []):
            raise bad("CHAT_NOT_MODIFIED")
        facts["pinned"] = [*facts.get("pinned", []), number]
    return True


@method("setMessageReaction")
def set_message_reaction(visit: Visit) -> bool:
    chat, reaction = chat_of(visit), visit.parsed("reaction", list) or []
    if len(reaction) > 1:
        raise bad("too many reactions to set on the message")
    number = visit.number("message_id")
    if message_in(chat, number) is None:
        raise bad("message to react not found")
    written_in(chat, number).update(likes=len(reaction))
    return True


@method("sendChatAction")
def send_chat_action(visit: Visit) -> bool:
    chat_to_write_to(visit)
    return True


@method("stopPoll")
def stop_poll(visit: Visit) -> Any:
    _chat, entry, message = _own(visit)
    if "poll" not in message or message["poll"]["is_closed"]:
        raise bad("poll can't be stopped")
    message["poll"]["is_closed"] = True
    entry.save(update_fields=["body"])
    return message["poll"]
