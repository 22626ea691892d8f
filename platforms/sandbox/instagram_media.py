"""Containers: what may stand in them, what they fetch, how they are processed, and publishing them once."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import fetching, graph, wire
from platforms.sandbox.instagram_wire import (
    DIALECT,
    NETWORK,
    api,
    error,
    fields_of,
    flavour_of,
    invalid,
    is_true,
    new_id,
    owner,
    person_named,
    person_of,
)
from platforms.sandbox.models import Entry, Fault, Grant, Person, Upload
from platforms.sandbox.probing import Probed, probe
from platforms.text import hashtags, mentions, utf16_length

DAY = timedelta(hours=24)
POSTS_A_DAY, CONTAINERS_A_DAY = 100, 400
PICTURE_BYTES = 8 * 1024 * 1024
PLACES = {"7640348500": "Altona, Hamburg", "106377336067638": "Berlin, Germany"}
PRODUCTS = {"4521": "Rye loaf", "4522": "Cinnamon bun"}
UPLOADS = "ig-api-upload"

COMMON = {
    "caption",
    "collaborators",
    "location_id",
    "is_ai_generated",
    "is_paid_partnership",
    "branded_content_sponsor_ids",
}
SHAPES: dict[str, set[str]] = {
    "image": {"image_url", "alt_text", "user_tags", "product_tags", *COMMON},
    "reel": {
        *(
            "video_url",
            "upload_type",
            "user_tags",
            "product_tags",
            "cover_url",
            "thumb_offset",
            "share_to_feed",
        ),
        *("audio_name", "trial_params", *COMMON),
    },
    "story": {
        *("image_url", "video_url", "upload_type", "caption", "user_tags", "is_ai_generated"),
        *("is_paid_partnership", "branded_content_sponsor_ids"),
    },
    "carousel": {"children", *COMMON},
    "child": {
        "image_url",
        "video_url",
        "upload_type",
        "alt_text",
        "user_tags",
        "product_tags",
        "is_carousel_item",
    },
}
ALWAYS = {"media_type", "client_id"}
KNOWN = set().union(*SHAPES.values(), ALWAYS)
FACEBOOK_ONLY = {"is_paid_partnership", "branded_content_sponsor_ids", "product_tags", "upload_type"}
SECONDS = {"reel": (3, 900), "story": (3, 60), "child": (3, 60)}


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


def shape_of(fields: dict[str, Any]) -> str:
    """Which kind of container is asked for."""
    media_type = fields.get("media_type", "")
    if "is_carousel_item" in fields and is_true(fields["is_carousel_item"]):
        if media_type not in {"", "VIDEO", "IMAGE"}:
            raise error(2207023)
        shape = "child"
    else:
        shapes = {"": "image", "IMAGE": "image", "REELS": "reel", "STORIES": "story", "CAROUSEL": "carousel"}
        if media_type == "VIDEO":
            raise error(
                2207023, "The VIDEO value for media_type is no longer supported. Use the REELS media type."
            )
        if media_type not in shapes:
            raise error(2207023)
        shape = shapes[media_type]
    wants_video = shape == "reel" or media_type == "VIDEO"
    sources = [name for name in ("image_url", "video_url", "upload_type") if fields.get(name)]
    if shape != "carousel" and len(sources) != 1:
        raise invalid("The parameter image_url or video_url is required, and only one of them")
    if shape in {"image", "child"} and not wants_video and sources != ["image_url"]:
        raise invalid("The parameter image_url is required")
    if wants_video and sources == ["image_url"]:
        raise invalid("The parameter video_url is required")
    return shape


def check_names(shape: str, fields: dict[str, Any], flavour: str) -> None:
    for name in sorted(set(fields)):
        if name not in KNOWN or (flavour == "instagram" and name in FACEBOOK_ONLY):
            raise invalid(f"Unexpected param {name}")
        if name not in SHAPES[shape] | ALWAYS:
            raise invalid(f"The param {name} is not allowed for this media")
    for name in ("is_ai_generated", "is_paid_partnership", "share_to_feed"):
        if name in fields:
            is_true(fields[name])
    if fields.get("upload_type", "resumable") != "resumable":
        raise invalid("upload_type must be resumable")


def check_words(fields: dict[str, Any], person: Person) -> None:
    caption = str(fields.get("caption", ""))
    if utf16_length(caption) > 2200 or hashtags(caption) > 30 or mentions(caption) > 20:
        raise error(2207010)
    if len(str(fields.get("alt_text", ""))) > 1000:
        raise invalid("alt_text is limited to 1000 characters")
    names = listed(fields, "collaborators")
    if len(names) > 3 or any(name == person.handle or person_named(str(name)) is None for name in names):
        raise invalid("Invalid collaborators: at most three usernames of public accounts")
    if "location_id" in fields and str(fields["location_id"]) not in PLACES:
        raise invalid("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")
    sponsors = listed(fields, "branded_content_sponsor_ids")
    known = Person.objects.filter(network=NETWORK, remote_id__in=[str(one) for one in sponsors]).count()
    if len(sponsors) > 2 or known != len(sponsors):
        raise invalid("INSTAGRAM_PLATFORM_API__INVALID_PARAM")
    trial = graph.structured(fields.get("trial_params", {}))
    if trial and trial.get("graduation_strategy") not in {"MANUAL", "SS_PERFORMANCE"}:
        raise invalid("graduation_strategy must be one of MANUAL, SS_PERFORMANCE")
    if trial and not person.facts.get("trials"):
        raise error(2207081, "This account cannot create trial reels.")


def check_tags(shape: str, fields: dict[str, Any]) -> None:
    """People and products: how many, who, and with a place just where a picture has one."""
    for name, key, most in (("user_tags", "username", 20), ("product_tags", "product_id", 5)):
        tags = listed(fields, name)
        if len(tags) > most:
            raise error(2207040)
        is_picture = bool(fields.get("image_url"))
        for tag in tags:
            if not isinstance(tag, dict) or set(tag) - {key, "x", "y"} or not tag.get(key):
                raise invalid(f"Invalid {name}")
            has_place = "x" in tag and "y" in tag
            if has_place and not is_picture and shape != "story":
                raise error(2207035)
            if not has_place and is_picture and shape != "story":
                raise error(2207036)
            if any(not 0 <= float(tag[axis]) <= 1 for axis in ("x", "y") if axis in tag):
                raise invalid(f"Invalid {name}: positions lie between 0 and 1")
            if key == "username" and person_named(str(tag[key])) is None:
                raise invalid(f"Invalid user id: {tag[key]}")
            if key == "product_id" and str(tag[key]) not in PRODUCTS:
                raise error(2207037)


def listed(fields: dict[str, Any], name: str) -> list[Any]:
    value = graph.structured(fields.get(name, []))
    if not isinstance(value, list):
        raise invalid(f"Param {name} must be an array")
    return value


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


def check_picture(shape: str, content: bytes, found: Probed | None) -> None:
    if found is None or not found.is_image:
        raise error(2207052)
    if found.content_type != "image/jpeg":
        raise error(2207005)
    if len(content) > PICTURE_BYTES:
        raise error(2207004)
    if shape != "story" and not 0.795 <= found.width / found.height <= 1.92:
        raise error(2207009)


def video_fault(facts: dict[str, Any], found: Probed | None) -> int:
    """The subcode of what is wrong with a video, 0 where it is fine."""
    if found is None or found.content_type not in {"video/mp4", "video/quicktime"}:
        return 2207026
    least, most = SECONDS[facts["shape"]]
    fits = least - 0.1 <= found.seconds <= most + 0.5 and 22.9 <= found.fps <= 60.1 and found.width <= 1920
    if not fits or found.codecs[0] not in {"h264", "hevc"} or set(found.codecs[1:]) - {"aac"}:
        return 2207026
    offset = facts["fields"].get("thumb_offset")
    if offset is not None and not 0 <= int(offset) < found.seconds * 1000:
        return 2207057
    return 0


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
