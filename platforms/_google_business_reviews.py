"""The reviews of a business profile and the one answer that each may have. Nothing else is written to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._google import Google
from platforms.content import Author, Inbox, Json, Message, MessageKind, Published
from platforms.errors import InvalidContent
from platforms.ledger import Ledger

MOST_PAGES = 10  # of 50 reviews each
OVERLAP = timedelta(minutes=10)
LONGEST = 4096  # bytes
STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}


class GoogleBusinessReviews(Google):
    message_kinds: ClassVar[tuple[MessageKind, ...]] = ("review",)
    replies_to: ClassVar[tuple[MessageKind, ...]] = ("review",)
    hooked_kinds: ClassVar[tuple[MessageKind, ...]] = ("review",)

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """Reviews that are new or were changed, and our answers to them.

        The newest page is always looked through: an answer may be written elsewhere, and be judged late.
        """
        since = moment(cursor["since"]) if cursor.get("since") else None
        told = cursor.get("seen")
        seen = told if isinstance(told, dict) else {}
        found = [self._message(written) for written in self._written(since)]

        def is_new(message: Message) -> bool:
            known = seen.get(key_of(message))
            is_recent = since is None or changed_at(message) > since - OVERLAP
            return known != version_of(message) and (is_recent or known is not None)

        news = sorted(filter(is_new, found), key=changed_at)
        newest = max((changed_at(message) for message in found), default=since)
        if newest is None:
            return Inbox(())
        return Inbox(
            tuple(news),
            {"since": newest.isoformat(), "seen": {key_of(each): version_of(each) for each in found}},
        )

    def _written(self, since: datetime | None) -> Iterator[dict[str, Any]]:
        """Reviews, the last changed first; each is followed by our answer, where there is one."""
        params = {"pageSize": "50", "orderBy": "updateTime desc"}
        path = f"/v4/{self.connection.remote_id}/reviews"
        for page in self.pages(path, params, MOST_PAGES, "reviews"):
            for review in page:
                yield review
                if reply := review.get("reviewReply"):
                    yield {"replyTo": review["name"], **reply}
            if since and page and moment(page[-1]["updateTime"]) < since - OVERLAP:
                return

    def _message(self, written: Mapping[str, Any]) -> Message:
        if "replyTo" in written:
            return self._answer(str(written["replyTo"]), written)
        reviewer = written.get("reviewer") or {}
        media = written.get("reviewMediaItems") or []
        return Message(
            remote_id=written["name"],
            kind="review",
            text=str(written.get("comment") or ""),
            author=Author(
                name=str(reviewer.get("displayName") or "Somebody"),
                avatar_url=str(reviewer.get("profilePhotoUrl") or ""),
            ),
            created_at=moment(written["createTime"]),
            permalink=str(self.connection.limits.get("url") or ""),
            thread_id=written["name"],
            rating=STARS.get(str(written.get("starRating"))),
            attachments=tuple(
                url for item in media if (url := item.get("videoUrl") or item.get("thumbnailUrl"))
            ),
            extra={"updated_at": str(written["updateTime"])},
        )

    def _answer(self, review: str, reply: Mapping[str, Any]) -> Message:
        state = str(reply.get("reviewReplyState") or "")
        return Message(
            remote_id=f"{review}/reply",
            kind="review",
            text=str(reply.get("comment") or ""),
            author=Author(self.connection.remote_id, self.connection.handle, self.connection.handle),
            created_at=moment(reply["updateTime"]),
            parent_id=review,
            thread_id=review,
            is_ours=True,
            is_hidden=state in {"PENDING", "REJECTED"},
            extra={
                "updated_at": str(reply["updateTime"]),
                "state": state,
                "violation": str(reply.get("policyViolation") or ""),
            },
        )

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        """Put the one answer that a review may have in place; what stood there before is replaced."""
        if (over := len(text.encode()) - LONGEST) > 0:
            raise InvalidContent(
                f"The answer is {over} bytes too long for Google ({LONGEST} are allowed).",
                action="Shorten it.",
            )
        review = message.parent_id or message.remote_id
        put = partial(self._put_reply, review, text)
        return self._answer(review, ledger.repeat("reply", put))

    def _put_reply(self, review: str, text: str) -> dict[str, Any]:
        return self.call("PUT", f"/v4/{review}/reply", json={"comment": text}).json


def moment(written: object) -> datetime:
    return datetime.fromisoformat(str(written))


def changed_at(message: Message) -> datetime:
    return moment(message.extra["updated_at"])


def key_of(message: Message) -> str:
    """A short name among the profile's own."""
    return message.remote_id.partition("/reviews/")[2]


def version_of(message: Message) -> str:
    return f"{message.extra['updated_at']} {message.extra.get('state', '')}".strip()
