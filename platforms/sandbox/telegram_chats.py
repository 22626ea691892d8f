"""Who is who on Telegram: people, bots and chats, and what a bot may do in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from platforms.sandbox.models import Entry, Person
from platforms.sandbox.telegram_wire import NETWORK, Visit, bad, method, refusal

RIGHTS = ("can_post_messages", "can_edit_messages", "can_delete_messages", "can_pin_messages")
GROUPS = {"group", "supergroup"}


@contextmanager
def changed(person: Person) -> Iterator[dict[str, Any]]:
    """What only Telegram knows of somebody, to be changed by one at a time."""
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        yield locked.facts
        locked.save(update_fields=["facts"])
        person.facts = locked.facts


def kind_of(person: Person) -> str:
    """private (a person), bot, group, supergroup or channel."""
    return str(person.facts.get("type", "private"))


def found(remote_id: object) -> Person | None:
    return Person.objects.filter(network=NETWORK, remote_id=str(remote_id)).first()


def user_json(person: Person) -> dict[str, Any]:
    first, _, last = person.name.partition(" ")
    is_bot = kind_of(person) == "bot"
    user = {"id": int(person.remote_id), "is_bot": is_bot, "first_name": person.name if is_bot else first}
    if last and not is_bot:
        user["last_name"] = last
    return {**user, "username": person.handle, **({} if is_bot else {"language_code": "en"})}


def chat_json(person: Person) -> dict[str, Any]:
    chat: dict[str, Any] = {"id": int(person.remote_id), "type": kind_of(person)}
    if chat["type"] == "private":
        user = user_json(person)
        return chat | {name: user[name] for name in ("first_name", "last_name", "username") if name in user}
    chat["title"] = person.name
    if is_public(person):
        chat["username"] = person.handle
    if person.facts.get("topics"):
        chat["is_forum"] = True
    return chat


def is_public(person: Person) -> bool:
    return not person.facts.get("is_private")


def linked(person: Person) -> Person | None:
    """A channel's discussion group, or a group's channel."""
    return found(person.facts["linked"]) if person.facts.get("linked") else None


def bots_in(chat: Person) -> list[Person]:
    """The bots that are told what happens in a chat."""
    bots = [found(user_id) for user_id, member in members(chat).items() if is_in(member)]
    return [bot for bot in bots if bot is not None and kind_of(bot) == "bot"]


def members(chat: Person) -> dict[str, Any]:
    return dict(chat.facts.get("members", {}))


def is_in(member: dict[str, Any]) -> bool:
    return member.get("status") not in {None, "left", "kicked"}


def member_of(chat: Person, user: Person) -> dict[str, Any]:
    return dict(members(chat).get(user.remote_id, {"status": "left"}))


# --- what a call is about ---


def chat_of(visit: Visit, name: str = "chat_id") -> Person:
    """The chat that a call names, if the bot can know it."""
    given = visit.text(name)
    if not given:
        raise bad("chat_id is empty")
    people = Person.objects.filter(network=NETWORK)
    if given.startswith("@"):
        chat = people.filter(handle__iexact=given[1:]).exclude(remote_id__regex="^[0-9]").first()
        chat = chat if chat and is_public(chat) else None
    else:
        chat = people.filter(remote_id=given).first()
    if chat is None or kind_of(chat) == "bot":
        raise bad("chat not found")
    if moved := chat.facts.get("migrated_to"):
        raise refusal(
            "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=int(moved)
        )
    is_stranger = visit.bot.remote_id not in members(chat)
    if kind_of(chat) != "private" and is_stranger and not is_public(chat):
        raise bad("chat not found")
    return chat


def chat_to_write_to(visit: Visit) -> Person:
    """The chat, if the bot may send messages there."""
    chat = chat_of(visit)
    if kind_of(chat) == "private":
        return _person_to_write_to(visit, chat)
    member = membership(visit, chat)
    if kind_of(chat) == "channel" and not _has(member, "can_post_messages"):
        raise bad("need administrator rights in the channel chat")
    if member["status"] == "restricted" and not member.get("can_send_messages"):
        raise bad("not enough rights to send text messages to the chat")
    return chat


def _person_to_write_to(visit: Visit, person: Person) -> Person:
    if person.facts.get("deactivated"):
        raise refusal("Forbidden: user is deactivated")
    if visit.bot.remote_id in person.facts.get("blocked", []):
        raise refusal("Forbidden: bot was blocked by the user")
    if visit.bot.remote_id not in person.facts.get("started", []):
        raise refusal("Forbidden: bot can't initiate conversation with a user")
    return person


def membership(visit: Visit, chat: Person) -> dict[str, Any]:
    """The bot's own membership, or the refusal of one who is not in."""
    member = member_of(chat, visit.bot)
    name = f"{kind_of(chat)} chat" if kind_of(chat) != "group" else "group chat"
    if member["status"] == "kicked":
        raise refusal(f"Forbidden: bot was kicked from the {name}")
    if not is_in(member):
        raise refusal(f"Forbidden: bot is not a member of the {name}")
    return member


