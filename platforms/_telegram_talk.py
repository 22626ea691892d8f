"""Talking with people: what they write to the bot and below posts, answers, and Telegram's calls to us."""

import hmac
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from platforms._telegram_inbox import UPDATES, Reader
from platforms._telegram_look import NO_WITNESS, TelegramLook
from platforms._telegram_text import marked
from platforms.base import Moderation
from platforms.content import Author, Event, Inbox, Incoming, Json, Message, Published
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, Refused
from platforms.ledger import Ledger, repeatable

PAGE = 100  # updates in one answer
PAGES = 10
LIKE = "👍"
SIGNED = "x-telegram-bot-api-secret-token"


class TelegramTalk(TelegramLook):
    """The part of the client that listens and answers."""

    message_kinds = ("comment", "mention", "direct")
    replies_to = ("comment", "mention", "direct")
    hooks_name_account = False
    hooked_kinds = ("comment", "mention", "direct")
    moderation = {
        "comment": ("like", "unlike", "delete"),
        "mention": ("like", "unlike", "delete"),
        "direct": ("like", "unlike"),
    }

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        last = cast(int, cursor.get("last") or 0)
        # A group that has become a supergroup is known by its new number in the news.
        account = self.chat if self.chat <= -(10**12) else int(self._chat(self.chat)["id"])
        reader = self._reader(account, cast(dict[str, Json], cursor.get("threads") or {}))
        found: dict[str, Message] = {}
        offset: int | None = None
        for _ in range(PAGES):
            news = self._news(offset)
            for update in news:
                raw = update.get("message") or update.get("edited_message") or {}
                message = reader.message(raw) if update["update_id"] > last else None
                if message:
                    found[message.remote_id] = message
                last = max(last, update["update_id"])
            if len(news) < PAGE:
                break
            # Asking from a place on forgets what is before it. A bot may serve several accounts, so only what
            # must go goes: the older half of a full page.
            offset = news[PAGE // 2]["update_id"]
        oldest_first = sorted(found.values(), key=lambda message: message.created_at)
        return Inbox(tuple(oldest_first), {"last": last, "threads": reader.threads})

    def _news(self, offset: int | None) -> list[dict[str, Any]]:
        fields: dict[str, Json] = {"limit": PAGE, "timeout": 0, "allowed_updates": list(UPDATES)}
        if offset is not None:
            fields["offset"] = offset
        try:
            return cast(list[dict[str, Any]], self.ask("getUpdates", fields))
        except Refused as error:
            if "webhook" in error.detail:  # they come by themselves
                return []
            raise

    def _reader(self, account: int, threads: Mapping[str, Json]) -> Reader:
        group = cast(int | None, self.connection.limits.get("discussion"))
        return Reader(account, group, self.bot_id, self.bot_name, dict(threads))

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        shown = marked(text)
        body: dict[str, Json] = {
            "chat_id": message.extra["chat"],
            "text": shown.text,
            "entities": shown.json,
            "reply_parameters": {"message_id": message.extra["id"]},
        }
        sent = ledger.once("reply", partial(self._answer, body), find=unknowable)
        return Message(
            remote_id=f"{sent['chat']}/{sent['id']}",
            kind=message.kind,
            text=shown.text,
            author=Author(str(self.bot_id), self.bot_name),
            created_at=datetime.fromtimestamp(cast(int, sent["at"]), UTC),
            post_id=message.post_id,
            parent_id=message.remote_id,
            thread_id=message.thread_id,
            is_ours=True,
            extra={"chat": sent["chat"], "id": sent["id"]},
        )

    def _answer(self, body: dict[str, Json]) -> dict[str, Json]:
        made = self.ask("sendMessage", body)
        return {"id": made["message_id"], "chat": made["chat"]["id"], "at": made["date"]}

    def moderate(self, message: Message, action: Moderation) -> None:
        if action not in self.moderation.get(message.kind, ()):
            raise InvalidContent(f"Telegram knows no way to {action} this.")
        body: dict[str, Json] = {"chat_id": message.extra["chat"], "message_id": message.extra["id"]}
        if action == "delete":
            with suppress(NotFound):
                repeatable(partial(self.ask, "deleteMessage", body))
            return
        emoji: list[Json] = [{"type": "emoji", "emoji": LIKE}]
        body["reaction"] = emoji if action == "like" else []
        repeatable(partial(self.ask, "setMessageReaction", body))

    def verify_webhook(self, request: Incoming) -> bool:
        """Telegram signs nothing: it says the secret that the webhook was set with."""
        secret = self.app.webhook_secret.encode()
        return bool(secret) and hmac.compare_digest(request.headers.get(SIGNED, "").encode(), secret)

    def parse_webhook(self, request: Incoming) -> list[Event]:
        update = json.loads(request.body)
        return [self._reader(self.chat, {}).event(update)]


def unknowable(since: datetime) -> Json:
    """Nobody saw what became of an answer."""
    del since
    raise OutcomeUnknown(NO_WITNESS)
