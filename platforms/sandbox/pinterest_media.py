"""Pinterest's media from the other side: pictures inside JSON or at an address, videos by way of the store.

A video is registered, sent to the store as a form, looked at until it is processed, and then pinned.
"""

import base64
import binascii
import json
import re
import secrets
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils import timezone

from platforms.sandbox import fetching, probing
from platforms.sandbox.models import Fault, Grant, Person, Upload
from platforms.sandbox.pinterest_wire import (
    NETWORK,
    address,
    asks,
    digits,
    invalid,
    no,
    only,
    page,
    person_of,
    sent,
    store_says,
)
from platforms.sandbox.probing import Probed

PICTURE_BYTES = 20_000_000
VIDEO_BYTES = 2_000_000_000
FORMATS = {"image/jpeg", "image/png"}
FORM_LIVES = timedelta(hours=1)
PART = re.compile(rb'\r\nContent-Disposition: form-data; name="([^"]+)"', re.IGNORECASE)


def new_id() -> str:
    return str(secrets.randbelow(9 * 10**17) + 10**17)


# --- videos ---


@asks("org_write", "pins:read", "pins:write")
def register(request: HttpRequest, grant: Grant) -> HttpResponse:
    fields = sent(request)
    only(fields, "media_type")
    if fields.get("media_type") != "video":
        raise invalid(f"media_type: {fields.get('media_type')!r} is not one of ['video']")
    media_id = new_id()
    form = form_for(media_id)
    Upload.objects.create(
        network=NETWORK,
        person=person_of(grant),
        remote_id=media_id,
        facts={"status": "registered", "form": form, "fails": is_to_fail(request)},
    )
    url = request.build_absolute_uri(request.path.replace("/v5/media", "/s3/"))
    body = {"media_id": media_id, "media_type": "video", "upload_url": url, "upload_parameters": form}
    return JsonResponse(body, status=201)


def is_to_fail(request: HttpRequest) -> bool:
    return bool(request.META["sandbox.fault"] == Fault.Kind.PROCESSING_FAILS)


def form_for(media_id: str) -> dict[str, str]:
    """What the store wants to see beside the file."""
    now = timezone.now()
    policy = {
        "expiration": (now + FORM_LIVES).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conditions": [["content-length-range", 1, VIDEO_BYTES]],
    }
    return {
        "Content-Type": "multipart/form-data",
        "key": f"uploads/11/aa/22/3:video:{secrets.randbelow(10**18)}:{media_id}",
        "policy": base64.b64encode(json.dumps(policy).encode()).decode(),
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"ASIASANDBOX/{now:%Y%m%d}/us-east-1/s3/aws4_request",
        "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}",
        "x-amz-security-token": secrets.token_urlsafe(60),
        "x-amz-signature": secrets.token_hex(32),
    }


def store(request: HttpRequest) -> HttpResponse:
    """Another host: it knows no tokens, wants each field as it was given, and the file last."""
    if "Authorization" in request.headers:
        raise store_says("InvalidArgument", "Only one auth mechanism allowed", 400)
    fields, content = form_of(request)
    upload = Upload.objects.filter(
        network=NETWORK, remote_id=fields.get("key", "").rpartition(":")[2]
    ).first()
    form = upload.facts["form"] if upload else {}
    if upload is None or fields != form:
        raise store_says("SignatureDoesNotMatch" if upload else "AccessDenied")
    policy = json.loads(base64.b64decode(form["policy"]))
    if datetime.fromisoformat(policy["expiration"]) < timezone.now():
        raise store_says("AccessDenied", "Invalid according to Policy: Policy expired.")
    if len(content) > upload.person.facts.get("video_bytes", VIDEO_BYTES):
        said = "Your proposed upload exceeds the maximum allowed size"
        raise store_says("EntityTooLarge", said, 400)
    upload.content = content
    upload.facts |= {
        "status": "processing",
        "looks": 2,
        "fails": upload.facts["fails"] or is_to_fail(request),
    }
    upload.save()
    return HttpResponse(status=204)