def may(visit: Visit, chat: Person, right: str) -> bool:
    """Whether the bot has a right of administrators."""
    return kind_of(chat) == "private" or _has(member_of(chat, visit.bot), right)


def _has(member: dict[str, Any], right: str) -> bool:
    return member["status"] == "creator" or (member["status"] == "administrator" and bool(member.get(right)))


# --- methods ---


@method("getMe")
def get_me(visit: Visit) -> dict[str, Any]:
    able = {
        "can_join_groups": True,
        "can_read_all_group_messages": bool(visit.bot.facts.get("reads_all")),
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
    return {**user_json(visit.bot), **able}


@method("getChat")
def get_chat(visit: Visit) -> dict[str, Any]:
    chat = chat_of(visit)
    full: dict[str, Any] = {
        **chat_json(chat),
        "accent_color_id": 2,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }
    if chat.about:
        full["bio" if kind_of(chat) == "private" else "description"] = chat.about
    if chat.facts.get("linked"):
        full["linked_chat_id"] = int(chat.facts["linked"])
    return full


@method("getChatMember")
def get_chat_member(visit: Visit) -> dict[str, Any]:
    chat, user = chat_of(visit), found(visit.number("user_id"))
    if kind_of(chat) != "private" and user != visit.bot:
        membership(visit, chat)
    if user is None:
        raise bad("user not found")
    return member_json(chat, user)


def member_json(chat: Person, user: Person) -> dict[str, Any]:
    member = member_of(chat, user)
    if member["status"] == "administrator":
        rest = {right: bool(member.get(right)) for right in RIGHTS}
        fixed = dict.fromkeys(
            (
                "can_be_edited", "is_anonymous", "can_restrict_members", "can_promote_members",
                "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
                "can_delete_stories", "can_manage_video_chats",
            ),
            False,
        )  # fmt: skip
        return {"user": user_json(user), "status": "administrator", "can_manage_chat": True, **fixed, **rest}
    if member["status"] == "creator":
        return {"user": user_json(user), "status": "creator", "is_anonymous": False}
    if member["status"] == "kicked":
        return {"user": user_json(user), "status": "kicked", "until_date": 0}
    return {"user": user_json(user), **member}


@method("getChatMemberCount", "getChatMembersCount")
def get_chat_member_count(visit: Visit) -> int:
    chat = chat_of(visit)
    return int(chat.facts.get("subscribers", 0)) + sum(is_in(member) for member in members(chat).values())


@method("getChatAdministrators")
def get_chat_administrators(visit: Visit) -> list[dict[str, Any]]:
    chat = chat_of(visit)
    membership(visit, chat)
    people = [
        found(user)
        for user, member in members(chat).items()
        if member["status"] in {"creator", "administrator"}
    ]
    return [
        member_json(chat, person)
        for person in people
        if person and (kind_of(person) != "bot" or person == visit.bot)
    ]


@method("leaveChat")
def leave_chat(visit: Visit) -> bool:
    chat = chat_of(visit)
    membership(visit, chat)
    with changed(chat) as facts:
        facts["members"][visit.bot.remote_id] = {"status": "left"}
    return True


def posts_of(chat: Person) -> Any:
    """What stands in a chat, the newest first."""
    return Entry.objects.filter(network=NETWORK, person=chat, deleted_at=None)
