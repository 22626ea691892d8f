"""YouTube's comments: those of a channel and all its videos, answers to them, and moderation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._google import Google
from platforms.base import Moderation
from platforms.content import Author, Inbox, Json, Message, MessageKind, Published
from platforms.errors import NotFound, OutcomeUnknown
from platforms.ledger import Ledger, repeatable

RECENT_PAGES = 2  # of 100 threads each: these are looked through for new replies
MOST_PAGES = 10
OVERLAP = timedelta(minutes=10)  # comments may show late
INDEX_LAG = timedelta(seconds=60)  # until this has passed since a try, absence proves nothing
LISTS = ("published", "heldForReview")
HIDDEN = frozenset({"heldForReview", "likelySpam", "rejected"})
STATUSES: Mapping[str, str] = {"hide": "heldForReview", "unhide": "published", "delete": "rejected"}


class YouTubeInbox(Google):
    """Comments are polled: YouTube tells nobody of them."""

    message_kinds: ClassVar[tuple[MessageKind, ...]] = ("comment",)
    replies_to: ClassVar[tuple[MessageKind, ...]] = ("comment",)
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {
        "comment": ("hide", "unhide", "delete")
    }

    def watch_url(self, video_id: str) -> str:
        return f"{self.host('https://www.youtube.com')}/watch?v={video_id}"

    # --- reading ---

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """New threads of the channel and all its videos, and new replies to the recent ones."""
        since = moment(cursor["since"]) if cursor.get("since") else None
        seen = set(cursor["seen"]) if isinstance(cursor.get("seen"), list) else set()  # type: ignore[arg-type]
        counts = cursor.get("replies")
        known = counts if isinstance(counts, dict) else {}
        threads = [thread for name in LISTS for thread in self._threads(name, since)]
        found = {
            comment.remote_id: comment
            for thread in threads
            for comment in self._comments_of(thread, known)
            if since is None or comment.created_at > since - OVERLAP
        }
        new = sorted((found[key] for key in found if key not in seen), key=lambda comment: comment.created_at)
        newest = max((comment.created_at for comment in found.values()), default=since)
        if newest is None:
            return Inbox(())
        recent = sorted(key for key in found if found[key].created_at > newest - OVERLAP)
        more: dict[str, Json] = {thread["id"]: total_of(thread) for thread in threads if has_more(thread)}
        return Inbox(tuple(new), {"since": newest.isoformat(), "seen": [*recent], "replies": more})

    def _threads(self, status: str, since: datetime | None) -> Iterator[dict[str, Any]]:
        """Newest first: all that began since then, and some more, which may have new replies."""
        params = {
            "part": "id,snippet,replies",
            "allThreadsRelatedToChannelId": self.connection.remote_id,
            "moderationStatus": status,
            "order": "time",
            "maxResults": "100",
            "textFormat": "plainText",
        }
        for number, page in enumerate(self.pages("/youtube/v3/commentThreads", params, MOST_PAGES), 1):
            yield from page
            is_old = page and since and created_at(page[-1]["snippet"]["topLevelComment"]) < since - OVERLAP
            if number >= RECENT_PAGES and is_old:
                return

    def _comments_of(self, thread: Mapping[str, Any], known: Mapping[str, Json]) -> Iterator[Message]:
        """A thread's comments; its replies are read one by one where YouTube told but a few of them."""
        yield self._message(thread["snippet"]["topLevelComment"], thread)
        told = told_of(thread)
        if has_more(thread) and known.get(thread["id"]) != total_of(thread):
            told = list(self._replies(thread["id"]))
        for comment in told:
            yield self._message(comment, thread)

    def _replies(self, thread_id: str) -> Iterator[dict[str, Any]]:
        params = {"part": "snippet", "parentId": thread_id, "maxResults": "100", "textFormat": "plainText"}
        for page in self.pages("/youtube/v3/comments", params, MOST_PAGES):
            yield from page

    def _message(self, comment: Mapping[str, Any], thread: Mapping[str, Any]) -> Message:
        told = comment["snippet"]
        author_id = (told.get("authorChannelId") or {}).get("value", "")
        handle = str(told.get("authorDisplayName") or "")
        video_id = str(told.get("videoId") or thread["snippet"].get("videoId") or "")
        return Message(
            remote_id=comment["id"],
            kind="comment",
            text=str(told.get("textOriginal") or told.get("textDisplay") or ""),
            author=Author(author_id, handle.removeprefix("@"), handle, told.get("authorProfileImageUrl", "")),
            created_at=created_at(comment),
            permalink=f"{self.watch_url(video_id)}&lc={comment['id']}" if video_id else "",
            post_id=video_id,
            parent_id=str(told.get("parentId") or ""),
            thread_id=thread["id"],
            is_ours=author_id == self.connection.remote_id,
            is_hidden=told.get("moderationStatus") in HIDDEN,
            attachments=tuple(url for url in (told.get("imageUrl"),) if url),
        )

    # --- writing ---

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        """Answers stand one level deep, so one to an answer goes below the comment that began the thread."""
        thread_id = message.thread_id or message.parent_id or message.remote_id
        made = ledger.once(
            "reply",
            partial(self._reply, thread_id, text),
            find=partial(self._find_reply, thread_id, text),
        )
        return self._message({"id": made["id"], "snippet": made["snippet"]}, thread_of(message, thread_id))

    def _reply(self, thread_id: str, text: str) -> dict[str, Any]:
        body: Json = {"snippet": {"parentId": thread_id, "textOriginal": text}}
        return stored(self.call("POST", "/youtube/v3/comments", params={"part": "snippet"}, json=body).json)

    def _find_reply(self, thread_id: str, text: str, since: datetime) -> Json:
        return self._own_comment(self._replies(thread_id), text, since)

    def comment_on(self, video_id: str, text: str) -> Json:
        """Begin a thread on one's own video."""
        comment: Json = {"snippet": {"textOriginal": text}}
        about: Json = {
            "channelId": self.connection.remote_id, "videoId": video_id, "topLevelComment": comment
        }  # fmt: skip
        answer = self.call(
            "POST", "/youtube/v3/commentThreads", params={"part": "snippet"}, json={"snippet": about}
        )
        return {"id": answer.json["id"]}

    def find_comment_on(self, video_id: str, text: str, since: datetime) -> Json:
        params = {
            "part": "id,snippet", "videoId": video_id, "order": "time", "maxResults": "100",
            "textFormat": "plainText",
        }  # fmt: skip
        threads = (thread for page in self.pages("/youtube/v3/commentThreads", params, 3) for thread in page)
        found = self._own_comment((t["snippet"]["topLevelComment"] for t in threads), text, since)
        return {"id": found["id"]} if found else None

    def _own_comment(
        self, comments: Iterable[dict[str, Any]], text: str, since: datetime
    ) -> dict[str, Any] | None:
        """The comment of these words that the channel wrote since then; None where it surely did not."""
        for comment in comments:
            message = self._message(comment, {"id": "", "snippet": {}})
            is_new = message.created_at >= since - OVERLAP
            if message.is_ours and is_new and message.text.split() == text.split():
                return stored(comment)
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("YouTube may have the comment and not show it yet.")
        return None

    def moderate(self, message: Message, action: Moderation) -> None:
        """Hidden ones wait for review again; somebody else's is deleted by rejecting it."""
        with suppress(NotFound):
            if action == "delete" and message.is_ours:
                repeatable(
                    partial(self.call, "DELETE", "/youtube/v3/comments", params={"id": message.remote_id})
                )
            else:
                status = {"id": message.remote_id, "moderationStatus": STATUSES[action]}
                path = "/youtube/v3/comments/setModerationStatus"
                repeatable(partial(self.call, "POST", path, params=status))


def moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def created_at(comment: Mapping[str, Any]) -> datetime:
    return moment(comment["snippet"]["publishedAt"])


def told_of(thread: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The few replies that come with a thread."""
    return (thread.get("replies") or {}).get("comments") or []


def total_of(thread: Mapping[str, Any]) -> int:
    return int(thread["snippet"].get("totalReplyCount") or 0)


def has_more(thread: Mapping[str, Any]) -> bool:
    return total_of(thread) > len(told_of(thread))


def thread_of(message: Message, thread_id: str) -> dict[str, Any]:
    return {"id": thread_id, "snippet": {"videoId": message.post_id}}


def stored(comment: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a comment that was written."""
    return {"id": comment["id"], "snippet": dict(comment["snippet"])}
