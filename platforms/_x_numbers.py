"""X's numbers in our words. What only the owner may see is told for 30 days."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from platforms._x import entity, moment_of
from platforms._x_api import XApi
from platforms.content import Json, Metric, Metrics, Published
from platforms.errors import NotFound, Refused

OWNERS_DAYS = timedelta(days=29)  # X says 30; the last one may have passed there already
PUBLIC: Mapping[str, Metric] = {
    "impression_count": "views",
    "like_count": "likes",
    "reply_count": "comments",
    "retweet_count": "reposts",
    "repost_count": "reposts",
    "quote_count": "quotes",
    "bookmark_count": "saves",
}
OWNERS: Mapping[str, Metric] = {
    "url_link_clicks": "clicks",
    "user_profile_clicks": "profile_clicks",
    "engagements": "engagements",
}
ACCOUNT: Mapping[str, Metric] = {"followers_count": "followers", "tweet_count": "posts"}


class XNumbers(XApi):
    post_numbers: ClassVar[tuple[Metric, ...]] = (
        "views", "likes", "comments", "reposts", "quotes", "saves", "clicks", "profile_clicks",
        "engagements", "watch_seconds",
    )  # fmt: skip
    account_numbers: ClassVar[tuple[Metric, ...]] = ("followers", "posts")

    def post_metrics(self, published: Published) -> Metrics:
        """The numbers of a post, or of all posts of a thread together."""
        ids = published.part_ids or (published.remote_id,)
        posts = self._counted(ids)
        if not posts:
            raise NotFound("X does not have this post any more.")
        counts: dict[str, Json] = summed(counts_of(post) for post in posts)
        values: dict[Metric, float] = {}
        for names in (PUBLIC, OWNERS):
            values |= {ours: float(counts[theirs]) for theirs, ours in names.items() if theirs in counts}  # type: ignore[arg-type]
        if "comments" in values:  # a thread answers itself
            values["comments"] = max(0.0, values["comments"] - (len(posts) - 1))
        watched = self._watched(posts)
        return Metrics({**values, **watched}, counts | {"parts": len(posts)})

    def _counted(self, ids: tuple[str, ...]) -> list[dict[str, Any]]:
        """The posts with their counts; those for the owner alone are left out where X does not tell them."""
        is_young = moment_of(ids[0]) > datetime.now(UTC) - OWNERS_DAYS
        if is_young:
            try:
                posts = self._look_up(ids, "non_public_metrics")
            except Refused:
                posts = []
            if len(posts) == len(ids):
                return posts
        return self._look_up(ids)

    def _look_up(self, ids: tuple[str, ...], *more: str) -> list[dict[str, Any]]:
        fields = ("attachments", "public_metrics", *more)
        body = self.read_posts("/2/tweets", {"ids": ",".join(ids)}, fields, ("attachments.media_keys",))
        found: list[dict[str, Any]] = body.get("data") or []
        return found

    def _watched(self, posts: list[dict[str, Any]]) -> dict[Metric, float]:
        """For how long the videos were watched, where this app's plan lets it ask."""
        keys = [key for post in posts for key in (post.get("attachments") or {}).get("media_keys") or []]
        videos = [key for key in keys if key.startswith(("7_", "13_"))]
        if not videos:
            return {}
        params = {
            "media_keys": ",".join(videos),
            "start_time": stamp(moment_of(str(posts[0]["id"])) - timedelta(minutes=1)),
            "end_time": stamp(datetime.now(UTC)),
            "granularity": "total",
            "media_analytics.fields": "video_views,watch_time_ms",
        }
        try:
            told = self.call("GET", "/2/media/analytics", params=params).json.get("data") or []
        except Refused:
            return {}
        series = (moment.get("metrics") or {} for media in told for moment in media["timestamped_metrics"])
        milliseconds = [counts["watch_time_ms"] for counts in series if "watch_time_ms" in counts]
        return {"watch_seconds": sum(milliseconds) / 1000} if milliseconds else {}

    def account_metrics(self) -> Metrics:
        user = entity(self.call("GET", "/2/users/me", params={"user.fields": "public_metrics"}))
        raw: dict[str, Json] = user.get("public_metrics") or {}
        values = {ours: float(raw[theirs]) for theirs, ours in ACCOUNT.items() if theirs in raw}  # type: ignore[arg-type]
        return Metrics(values, raw)


def counts_of(post: Mapping[str, Any]) -> dict[str, int]:
    return {**(post.get("non_public_metrics") or {}), **(post.get("public_metrics") or {})}


def summed(many: Iterable[Mapping[str, int]]) -> dict[str, Any]:
    total: dict[str, int] = {}
    for counts in many:
        for name, value in counts.items():
            total[name] = total.get(name, 0) + value
    return total


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
