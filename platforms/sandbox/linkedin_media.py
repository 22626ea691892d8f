"""LinkedIn's images, documents and videos from the other side. Processing is counted in looks."""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.linkedin_wire import (
    DIALECT,
    NETWORK,
    Asked,
    forbidden,
    grant_of,
    invalid,
    milliseconds,
    missing,
    not_found,
    only,
    refused,
)
from platforms.sandbox.models import Fault, Person, Upload
from platforms.sandbox.probing import Probed, probe
from platforms.sandbox.wire import Refusal

POSTERS = frozenset(
    {"ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER"}
)
PART_BYTES = 4_194_304
LIVES = timedelta(hours=24)
MOST_BYTES = {"image": 36_000_000, "document": 100_000_000, "video": 500_000_000}
MOST_PIXELS = 36_152_320
VIDEO_SECONDS = (3 - 0.1, 30 * 60)
KINDS = {"images": "image", "documents": "document", "videos": "video"}


def begin(asked: Asked, kind: str) -> HttpResponse:
    """`?action=` of a kind of media."""
    action = asked.query.get("action", "")
    if action == "finalizeUpload" and kind == "videos":
        return finalize(asked)
    if action != "initializeUpload":
        raise refused(400, "INVALID_INPUT", f"Unknown action: {action}")
    only(asked.body, "initializeUploadRequest")
    request = asked.body.get("initializeUploadRequest")
    if not isinstance(request, dict):
        raise missing("initializeUploadRequest")
    extra = ("fileSizeBytes", "uploadCaptions", "uploadThumbnail") if kind == "videos" else ()
    only(request, "owner", *extra, inside="initializeUploadRequest/")
    if not request.get("owner"):
        raise missing("initializeUploadRequest/owner")
    owner = poster(asked, str(request["owner"]), f"{kind}.ACTION.initializeUpload")
    row = Upload.objects.create(
        network=NETWORK,
        person=owner,
        remote_id=f"urn:li:{KINDS[kind]}:C4E10AQ{secrets.token_hex(8)}",
        facts={"status": "WAITING_UPLOAD", "until": milliseconds(timezone.now() + LIVES), "looks": 0},
    )
    value = opened_video(asked, row, request) if kind == "videos" else opened(asked, row, kind)
    return JsonResponse({"value": value})


def poster(asked: Asked, urn: str, resource: str) -> Person:
    """Whom the member may post for, with the scope that it takes."""
    is_page = ":organization:" in urn
    asked.needs(resource, "w_organization_social" if is_page else "w_member_social")
    return asked.acts_for(urn, resource, POSTERS)


def address(asked: Asked, row: Upload, part: str) -> str:
    root = asked.request.path.partition("/rest/")[0]
    token = row.remote_id.rpartition(":")[2]
    return asked.request.build_absolute_uri(f"{root}/dms-uploads/{token}/{part}?ut={secrets.token_hex(4)}")


def opened(asked: Asked, row: Upload, kind: str) -> dict[str, Any]:
    return {
        "uploadUrlExpiresAt": row.facts["until"],
        "uploadUrl": address(asked, row, "whole"),
        KINDS[kind]: row.remote_id,
    }


def opened_video(asked: Asked, row: Upload, request: dict[str, Any]) -> dict[str, Any]:
    size = request.get("fileSizeBytes")
    if not isinstance(size, int) or not 0 < size <= MOST_BYTES["video"]:
        raise invalid("INVALID_VALUE_FOR_FIELD", "initializeUploadRequest/fileSizeBytes", "Invalid file size")
    part_bytes = row.person.facts.get("part_bytes", PART_BYTES)
    firsts = range(0, size, part_bytes)
    row.facts |= {"size": size, "parts": {}, "token": "", "captions": "", "part_bytes": part_bytes}
    row.save()
    value: dict[str, Any] = {
        "uploadUrlsExpireAt": row.facts["until"],
        "video": row.remote_id,
        "uploadToken": "",
        "uploadInstructions": [
            {
                "uploadUrl": address(asked, row, str(first)),
                "firstByte": first,
                "lastByte": min(first + part_bytes, size) - 1,
            }
            for first in firsts
        ],
    }
    for name in ("captions", "thumbnail"):
        if request.get(f"upload{name.capitalize()}"):
            value[f"{name}UploadUrl"] = address(asked, row, name)
    return value


