"""X's numbers from the other side: of posts, for everybody and for their owner, and of videos."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.x_wire import NETWORK, invalid, metered, not_found, person_of

OWNERS_DAYS = timedelta(days=30)
PUBLIC = {
    "retweet_count": 90,
    "reply_count": 60,
    "like_count": 700,
    "quote_count": 40,
    "bookmark_count": 110,
    "impression_count": 21_000,
}
OWNERS = {"url_link_clicks": 420, "user_profile_clicks": 230, "engagements": 1900}
WATCHED = {
    "video_views": 2600,
    "playback_start": 2600,
    "playback25": 1900,
    "playback50": 1400,
    "playback75": 1100,
    "playback_complete": 800,
    "watch_time_ms": 9_400_000,
    "play_from_tap": 300,
    "cta_url_clicks": 50,
    "cta_watch_clicks": 40,
}


def public_metrics(entry: Entry, *, new: bool) -> dict[str, int]:
    counts = {name: grown(entry.pk, name, most, entry.created_at) for name, most in PUBLIC.items()}
    answers = Entry.objects.filter(network=NETWORK, parent_id=entry.remote_id, deleted_at=None).count()
    counts["reply_count"] += answers + entry.notes.filter(deleted_at=None).count()
    counts["like_count"] += len(entry.body.get("likers", []))
    if new:
        counts["repost_count"] = counts.pop("retweet_count")
    return counts


def owners_metrics(entry: Entry, reader: Person) -> dict[str, int]:
    """For the author alone, and for thirty days."""
    if entry.person_id != reader.pk or timezone.now() - entry.created_at > OWNERS_DAYS:
        return {}
    counts = {name: grown(entry.pk, name, most, entry.created_at) for name, most in OWNERS.items()}
    seen = grown(entry.pk, "impression_count", PUBLIC["impression_count"], entry.created_at)
    return {"impression_count": seen, **counts}


def votes(entry: Entry) -> list[int]:
    poll = entry.body["poll"]
    return [grown(entry.pk, f"vote {label}", 240, entry.created_at) for label in poll["options"]]


@metered("GET /2/media/analytics", 300, "tweet.read", "users.read")
def media_analytics(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Of one's own videos, the whole time in one number; other granularities are not played."""
    known = {"media_keys", "start_time", "end_time", "granularity", "media_analytics.fields"}
    for name, value in request.GET.items():
        if name not in known:
            raise invalid(
                name, value, f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]"
            )
    start, end = moment(request, "start_time"), moment(request, "end_time")
    if start >= end:
        raise invalid("start_time", str(start), "start_time must be before end_time")
    if request.GET.get("granularity") != "total":
        raise invalid("granularity", request.GET.get("granularity", ""), "granularity must be total here")
    fields = request.GET.get("media_analytics.fields", "").split(",")
    for name in fields:
        if name not in WATCHED:
            raise invalid("media_analytics.fields", name, f"[{name}] is not one of [{','.join(WATCHED)}]")
    found, missing = [], []
    for key in request.GET.get("media_keys", "").split(","):
        row = video_of(key, person_of(grant))
        counts = row and {name: grown(row.pk, name, WATCHED[name], row.created_at) for name in fields}
        series = [{"timestamp": f"{start:%Y-%m-%dT%H:%M:%SZ}", "metrics": counts}]
        if counts:
            found.append({"media_key": key, "timestamped_metrics": series})
        else:
            missing.append(not_found("media", "media_keys", key))
    return JsonResponse({"data": found, **({"errors": missing} if missing else {})})


def video_of(key: str, person: Person) -> Upload | None:
    remote_id = key.partition("_")[2]
    own = Upload.objects.filter(network=NETWORK, person=person, content_type__startswith="video/")
    return own.filter(remote_id=remote_id, entries__isnull=False).first()


def moment(request: HttpRequest, name: str) -> datetime:
    found = parse_datetime(request.GET.get(name, ""))
    if found is None:
        raise invalid(name, request.GET.get(name, ""), f"{name} must be a date and a time")
    return found
