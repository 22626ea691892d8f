"""What people write on LinkedIn: comments on pages and profiles, and posts that mention a page."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, cast

from platforms._linkedin_text import comment_of, comparable, made_at, quoted
from platforms._linkedin_wire import LinkedInWire
from platforms.base import Moderation
from platforms.content import Author, Event, Inbox, Incoming, Json, Message, MessageKind, Published
from platforms.errors import NotFound, OutcomeUnknown, PermissionMissing, Unavailable
from platforms.ledger import Ledger, repeatable

LOOKS_BACK = timedelta(days=60)  # as far as LinkedIn tells a page what happened
LAG = timedelta(seconds=60)  # until then a comment that is not listed may still appear
CLOCKS = timedelta(minutes=5)  # by how much they may differ
NEW = timedelta(minutes=15)  # for some seconds a post that stands is "not found" to those who comment on it
MOST_MESSAGES = 2000
ACTIONS = {"COMMENT": "comment", "ADMIN_COMMENT": "comment", "SHARE_MENTION": "mention"}
EVENTS = {"COMMENT_EDIT": "message_edited", "COMMENT_DELETE": "message_deleted"}
CONFLICT = 409
SIGNED = b"hmacsha256="


class LinkedInInbox(LinkedInWire):
    message_kinds = ("comment", "mention")
    asks_by_post = True
    hooked_kinds = ("comment", "mention")
    replies_to = ("comment", "mention")
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {
        "comment": ("like", "unlike", "delete"),
        "mention": ("like", "unlike"),
    }

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """A page is told of all that happens; a profile's posts are asked one by one."""
        if self.is_page:
            return self._notified(cursor)
        if not self.may("r_member_social_feed"):  # a self-serve app: LinkedIn shows it no comments
            return Inbox((), cursor)
        return self._asked(cursor, posts)

    def _notified(self, cursor: Mapping[str, Json]) -> Inbox:
        now = datetime.now(UTC)
        since = int(cast(int, cursor.get("since") or milliseconds(now - LOOKS_BACK)))
        path = (
            f"/organizationalEntityNotifications?q=criteria&organizationalEntity={quoted(self.connection.remote_id)}"
            f"&actions=List({','.join(ACTIONS)})&timeRange=(start:{since},end:{milliseconds(now + CLOCKS)})"
        )
        told = list(self.elements(path, MOST_MESSAGES))
        newest = max((int(item["lastModifiedAt"]) + 1 for item in told), default=since)
        found = sorted((self._told(item) for item in told), key=lambda message: message.created_at)
        return Inbox(tuple(found), {"since": newest})

    def _asked(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        found: list[Message] = []
        newest = dict(cursor)
        for post in posts:
            since = int(cast(int, cursor.get(post.remote_id) or 0))
            for comment in self._tree(post.remote_id):
                made = int(comment["created"]["time"])
                if made > since:
                    found.append(self._listed(comment, post.remote_id))
                    newest[post.remote_id] = max(int(cast(int, newest.get(post.remote_id) or 0)), made)
        return Inbox(tuple(sorted(found, key=lambda message: message.created_at)), newest)

    def _tree(self, urn: str) -> Iterator[dict[str, Any]]:
        """The comments on a post, each followed by the answers to it."""
        for comment in self._comments(urn):
            yield comment
            if (comment.get("commentsSummary") or {}).get("aggregatedTotalComments"):
                yield from self._comments(urn_of(comment))

    def _comments(self, urn: str) -> Iterator[dict[str, Any]]:
        with suppress(NotFound):
            yield from self.elements(f"/socialActions/{quoted(urn)}/comments", MOST_MESSAGES)

    # --- answering ---

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        """LinkedIn has one level of answers: one to an answer stands below the same comment."""
        target = message.parent_id or message.remote_id
        urn = self.comment(ledger, "reply", target, text)
        return Message(
            remote_id=urn,
            kind="comment",
            text=text,
            author=Author(self.connection.remote_id, self.connection.handle),
            created_at=datetime.now(UTC),
            permalink=message.permalink,
            post_id=message.post_id,
            parent_id=target if message.kind == "comment" else "",
            thread_id=message.thread_id,
            is_ours=True,
        )

    def comment(self, ledger: Ledger, step: str, target: str, text: str) -> str:
        """Write below a post or a comment, at most once; the comment's URN."""
        post, _number = comment_of(target)
        body: dict[str, Json] = {
            "actor": self.connection.remote_id,
            "object": post or target,
            "message": {"text": text},
        }
        if post:
            body["parentComment"] = target
        send = partial(self._comment, target, body)
        return str(ledger.once(step, send, find=partial(self._find_comment, target, text))["urn"])

    def _comment(self, target: str, body: dict[str, Json]) -> dict[str, Json]:
        path = f"/socialActions/{quoted(target)}/comments"
        may = self.may("w_organization_social_feed" if self.is_page else "w_member_social_feed")
        try:
            # Self-serve apps are let in by the older door only.
            answer = self.rest("POST", path, json=body) if may else self.call("POST", f"/v2{path}", json=body)
        except NotFound as error:
            if comment_of(target)[0] or datetime.now(UTC) - made_at(target) > NEW:
                raise
            message = "LinkedIn does not let anybody comment on the post yet."
            raise Unavailable(message, status=error.status, detail=error.detail) from error
        if not (urn := urn_of(answer.json)):
            raise OutcomeUnknown("LinkedIn did not say which comment it made.", detail=answer.text)
        return {"urn": urn}

    def _find_comment(self, target: str, text: str, since: datetime) -> dict[str, Json] | None:
        for comment in self._own_view(target):
            is_ours = comment.get("actor") == self.connection.remote_id
            is_new = int(comment["created"]["time"]) >= milliseconds(since - CLOCKS)
            if is_ours and is_new and comparable(comment["message"]["text"]) == comparable(text):
                return {"urn": urn_of(comment)}
        if datetime.now(UTC) - since < LAG:
            raise OutcomeUnknown("LinkedIn may have the comment and not show it yet.")
        return None

    def _own_view(self, target: str) -> list[dict[str, Any]]:
        """The comments below something; OutcomeUnknown where this desk may not see them."""
        try:
            return list(self._comments(target))
        except PermissionMissing as error:
            message = "LinkedIn may have the comment, and shows this desk none."
            raise OutcomeUnknown(message, status=error.status, detail=error.detail) from error

    def moderate(self, message: Message, action: Moderation) -> None:
        actor = quoted(self.connection.remote_id)
        post, number = comment_of(message.remote_id)
        match action:
            case "like":
                body: Json = {"root": message.remote_id, "reactionType": "LIKE"}
                do = partial(self.rest, "POST", f"/reactions?actor={actor}", json=body)
            case "unlike":
                key = f"(actor:{actor},entity:{quoted(message.remote_id)})"
                do = partial(self.rest, "DELETE", f"/reactions/{key}", action="DELETE")
            case "delete":
                path = f"/socialActions/{quoted(post)}/comments/{number}?actor={actor}"
                do = partial(self.rest, "DELETE", path, action="DELETE")
            case _:
                raise PermissionMissing("LinkedIn hides no comments.", action="Delete it instead.")
        try:
            repeatable(do)
        except NotFound:
            return
        except Unavailable as error:
            if error.status != CONFLICT:  # liked already
                raise

    # --- webhooks ---

    def greet_webhook(self, request: Incoming) -> str | None:
        challenge = request.query.get("challengeCode")
        if not challenge or not self.app.client_secret:
            return None
        response = self._hash(challenge.encode())
        return json.dumps({"challengeCode": challenge, "challengeResponse": response})

    def verify_webhook(self, request: Incoming) -> bool:
        given = request.headers.get("x-li-signature", "").removeprefix(SIGNED.decode())
        is_theirs = hmac.compare_digest(self._hash(SIGNED + request.body).encode(), given.encode())
        return is_theirs and bool(self.app.client_secret)

    def _hash(self, content: bytes) -> str:
        return hmac.new(self.app.client_secret.encode(), content, hashlib.sha256).hexdigest()

    def parse_webhook(self, request: Incoming) -> list[Event]:
        told = json.loads(request.body)
        return [self._event(item) for item in told.get("notifications") or []]

    def _event(self, item: Mapping[str, Any]) -> Event:
        action, account = str(item.get("action")), str(item.get("organizationalEntity") or "")
        told = {"action": action, "notification": item.get("notificationId")}
        if action in ACTIONS or action in EVENTS:
            message = self._told(item)
            kind = cast(Any, EVENTS.get(action, "message"))
            return Event(kind, account, message.remote_id, message, told)
        return Event("other", account, str(item.get("sourcePost") or ""), extra=told)

    # --- reading ---

    def _told(self, item: Mapping[str, Any]) -> Message:
        """A message from a notification, as pages and webhooks are told."""
        decorated = item.get("decoratedGeneratedActivity") or {}
        wrote = decorated.get("comment") or decorated.get("share") or {}
        urn = str(item.get("generatedActivity") or wrote.get("entity") or "")
        kind = cast(MessageKind, ACTIONS.get(str(item.get("action")), "comment"))
        source = str(item.get("sourcePost") or "") if kind == "comment" else urn
        below = str(wrote.get("entity") or "")
        parent = below if kind == "comment" and comment_of(below)[0] else ""
        owner = str(wrote.get("owner") or "")
        made = int(item.get("lastModifiedAt") or 0)
        page = str(item.get("organizationalEntity") or "")
        return self._message(kind, urn, wrote.get("text"), owner, made, source, parent, owner == page)

    def _listed(self, comment: Mapping[str, Any], post: str) -> Message:
        """A message from a comment, as it stands in a list."""
        owner, made = str(comment.get("actor")), int(comment["created"]["time"])
        parent = str(comment.get("parentComment") or "")
        text, ours = comment["message"].get("text"), owner == self.connection.remote_id
        return self._message("comment", urn_of(comment), text, owner, made, post, parent, ours)

    def _message(
        self,
        kind: MessageKind,
        urn: str,
        text: str | None,
        owner: str,
        made: int,
        post: str,
        parent: str,
        is_ours: bool,
    ) -> Message:
        at = f"{self.app.auth_url}/feed/update/{post}/"
        return Message(
            remote_id=urn,
            kind=kind,
            text=text or "",
            author=Author(owner),
            created_at=datetime.fromtimestamp(made / 1000, UTC),
            permalink=f"{at}?commentUrn={quoted(urn)}" if kind == "comment" else at,
            post_id=post if kind == "comment" else "",
            parent_id=parent,
            thread_id=parent or urn,
            is_ours=is_ours,
        )


def urn_of(comment: Mapping[str, Any]) -> str:
    return str(comment.get("commentUrn") or comment.get("$URN") or "")


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
