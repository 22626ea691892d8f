"""The numbers of a business profile: days of the Performance API. Of single posts Google tells none."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from platforms._google import CALIFORNIA, Google
from platforms.content import Json, Metric, Metrics

PERFORMANCE = "https://businessprofileperformance.googleapis.com"
DAYS = timedelta(days=30)
SEEN = (
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS",
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH",
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS",
    "BUSINESS_IMPRESSIONS_MOBILE_SEARCH",
)
CLICKED = ("WEBSITE_CLICKS", "CALL_CLICKS")
# Chats and food orders are deprecated, and not asked for.
DONE = (
    *CLICKED,
    "BUSINESS_DIRECTION_REQUESTS",
    "MESSAGING_CLICKS",
    "BUSINESS_BOOKINGS",
    "BUSINESS_FOOD_MENU_CLICKS",
)
SUMS: dict[Metric, tuple[str, ...]] = {"views": SEEN, "clicks": CLICKED, "engagements": DONE}


class GoogleBusinessNumbers(Google):
    account_numbers: ClassVar[tuple[Metric, ...]] = tuple(SUMS)

    def account_metrics(self) -> Metrics:
        """The sums of the last 30 days; the newest days are told late and are empty until then."""
        location = self.connection.remote_id.partition("/locations/")[2]
        path = f"{self.host(PERFORMANCE)}/v1/locations/{location}:fetchMultiDailyMetricsTimeSeries"
        today = datetime.now(CALIFORNIA).date()
        asked = [("dailyMetrics", name) for name in (*SEEN, *DONE)]
        days = [*day("dailyRange.startDate", today - DAYS), *day("dailyRange.endDate", today)]
        raw = dict(totals(self.call("GET", path, params=[*asked, *days]).json))
        values: dict[Metric, float] = {
            ours: sum(raw[name] for name in theirs if name in raw)
            for ours, theirs in SUMS.items()
            if any(name in raw for name in theirs)
        }
        return Metrics(values, {"days": DAYS.days, "daily_metrics": dict[str, Json](raw)})


def day(name: str, when: date) -> list[tuple[str, str]]:
    return [(f"{name}.{part}", str(getattr(when, part))) for part in ("year", "month", "day")]


def totals(body: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Each series and its sum. A day of nothing has no value; a metric that is not told is not here."""
    groups = body.get("multiDailyMetricTimeSeries") or []
    for series in (series for group in groups for series in group.get("dailyMetricTimeSeries") or []):
        days: Iterable[Mapping[str, Any]] = (series.get("timeSeries") or {}).get("datedValues") or []
        yield str(series.get("dailyMetric")), sum(int(told.get("value") or 0) for told in days)
