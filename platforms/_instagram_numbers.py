"""Instagram's numbers: of posts by their kind (a metric that does not fit is refused), and of the account."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from platforms._instagram_login import InstagramLogin
from platforms.content import Json, Metric, Metrics, Published
from platforms.errors import InvalidContent, NotFound, PermissionMissing

COMMON = ("views", "reach", "shares", "total_interactions")
FEED = (*COMMON, "likes", "comments", "saved", "reposts", "follows", "profile_visits", "profile_activity")
REEL = (
    *(*COMMON, "likes", "comments", "saved", "reposts"),
    *("ig_reels_avg_watch_time", "ig_reels_video_view_total_time"),
)
STORY = (*COMMON, "replies", "follows", "profile_visits", "profile_activity")
STORY_BY_FACEBOOK = ("link_clicks",)
DAILY = (
    *("reach", "views", "likes", "comments", "shares", "saves", "reposts"),
    *("total_interactions", "profile_links_taps"),
)
MANY_FOLLOWERS = 100  # below, Instagram does not tell who came

# By Instagram's names: our words, and what one of its units is in ours.
WORDS: Mapping[str, tuple[Metric, float]] = {
    "views": ("views", 1),
    "reach": ("reach", 1),
    "likes": ("likes", 1),
    "like_count": ("likes", 1),
    "comments": ("comments", 1),
    "comments_count": ("comments", 1),
    "replies": ("comments", 1),
    "shares": ("shares", 1),
    "reposts": ("reposts", 1),
    "saved": ("saves", 1),
    "saves": ("saves", 1),
    "total_interactions": ("engagements", 1),
    "profile_activity": ("clicks", 1),
    "link_clicks": ("clicks", 1),
    "profile_links_taps": ("clicks", 1),
    "follows": ("new_followers", 1),
    "follower_count": ("new_followers", 1),
    "profile_visits": ("profile_views", 1),
    "ig_reels_video_view_total_time": ("watch_seconds", 0.001),
    "ig_reels_avg_watch_time": ("average_watch_seconds", 0.001),
    "followers_count": ("followers", 1),
    "media_count": ("posts", 1),
}


class InstagramNumbers(InstagramLogin):
    post_numbers: ClassVar[tuple[Metric, ...]] = (
        *("views", "reach", "likes", "comments", "shares", "reposts", "saves", "clicks", "engagements"),
        *("watch_seconds", "average_watch_seconds", "new_followers", "profile_views"),
    )
    account_numbers: ClassVar[tuple[Metric, ...]] = (
        *("followers", "new_followers", "posts", "views", "reach", "likes", "comments", "shares", "reposts"),
        *("saves", "clicks", "engagements"),
    )
    account_days: ClassVar[int] = 1

    def post_metrics(self, published: Published) -> Metrics:
        fields = {"fields": "media_product_type,like_count,comments_count"}
        media = self.graph("GET", published.remote_id, params=fields).json
        product = media.get("media_product_type")
        names = {"STORY": STORY, "REELS": REEL}.get(str(product), FEED)
        if product == "STORY":
            names += STORY_BY_FACEBOOK if self.is_by_facebook else ()
        raw: dict[str, Json] = {
            name: media[name] for name in ("like_count", "comments_count") if name in media
        }
        # Few viewers, or no right to read insights: the plain counts are there all the same.
        with suppress(NotFound, PermissionMissing):
            raw |= self._insights(published.remote_id, names)
        return told(raw)

    def account_metrics(self) -> Metrics:
        fields = {"fields": "followers_count,media_count"}
        row = self.graph("GET", self.me, params=fields).json
        raw: dict[str, Json] = {name: row[name] for name in ("followers_count", "media_count") if name in row}
        with suppress(PermissionMissing):
            raw |= self._insights(self.me, DAILY, period="day", metric_type="total_value")
            if int(row.get("followers_count") or 0) >= MANY_FOLLOWERS:
                with suppress(InvalidContent):
                    raw |= self._insights(self.me, ("follower_count",), period="day")
        return told(raw)

    def _insights(self, node: str, names: Sequence[str], **params: Json) -> dict[str, Json]:
        asked: dict[str, Json] = {"metric": ",".join(names), **params}
        rows = self.graph("GET", f"{node}/insights", params=asked).json.get("data") or []
        return {str(row["name"]): value for row in rows if (value := _value(row)) is not None}


def _value(row: Mapping[str, Any]) -> float | None:
    """A metric's number: a total, or the newest of its values."""
    values = row.get("values") or [{}]
    value = (row.get("total_value") or values[-1]).get("value")
    return value if isinstance(value, int | float) else None


def told(raw: Mapping[str, Json]) -> Metrics:
    """Instagram's numbers by our words."""
    values: dict[Metric, float] = {}
    for name, (word, unit) in WORDS.items():
        value = raw.get(name)
        if isinstance(value, int | float) and word not in values:
            values[word] = value * unit
    return Metrics(values, dict(raw))
