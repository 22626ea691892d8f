"""The person's side: what people write, press and decide, and how bots hear of it."""

import re
import secrets
import time
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from platforms.sandbox import wire
from platforms.sandbox.models import Entry, Note, Person
from platforms.sandbox.telegram_chats import (
    bots_in,
    changed,
    chat_json,
    kind_of,
    linked,
    member_json,
    posts_of,
    user_json,
)
from platforms.sandbox.telegram_media import Taken, keep_file
from platforms.sandbox.telegram_messages import Message, message_in, next_id
from platforms.sandbox.telegram_text import formatted
from platforms.sandbox.telegram_updates import push
from platforms.sandbox.telegram_wire import NETWORK, Visit, bad, method

ANSWERED_WITHIN = 15.0  # seconds for a press of a button
LONGEST_WAIT, LOOKS_EVERY = 3.0, 0.1  # for an answer that a page shall show
RIGHTS = dict.fromkeys(
    ("can_post_messages", "can_edit_messages", "can_delete_messages", "can_pin_messages"), True
)


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody writes: a comment below a post, a mention of the bot in the group, or directly to the bot."""
    if kind == "direct":
        return say(author, author, text, told=_bot_of(person), about=person, kind=kind)
    group = linked(person) if kind_of(person) == "channel" else person
    if group is None:
        raise ValueError(f"{person.name} has no discussion group.")
    if kind == "mention":
        return say(group, author, text, about=person, kind=kind, mentioned=_bot_of(person))
    if kind != "comment":
        raise ValueError(f"There is no {kind} on Telegram.")
    entry = entry or posts_of(person).first()
    if entry is None:
        raise ValueError("There is no post to comment on.")
    there = entry.body.get("copies") or entry.body["messages"]
    return say(group, author, text, about=person, kind=kind, answers=there[0], entry=entry)


def _bot_of(chat: Person) -> Person:
    return bots_in(chat)[0]


@transaction.atomic
def say(
    chat: Person,
    author: Person,
    text: str,
    *,
    about: Person | None = None,
    kind: str = "comment",
    told: Person | None = None,
    answers: Message | None = None,
    entry: Entry | None = None,
    mentioned: Person | None = None,
    picture: bytes = b"",
) -> Note:
    """A person's message in a chat; a private chat with a bot goes by the person. Its bots are told.

    With a picture, which only a bot in a private chat gets, the text is what stands below it.
    """
    made = formatted(text)
    photo = _photo(author, told, picture) if picture and told else None
    message: Message = {
        "message_id": next_id(chat),
        "from": user_json(author),
        "chat": chat_json(chat),
        "date": int(timezone.now().timestamp()),
        **({"photo": photo.json, "caption": made.text} if photo else {"text": made.text}),
    }
    if entities := [*_mention(mentioned, made.text), *made.entities]:
        message["caption_entities" if photo else "entities"] = entities
    if answers is not None:
        message["reply_to_message"] = {k: v for k, v in answers.items() if k != "reply_to_message"}
    if answers is not None and kind_of(chat) != "private":
        message["message_thread_id"] = answers.get("message_thread_id", answers["message_id"])
    updates = [push(bot, "message", message) for bot in ([told] if told else _hearing(chat, message))]
    return Note.objects.create(
        network=NETWORK,
        person=about or chat,
        author=author,
        kind=kind,
        remote_id=f"{chat.remote_id}/{message['message_id']}",
        text=made.text,
        entry=entry,
        body={
            "message": message,
            "told": told.remote_id if told else "",
            "picture": photo.upload.remote_id if photo else "",
            "update": next((update for update in updates if update), {"message": message}),
        },
    )


def _mention(mentioned: Person | None, text: str) -> list[dict[str, Any]]:
    """The first word leads to a bot that is not called by its handle."""
    if mentioned is None or f"@{mentioned.handle}".lower() in text.lower():
        return []
    first = re.match(r"\S+", text)
    length = len((first[0] if first else "").encode("utf-16-le")) // 2
    return [{"type": "text_mention", "offset": 0, "length": length, "user": user_json(mentioned)}]


def _photo(author: Person, bot: Person, picture: bytes) -> Taken:
    """A picture on its way to a bot, which may download it."""
    return keep_file(Visit(bot, "", {}), "photo", "photo.jpg", picture, author)


def _hearing(chat: Person, message: Message) -> list[Person]:
    """Administrators hear all; other bots hear commands, answers to themselves, and their name."""
    answered = message.get("reply_to_message", {}).get("from", {}).get("id")
    hearing = []
    for bot in bots_in(chat):
        status = chat.facts["members"][bot.remote_id]["status"]
        is_meant = (
            answered == int(bot.remote_id)
            or message["text"].startswith("/")
            or f"@{bot.handle}".lower() in message["text"].lower()
        )
        if status == "administrator" or bot.facts.get("reads_all") or is_meant:
            hearing.append(bot)
    return hearing


def webhook(note: Note, secret: str) -> tuple[dict[str, str], bytes]:
    """The call that tells of what somebody wrote."""
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret}
    update = {"update_id": 10_001, **note.body["update"]}
    return headers, JsonResponse(update).content


# --- what else people do ---


def start(author: Person, bot: Person, payload: str = "") -> Note:
    """Press Start in the private chat with a bot, by way of a link that carries a payload or not."""
    with changed(author) as facts:
        facts["started"] = sorted({*facts.get("started", []), bot.remote_id})
    return say(author, author, f"/start {payload}".strip(), told=bot, kind="direct")


def block(author: Person, bot: Person, *, is_blocked: bool = True) -> None:
    with changed(author) as facts:
        others = [one for one in facts.get("blocked", []) if one != bot.remote_id]
        facts["blocked"] = [*others, bot.remote_id] if is_blocked else others
    before, after = ("member", "kicked") if is_blocked else ("kicked", "member")
    until = {"until_date": 0}  # as of everybody who is banned
    old, new = ({"status": status, **(until if status == "kicked" else {})} for status in (before, after))
    _membership(author, bot, author, old, new)


def invite(author: Person, bot: Person, chat: Person, **rights: bool) -> None:
    """Add a bot to a chat, as an administrator with these rights (all, if none are named)."""
    member = {"status": "administrator", **(rights or RIGHTS)}
    _join(author, bot, chat, member)


def remove(author: Person, bot: Person, chat: Person) -> None:
    _join(author, bot, chat, {"status": "kicked"})


def _join(author: Person, bot: Person, chat: Person, member: dict[str, Any]) -> None:
    before = member_json(chat, bot)
    with changed(chat) as facts:
        facts["members"] = {**facts.get("members", {}), bot.remote_id: member}
    _membership(author, bot, chat, before, member_json(chat, bot))


def _membership(
    author: Person, bot: Person, chat: Person, before: dict[str, Any], after: dict[str, Any]
) -> None:
    push(
        bot,
        "my_chat_member",
        {
            "chat": chat_json(chat),
            "from": user_json(author),
            "date": int(timezone.now().timestamp()),
            "old_chat_member": {"user": user_json(bot), **before},
            "new_chat_member": {"user": user_json(bot), **after},
        },
    )


def press(author: Person, bot: Person, chat: Person, message_id: int, data: str) -> str:
    """Press a button below a bot's message; the id of the query, which the bot must answer soon."""
    message = message_in(chat, message_id)
    buttons = [b for row in (message or {}).get("reply_markup", {}).get("inline_keyboard", []) for b in row]
    if data not in [button.get("callback_data") for button in buttons]:
        raise bad("there is no such button")
    query = str(secrets.randbelow(10**18))
    with changed(bot) as facts:
        facts["queries"] = {**facts.get("queries", {}), query: timezone.now().timestamp()}
    content = {
        "id": query,
        "from": user_json(author),
        "message": message,
        "chat_instance": chat.remote_id,
        "data": data,
    }
    push(bot, "callback_query", content)
    return query


