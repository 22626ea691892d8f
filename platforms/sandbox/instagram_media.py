"""Containers: what they fetch, how they are processed, and publishing them once."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import fetching, graph, wire
from platforms.sandbox.instagram_checks import (
    check_names,
    check_picture,
    check_tags,
    check_words,
    listed,
    shape_of,
    video_fault,
)
from platforms.sandbox.instagram_wire import (
    DIALECT,
    NETWORK,
    api,
    error,
    fields_of,
    flavour_of,
    invalid,
    new_id,
    owner,
    person_of,
)
from platforms.sandbox.models import Entry, Fault, Grant, Person, Upload
from platforms.sandbox.probing import probe

DAY = timedelta(hours=24)
POSTS_A_DAY, CONTAINERS_A_DAY = 100, 400
UPLOADS = "ig-api-upload"


@api("publish", "POST")
def create(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = owner(grant, node)
    fields = fields_of(request)
    shape = shape_of(fields)
    check_names(shape, fields, flavour_of(grant))
    if uploads_of(person).count() >= CONTAINERS_A_DAY:
        raise graph.error(4)
    check_words(fields, person)
    check_tags(shape, fields)
    row = Upload(network=NETWORK, person=person, remote_id=new_id("17"), alt=str(fields.get("alt_text", "")))
    row.facts = {"shape": shape, "fields": fields, "status": "IN_PROGRESS", "looks": 0, "error": 0}
    body = {"id": row.remote_id}
    if shape == "carousel":
        row.facts["children"] = [child.remote_id for child in children_of(person, fields)]
    elif "upload_type" in fields:
        row.facts["received"] = 0
        body["uri"] = f"https://rupload.facebook.com/{UPLOADS}/{graph.VERSION}/{row.remote_id}"
    else:
        take_in(row, fetched(fields))
    if request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS:
        row.facts |= {"error": 2207026, "looks": max(row.facts["looks"], 1)}
    row.save()
    return JsonResponse(body)


def uploads_of(person: Person) -> Any:
    recent = Upload.objects.filter(network=NETWORK, person=person, created_at__gt=timezone.now() - DAY)
    return recent.defer("content")


def children_of(person: Person, fields: dict[str, Any]) -> list[Upload]:
    given = graph.structured(fields.get("children", ""))
    ids = given if isinstance(given, list) else [one.strip() for one in str(given).split(",") if one.strip()]
    if not 2 <= len(ids) <= 10:
        raise error(
            2207028, "Your post won't work as a carousel. It needs too little or too many attachments."
        )
    found = {row.remote_id: row for row in uploads_of(person).filter(remote_id__in=ids)}
    children = [found[one] for one in map(str, ids) if one in found]
    if len(children) != len(ids) or any(child.facts["shape"] != "child" for child in children):
        raise error(2207008)
    if any(status_of(child) != "FINISHED" for child in children):
        raise error(2207027)
    return children


# --- media ---


def fetched(fields: dict[str, Any]) -> bytes:
    content = fetching.fetch(str(fields.get("image_url") or fields.get("video_url")))
    if content is None:
        raise error(2207052, "The media could not be fetched from this URI.")
    return content


def take_in(row: Upload, content: bytes) -> None:
    """A picture is looked at now; a video is processed, and what is wrong with it shows in the status."""
    row.content = content
    found = probe(content)
    if row.facts["fields"].get("image_url"):
        check_picture(row.facts["shape"], content, found)
        row.facts["status"] = "FINISHED"
    else:
        row.facts |= {"looks": 1, "error": video_fault(row.facts, found)}
    row.content_type = found.content_type if found else "application/octet-stream"


@wire.endpoint(DIALECT, "POST")
@graph.granted(NETWORK)
def upload(request: HttpRequest, grant: Grant, container: str) -> HttpResponse:
    """The bytes of a resumable upload, from `offset` on."""
    row = Upload.objects.filter(network=NETWORK, person=person_of(grant), remote_id=container).first()
    if not request.headers.get("Authorization", "").startswith("OAuth ") or row is None:
        raise upload_refused("unauthorized user request")
    if flavour_of(grant) != "facebook" or "upload_type" not in row.facts["fields"]:
        raise upload_refused("unsupported upload")
    if url := request.headers.get("file-url"):
        content = fetching.fetch(url) or b""
    else:
        # The header `file_size` never gets here: WSGI servers drop names with an underscore.
        if request.headers.get("offset") != str(len(row.content)):
            raise upload_refused("offset mismatch")
        content = bytes(row.content) + request.read()
    fails = row.facts["error"]
    take_in(row, content)
    row.facts |= {"received": len(content), "error": row.facts["error"] or fails}
    row.save()
    return JsonResponse({"success": True, "message": "Upload successful."})


def upload_refused(message: str) -> wire.Refusal:
    inner = f'{{"success":false,"error":{{"message":"{message}"}}}}'
    return wire.Refusal(
        400, {"debug_info": {"retriable": False, "type": "ProcessingFailedError", "message": inner}}
    )


# --- status, and publishing ---


def status_of(row: Upload) -> str:
    if row.facts["status"] == "PUBLISHED":
        return "PUBLISHED"
    if row.created_at < timezone.now() - DAY:
        return "EXPIRED"
    return str(row.facts["status"])


def look_at(row: Upload) -> str:
    """The status as a look finds it; looks make processing go on."""
    is_here = "upload_type" not in row.facts["fields"] or bool(row.content)
    if status_of(row) == "IN_PROGRESS" and is_here:
        row.facts["looks"] -= 1
        if row.facts["looks"] < 0:
            row.facts["status"] = "ERROR" if row.facts["error"] else "FINISHED"
        row.save(update_fields=["facts"])
    return status_of(row)


SENTENCES = {
    "IN_PROGRESS": "In Progress: Media is still being processed.",
    "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
    "PUBLISHED": "Published: Media has been already published.",
    "EXPIRED": "Expired: The container was not published within 24 hours.",
}


def container_body(row: Upload) -> dict[str, Any]:
    status = look_at(row)
    failed = f"Error: Media upload has failed with error code {row.facts['error']}"
    body: dict[str, Any] = {
        "id": row.remote_id,
        "status_code": status,
        "status": SENTENCES.get(status, failed),
    }
    if "upload_type" in row.facts["fields"]:
        phase = {
            "status": "complete" if row.facts["looks"] else "in_progress",
            "bytes_transferred": row.facts["received"],
        }
        body["video_status"] = {"uploading_phase": phase}
    return {**body, "copyright_check_status": {"status": "completed", "matches_found": False}}


@api("publish", "POST")
def publish(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = owner(grant, node)
    creation_id = str(fields_of(request).get("creation_id", ""))
    row = Upload.objects.filter(network=NETWORK, person=person, remote_id=creation_id).first()
    if row is None or status_of(row) == "EXPIRED":
        raise error(2207008)
    match status_of(row):
        case "PUBLISHED":
            raise invalid("The media has already been published")
        case "ERROR":
            raise error(2207032)
        case "IN_PROGRESS":
            raise error(2207027)
    if row.facts["shape"] == "child":
        raise invalid("A carousel item cannot be published by itself")
    if posts_today(person) >= daily_limit(person):
        raise error(2207042)
    entry = stand(row, person)
    row.facts["status"] = "PUBLISHED"
    row.save(update_fields=["facts"])
    return JsonResponse({"id": entry.remote_id})


def stand(row: Upload, person: Person) -> Entry:
    """The post that a container becomes."""
    fields, shape = row.facts["fields"], row.facts["shape"]
    children = [Upload.objects.get(network=NETWORK, remote_id=one) for one in row.facts.get("children", [])]
    is_video = row.content_type.startswith("video/")
    product = {"reel": "REELS", "story": "STORY"}.get(shape, "FEED")
    body = {
        "media_type": "CAROUSEL_ALBUM" if children else "VIDEO" if is_video else "IMAGE",
        "media_product_type": product,
        "shortcode": new_id("C")[:11],
        "comment_enabled": product != "STORY",
        "fields": {name: graph.structured(value) for name, value in fields.items()},
        "tagged": [
            tag["username"] for one in (row, *children) for tag in listed(one.facts["fields"], "user_tags")
        ],
    }
    text = "" if shape == "story" else str(fields.get("caption", ""))
    entry = Entry.objects.create(network=NETWORK, person=person, remote_id=new_id("18"), text=text, body=body)
    entry.attach(children or [row])
    return entry


def posts_today(person: Person) -> int:
    recent = Entry.objects.filter(network=NETWORK, person=person, created_at__gt=timezone.now() - DAY)
    return int(recent.count())


def daily_limit(person: Person) -> int:
    return int(person.facts.get("posts_a_day", POSTS_A_DAY))


@api("publish", "GET")
def publishing_limit(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = owner(grant, node)
    body = {
        "quota_usage": posts_today(person),
        "config": {"quota_total": daily_limit(person), "quota_duration": 86_400},
    }
    asked = graph.asked_fields(request, "quota_usage")
    return JsonResponse({"data": [{name: value for name, value in body.items() if name in asked}]})


def container_of(grant: Grant, node: str) -> Upload | None:
    return Upload.objects.filter(network=NETWORK, person=person_of(grant), remote_id=node).first()
