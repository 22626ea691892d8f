"""The twin's repositories: records under keys, uploaded bytes, and what is refused."""

import io
import random
import time
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from PIL import Image, UnidentifiedImageError

from platforms.sandbox import bluesky_lexicon as lexicon
from platforms.sandbox import cids
from platforms.sandbox.bluesky_sessions import authorised, did_document
from platforms.sandbox.bluesky_wire import (
    NETWORK,
    POINTS,
    POINTS_WINDOW,
    invalid,
    json_input,
    parameter,
    person_called,
    refuse,
    spend,
    with_headers,
)
from platforms.sandbox.models import Entry, Grant, Person, Upload

BLOB_BYTES = 5 * 1024 * 1024
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
RECORD = {"repo": str, "collection": str, "rkey": str}


# --- writing ---


def create_record(request: HttpRequest) -> HttpResponse:
    body = json_input(
        request,
        {"repo": str, "collection": str, "record": dict},
        {"rkey": str, "validate": bool, "swapCommit": str},
    )
    grant, headers = _writer(request, body["repo"], "create", 3)
    record = _checked(body)
    return _written(_insert(grant, record, body.get("rkey") or new_tid()), headers)


def put_record(request: HttpRequest) -> HttpResponse:
    """Create or replace. With `swapRecord` null only create; the same content again changes nothing."""
    body = json_input(
        request,
        {**RECORD, "record": dict},
        {"validate": bool, "swapRecord": (str, type(None)), "swapCommit": (str, type(None))},
    )
    grant, headers = _writer(request, body["repo"], "update", 2)
    record = _checked(body)
    there = _entry(cast(Person, grant.person), body["rkey"])
    if there is not None and cids.record_cid(there.body) == cids.record_cid(record):
        return _written(there, headers, commit=False)
    if "swapRecord" in body:
        current = cids.record_cid(there.body) if there else None
        if body["swapRecord"] != current:
            raise refuse(400, "InvalidSwap", f"Record was at {current or 'null'}")
    if there is None:
        return _written(_insert(grant, record, body["rkey"]), headers)
    there.body, there.text = record, record["text"]
    there.save(update_fields=["body", "text"])
    return _written(there, headers)


def delete_record(request: HttpRequest) -> HttpResponse:
    body = json_input(request, dict(RECORD), {"swapRecord": str, "swapCommit": str})
    grant, headers = _writer(request, body["repo"], "delete", 1)
    _check_key(body["collection"], body["rkey"])
    there = _entry(cast(Person, grant.person), body["rkey"])
    if there is None:
        return with_headers(JsonResponse({}), headers)
    Entry.objects.filter(pk=there.pk).update(deleted_at=timezone.now())
    return with_headers(JsonResponse({"commit": _commit()}), headers)


def apply_writes(request: HttpRequest) -> HttpResponse:
    """Several creations and deletions, all or none."""
    body = json_input(request, {"repo": str, "writes": list}, {"validate": bool, "swapCommit": str})
    grant, headers = _writer(request, body["repo"], "create", 3 * len(body["writes"]))
    results = [_apply(grant, write) for write in body["writes"]]
    return with_headers(JsonResponse({"commit": _commit(), "results": results}), headers)


def _apply(grant: Grant, write: Any) -> dict[str, Any]:
    if not isinstance(write, dict):
        raise invalid("Expected object value type at $.writes")
    kind = str(write.get("$type", "")).removeprefix("com.atproto.repo.applyWrites#")
    if kind == "create":
        key = write.get("rkey") or new_tid()
        record = _checked({"collection": write.get("collection"), "rkey": key, "record": write.get("value")})
        result: dict[str, Any] = {**reference(_insert(grant, record, key)), "validationStatus": "valid"}
    elif kind == "delete":
        _check_key(write.get("collection", ""), write.get("rkey", ""))
        there = _entry(cast(Person, grant.person), write["rkey"])
        if there is None:
            raise invalid(f"Could not find record: {write['rkey']}")
        Entry.objects.filter(pk=there.pk).update(deleted_at=timezone.now())
        result = {}
    else:
        raise invalid("Expected one of create, delete at $.writes")
    return {"$type": f"com.atproto.repo.applyWrites#{kind}Result", **result}


def _writer(request: HttpRequest, repo: str, action: str, points: int) -> tuple[Grant, dict[str, str]]:
    """Whoever writes to their own repository, and how much more they may."""
    grant = authorised(request, f"repo:{lexicon.POST}?action={action}")
    person = person_called(repo)
    if person is None:
        raise refuse(403, "AccountNotFound", "Account not found")
    if person != grant.person:
        raise refuse(401, "AuthenticationRequired", "Authentication Required")
    most = grant.person.facts.get("points", POINTS)
    return grant, spend(grant, "points", most, POINTS_WINDOW, points).headers


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """The record of a write, valid and with its type."""
    if not isinstance(body["record"], dict):
        raise invalid("Expected object value type at $.record")
    record = {"$type": lexicon.POST, **body["record"]}
    if body["collection"] != lexicon.POST:
        raise invalid(f"Only {lexicon.POST} is kept here, not {body['collection']}")
    if record["$type"] != lexicon.POST:
        raise invalid(f"Invalid $type: expected {lexicon.POST}, got {record['$type']}")
    if body.get("rkey"):
        _check_key(body["collection"], body["rkey"])
    try:
        lexicon.post(record, "$.record")
    except lexicon.Invalid as wrong:
        raise invalid(f"Invalid {lexicon.POST} record: {wrong}") from wrong
    return record