def form_of(request: HttpRequest) -> tuple[dict[str, str], bytes]:
    """The fields of a form and its file, which stands behind all of them."""
    raw = request.read()
    if not request.headers.get("Content-Length") or PART.findall(raw)[-1:] != [b"file"]:
        raise store_says("InvalidArgument", "POST requires exactly one file upload per request.", 400)
    try:
        fields, files = MultiPartParser(request.META, BytesIO(raw), request.upload_handlers).parse()
    except MultiPartParserError as error:
        raise store_says("MalformedPOSTRequest", "The body is not well-formed.", 400) from error
    file = files.get("file")
    if file is None or len(files) > 1:
        raise store_says("InvalidArgument", "POST requires exactly one file upload per request.", 400)
    return {name: str(value) for name, value in fields.items()}, file.read()


@asks("org_read", "pins:read")
def look(_request: HttpRequest, grant: Grant, media_id: str) -> HttpResponse:
    """A video's state. The first look after it was sent finds it in work, the next one done."""
    upload = videos(grant).filter(remote_id=media_id).first()
    if upload is None:
        raise no("404/50")
    if upload.facts.get("looks"):
        upload.facts["looks"] -= 1
        if not upload.facts["looks"]:
            finish(upload)
        upload.save()
    return JsonResponse(media_body(upload))


@asks("org_read", "pins:read")
def all_media(request: HttpRequest, grant: Grant) -> HttpResponse:
    return page(request, list(videos(grant).defer("content").order_by("-pk")), media_body)


def videos(grant: Grant) -> Any:
    return Upload.objects.filter(network=NETWORK, person=person_of(grant), facts__has_key="status")


def media_body(upload: Upload) -> dict[str, str]:
    return {"media_id": upload.remote_id, "media_type": "video", "status": upload.facts["status"]}


def finish(upload: Upload) -> None:
    """Processed, or failed: Pinterest does not say why."""
    found = probing.probe(bytes(upload.content))
    is_good = (
        found is not None
        and found.content_type in {"video/mp4", "video/quicktime"}
        and found.codecs[0] in {"h264", "hevc"}
        and 3.5 <= found.seconds <= 901
        and 0.49 <= found.width / found.height <= 1.93
    )
    if found is None or not is_good or upload.facts["fails"]:
        upload.facts["status"] = "failed"
        return
    upload.content_type = found.content_type
    size = {"w": found.width, "h": found.height}
    clock = f"{int(found.seconds // 60)}:{int(found.seconds % 60):02}"
    upload.facts |= {"status": "succeeded", "ms": int(found.seconds * 1000), "clock": clock, **size}


def ready_video(grant: Grant, media_id: Any) -> Upload:
    upload: Upload | None = videos(grant).filter(remote_id=digits(media_id, "media_id")).first()
    if upload is None or upload.facts["status"] != "succeeded":
        raise no("400/1 media")
    return upload


# --- pictures ---


def by_data(
    fields: dict[str, Any], type_name: str = "content_type", name: str = "data"
) -> tuple[bytes, Probed]:
    """A picture inside JSON, which must be what it says."""
    kind, data = fields.get(type_name), fields.get(name)
    if kind not in FORMATS:
        raise no("400/1 format") if isinstance(kind, str) else invalid(f"{type_name}: required")
    if not isinstance(data, str) or not re.fullmatch("[a-zA-Z0-9+/=]+", data):
        raise invalid(f"{name}: does not match '[a-zA-Z0-9+\\/=]+'")
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise invalid(f"{name}: is not base64") from error
    found = checked(content)
    if found.content_type != kind:
        raise no("400/1 format")
    return content, found


def by_address(fields: dict[str, Any], name: str = "url") -> tuple[bytes, Probed]:
    """A picture that Pinterest fetches while the request waits."""
    url = address(fields, name)
    if not url:
        raise invalid(f"'{name}' is a required property")
    content = fetching.fetch(url)
    if content is None:
        raise no("400/1 url")
    return content, checked(content)


def checked(content: bytes) -> Probed:
    found = probing.probe(content)
    if found is None or found.content_type not in FORMATS:
        raise no("400/1 format")
    if len(content) > PICTURE_BYTES:
        raise invalid("The image is too large.")
    return found


def keep(person: Person, picture: tuple[bytes, Probed], alt: str = "", **facts: str) -> Upload:
    content, found = picture
    return Upload.objects.create(
        network=NETWORK,
        person=person,
        remote_id=new_id(),
        content_type=found.content_type,
        content=content,
        alt=alt,
        facts={"w": found.width, "h": found.height, **facts},
    )
