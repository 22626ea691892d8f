"""YouTube's lists from the other side: channels, playlists, categories, and the reports of Analytics."""

import re
import secrets
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox import youtube_wire as yt
from platforms.sandbox.google import problem
from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.youtube_shown import CATEGORIES, is_done, living, privacy_of

CHANNEL_PARTS = ("id", "snippet", "statistics", "contentDetails", "status")
UNASSIGNABLE = {"18": "Short Movies", "21": "Videoblogging"}
MOST_ITEMS = 5000
LATENCY = timedelta(hours=48)  # of Analytics
MOST = {
    "views": 5200, "engagedViews": 4100, "likes": 340, "dislikes": 6, "comments": 40, "shares": 90,
    "estimatedMinutesWatched": 9000, "videosAddedToPlaylists": 55, "videosRemovedFromPlaylists": 4,
    "subscribersGained": 70, "subscribersLost": 9,
}  # fmt: skip
AVERAGES = {"averageViewDuration": 47, "averageViewPercentage": 61.5}

# --- channels ---


@yt.needs(yt.READING)
def channels(request: HttpRequest, grant: Grant) -> HttpResponse:
    """The grant's own channel; a Google account may have none."""
    yt.only(request, "part", "mine", "id", "forHandle", "managedByMe", "maxResults", "pageToken", "hl")
    parts = yt.parts_of(request, *CHANNEL_PARTS)
    by, me = yt.one_of(request, "mine", "id", "forHandle", "managedByMe"), yt.person_of(grant)
    people = Person.objects.filter(network=grant.network)
    found: dict[str, list[Person]] = {
        "mine": [] if me.facts.get("no_channel") else [me],
        "id": list(people.filter(remote_id__in=yt.words(request, "id"))),
        "forHandle": list(people.filter(handle=request.GET.get("forHandle", "").removeprefix("@"))),
        "managedByMe": [],
    }
    chosen = found[by]
    body: dict[str, Any] = {
        "kind": "youtube#channelListResponse",
        "etag": yt.etag(),
        "pageInfo": {"totalResults": len(chosen), "resultsPerPage": 5},
    }
    if chosen:
        body["items"] = [channel_json(request, person, parts) for person in chosen]
    return JsonResponse(body)


def channel_json(request: HttpRequest, person: Person, parts: set[str]) -> dict[str, Any]:
    facts, videos = person.facts, list(living(person.network).filter(person=person))
    picture = request.build_absolute_uri(reverse("sandbox-avatar", args=[person.network, person.handle]))
    told = {
        "snippet": {
            "title": person.name,
            "description": person.about,
            "customUrl": f"@{person.handle}",
            "publishedAt": "2020-01-01T00:00:00Z",
            "thumbnails": {"default": {"url": picture, "width": 88, "height": 88}},
            "country": facts.get("country", "DE"),
        },
        "contentDetails": {"relatedPlaylists": {"likes": "LL", "uploads": f"UU{person.remote_id[2:]}"}},
        "statistics": {
            "viewCount": str(
                sum(grown(video.pk, "views", MOST["views"], video.created_at) for video in videos)
            ),
            "subscriberCount": str(facts.get("subscribers", 0)),
            "hiddenSubscriberCount": facts.get("hides_subscribers", False),
            "videoCount": str(len(videos)),
        },
        "status": {
            "privacyStatus": "public",
            "isLinked": True,
            "longUploadsStatus": facts.get("long_uploads", "allowed"),
            "madeForKids": False,
        },
    }
    shown = {part: told[part] for part in told if part in parts}
    return {"kind": "youtube#channel", "etag": yt.etag(), "id": person.remote_id, **shown}


