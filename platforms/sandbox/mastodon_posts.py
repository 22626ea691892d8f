"""Statuses and media of Mastodon-like servers: what is accepted, and how it is shown to a client."""

import html
import io
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from PIL import Image, UnidentifiedImageError

from platforms.sandbox.mastodon_server import NETWORK, Visit
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.wire import Refusal
from platforms.text import mastodon_length

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
PICTURE_BYTES = 16_777_216
PICTURE_PIXELS = 33_177_600
URL_LENGTH = 23
VISIBILITIES = ("public", "unlisted", "private", "direct")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
MARK = re.compile(
    r"(?P<url>https?://[^\s<>]*[^\s<>.,;:!?)])"
    r"|(?<![\w/@])@(?P<name>\w+(?:[.-]+\w+)*)(?:@[\w.-]+\w)?"
    r"|(?<![\w/#])#(?P<tag>\w*[^\W\d]\w*)"
)
ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

PLAYED = {"status", "media_ids", "in_reply_to_id", "sensitive", "spoiler_text", "visibility", "language"}
KNOWN = PLAYED | {
    "poll",
    "scheduled_at",
    "quoted_status_id",
    "quote_approval_policy",
    "allowed_mentions",
    "content_type",
    "local_only",
}


def new_id(visit: Visit) -> str:
    """An id as this server makes them: the time, then chance."""
    now, chance = int(time.time() * 1000), secrets.randbits(16)
    if visit.server.name == "gotosocial":
        number = now << 80 | secrets.randbits(80)
        return "".join(ULID[number >> 5 * place & 31] for place in reversed(range(26)))
    return f"A{now << 16 | chance:x}" if visit.server.name == "pleroma" else str(now << 16 | chance)


# --- media ---


def take_in(
    visit: Visit, file: "UploadedFile[bytes] | None", fields: dict[str, Any], *, fails: bool
) -> Upload:
    """Store a picture; animated ones are processed for a while first."""
    if file is None:
        raise visit.refusal("no_file")
    alt = fields.get("description") or ""
    if len(alt) > visit.server.alt_text:
        raise visit.refusal("description", limit=visit.server.alt_text)
    content = file.read()
    picture = sniff(visit, content)
    return Upload.objects.create(
        network=NETWORK,
        person=visit.person,
        remote_id=new_id(visit),
        content_type=FORMATS[str(picture.format)],
        content=content,
        alt=alt,
        facts={
            "width": picture.width,
            "height": picture.height,
            "type": "gifv" if getattr(picture, "is_animated", False) else "image",
            "fails": fails,
            "polls_left": 1 if fails or getattr(picture, "is_animated", False) else 0,
        },
    )


def sniff(visit: Visit, content: bytes) -> Image.Image:
    if len(content) > PICTURE_BYTES:
        raise visit.refusal("file_large")
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
    return {
        "id": upload.remote_id,
        "type": upload.facts["type"],
        "url": None if upload.facts["polls_left"] else address,
        "preview_url": address,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"focus": {"x": 0.0, "y": 0.0}, "original": size, "small": size},
        "description": upload.alt or None,
        "blurhash": "UBL_:rOpGG-;~qRjxut7oMRjfkt7%gWBM{of",
    }


# --- statuses ---


@dataclass(frozen=True)
class Wanted:
    """A status that keeps all rules of its server."""

    text: str
    uploads: Sequence[Upload]
    parent: Entry | None
    body: dict[str, Any]


def wanted(visit: Visit, fields: dict[str, Any]) -> Wanted:
    """What a request asks for, or the server's refusal."""
    refuse_odd(visit, fields)
    spoiler, text = (fields.get("spoiler_text") or "").strip(), (fields.get("status") or "").strip()
    ids = fields.get("media_ids") or []
    if not text and not ids:
        text, spoiler = spoiler, ""
    if not text and not ids:
        raise visit.refusal("blank")
    if mastodon_length(spoiler) + mastodon_length(text, url_length=URL_LENGTH) > visit.server.characters:
        raise visit.refusal("long", limit=visit.server.characters)
    defaults = visit.person.facts
    body = {
        "visibility": fields.get("visibility") or defaults.get("visibility", "public"),
        "sensitive": bool(spoiler) or is_true(fields.get("sensitive", defaults.get("sensitive", False))),
        "spoiler_text": spoiler,
        "language": fields.get("language") or defaults.get("language", "en"),
        "server": visit.server.name,
    }
    return Wanted(text, attachments(visit, ids), parent_of(visit, fields), body)


