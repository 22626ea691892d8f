"""X's media from the other side: in one piece, by the three paths, and by the older `command` form.

Pictures and GIFs: X says nothing of processing for them, so they are ready at once. A person's `processing`
(a number of looks), or the fault "media processing fails", makes them wait as videos do: the first look at
one finds it in progress, the next one done.
"""

import base64
import binascii
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from PIL import Image, UnidentifiedImageError

from platforms.sandbox import wire
from platforms.sandbox.models import Fault, Grant, Person, Upload
from platforms.sandbox.x_video import VIDEO_LOOKS, VIDEOS, film_of, shown_film, trouble_with
from platforms.sandbox.x_wire import NETWORK, Asked, invalid, metered, new_id, person_of, problem

MEGABYTE = 1024 * 1024
MOST_BYTES = {
    "tweet_image": 5 * MEGABYTE,
    "tweet_gif": 15 * MEGABYTE,
    "tweet_video": 16 * 1024 * MEGABYTE,
    "amplify_video": 16 * 1024 * MEGABYTE,
}
SEGMENT_BYTES = 5 * MEGABYTE
TYPES = {
    "JPEG": ("image/jpeg", "image/pjpeg"),
    "PNG": ("image/png",),
    "WEBP": ("image/webp",),
    "GIF": ("image/gif",),
}
KINDS = {
    "tweet_image": {"image/jpeg", "image/pjpeg", "image/png", "image/webp"},
    "tweet_gif": {"image/gif"},
    "tweet_video": VIDEOS,
    "amplify_video": VIDEOS,
}
KEY_OF = {"tweet_image": 3, "tweet_gif": 16, "tweet_video": 7, "amplify_video": 13}
BROKEN = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)
LIVES = timedelta(hours=24)
METADATA = {
    "allow_download_status", "alt_text", "audience_policy", "content_expiration", "domain_restrictions",
    "found_media_origin", "geo_restrictions", "management_info", "preview_image", "sensitive_media_warning",
    "shared_info", "sticker_info", "upload_source",
}  # fmt: skip

# --- the three paths ---


@metered("media upload", 1875, "media.write")
def initialize(request: HttpRequest, grant: Grant) -> HttpResponse:
    fields = only(request, "media_type", "media_category", "total_bytes", "shared", "additional_owners")
    return JsonResponse({"data": opened(person_of(grant), fields)})


@metered("media upload", 1875, "media.write")
def append(request: HttpRequest, grant: Grant, media_id: str) -> HttpResponse:
    fields = only(request, "segment_index", "media")
    return JsonResponse({"data": take_segment(open_upload(grant, media_id), request, fields)})


@metered("media upload", 1875, "media.write")
def finalize(request: HttpRequest, grant: Grant, media_id: str) -> HttpResponse:
    only(request)
    return JsonResponse({"data": finish(request, upload_of(grant, media_id))})


# --- one address for the rest: in one piece, by command, and the state ---


@metered("POST /2/media/upload", 500, "media.write")
def upload(request: HttpRequest, grant: Grant) -> HttpResponse:
    commands: dict[str, Callable[[HttpRequest, Grant], HttpResponse]] = {
        "": in_one_piece,
        "INIT": by_init,
        "APPEND": by_append,
        "FINALIZE": by_finalize,
    }
    command = str(wire.payload(request).get("command", ""))
    if command not in commands:
        raise invalid("command", command, f"$.command: [{command}] is not one of [INIT,APPEND,FINALIZE]")
    return commands[command](request, grant)


def in_one_piece(request: HttpRequest, grant: Grant) -> HttpResponse:
    fields = only(request, "media", "media_category", "media_type", "shared", "additional_owners")
    content = content_of(request, fields)
    kind = {"total_bytes": len(content), "media_type": sniffed(content), **fields}
    if kind.get("media_category") not in {"tweet_image", "tweet_gif"}:
        raise wrong_kind(str(kind.get("media_category", "")), str(kind["media_type"]))
    row = open_upload(grant, opened(person_of(grant), kind)["id"])
    keep_segment(row, 0, content)
    return JsonResponse({"data": finish(request, row)})


def by_init(request: HttpRequest, grant: Grant) -> HttpResponse:
    names = ("command", "media_type", "media_category", "total_bytes", "shared", "additional_owners")
    return JsonResponse({"data": opened(person_of(grant), only(request, *names))})


def by_append(request: HttpRequest, grant: Grant) -> HttpResponse:
    fields = only(request, "command", "media_id", "segment_index", "media")
    row = open_upload(grant, str(fields.get("media_id", "")))
    return JsonResponse({"data": take_segment(row, request, fields)})


def by_finalize(request: HttpRequest, grant: Grant) -> HttpResponse:
    fields = only(request, "command", "media_id")
    return JsonResponse({"data": finish(request, upload_of(grant, str(fields.get("media_id", ""))))})


