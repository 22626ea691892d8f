"""A Page's posts and photos from the other side: what is refused, how they are shown, changed and deleted."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import fetching, graph, insights
from platforms.sandbox.facebook_wire import (
    NETWORK,
    as_page,
    author_body,
    fields_of,
    is_true,
    missing,
    new_id,
    upload_of,
)
from platforms.sandbox.models import Entry, Person, Upload
from platforms.sandbox.probing import probe
from platforms.text import utf16_length

LIMIT = 63_206
PHOTO_BYTES = 10_000_000
PHOTO_LIVES = timedelta(hours=24)  # of one that no post uses
AGES = {13, 15, 18, 21, 25}
BUTTONS = {
    "LEARN_MORE", "SHOP_NOW", "ORDER_NOW", "BOOK_TRAVEL", "SIGN_UP", "CONTACT_US", "DOWNLOAD", "WATCH_MORE",
}  # fmt: skip
FEED = (
    "message", "link", "published", "attached_media", "place", "targeting", "feed_targeting",
    "call_to_action", "backdated_time", "tags",
)  # fmt: skip
PHOTO = (
    "message", "caption", "url", "alt_text_custom", "published", "temporary", "no_story", "place",
    "targeting", "source",
)  # fmt: skip
PUBLISHES = ("pages_manage_posts", "pages_read_engagement")


def posts_of(page: Person) -> QuerySet[Entry]:
    """What stands on a Page, newest first; stories are no posts."""
    entries = Entry.objects.filter(network=NETWORK, person=page, deleted_at=None).select_related("person")
    return entries.exclude(body__kind="story").order_by("-created_at", "-pk")


# --- a Page's feed ---


@as_page(*PUBLISHES)
def publish(request: HttpRequest, page: Person) -> HttpResponse:
    wanted = fields_of(request, *FEED)
    if not is_true(wanted.get("published"), default=True):
        raise graph.error(100, "(#100) The sandbox plays no unpublished posts; the desk schedules by itself")
    photos = photos_named(page, wanted.get("attached_media", []))
    text, link = text_of(wanted, "message"), link_of(wanted)
    if not text and not link and not photos:
        raise graph.error(197, "(#197) The post is empty. Please enter a message to share.")
    facts = {**audience(wanted), **button(wanted), "link": link}
    refuse_repetition(page, text, link, photos)
    kind = ("photos" if len(photos) > 1 else "photo") if photos else "link" if link else "text"
    entry = keep(page, kind, text, facts, photos)
    return JsonResponse(graph.only(post_body(request, entry), request))


def keep(
    page: Person, kind: str, text: str, facts: dict[str, Any], uploads: list[Upload], post_id: str = ""
) -> Entry:
    entry = Entry.objects.create(
        network=NETWORK,
        person=page,
        remote_id=f"{page.remote_id}_{post_id or new_id()}",
        text=text.strip(),
        body={"kind": kind, **{name: value for name, value in facts.items() if value}},
    )
    entry.attach(uploads)
    for upload in uploads:
        upload.facts["is_used"] = True
        upload.save()
    return entry


def text_of(wanted: dict[str, Any], name: str, most: int = LIMIT) -> str:
    text = wanted.get(name, "")
    if not isinstance(text, str):
        text = str(text)  # a text of digits in JSON
    if utf16_length(text) > most:
        raise graph.error(100, f"(#100) Param {name}: Name parameter too long")
    return text


def link_of(wanted: dict[str, Any]) -> str:
    link = str(wanted.get("link", ""))
    if not link:
        return ""
    host = urlsplit(link).hostname or ""
    if urlsplit(link).scheme not in {"http", "https"} or "." not in host:
        raise graph.error(1500, "(#1500) The url you supplied is invalid")
    if host.endswith("facebook.com"):
        raise graph.error(100, "(#100) Links to Facebook may not be posted", 1609008)
    if "attached_media" in wanted:
        raise graph.error(100, "(#100) Only one of link or attached_media may be given")
    return link


def photos_named(page: Person, wanted: Any) -> list[Upload]:
    """The staged photos of a post, each its own Page's, alive, and in no other post."""
    if not isinstance(wanted, list) or len(wanted) > 10:
        raise graph.error(100, "(#100) Param attached_media must be an array of at most 10")
    found = []
    for item in wanted:
        media_id = item.get("media_fbid") if isinstance(item, dict) else None
        photo = upload_of(page, str(media_id))
        if photo is None or photo.facts["kind"] != "photo" or timezone.now() - photo.created_at > PHOTO_LIVES:
            raise graph.error(100, f"(#100) Param attached_media: {media_id} is no unpublished photo")
        if photo.facts.get("is_used"):
            raise graph.error(100, "(#100) Photos were already posted.", 1366051)
        found.append(photo)
    return found


