"""Reading and answering what people write to a Page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from platforms import _facebook_inbox as inbox
from platforms._facebook_page import LOOKS_BACK, Page, is_same
from platforms.base import Moderation
from platforms.content import Inbox, Json, Message, Published
from platforms.errors import InvalidContent, NotFound, PermissionMissing
from platforms.ledger import Ledger, repeatable

OVERLAP = 600  # seconds that are read again: lists show some things late


class Talking(Page):
    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """Each source by itself: a permission that was not given hides its own kind only."""
        began = datetime.now(UTC)
        since = max(0, int(str(cursor.get("since") or 0)) - OVERLAP)
        is_subscribed = bool(cursor.get("subscribed")) or self._subscribe()
        sources: tuple[Callable[[], list[Message]], ...] = (
            lambda: list(inbox.comments(self, list(posts), since)),
            lambda: list(inbox.mentions(self, since)),
            lambda: list(inbox.reviews(self, since)),
            lambda: list(inbox.directs(self, since)),
        )
        found: list[Message] = []
        refusals: list[PermissionMissing] = []
        for source in sources:
            try:
                found += source()
            except PermissionMissing as error:
                refusals.append(error)
        if len(refusals) == len(sources):
            raise refusals[0]
        ordered = sorted(found, key=lambda message: message.created_at)
        return Inbox(tuple(ordered), {"since": int(began.timestamp()), "subscribed": is_subscribed})

    def _subscribe(self) -> bool:
        """Have Facebook call our webhook for this Page; said again, it changes nothing."""
        if self.token and self.token.scopes and "pages_manage_metadata" not in self.token.scopes:
            return False
        form = {"subscribed_fields": "feed,mention,messages,message_echoes,ratings"}
        try:
            repeatable(partial(self.graph, "POST", f"{self.page_id}/subscribed_apps", form=form))
        except (PermissionMissing, InvalidContent):
            return False
        return True

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        if message.kind == "direct":
            made = self._answer(message, text, ledger)
        else:
            # There are two levels: an answer to an answer goes to what both hang on.
            target = message.parent_id or message.remote_id
            if message.kind == "review":
                target = str(message.extra.get("story") or "")
            if not target:
                raise InvalidContent("Facebook lets this review be answered only on Facebook itself.")
            made = self._comment(ledger, "reply", target, {"message": text})
        return replace(
            message,
            remote_id=str(made["id"]),
            kind="direct" if message.kind == "direct" else "comment",
            text=text,
            author=replace(message.author, remote_id=self.page_id, handle="", name="", avatar_url=""),
            created_at=datetime.now(UTC),
            permalink="",
            parent_id=message.parent_id or message.remote_id,
            rating=None,
            is_ours=True,
            is_hidden=False,
            attachments=(),
        )

    def _answer(self, message: Message, text: str, ledger: Ledger) -> dict[str, Any]:
        person = str(message.extra.get("recipient") or message.author.remote_id)
        body: Json = {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": {"text": text}}

        def do() -> dict[str, Json]:
            return {"id": str(self.graph("POST", f"{self.page_id}/messages", json=body).json["message_id"])}

        return ledger.once("reply", do, find=partial(self._find_answer, person, text))

    def _find_answer(self, person: str, text: str, since: datetime) -> dict[str, Json] | None:
        params = {"platform": "messenger", "user_id": person, "fields": inbox.CONVERSATION}
        for row in self.pages_of(f"{self.page_id}/conversations", most=1, **params):
            for told in (row.get("messages") or {}).get("data") or []:
                found = inbox.direct(told, person, self.page_id)
                if found.is_ours and is_same(text, found.text) and found.created_at >= since - LOOKS_BACK:
                    return {"id": found.remote_id}
        self._absent(since)
        return None

    def moderate(self, message: Message, action: Moderation) -> None:
        path = message.remote_id
        calls: Mapping[Moderation, Callable[[], object]] = {
            "like": lambda: self.graph("POST", f"{path}/likes"),
            "unlike": lambda: self.graph("DELETE", f"{path}/likes"),
            "hide": lambda: self.graph("POST", path, form={"is_hidden": True}),
            "unhide": lambda: self.graph("POST", path, form={"is_hidden": False}),
            "delete": lambda: self.graph("DELETE", path),
        }
        try:
            repeatable(calls[action])
        except NotFound:
            if action != "delete":
                raise
