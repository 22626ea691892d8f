"""The twin's repositories: records under keys, and what is refused."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from platforms.sandbox import bluesky_blobs, cids
from platforms.sandbox import bluesky_lexicon as lexicon
from platforms.sandbox.bluesky_sessions import authorised, did_document
from platforms.sandbox.bluesky_store import Stored, Taken, add, change, listed, remove, stored, uri_of
from platforms.sandbox.bluesky_wire import (
    POINTS,
    POINTS_WINDOW,
    invalid,
    json_input,
    new_tid,
    parameter,
    person_called,
    refuse,
    spend,
    with_headers,
)
from platforms.sandbox.models import Person

RECORD = {"repo": str, "collection": str, "rkey": str}


# --- writing ---


def create_record(request: HttpRequest) -> HttpResponse:
    body = json_input(
        request,
        {"repo": str, "collection": str, "record": dict},
        {"rkey": str, "validate": bool, "swapCommit": str},
    )
    person, headers = _writer(request, body, "create", 3)
    record = _checked(body)
    return _written(_insert(person, record, body.get("rkey") or new_tid()), headers)


def put_record(request: HttpRequest) -> HttpResponse:
    """Create or replace. With `swapRecord` null only create; the same content again changes nothing."""
    body = json_input(
        request,
        {**RECORD, "record": dict},
        {"validate": bool, "swapRecord": (str, type(None)), "swapCommit": (str, type(None))},
    )
    person, headers = _writer(request, body, "update", 2)
    record = _checked(body)
    there = stored(uri_of(person, body["collection"], body["rkey"]))
    if there is not None and cids.record_cid(there.body) == cids.record_cid(record):
        return _written(there, headers, commit=False)
    if "swapRecord" in body:
        current = there.reference["cid"] if there else None
        if body["swapRecord"] != current:
            raise refuse(400, "InvalidSwap", f"Record was at {current or 'null'}")
    if there is None:
        return _written(_insert(person, record, body["rkey"]), headers)
    return _written(change(there, record), headers)


def delete_record(request: HttpRequest) -> HttpResponse:
    body = json_input(request, dict(RECORD), {"swapRecord": str, "swapCommit": str})
    person, headers = _writer(request, body, "delete", 1)
    _check_key(body["collection"], body["rkey"])
    there = stored(uri_of(person, body["collection"], body["rkey"]))
    if there is None:
        return with_headers(JsonResponse({}), headers)
    remove(there)
    return with_headers(JsonResponse({"commit": _commit()}), headers)


def apply_writes(request: HttpRequest) -> HttpResponse:
    """Several creations and deletions, all or none."""
    body = json_input(request, {"repo": str, "writes": list}, {"validate": bool, "swapCommit": str})
    person, headers = _writer(request, body, "create", 3 * len(body["writes"]))
    results = [_apply(person, write) for write in body["writes"]]
    return with_headers(JsonResponse({"commit": _commit(), "results": results}), headers)


def _apply(person: Person, write: Any) -> dict[str, Any]:
    if not isinstance(write, dict):
        raise invalid("Expected object value type at $.writes")
    kind = str(write.get("$type", "")).removeprefix("com.atproto.repo.applyWrites#")
    collection = str(write.get("collection", ""))
    if kind == "create":
        key = write.get("rkey") or new_tid()
        record = _checked({"collection": collection, "rkey": key, "record": write.get("value")})
        made = _insert(person, record, key)
        result: dict[str, Any] = {**made.reference, "validationStatus": "valid"}
    elif kind == "delete":
        _check_key(collection, write.get("rkey", ""))
        there = stored(uri_of(person, collection, write["rkey"]))
        if there is None:
            raise invalid(f"Could not find record: {write['rkey']}")
        remove(there)
        result = {}
    else:
        raise invalid("Expected one of create, delete at $.writes")
    return {"$type": f"com.atproto.repo.applyWrites#{kind}Result", **result}


def _writer(
    request: HttpRequest, body: dict[str, Any], action: str, points: int
) -> tuple[Person, dict[str, str]]:
    """Whoever writes to their own repository, and how much more they may."""
    grant = authorised(request, f"repo:{body.get('collection', lexicon.POST)}?action={action}")
    person = person_called(body["repo"])
    if person is None:
        raise refuse(403, "AccountNotFound", "Account not found")
    if person != grant.person:
        raise refuse(401, "AuthenticationRequired", "Authentication Required")
    most = person.facts.get("points", POINTS)
    return person, spend(grant, "points", most, POINTS_WINDOW, points).headers


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """The record of a write, valid and with its type."""
    collection = body["collection"]
    if not isinstance(body["record"], dict):
        raise invalid("Expected object value type at $.record")
    record = {"$type": collection, **body["record"]}
    if collection not in lexicon.SCHEMAS:
        raise invalid(f"Only {', '.join(lexicon.SCHEMAS)} are kept here, not {collection}")
    if record["$type"] != collection:
        raise invalid(f"Invalid $type: expected {collection}, got {record['$type']}")
    if body.get("rkey"):
        _check_key(collection, body["rkey"])
    try:
        lexicon.SCHEMAS[collection](record, "$.record")
    except lexicon.Invalid as wrong:
        raise invalid(f"Invalid {collection} record: {wrong}") from wrong
    return record


def _check_key(collection: str, key: str) -> None:
    if not lexicon.RECORD_KEY.fullmatch(key):
        raise invalid(f'Invalid record key (got "{key}") at $.rkey')
    if not lexicon.TID.fullmatch(key):
        raise invalid(f'Invalid record key for {collection}: Invalid TID string (got "{key}") at $')


def _insert(person: Person, record: dict[str, Any], key: str) -> Stored:
    """Store a new record. A key that is taken breaks the server, as it breaks the real one."""
    uploads = [bluesky_blobs.upload_of(person, blob) for blob in lexicon.blobs(record)]
    try:
        return add(person, uri_of(person, record["$type"], key), record, uploads)
    except Taken as error:
        raise refuse(500, "InternalServerError", "Internal Server Error") from error


# --- reading ---


def get_record(request: HttpRequest) -> HttpResponse:
    repo, key = parameter(request, "repo"), parameter(request, "rkey")
    collection = parameter(request, "collection")
    person = person_called(repo)
    if person is None:
        raise invalid("Could not locate record")
    there = stored(uri_of(person, collection, key))
    if there is None:
        raise refuse(
            400, "RecordNotFound", f"Could not locate record: at://{person.remote_id}/{collection}/{key}"
        )
    return JsonResponse({**there.reference, "value": there.body})


def list_records(request: HttpRequest) -> HttpResponse:
    """Records by key, newest first unless `reverse`."""
    person = person_called(parameter(request, "repo"))
    if person is None:
        raise invalid("Could not find repo")
    limit = int(parameter(request, "limit", "50"))
    if not 1 <= limit <= 100:
        raise invalid(f"integer too big (maximum 100, got {limit}) at $.limit")
    found = listed(person, parameter(request, "collection"))
    backwards, cursor = parameter(request, "reverse", "false") == "true", parameter(request, "cursor", "")
    if backwards:
        found.reverse()
    if cursor:
        found = [record for record in found if (record.key > cursor if backwards else record.key < cursor)]
    rows = found[:limit]
    records = [{**record.reference, "value": record.body} for record in rows]
    return JsonResponse({"records": records, **({"cursor": rows[-1].key} if rows else {})})


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
            "collections": [name for name in lexicon.SCHEMAS if listed(person, name)],
            "handleIsCorrect": True,
        }
    )


def _commit() -> dict[str, str]:
    rev = new_tid()
    return {"cid": cids.record_cid({"rev": rev}), "rev": rev}


def _written(record: Stored, headers: dict[str, str], *, commit: bool = True) -> HttpResponse:
    body = {**record.reference, **({"commit": _commit()} if commit else {}), "validationStatus": "valid"}
    return with_headers(JsonResponse(body), headers)