def audience(wanted: dict[str, Any]) -> dict[str, Any]:
    """Place and targeting, as the post keeps them."""
    facts: dict[str, Any] = {}
    if "place" in wanted:
        place = Person.objects.filter(network=NETWORK, remote_id=str(wanted["place"])).first()
        if place is None or not place.facts.get("address"):
            raise graph.error(100, "(#100) Param place must be the id of a Page with a location")
        facts["place"] = place.name
    if "targeting" in wanted:
        facts["targeting"] = targeting(wanted["targeting"])
    return facts


def targeting(wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, dict) or set(wanted) - {"geo_locations", "age_min"}:
        raise graph.error(100, "(#100) Param targeting has an unknown field")
    countries = (wanted.get("geo_locations") or {}).get("countries", [])
    if not isinstance(countries, list) or not all(re.fullmatch("[A-Z]{2}", str(one)) for one in countries):
        raise graph.error(100, "(#100) Param targeting[geo_locations][countries] must be country codes")
    if wanted.get("age_min", 18) not in AGES:
        raise graph.error(100, "(#100) Param targeting[age_min] must be one of 13, 15, 18, 21, 25")
    return wanted


def button(wanted: dict[str, Any]) -> dict[str, Any]:
    call = wanted.get("call_to_action")
    if call is None:
        return {}
    leads_to = (call.get("value") or {}).get("link") if isinstance(call, dict) else None
    if not leads_to or call.get("type") not in BUTTONS:
        raise graph.error(100, "(#100) Param call_to_action needs a known type and value[link]")
    return {"button": call["type"].replace("_", " ").capitalize(), "button_link": leads_to}


def refuse_repetition(page: Person, text: str, link: str, photos: list[Upload]) -> None:
    last = posts_of(page).first()
    if last and not photos and last.text == text.strip() and last.body.get("link", "") == link:
        raise graph.error(506, "(#506) Duplicate status message")


@as_page("pages_read_engagement")
def feed(request: HttpRequest, page: Person) -> HttpResponse:
    rows = since(request, list(posts_of(page)))
    return graph.page_of(rows, request, lambda entry: graph.only(post_body(request, entry), request))


@as_page("pages_read_engagement")
def stories(request: HttpRequest, page: Person) -> HttpResponse:
    entries = Entry.objects.filter(network=NETWORK, person=page, deleted_at=None, body__kind="story")
    rows = since(request, list(entries.order_by("-created_at", "-pk")))
    return graph.page_of(rows, request, lambda entry: story_body(request, entry))


def story_body(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    lives = timezone.now() - entry.created_at < timedelta(hours=24)
    return {
        "post_id": entry.remote_id.partition("_")[2],
        "status": "PUBLISHED" if lives else "ARCHIVED",
        "creation_time": str(int(entry.created_at.timestamp())),
        "media_type": "video" if entry.body.get("video_id") else "photo",
        "media_id": entry.body.get("video_id") or entry.body["photo_id"],
        "url": address(request, f"stories/{entry.remote_id}/"),
    }


def since(request: HttpRequest, rows: list[Any]) -> list[Any]:
    """Rows in the time that is asked for. A Page's `index_lag`: for how many seconds new ones are hidden."""
    first, last = edge(request, "since"), edge(request, "until")
    rows = [
        row for row in rows if (not first or row.created_at >= first) and (not last or row.created_at <= last)
    ]
    lag = timedelta(seconds=rows[0].person.facts.get("index_lag", 0)) if rows else timedelta()
    return [row for row in rows if not lag or timezone.now() - row.created_at > lag]


def edge(request: HttpRequest, name: str) -> datetime | None:
    """A moment as Graph reads it: seconds since 1970, or a date."""
    value = request.GET.get(name, "")
    try:
        return datetime.fromtimestamp(float(value), UTC) if value else None
    except ValueError:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)


# --- the shape of a post ---


def address(request: HttpRequest, path: str) -> str:
    return request.build_absolute_uri(f"/sandbox/{NETWORK}/{path}")


def permalink(request: HttpRequest, entry: Entry) -> str:
    page_id, _, own = entry.remote_id.partition("_")
    if entry.body["kind"] == "reel":
        return address(request, f"reel/{entry.body['video_id']}/")
    if entry.body["kind"] == "video":
        return address(request, f"{page_id}/videos/{entry.body['video_id']}/")
    return address(request, f"{page_id}/posts/{own}")


