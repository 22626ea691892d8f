"""What people write on Threads, as the lists and the webhooks tell it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._meta import moment
from platforms._threads_containers import ThreadsContainers
from platforms._threads_post import Params
from platforms.base import Moderation
from platforms.content import Author, Event, Inbox, Incoming, Json, Message, MessageKind, Published
from platforms.errors import InvalidContent, NotFound, Refused
from platforms.ledger import Ledger, repeatable

FIELDS = (
    "id,text,username,permalink,timestamp,media_type,media_url,thumbnail_url,root_post,replied_to,"
    "is_reply,is_reply_owned_by_me,hide_status"
)
OVERLAP = timedelta(minutes=10)  # read again at the next sync: lists show some replies late
FIRST_LOOK = timedelta(days=30)
WEBHOOK_LIVES = timedelta(hours=37)  # Meta sends again for 36 hours what was not taken
HIDDEN = frozenset({"HIDDEN", "COVERED", "BLOCKED", "RESTRICTED"})

Row = Mapping[str, Any]


class ThreadsInbox(ThreadsContainers):
    message_kinds = ("comment", "mention")
    asks_by_post = True
    hooked_kinds = ("comment", "mention")
    replies_to = ("comment", "mention")
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {"comment": ("hide", "unhide")}

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """Replies to the posts (those that wait for approval are hidden) and mentions."""
        seen = cursor.get("since")
        since = datetime.fromisoformat(str(seen)) - OVERLAP if seen else datetime.now(UTC) - FIRST_LOOK
        parts = {remote_id for post in posts for remote_id in post.part_ids}  # our own threads are no news
        found = {message.remote_id: message for message in self._mentions(since)}
        for post in posts:
            found |= {message.remote_id: message for message in self._below(post)}
        new = [message for message in found.values() if message.created_at >= since]
        new = sorted((m for m in new if m.remote_id not in parts), key=lambda message: message.created_at)
        newest = new[-1].created_at.isoformat() if new else seen
        return Inbox(tuple(new), {"since": max(str(newest), str(seen or ""))} if newest else {})

    def _mentions(self, since: datetime) -> Iterator[Message]:
        for row in self.pages_of("me/mentions", fields=FIELDS, since=int(since.timestamp())):
            yield message_of(row, "mention")

    def _below(self, post: Published) -> Iterator[Message]:
        with suppress(NotFound):  # the post is gone
            rows = self.pages_of(f"{post.remote_id}/conversation", fields=FIELDS)
            yield from comments(rows, frozenset(post.part_ids))
        with suppress(NotFound, InvalidContent):  # or has no approvals
            path = f"{post.remote_id}/pending_replies"
            waiting = self.pages_of(path, fields=FIELDS, approval_status="pending")
            yield from (message_of(row, "comment", is_pending=True) for row in waiting)

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        params: Params = {"media_type": "TEXT", "text": text, "reply_to_id": message.remote_id}
        done = self.stand(ledger, "reply", params, {"replies": 1})
        handle = self.connection.handle
        return Message(
            remote_id=str(done["id"]),
            kind=message.kind,
            text=text,
            author=Author(handle, handle, handle),
            created_at=datetime.now(UTC),
            post_id=message.post_id,
            parent_id=message.remote_id,
            thread_id=message.thread_id,
            is_ours=True,
        )

    def moderate(self, message: Message, action: Moderation) -> None:
        """Hide or show a reply; showing one that waits approves it, hiding it leaves it out for good."""
        if action not in self.moderation["comment"]:
            raise Refused("Threads lets an account only hide and show replies.")
        if message.extra.get("pending"):
            path, form = f"{message.remote_id}/manage_pending_reply", {"approve": action == "unhide"}
        elif message.parent_id == message.post_id:
            path, form = f"{message.remote_id}/manage_reply", {"hide": action == "hide"}
        else:
            raise InvalidContent(
                "Threads hides only replies to the post itself; those below them go with them.",
                action="Hide the reply at the top of this conversation.",
            )
        repeatable(partial(self.graph, "POST", path, form=form))

    # --- webhooks ---

    def verify_webhook(self, request: Incoming) -> bool:
        if not super().verify_webhook(request):
            return False
        try:
            sent_at = moment(json.loads(request.body)["time"])
        except (ValueError, TypeError, KeyError):
            return False
        return abs(datetime.now(UTC) - sent_at) < WEBHOOK_LIVES

    def parse_webhook(self, request: Incoming) -> list[Event]:
        return list(events(json.loads(request.body)))


def message_of(row: Row, kind: MessageKind, *, thread_id: str = "", is_pending: bool = False) -> Message:
    """A reply or mention; people have no id here, only a name."""
    handle, remote_id = str(row.get("username") or ""), str(row["id"])
    extra: dict[str, Json] = {"pending": True} if is_pending else {}
    media = row.get("media_url") or row.get("thumbnail_url")
    return Message(
        remote_id=remote_id,
        kind=kind,
        text=str(row.get("text") or ""),
        author=Author(handle, handle, handle),
        created_at=moment(row["timestamp"]),
        permalink=str(row.get("permalink") or ""),
        post_id=_id_of(row.get("root_post")),
        parent_id=_id_of(row.get("replied_to")),
        thread_id=thread_id or remote_id,
        is_ours=bool(row.get("is_reply_owned_by_me")),
        is_hidden=is_pending or row.get("hide_status") in HIDDEN,
        attachments=(str(media),) if media else (),
        extra=extra,
    )


def comments(rows: Sequence[Row], parts: frozenset[str]) -> Iterator[Message]:
    """All that was written below a post; a reply to one of its parts begins a thread of its own."""
    parents = {str(row["id"]): _id_of(row.get("replied_to")) for row in rows}
    parents = {remote_id: parent for remote_id, parent in parents.items() if remote_id not in parts}
    for row in rows:
        top = str(row["id"])
        while parents.get(top) in parents:
            top = parents[top]
        yield message_of(row, "comment", thread_id=top)


def _id_of(place: Any) -> str:
    return str(place.get("id") or "") if isinstance(place, dict) else ""


# --- webhooks ---


def events(body: Row) -> Iterator[Event]:
    """What a call tells: `values` is one thing, or a list of them."""
    values = body.get("values") or []
    for told in values if isinstance(values, list) else [values]:
        event = _event(
            str(told.get("field") or ""), told.get("value") or {}, str(body.get("target_id") or "")
        )
        if event:
            yield event


def _event(field: str, value: Row, target: str) -> Event | None:
    remote_id = str(value.get("id") or "")
    owner = value.get("root_post") or value.get("owner") or {}
    account = str(owner.get("owner_id") or target)
    match field:
        case "replies" if owner.get("username") == value.get("username"):
            return None  # the account's own
        case "replies":
            thread = _id_of(value.get("replied_to"))
            top = remote_id if thread == _id_of(owner) else thread
            return Event("message", account, remote_id, message_of(value, "comment", thread_id=top))
        case "mentions":
            return Event("message", target, remote_id, message_of(value, "mention"))
        case "delete":
            return Event("message_deleted", account, remote_id)
        case "publish":
            address: dict[str, Json] = {"permalink": str(value.get("permalink") or "")}
            return Event("post_published", target, remote_id, extra=address)
    return Event("other", target, remote_id, extra={"field": field})
