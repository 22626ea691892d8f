"""X's webhooks: the greeting (CRC), the signature, and what the Activity and Account Activity APIs tell."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from platforms._x_api import users_of
from platforms._x_inbox import XInbox, addresses, author_of
from platforms.content import Event, Incoming

MESSAGES = frozenset({"post.mention.create", "post.reply.create"})
DIRECT = frozenset({"dm.received", "dm.sent"})
KINDS: Mapping[str, Literal["post_published", "message_deleted", "revoked"]] = {
    "post.create": "post_published",
    "post.delete": "message_deleted",
    "oauth.revoke": "revoked",
}


class XHooks(XInbox):
    def greet_webhook(self, request: Incoming) -> str | None:
        token = request.query.get("crc_token")
        if request.method != "GET" or not token or not self.app.webhook_secret:
            return None
        return json.dumps({"response_token": self._signature(token.encode())})

    def verify_webhook(self, request: Incoming) -> bool:
        """X signs no time: a copy of an old call tells nothing new, for messages are known by their ids."""
        given = request.headers.get("x-twitter-webhooks-signature", "")
        is_theirs = hmac.compare_digest(given.encode(), self._signature(request.body).encode())
        return is_theirs and bool(self.app.webhook_secret)

    def _signature(self, content: bytes) -> str:
        """With the app's consumer secret (the API key's), which is not the OAuth 2 client secret."""
        digest = hmac.new(self.app.webhook_secret.encode(), content, hashlib.sha256).digest()
        return f"sha256={base64.b64encode(digest).decode()}"

    def parse_webhook(self, request: Incoming) -> list[Event]:
        body = json.loads(request.body)
        told = body.get("data")
        return list(self._activity(told) if isinstance(told, dict) else self._account_activity(body))

    # --- X Activity API ---

    def _activity(self, told: Mapping[str, Any]) -> Iterator[Event]:
        kind, payload = str(told.get("event_type") or ""), told.get("payload") or {}
        account = str((told.get("filter") or {}).get("user_id") or "")
        if kind in DIRECT:
            yield from self._direct_events(account, {**told, **payload})
        elif kind in MESSAGES:
            message = self.message_of(payload, dict(users_of(told)), addresses(told), set())
            yield Event("message", account, message.remote_id, message)
        else:
            extra = {"event_type": kind, "event_uuid": str(told.get("event_uuid") or "")}
            yield Event(KINDS.get(kind, "other"), account, str(payload.get("id") or ""), extra=extra)

    def _direct_events(self, account: str, told: Mapping[str, Any]) -> Iterator[Event]:
        people = told.get("users") or {}
        for event in told.get("direct_message_events") or []:
            if event.get("type") != "message_create":
                continue
            made = event["message_create"]
            sender, recipient = str(made["sender_id"]), str(made["target"]["recipient_id"])
            conversation = "-".join(sorted({sender, recipient}, key=int))
            message = self.direct_message(
                str(event["id"]),
                conversation,
                author_of(sender, people),
                written_in(made.get("message_data") or {}),
            )
            yield Event("message", account, message.remote_id, message)

    # --- Account Activity API, in the words of API v1.1 ---

    def _account_activity(self, told: Mapping[str, Any]) -> Iterator[Event]:
        account = str(told.get("for_user_id") or "")
        yield from self._direct_events(account, told)
        for post in told.get("tweet_create_events") or []:
            if str(post["user"]["id_str"]) != account and "retweeted_status" not in post:
                message = self.message_of(
                    in_new_shape(post), {post["user"]["id_str"]: post["user"]}, {}, set()
                )
                yield Event("message", account, message.remote_id, message)
        for gone in told.get("tweet_delete_events") or []:
            yield Event("message_deleted", account, str(gone["status"]["id"]))
        if "revoke" in (told.get("user_event") or {}):
            source = told["user_event"]["revoke"].get("source") or {}
            yield Event("revoked", account or str(source.get("user_id") or ""))


def written_in(message: Mapping[str, Any]) -> str:
    """The text of a direct message, its links as they were written."""
    text = str(message.get("text") or "")
    for link in (message.get("entities") or {}).get("urls") or []:
        text = text.replace(link["url"], link.get("expanded_url") or link["url"])
    return text


def in_new_shape(post: Mapping[str, Any]) -> dict[str, Any]:
    """A post of API v1.1 as API v2 tells it."""
    long = post.get("extended_tweet") or {}
    parent = post.get("in_reply_to_status_id_str")
    return {
        "id": post["id_str"],
        "text": long.get("full_text") or post.get("text") or "",
        "entities": long.get("entities") or post.get("entities") or {},
        "author_id": post["user"]["id_str"],
        "in_reply_to_user_id": post.get("in_reply_to_user_id_str") or "",
        "conversation_id": parent or post["id_str"],
        "referenced_posts": [{"type": "replied_to", "id": parent}] if parent else [],
    }
