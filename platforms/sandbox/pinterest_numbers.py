"""Pinterest's analytics from the other side: by the day, late by two days, and for business accounts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import insights
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.pinterest_wire import NETWORK, asks, invalid, no, person_of

MOST = {
    "IMPRESSION": 4000, "PIN_CLICK": 420, "OUTBOUND_CLICK": 180, "SAVE": 240, "USER_FOLLOW": 12,
    "PROFILE_VISIT": 60, "VIDEO_MRC_VIEW": 1500, "VIDEO_10S_VIEW": 600, "QUARTILE_95_PERCENT_VIEW": 300,
    "VIDEO_START": 2200, "VIDEO_V50_WATCH_TIME": 9_000_000, "TOTAL_REACTIONS": 60, "TOTAL_COMMENTS": 9,
}  # fmt: skip
LIFE = {"pin_click": "PIN_CLICK", "impression": "IMPRESSION", "clickthrough": "OUTBOUND_CLICK"}
WHOLE_LIFE = {"reaction": "TOTAL_REACTIONS", "comment": "TOTAL_COMMENTS"}
BOTH = {"IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "SAVE_RATE"}
TOTALS = {"TOTAL_COMMENTS", "TOTAL_REACTIONS"}
PICTURES = {"USER_FOLLOW", "PROFILE_VISIT"}
VIDEOS = {
    "VIDEO_MRC_VIEW", "VIDEO_10S_VIEW", "QUARTILE_95_PERCENT_VIEW", "VIDEO_V50_WATCH_TIME", "VIDEO_START",
    "VIDEO_AVG_WATCH_TIME",
}  # fmt: skip
ACCOUNT = {
    "ENGAGEMENT", "ENGAGEMENT_RATE", "IMPRESSION", "OUTBOUND_CLICK", "OUTBOUND_CLICK_RATE", "PIN_CLICK",
    "PIN_CLICK_RATE", "SAVE", "SAVE_RATE",
}  # fmt: skip
ENGAGEMENT = ("PIN_CLICK", "OUTBOUND_CLICK", "SAVE")
LATE = timedelta(days=2)
Numbers = Mapping[str, float]


def count(entry: Entry, name: str) -> int:
    """How much of something a Pin has by now."""
    return insights.grown(entry.pk, name, MOST[name], entry.created_at)


def life(entry: Entry) -> dict[str, Any]:
    """`pin_metrics`: what a Pin tells of itself."""
    short = {name: count(entry, long) for name, long in LIFE.items()}
    return {
        "90d": short,
        "lifetime_metrics": {**short, **{k: count(entry, v) for k, v in WHOLE_LIFE.items()}},
    }


# --- one Pin ---


@asks("org_analytics", "boards:read", "pins:read")
def pin_analytics(request: HttpRequest, grant: Grant, pin_id: str) -> HttpResponse:
    person = business(grant)
    entry = Entry.objects.filter(network=NETWORK, remote_id=pin_id, deleted_at=None).first()
    if entry is None:
        raise no("404/50")
    if entry.person != person:
        raise no("401/7")
    is_video = entry.body["media_type"] == "video"
    names = asked(request)
    if wrong := names & (PICTURES if is_video else VIDEOS):
        raise invalid(f"metric_types: {sorted(wrong)} do not belong to this Pin")
    known = names & (BOTH | TOTALS | (VIDEOS if is_video else PICTURES))
    told = by_day([entry], span(request), known - TOTALS)
    told["lifetime_metrics"] = {name: count(entry, name) for name in known & TOTALS}
    return JsonResponse({"all": told})


# --- the account ---


@asks("org_analytics", "user_accounts:read")
def account_analytics(request: HttpRequest, grant: Grant) -> HttpResponse:
    names = asked(request) if "metric_types" in request.GET else ACCOUNT
    pins = Entry.objects.filter(network=NETWORK, person=business(grant), deleted_at=None)
    return JsonResponse({"all": by_day(list(pins), span(request), names & ACCOUNT)})


# --- what both share ---


def business(grant: Grant) -> Person:
    person = person_of(grant)
    if person.facts.get("account_type") != "BUSINESS":
        raise no("403/403")
    return person


def asked(request: HttpRequest) -> set[str]:
    names = set(filter(None, request.GET.get("metric_types", "").split(",")))
    if not names:
        raise invalid("'metric_types' is a required property")
    return names


def span(request: HttpRequest) -> tuple[date, date]:
    try:
        start, end = (date.fromisoformat(request.GET.get(name, "")) for name in ("start_date", "end_date"))
    except ValueError as error:
        raise invalid("start_date and end_date are days, as 2026-11-01") from error
    if not timezone.now().date() - timedelta(days=90) <= start <= end or end - start > timedelta(days=90):
        raise invalid("start_date lies at most 90 days back, and end_date behind it")
    return start, end


def by_day(entries: list[Entry], days: tuple[date, date], names: set[str]) -> dict[str, Any]:
    """Each day with its state, and the sum of those that are ready."""
    first, last = days
    rows = [day_of(entries, first + timedelta(days=n), names) for n in range((last - first).days + 1)]
    ready = [row for row in rows if row["data_status"] == "READY"]
    plain = plain_names(names)
    summed = {name: sum(counted(entries, row["date"], name) for row in ready) for name in plain}
    return {"daily_metrics": rows, "summary_metrics": worked_out(summed, names)}


def day_of(entries: list[Entry], day: date, names: set[str]) -> dict[str, Any]:
    """One day; those that are not ready show 0, which means nothing."""
    if day > timezone.now().date() - LATE:
        status = "PROCESSING"
    elif all(day < entry.created_at.date() for entry in entries):
        status = "BEFORE_PIN_CREATED"
    else:
        status = "READY"
    counts = {
        name: counted(entries, day.isoformat(), name) if status == "READY" else 0
        for name in plain_names(names)
    }
    return {"date": day.isoformat(), "data_status": status, "metrics": worked_out(counts, names)}


def plain_names(names: Iterable[str]) -> set[str]:
    """What is counted; rates and averages are worked out of it."""
    return {"IMPRESSION", "VIDEO_START", "VIDEO_V50_WATCH_TIME", *ENGAGEMENT} | (set(names) & set(MOST))


def counted(entries: list[Entry], day: str, name: str) -> int:
    """How much came in on a day (UTC)."""
    midnight = datetime.combine(date.fromisoformat(day), time(), UTC)
    return sum(by(entry, name, midnight + timedelta(days=1)) - by(entry, name, midnight) for entry in entries)


def by(entry: Entry, name: str, moment: datetime) -> int:
    """How much a Pin had at a moment."""
    return insights.grown(entry.pk, name, MOST[name], entry.created_at + (timezone.now() - moment))


def worked_out(counts: Numbers, names: set[str]) -> Numbers:
    shown = max(counts["IMPRESSION"], 1)
    every = {
        **counts,
        "ENGAGEMENT": sum(counts[name] for name in ENGAGEMENT),
        "VIDEO_AVG_WATCH_TIME": counts["VIDEO_V50_WATCH_TIME"] / max(counts["VIDEO_START"], 1),
    }
    rates = {f"{name}_RATE": every[name] / shown for name in ("ENGAGEMENT", *ENGAGEMENT)}
    return {name: value for name, value in {**every, **rates}.items() if name in names}