# --- bytes ---


@wire.endpoint(DIALECT, "PUT")
def receive(request: HttpRequest, token: str, part: str) -> HttpResponse:
    """Bytes at an address of an upload."""
    rows = Upload.objects.select_for_update().filter(network=NETWORK, remote_id__endswith=f":{token}")
    row = rows.first()
    if row is None:
        raise not_found()
    if row.facts["until"] < milliseconds(timezone.now()):
        raise refused(400, "EXPIRED_UPLOAD_URL", "The upload URL has expired")
    content = request.read()
    if part == "whole":
        return take_whole(request, row, content)
    return take_part(request, row, part, content)


def take_whole(request: HttpRequest, row: Upload, content: bytes) -> HttpResponse:
    grant = grant_of(request)
    managers = row.person.facts.get("managers", {})
    if grant.person is None or grant.person.remote_id not in {row.person.remote_id, *managers}:
        raise forbidden("dms-uploads")
    kind = row.remote_id.split(":")[2]
    if len(content) > MOST_BYTES[kind]:
        raise refused(413, "PAYLOAD_TOO_LARGE", "The file is too large")
    found = probe(content)
    if not (is_image(found) if kind == "image" else found and found.content_type == "application/pdf"):
        raise refused(415, "UNSUPPORTED_MEDIA_TYPE", "The file has no supported format")
    settle(request, row, content, found)
    return HttpResponse(status=201)


def is_image(found: Probed | None) -> bool:
    kinds = {"image/jpeg", "image/png", "image/gif"}
    return bool(found and found.content_type in kinds and found.width * found.height < MOST_PIXELS)


def settle(request: HttpRequest, row: Upload, content: bytes, found: Probed | None) -> None:
    """The file is whole; what follows takes as many looks as the person's `processing` says."""
    row.content, row.content_type = content, found.content_type if found else ""
    row.facts["fails"] = request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS
    is_seen = "managers" in row.person.facts or row.remote_id.split(":")[2] == "video"
    row.facts["looks"] = row.person.facts.get("processing", int(is_seen))
    done = "PROCESSING_FAILED" if row.facts["fails"] else "AVAILABLE"
    row.facts["status"] = "PROCESSING" if row.facts["looks"] else done
    row.facts |= {"width": found.width, "height": found.height} if found else {}
    row.save()