def refuse_odd(visit: Visit, fields: dict[str, Any]) -> None:
    """Fields that do not exist, are of the wrong kind, or are not played here."""
    for name, value in fields.items():
        if name not in KNOWN:
            raise Refusal(422, {"error": f"Validation failed: there is no field {name}"})
        if name not in PLAYED:
            raise Refusal(422, {"error": f"Validation failed: the sandbox does not play {name}"})
        strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
        fine = {"media_ids": strings, "sensitive": str(value).lower() in {"true", "false", "1", "0"}}
        if value is not None and not fine.get(name, isinstance(value, str)):
            raise visit.refusal("field", name=name)
    if fields.get("visibility") and fields["visibility"] not in VISIBILITIES:
        raise visit.refusal("field", name="visibility")
    if fields.get("language") and not LANGUAGE.fullmatch(fields["language"]):
        raise visit.refusal("field", name="language")


def is_true(value: Any) -> bool:
    return str(value).lower() in {"true", "1"}


def attachments(visit: Visit, ids: Sequence[str]) -> list[Upload]:
    if len(ids) > visit.server.pictures:
        raise visit.refusal("many", limit=visit.server.pictures)
    free = Upload.objects.filter(network=NETWORK, person=visit.person, remote_id__in=ids, entries=None)
    by_id = {upload.remote_id: upload for upload in free}
    missing = [remote_id for remote_id in ids if remote_id not in by_id]
    if missing:
        raise visit.refusal("no_media", ids=", ".join(missing))
    uploads = [by_id[remote_id] for remote_id in ids]
    if len(uploads) > 1 and any(upload.facts["type"] != "image" for upload in uploads):
        raise visit.refusal("mixed")
    if any(upload.facts["polls_left"] for upload in uploads):
        raise visit.refusal("unfinished")
    return uploads


def parent_of(visit: Visit, fields: dict[str, Any]) -> Entry | None:
    remote_id = fields.get("in_reply_to_id")
    return visible(visit, remote_id) if remote_id else None


def post(visit: Visit, asked: Wanted, key: str) -> Entry:
    """Put a status on the network."""
    entry = Entry.objects.create(
        network=NETWORK,
        person=visit.person,
        remote_id=new_id(visit),
        text=asked.text,
        parent_id=asked.parent.remote_id if asked.parent else "",
        idempotency_key=key,
        body={**asked.body, "application": application(visit.grant)},
    )
    entry.attach(asked.uploads)
    return entry


def application(grant: Grant | None) -> str:
    return str(grant.facts.get("client_name", "")) if grant else ""


def posted_before(visit: Visit, key: str) -> Entry | None:
    """The status that this key made within the last hour."""
    recent = Entry.objects.filter(
        network=NETWORK,
        person=visit.person,
        idempotency_key=key,
        created_at__gt=timezone.now() - timedelta(hours=1),
        deleted_at=None,
    )
    return recent.first() if key else None


def visible(visit: Visit, remote_id: str) -> Entry:
    """A status that this person may see."""
    entry = Entry.objects.select_related("person").filter(
        network=NETWORK, remote_id=remote_id, deleted_at=None
    )
    found = entry.first()
    mine = bool(found and visit.grant and visit.grant.person_id == found.person_id)
    if found is None or not (mine or found.body["visibility"] in {"public", "unlisted"}):
        raise visit.refusal("missing")
    return found


