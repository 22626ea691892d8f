"""Pinterest's numbers in our words. Analytics reach 90 days back; a Pin itself tells its whole life."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from platforms.content import Json, Metric, Metrics

DAYS = 89  # analytics begin 90 days ago at most
EVERY_TYPE = (
    "IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "SAVE_RATE", "TOTAL_COMMENTS", "TOTAL_REACTIONS",
)  # fmt: skip
PIN_TYPES = (*EVERY_TYPE, "USER_FOLLOW", "PROFILE_VISIT")
VIDEO_TYPES = (
    *EVERY_TYPE, "VIDEO_MRC_VIEW", "VIDEO_10S_VIEW", "QUARTILE_95_PERCENT_VIEW", "VIDEO_V50_WATCH_TIME",
    "VIDEO_START", "VIDEO_AVG_WATCH_TIME",
)  # fmt: skip
PIN_WORDS: Mapping[str, Metric] = {
    "IMPRESSION": "views",
    "TOTAL_REACTIONS": "likes",
    "TOTAL_COMMENTS": "comments",
    "SAVE": "saves",
    "OUTBOUND_CLICK": "clicks",
    "PROFILE_VISIT": "profile_clicks",
    "USER_FOLLOW": "new_followers",
    "VIDEO_V50_WATCH_TIME": "watch_seconds",
    "VIDEO_AVG_WATCH_TIME": "average_watch_seconds",
}
LIFETIME_WORDS: Mapping[str, Metric] = {
    "impression": "views",
    "reaction": "likes",
    "comment": "comments",
    "save": "saves",
    "clickthrough": "clicks",
}
ACCOUNT_TYPES = ("ENGAGEMENT", "IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE")
ACCOUNT_WORDS: Mapping[str, Metric] = {
    "IMPRESSION": "views",
    "ENGAGEMENT": "engagements",
    "OUTBOUND_CLICK": "clicks",
    "SAVE": "saves",
}
USER_WORDS: Mapping[str, Metric] = {
    "follower_count": "followers",
    "pin_count": "posts",
    "monthly_views": "views",
}
TOLD = frozenset({"READY", "ESTIMATE"})  # all other days have no numbers, which is not 0
MILLISECONDS = frozenset({"VIDEO_V50_WATCH_TIME", "VIDEO_AVG_WATCH_TIME"})


def window(days: int, types: tuple[str, ...]) -> dict[str, str]:
    """What is asked of analytics: the days up to today (UTC), and which numbers."""
    today = datetime.now(UTC).date()
    return {
        "start_date": (today - timedelta(days=days)).isoformat(),
        "end_date": today.isoformat(),
        "metric_types": ",".join(types),
    }


def is_video(pin: Mapping[str, Any]) -> bool:
    return (pin.get("media") or {}).get("media_type") == "video" or pin.get("creative_type") == "VIDEO"


def pin_metrics(pin: Mapping[str, Any], analytics: Mapping[str, Any]) -> Metrics:
    """A Pin's numbers: the larger where both its own life and the last 90 days tell one."""
    lifetime = (pin.get("pin_metrics") or {}).get("lifetime_metrics") or {}
    raw = totals(analytics)
    values = dict(told(raw, PIN_WORDS))
    for metric, value in told(lifetime, LIFETIME_WORDS):
        values[metric] = max(value, values.get(metric, 0))
    return Metrics(values, {"analytics": raw, "lifetime": lifetime})


def account_metrics(user: Mapping[str, Any], analytics: Mapping[str, Any]) -> Metrics:
    """An account's numbers; views, clicks and saves are those of the last 30 days."""
    raw = totals(analytics)
    values = {**dict(told(user, USER_WORDS)), **dict(told(raw, ACCOUNT_WORDS))}
    return Metrics(values, {"analytics": raw, "user": {name: user.get(name) for name in USER_WORDS}})


def totals(analytics: Mapping[str, Any]) -> dict[str, Json]:
    """The sums of a window, and what is told of the whole life; both, for neither holds all."""
    split = analytics.get("all") or next(iter(analytics.values()), None) or {}
    days = split.get("daily_metrics")
    is_told = days is None or any(day.get("data_status") in TOLD for day in days)
    return {
        **((split.get("summary_metrics") or {}) if is_told else {}),
        **(split.get("lifetime_metrics") or {}),
    }


def told(raw: Mapping[str, Any], words: Mapping[str, Metric]) -> Iterator[tuple[Metric, float]]:
    for name, metric in words.items():
        value = raw.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield metric, value / 1000 if name in MILLISECONDS else value
