"""What people write on Instagram: comments, mentions and direct messages, read, answered and moderated."""

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._instagram_kinds import COMMENT
from platforms._instagram_login import InstagramLogin
from platforms._instagram_post import squeezed
from platforms._meta import DAY, moment
from platforms.base import Moderation
from platforms.content import Author, Event, Inbox, Incoming, Json, Message, MessageKind, Published
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, PermissionMissing, Refused
from platforms.ledger import Ledger, repeatable
from platforms.transport import Answer

LOOKS_BACK = timedelta(days=30)  # where nothing was read before
OVERLAP = timedelta(minutes=10)  # lists are read again from a little before: they show new things late
SETTLES = timedelta(seconds=30)
COMMENTS = "id,text,timestamp,username,from{id,username},parent_id,hidden,like_count"
REPLIES = "replies{id,text,timestamp,username,from{id,username},hidden}"
TAGGED = "id,caption,permalink,timestamp,username,media_type"
DIRECT_BYTES = 1000
ANSWERS_WITHIN, PEOPLE_ANSWER_WITHIN = timedelta(hours=24), 7 * DAY


class InstagramInbox(InstagramLogin):
    message_kinds: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    replies_to: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    # After a day an answer is marked as a person's own (HUMAN_AGENT).
    reply_windows: ClassVar[Mapping[MessageKind, timedelta]] = {"direct": PEOPLE_ANSWER_WITHIN}
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {
        "comment": ("like", "unlike", "hide", "unhide", "delete"),
        "direct": ("like", "unlike"),
    }

    # --- reading ---

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        read_at = datetime.now(UTC)
        since = (
            datetime.fromisoformat(str(cursor["at"])) - OVERLAP if cursor.get("at") else read_at - LOOKS_BACK
        )
        found = [message for post in posts for message in self._comments(post.remote_id)]
        for extra in (self._mentions, self._direct):
            with suppress(PermissionMissing):  # an account may be connected without these
                found += extra(since)
        new = sorted((one for one in found if one.created_at >= since), key=lambda one: one.created_at)
        return Inbox(tuple(new), {"at": read_at.isoformat()})

    def _comments(self, post_id: str) -> Iterator[Message]:
        with suppress(NotFound, InvalidContent):  # the post is gone, or of a kind that has none
            fields = f"{COMMENTS},{REPLIES}"
            for row in self.pages_of(f"{post_id}/comments", fields=fields, limit=50):
                yield self._comment_in(row, post_id)
                for reply in (row.get("replies") or {}).get("data") or []:
                    yield self._comment_in({"parent_id": row["id"], **reply}, post_id)

    def _comment_in(self, row: Mapping[str, Any], post_id: str) -> Message:
        author = row.get("from") or {}
        who = Author(str(author.get("id") or ""), str(author.get("username") or row.get("username") or ""))
        return Message(
            remote_id=str(row["id"]),
            kind="comment",
            text=str(row.get("text") or ""),
            author=who,
            created_at=moment(row["timestamp"]) if row.get("timestamp") else datetime.now(UTC),
            post_id=post_id,
            parent_id=str(row.get("parent_id") or ""),
            thread_id=str(row.get("parent_id") or row["id"]),
            is_ours=self._is_us(who),
            is_hidden=bool(row.get("hidden")),
        )

    def _is_us(self, who: Author) -> bool:
        return who.remote_id == self.connection.remote_id or who.handle == self.connection.handle

    def _mentions(self, since: datetime) -> list[Message]:
        """Posts of others in which the account is tagged."""
        rows = self.pages_of(f"{self.me}/tags", most=2, fields=TAGGED, limit=50)
        return [
            Message(
                remote_id=str(row["id"]),
                kind="mention",
                text=str(row.get("caption") or ""),
                author=Author(handle=str(row.get("username") or "")),
                created_at=moment(row["timestamp"]),
                permalink=str(row.get("permalink") or ""),
                thread_id=str(row["id"]),
                extra={"media_id": str(row["id"])},
            )
            for row in rows
            if moment(row["timestamp"]) >= since
        ]

    def _direct(self, since: datetime) -> list[Message]:
        fields = "id,updated_time,messages{id,message,from,to,created_time,attachments}"
        rows = self.pages_of(
            f"{self.mailbox}/conversations", most=2, platform="instagram", fields=fields, limit=50
        )
        return [
            self._direct_in(message)
            for row in rows
            if moment(row["updated_time"]) >= since
            for message in (row.get("messages") or {}).get("data") or []
        ]

    def _direct_in(self, row: Mapping[str, Any]) -> Message:
        sender = row.get("from") or {}
        who = Author(str(sender.get("id") or ""), str(sender.get("username") or ""))
        others = [str(one["id"]) for one in (row.get("to") or {}).get("data") or []]
        is_ours = self._is_us(who)
        person = others[0] if is_ours and others else who.remote_id
        urls = [_address(one) for one in (row.get("attachments") or {}).get("data") or []]
        return Message(
            remote_id=str(row["id"]),
            kind="direct",
            text=str(row.get("message") or ""),
            author=who,
            created_at=moment(row["created_time"]),
            thread_id=person,
            is_ours=is_ours,
            attachments=tuple(filter(None, urls)),
            extra={"person": person},
        )

    # --- answering ---

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        answer = {"comment": self._reply_to_comment, "direct": self._reply_directly}.get(
            message.kind, self._reply_to_mention
        )
        made = answer(message, text, ledger)
        return replace(
            message,
            remote_id=str(made["id"]),
            text=text,
            author=Author(self.connection.remote_id, self.connection.handle),
            created_at=datetime.now(UTC),
            parent_id=message.parent_id or message.remote_id,
            permalink="",
            is_ours=True,
            is_hidden=False,
            attachments=(),
        )

    def _reply_to_comment(self, message: Message, text: str, ledger: Ledger) -> dict[str, Json]:
        if len(text) > COMMENT:
            raise InvalidContent(f"A reply has {COMMENT} characters at most.", action="Shorten it.")
        path = f"{message.parent_id or message.remote_id}/replies"  # there are two levels only
        return ledger.once(
            "reply", partial(self._comment, path, text), find=partial(self._written, path, text)
        )

    def _reply_to_mention(self, message: Message, text: str, ledger: Ledger) -> dict[str, Json]:
        form = {name: message.extra[name] for name in ("media_id", "comment_id") if message.extra.get(name)}
        send = partial(self._comment, f"{self.me}/mentions", text, form)
        return ledger.once("reply", send, find=_nobody_can_tell)

    def _reply_directly(self, message: Message, text: str, ledger: Ledger) -> dict[str, Json]:
        if len(text.encode()) > DIRECT_BYTES:
            raise InvalidContent(f"A message has {DIRECT_BYTES} bytes at most.", action="Shorten it.")
        person, age = str(message.extra["person"]), datetime.now(UTC) - message.created_at
        if age > PEOPLE_ANSWER_WITHIN:
            raise InvalidContent(
                "The person wrote more than 7 days ago; Instagram lets nobody answer by now.",
                action="Wait until they write again.",
            )
        body: dict[str, Json] = {"recipient": {"id": person}, "message": {"text": text}}
        if age > ANSWERS_WITHIN:
            body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        return ledger.once("reply", partial(self._send, body), find=partial(self._sent, person, text))

    def _comment(self, path: str, text: str, form: Mapping[str, Json] | None = None) -> dict[str, Json]:
        # No `fields` here: Instagram makes the comment and then fails (20/1772107).
        return {"id": made_by(self.graph("POST", path, form={**(form or {}), "message": text}))}

    def _written(self, path: str, text: str, since: datetime) -> dict[str, Json] | None:
        """Our own comment with this text in a list of comments, newest first."""
        for row in self.pages_of(
            path, most=3, fields="id,text,username,from{id,username},timestamp", limit=50
        ):
            written = self._comment_in(row, "")
            if written.is_ours and squeezed(written.text) == squeezed(text):
                return {"id": written.remote_id}
        _settle(since)
        return None

    def _send(self, body: dict[str, Json]) -> dict[str, Json]:
        return {"id": made_by(self.graph("POST", f"{self.mailbox}/messages", json=body), "message_id")}

    def _sent(self, person: str, text: str, since: datetime) -> dict[str, Json] | None:
        fields = "id,updated_time,messages{id,message,from,to,created_time}"
        path = f"{self.mailbox}/conversations"
        for row in self.pages_of(path, most=1, platform="instagram", user_id=person, fields=fields):
            for message in (row.get("messages") or {}).get("data") or []:
                sent = self._direct_in(message)
                if sent.is_ours and sent.text == text and sent.created_at >= since - timedelta(minutes=1):
                    return {"id": sent.remote_id}
        _settle(since)
        return None

    # --- keeping order ---

    def moderate(self, message: Message, action: Moderation) -> None:
        act = self._react if message.kind == "direct" else self._moderate_comment
        with suppress(NotFound):
            repeatable(partial(act, message, action))

    def _react(self, message: Message, action: Moderation) -> None:
        payload: dict[str, Json] = {"message_id": message.remote_id}
        payload |= {"reaction": "love"} if action == "like" else {}
        body: dict[str, Json] = {
            "recipient": {"id": message.extra["person"]},
            "sender_action": "react" if action == "like" else "unreact",
            "payload": payload,
        }
        self.graph("POST", f"{self.mailbox}/messages", json=body)

    def _moderate_comment(self, message: Message, action: Moderation) -> None:
        match action:
            case "hide" | "unhide":
                self.graph("POST", message.remote_id, form={"hide": action == "hide"})
            case "delete":
                self.graph("DELETE", message.remote_id)
            case "like" | "unlike":
                if not self.is_by_facebook:
                    raise Refused(
                        "Only accounts connected through Facebook can like comments from here.",
                        action="Like it in the Instagram app.",
                    )
                method = "POST" if action == "like" else "DELETE"
                self.graph(method, f"{self.me}/likes", params={"comment_id": message.remote_id})

    # --- being told ---

    def verify_webhook(self, request: Incoming) -> bool:
        """Signed with the secret of either way in: which of them Meta takes is not written down."""
        given = request.headers.get("x-hub-signature-256", "").encode()
        secrets = map(str.encode, self.connection.app.client_secret.split())
        digests = (hmac.new(secret, request.body, "sha256").hexdigest() for secret in secrets)
        return any(hmac.compare_digest(given, f"sha256={digest}".encode()) for digest in digests)

    def parse_webhook(self, request: Incoming) -> list[Event]:
        body = json.loads(request.body)
        if body.get("object") != "instagram":
            return []
        return [event for entry in body.get("entry") or [] for event in self._events(entry)]

    def _events(self, entry: Mapping[str, Any]) -> Iterator[Event]:
        account_id = str(entry.get("id") or "")
        # One documented sample puts a single change right onto the entry.
        for change in entry.get("changes") or ([entry] if entry.get("field") else []):
            yield self._change(account_id, entry, str(change.get("field")), change.get("value") or {})
        for item in entry.get("messaging") or []:
            yield self._messaging(account_id, item)

    def _change(
        self, account_id: str, entry: Mapping[str, Any], name: str, value: Mapping[str, Any]
    ) -> Event:
        comment_id = str(value.get("id") or value.get("comment_id") or "")
        if name not in {"comments", "live_comments"} or "text" not in value:
            ids = {key: str(value[key]) for key in ("media_id", "comment_id") if value.get(key)}
            return Event(
                "other", account_id, comment_id or ids.get("media_id", ""), extra={"field": name, **ids}
            )
        media_id = str((value.get("media") or {}).get("id") or "")
        message = self._comment_in({**value, "id": comment_id}, media_id)
        told_at = moment(entry["time"]) if entry.get("time") else message.created_at
        message = replace(message, created_at=told_at, is_ours=message.author.remote_id == account_id)
        return Event("message", account_id, comment_id, message)

    @staticmethod
    def _messaging(account_id: str, item: Mapping[str, Any]) -> Event:
        said = item.get("message") or {}
        mid, sender = str(said.get("mid") or ""), str((item.get("sender") or {}).get("id") or "")
        receiver = str((item.get("recipient") or {}).get("id") or "")
        if not mid or said.get("is_unsupported"):
            kinds = [
                name for name in ("reaction", "read", "postback", "referral", "message") if item.get(name)
            ]
            return Event("other", account_id, mid, extra={"field": kinds[0] if kinds else ""})
        if said.get("is_deleted"):
            return Event("message_deleted", account_id, mid)
        is_ours = bool(said.get("is_echo")) or sender == account_id
        message = Message(
            remote_id=mid,
            kind="direct",
            text=str(said.get("text") or ""),
            author=Author(sender),
            created_at=moment(item.get("timestamp") or datetime.now(UTC).timestamp()),
            thread_id=receiver if is_ours else sender,
            is_ours=is_ours,
            attachments=tuple(filter(None, map(_address, said.get("attachments") or []))),
            extra={"person": receiver if is_ours else sender},
        )
        return Event("message", account_id, mid, message)


def _address(attachment: Mapping[str, Any]) -> str:
    """Where an attachment lies, in any of the three shapes in which it is told."""
    places = (attachment.get(name) or {} for name in ("payload", "image_data", "video_data"))
    return next(
        (str(place["url"]) for place in places if place.get("url")), str(attachment.get("file_url") or "")
    )


def made_by(answer: Answer, name: str = "id") -> str:
    """The id of what was made; an answer without one leaves open whether anything was."""
    made = answer.json.get(name)
    if not made:
        raise answer.doubtful(
            "Instagram answered without a number.", status=answer.status, detail=answer.text
        )
    return str(made)


def _settle(since: datetime) -> None:
    if datetime.now(UTC) - since < SETTLES:
        raise OutcomeUnknown("Instagram may have it and not show it yet.")


def _nobody_can_tell(since: datetime) -> None:  # noqa: ARG001  (a `Find`)
    """Comments below somebody else's post are not shown to us."""
    raise OutcomeUnknown(
        "Instagram does not show us comments below other people's posts.",
        action="Look there, then say whether it is there.",
    )
