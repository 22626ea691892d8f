"""Pins from the other side: what Pinterest refuses, how it shows them, and how they change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.pinterest_boards import board_of, section_of
from platforms.sandbox.pinterest_media import by_address, by_data, keep, new_id, ready_video
from platforms.sandbox.pinterest_numbers import life
from platforms.sandbox.pinterest_wire import (
    NETWORK,
    address,
    asks,
    digits,
    invalid,
    no,
    only,
    page,
    person_of,
    sent,
    words,
)

WRITES = ("boards:read", "boards:write", "pins:read", "pins:write")
AI = {"AI_MODIFIED", "SYNTHETIC_PERFORMER"}
SIZES = {"150x150": 150, "400x300": 400, "600x": 600, "1200x": 1200}


@dataclass
class Medium:
    """What a media_source became."""

    media_type: str
    creative_type: str
    uploads: list[Upload]
    facts: dict[str, Any] = field(default_factory=dict)


# --- making ---


@asks("org_write", *WRITES)
def create(request: HttpRequest, grant: Grant) -> HttpResponse:
    person, fields = person_of(grant), sent(request)
    if person.facts.get("is_trial"):
        raise no("403/29 trial")
    only(
        fields,
        *("board_id", "board_section_id", "title", "description", "link", "alt_text", "dominant_color"),
        *("parent_pin_id", "ai_disclosures", "media_source"),
    )
    body = {**place(fields, grant), **written(fields)}
    if (color := words(fields, "dominant_color", 7)) and not (len(color) == 7 and color[0] == "#"):
        raise invalid(f"dominant_color: {color!r} is not a colour")
    source: dict[str, Any] = fields["media_source"] if isinstance(fields.get("media_source"), dict) else {}
    kind = source.get("source_type")
    if kind not in SOURCES:
        raise invalid(f"media_source.source_type: {kind!r} is not one of {sorted(SOURCES)}")
    medium = SOURCES[kind](source, grant, body["alt_text"])
    entry = Entry.objects.create(
        network=NETWORK,
        person=person,
        remote_id=new_id(),
        text=words(fields, "description", 800),
        body={
            **body,
            **medium.facts,
            "dominant_color": color or "#e8d3db",
            "media_type": medium.media_type,
            "creative_type": medium.creative_type,
        },
    )
    entry.attach(medium.uploads)
    return JsonResponse(pin_body(request, entry, person), status=201)


def place(fields: dict[str, Any], grant: Grant) -> dict[str, Any]:
    """The board and its section, which must be there and open to the account."""
    _, board = board_of(grant, digits(fields.get("board_id"), "board_id"))
    if board["privacy"] == "SECRET" and "pins:write_secret" not in grant.scopes:
        raise no("403/29")
    section = fields.get("board_section_id")
    found = section_of(board, digits(section, "board_section_id")) if section is not None else {}
    return {
        "board_id": board["id"],
        "board_name": board["name"],
        "board_section_id": found.get("id"),
        "section_name": found.get("name", ""),
    }


def written(fields: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "title": words(fields, "title", 100),
        "alt_text": words(fields, "alt_text", 500),
        "link": address(fields, "link"),
    }
    if "ai_disclosures" in fields:
        told = fields["ai_disclosures"]
        values = told.get("values") if isinstance(told, dict) and set(told) == {"values"} else None
        if not isinstance(values, list) or not values or not set(map(str, values)) <= AI:
            raise invalid(f"ai_disclosures: {told!r} holds none of {sorted(AI)}")
        body["ai_disclosures"] = values
    return body


# --- media sources ---


def one_by_data(source: dict[str, Any], grant: Grant, alt: str) -> Medium:
    only(source, "source_type", "content_type", "data", "is_standard")
    return Medium("image", "REGULAR", [keep(person_of(grant), by_data(source), alt)])


def one_by_address(source: dict[str, Any], grant: Grant, alt: str) -> Medium:
    only(source, "source_type", "url", "is_standard")
    return Medium("image", "REGULAR", [keep(person_of(grant), by_address(source), alt)])


def many_by_data(source: dict[str, Any], grant: Grant, alt: str) -> Medium:
    return carousel(source, grant, alt, by_data, "content_type", "data")


def many_by_address(source: dict[str, Any], grant: Grant, alt: str) -> Medium:
    return carousel(source, grant, alt, by_address, "url")


def carousel(
    source: dict[str, Any], grant: Grant, alt: str, read: Callable[[dict[str, Any]], Any], *names: str
) -> Medium:
    """2 to 5 pictures of one size, each with words of its own."""
    only(source, "source_type", "items", "index")
    items = source.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid("media_source.items: is not of type 'array'")
    if not 2 <= len(items) <= 5:
        raise invalid(f"media_source.items: constraint: {'minItems=2' if len(items) < 2 else 'maxItems=5'}")
    index = source.get("index", 0)
    if not isinstance(index, int) or not 0 <= index < len(items):
        raise invalid(f"media_source.index: {index!r} names no item")
    for item in items:
        only(item, *names, *SLOT)
    pictures = [read(item) for item in items]
    if len({(found.width, found.height) for _, found in pictures}) > 1:
        raise invalid("media_source.items: all images must have the same dimensions")
    slots = [slot_of(item) for item in items]
    uploads = [
        keep(person_of(grant), picture, alt, **slot) for picture, slot in zip(pictures, slots, strict=True)
    ]
    return Medium("multiple_images", "CAROUSEL", uploads)


SLOT = ("title", "description", "link")


def slot_of(item: dict[str, Any]) -> dict[str, str]:
    return {
        "title": words(item, "title", 100),
        "description": words(item, "description", 800),
        "link": address(item, "link"),
    }


def video(source: dict[str, Any], grant: Grant, alt: str) -> Medium:
    """An uploaded video with one cover: at an address, inside the JSON, or a second of it."""
    by_url, by_frame, data = "cover_image_url", "cover_image_key_frame_time", "cover_image_data"
    only(source, "source_type", "media_id", by_url, by_frame, data, "cover_image_content_type", "is_standard")
    upload = ready_video(grant, source.get("media_id"))
    if sum(name in source for name in (by_url, by_frame, data)) != 1:
        raise no("400/1 cover")
    facts: dict[str, Any] = {}
    if by_frame in source:
        second = source[by_frame]
        if not isinstance(second, int) or not 0 <= second * 1000 <= upload.facts["ms"]:
            raise invalid(f"{by_frame}: {second!r} lies outside the video")
        facts["cover_second"] = second
    else:
        cover = (
            by_address(source, by_url)
            if by_url in source
            else by_data(source, "cover_image_content_type", data)
        )
        facts["cover"] = keep(upload.person, cover).remote_id
    Upload.objects.filter(pk=upload.pk).update(alt=alt)
    return Medium("video", "VIDEO", [upload], facts)


SOURCES = {
    "image_base64": one_by_data,
    "image_url": one_by_address,
    "multiple_image_base64": many_by_data,
    "multiple_image_urls": many_by_address,
    "video_id": video,
}

# --- showing ---


def living() -> QuerySet[Entry]:
    return Entry.objects.filter(network=NETWORK, deleted_at=None).select_related("person")


def pin_body(request: HttpRequest, entry: Entry, viewer: Person) -> dict[str, Any]:
    body = entry.body
    shown: dict[str, Any] = {
        "id": entry.remote_id,
        "created_at": entry.created_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "description": entry.text or None,
        **{name: body[name] or None for name in ("title", "link", "alt_text", "board_section_id")},
        **{name: body[name] for name in ("dominant_color", "creative_type", "board_id")},
        "board_owner": {"username": entry.person.handle},
        "is_owner": entry.person == viewer,
        "is_standard": True,
        "has_been_promoted": False,
        "parent_pin_id": None,
        "pin_metrics": life(entry) if request.GET.get("pin_metrics") == "true" else None,
        "media": {"media_type": body["media_type"], **media_of(request, entry)},
    }
    return (
        {**shown, "ai_disclosures": {"values": body["ai_disclosures"]}} if "ai_disclosures" in body else shown
    )


def media_of(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    pictures = entry.pictures
    if entry.body["media_type"] == "multiple_images":
        return {
            "items": [
                {
                    "item_type": "image",
                    **{name: upload.facts[name] or None for name in SLOT},
                    "images": sizes(request, upload),
                }
                for upload in pictures
            ]
        }
    [upload] = pictures
    if entry.body["media_type"] == "video":
        facts = upload.facts
        return {"duration": facts["ms"], "width": facts["w"], "height": facts["h"], "video_url": None}
    return {"images": sizes(request, upload)}


def sizes(request: HttpRequest, upload: Upload) -> dict[str, Any]:
    root = request.path.partition("/v5/")[0]
    url = request.build_absolute_uri(f"{root}/uploads/{upload.remote_id}")
    wide, high = upload.facts["w"], upload.facts["h"]
    return {name: {"width": side, "height": side * high // wide, "url": url} for name, side in SIZES.items()}


def pin_of(pin_id: str, owner: Person | None = None) -> Entry:
    """A Pin that is there, and where an owner is named, theirs."""
    entry = living().filter(remote_id=pin_id).first()
    if entry is None:
        raise no("404/50")
    if owner and entry.person != owner:
        raise no("401/7")
    return entry


@asks("org_read", "boards:read", "pins:read")
def show(request: HttpRequest, grant: Grant, pin_id: str) -> HttpResponse:
    return JsonResponse(pin_body(request, pin_of(pin_id), person_of(grant)))


@asks("org_read", "boards:read", "pins:read")
def own_pins(request: HttpRequest, grant: Grant) -> HttpResponse:
    return listed(request, grant, living().filter(person=person_of(grant)))


@asks("org_read", "boards:read", "pins:read")
def board_pins(request: HttpRequest, grant: Grant, board_id: str, section_id: str = "") -> HttpResponse:
    _, board = board_of(grant, board_id)
    pins = living().filter(body__board_id=board_id)
    if section_id:
        pins = pins.filter(body__board_section_id=section_of(board, section_id)["id"])
    return listed(request, grant, pins)


def listed(request: HttpRequest, grant: Grant, pins: QuerySet[Entry]) -> HttpResponse:
    """Newest first; a person's `index_lag` keeps new ones back, and `order` turns the list round."""
    person = person_of(grant)
    lag = timedelta(seconds=person.facts.get("index_lag", 0))
    ways = ("created_at", "pk") if person.facts.get("order") == "oldest" else ("-created_at", "-pk")
    seen = pins.filter(created_at__lte=timezone.now() - lag).order_by(*ways)
    return page(request, list(seen), lambda entry: pin_body(request, entry, person))


