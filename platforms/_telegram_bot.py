"""Speaking as a bot: the token is a part of every address, so no address may leave this file."""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any, cast

from platforms._telegram_failures import FAILURES
from platforms.base import ConnectMethod, Field, Platform, seconds_from_now
from platforms.content import Json, MediaFile, Profile, Token
from platforms.errors import (
    InvalidContent,
    NotFound,
    PermissionMissing,
    PlatformError,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Said
from platforms.transport import Answer

WEB = "https://t.me"
UPLOAD_SECONDS = 120.0  # Telegram answers when it has looked at the files
TOKEN = re.compile(r"[1-9]\d{0,19}:[\w-]{20,60}")
_IN_PATH = re.compile(r"/bot\d+:[^/\s]+")
_PUBLIC = re.compile(r"(?:(?:https?://)?(?:t|telegram)\.me/(?:s/)?|@)?(?P<name>[A-Za-z]\w{3,31})/?")
_PRIVATE = re.compile(r"(?:https?://)?(?:t|telegram)\.me/c/(?P<number>\d+)(?:/.*)?")
_PICTURE = re.compile(r'<meta property="og:image" content="(https?://[^"]+)"')


class _WithoutTokens(logging.Filter):
    """urllib3 writes each path into its debug log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _IN_PATH.sub("/bot***", arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutTokens())


class TelegramBot(Platform):
    """A bot, and the one chat that it posts to for an account."""

    needs_client_id = False
    api_url = "https://api.telegram.org"
    auth_url = WEB  # where people read
    failures = FAILURES
    connect_methods = (
        ConnectMethod(
            "password",
            "Connect with a bot",
            "Make a bot with @BotFather, and make it an administrator of your channel or group.",
            fields=(
                Field("token", "Bot token", "@BotFather shows it.", "123456789:AAE...", secret=True),
                Field(
                    "chat",
                    "Channel or group",
                    "Its @name, or its number if it is private. Empty: wherever the bot was added today.",
                    "@yourchannel",
                    required=False,
                ),
                Field(
                    "storage",
                    "Private chat for uploads",
                    "Optional. Media go there first, so that a post itself is sent in an instant.",
                    "-1001234567890",
                    required=False,
                ),
            ),
        ),
    )

    # --- connecting ---

    def login(self, fields: Mapping[str, str]) -> Token:
        token = fields.get("token", "").strip()
        if not TOKEN.fullmatch(token):
            raise InvalidContent(
                "This is not a bot's token. It looks like 123456789:AAE...", action="Copy it from @BotFather."
            )
        self.token = Token(token)
        try:
            me = self.ask("getMe")
        except (TokenExpired, NotFound) as error:
            raise PermissionMissing(
                "Telegram does not know this token.", action="Copy it from @BotFather."
            ) from error
        typed = fields.get("chat", "").strip()
        chats = [chat_named(typed)] if typed else self._added_to()
        extra: dict[str, Json] = {
            "bot": me["username"],
            "chats": [self._allowed(chat)["id"] for chat in chats],
        }
        if fields.get("storage", "").strip():
            extra["storage"] = self._allowed(chat_named(fields["storage"]))["id"]
        return Token(token, extra=extra)

    def _added_to(self) -> list[int | str]:
        """The chats that the bot may post to, as far as the news of the last day tells."""
        news: list[dict[str, Any]] = []
        with suppress(Refused, Unavailable):  # it goes to a webhook, or to somebody else
            news = self.ask("getUpdates", {"limit": 100, "timeout": 0})
        changes = [update["my_chat_member"] for update in news if "my_chat_member" in update]
        last = {change["chat"]["id"]: change["new_chat_member"] for change in changes}
        chats: list[int | str] = [
            chat for chat, member in last.items() if chat < 0 and member["status"] not in {"left", "kicked"}
        ]
        if not chats:
            raise InvalidContent(
                "Telegram does not tell where this bot was added.",
                action="Type the channel's @name or number.",
            )
        return chats

    def _allowed(self, chat_id: int | str) -> dict[str, Any]:
        """The chat, if the bot may post there."""
        try:
            chat = self._chat(chat_id)
        except NotFound as error:
            raise NotFound(
                "Telegram does not know this chat, or the bot is not in it.",
                action="Add the bot to it as an administrator, and check the name.",
            ) from error
        member = self.ask("getChatMember", {"chat_id": chat["id"], "user_id": self.bot_id})
        if not may_post(chat, member):
            raise PermissionMissing(
                f"The bot may not post in {chat['title']}.",
                action="Make it an administrator there, with the right to post messages.",
            )
        return chat

    def _chat(self, chat_id: int | str) -> dict[str, Any]:
        return cast(dict[str, Any], self.ask("getChat", {"chat_id": chat_id}))

    def profiles(self) -> list[Profile]:
        if self.token is None:
            raise TokenExpired("There is no token.")
        chats = cast(list[int], self.token.extra.get("chats") or [self.chat])
        return [self._profile(self._chat(chat)) for chat in chats]

    def _profile(self, chat: Mapping[str, Any]) -> Profile:
        name = chat.get("username", "")
        return Profile(
            remote_id=str(chat["id"]),
            handle=name or chat["title"],
            name=chat["title"],
            avatar_url=self._picture(name) if name else "",
            url=f"{self.app.auth_url}/{name}" if name else "",
            limits=limits_of(chat),
        )

    def _picture(self, name: str) -> str:
        """The picture's public address: the one that the Bot API gives has the token in it."""
        with suppress(PlatformError):
            page = self.connection.transport.request("GET", f"{self.app.auth_url}/{name}")
            if page.ok and (found := _PICTURE.search(page.text)):
                return found[1]
        return ""

    def account_limits(self) -> Mapping[str, Json]:
        return limits_of(self._chat(self.chat))

    # --- speaking ---

    @property
    def bot_id(self) -> int:
        return int(self.token.access.partition(":")[0]) if self.token else 0

    @property
    def bot_name(self) -> str:
        return str(self.token.extra.get("bot", "")) if self.token else ""

    @property
    def chat(self) -> int:
        """Where this account posts."""
        return int(self.connection.remote_id or 0)

    def headers(self) -> dict[str, str]:
        return {}  # the token stands in the address

    def ask(
        self,
        method: str,
        fields: Mapping[str, Json] | None = None,
        media: Mapping[str, MediaFile] | None = None,
    ) -> Any:
        """The result of a method. A group that has become a supergroup is asked under its new number."""
        given, files = dict(fields or {}), media or {}
        answer = self._request(method, given, files)
        moved = _parameters(answer).get("migrate_to_chat_id")
        if moved and not answer.ok:  # surely nothing was done
            answer = self._request(method, {**given, "chat_id": moved}, files)
        body = self.accept(answer).json
        if body.get("ok") is not True or "result" not in body:
            raise answer.doubtful(
                "Telegram answered something odd.", status=answer.status, detail=answer.text
            )
        return body["result"]

    def _request(self, method: str, fields: dict[str, Json], media: Mapping[str, MediaFile]) -> Answer:
        token = self.token.access if self.token else ""
        url = f"{self.app.api_url}/bot{token}/{method}"
        request = self.connection.transport.request
        try:
            if method.startswith("get"):
                answer = request("GET", url, params=_flat(fields))
            elif not media:
                answer = request("POST", url, json=fields)
            else:
                with ExitStack() as stack:
                    files = {
                        name: (file.name, stack.enter_context(file.open()), file.content_type)
                        for name, file in media.items()
                    }
                    answer = request(
                        "POST", url, form=_flat(fields), files=files, read_seconds=UPLOAD_SECONDS
                    )
        except PlatformError as error:
            # What caused it names the address, and tracebacks are written down.
            raise type(error)(error.message) from None
        body = answer.body.replace(token.encode(), b"***") if token else answer.body
        return replace(answer, url=f"{self.app.api_url}/bot***/{method}", body=body)

    @classmethod
    def said(cls, answer: Answer) -> Said:
        body = answer.maybe_json
        if not isinstance(body, dict):
            return Said((str(answer.status),))
        sentence = str(body.get("description") or "")
        wait = _parameters(answer).get("retry_after") or answer.headers.get("Retry-After")
        return Said((str(answer.status),), sentence.partition(": ")[2] or sentence, seconds_from_now(wait))


def chat_named(typed: str) -> int | str:
    """The chat that somebody means: its number, or its public @name."""
    text = typed.strip()
    if re.fullmatch(r"-\d{1,19}", text):
        return int(text)
    if found := _PRIVATE.fullmatch(text):
        return int(f"-100{found['number']}")
    if found := _PUBLIC.fullmatch(text):
        return f"@{found['name']}"
    raise InvalidContent(
        "This is no name of a channel or group.",
        action="Use its @name, or its number (-100...) if it is private.",
    )


def may_post(chat: Mapping[str, Any], member: Mapping[str, Any]) -> bool:
    """Whether a member of a chat may post there."""
    status = member.get("status")
    if chat["type"] == "channel":
        return status == "creator" or (status == "administrator" and bool(member.get("can_post_messages")))
    if status == "restricted":
        return bool(member.get("is_member")) and bool(member.get("can_send_messages"))
    return status in {"creator", "administrator", "member"}


def limits_of(chat: Mapping[str, Any]) -> dict[str, Json]:
    """What is particular about a chat."""
    return {
        "type": chat["type"],
        "username": chat.get("username", ""),
        "discussion": chat.get("linked_chat_id"),
        "is_forum": chat.get("is_forum", False),
    }


def _flat(fields: Mapping[str, Json]) -> dict[str, str]:
    """Fields as a form has them: whatever is not text is JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}


def _parameters(answer: Answer) -> dict[str, Any]:
    body = answer.maybe_json
    found = body.get("parameters") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def ids_in(part_ids: Iterable[str]) -> list[int]:
    """The messages of a post: an album is one part of several."""
    return [int(number) for part in part_ids for number in part.split("+")]
