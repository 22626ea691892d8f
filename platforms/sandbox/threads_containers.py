"""Threads' containers from the other side: what it refuses, how it processes, and how it publishes them."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import graph
from platforms.sandbox.fetching import fetch
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.probing import Probed, probe
from platforms.sandbox.threads_schema import PLACES, checked
from platforms.sandbox.threads_wire import (
    DAY,
    LIMITS,
    NETWORK,
    ROOM,
    absent,
    entry_of,
    granted,
    limit,
    needs,
    new_id,
    new_shortcode,
    not_yet,
    note_of,
    person_of,
    take,
    used,
    wrong,
)

SHOWN_AS = {"TEXT": "TEXT_POST", "IMAGE": "IMAGE", "VIDEO": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM"}
MOST_BYTES = {"IMAGE": 8_388_608, "VIDEO": 1_073_741_824}
SCOPE_OF = {
    "reply_to_id": "threads_manage_replies",
    "reply_control": "threads_manage_replies",
    "enable_reply_approvals": "threads_manage_replies",
    "location_id": "threads_location_tagging",
    "crossreshare_to_ig": "threads_share_to_instagram",
}


@granted("threads_content_publish")
def create(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    person, sent = person_of(grant, owner), graph.wire_fields(request)
    for name in SCOPE_OF.keys() & sent.keys():
        needs(grant, SCOPE_OF[name])
    wanted = checked(sent)
    refuse_places(wanted, person)
    container = Upload(network=NETWORK, person=person, remote_id=new_id(), alt=wanted.get("alt_text", ""))
    container.facts = {"wanted": wanted, "status": "FINISHED", "is_post": False}
    if wanted["media_type"] != "TEXT":
        container.facts["status"] = "IN_PROGRESS"
        container.facts["ends"] = processed(container, wanted, person)
    if request.META["sandbox.fault"] == "processing_fails":
        failed = "FAILED_PROCESSING_VIDEO" if wanted["media_type"] == "VIDEO" else "UNKNOWN"
        container.facts |= {"status": "IN_PROGRESS", "ends": failed}
    container.save()
    if wanted.get("auto_publish_text"):
        return JsonResponse({"id": publish_container(container, wanted).remote_id})
    return JsonResponse({"id": container.remote_id})


def refuse_places(wanted: dict[str, Any], person: Person) -> None:
    """What the post points at must be there, and the profile must be allowed to."""
    if (parent := wanted.get("reply_to_id")) and not (entry_of(parent) or note_of(parent)):
        raise not_yet()
    if (quoted := wanted.get("quote_post_id")) and not is_there(quoted):
        raise absent(quoted)
    if (place := wanted.get("location_id")) and place not in PLACES:
        raise wrong("location_id", "must be a valid location id")
    if "allowlisted_country_codes" in wanted and not person.facts.get("geo_gating"):
        raise graph.error(10, "(#10) The profile is not eligible for geo-gating")


def is_there(node: str) -> bool:
    """A post of somebody in this world, or the one that is always there."""
    return node == "18050000000000001" or bool(entry_of(node) or note_of(node))


# --- processing: counted in looks ---


def processed(container: Upload, wanted: dict[str, Any], person: Person) -> str:
    """How processing will end: '' is well. A picture that cannot be had is refused at once."""
    kind = wanted["media_type"]
    if kind == "CAROUSEL":
        children_of(wanted, person)
        return ""
    container.content = fetch(wanted[f"{kind.lower()}_url"]) or b""
    found = probe(bytes(container.content))
    if kind == "VIDEO":
        container.content_type = found.content_type if found else ""
        return fault_of(found) if container.content else "FAILED_DOWNLOADING_VIDEO"
    if (
        found is None
        or found.content_type not in {"image/jpeg", "image/png"}
        or len(container.content) > MOST_BYTES[kind]
        or not 0.1 <= found.width / found.height <= 10
    ):
        title = "The media could not be fetched from this URI"
        raise graph.error(-1, title, 2207052, error_user_msg=f"{title}: {wanted['image_url']}")
    container.content_type = found.content_type
    return ""


def fault_of(video: Probed | None) -> str:
    """What Threads says of a video that it does not take."""
    if video is None or video.content_type not in {"video/mp4", "video/quicktime"}:
        return "FAILED_PROCESSING_VIDEO"
    picture, *sound = video.codecs
    checks = {
        "FAILED_PROCESSING_VIDEO": picture in {"h264", "hevc"} and video.width <= 1920,
        "FAILED_PROCESSING_AUDIO": set(sound) <= {"aac"},
        "INVALID_ASPEC_RATIO": 0.01 <= video.width / video.height <= 10,
        "INVALID_DURATION": 0 < video.seconds <= 300.5,
        "INVALID_FRAME_RATE": 22.9 <= video.fps <= 60.1,
    }
    return next((name for name, is_well in checks.items() if not is_well), "")


def children_of(wanted: dict[str, Any], person: Person) -> list[Upload]:
    """The children of a carousel: one's own, made for carousels, and ready."""
    mine = Upload.objects.filter(network=NETWORK, person=person, remote_id__in=wanted["children"])
    ready = {
        child.remote_id: child
        for child in mine
        if status_of(child) == "FINISHED" and child.facts["wanted"].get("is_carousel_item")
    }
    if missing := [node for node in wanted["children"] if node not in ready]:
        raise wrong("children", f"must be ids of finished carousel items: {missing[0]}")
    return [ready[node] for node in wanted["children"]]