# --- changing ---


@asks("org_write", *WRITES)
def change(request: HttpRequest, grant: Grant, pin_id: str) -> HttpResponse:
    """Not open to all apps; words and place only."""
    person, fields = person_of(grant), sent(request)
    if person.facts.get("edit_closed"):
        raise no("401/3 beta")
    only(
        fields,
        *("board_id", "board_section_id", "title", "description", "link", "alt_text"),
        *("carousel_slots", "ai_disclosures"),
    )
    entry = pin_of(pin_id, person)
    body = {name: value for name, value in written(fields).items() if name in fields}
    if "board_id" in fields or "board_section_id" in fields:
        body |= place({**entry.body, **fields}, grant)
    entry.body |= body
    if "description" in fields:
        entry.text = words(fields, "description", 800)
    entry.save()
    rewrite(entry, fields)
    return JsonResponse(pin_body(request, entry, person))


def rewrite(entry: Entry, fields: dict[str, Any]) -> None:
    """What is written on the pictures: one slot for each, and the description that all share."""
    pictures, slots = entry.pictures, fields.get("carousel_slots")
    if slots is not None and (not isinstance(slots, list) or len(slots) != len(pictures)):
        raise invalid("carousel_slots: one for each picture")
    for upload, slot in zip(pictures, slots or [], strict=bool(slots)):
        only(slot, *SLOT)
        upload.facts |= slot_of(slot)
    for upload in pictures:
        upload.alt = entry.body["alt_text"]
        upload.save()


@asks("org_write", *WRITES)
def delete(_request: HttpRequest, grant: Grant, pin_id: str) -> HttpResponse:
    entry = pin_of(pin_id, person_of(grant))
    Entry.objects.filter(pk=entry.pk).update(deleted_at=timezone.now())
    return HttpResponse(status=204)
