"""One post of X: as it is sent, recognised in the account's own timeline, and taken down."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from platforms._x import comparable, entity, media_of, reference, text_of, without_names
from platforms._x_api import INDEX_LAG, XApi, next_of, pages
from platforms.content import Json, Part
from platforms.errors import NotFound, OutcomeUnknown, Unavailable
from platforms.ledger import Ledger

# Look-ups start this long before a try: clocks differ, and the try before may have been hidden for longer.
LOOKS_BACK = timedelta(minutes=10)
MOST_PAGES = 5  # of 100 posts each, in one look-up
FIELDS = ("attachments", "created_at", "entities", "note_post")
EXPANSIONS = ("attachments.media_keys", "referenced_posts")


@dataclass(frozen=True)
class Element:
    """One post: of a thread, or an answer to somebody. `more` and `about_media` are fields of the request."""

    part: Part
    media_ids: tuple[str, ...] | None = ()  # None: there are media, under ids that nobody remembers
    parent: str = ""
    more: Mapping[str, Json] = field(default_factory=dict)
    about_media: Mapping[str, Json] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Json]:
        body: dict[str, Json] = {"text": self.part.text} if self.part.text else {}
        if self.media_ids:
            body["media"] = {"media_ids": list(self.media_ids), **self.about_media}
        if self.parent:
            body["reply"] = {"in_reply_to_tweet_id": self.parent}
        return {**body, **self.more}

    def is_same(self, post: Mapping[str, Any]) -> bool:
        """Whether a post of the timeline is this one: the same text, or without text the same media."""
        if reference(post, "replied_to") != self.parent or not self._has_text_of(post):
            return False
        if self.media_ids is None and not self.part.text.strip():
            raise OutcomeUnknown("X shows a post of media alone; only a person can tell which.")
        return bool(self.part.text.strip()) or set(media_of(post)) == set(self.media_ids or ())

    def _has_text_of(self, post: Mapping[str, Any]) -> bool:
        sent, shown = self.part.text, text_of(post)
        if self.parent:
            sent, shown = without_names(sent), without_names(shown)
        return comparable(sent) == comparable(shown)


class XPosts(XApi):
    def once(self, ledger: Ledger, step: str, element: Element, *, continues: bool = False) -> str:
        """The id of a post that is sent at most once. `continues`: it hangs on one of our own, just made."""
        do, find = partial(self._post, element, continues), partial(self.find_post, element)
        return str(ledger.once(step, do, find=find)["id"])

    def _post(self, element: Element, continues: bool) -> dict[str, Any]:
        try:
            return {"id": entity(self.call("POST", "/2/tweets", json=element.body))["id"]}
        except NotFound as error:
            if not continues:
                raise
            # For some seconds a new post is "not visible" to the reply that continues it.
            message = "X does not show the post before this one (yet)."
            raise Unavailable(message, status=error.status, detail=error.detail) from error

    def take_down(self, remote_id: str) -> None:
        try:
            self.call("DELETE", f"/2/tweets/{remote_id}")
        except NotFound:
            return

    # --- looking ---

    def find_post(self, element: Element, since: datetime) -> dict[str, Any] | None:
        for post in self.timeline(since):
            if element.is_same(post):
                return {"id": post["id"]}
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("X may have the post and not show it yet.")
        return None

    def timeline(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """All that the account published since then, replies too."""
        start = (since - LOOKS_BACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        params = {"max_results": "100", "start_time": start}
        path = f"/2/users/{self.connection.remote_id}/tweets"
        ask = partial(self.read_posts, path, fields=FIELDS, expansions=EXPANSIONS)
        page: dict[str, Any] = {}
        for page in pages(ask, params, MOST_PAGES):
            yield from page.get("data", [])
        if next_of(page):
            raise OutcomeUnknown("The account published too much since then to look through all of it.")