def status_of(container: Upload) -> str:
    status: str = container.facts["status"]
    is_old = timezone.now() - container.created_at > DAY
    return "EXPIRED" if is_old and status != "PUBLISHED" else status


def look(request: HttpRequest, container: Upload) -> HttpResponse:
    """The status of a container. The first look finds it at work."""
    body = {"id": container.remote_id, "status": status_of(container)}
    if container.facts["status"] == "IN_PROGRESS":
        ends = container.facts.get("ends", "")
        container.facts["status"] = "ERROR" if ends else "FINISHED"
        container.save()
    elif body["status"] == "ERROR":
        body["error_message"] = container.facts["ends"]
    return JsonResponse(graph.only(body, request))


# --- publishing ---


@granted("threads_content_publish")
def publish(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    person, sent = person_of(grant, owner), graph.wire_fields(request)
    container = Upload.objects.filter(
        network=NETWORK, person=person, remote_id=sent.get("creation_id", "")
    ).first()
    if container is None or status_of(container) != "FINISHED":
        raise not_yet()
    wanted = container.facts["wanted"]
    if wanted.get("is_carousel_item"):
        raise wrong("creation_id", "must not be the id of a carousel item")
    shares = {"true", True} & {sent.get("crossreshare_to_ig"), wanted.get("crossreshare_to_ig")}
    if shares:
        needs(grant, "threads_share_to_instagram")
    answer = {"id": publish_container(container, wanted).remote_id}
    if shares:
        answer["crossreshare_to_ig_status"] = "SUCCESS" if person.facts.get("instagram", True) else "FAILED"
    return JsonResponse(answer)


def publish_container(container: Upload, wanted: dict[str, Any]) -> Entry:
    person, parent = container.person, wanted.get("reply_to_id", "")
    take(person, "replies" if parent else "posts")
    entry = Entry.objects.create(
        network=NETWORK,
        person=person,
        remote_id=new_id(),
        text=wanted.get("text", ""),
        parent_id=parent,
        body={**wanted, "shortcode": new_shortcode(), "root": root_of(parent), "topic_tag": topic(wanted)},
    )
    if wanted["media_type"] == "CAROUSEL":
        entry.attach(children_of(wanted, person))
    elif container.content:
        entry.attach([container])
    container.facts["status"] = "PUBLISHED"
    container.save()
    return entry


def root_of(parent: str) -> str:
    if entry := entry_of(parent) if parent else None:
        return str(entry.body["root"] or entry.remote_id)
    note = note_of(parent) if parent else None
    return note.entry.remote_id if note and note.entry else parent


def topic(wanted: dict[str, Any]) -> str:
    """The topic that was given, else the first tag of the text."""
    tag = re.search(r"(?<!\w)#(\w[^\s.&#]{0,49})", wanted.get("text", ""))
    return str(wanted.get("topic_tag") or (tag[1] if tag else ""))


@granted("threads_content_publish")
def publishing_limit(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    person = person_of(grant, owner)
    row: dict[str, Any] = {}
    for what in LIMITS:
        usage, config = ROOM[what]
        row |= {
            usage: used(person, what),
            config: {"quota_total": limit(person, what), "quota_duration": 86_400},
        }
    asked = graph.asked_fields(request, "quota_usage")
    return JsonResponse({"data": [{name: value for name, value in row.items() if name in asked}]})


@granted("threads_location_tagging")
def search_places(request: HttpRequest, grant: Grant) -> HttpResponse:
    person, query = person_of(grant), request.GET.get("q", "").casefold()
    if not query and not {"latitude", "longitude"} <= request.GET.keys():
        raise wrong("q", "is required, or latitude and longitude")
    take(person, "searches")
    Person.objects.filter(pk=person.pk).update(
        facts={**person.facts, "searches": used(person, "searches") + 1}
    )
    rows = [{"id": node, **place} for node, place in PLACES.items() if query in place["name"].casefold()]
    return JsonResponse({"data": [graph.only(row, request) for row in rows]})
