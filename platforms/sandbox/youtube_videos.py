"""YouTube's videos from the other side: uploads, what is said of them, processing, thumbnails, deletes."""

import hashlib
import re
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from platforms.sandbox import google, wire
from platforms.sandbox.models import Entry, Fault, Grant, Person, Upload
from platforms.sandbox.probing import Probed, probe
from platforms.sandbox.youtube_shown import (
    CATEGORIES,
    is_done,
    living,
    look_at,
    privacy_of,
    statistics,
    thumbnails,
    video_json,
)
from platforms.sandbox.youtube_wire import (
    MANAGING,
    READING,
    UPLOADING,
    body_of,
    etag,
    listed,
    needs,
    no,
    one_of,
    only,
    owned,
    parts_of,
    person_of,
    stamp,
    words,
)

WRITABLE: dict[str, Any] = {
    "snippet": {
        "title": str,
        "description": str,
        "tags": [str],
        "categoryId": str,
        "defaultLanguage": str,
        "defaultAudioLanguage": str,
    },
    "status": {
        "privacyStatus": str,
        "publishAt": str,
        "license": str,
        "embeddable": bool,
        "publicStatsViewable": bool,
        "selfDeclaredMadeForKids": bool,
        "containsSyntheticMedia": bool,
    },
    "paidProductPlacementDetails": {"hasPaidProductPlacement": bool},
    "brandPartner": {"channelId": str, "channelHandle": str},
    "recordingDetails": {"recordingDate": str},
}
PARTS = (*WRITABLE, "id", "contentDetails", "statistics", "processingDetails", "fileDetails", "localizations")
OWNERS_ONLY = {"processingDetails", "fileDetails"}
SHORT_SECONDS = 180.5
UNVERIFIED_SECONDS = 900.0
THUMBNAIL_BYTES = 52_428_800
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


# --- uploading ---


