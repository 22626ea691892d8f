"""Bluesky's numbers: live counts on posts and profiles; it has no views, no reach and no history."""

from typing import Any, ClassVar

from platforms._bluesky_repo import BlueskyRepo
from platforms.content import Metric, Metrics, Published
from platforms.errors import NotFound

AT_ONCE = 25
POST_COUNTS: dict[str, Metric] = {
    "likeCount": "likes",
    "repostCount": "reposts",
    "quoteCount": "quotes",
    "replyCount": "comments",
    "bookmarkCount": "saves",
}
ACCOUNT_COUNTS: dict[str, Metric] = {"followersCount": "followers", "postsCount": "posts"}


class BlueskyNumbers(BlueskyRepo):
    post_numbers: ClassVar[tuple[Metric, ...]] = tuple(POST_COUNTS.values())
    account_numbers: ClassVar[tuple[Metric, ...]] = tuple(ACCOUNT_COUNTS.values())

    def views(self, uris: list[str]) -> list[dict[str, Any]]:
        """Posts as the public sees them; one that is not there is left out."""
        found: list[dict[str, Any]] = []
        for first in range(0, len(uris), AT_ONCE):
            asked = [("uris", uri) for uri in uris[first : first + AT_ONCE]]
            found += self._xrpc("GET", "app.bsky.feed.getPosts", params=asked).json.get("posts") or []
        return found

    def post_metrics(self, published: Published) -> Metrics:
        """The counts of all parts together; that each part answers the one before is nobody's comment."""
        uris = list(published.part_ids or (published.remote_id,))
        posts = self.views(uris)
        if not posts:
            raise NotFound("The post is not on Bluesky any more.")
        told = {name for post in posts for name in POST_COUNTS if isinstance(post.get(name), int)}
        raw = {name: sum(post.get(name) or 0 for post in posts) for name in told}
        values = {ours: float(raw[theirs]) for theirs, ours in POST_COUNTS.items() if theirs in raw}
        if "comments" in values:
            values["comments"] = max(values["comments"] - (len(posts) - 1), 0.0)
        return Metrics(values, dict(raw))

    def account_metrics(self) -> Metrics:
        shown = self._xrpc("GET", "app.bsky.actor.getProfile", params={"actor": self.did}).json
        raw = {name: shown[name] for name in (*ACCOUNT_COUNTS, "followsCount") if name in shown}
        values = {ours: float(raw[theirs]) for theirs, ours in ACCOUNT_COUNTS.items() if theirs in raw}
        return Metrics(values, raw)
