"""Facebook's numbers by our words. Meta drops metrics from time to time: one that is gone is left out."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from platforms._meta import NO_METRIC, GraphPlatform
from platforms.content import Json, Metric, Metrics
from platforms.errors import InvalidContent, NotFound, PermissionMissing

COUNTS = "shares,comments.limit(0).summary(true),reactions.limit(0).summary(true)"
POST: Mapping[str, Metric] = {
    "post_media_view": "views",
    "post_total_media_view_unique": "reach",
    "post_clicks": "clicks",
}
MILLISECONDS: Mapping[str, Metric] = {
    "post_video_view_time": "watch_seconds",
    "post_video_avg_time_watched": "average_watch_seconds",
}
PLAYS = ("fb_reels_total_plays", "blue_reels_play_count")  # where a post tells no views
PAGE: Mapping[str, Metric] = {
    "page_media_view": "views",
    "page_total_media_view_unique": "reach",
    "page_post_engagements": "engagements",
    "page_total_actions": "clicks",
    "page_views_total": "profile_views",
    "page_daily_follows_unique": "new_followers",
}
POST_NUMBERS: tuple[Metric, ...] = (
    "views", "reach", "likes", "comments", "shares", "clicks", "watch_seconds", "average_watch_seconds",
)  # fmt: skip
PAGE_NUMBERS: tuple[Metric, ...] = ("followers", *PAGE.values())


def of_post(page: GraphPlatform, post_id: str, video_id: str) -> Metrics:
    """A post's numbers; those of its video too, where it has one."""
    counts: dict[str, Any] = {}
    with suppress(InvalidContent):  # stories have none
        counts = page.graph("GET", post_id, params={"fields": COUNTS}).json
    raw = {**insights(page, f"{post_id}/insights", POST), "counts": counts}
    values: dict[Metric, float] = {}
    if counts:  # shares are left out where there are none
        values["shares"] = (counts.get("shares") or {}).get("count", 0)
    totals: Mapping[Metric, Any] = {"likes": counts.get("reactions"), "comments": counts.get("comments")}
    values |= {word: told["summary"]["total_count"] for word, told in totals.items() if told}
    if video_id:
        raw |= insights(page, f"{video_id}/video_insights", [*PLAYS, *MILLISECONDS])
        values |= {word: raw[name] / 1000 for name, word in MILLISECONDS.items() if name in raw}
    values |= {word: raw[name] for name, word in POST.items() if name in raw}
    plays = next((raw[name] for name in PLAYS if name in raw), None)
    if plays is not None:
        values.setdefault("views", plays)
    return Metrics(values, raw)


def of_page(page: GraphPlatform) -> Metrics:
    """A Page's followers now, and what its last whole day brought."""
    page_id = page.connection.remote_id
    counts = page.graph("GET", page_id, params={"fields": "followers_count,fan_count"}).json
    raw = {**insights(page, f"{page_id}/insights", PAGE, period="day"), **counts}
    values: dict[Metric, float] = {word: raw[name] for name, word in PAGE.items() if name in raw}
    if "followers_count" in counts:
        values["followers"] = counts["followers_count"]
    return Metrics(values, raw)


def insights(page: GraphPlatform, path: str, names: Iterable[str], **params: Json) -> dict[str, Any]:
    """The metrics that are there. One unknown name spoils a whole list, so after that each is asked alone."""
    wanted = list(names)
    try:
        return _ask(page, path, wanted, params)
    except InvalidContent as error:
        if NO_METRIC not in error.detail:
            return {}  # not the kind of post that has any
    except (NotFound, PermissionMissing):
        return {}
    found: dict[str, Any] = {}
    for name in wanted:
        with suppress(InvalidContent, NotFound):
            found |= _ask(page, path, [name], params)
    return found


def _ask(page: GraphPlatform, path: str, names: list[str], params: Mapping[str, Json]) -> dict[str, Any]:
    rows = page.graph("GET", path, params={**params, "metric": ",".join(names)}).json.get("data") or []
    # A metric may come twice, for its lifetime and as a daily nought.
    rows.sort(key=lambda row: row.get("period") == "lifetime")
    return {row["name"]: row["values"][-1]["value"] for row in rows if row.get("values")}