@yt.needs(yt.READING)
def categories(request: HttpRequest, _grant: Grant) -> HttpResponse:
    yt.only(request, "part", "regionCode", "id", "hl")
    yt.parts_of(request, "id", "snippet")
    if yt.one_of(request, "regionCode", "id") == "regionCode" and not re.fullmatch(
        "[A-Z]{2}", request.GET["regionCode"]
    ):
        raise yt.no("invalidFilters", "The regionCode parameter specifies an invalid region code.")
    items = [
        {
            "kind": "youtube#videoCategory",
            "etag": yt.etag(),
            "id": key,
            "snippet": {
                "title": title,
                "assignable": key in CATEGORIES,
                "channelId": "UCBR8-60-B28hp2BmDPdntcQ",
            },
        }
        for key, title in {**CATEGORIES, **UNASSIGNABLE}.items()
    ]
    return JsonResponse({"kind": "youtube#videoCategoryListResponse", "etag": yt.etag(), "items": items})


# --- playlists ---


@yt.needs(yt.READING)
def playlists(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "part", "mine", "id", "channelId", "maxResults", "pageToken", "hl")
    yt.parts_of(request, "id", "snippet", "status", "contentDetails")
    yt.one_of(request, "mine", "id", "channelId")
    rows = yt.person_of(grant).facts.get("playlists", [])
    return yt.listed(request, "playlistListResponse", rows, playlist_json, most=50, usual=5)


@yt.needs(yt.MANAGING, price=50)
def add_playlist(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "part")
    yt.parts_of(request, "snippet", "status")
    said = yt.body_of(
        request, {"snippet": {"title": str, "description": str}, "status": {"privacyStatus": str}}
    )
    title = said.get("snippet", {}).get("title", "")
    if not title:
        raise problem(
            400, "playlistTitleRequired", "The request must specify a playlist title.", "youtube.playlist"
        )
    person = yt.person_of(grant)
    row = {"id": f"PL{secrets.token_urlsafe(24)}", "title": title, "items": []}
    person.facts.setdefault("playlists", []).append(row)
    person.save(update_fields=["facts"])
    return JsonResponse(playlist_json(row))


def playlist_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "youtube#playlist",
        "etag": yt.etag(),
        "id": row["id"],
        "snippet": {"title": row["title"], "description": "", "publishedAt": "2024-05-01T08:00:00Z"},
        "status": {"privacyStatus": "public"},
        "contentDetails": {"itemCount": len(row["items"])},
    }


@yt.needs(yt.READING)
def playlist_items(request: HttpRequest, grant: Grant) -> HttpResponse:
    """What a playlist holds. That of the uploads shows a video `index_lag` seconds late."""
    yt.only(request, "part", "playlistId", "id", "videoId", "maxResults", "pageToken")
    yt.parts_of(request, "id", "snippet", "contentDetails", "status")
    yt.one_of(request, "playlistId", "id")
    wanted, person = request.GET.get("playlistId", ""), yt.person_of(grant)
    if wanted == f"UU{person.remote_id[2:]}":
        late = timezone.now() - timedelta(seconds=person.facts.get("index_lag", 0))
        rows = [
            uploads_row(entry) for entry in living(grant.network).filter(person=person, created_at__lte=late)
        ]
    else:
        rows = playlist_of(person, wanted)["items"]
    rows = [row for row in rows if request.GET.get("videoId") in {None, row["video"]}]

    def show(row: dict[str, Any]) -> dict[str, Any]:
        return item_json(grant, wanted, row)

    return yt.listed(request, "playlistItemListResponse", rows, show, most=50, usual=5)


def uploads_row(entry: Entry) -> dict[str, Any]:
    return {"id": f"UU{entry.remote_id}", "video": entry.remote_id, "at": yt.stamp(entry.created_at)}


def playlist_of(person: Person, playlist_id: str) -> dict[str, Any]:
    for row in person.facts.get("playlists", []):
        if row["id"] == playlist_id:
            found: dict[str, Any] = row
            return found
    raise yt.no("playlistNotFound")


