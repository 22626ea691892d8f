"""The desk's own bot on Telegram: what people write to it and press, and what it says."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from platforms.base import Connection
from platforms.chatting import Button, ChatBot, Heard, Utterance
from platforms.content import App, Json, Token
from platforms.errors import Duplicate, MediaRejected, PlatformError
from platforms.telegram import Telegram
from platforms.text import utf16_length

LONGEST = 4096
HEARD = ("message", "callback_query", "my_chat_member")
SIGNED = "x-telegram-bot-api-secret-token"
PICTURE_BYTES = 20_000_000


class TelegramChatBot(ChatBot):
    name = Telegram.name
    label = Telegram.label

    def _ask(self, method: str, **fields: Json) -> Any:
        app = App("", api_url=self.api_url, auth_url=self.web_url)
        return Telegram(Connection(app=app, transport=self.transport, token=Token(self.token))).ask(
            method, fields
        )

    def handle(self) -> str:
        return str(self._ask("getMe")["username"])

    def link(self, handle: str, code: str) -> str:
        return f"{self.web_url}/{handle}?start={code}"

    # --- listening ---

    def listen(self, after: int, seconds: int) -> list[Mapping[str, Any]]:
        offset: dict[str, Json] = {"offset": after + 1} if after else {}
        return list(
            self._ask("getUpdates", timeout=seconds, limit=100, allowed_updates=list(HEARD), **offset)
        )

    def call_me(self, url: str, secret: str) -> None:
        if url:
            self._ask("setWebhook", url=url, secret_token=secret, allowed_updates=list(HEARD))
        else:
            self._ask("deleteWebhook")

    def signature(self, headers: Mapping[str, str]) -> str:
        return next((value for name, value in headers.items() if name.lower() == SIGNED), "")

    def number(self, raw: Mapping[str, Any]) -> int:
        return int(raw["update_id"])

    def understand(self, raw: Mapping[str, Any]) -> Heard:
        if "callback_query" in raw:
            return _pressed(raw["callback_query"])
        if "message" in raw:
            return _said(raw["message"])
        if "my_chat_member" in raw:
            return _shut(raw["my_chat_member"])
        return Heard("other")

    # --- speaking ---

    def say(self, chat: str, said: Utterance, answers: str = "") -> str:
        *firsts, last = pieces(said.html)
        for first in firsts:
            self._send(chat, Utterance(first, is_silent=said.is_silent), answers)
        return self._send(chat, replace(said, html=last), answers)

    def _send(self, chat: str, said: Utterance, answers: str) -> str:
        fields: dict[str, Json] = {
            "chat_id": chat,
            **_words(said.html),
            "disable_notification": said.is_silent,
            **_keyboard(said.buttons),
        }
        if answers:
            fields["reply_parameters"] = {"message_id": int(answers), "allow_sending_without_reply": True}
        return str(self._ask("sendMessage", **fields)["message_id"])

    def change(self, chat: str, message: str, said: Utterance) -> None:
        fields: dict[str, Json] = {**_words(pieces(said.html)[0]), **_keyboard(said.buttons)}
        with suppress(Duplicate):  # it says that already
            self._ask("editMessageText", chat_id=chat, message_id=int(message), **fields)

    def acknowledge(self, press: str, words: str) -> None:
        self._ask("answerCallbackQuery", callback_query_id=press, text=words[:200])

    def picture(self, file: str) -> bytes:
        path = str(self._ask("getFile", file_id=file)["file_path"])
        url = f"{self.api_url}/file/bot{self.token}/{path}"
        try:
            answer = self.transport.request("GET", url, most_bytes=PICTURE_BYTES)
        except PlatformError as error:
            raise type(error)(error.message) from None  # what caused it names the address, with the token
        if not answer.ok:
            raise MediaRejected("Telegram did not hand out the picture.", action="Send it again.")
        return answer.body

    def offer(self, commands: Iterable[tuple[str, str]]) -> None:
        listed: list[Json] = [{"command": name, "description": sentence} for name, sentence in commands]
        self._ask("setMyCommands", commands=listed)


def _words(html: str) -> dict[str, Json]:
    return {"text": html, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _keyboard(buttons: tuple[tuple[Button, ...], ...]) -> dict[str, Json]:
    """Left out where there is none: an edit takes away what stood there."""
    rows: list[Json] = [
        [
            {"text": button.label, **({"url": button.url} if button.url else {"callback_data": button.press})}
            for button in row
        ]
        for row in buttons
    ]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def pieces(html: str) -> list[str]:
    """A text in messages that are not too long, cut between lines (no mark spans several)."""
    made = [""]
    for line in html.strip().split("\n"):
        # a line that is too long by itself may be cut anywhere: what is so long has no marks
        for start in range(0, max(len(line), 1), LONGEST // 2):
            part = line[start : start + LONGEST // 2]
            longer = f"{made[-1]}\n{part}" if made[-1] and not start else made[-1] + part
            if utf16_length(longer) > LONGEST:
                made.append(part)
            else:
                made[-1] = longer
    return [piece for piece in made if piece.strip()] or ["…"]


def _said(message: Mapping[str, Any]) -> Heard:
    author, chat = message.get("from", {}), message["chat"]
    sizes = message.get("photo") or []
    return Heard(
        "other" if author.get("is_bot") else "said",
        **_who(author, chat),
        text=str(message.get("text") or message.get("caption") or ""),
        message=str(message["message_id"]),
        answers=str(message.get("reply_to_message", {}).get("message_id", "")),
        picture=str(sizes[-1]["file_id"]) if sizes else "",
    )


def _pressed(query: Mapping[str, Any]) -> Heard:
    message = query.get("message") or {}
    return Heard(
        "pressed",
        **_who(query["from"], message.get("chat") or {"id": query["from"]["id"], "type": "private"}),
        text=str(query.get("data", "")),
        message=str(message.get("message_id", "")),
        press=str(query["id"]),
    )


def _shut(change: Mapping[str, Any]) -> Heard:
    """A person blocks the bot, or lets it in again; other chats are none of the desk's business."""
    if change["chat"]["type"] != "private":
        return Heard("other")
    is_out = change["new_chat_member"]["status"] in {"kicked", "left"}
    return Heard("blocked" if is_out else "unblocked", **_who(change["from"], change["chat"]))


def _who(person: Mapping[str, Any], chat: Mapping[str, Any]) -> dict[str, Any]:
    names = (person.get("first_name", ""), person.get("last_name", ""))
    return {
        "chat": str(chat["id"]),
        "person": str(person.get("id", "")),
        "name": " ".join(name for name in names if name)[:200],
        "is_private": chat.get("type") == "private",
    }