def _check_key(collection: str, key: str) -> None:
    if not lexicon.RECORD_KEY.fullmatch(key):
        raise invalid(f'Invalid record key (got "{key}") at $.rkey')
    if not lexicon.TID.fullmatch(key):
        raise invalid(f'Invalid record key for {collection}: Invalid TID string (got "{key}") at $')


def _insert(grant: Grant, record: dict[str, Any], key: str) -> Entry:
    """Store a new record. A key that is taken breaks the server, as it breaks the real one."""
    person = cast(Person, grant.person)
    uploads = [_upload(person, blob) for blob in lexicon.blobs(record)]
    try:
        with transaction.atomic():
            entry = Entry.objects.create(
                network=NETWORK,
                person=person,
                remote_id=uri(person, key),
                text=record["text"],
                parent_id=record.get("reply", {}).get("parent", {}).get("uri", ""),
                body=record,
            )
    except IntegrityError as error:
        raise refuse(500, "InternalServerError", "Internal Server Error") from error
    entry.attach(uploads)
    for upload, image in zip(uploads, record.get("embed", {}).get("images", []), strict=False):
        Upload.objects.filter(pk=upload.pk).update(alt=image["alt"])
    return entry


def _upload(person: Person, blob: dict[str, Any]) -> Upload:
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
    upload, _ = Upload.objects.update_or_create(
        network=NETWORK,
        person=cast(Person, grant.person),
        remote_id=cids.blob_cid(content),
        defaults={"content": content, "content_type": sniffed(content) or request.content_type},
    )
    blob = {
        "$type": "blob",
        "ref": {"$link": upload.remote_id},
        "mimeType": upload.content_type,
        "size": len(content),
    }
    return JsonResponse({"blob": blob})


def sniffed(content: bytes) -> str:
    """The kind of picture that bytes are, '' where they are none."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return Image.MIME.get(image.format or "", "")
    except (UnidentifiedImageError, OSError):
        return ""


# --- reading ---


def get_record(request: HttpRequest) -> HttpResponse:
    repo, key = parameter(request, "repo"), parameter(request, "rkey")
    collection = parameter(request, "collection")
    person = person_called(repo)
    if person is None:
        raise invalid("Could not locate record")
    entry = _entry(person, key) if collection == lexicon.POST else None
    if entry is None:
        raise refuse(
            400, "RecordNotFound", f"Could not locate record: at://{person.remote_id}/{collection}/{key}"
        )
    return JsonResponse({**reference(entry), "value": entry.body})


def list_records(request: HttpRequest) -> HttpResponse:
    """Records by key, newest first unless `reverse`."""
    person = person_called(parameter(request, "repo"))
    if person is None:
        raise invalid("Could not find repo")
    limit = int(parameter(request, "limit", "50"))
    if not 1 <= limit <= 100:
        raise invalid(f"integer too big (maximum 100, got {limit}) at $.limit")
    backwards = parameter(request, "reverse", "false") == "true"
    entries = _entries(person).order_by("remote_id" if backwards else "-remote_id")
    cursor = parameter(request, "cursor", "")
    if parameter(request, "collection") != lexicon.POST:
        entries = entries.none()
    if cursor:
        edge = {f"remote_id__{'gt' if backwards else 'lt'}": uri(person, cursor)}
        entries = entries.filter(**edge)
    rows = list(entries[:limit])
    records = [{**reference(entry), "value": entry.body} for entry in rows]
    more = {"cursor": rows[-1].remote_id.rpartition("/")[2]} if rows else {}
    return JsonResponse({"records": records, **more})


def describe_repo(request: HttpRequest) -> HttpResponse:
    name = parameter(request, "repo")
    person = person_called(name)
    if person is None:
        raise refuse(400, "RepoNotFound", f"Could not find repo for DID: {name}")
    return JsonResponse(
        {
            "handle": person.handle,
            "did": person.remote_id,
            "didDoc": did_document(request, person),
            "collections": [lexicon.POST] if _entries(person).exists() else [],
            "handleIsCorrect": True,
        }
    )


def get_blob(request: HttpRequest) -> HttpResponse:
    upload = Upload.objects.filter(
        network=NETWORK, person__remote_id=parameter(request, "did"), remote_id=parameter(request, "cid")
    ).first()
    if upload is None:
        raise refuse(400, "BlobNotFound", "Blob not found")
    return HttpResponse(bytes(upload.content), content_type=upload.content_type)


# --- words ---


def _entries(person: Person) -> Any:
    return Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)


def _entry(person: Person, key: str) -> Entry | None:
    return cast(Entry | None, _entries(person).filter(remote_id=uri(person, key)).first())


def uri(person: Person, key: str) -> str:
    return f"at://{person.remote_id}/{lexicon.POST}/{key}"


def reference(entry: Entry) -> dict[str, str]:
    return {"uri": entry.remote_id, "cid": cids.record_cid(entry.body)}


def new_tid() -> str:
    number = (time.time_ns() // 1000) << 10 | random.randrange(1024)  # noqa: S311  (guards nothing)
    return "".join(LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def _commit() -> dict[str, str]:
    rev = new_tid()
    return {"cid": cids.record_cid({"rev": rev}), "rev": rev}


def _written(entry: Entry, headers: dict[str, str], *, commit: bool = True) -> HttpResponse:
    body = {**reference(entry), **({"commit": _commit()} if commit else {}), "validationStatus": "valid"}
    return with_headers(JsonResponse(body), headers)