@metered("GET /2/media/upload", 1000, "media.write")
def upload_status(request: HttpRequest, grant: Grant) -> HttpResponse:
    if request.GET.get("command") != "STATUS":
        raise invalid("command", request.GET.get("command", ""), "$.command: must be STATUS")
    row = upload_of(grant, request.GET.get("media_id", ""))
    if row.facts["state"] == "open":
        raise invalid("media_id", row.remote_id, "The media was not finalized.")
    if row.facts.get("looks"):
        row.facts["looks"] -= 1
        row.facts["state"] = "in_progress" if is_video(row) else "pending"
        if not row.facts["looks"]:
            row.facts["state"] = "failed" if row.facts.get("trouble") else "succeeded"
        row.save(update_fields=["facts"])
    return JsonResponse({"data": upload_body(row)})


# --- alternative text ---


@metered("POST /2/media/metadata", 500, "media.write")
def metadata(request: HttpRequest, grant: Grant) -> HttpResponse:
    fields = only(request, "id", "metadata")
    wanted = fields.get("metadata")
    if not isinstance(wanted, dict) or not wanted or set(wanted) - METADATA:
        raise invalid("metadata", wanted, "$.metadata: holds no known property, or an unknown one")
    row = upload_of(grant, str(fields.get("id", "")))
    if "alt_text" in wanted:
        alt = wanted["alt_text"]
        text = alt.get("text") if isinstance(alt, dict) and set(alt) == {"text"} else None
        if not isinstance(text, str) or not 1 <= len(text) <= 1000:
            raise invalid("metadata.alt_text.text", text, "$.metadata.alt_text.text: 1 to 1000 characters")
        row.alt = text
        row.save(update_fields=["alt"])
    return JsonResponse({"data": {"id": row.remote_id, "associated_metadata": wanted}})


# --- what the forms share ---


def only(request: HttpRequest, *names: str) -> dict[str, Any]:
    """The fields of a request, which are all known."""
    fields = {**wire.payload(request), **dict(request.FILES.items())}
    for name in fields:
        if name not in names:
            said = "is not defined in the schema and the schema does not allow additional properties"
            raise invalid(name, "", f"$.{name}: {said}")
    return fields


def opened(person: Person, fields: dict[str, Any]) -> dict[str, Any]:
    """A new upload, if its kind and size may become one."""
    category, content_type = fields.get("media_category", ""), fields.get("media_type", "")
    if content_type not in KINDS.get(category, ()):
        raise wrong_kind(category, content_type)
    total = str(fields.get("total_bytes", ""))
    if not total.isdigit() or not 0 < int(total) <= MOST_BYTES[category]:
        raise too_big(total, category)
    row = Upload.objects.create(
        network=NETWORK,
        person=person,
        remote_id=new_id(),
        content_type=content_type,
        facts={
            "state": "open",
            "category": category,
            "total": int(total),
            "expires_at": timezone.now().timestamp() + LIVES.total_seconds(),
        },
    )
    return {"id": row.remote_id, "media_key": media_key(row), "expires_after_secs": 86_399}


def wrong_kind(category: str, content_type: str) -> wire.Refusal:
    said = f"media type {content_type} does not go with [{category}]"
    return invalid("media_category", category, said)


def too_big(total: str, category: str) -> wire.Refusal:
    said = f"File size of {total or 'no'} bytes is not between 1 and {MOST_BYTES[category]} bytes."
    return invalid("media", total, said)


def upload_of(grant: Grant, media_id: str) -> Upload:
    """One's own upload that is still alive."""
    row = Upload.objects.filter(network=NETWORK, person=person_of(grant), remote_id=media_id).first()
    if row is None or row.facts["expires_at"] < timezone.now().timestamp():
        raise invalid("media_id", media_id, f"Invalid media id [{media_id}].")
    return row


def open_upload(grant: Grant, media_id: str) -> Upload:
    row = upload_of(grant, media_id)
    if row.facts["state"] != "open":
        raise invalid("media_id", media_id, "The media is finalized already.")
    return row


def take_segment(row: Upload, request: HttpRequest, fields: dict[str, Any]) -> dict[str, Any]:
    """Keep a piece; the same index again replaces it."""
    index = str(fields.get("segment_index", ""))
    if not index.isdigit() or int(index) > 999:
        raise invalid("segment_index", index, "$.segment_index: must be between 0 and 999")
    content = content_of(request, fields)
    if len(content) > SEGMENT_BYTES:
        raise problem(413, "Payload Too Large", "The segment is too large.")
    keep_segment(row, int(index), content)
    return {"expires_at": int(row.facts["expires_at"])}