def react(chat: Person, message_id: int, **counts: int) -> None:
    """What people think of a post by now, by emoji."""
    reactions = [
        {"type": {"type": "emoji", "emoji": emoji}, "total_count": count} for emoji, count in counts.items()
    ]
    for entry in posts_of(chat).filter(remote_id=str(message_id)):
        entry.body["reactions"] = counts
        entry.save(update_fields=["body"])
    content = {
        "chat": chat_json(chat),
        "message_id": message_id,
        "date": int(timezone.now().timestamp()),
        "reactions": reactions,
    }
    for bot in bots_in(chat):
        push(bot, "message_reaction_count", content)


# --- what a bot says to presses, and its commands ---


@method("answerCallbackQuery")
def answer_callback_query(visit: Visit) -> bool:
    query = visit.text("callback_query_id")
    asked_at = visit.bot.facts.get("queries", {}).get(query)
    if asked_at is None or timezone.now().timestamp() - asked_at > ANSWERED_WITHIN:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if len(visit.text("text")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    with changed(visit.bot) as facts:
        del facts["queries"][query]
        facts["said"] = {
            "query": query,
            "text": visit.text("text"),
            "is_alert": visit.flag("show_alert"),
            "at": timezone.now().timestamp(),
        }
    return True


@method("setMyCommands")
def set_my_commands(visit: Visit) -> bool:
    commands = visit.parsed("commands", list) or []
    if len(commands) > 100:
        raise bad("too many commands specified")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", "")).removeprefix("/")):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", "")).strip()) <= 256:
            raise bad("command description must be non-empty")
    with changed(visit.bot) as facts:
        facts["commands"] = {**facts.get("commands", {}), _scope(visit): commands}
    return True


