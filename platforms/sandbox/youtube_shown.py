"""How YouTube's videos are shown to programs: their parts, numbers and state."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry
from platforms.sandbox.youtube_wire import etag, stamp

CATEGORIES = {
    "1": "Film & Animation", "2": "Autos & Vehicles", "10": "Music", "15": "Pets & Animals", "17": "Sports",
    "19": "Travel & Events", "20": "Gaming", "22": "People & Blogs", "23": "Comedy", "24": "Entertainment",
    "25": "News & Politics", "26": "Howto & Style", "27": "Education", "28": "Science & Technology",
}  # fmt: skip


def living(network: str) -> QuerySet[Entry]:
    return Entry.objects.filter(network=network, deleted_at=None).select_related("person")


def look_at(entry: Entry) -> None:
    """Processing is counted in looks."""
    if entry.body["looks"]:
        entry.body["looks"] -= 1
        entry.save(update_fields=["body"])


def privacy_of(entry: Entry) -> str:
    return str(entry.body.get("status", {}).get("privacyStatus", "public"))


def is_done(entry: Entry) -> bool:
    return not entry.body["looks"]


def video_json(request: HttpRequest, entry: Entry, parts: set[str], *, is_owner: bool) -> dict[str, Any]:
    """A video with the parts that were asked for."""
    told: dict[str, Callable[[], dict[str, Any]]] = {
        "snippet": lambda: snippet_json(request, entry),
        "status": lambda: status_json(entry, is_owner=is_owner),
        "contentDetails": lambda: content_json(entry),
        "statistics": lambda: statistics(entry, is_owner=is_owner),
        "processingDetails": lambda: processing_json(entry),
        "fileDetails": lambda: file_json(entry),
        "paidProductPlacementDetails": lambda: entry.body.get(
            "paidProductPlacementDetails", {"hasPaidProductPlacement": False}
        ),
        "brandPartner": lambda: partner_json(entry),
        "recordingDetails": lambda: entry.body.get("recordingDetails", {}),
        "localizations": dict,
    }
    shown = {part: tell() for part, tell in told.items() if part in parts}
    return {"kind": "youtube#video", "etag": etag(), "id": entry.remote_id, **shown}


def snippet_json(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    said = entry.body["snippet"]
    title, description = said["title"], said.get("description", "")
    return {
        "publishedAt": stamp(entry.created_at),
        "channelId": entry.person.remote_id,
        "channelTitle": entry.person.name,
        "thumbnails": thumbnails(request, entry),
        "categoryId": "22",
        "liveBroadcastContent": "none",
        "localized": {"title": title, "description": description},
        **said,
        "description": description,
    }


def status_json(entry: Entry, *, is_owner: bool) -> dict[str, Any]:
    said = entry.body.get("status", {})
    state = entry.body["state"] if is_done(entry) else "uploaded"
    shown = {
        "uploadStatus": state,
        "privacyStatus": "public",
        "license": "youtube",
        "embeddable": True,
        "publicStatsViewable": True,
        "madeForKids": said.get("selfDeclaredMadeForKids", False),
        **said,
    }
    if state in {"failed", "rejected"}:
        shown["failureReason" if state == "failed" else "rejectionReason"] = entry.body["reason"]
    if not is_owner:
        for name in ("selfDeclaredMadeForKids", "containsSyntheticMedia", "publishAt"):
            shown.pop(name, None)
    return shown


def content_json(entry: Entry) -> dict[str, Any]:
    seconds = round(entry.body["film"]["seconds"]) if is_done(entry) else 0
    minutes, rest = divmod(seconds, 60)
    length = "PT" + (f"{minutes}M" if minutes else "") + (f"{rest}S" if rest else "")
    return {
        "duration": length if seconds else "P0D",
        "dimension": "2d",
        "definition": "hd" if entry.body["film"]["height"] >= 720 else "sd",
        "caption": "false",
        "licensedContent": False,
        "projection": "rectangular",
        "hasCustomThumbnail": bool(entry.body.get("thumbnail")),
    }


def statistics(entry: Entry, *, is_owner: bool) -> dict[str, str]:
    """Counters, as strings; those of comments are missing where nobody can comment."""
    views = grown(entry.pk, "views", 5200, entry.created_at)
    shown = {
        "viewCount": str(views),
        "likeCount": str(grown(entry.pk, "likes", 340, entry.created_at)),
        "favoriteCount": "0",
    }
    if is_owner:
        shown["dislikeCount"] = str(grown(entry.pk, "dislikes", 6, entry.created_at))
    if can_be_commented(entry):
        shown["commentCount"] = str(entry.notes.filter(deleted_at=None, is_hidden=False).count())
    return shown


def can_be_commented(entry: Entry) -> bool:
    status = entry.body.get("status", {})
    is_open = not entry.body.get("comments_off") and not status.get("selfDeclaredMadeForKids")
    return is_open and privacy_of(entry) != "private"


def processing_json(entry: Entry) -> dict[str, Any]:
    if not is_done(entry):
        progress = {"partsTotal": "100", "partsProcessed": "40", "timeLeftMs": "9000"}
        return {"processingStatus": "processing", "processingProgress": progress}
    if entry.body["state"] == "processed":
        return {"processingStatus": "succeeded", "fileDetailsAvailability": "available"}
    return {"processingStatus": "failed", "processingFailureReason": "transcodeFailed"}


def file_json(entry: Entry) -> dict[str, Any]:
    film = entry.body["film"]
    return {
        "fileName": entry.body["file"]["name"],
        "fileSize": str(entry.body["file"]["size"]),
        "fileType": "video",
        "durationMs": str(int(film["seconds"] * 1000)),
        "videoStreams": [{"widthPixels": film["width"], "heightPixels": film["height"], "rotation": "none"}],
    }


def partner_json(entry: Entry) -> dict[str, Any]:
    """The partner by id, whatever it was given by."""
    partner = entry.body.get("brandPartner", {})
    if "channelHandle" in partner:
        digest = hashlib.sha256(partner["channelHandle"].encode()).hexdigest()
        return {"channelId": f"UC{digest[:22]}"}
    return dict(partner)


def thumbnails(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    name = entry.body.get("thumbnail")
    address = (
        reverse("sandbox-upload", args=[entry.network, name])
        if name
        else f"/vi/{entry.remote_id}/default.jpg"
    )
    sizes = {"default": (120, 90), "medium": (320, 180), "high": (480, 360)}
    if name:
        sizes |= {"standard": (640, 480), "maxres": (1280, 720)}
        sizes |= {"shortsAspectRatio": (1080, 1920)} if entry.body["film"]["is_short"] else {}
    url = request.build_absolute_uri(address)
    return {size: {"url": url, "width": width, "height": height} for size, (width, height) in sizes.items()}
