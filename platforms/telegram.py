"""Telegram: a bot that posts to a channel or a group (https://core.telegram.org/bots/api)."""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from platforms._telegram_bot import WEB, ids_in
from platforms._telegram_inbox import UPDATES, Reader, address
from platforms._telegram_look import NO_WITNESS, TelegramLook
from platforms._telegram_post import KINDS, OPTIONS, Sending, findings, sendings
from platforms._telegram_preview import Seen, number, page_of
from platforms._telegram_text import marked
from platforms.base import Moderation, Quota
from platforms.content import (
    Author,
    Draft,
    Event,
    Inbox,
    Incoming,
    Json,
    MediaFile,
    Message,
    Metric,
    Metrics,
    Published,
)
from platforms.errors import Duplicate, InvalidContent, NotFound, OutcomeUnknown, Refused
from platforms.ledger import Ledger, repeatable
from platforms.rules import Finding

PAGE = 100  # updates in one answer, and messages in one deletion
PAGES = 10
LIKE = "👍"
SIGNED = "x-telegram-bot-api-secret-token"
COUNT = re.compile(r"\d[\d.]*[KM]?")


class Telegram(TelegramLook):
    name = "telegram"
    label = "Telegram"
    icon = "brand-telegram"
    colour = "#229ed9"
    kinds = KINDS
    rules = KINDS[1].rules
    options = OPTIONS
    quotas = (Quota("messages", 20, timedelta(minutes=1)),)
    post_numbers = ("views", "likes")
    account_numbers = ("followers",)
    message_kinds = ("comment", "mention", "direct")
    replies_to = ("comment", "mention", "direct")
    moderation = {
        "comment": ("like", "unlike", "delete"),
        "mention": ("like", "unlike", "delete"),
        "direct": ("like", "unlike"),
    }

    @classmethod
    def rules_with(
        cls, limits: Mapping[str, Json], options: Mapping[str, Json], media: Sequence[MediaFile] = ()
    ) -> Any:
        rules = super().rules_with(limits, options, media)
        return replace(rules, text=cls.rules.text) if media and options.get("text_apart") else rules

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *findings(draft, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        sent: list[dict[str, Json]] = []
        for sending in sendings(draft):
            parent = first_id(sent[-1]) if sent else None
            stored = self._stored(sending, ledger)
            send = partial(self._send, sending, parent, stored)
            sent.append(ledger.once(sending.step, send, find=partial(self.look, sending, parent)))
        published = self._published(sent)
        ledger.stands(published)
        if draft.option("pin"):
            ledger.repeat("pin", partial(self._pin, first_id(sent[0]), draft.option("pin") == "silent"))
        return published

    def _stored(self, sending: Sending, ledger: Ledger) -> list[str]:
        """The media's ids where there is a private chat for uploads, [] where they go with the post."""
        if not self.token or not self.token.extra.get("storage"):
            return []
        of_message = "" if sending.step == "post" else f" of {sending.step}"
        kinds = [str(item["type"]) for item in sending.items]
        return [
            ledger.repeat(f"file {n}{of_message}", partial(self._upload, kind, file))
            for n, (kind, file) in enumerate(zip(kinds, sending.media, strict=True), 1)
        ]

    def _upload(self, kind: str, file: MediaFile) -> str:
        fields: dict[str, Json] = {
            "chat_id": cast(int, self.token.extra["storage"]) if self.token else 0,
            "disable_notification": True,
            kind: "attach://file",
        }
        message = self.ask(f"send{kind.capitalize()}", fields, {"file": file})
        made = message[kind]
        return str((made[-1] if isinstance(made, list) else made)["file_id"])

    def _send(self, sending: Sending, parent: int | None, stored: Sequence[str]) -> dict[str, Json]:
        files = {} if stored else {f"file{n}": file for n, file in enumerate(sending.media)}
        body: dict[str, Json] = {
            "chat_id": self.chat,
            **sending.body(stored or [f"attach://{name}" for name in files]),
        }
        if parent:
            # A part that somebody deleted must not hold up those after it.
            body["reply_parameters"] = {"message_id": parent, "allow_sending_without_reply": True}
        answer = self.ask(sending.method, body, files)
        messages = answer if isinstance(answer, list) else [answer]
        return {"ids": [message["message_id"] for message in messages], "chat": messages[0]["chat"]["id"]}

    def _pin(self, message_id: int, is_silent: bool) -> bool:
        fields: dict[str, Json] = {
            "chat_id": self.chat,
            "message_id": message_id,
            "disable_notification": is_silent,
        }
        with suppress(Duplicate):  # it is pinned already
            self.ask("pinChatMessage", fields)
        return True

    def _published(self, sent: Sequence[Mapping[str, Json]]) -> Published:
        parts = tuple("+".join(str(number) for number in ids_of(step)) for step in sent)
        chat = {**self.connection.limits, "id": sent[0]["chat"]}
        permalink = address({"type": "", **chat}, first_id(sent[0]), self.app.auth_url or WEB)
        return Published(str(first_id(sent[0])), permalink, parts)

    def find(self, draft: Draft, since: datetime) -> Published | None:
        sent: list[dict[str, Json]] = []
        for sending in sendings(draft):
            there = self.look(sending, first_id(sent[-1]) if sent else None, since)
            if there is None:
                break
            sent.append(cast(dict[str, Json], there))
        return self._published(sent) if sent else None

    def recognise(self, permalink: str) -> Json:
        parts = urlsplit(permalink).path.strip("/").split("/")
        own = (str(self.connection.limits.get("username") or "").lower(), str(self.chat).removeprefix("-100"))
        if len(parts) < 2 or not parts[-1].isdecimal():
            raise InvalidContent("This is not the address of a message on Telegram.")
        if not {part.lower() for part in parts[:-1]} & {name for name in own if name}:
            raise InvalidContent("This is not a message of this chat.")
        if not self.is_there(int(parts[-1])):
            raise InvalidContent("There is no such message in the channel.")
        return {"ids": [int(parts[-1])], "chat": self.chat}

    def delete(self, published: Published) -> None:
        ids = ids_in(published.part_ids or (published.remote_id,))
        for start in range(0, len(ids), PAGE):
            gone: list[Json] = list(ids[start : start + PAGE])
            with suppress(NotFound):
                repeatable(partial(self.ask, "deleteMessages", {"chat_id": self.chat, "message_ids": gone}))

    def edit(self, published: Published, draft: Draft) -> Published:
        """Change what is said; media stay as they are."""
        standing = [ids_in([part]) for part in published.part_ids or (published.remote_id,)]
        wanted = sendings(draft)
        if [len(ids) for ids in standing] != [max(1, len(sending.media)) for sending in wanted]:
            raise InvalidContent(
                "Telegram lets a bot change the text, but not how many messages and media there are.",
                action="Undo that change, or delete the post and publish it anew.",
            )
        if any(not sending.edit[0] for sending in wanted):
            raise InvalidContent("Telegram lets nobody change a poll.", action="Delete it and publish anew.")
        for ids, sending in zip(standing, wanted, strict=True):
            method, fields = sending.edit
            with suppress(Duplicate):  # it says that already
                body = {**fields, "chat_id": self.chat, "message_id": ids[0]}
                repeatable(partial(self.ask, method, body))
        return published

    # --- numbers ---

    def account_metrics(self) -> Metrics:
        members = self.ask("getChatMemberCount", {"chat_id": self.chat})
        return Metrics({"followers": members}, {"members": members})

    def post_metrics(self, published: Published) -> Metrics:
        """What a public channel's page shows; the Bot API tells nothing, and other chats have no page."""
        name, post_id = self.connection.limits.get("username"), int(published.remote_id)
        if self.connection.limits.get("type") != "channel" or not name:
            return Metrics({})
        page = page_of(self.read_page(f"s/{name}", {"before": str(post_id + 1)}))
        post = next((post for post in page.posts if post_id in post.ids), None)
        if post is None and page.is_channel:
            raise NotFound("The message is gone.")
        return numbers(post) if post else Metrics({})

    # --- what people write ---

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        last = cast(int, cursor.get("last") or 0)
        reader = self._reader(cast(dict[str, Json], cursor.get("threads") or {}))
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

    def _reader(self, threads: Mapping[str, Json]) -> Reader:
        group = cast(int | None, self.connection.limits.get("discussion"))
        return Reader(self.chat, group, self.bot_id, self.bot_name, dict(threads))

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
        return [self._reader({}).event(update)]


def numbers(post: Seen) -> Metrics:
    """What a page tells of a post; what it does not show is left out."""
    values: dict[Metric, float] = {}
    if post.views:
        values["views"] = number(post.views)
    if post.reactions:
        values["likes"] = sum(number(shown) for shown in COUNT.findall(post.reactions))
    return Metrics(values, {"views": post.views.strip(), "reactions": post.reactions.strip()})


def ids_of(step: Mapping[str, Json]) -> list[int]:
    """The messages that a step made."""
    return cast(list[int], step["ids"])


def first_id(step: Mapping[str, Json]) -> int:
    return ids_of(step)[0]


def unknowable(since: datetime) -> Json:
    """Nobody saw what became of an answer."""
    del since
    raise OutcomeUnknown(NO_WITNESS)