@method("getMyCommands")
def get_my_commands(visit: Visit) -> list[dict[str, str]]:
    return list(visit.bot.facts.get("commands", {}).get(_scope(visit), []))


@method("deleteMyCommands")
def delete_my_commands(visit: Visit) -> bool:
    with changed(visit.bot) as facts:
        facts.get("commands", {}).pop(_scope(visit), None)
    return True


def _scope(visit: Visit) -> str:
    scope = visit.parsed("scope") or {"type": "default"}
    parts = [
        scope.get("type"),
        scope.get("chat_id", ""),
        scope.get("user_id", ""),
        visit.text("language_code"),
    ]
    return "/".join(map(str, parts))


@method("setMyDescription", "setMyShortDescription", "setMyName", "setChatMenuButton")
def accept(_visit: Visit) -> bool:
    return True


# --- the person's side over HTTP, for rehearsals: POST /sandbox/telegram/control/<action> ---


def act(action: str, who: Any, bot: Any, chat: Any, said: dict[str, Any]) -> None:
    """What a person does; what is missing for it shows as the error of whoever misses it."""
    match action:
        case "start":
            start(who, bot, said.get("payload", ""))
        case "say" if chat:
            say(chat, who, said["text"])
        case "say":
            answers = message_in(who, int(said["answers"])) if said.get("answers") else None
            picture = said.get("picture", b"")
            if not said["text"].strip() and not picture:
                raise ValueError("Nothing is said.")
            say(who, who, said["text"], told=bot, kind="direct", answers=answers, picture=picture)
        case "press":
            press(who, bot, chat or who, int(said["message_id"]), said["data"])
        case "block" | "unblock":
            block(who, bot, is_blocked=action == "block")
        case "invite":
            invite(who, bot, chat)
        case "remove":
            remove(who, bot, chat)
        case "react":
            react(chat, int(said["message_id"]), **said["counts"])
        case _:
            raise KeyError(action)


@csrf_exempt
@require_POST
def control(request: HttpRequest, action: str) -> HttpResponse:
    """Handles of `person`, `bot` and `chat`, and what the action needs (text, payload, message_id ...)."""
    said = wire.payload(request)
    if isinstance(picture := request.FILES.get("picture"), UploadedFile):
        said["picture"] = picture.read()
    people = {name: _named(said.get(name)) for name in ("person", "bot", "chat")}
    try:
        act(action, people["person"], people["bot"], people["chat"], said)
    except wire.Refusal as refused:
        return wire.answer(refused)
    except (KeyError, AttributeError, TypeError, ValueError):
        return JsonResponse({"error": "There is no such action, or something is missing for it."}, status=422)
    if said.get("next") == "chat" and people["bot"] and people["person"]:
        if action in {"start", "say", "press"}:
            await_answer(people["bot"], people["person"])
        return redirect("telegram-chat", people["bot"].handle, people["person"].handle)
    if request.content_type != "application/json" and people["person"]:  # from a page: back to the chat
        return redirect("sandbox-person", NETWORK, people["person"].handle)
    return JsonResponse({"ok": True})


def await_answer(bot: Person, author: Person) -> None:
    """A page has no script that would show the answer when it comes: it is waited for, for a moment."""
    ends_at = time.monotonic() + LONGEST_WAIT
    asked_at = timezone.now()
    while time.monotonic() < ends_at:
        answers = posts_of(author).filter(body__bot=bot.remote_id)
        if answers.filter(created_at__gt=asked_at).exists() or "said" in _fresh(bot, asked_at):
            return
        time.sleep(LOOKS_EVERY)


def _fresh(bot: Person, since: datetime) -> dict[str, Any]:
    """What the bot said to a press since then."""
    said = Person.objects.get(pk=bot.pk).facts.get("said", {})
    return {"said": said} if said.get("at", 0) > since.timestamp() else {}


def _named(handle: Any) -> Person | None:
    return Person.objects.filter(network=NETWORK, handle=str(handle)).first() if handle else None
