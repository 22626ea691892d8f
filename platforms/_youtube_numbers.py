"""YouTube's numbers: counters of the Data API as they stand, and what only Analytics knows, two days late."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from platforms._google import CALIFORNIA, Google
from platforms.content import Json, Metric, Metrics, Published
from platforms.errors import NotFound, Refused

ANALYTICS = "https://youtubeanalytics.googleapis.com"
BEGINNING = "2005-02-14"  # before the first video
COUNTERS: dict[str, Metric] = {"viewCount": "views", "likeCount": "likes", "commentCount": "comments"}
CHANNEL: dict[str, Metric] = {"viewCount": "views", "subscriberCount": "followers", "videoCount": "posts"}
REPORTED: dict[str, Metric] = {
    "shares": "shares",
    "videosAddedToPlaylists": "saves",
    "averageViewDuration": "average_watch_seconds",
}
ON_CHANNELS: dict[str, Metric] = {"likes": "likes", "comments": "comments", **REPORTED}
COMPUTED = ("estimatedMinutesWatched", "subscribersGained", "subscribersLost")


class YouTubeNumbers(Google):
    post_numbers: ClassVar[tuple[Metric, ...]] = (
        "views", "likes", "comments", "shares", "saves", "watch_seconds", "average_watch_seconds",
        "new_followers",
    )  # fmt: skip
    account_numbers: ClassVar[tuple[Metric, ...]] = (
        "followers", "posts", "views", "likes", "comments", "shares", "saves", "watch_seconds",
        "average_watch_seconds", "new_followers",
    )  # fmt: skip

    def post_metrics(self, published: Published) -> Metrics:
        asked = {"part": "statistics", "id": published.remote_id}
        items = self.call("GET", "/youtube/v3/videos", params=asked).json.get("items") or []
        if not items:
            raise NotFound("The video is not on YouTube any more.")
        report = self._report(REPORTED, f"video=={published.remote_id}")
        return metrics_of(items[0]["statistics"], COUNTERS, report, REPORTED)

    def account_metrics(self) -> Metrics:
        counters = dict(self.channel("statistics")["statistics"])
        if counters.get("hiddenSubscriberCount"):
            counters.pop("subscriberCount", None)
        return metrics_of(counters, CHANNEL, self._report(ON_CHANNELS), ON_CHANNELS)

    def channel(self, part: str) -> dict[str, Any]:
        """The one channel that the grant is for."""
        asked = {"part": part, "mine": "true"}
        items = self.call("GET", "/youtube/v3/channels", params=asked).json.get("items") or []
        if not items:
            raise NotFound(
                "This Google account has no YouTube channel.",
                action="Create a channel at youtube.com, or connect again and choose the one that has it.",
            )
        found: dict[str, Any] = items[0]
        return found

    def _report(self, wanted: Mapping[str, Metric], filters: str = "") -> dict[str, Json]:
        """Totals since the beginning; {} where Analytics has none yet, or does not answer such a question."""
        asked = {
            "ids": "channel==MINE",
            "startDate": BEGINNING,
            "endDate": datetime.now(CALIFORNIA).date().isoformat(),
            "metrics": ",".join([*wanted, *COMPUTED]),
        }
        if filters:
            asked["filters"] = filters
        try:
            body = self.call("GET", f"{self.host(ANALYTICS)}/v2/reports", params=asked).json
        except Refused:
            return {}
        rows = body.get("rows") or []
        names = [column["name"] for column in body.get("columnHeaders") or []]
        return dict(zip(names, rows[0], strict=True)) if rows else {}


def metrics_of(
    counters: Mapping[str, Any],
    counted: Mapping[str, Metric],
    report: Mapping[str, Json],
    reported: Mapping[str, Metric],
) -> Metrics:
    """Both sources by our words. Counters are strings, and missing where they are hidden."""
    values: dict[Metric, float] = {
        ours: number for theirs, ours in reported.items() if (number := number_in(report, theirs)) is not None
    }
    if (minutes := number_in(report, "estimatedMinutesWatched")) is not None:
        values["watch_seconds"] = minutes * 60
    gained, lost = number_in(report, "subscribersGained"), number_in(report, "subscribersLost")
    if gained is not None and lost is not None:
        values["new_followers"] = gained - lost
    values |= {ours: float(counters[theirs]) for theirs, ours in counted.items() if theirs in counters}
    return Metrics(values, {"statistics": dict(counters), "report": dict(report)})


def number_in(report: Mapping[str, Json], name: str) -> float | None:
    value = report.get(name)
    return float(value) if isinstance(value, int | float) else None
