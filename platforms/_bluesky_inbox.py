"""What people write on Bluesky: replies, mentions, quotes and, where the token allows it, direct messages."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, cast

from platforms._bluesky_chat import BlueskyChat, author_of
from platforms._bluesky_numbers import BlueskyNumbers
from platforms._bluesky_post import POST, THREADGATE, key_of, moment, own_key
from platforms._bluesky_repo import Reference
from platforms._bluesky_rules import TEXT
from platforms.base import Moderation
from platforms.content import Author, Inbox, Json, Message, MessageKind, Published
from platforms.errors import Duplicate, InvalidContent, PermissionMissing, Unavailable
from platforms.ledger import Ledger, repeatable

LIKE = "app.bsky.feed.like"
REASONS: Mapping[str, MessageKind] = {"reply": "comment", "mention": "mention", "quote": "mention"}
OVERLAP = timedelta(minutes=10)  # the network's view of itself is made piece by piece
MOST_PAGES = 10  # of 100 each
MOST_HIDDEN = 300


class BlueskyInbox(BlueskyChat, BlueskyNumbers):
    """The inbox is polled: Bluesky tells nobody of it. What the person has read in the app is left alone."""

    message_kinds: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    replies_to: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {
        "comment": ("like", "unlike", "hide", "unhide"),
        "mention": ("like", "unlike"),
    }

    # --- reading ---

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """Everything new in the account's notifications and conversations, whichever post it is about."""
        since = datetime.fromisoformat(str(cursor["since"])) - OVERLAP if cursor.get("since") else None
        seen = set(cast(list[str], cursor.get("seen") or []))
        found = list(self._public_messages(since))
        if self.may_chat:
            with suppress(PermissionMissing):  # somebody whom the network lets have no messages
                found += list(self.direct_messages(since))
        if not found:
            return Inbox((), cursor)
        found.sort(key=lambda message: message.created_at)
        newest = max(found[-1].created_at, since + OVERLAP if since else found[-1].created_at)
        recent: list[Json] = [
            message.remote_id for message in found if message.created_at >= newest - OVERLAP
        ]
        new = tuple(message for message in found if message.remote_id not in seen)
        return Inbox(new, {"since": newest.isoformat(), "seen": recent})

    def _public_messages(self, since: datetime | None) -> Iterator[Message]:
        params = [("limit", "100"), *(("reasons", reason) for reason in REASONS)]
        cursor = ""
        for _ in range(MOST_PAGES):
            asked = [*params, ("cursor", cursor)] if cursor else params
            page = self._xrpc("GET", "app.bsky.notification.listNotifications", params=asked).json
            for told in page.get("notifications") or []:
                if since and datetime.fromisoformat(str(told["indexedAt"])) < since:
                    return
                if told.get("reason") in REASONS:
                    yield self._public(told)
            cursor = str(page.get("cursor") or "")
            if not cursor:
                return

    def _public(self, told: Mapping[str, Any]) -> Message:
        """Somebody's post that concerns the account."""
        uri, record = str(told["uri"]), told.get("record") or {}
        itself: Reference = {"uri": uri, "cid": told["cid"]}
        above = record.get("reply") or {}
        root = above.get("root") or itself
        return Message(
            remote_id=uri,
            kind=REASONS[told["reason"]],
            text=str(record.get("text") or ""),
            author=author_of(told["author"]),
            created_at=datetime.fromisoformat(str(told["indexedAt"])),
            permalink=self.permalink(uri),
            post_id=str(root["uri"])
            if self._is_own(str(root["uri"]))
            else str(told.get("reasonSubject") or ""),
            parent_id=str((above.get("parent") or {}).get("uri") or ""),
            thread_id=str(root["uri"]),
            extra={"cid": told["cid"], "root": root},
        )

    def _is_own(self, uri: str) -> bool:
        return uri.startswith(f"at://{self.did}/")

    # --- answering ---

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        if message.kind == "direct":
            return self.reply_direct(message, text, ledger)
        if not TEXT.fits(text):
            raise InvalidContent(f"A reply takes {TEXT.limit} characters at most. Shorten it.")
        address = ledger.repeat("address", partial(self._address, message))
        parent: Json = {"uri": message.remote_id, "cid": message.extra["cid"]}
        record: dict[str, Json] = {
            "$type": POST,
            "text": text,
            "createdAt": address["at"],
            "reply": {"root": message.extra["root"], "parent": parent},
        }
        facets = self.facets(text, "mentions", ledger)
        if facets:
            record["facets"] = facets
        send = partial(self.put_once, POST, address["key"], record)
        made = ledger.once("reply", send, find=partial(self.look, address["key"]))
        return Message(
            remote_id=str(made["uri"]),
            kind=message.kind,
            text=text,
            author=Author(self.did, self.connection.handle),
            created_at=datetime.fromisoformat(str(address["at"])),
            permalink=self.permalink(str(made["uri"])),
            post_id=message.post_id,
            parent_id=message.remote_id,
            thread_id=message.thread_id,
            is_ours=True,
            extra={"cid": made["cid"], "root": message.extra["root"]},
        )

    @staticmethod
    def _address(message: Message) -> dict[str, Any]:
        """The key and time of an answer, written down before it is sent."""
        now = datetime.now(UTC)
        return {"key": own_key(int(now.timestamp() * 1_000_000), message.remote_id), "at": moment(now)}

    # --- moderating ---

    def moderate(self, message: Message, action: Moderation) -> None:
        match action:
            case "like":
                repeatable(partial(self._like, message))
            case "unlike":
                self._unlike(message)
            case "hide" | "unhide":
                repeatable(partial(self._hide, message, is_hidden=action == "hide"))
            case _:
                raise InvalidContent("On Bluesky people can only delete what they wrote themselves.")

    def _like(self, message: Message) -> None:
        if self._own_like(message):
            return  # from the app, say
        subject: Json = {"uri": message.remote_id, "cid": message.extra["cid"]}
        record: Json = {"$type": LIKE, "subject": subject, "createdAt": moment(datetime.now(UTC))}
        with suppress(Duplicate):  # liked already
            self.put(LIKE, like_key(message), record)

    def _unlike(self, message: Message) -> None:
        for key in {like_key(message), key_of(self._own_like(message))} - {""}:
            self.erase(LIKE, key)

    def _own_like(self, message: Message) -> str:
        """The account's like as the network knows it, '' where it knows of none (yet)."""
        [view] = self.views([message.remote_id]) or [{}]
        return str((view.get("viewer") or {}).get("like") or "")

    def _hide(self, message: Message, *, is_hidden: bool) -> None:
        """Replies are hidden by a list that stands beside the post at the top."""
        if not self._is_own(message.thread_id):
            raise InvalidContent("Only replies below the account's own posts can be hidden.")
        key = key_of(message.thread_id)
        there = self.record(THREADGATE, key)
        new: dict[str, Json] = {
            "$type": THREADGATE,
            "post": message.thread_id,
            "createdAt": moment(datetime.now(UTC)),
        }
        gate: dict[str, Json] = dict(there.json["value"]) if there else new
        before = cast(list[Json], gate.get("hiddenReplies") or [])
        if (message.remote_id in before) == is_hidden:
            return
        after = [uri for uri in before if uri != message.remote_id]
        gate["hiddenReplies"] = [*after, message.remote_id][-MOST_HIDDEN:] if is_hidden else after
        try:
            self.put(THREADGATE, key, gate, over=str(there.json["cid"]) if there else None)
        except Duplicate as error:
            raise Unavailable("Somebody else changed who may reply just now.") from error


def like_key(message: Message) -> str:
    """The key of our like of a message: always the same, so that there is one."""
    return own_key(int(message.created_at.timestamp() * 1_000_000), message.remote_id)
