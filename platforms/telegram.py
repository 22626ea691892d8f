"""Telegram: a bot that posts to a channel or a group (https://core.telegram.org/bots/api)."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import cast
from urllib.parse import urlsplit

from platforms._telegram_bot import WEB, ids_in
from platforms._telegram_inbox import address
from platforms._telegram_post import KINDS, OPTIONS, Sending, findings, sendings
from platforms._telegram_preview import Seen, number
from platforms._telegram_talk import TelegramTalk
from platforms.content import Draft, Json, MediaFile, Metric, Metrics, Published
from platforms.errors import Duplicate, InvalidContent, MediaRejected, NotFound, OutcomeUnknown
from platforms.ledger import Ledger, repeatable
from platforms.quotas import MINUTE, Quota
from platforms.rules import Finding, Rules

AT_ONCE = 100  # messages in one deletion
COUNT = re.compile(r"\d[\d.]*[KM]?")


class Telegram(TelegramTalk):
    name = "telegram"
    label = "Telegram"
    icon = "brand-telegram"
    colour = "#229ed9"
    kinds = KINDS
    rules = KINDS[1].rules
    options = OPTIONS
    quotas = (Quota("messages", 20, MINUTE),)
    post_numbers = ("views", "likes")
    account_numbers = ("followers",)

    @classmethod
    def rules_with(
        cls, limits: Mapping[str, Json], options: Mapping[str, Json], media: Sequence[MediaFile] = ()
    ) -> Rules:
        rules = super().rules_with(limits, options, media)
        return replace(rules, text=cls.rules.text) if media and options.get("text_apart") else rules

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *findings(draft, limits)]

    @classmethod
    def costs(cls, draft: Draft) -> dict[str, float]:
        """An album counts as so many messages as it has media."""
        return {"messages": sum(max(len(sending.media), 1) for sending in sendings(draft))}

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
        made = message.get(kind)
        if made is None:  # it could not be played, and became a document
            raise MediaRejected(
                f"Telegram does not take “{file.name}” as a {kind}.", action="Use another file."
            )
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
            try:
                there = self.look(sending, first_id(sent[-1]) if sent else None, since)
            except OutcomeUnknown:
                if not sent:
                    raise
                there = None
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
        ids = self.standing_with(int(parts[-1]))
        if not ids:
            raise InvalidContent("There is no such message in the channel.")
        return {"ids": [*ids], "chat": self.chat}

    def delete(self, published: Published) -> None:
        ids = ids_in(published.part_ids or (published.remote_id,))
        for start in range(0, len(ids), AT_ONCE):
            gone: list[Json] = list(ids[start : start + AT_ONCE])
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
        post_id = int(published.remote_id)
        page = self.page_up_to(post_id)
        if page is None:
            return Metrics({})
        post = next((post for post in page.posts if post_id in post.ids), None)
        if post is None:
            raise NotFound("The message is gone.")
        return numbers(post)


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