@needs(UPLOADING, bucket="videos")
def insert(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Open an upload session. What is said of the video is looked at now, its bytes when they are there."""
    only(request, "part", "notifySubscribers", "autoLevels", "stabilize")
    if request.GET.get("uploadType") != "resumable":
        raise no("mediaBodyRequired", "The sandbox takes resumable uploads only.")
    resource = body_of(request, WRITABLE)
    parts = parts_of(request, *PARTS)
    for part in resource:
        if part not in parts:
            raise no("unexpectedPart", f"The part parameter does not name {part}.")
    refuse_words(resource, is_new=True)
    kind = request.headers.get("X-Upload-Content-Type", "application/octet-stream")
    if not kind.startswith("video/") and kind != "application/octet-stream":
        raise google.problem(
            400,
            "badContent",
            f"Media type '{kind}' is not supported. Valid media types: [video/*, application/octet-stream]",
        )
    if person_of(grant).facts.get("uploads_are_used_up"):
        raise no("uploadLimitExceeded")
    return google.open_session(
        request, grant, {"resource": resource, "notify": request.GET.get("notifySubscribers") != "false"}
    )


def receive(request: HttpRequest, dialect: wire.Dialect) -> HttpResponse:
    """The bytes of a session. Its address suffices; a token that comes with it must be alive."""
    if wire.bearer(request):
        wire.grant_of(dialect, request)
    return google.take_bytes(request, dialect.network, lambda upload: finish(request, upload))


def finish(request: HttpRequest, upload: Upload) -> HttpResponse:
    """The video that an upload became; there is never more than one."""
    if "video" not in upload.facts:
        upload.facts["video"] = keep(upload).remote_id
        upload.content = b""  # the film lies with the video
        upload.save(update_fields=["facts", "content"])
    entry = (
        Entry.objects.filter(network=upload.network, remote_id=upload.facts["video"])
        .select_related("person")
        .first()
    )
    assert entry is not None  # noqa: S101
    parts = {"snippet", "status"}
    return JsonResponse(video_json(request, entry, parts, is_owner=True))


def keep(upload: Upload) -> Entry:
    """A new video with its film."""
    content = bytes(upload.content)
    found = probe(content)
    resource = upload.facts["metadata"]["resource"]
    remote_id = secrets.token_urlsafe(8)
    state, reason = verdict(upload, content, found)
    film = Upload.objects.create(
        network=upload.network,
        person=upload.person,
        remote_id=f"film-{remote_id}",
        content_type=found.content_type if found and found.is_video else upload.content_type,
        content=content,
    )
    entry = Entry.objects.create(
        network=upload.network,
        person=upload.person,
        remote_id=remote_id,
        text=resource.get("snippet", {}).get("description", ""),
        body={
            **resource,
            "looks": 1,
            "state": state,
            "reason": reason,
            "notify": upload.facts["metadata"]["notify"],
            "film": film_facts(found),
            "file": {
                "name": upload.facts["name"] or "unknown",
                "size": len(content),
                "hash": hash_of(content),
            },
        },
    )
    entry.attach([film])
    return entry


def verdict(upload: Upload, content: bytes, found: Probed | None) -> tuple[str, str]:
    """What processing will come to: a state, and a reason where it is a bad one."""
    facts = upload.person.facts
    if upload.facts["fault"] == Fault.Kind.PROCESSING_FAILS:
        return "failed", "conversion"
    if found is None or not found.is_video:
        return "failed", "invalidFile"
    if found.seconds > UNVERIFIED_SECONDS and facts.get("long_uploads", "allowed") != "allowed":
        return "rejected", "length"
    twins = living(upload.network).filter(person=upload.person, body__file__hash=hash_of(content))
    if facts.get("rejects_duplicates") and twins.exists():
        return "rejected", "duplicate"
    return "processed", ""


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def film_facts(found: Probed | None) -> dict[str, Any]:
    if found is None:
        return {"width": 0, "height": 0, "seconds": 0.0, "is_short": False}
    is_short = found.width <= found.height and found.seconds <= SHORT_SECONDS
    return {"width": found.width, "height": found.height, "seconds": found.seconds, "is_short": is_short}


# --- what may be said of a video ---


def refuse_words(resource: dict[str, Any], *, is_new: bool) -> None:
    if "snippet" in resource or is_new:
        refuse_snippet(resource.get("snippet", {}), is_new=is_new)
    if "status" in resource:
        refuse_status(resource["status"])
    partner = resource.get("brandPartner", {})
    if len(partner) > 1 or not re.fullmatch(r"UC[\w-]{22}|", partner.get("channelId", "")):
        raise no("badRequest", "The brand partner is given by one of channelId and channelHandle.")


def refuse_snippet(snippet: dict[str, Any], *, is_new: bool) -> None:
    title, description, tags = (
        snippet.get("title", ""),
        snippet.get("description", ""),
        snippet.get("tags", []),
    )
    if not title.strip() or len(title) > 100 or "<" in title or ">" in title:
        raise no("invalidTitle")
    if len(description.encode()) > 5000 or "<" in description or ">" in description:
        raise no("invalidDescription")
    total = sum(len(tag) + 2 * (" " in tag) for tag in tags) + max(len(tags) - 1, 0)
    if total > 500 or any("<" in tag or ">" in tag or not tag.strip() for tag in tags):
        raise no("invalidTags")
    if snippet.get("categoryId", "22" if is_new else "") not in CATEGORIES:
        raise no("invalidCategoryId")
    for name in ("defaultLanguage", "defaultAudioLanguage"):
        if name in snippet and not LANGUAGE.fullmatch(snippet[name]):
            raise no("invalidVideoMetadata", f"{name} is not a BCP-47 language.")


def refuse_status(status: dict[str, Any]) -> None:
    if status.get("privacyStatus", "public") not in {"public", "unlisted", "private"}:
        raise no("invalidVideoMetadata", "privacyStatus")
    if status.get("license", "youtube") not in {"youtube", "creativeCommon"}:
        raise no("invalidVideoMetadata", "license")
    if "publishAt" in status:
        moment = parse_datetime(status["publishAt"])
        if moment is None or moment.tzinfo is None or status.get("privacyStatus") != "private":
            raise no("invalidPublishAt")


# --- reading ---


@needs(READING)
def look_up(request: HttpRequest, grant: Grant) -> HttpResponse:
    only(request, "part", "id", "maxResults", "pageToken", "hl")
    parts = parts_of(request, *PARTS)
    one_of(request, "id")
    ids = words(request, "id")
    if len(ids) > 50:
        raise no("invalidFilters", "Too many ids: 50 at most.")
    found = {entry.remote_id: entry for entry in living(grant.network).filter(remote_id__in=ids)}
    entries = [found[video_id] for video_id in ids if video_id in found]
    seen = [entry for entry in entries if entry.person == grant.person or privacy_of(entry) != "private"]
    if OWNERS_ONLY & parts and any(entry.person != grant.person for entry in seen):
        raise no("forbidden", "The request cannot access user rating or processing information.")

    def show(entry: Entry) -> dict[str, Any]:
        shown = video_json(request, entry, parts, is_owner=entry.person == grant.person)
        if "processingDetails" in parts:
            look_at(entry)
        return shown

    return listed(request, "videoListResponse", seen, show, most=50, usual=50)


@needs(READING, bucket="batch")
def batch(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Numbers of many videos, in words of their own."""
    only(request, "part", "id")
    parts = parts_of(request, "id", "snippet", "contentDetails", "statistics")
    entries = living(grant.network).filter(remote_id__in=words(request, "id"))
    items = []
    for entry in entries:
        told = {
            "snippet": {"publishTime": stamp(entry.created_at)},
            "contentDetails": {"duration": f"{entry.body['film']['seconds']:.0f}s"},
            "statistics": statistics(entry, is_owner=False),
        }
        shown = {part: told[part] for part in told if part in parts}
        items.append({"kind": "youtube#videoStats", "etag": etag(), "id": entry.remote_id, **shown})
    return JsonResponse({"kind": "youtube#batchGetStatsResponse", "etag": etag(), "items": items})


# --- changing, deleting ---


def own(grant: Grant, video_id: str) -> Entry:
    """One's own video."""
    entry = living(grant.network).filter(remote_id=video_id).first()
    return owned(entry, entry.person if entry else None, grant, "videoNotFound")


@needs(MANAGING, price=50)
def update(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Every part that is named is replaced as a whole."""
    only(request, "part")
    parts = parts_of(request, *PARTS)
    resource = body_of(request, {"id": str, **WRITABLE})
    entry = own(grant, resource.pop("id", ""))
    for part in resource:
        if part not in parts:
            raise no("unexpectedPart", f"The part parameter does not name {part}.")
    if "snippet" in parts:
        resource.setdefault("snippet", {})
    refuse_words(resource, is_new=False)
    was = privacy_of(entry)
    entry.body |= {part: resource.get(part, {}) for part in parts if part in WRITABLE}
    if "publishAt" in entry.body.get("status", {}) and was != "private":
        raise no("invalidPublishAt")
    entry.text = entry.body["snippet"].get("description", "")
    entry.save(update_fields=["body", "text"])
    return JsonResponse(video_json(request, entry, parts, is_owner=True))


@needs(MANAGING, price=50)
def delete(request: HttpRequest, grant: Grant) -> HttpResponse:
    only(request, "id")
    entry = own(grant, request.GET.get("id", ""))
    Entry.objects.filter(pk=entry.pk).update(deleted_at=timezone.now())
    for playlist in playlists_of(entry.person):
        playlist["items"] = [item for item in playlist["items"] if item["video"] != entry.remote_id]
    entry.person.save(update_fields=["facts"])
    return HttpResponse(status=204)


def playlists_of(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.facts.setdefault("playlists", [])
    return found


@needs(UPLOADING, price=50)
def set_thumbnail(request: HttpRequest, grant: Grant) -> HttpResponse:
    """A picture for a video. One that is sent before a Short is processed is lost."""
    only(request, "videoId")
    if request.GET.get("uploadType") != "media":
        raise no("mediaBodyRequired", "The sandbox takes thumbnails as the body of the request only.")
    if request.content_type not in {"image/jpeg", "image/png", "application/octet-stream"}:
        raise google.problem(400, "badContent", f"Media type '{request.content_type}' is not supported.")
    entry = own(grant, request.GET.get("videoId", ""))
    if entry.person.facts.get("no_thumbnails"):
        raise no("thumbnailsForbidden")
    content = request.read()
    if not content:
        raise no("mediaBodyRequired")
    if len(content) > THUMBNAIL_BYTES:
        raise no("uploadTooLarge")
    found = probe(content)
    if found is None or found.content_type not in {"image/jpeg", "image/png"}:
        raise no("invalidImage")
    if is_done(entry) or not entry.body["film"]["is_short"]:
        name = f"thumb-{secrets.token_urlsafe(8)}"
        Upload.objects.create(
            network=grant.network,
            person=entry.person,
            remote_id=name,
            content=content,
            content_type=found.content_type,
        )
        entry.body["thumbnail"] = name
        entry.save(update_fields=["body"])
    items = [thumbnails(request, entry)]
    return JsonResponse({"kind": "youtube#thumbnailSetResponse", "etag": etag(), "items": items})
