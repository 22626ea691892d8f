"""Media of Mastodon-like servers: what is taken in, and how it is shown to a client."""

import io
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from PIL import Image, UnidentifiedImageError

from platforms.sandbox.mastodon_server import NETWORK, Visit, new_id
from platforms.sandbox.models import Upload
from platforms.sandbox.probing import Probed, probe

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
VIDEOS = ("video/mp4", "video/webm", "video/quicktime")
PICTURE_BYTES = 16_777_216
PICTURE_PIXELS = 33_177_600
VIDEO_BYTES = 103_809_024
VIDEO_PIXELS = 8_294_400
VIDEO_FRAMES = 120


def take_in(
    visit: Visit, file: "UploadedFile[bytes] | None", fields: dict[str, Any], *, fails: bool
) -> Upload:
    """Store a picture or a video; what moves is processed for a while first."""
    if file is None:
        raise visit.refusal("no_file")
    alt = fields.get("description") or ""
    refuse_long(visit, alt)
    content = file.read()
    content_type, facts = video(visit, content) if is_video(content) else picture(visit, content)
    return Upload.objects.create(
        network=NETWORK,
        person=visit.person,
        remote_id=new_id(visit),
        content_type=content_type,
        content=content,
        alt=alt,
        facts={**facts, "fails": fails, "polls_left": 1 if fails or facts["type"] != "image" else 0},
    )


def refuse_long(visit: Visit, alt: str) -> None:
    if len(alt) > visit.server.alt_text:
        raise visit.refusal("description", limit=visit.server.alt_text)


def is_video(content: bytes) -> bool:
    return content[4:8] == b"ftyp" or content.startswith(b"\x1a\x45\xdf\xa3")


def video(visit: Visit, content: bytes) -> tuple[str, dict[str, Any]]:
    if len(content) > VIDEO_BYTES:
        raise visit.refusal("file_large", limit=99)
    found = probe(content)
    if found is None or found.content_type not in VIDEOS:
        raise visit.refusal("file")
    if found.width * found.height > VIDEO_PIXELS or found.fps > VIDEO_FRAMES:
        raise visit.refusal("dimensions", size=f"{found.width}x{found.height}")
    return found.content_type, {"type": "video", **facts_of(found)}


def facts_of(found: Probed) -> dict[str, Any]:
    return {"width": found.width, "height": found.height, "seconds": found.seconds, "fps": found.fps}


def picture(visit: Visit, content: bytes) -> tuple[str, dict[str, Any]]:
    opened = sniff(visit, content)
    kind = "gifv" if getattr(opened, "is_animated", False) else "image"
    return FORMATS[str(opened.format)], {"type": kind, "width": opened.width, "height": opened.height}


def sniff(visit: Visit, content: bytes) -> Image.Image:
    if len(content) > PICTURE_BYTES:
        raise visit.refusal("file_large", limit=16)
    try:
        picture = Image.open(io.BytesIO(content), formats=list(FORMATS))
        pixels = picture.width * picture.height
        if pixels <= PICTURE_PIXELS:
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise visit.refusal("file") from error
    if pixels > PICTURE_PIXELS:
        raise visit.refusal("file")
    return picture


def media_json(visit: Visit, upload: Upload) -> dict[str, Any]:
    address = visit.url("sandbox-upload", network=NETWORK, remote_id=upload.remote_id)
    width, height = upload.facts["width"], upload.facts["height"]
    size = {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}
    original: dict[str, Any] = dict(size)
    if upload.facts["type"] == "video":
        original |= {"frame_rate": f"{upload.facts['fps']:.0f}/1", "duration": upload.facts["seconds"]}
    return {
        "id": upload.remote_id,
        "type": upload.facts["type"],
        "url": None if upload.facts["polls_left"] else address,
        "preview_url": address,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"focus": {"x": 0.0, "y": 0.0}, "original": original, "small": size},
        "description": upload.alt or None,
        "blurhash": "UBL_:rOpGG-;~qRjxut7oMRjfkt7%gWBM{of",
    }