def status_json(visit: Visit, entry: Entry, account: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Status; `account` is its author's Account where that is at hand."""
    body, name = entry.body, entry.body.get("application")
    replies = Entry.objects.filter(network=NETWORK, parent_id=entry.remote_id, deleted_at=None)
    address = visit.url(
        "sandbox-post", network=NETWORK, handle=entry.person.handle, remote_id=entry.remote_id
    )
    marks = list(MARK.finditer(entry.text))
    return {
        "id": entry.remote_id,
        "created_at": iso(entry.created_at),
        "in_reply_to_id": entry.parent_id or None,
        "in_reply_to_account_id": author_of(entry.parent_id) if entry.parent_id else None,
        "sensitive": body["sensitive"],
        "spoiler_text": body["spoiler_text"],
        "visibility": body["visibility"],
        "language": body["language"],
        "uri": f"{visit.base}/ap/users/{entry.person.remote_id}/statuses/{entry.remote_id}",
        "url": address,
        "replies_count": replies.count(),
        "reblogs_count": 0,
        "favourites_count": 0,
        "edited_at": None,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": as_html(entry.text),
        "filtered": [],
        "reblog": None,
        "application": {"name": name, "website": None} if name else None,
        "account": account or account_json(visit, entry.person),
        "media_attachments": [media_json(visit, upload) for upload in entry.pictures],
        "mentions": mentions(visit, [match["name"] for match in marks if match["name"]]),
        "tags": [
            {"name": match["tag"].lower(), "url": f"{visit.base}/tags/{match['tag'].lower()}"}
            for match in marks
            if match["tag"]
        ],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def author_of(remote_id: str) -> str | None:
    authors = Entry.objects.filter(network=NETWORK, remote_id=remote_id)
    return authors.values_list("person__remote_id", flat=True).first()


def mentions(visit: Visit, handles: Sequence[str]) -> list[dict[str, str]]:
    people = Person.objects.filter(network=NETWORK, handle__in=handles) if handles else ()
    return [
        {
            "id": person.remote_id,
            "username": person.handle,
            "acct": person.handle,
            "url": visit.url("sandbox-person", network=NETWORK, handle=person.handle),
        }
        for person in people
    ]


def account_json(visit: Visit, person: Person) -> dict[str, Any]:
    own = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    avatar = visit.url("sandbox-avatar", network=NETWORK, handle=person.handle)
    return {
        "id": person.remote_id,
        "username": person.handle,
        "acct": person.handle,
        "display_name": person.name,
        "locked": False,
        "bot": False,
        "created_at": "2024-03-01T00:00:00.000Z",
        "note": f"<p>{html.escape(person.about)}</p>",
        "url": visit.url("sandbox-person", network=NETWORK, handle=person.handle),
        "uri": f"{visit.base}/ap/users/{person.remote_id}",
        "avatar": avatar,
        "avatar_static": avatar,
        "header": avatar,
        "header_static": avatar,
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": own.count(),
        "last_status_at": None,
        "emojis": [],
        "fields": [],
    }


def iso(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%S.")) + f"{moment.microsecond // 1000:03}Z"


def as_html(text: str) -> str:
    """The HTML that Mastodon makes of a text: paragraphs, and links with their less telling parts hidden."""
    marked, position = "", 0
    for match in MARK.finditer(text):
        marked += html.escape(text[position : match.start()]) + link(match)
        position = match.end()
    marked += html.escape(text[position:])
    paragraphs = re.split(r"\n{2,}", marked)
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def link(match: re.Match[str]) -> str:
    if match["tag"]:
        return f'<a class="mention hashtag" rel="tag">#<span>{html.escape(match["tag"])}</span></a>'
    if match["name"]:
        name = html.escape(match["name"])
        return f'<span class="h-card" translate="no"><a class="u-url mention">@<span>{name}</span></a></span>'
    href = html.escape(match["url"])
    scheme, _, rest = match["url"].partition("://")
    head, tail = html.escape(rest[:30]), html.escape(rest[30:])
    return (
        f'<a href="{href}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="{"ellipsis" if tail else ""}">{head}</span>'
        f'<span class="invisible">{tail}</span></a>'
    )
