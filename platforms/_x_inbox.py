"""What people write on X: mentions, answers and direct messages; answering, liking and hiding them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._x import comparable, id_at, moment_of, reference, text_of, without_names
from platforms._x_api import INDEX_LAG, pages, users_of
from platforms._x_posts import Element, XPosts
from platforms.base import Moderation
from platforms.content import Author, Inbox, Json, Message, MessageKind, Part, Published
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, PermissionMissing
from platforms.ledger import Ledger, repeatable

OVERLAP = timedelta(minutes=5)  # what was written before may show after
CLOCKS_DIFFER = timedelta(minutes=2)
MENTION_PAGES = 8  # of 100 each: X shows no more
DIRECT_PAGES = 10
FIELDS = ("created_at", "conversation_id", "entities", "attachments", "note_post")
EXPANSIONS = ("author_id", "in_reply_to_user_id", "referenced_posts", "attachments.media_keys")
ABOUT = {
    "user.fields": "name,profile_image_url,username",
    "media.fields": "preview_image_url,type,url",
}
DIRECT = {
    "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,sender_id,text",
    "event_types": "MessageCreate",
    "expansions": "attachments.media_keys,sender_id",
    "max_results": "100",
    **ABOUT,
}


class XInbox(XPosts):
    message_kinds: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    replies_to: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    hooked_kinds: ClassVar[tuple[MessageKind, ...]] = ("comment", "mention", "direct")
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {
        "comment": ("like", "unlike", "hide", "unhide"),
        "mention": ("like", "unlike"),
        "direct": ("delete",),
    }

    # --- reading ---

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """All mentions (answers are mentions as well) and, where the connection may read them, messages."""
        own = {part for post in posts for part in (post.remote_id, *post.part_ids)}
        mentions, since_mention = newer(cursor.get("mentions"), partial(self._mentions, own))
        direct, since_direct = (
            newer(cursor.get("direct"), self._direct) if self._may_read_direct else ([], None)
        )
        found = sorted([*mentions, *direct], key=lambda message: (message.created_at, message.remote_id))
        return Inbox(tuple(found), {"mentions": since_mention, "direct": since_direct})

    @property
    def _may_read_direct(self) -> bool:
        """A connection of an earlier version was not asked for it."""
        scopes = self.token.scopes if self.token else ()
        return not scopes or "dm.read" in scopes

    def _mentions(self, own: set[str], since_id: str) -> Iterator[Message]:
        params = {"max_results": "100", **ABOUT, **({"since_id": since_id} if since_id else {})}
        path = f"/2/users/{self.connection.remote_id}/mentions"
        ask = partial(self.read_posts, path, fields=FIELDS, expansions=EXPANSIONS)
        for page in pages(ask, params, MENTION_PAGES):
            people, media = dict(users_of(page)), addresses(page)
            for post in page.get("data") or []:
                yield self.message_of(post, people, media, own)

    def message_of(
        self,
        post: Mapping[str, Any],
        people: Mapping[str, Mapping[str, Any]],
        media: Mapping[str, str],
        own: set[str],
    ) -> Message:
        """A post that names the account; a comment where it answers the account, or one of its posts."""
        account = self.connection.remote_id
        author = author_of(str(post["author_id"]), people)
        conversation = str(post.get("conversation_id") or post["id"])
        is_answer = str(post.get("in_reply_to_user_id") or "") == account or conversation in own
        keys = (post.get("attachments") or {}).get("media_keys") or []
        return Message(
            remote_id=str(post["id"]),
            kind="comment" if is_answer else "mention",
            text=self._without_us(text_of(post).strip(), reference(post, "replied_to")),
            author=author,
            created_at=moment_of(str(post["id"])),
            permalink=self.permalink(str(post["id"]), author.handle),
            post_id=conversation if is_answer else "",
            parent_id=reference(post, "replied_to"),
            thread_id=conversation,
            is_ours=author.remote_id == account,
            attachments=tuple(media[key] for key in keys if media.get(key)),
        )

    def _without_us(self, text: str, parent: str) -> str:
        """The words: without the names that X puts before an answer, or ours, by which a mention begins."""
        us = f"@{self.connection.handle} "
        if parent:
            return without_names(text)
        return text[len(us) :].strip() if text.lower().startswith(us.lower()) else text

    def _direct(self, since_id: str, path: str = "/2/dm_events") -> Iterator[Message]:
        """Newest first, 30 days back."""

        def ask(params: Mapping[str, str]) -> dict[str, Any]:
            return self.call("GET", path, params=params).json

        for page in pages(ask, DIRECT, DIRECT_PAGES):
            people, media = dict(users_of(page)), addresses(page)
            for event in page.get("data") or []:
                if since_id and int(event["id"]) <= int(since_id):
                    return
                yield self._direct_of(event, people, media)

    def _direct_of(
        self,
        event: Mapping[str, Any],
        people: Mapping[str, Mapping[str, Any]],
        media: Mapping[str, str],
    ) -> Message:
        author = author_of(str(event["sender_id"]), people)
        keys = (event.get("attachments") or {}).get("media_keys") or []
        return self.direct_message(
            str(event["id"]),
            str(event["dm_conversation_id"]),
            author,
            text_of(event),
            tuple(media[key] for key in keys if media.get(key)),
        )

    def direct_message(
        self, event_id: str, conversation: str, author: Author, text: str, attachments: tuple[str, ...] = ()
    ) -> Message:
        return Message(
            remote_id=event_id,
            kind="direct",
            text=text.strip(),
            author=author,
            created_at=moment_of(event_id),
            permalink=f"{self.app.auth_url}/messages/{conversation}",
            thread_id=conversation,
            is_ours=author.remote_id == self.connection.remote_id,
            attachments=attachments,
        )

    # --- answering ---

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        us = Author(self.connection.remote_id, self.connection.handle, self.connection.handle)
        if message.kind == "direct":
            do = partial(self._write_to, message.thread_id, text)
            made = ledger.once("reply", do, find=partial(self._find_written, message.thread_id, text))
            return self.direct_message(str(made["id"]), message.thread_id, us, text)
        made_id = self.once(ledger, "reply", Element(Part(text), parent=message.remote_id))
        return Message(
            remote_id=made_id,
            kind=message.kind,
            text=text,
            author=us,
            created_at=moment_of(made_id),
            permalink=self.permalink(made_id),
            post_id=message.post_id,
            parent_id=message.remote_id,
            thread_id=message.thread_id,
            is_ours=True,
        )

    def _write_to(self, conversation: str, text: str) -> dict[str, Any]:
        answer = self.call("POST", f"/2/dm_conversations/{conversation}/messages", json={"text": text})
        made = answer.json.get("data") or {}
        if not made.get("dm_event_id"):
            raise OutcomeUnknown("X did not say whether the message went out.", detail=answer.text)
        return {"id": str(made["dm_event_id"])}

    def _find_written(self, conversation: str, text: str, since: datetime) -> Json:
        start = id_at(since - CLOCKS_DIFFER)
        for message in self._direct(start, f"/2/dm_conversations/{conversation}/dm_events"):
            if message.is_ours and comparable(message.text) == comparable(text):
                return {"id": message.remote_id}
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("X may have the message and not show it yet.")
        return None

    # --- moderating ---

    def moderate(self, message: Message, action: Moderation) -> None:
        likes = f"/2/users/{self.connection.remote_id}/likes"
        hidden = f"/2/tweets/{message.remote_id}/hidden"
        acts: dict[str, Callable[[], object]] = {
            "like": partial(self.call, "POST", likes, json={"tweet_id": message.remote_id}),
            "unlike": partial(self.call, "DELETE", f"{likes}/{message.remote_id}"),
            "hide": partial(self.call, "PUT", hidden, json={"hidden": True}),
            "unhide": partial(self.call, "PUT", hidden, json={"hidden": False}),
            "delete": partial(self.call, "DELETE", f"/2/dm_events/{message.remote_id}"),
        }
        try:
            repeatable(acts[action])
        except NotFound:
            if action not in {"unlike", "delete"}:
                raise
        except InvalidContent as error:
            raise PermissionMissing(
                f"X does not let this app {action} here.",
                status=error.status,
                detail=error.detail,
                action="Do it on X itself: most apps may not since April 2026.",
            ) from error


def newer(
    cursor: Json, read: Callable[[str], Iterator[Message]]
) -> tuple[list[Message], dict[str, Json] | None]:
    """What was written since a cursor, and the next one: the newest id, and those that may come up again."""
    kept = cursor if isinstance(cursor, dict) else {}
    since = str(kept.get("since") or "")
    seen = set(kept["seen"]) if isinstance(kept.get("seen"), list) else set()  # type: ignore[arg-type]
    messages = list(read(id_at(moment_of(since) - OVERLAP) if since else ""))
    ids = [*(message.remote_id for message in messages), *([since] if since else [])]
    if not ids:
        return [], None
    newest = max(ids, key=int)
    again = id_at(moment_of(newest) - OVERLAP)
    recent: list[Json] = [known for known in sorted({*ids, *map(str, seen)}) if int(known) > int(again)]
    new = [message for message in messages if message.remote_id not in seen]
    return new, {"since": newest, "seen": recent}


def author_of(remote_id: str, people: Mapping[str, Mapping[str, Any]]) -> Author:
    """Somebody, in the words of API v2 or of the older one that webhooks speak."""
    user = people.get(remote_id) or {}
    picture = str(user.get("profile_image_url") or user.get("profile_image_url_https") or "")
    handle = str(user.get("username") or user.get("screen_name") or "")
    return Author(remote_id, handle, str(user.get("name") or handle), picture)


def addresses(page: Mapping[str, Any]) -> dict[str, str]:
    """Where an answer's media are, by their keys."""
    media = (page.get("includes") or {}).get("media") or []
    return {str(one["media_key"]): str(one.get("url") or one.get("preview_image_url") or "") for one in media}