def keep_segment(row: Upload, index: int, content: bytes) -> None:
    """Segments are rows of their own until all are there: a video has many."""
    Upload.objects.update_or_create(
        network=NETWORK,
        person=row.person,
        remote_id=f"{row.remote_id}/{index:03}",
        defaults={"content": content, "facts": {"state": "segment", "expires_at": 0}},
    )


def segments_of(row: Upload) -> QuerySet[Upload]:
    return Upload.objects.filter(
        network=NETWORK, person=row.person, remote_id__startswith=f"{row.remote_id}/"
    ).order_by("remote_id")


def content_of(request: HttpRequest, fields: dict[str, Any]) -> bytes:
    """The bytes of `media`: a file part, or base64 in JSON."""
    given = fields.get("media")
    if isinstance(given, UploadedFile):
        return bytes(given.read())
    try:
        if isinstance(given, str) and request.content_type == "application/json":
            return base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise invalid("media", "", "$.media: is not base64") from error
    raise invalid("media", "", "$.media: is missing but it is required")


def finish(request: HttpRequest, row: Upload) -> dict[str, Any]:
    """Put the pieces together and look whether they are what was promised.

    What X says the second time is not documented: the same, or a refusal where a person `finalizes_once`.
    """
    if row.facts["state"] != "open" and row.person.facts.get("finalizes_once"):
        raise invalid("media_id", row.remote_id, "The media is finalized already.")
    if row.facts["state"] != "open":
        return upload_body(row)
    content = b"".join(bytes(piece.content) for piece in segments_of(row))
    if len(content) != row.facts["total"]:
        raise invalid("media_id", row.remote_id, f"Segments do not add up to {row.facts['total']} bytes.")
    facts = film_of(content) if is_video(row) else picture_of(row, content)
    fails = request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS
    trouble = f"Unsupported {'video' if is_video(row) else 'picture'}." if fails else ""
    trouble = trouble or (trouble_with(facts) if is_video(row) else "")
    looks = row.person.facts.get("processing", 0) or (VIDEO_LOOKS if is_video(row) else int(fails))
    row.content = content
    row.facts |= {**facts, "looks": looks, "is_processed": bool(looks), "trouble": trouble}
    row.facts["state"] = "pending" if looks else "succeeded"
    row.save()
    segments_of(row).delete()
    return upload_body(row)


def is_video(row: Upload) -> bool:
    return row.content_type.startswith("video/")


def picture_of(row: Upload, content: bytes) -> dict[str, Any]:
    if row.content_type not in TYPES.get(sniffed_format(content), ()):
        raise invalid("media", row.remote_id, "media type unrecognized.")
    image = Image.open(io.BytesIO(content))
    return {"w": image.width, "h": image.height}


def sniffed_format(content: bytes) -> str:
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.verify()
            return image.format or ""
    except BROKEN:
        return ""


def sniffed(content: bytes) -> str:
    return TYPES.get(sniffed_format(content), ("",))[0]


def upload_body(row: Upload) -> dict[str, Any]:
    facts = row.facts
    body = {
        "id": row.remote_id,
        "media_key": media_key(row),
        "size": len(row.content),
        "expires_after_secs": int(facts["expires_at"] - timezone.now().timestamp()),
    }
    if is_video(row):
        body["video"] = {"video_type": row.content_type}
    else:
        body["image"] = {"w": facts["w"], "h": facts["h"], "image_type": row.content_type}
    if facts.get("is_processed"):
        body["processing_info"] = processing_body(facts)
    return body


def processing_body(facts: dict[str, Any]) -> dict[str, Any]:
    match facts["state"]:
        case "pending":
            return {"state": "pending", "check_after_secs": 1}
        case "in_progress":
            return {"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
        case "failed":
            error = {"code": 1, "name": "InvalidMedia", "message": facts["trouble"]}
            return {"state": "failed", "progress_percent": 0, "error": error}
        case _:
            return {"state": "succeeded", "progress_percent": 100}


def media_key(row: Upload) -> str:
    return f"{KEY_OF[row.facts.get('category', 'tweet_image')]}_{row.remote_id}"


def media_body(request: HttpRequest, row: Upload, wanted: Asked) -> dict[str, Any]:
    """A medium of a post, as a look-up includes it."""
    url = request.build_absolute_uri(reverse("sandbox-upload", args=[NETWORK, row.remote_id]))
    body = {
        "alt_text": row.alt,
        "width": row.facts.get("w"),
        "height": row.facts.get("h"),
        **(shown_film(row, url) if is_video(row) else {"url": url}),
    }
    chosen = {name: value for name, value in body.items() if value and name in wanted.wants("media.fields")}
    kind = {"image/gif": "animated_gif"}.get(row.content_type, "video" if is_video(row) else "photo")
    return {"media_key": media_key(row), "type": kind, **chosen}