def take_part(request: HttpRequest, row: Upload, part: str, content: bytes) -> HttpResponse:
    """A part of a video, or its captions: the address is the permission, and a token with it is refused."""
    if wire.bearer(request):
        raise Refusal(400, {"status": 400, "message": "Only one auth mechanism is allowed"})
    if request.content_type != "application/octet-stream":
        raise refused(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/octet-stream")
    if part == "captions":
        if b"-->" not in content:
            raise refused(400, "INVALID_INPUT", "The captions are no SRT")
        row.facts["captions"] = content.decode()
    else:
        expected = min(row.facts["part_bytes"], row.facts["size"] - int(part))
        if len(content) != expected:
            raise refused(400, "INVALID_INPUT", f"Expected {expected} bytes, got {len(content)}")
        row.facts["parts"][part] = base64.b64encode(content).decode()
    row.save(update_fields=["facts"])
    return HttpResponse(status=200, headers={"ETag": f'"{etag(content)}"'})


def etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def finalize(asked: Asked) -> HttpResponse:
    only(asked.body, "finalizeUploadRequest")
    request = asked.body.get("finalizeUploadRequest") or {}
    only(request, "video", "uploadToken", "uploadedPartIds", inside="finalizeUploadRequest/")
    row = Upload.objects.filter(network=NETWORK, remote_id=str(request.get("video"))).first()
    if row is None:
        raise invalid("INVALID_VIDEO_ID", "finalizeUploadRequest/video", "Invalid video id")
    poster(asked, row.person.remote_id, "videos.ACTION.finalizeUpload")
    if row.facts["status"] != "WAITING_UPLOAD":
        raise invalid(
            "UPDATING_ASSET_FAILED", "finalizeUploadRequest/video", "The video is finalized already"
        )
    parts = [base64.b64decode(row.facts["parts"][key]) for key in sorted(row.facts["parts"], key=int)]
    content = b"".join(parts)
    if [etag(part) for part in parts] != request.get("uploadedPartIds") or len(content) != row.facts["size"]:
        raise invalid(
            "UPDATING_ASSET_FAILED", "finalizeUploadRequest/uploadedPartIds", "The parts do not match"
        )
    found = probe(content)
    is_fit = bool(
        found and found.content_type == "video/mp4" and VIDEO_SECONDS[0] <= found.seconds <= VIDEO_SECONDS[1]
    )
    row.facts["parts"] = {}
    settle(asked.request, row, content, found)
    if not is_fit:
        row.facts |= {"fails": True, "looks": 1, "status": "PROCESSING"}
        row.save(update_fields=["facts"])
    return HttpResponse(status=200)


# --- state ---


def status(asked: Asked, kind: str, urn: str) -> HttpResponse:
    """One look. Media of profiles, and logos, are shown to nobody who may only post for a member."""
    if logo := Person.objects.filter(network=NETWORK, facts__logo=urn).first():
        url = reverse("sandbox-avatar", args=[NETWORK, logo.handle])
        return JsonResponse(
            {"id": urn, "status": "AVAILABLE", "downloadUrl": asked.request.build_absolute_uri(url)}
        )
    row = Upload.objects.filter(network=NETWORK, remote_id=urn).first()
    if row is None or KINDS[kind] != urn.split(":")[2]:
        raise not_found()
    if "managers" not in row.person.facts and kind != "videos":
        said = f"Accessing this {KINDS[kind]} resource is forbidden for the viewer"
        raise Refusal(403, {"status": 403, "serviceErrorCode": 100, "message": said})
    poster(asked, row.person.remote_id, f"{kind}.GET")
    body: dict[str, Any] = {"id": urn, "owner": row.person.remote_id, "status": row.facts["status"]}
    if row.facts["status"] == "PROCESSING_FAILED":
        body["processingFailureReason"] = "INVALID_MEDIA"
    look(row)
    return JsonResponse(body)


def look(row: Upload) -> None:
    """A look at what is being processed; after the last it is done, or has failed."""
    if row.facts["status"] == "PROCESSING":
        row.facts["looks"] = max(row.facts["looks"] - 1, 0)
        if not row.facts["looks"]:
            row.facts["status"] = "PROCESSING_FAILED" if row.facts["fails"] else "AVAILABLE"
        row.save(update_fields=["facts"])


def usable(owner: Person, urn: Any, kind: str, field: str) -> Upload:
    """A medium that a post may carry now."""
    if not isinstance(urn, str) or not urn.startswith("urn:li:"):
        raise invalid("INVALID_URN_ID", field, f"Invalid urn: {urn}")
    if urn.split(":")[2] != kind:
        raise invalid("INVALID_URN_TYPE", field, f"Invalid urn type: {urn}")
    row = Upload.objects.filter(network=NETWORK, remote_id=urn).first()
    if row is None:
        raise invalid(
            "INVALID_VIDEO_ID" if kind == "video" else "INVALID_URN_ID", field, f"Invalid urn: {urn}"
        )
    if row.person_id != owner.pk:
        raise forbidden("posts.CREATE")
    if row.facts["status"] == "PROCESSING_FAILED":
        raise invalid("MEDIA_ASSET_PROCESSING_FAILED", field, "Media asset processing failed")
    if row.facts["status"] != "AVAILABLE":
        raise invalid("MEDIA_ASSET_WAITING_UPLOAD", field, "Media asset is waiting for upload")
    return row
