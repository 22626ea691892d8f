"""Files on their way into messages: attached, fetched from an address, or known by an id of the same bot."""

import io
import secrets
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from PIL import Image

from platforms.sandbox import wire
from platforms.sandbox.fetching import fetch
from platforms.sandbox.models import Person, Upload
from platforms.sandbox.probing import Probed, probe
from platforms.sandbox.telegram_wire import DIALECT, NETWORK, Visit, bad, method, refusal

PHOTO_BYTES, FILE_BYTES = 10_000_000, 50_000_000
FETCHED_PHOTO_BYTES, FETCHED_FILE_BYTES = 5_000_000, 20_000_000
DOWNLOAD_BYTES = 20_000_000
SIDES, RATIO = 10_000, 20
WIDTHS = (90, 320, 800, 1280)
SENT_AS = {"photo": "AgAC", "video": "BAAC", "document": "BQAC", "animation": "CgAC", "audio": "CQAC"}


@dataclass(frozen=True)
class Taken:
    """A file that came in, and what it is."""

    upload: Upload
    kind: str

    @property
    def json(self) -> Any:
        """As a message tells of it: photos in several sizes, from small to large."""
        facts, file_id = self.upload.facts, self.upload.remote_id
        common = {"file_id": file_id, "file_unique_id": facts["unique"], "file_size": facts["size"]}
        if self.kind == "photo":
            return [
                {**common, "file_id": f"{file_id}{mark}", "width": width, "height": height}
                for mark, width, height in _sizes(facts["width"], facts["height"])
            ]
        named = {"file_name": facts["name"], "mime_type": self.upload.content_type}
        if self.kind in {"video", "animation"}:
            named |= {name: facts[name] for name in ("width", "height", "duration")}
        return {**named, **common}


def _sizes(width: int, height: int) -> list[tuple[str, int, int]]:
    """Sizes that are smaller than the picture, then the picture itself, 2,560 pixels wide at most."""
    longest = max(width, height)
    wanted = [side for side in WIDTHS if side < longest] + [min(longest, 2560)]
    names = ["-s", "-m", "-x", "-y", ""]
    return [
        (
            names[n] if n + 1 < len(wanted) else "",
            round(width * side / longest),
            round(height * side / longest),
        )
        for n, side in enumerate(wanted)
    ]


def take(visit: Visit, kind: str, given: Any, chat: Person) -> Taken:
    """The file that a field names, as this kind of message takes it."""
    if given in (None, ""):
        raise bad(f"there is no {kind} in the request")
    text = given if isinstance(given, str) else ""
    if text.startswith("attach://"):
        file = visit.files.get(text.removeprefix("attach://"))
        if file is None:
            raise bad(f"can't parse InputMedia: file {text} is not attached")
        return keep_file(visit, kind, file.name or "file", file.read(), chat)
    if text.startswith(("http://", "https://")):
        return keep_file(visit, kind, text.rpartition("/")[2] or "file", _fetched(kind, text), chat)
    known = Upload.objects.filter(
        network=NETWORK, remote_id=text.split("-")[0], facts__bot=visit.bot.remote_id
    )
    if (upload := known.first()) is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if upload.facts["kind"] != kind:
        raise bad(f"can't use file of type {upload.facts['kind'].capitalize()} as {kind.capitalize()}")
    return Taken(upload, kind)


def field(visit: Visit, kind: str, chat: Person) -> Taken:
    """The file in the field that is named like its kind."""
    if file := visit.files.get(kind):
        return keep_file(visit, kind, file.name or "file", file.read(), chat)
    return take(visit, kind, visit.fields.get(kind), chat)


def _fetched(kind: str, url: str) -> bytes:
    content = fetch(url)
    if content is None:
        raise bad("failed to get HTTP URL content")
    if len(content) > (FETCHED_PHOTO_BYTES if kind == "photo" else FETCHED_FILE_BYTES):
        raise bad("file is too big")
    if kind != "document" and probe(content) is None:
        raise bad("wrong type of the web page content")
    return content


def keep_file(visit: Visit, kind: str, name: str, content: bytes, chat: Person) -> Taken:
    """A file as the bot of the visit knows it from now on."""
    if not content:
        raise bad("file must be non-empty")
    if len(content) > FILE_BYTES:
        raise refusal("Request Entity Too Large")
    looked_at = probe(content)
    if kind == "photo":
        _refuse_photo(content, looked_at)
    # What cannot be played in place is sent as a file, whatever it was called.
    if kind == "video" and (looked_at is None or looked_at.content_type != "video/mp4"):
        kind = "document"
    upload = Upload.objects.create(
        network=NETWORK,
        person=chat,
        remote_id=SENT_AS.get(kind, "BQAC") + secrets.token_hex(24),
        content_type=looked_at.content_type if looked_at else "application/octet-stream",
        content=_recompressed(content) if kind == "photo" else content,
        facts={
            "kind": kind,
            "bot": visit.bot.remote_id,
            "unique": "AQAD" + secrets.token_hex(6),
            "name": name,
            "title": name,
            "size": len(content),
            "width": looked_at.width if looked_at else 0,
            "height": looked_at.height if looked_at else 0,
            "duration": round(looked_at.seconds) if looked_at else 0,
        },
    )
    return Taken(upload, kind)


def _refuse_photo(content: bytes, looked_at: Probed | None) -> None:
    if len(content) > PHOTO_BYTES:
        raise bad("file is too big")
    if looked_at is None or not looked_at.is_image:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = looked_at.width, looked_at.height
    if width + height > SIDES or max(width, height) > RATIO * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")


def _recompressed(content: bytes) -> bytes:
    """A JPEG without what the camera wrote into it."""
    with Image.open(io.BytesIO(content)) as image:
        image.thumbnail((2560, 2560))
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=87)
    return buffer.getvalue()


@method("getFile")
def get_file(visit: Visit) -> dict[str, Any]:
    file_id = visit.text("file_id")
    upload = Upload.objects.filter(network=NETWORK, remote_id=file_id.split("-")[0]).first()
    if upload is None or upload.facts["bot"] != visit.bot.remote_id:
        raise bad("invalid file_id")
    if upload.facts["size"] > DOWNLOAD_BYTES:
        raise bad("file is too big")
    known = {"file_id": file_id, "file_unique_id": upload.facts["unique"], "file_size": len(upload.content)}
    return {**known, "file_path": f"{upload.facts['kind']}s/{upload.remote_id}"}


@wire.endpoint(DIALECT, "GET")
def download(request: HttpRequest, token: str, path: str) -> HttpResponse:
    """`/file/bot<token>/<file_path>`"""
    request.path = request.path.replace(token, "***")
    request.META["HTTP_AUTHORIZATION"] = f"Bot {token}"
    bot = wire.grant_of(DIALECT, request).person
    upload = Upload.objects.filter(network=NETWORK, remote_id=path.rpartition("/")[2]).first()
    if upload is None or bot is None or upload.facts["bot"] != bot.remote_id:
        raise refusal("Not Found")
    return HttpResponse(bytes(upload.content), content_type="application/octet-stream")