@yt.needs(yt.MANAGING, price=50)
def add_playlist_item(request: HttpRequest, grant: Grant) -> HttpResponse:
    yt.only(request, "part")
    yt.parts_of(request, "snippet", "contentDetails", "status")
    resource = {"kind": str, "videoId": str}
    said = yt.body_of(request, {"snippet": {"playlistId": str, "position": int, "resourceId": resource}})
    said = said.get("snippet", {})
    person = yt.person_of(grant)
    playlist = playlist_of(person, said.get("playlistId", ""))
    video_id = said.get("resourceId", {}).get("videoId", "")
    if said.get("resourceId", {}).get("kind") != "youtube#video":
        raise yt.no("badRequest", "resourceId.kind")
    if not living(grant.network).filter(remote_id=video_id).exists():
        raise yt.no("videoNotFound")
    if any(item["video"] == video_id for item in playlist["items"]):
        raise yt.no("videoAlreadyInPlaylist")
    if len(playlist["items"]) >= person.facts.get("playlist_items_at_most", MOST_ITEMS):
        raise yt.no("playlistContainsMaximumNumberOfVideos")
    row = {"id": f"PLI{secrets.token_urlsafe(24)}", "video": video_id, "at": yt.stamp(timezone.now())}
    playlist["items"].insert(said.get("position", len(playlist["items"])), row)
    person.save(update_fields=["facts"])
    return JsonResponse(item_json(grant, playlist["id"], row))


def item_json(grant: Grant, playlist_id: str, row: dict[str, Any]) -> dict[str, Any]:
    entry = living(grant.network).filter(remote_id=row["video"]).first()
    return {
        "kind": "youtube#playlistItem",
        "etag": yt.etag(),
        "id": row["id"],
        "snippet": {
            "publishedAt": row["at"],
            "channelId": yt.person_of(grant).remote_id,
            "title": entry.body["snippet"]["title"] if entry else "Deleted video",
            "playlistId": playlist_id,
            "resourceId": {"kind": "youtube#video", "videoId": row["video"]},
        },
        "contentDetails": {"videoId": row["video"], "videoPublishedAt": row["at"]},
        "status": {"privacyStatus": privacy_of(entry) if entry else "private"},
    }


# --- Analytics ---


@yt.needs(("yt-analytics.readonly",), bucket="reports")
def reports(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Totals of the channel or of some of its videos, two days late. (The sandbox knows no dimensions.)"""
    yt.only(request, "ids", "startDate", "endDate", "metrics", "dimensions", "filters", "sort", "maxResults")
    for name in ("ids", "startDate", "endDate", "metrics"):
        if not request.GET.get(name):
            raise problem(400, "required", f"Required parameter: {name}")
    person, metrics = yt.person_of(grant), request.GET["metrics"].split(",")
    if request.GET["ids"] not in {"channel==MINE", f"channel=={person.remote_id}"}:
        raise yt.no("forbidden")
    refuse_question(request, metrics)
    videos = living(grant.network).filter(person=person, created_at__lte=timezone.now() - LATENCY)
    if "filters" in request.GET:
        videos = videos.filter(remote_id__in=request.GET["filters"].removeprefix("video==").split(","))
    counted = [video for video in videos if is_done(video)]
    headers = [
        {
            "name": name,
            "columnType": "METRIC",
            "dataType": "FLOAT" if name in AVERAGES else "INTEGER",
        }
        for name in metrics
    ]
    rows = [[total(name, counted) for name in metrics]] if counted else []
    return JsonResponse({"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers, "rows": rows})


def refuse_question(request: HttpRequest, metrics: Iterable[str]) -> None:
    try:
        first, last = (date.fromisoformat(request.GET[name]) for name in ("startDate", "endDate"))
    except ValueError as error:
        raise problem(400, "badRequest", "Invalid value for a date.") from error
    for name in metrics:
        if name not in MOST and name not in AVERAGES:
            said = f"Unknown identifier ({name}) given in field parameters.metrics."
            raise problem(400, "badRequest", said)
    filters = request.GET.get("filters", "video==")
    if first > last or request.GET.get("dimensions") or not filters.startswith("video=="):
        said = (
            "The query is not supported. Check the documentation at https://developers.google.com/youtube/"
            "analytics/v2/available_reports for a list of supported queries."
        )
        raise problem(400, "badRequest", said)


def total(name: str, videos: list[Entry]) -> float:
    if name in AVERAGES:
        return AVERAGES[name]
    return sum(grown(video.pk, name, MOST[name], video.created_at + LATENCY) for video in videos)