def post_body(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    if entry.body["kind"] == "story" and "reactions" in graph.asked_fields(request):
        raise graph.error(100, "(#100) Tried accessing nonexisting field (reactions) on node type (Story)")
    shares = counted(entry, "shares", 30)
    notes = entry.notes.filter(kind="comment", deleted_at=None).count()
    return {
        "id": entry.remote_id,
        "message": entry.text,
        "created_time": graph.graph_time(entry.created_at),
        "updated_time": graph.graph_time(entry.created_at),
        "permalink_url": permalink(request, entry),
        "from": author_body(request, entry.person),
        "is_published": True,
        "attachments": {"data": attachments(entry)},
        "comments": {"data": [], "summary": {"order": "ranked", "total_count": notes, "can_comment": True}},
        "reactions": {"data": [], "summary": {"total_count": reactions(entry), "viewer_reaction": "NONE"}},
        **({"shares": {"count": shares}} if shares else {}),
    }


def attachments(entry: Entry) -> list[dict[str, Any]]:
    if entry.body.get("link"):
        return [{"media_type": "link", "url": entry.body["link"], "target": {"url": entry.body["link"]}}]
    if video_id := entry.body.get("video_id"):
        return [{"media_type": "video", "target": {"id": video_id}}]
    photos = [{"media_type": "photo", "target": {"id": photo.remote_id}} for photo in entry.pictures]
    if len(photos) < 2:
        return photos
    album = {"media_type": "album", "target": {"id": entry.remote_id.partition("_")[2]}}
    return [{**album, "subattachments": {"data": photos}}]


def counted(entry: Entry, name: str, most: int) -> int:
    return insights.grown(entry.pk, name, most, entry.created_at)


def reactions(entry: Entry) -> int:
    return counted(entry, "like", 190) + counted(entry, "love", 60)


# --- photos ---


@as_page(*PUBLISHES)
def photo(request: HttpRequest, page: Person) -> HttpResponse:
    wanted = fields_of(request, *PHOTO)
    content = photo_bytes(request, wanted)
    found = probe(content)
    if found is None or not found.is_image:
        raise graph.error(324, "(#324) Missing or invalid image file")
    if found.content_type == "image/webp" or len(content) > PHOTO_BYTES:
        said = "Photos should be smaller than 4 MB and saved as JPG, PNG, GIF or TIFF files."
        raise graph.error(100, f"(#100) {said}", 1366046)
    upload = Upload.objects.create(
        network=NETWORK,
        person=page,
        remote_id=new_id(),
        content_type=found.content_type,
        content=content,
        alt=text_of(wanted, "alt_text_custom"),
        facts={"kind": "photo"},
    )
    if not is_true(wanted.get("published"), default=True):
        return JsonResponse({"id": upload.remote_id})
    text = text_of(wanted, "message") or text_of(wanted, "caption")
    entry = keep(page, "photo", text, audience(wanted), [upload])
    return JsonResponse({"id": upload.remote_id, "post_id": entry.remote_id})


def photo_bytes(request: HttpRequest, wanted: dict[str, Any]) -> bytes:
    if "url" in wanted:
        content = fetching.fetch(str(wanted["url"]))
        if content is None:
            raise graph.error(324, "(#324) Missing or invalid image file")
        return content
    source = request.FILES.get("source")
    if source is None:
        raise graph.error(100, "(#100) Photo upload needs a source or a url")
    return bytes(source.read())


@as_page(*PUBLISHES)
def photo_story(request: HttpRequest, page: Person) -> HttpResponse:
    photo_id = fields_of(request, "photo_id").get("photo_id")
    [photo] = photos_named(page, [{"media_fbid": photo_id}])
    entry = keep(page, "story", "", {"photo_id": photo.remote_id}, [photo])
    return JsonResponse({"success": True, "post_id": entry.remote_id.partition("_")[2]})


# --- changing and deleting ---


def change(entry: Entry, wanted: dict[str, Any]) -> HttpResponse:
    if entry.body["kind"] == "story" or not wanted:
        raise graph.error(100, "(#100) There is nothing here that could be changed")
    entry.text = text_of(wanted, "message").strip()
    entry.save()
    return JsonResponse({"success": True})


def remove(entry: Entry) -> HttpResponse:
    entry.deleted_at = timezone.now()
    entry.save()
    return JsonResponse({"success": True})


def remove_photo(upload: Upload) -> HttpResponse:
    if upload.facts.get("is_used"):
        raise missing()
    upload.delete()
    return JsonResponse({"success": True})
