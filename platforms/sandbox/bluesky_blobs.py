"""The twin's uploaded bytes, kept under the name that they give themselves."""

import io
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from PIL import Image, UnidentifiedImageError

from platforms.sandbox import cids
from platforms.sandbox.bluesky_sessions import authorised
from platforms.sandbox.bluesky_wire import NETWORK, invalid, parameter, refuse
from platforms.sandbox.models import Person, Upload

BLOB_BYTES = 5 * 1024 * 1024


def upload_blob(request: HttpRequest) -> HttpResponse:
    """Keep bytes under the name that they give themselves."""
    grant = authorised(request, "blob:*/*")
    if not request.content_type:
        raise invalid("Request encoding (Content-Type) required but not provided")
    content = request.read(BLOB_BYTES + 1)
    if len(content) > BLOB_BYTES:
        while request.read(1_000_000):
            pass
        raise refuse(413, "PayloadTooLarge", "request entity too large")
    kind = sniffed(content) or request.content_type
    return JsonResponse({"blob": keep(cast(Person, grant.person), content, kind)})


def keep(person: Person, content: bytes, kind: str) -> dict[str, Any]:
    """Store bytes; what a record says of them."""
    upload, _ = Upload.objects.update_or_create(
        network=NETWORK,
        person=person,
        remote_id=cids.blob_cid(content),
        defaults={"content": content, "content_type": kind},
    )
    return {
        "$type": "blob",
        "ref": {"$link": upload.remote_id},
        "mimeType": upload.content_type,
        "size": len(content),
    }


def upload_of(person: Person, blob: dict[str, Any]) -> Upload:
    """The bytes that a record speaks of, which must be there and be what it says."""
    name = blob["ref"]["$link"]
    upload = Upload.objects.filter(network=NETWORK, person=person, remote_id=name).first()
    if upload is None:
        raise refuse(400, "BlobNotFound", f"Could not find blob: {name}")
    if upload.content_type != blob["mimeType"]:
        raise refuse(
            400,
            "InvalidMimeType",
            "Referenced Mimetype does not match stored blob. "
            f"Expected: {upload.content_type}, Got: {blob['mimeType']}",
        )
    return upload


def sniffed(content: bytes) -> str:
    """The kind of picture or video that bytes are, '' where they are none that the server knows."""
    if content[4:8] == b"ftyp":
        return "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"
    try:
        with Image.open(io.BytesIO(content)) as image:
            return Image.MIME.get(image.format or "", "")
    except (UnidentifiedImageError, OSError):
        return ""


def get_blob(request: HttpRequest) -> HttpResponse:
    upload = Upload.objects.filter(
        network=NETWORK, person__remote_id=parameter(request, "did"), remote_id=parameter(request, "cid")
    ).first()
    if upload is None:
        raise refuse(400, "BlobNotFound", "Blob not found")
    return HttpResponse(bytes(upload.content), content_type=upload.content_type)
