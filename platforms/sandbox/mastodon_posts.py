"""Statuses of Mastodon-like servers: what is accepted, and who may see it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from platforms.sandbox.mastodon_media import refuse_long
from platforms.sandbox.mastodon_polls import poll_of
from platforms.sandbox.mastodon_server import NETWORK, Visit, is_true, new_id
from platforms.sandbox.mastodon_shown import as_entry, may_quote, named_in
from platforms.sandbox.models import Entry, Grant, Note, Upload
from platforms.sandbox.wire import Refusal
from platforms.text import mastodon_length

URL_LENGTH = 23
VISIBILITIES = ("public", "unlisted", "private", "direct")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
POLICIES = ("public", "followers", "nobody")
QUOTES = {"quoted_status_id", "quote_approval_policy"}
PLAYED = {
    "status", "media_ids", "in_reply_to_id", "sensitive", "spoiler_text", "visibility", "language", "poll",
} | QUOTES  # fmt: skip
EDITED = {
    "status", "spoiler_text", "sensitive", "language", "media_ids", "media_attributes", "poll",
    "quote_approval_policy",
}  # fmt: skip
KNOWN = PLAYED | {
    "scheduled_at",
    "allowed_mentions",
    "content_type",
    "local_only",
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
    refuse_odd(visit, fields, KNOWN)
    text, spoiler, ids = words_of(visit, fields)
    defaults = visit.person.facts
    body = {
        "visibility": fields.get("visibility") or defaults.get("visibility", "public"),
        "sensitive": bool(spoiler) or is_true(fields.get("sensitive", defaults.get("sensitive", False))),
        "spoiler_text": spoiler,
        "language": fields.get("language") or defaults.get("language", "en"),
        "server": visit.server.name,
        "quote_policy": fields.get("quote_approval_policy") or defaults.get("quote_policy", "public"),
    }
    uploads, parent = attachments(visit, ids), parent_of(visit, fields)
    if fields.get("poll") is not None:
        if ids:
            raise visit.refusal("poll_and_media")
        body["poll"] = poll_of(visit, fields["poll"])
    if fields.get("quoted_status_id"):
        if ids or "poll" in body:
            raise visit.refusal("quote_and_media")
        body |= quoted_by(visit, fields["quoted_status_id"], text, body["visibility"])
    return Wanted(text, uploads, parent, body)


def words_of(visit: Visit, fields: dict[str, Any]) -> tuple[str, str, list[str]]:
    """Text, content warning and the ids of media; a warning alone becomes the text."""
    spoiler, text = (fields.get("spoiler_text") or "").strip(), (fields.get("status") or "").strip()
    ids = fields.get("media_ids") or []
    if not text and not ids:
        text, spoiler = spoiler, ""
    if not text and not ids:
        raise visit.refusal("blank")
    if mastodon_length(spoiler) + mastodon_length(text, url_length=URL_LENGTH) > visit.server.characters:
        raise visit.refusal("long", limit=visit.server.characters)
    return text, spoiler, ids


def quoted_by(visit: Visit, remote_id: str, text: str, visibility: str) -> dict[str, Any]:
    """The quoted post, and how many may see the quote: no more than the post itself."""
    try:
        quoted = visible(visit, remote_id)
    except Refusal as refusal:
        raise visit.refusal("quoted") from refusal
    if not may_quote(visit.person, quoted):
        raise visit.refusal("quoted")
    if (
        visibility == "direct"
        and quoted.person != visit.person
        and quoted.person.handle not in named_in(text)
    ):
        raise visit.refusal("quoted_unnamed")
    is_private = quoted.body["visibility"] == "private" and visibility != "direct"
    return {"quoted": quoted.remote_id, "visibility": "private" if is_private else visibility}


def refuse_odd(visit: Visit, fields: dict[str, Any], known: Collection[str]) -> None:
    """Fields that do not exist, are of the wrong kind, or are not played here."""
    for name, value in fields.items():
        if name not in known or (name in QUOTES and not visit.server.has_quotes):
            raise Refusal(422, {"error": f"Validation failed: there is no field {name}"})
        if name in KNOWN - PLAYED:
            raise Refusal(422, {"error": f"Validation failed: the sandbox does not play {name}"})
        strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
        fine = {
            "media_ids": strings,
            "sensitive": str(value).lower() in {"true", "false", "1", "0"},
            "poll": isinstance(value, dict),
            "media_attributes": isinstance(value, list),
        }
        if value is not None and not fine.get(name, isinstance(value, str)):
            raise visit.refusal("field", name=name)
    if fields.get("visibility") and fields["visibility"] not in VISIBILITIES:
        raise visit.refusal("field", name="visibility")
    if fields.get("language") and not LANGUAGE.fullmatch(fields["language"]):
        raise visit.refusal("field", name="language")
    if fields.get("quote_approval_policy") and fields["quote_approval_policy"] not in POLICIES:
        raise visit.refusal("field", name="quote_approval_policy")


def attachments(visit: Visit, ids: Sequence[str], entry: Entry | None = None) -> list[Upload]:
    """The media of these ids, which hang on no post but, where it is changed, on `entry`."""
    if len(ids) > visit.server.pictures:
        raise visit.refusal("many", limit=visit.server.pictures)
    own = Upload.objects.filter(network=NETWORK, person=visit.person, remote_id__in=ids)
    free = own.filter(Q(entries=None) | Q(entries=entry) if entry else Q(entries=None))
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


def change(visit: Visit, entry: Entry, fields: dict[str, Any]) -> Entry:
    """Turn a post into what a request says; what it does not say is taken away, as Mastodon does it."""
    refuse_odd(visit, fields, EDITED)
    text, spoiler, ids = words_of(visit, fields)
    uploads, poll = attachments(visit, ids, entry), changed_poll(visit, entry, fields.get("poll"))
    if uploads and poll:
        raise visit.refusal("poll_and_media")
    entry.text = text
    entry.body |= {
        "spoiler_text": spoiler,
        "sensitive": bool(spoiler) or is_true(fields.get("sensitive", False)),
        "language": fields.get("language") or entry.body["language"],
        "quote_policy": fields.get("quote_approval_policy") or entry.body.get("quote_policy", "public"),
        "poll": poll,
        "edited_at": timezone.now().isoformat(),
    }
    entry.save()
    entry.uploads.clear()
    entry.attach(uploads)
    for described in fields.get("media_attributes") or []:
        alt = str(described.get("description") or "")
        refuse_long(visit, alt)
        entry.uploads.filter(remote_id=str(described.get("id"))).update(alt=alt)
    return entry


def changed_poll(visit: Visit, entry: Entry, asked: Any) -> dict[str, Any] | None:
    """Votes are kept only where neither the answers nor how many may be chosen differ."""
    if asked is None:
        return None
    made, old = poll_of(visit, asked), entry.body.get("poll") or {}
    is_same = all(made[name] == old.get(name) for name in ("options", "multiple"))
    return {**made, "votes": old["votes"]} if is_same else made


def visible(visit: Visit, remote_id: str) -> Entry:
    """A status that this person may see; what somebody wrote to a person is one too."""
    known = {"network": NETWORK, "remote_id": remote_id, "deleted_at": None}
    found = Entry.objects.select_related("person").filter(**known).first()
    note = None if found else Note.objects.select_related("author", "person", "entry").filter(**known).first()
    shown = as_entry(note) if note else found
    if shown is None or not may_see(visit, shown):
        raise visit.refusal("missing")
    return shown


def may_see(visit: Visit, entry: Entry) -> bool:
    person = visit.grant.person if visit.grant else None
    is_open = entry.body["visibility"] in {"public", "unlisted"}
    return is_open or person == entry.person or bool(person and person.handle in named_in(entry.text))
