"""Threads' posts from the other side: how it shows them, lists them, counts them and deletes them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from platforms.sandbox import graph, insights
from platforms.sandbox.models import Entry, Grant, Note, Upload
from platforms.sandbox.threads_containers import SHOWN_AS, look
from platforms.sandbox.threads_schema import PLACES
from platforms.sandbox.threads_wire import (
    EARLIEST,
    NETWORK,
    absent,
    address,
    entry_of,
    granted,
    living,
    note_of,
    person_of,
    take,
    wrong,
)

POST_METRICS = {"views": 2400, "likes": 190, "replies": 24, "reposts": 18, "quotes": 6, "shares": 11}
ACCOUNT_METRICS = {"likes": 320, "replies": 60, "reposts": 40, "quotes": 12}
GHOST_LIVES = timedelta(hours=24)
POLL_LIVES = timedelta(hours=24)
PROFILE_FIELDS = (
    "id",
    "username",
    "name",
    "threads_profile_picture_url",
    "threads_biography",
    "is_verified",
    "is_eligible_for_geo_gating",
)


# --- one thing by its id ---


@granted()
def node(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """A profile, a container, a post, a reply or a place."""
    person = person_of(grant)
    if node in {"me", person.remote_id}:
        return profile(request, grant)
    container = Upload.objects.filter(network=NETWORK, person=person, remote_id=node).first()
    if container is not None and "wanted" in container.facts:
        return look(request, container)
    if entry := entry_of(node):
        return JsonResponse(graph.only(post_body(request, entry, grant), request))
    if note := note_of(node):
        return JsonResponse(graph.only(note_body(request, note), request))
    if node in PLACES:
        return JsonResponse(graph.only({"id": node, **PLACES[node]}, request))
    raise absent(node)


def profile(request: HttpRequest, grant: Grant) -> HttpResponse:
    if unknown := graph.asked_fields(request) - set(PROFILE_FIELDS):
        raise graph.error(100, f"(#100) Tried accessing nonexisting field ({min(unknown)})")
    person = person_of(grant)
    picture = reverse("sandbox-avatar", args=[NETWORK, person.handle])
    body = {
        "id": person.remote_id,
        "username": person.handle,
        "name": person.name,
        "threads_profile_picture_url": request.build_absolute_uri(picture),
        "threads_biography": person.about,
        "is_verified": bool(person.facts.get("is_verified")),
        "is_eligible_for_geo_gating": bool(person.facts.get("geo_gating")),
    }
    return JsonResponse(graph.only(body, request))


def post_body(request: HttpRequest, entry: Entry, grant: Grant | None = None) -> dict[str, Any]:
    """A post as Threads shows it; what does not apply is left out."""
    kept, person = entry.body, entry.person
    body: dict[str, Any] = {
        "id": entry.remote_id,
        "media_product_type": "THREADS",
        "media_type": SHOWN_AS[kept["media_type"]],
        "permalink": address(request, person.handle, kept["shortcode"]),
        "shortcode": kept["shortcode"],
        "username": person.handle,
        "text": entry.text,
        "timestamp": graph.graph_time(entry.created_at),
        "is_quote_post": "quote_post_id" in kept,
        "is_reply": bool(entry.parent_id),
        "has_replies": entry.notes.exists() or living().filter(parent_id=entry.remote_id).exists(),
        "topic_tag": kept["topic_tag"],
        "link_attachment_url": kept.get("link_attachment"),
        "location_id": kept.get("location_id"),
        "reply_audience": kept.get("reply_control", "everyone").upper(),
        "is_spoiler_media": kept.get("is_spoiler_media"),
        "allowlisted_country_codes": kept.get("allowlisted_country_codes"),
    }
    if entry.parent_id:
        body |= {"replied_to": {"id": entry.parent_id}, "root_post": {"id": kept["root"]}}
        body["is_reply_owned_by_me"] = grant is not None and grant.person == person
    else:
        body["owner"] = {"id": person.remote_id}
    body |= media_of(request, entry) | attachments_of(entry)
    return {name: value for name, value in body.items() if value not in (None, "")}


def media_of(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    pictures = entry.pictures
    if not pictures:
        return {}
    first = pictures[0]
    place = reverse("sandbox-upload", args=[NETWORK, first.remote_id])
    body: dict[str, Any] = {"media_url": request.build_absolute_uri(place), "alt_text": first.alt}
    if len(pictures) > 1:
        body["children"] = {"data": [{"id": picture.remote_id} for picture in pictures]}
    return body


def attachments_of(entry: Entry) -> dict[str, Any]:
    kept = entry.body
    body: dict[str, Any] = {}
    if "quote_post_id" in kept:
        body["quoted_post"] = {"id": kept["quote_post_id"]}
    if kept.get("is_ghost_post"):
        ends = entry.created_at + GHOST_LIVES
        body["ghost_post_status"] = "ACTIVE" if ends > timezone.now() else "ARCHIVED"
        body["ghost_post_expiration_timestamp"] = graph.graph_time(ends)
    if "poll_attachment" in kept:
        body["poll_attachment"] = poll_of(entry)
    if "text_entities" in kept:
        body["text_entities"] = {"data": kept["text_entities"]}
    if "text_attachment" in kept:
        body["text_attachment"] = kept["text_attachment"]
    return body


def poll_of(entry: Entry) -> dict[str, Any]:
    """A poll with its votes, which come in as time goes by."""
    answers = entry.body["poll_attachment"]
    votes = {name: insights.grown(entry.pk, f"vote {name}", 90, entry.created_at) for name in answers}
    total = sum(votes.values())
    shares = {
        f"{name}_votes_percentage": round(count / total, 2) if total else 0 for name, count in votes.items()
    }
    ends = graph.graph_time(entry.created_at + POLL_LIVES)
    return {**answers, **shares, "total_votes": total, "expiration_timestamp": ends}


def note_body(request: HttpRequest, note: Note) -> dict[str, Any]:
    """A reply or mention that somebody else wrote."""
    body: dict[str, Any] = {
        "id": note.remote_id,
        "media_product_type": "THREADS",
        "media_type": "TEXT_POST",
        "permalink": address(request, note.author.handle, note.body["shortcode"]),
        "shortcode": note.body["shortcode"],
        "username": note.author.handle,
        "text": note.text,
        "timestamp": graph.graph_time(note.created_at),
        "is_quote_post": False,
        "has_replies": False,
        "is_reply": note.entry is not None,
    }
    if note.entry is not None:
        body |= {
            "is_reply_owned_by_me": False,
            "root_post": {"id": note.entry.remote_id},
            "replied_to": {"id": note.parent_id},
            "hide_status": "HIDDEN" if note.is_hidden else "NOT_HUSHED",
        }
    return body


# --- lists ---


def listed(request: HttpRequest, rows: Iterable[dict[str, Any]]) -> HttpResponse:
    """Rows, newest first, in pages; Threads names cursors and no next page."""
    since, until = (bound(request, name) for name in ("since", "until"))
    shown = [
        row for row in rows if (since is None or when(row) >= since) and (until is None or when(row) <= until)
    ]
    shown.sort(key=when, reverse=request.GET.get("reverse", "true") == "true")
    page = graph.page_of(shown, request, lambda row: graph.only(row, request))
    return page if b'"next"' not in page.content else without_next(page)


def without_next(page: JsonResponse) -> JsonResponse:
    body = graph.structured(page.content.decode())
    body["paging"].pop("next", None)
    return JsonResponse(body)


def when(row: dict[str, Any]) -> datetime:
    return datetime.strptime(row["timestamp"], "%Y-%m-%dT%H:%M:%S%z")


def bound(request: HttpRequest, name: str) -> datetime | None:
    given = request.GET.get(name, "")
    if not given:
        return None
    moment = datetime.fromtimestamp(int(given), UTC) if given.isdecimal() else parse_datetime(given)
    if moment is None or moment.timestamp() < EARLIEST:
        raise wrong(name, f"must be a time, {EARLIEST} at least")
    return moment


@granted()
def threads(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    mine = living().filter(person=person_of(grant, owner), parent_id="")
    return listed(request, [post_body(request, entry, grant) for entry in mine])


@granted("threads_read_replies")
def own_replies(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    mine = living().filter(person=person_of(grant, owner)).exclude(parent_id="")
    return listed(request, [post_body(request, entry, grant) for entry in mine])


@granted("threads_delete")
def delete(_request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = person_of(grant)
    entry = entry_of(node)
    if entry is None or entry.person != person:
        raise absent(node)
    take(person, "deletes")
    entry.deleted_at = timezone.now()
    entry.save()
    return JsonResponse({"success": True, "deleted_id": node})


# --- numbers ---


def asked_metrics(request: HttpRequest, known: Iterable[str]) -> list[str]:
    asked = [name for name in request.GET.get("metric", "").split(",") if name]
    if not asked or not set(asked) <= set(known):
        raise wrong("metric", f"must be one of the following values: {', '.join(known)}")
    return asked


def grown(entry: Entry, name: str) -> int:
    return insights.grown(entry.pk, name, POST_METRICS[name], entry.created_at)


@granted("threads_manage_insights")
def post_insights(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    entry, person = entry_of(node), person_of(grant)
    if entry is None or entry.person != person:
        raise absent(node)
    known = [name for name in POST_METRICS if name != "shares" or not person.facts.get("no_shares")]
    rows = [
        {
            "name": name,
            "period": "lifetime",
            "values": [{"value": grown(entry, name)}],
            "title": name.capitalize(),
            "description": f"The number of {name} of the post.",
            "id": f"{node}/insights/{name}/lifetime",
        }
        for name in asked_metrics(request, known)
    ]
    return JsonResponse({"data": rows})


@granted("threads_manage_insights")
def account_insights(request: HttpRequest, grant: Grant, owner: str) -> HttpResponse:
    person = person_of(grant, owner)
    known = ["views", *ACCOUNT_METRICS, "clicks", "followers_count"]
    joined = timezone.now() - timedelta(days=30)

    def told(name: str) -> dict[str, Any]:
        if name == "followers_count":
            return {"total_value": {"value": person.facts.get("followers", 0)}}
        if name == "clicks":
            clicked = insights.grown(person.pk, name, 70, joined)
            return {"link_total_values": [{"value": clicked, "link_url": "https://morgenrot.example/"}]}
        if name == "views":
            days = [timezone.now() - timedelta(days=n) for n in (1, 0)]
            return {
                "values": [
                    {
                        "value": insights.grown(person.pk, str(day.date()), 900, joined),
                        "end_time": graph.graph_time(day),
                    }
                    for day in days
                ]
            }
        return {"total_value": {"value": insights.grown(person.pk, name, ACCOUNT_METRICS[name], joined)}}

    rows = [
        {
            "name": name,
            "period": "day",
            "title": name,
            **told(name),
            "id": f"{person.remote_id}/insights/{name}/day",
        }
        for name in asked_metrics(request, known)
    ]
    return JsonResponse({"data": rows})
