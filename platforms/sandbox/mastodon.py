"""Mastodon from the other side, and relatives of it at `/sandbox/mastodon/pleroma/` and the like."""

from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import mastodon_oauth, mastodon_people, world
from platforms.sandbox.mastodon_look import DOMAIN, face
from platforms.sandbox.mastodon_media import (
    FORMATS,
    PICTURE_BYTES,
    PICTURE_PIXELS,
    VIDEO_BYTES,
    VIDEO_FRAMES,
    VIDEO_PIXELS,
    VIDEOS,
    media_json,
    take_in,
)
from platforms.sandbox.mastodon_people import arrive
from platforms.sandbox.mastodon_polls import LEAST, LONGEST, MOST
from platforms.sandbox.mastodon_posts import URL_LENGTH, change, may_see, post, posted_before, visible, wanted
from platforms.sandbox.mastodon_server import (
    DIALECT,
    NETWORK,
    SERVERS,
    Visit,
    api,
    fields_of,
    new_id,
    open_to_all,
)
from platforms.sandbox.mastodon_shown import account_json, as_entry, status_json
from platforms.sandbox.models import Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.wire import Refusal, answer, payload

__all__ = ["DIALECT", "arrive", "face", "people", "urlpatterns"]

PEOPLE = (
    (
        "1",
        "moonrise",
        "Moonrise Bakery",
        "#d9822b",
        1204,
        "Sourdough and cinnamon buns, from four in the morning.",
    ),
    ("2", "tomas", "Tomás Rivera", "#2f8f6b", 318, "Makes lamps from what others throw away."),
    ("3", "inga", "Inga Lindqvist", "#5b6cff", 5120, "Reports on rivers, rain and the people beside them."),
)


def people() -> None:
    """Who lives on this network.

    `facts` may hold locale, visibility, sensitive, language, quote_policy, disabled, followers and following.
    """
    for remote_id, handle, name, colour, followers, about in PEOPLE:
        facts = {"followers": followers, "following": followers // 9}
        world.person(NETWORK, remote_id, handle, name, about=about, colour=colour, facts=facts)


# --- the server ---


@open_to_all("GET")
def instance(visit: Visit, version: int) -> HttpResponse:
    server = visit.server
    if version == 2 and server.is_old:
        raise visit.refusal("missing")
    host = visit.request.get_host()
    pleroma = {"max_toot_chars": server.characters} if server.name == "pleroma" else {}
    common = {"title": f"A {server.name} server", "version": server.version, **pleroma}
    if version == 2:
        versions = {"api_versions": {"mastodon": 10}} if server.name == NETWORK else {}
        domain = DOMAIN if server.name == NETWORK else host
        return JsonResponse({"domain": domain, **common, **versions, "configuration": configuration(server)})
    described = {} if server.is_old or server.name == "pleroma" else {"configuration": configuration(server)}
    return JsonResponse({"uri": host, "urls": {}, **common, **described})


def configuration(server: Any) -> dict[str, Any]:
    limits = {
        "statuses": {
            "max_characters": server.characters,
            "max_media_attachments": server.pictures,
            "characters_reserved_per_url": URL_LENGTH,
        },
        "media_attachments": {
            "supported_mime_types": [*FORMATS.values(), *VIDEOS],
            "description_limit": server.alt_text,
            "image_size_limit": PICTURE_BYTES,
            "image_matrix_limit": PICTURE_PIXELS,
            "video_size_limit": VIDEO_BYTES,
            "video_matrix_limit": VIDEO_PIXELS,
            "video_frame_rate_limit": VIDEO_FRAMES,
        },
        "polls": {
            "max_options": server.answers,
            "max_characters_per_option": LONGEST,
            "min_expiration": LEAST,
            "max_expiration": MOST,
        },
    }
    return {} if server.name == "pleroma" else limits


# --- accounts ---


@api("GET", scope="read:accounts")
def verify_credentials(visit: Visit) -> HttpResponse:
    facts = visit.person.facts
    source = {
        "privacy": facts.get("visibility", "public"),
        "sensitive": facts.get("sensitive", False),
        "language": facts.get("language"),
        "note": visit.person.about,
        "fields": [],
    }
    return JsonResponse({**account_json(visit, visit.person), "source": source})


@api("GET", scope="read:accounts")
def account(visit: Visit, remote_id: str) -> HttpResponse:
    return JsonResponse(account_json(visit, person_with(visit, remote_id)))


def person_with(visit: Visit, remote_id: str) -> Person:
    person = Person.objects.filter(network=NETWORK, remote_id=remote_id).first()
    if person is None:
        raise visit.refusal("missing")
    return person


@api("GET", scope="read:statuses")
def account_statuses(visit: Visit, remote_id: str) -> HttpResponse:
    person, asked = person_with(visit, remote_id), visit.request.GET
    entries = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None).order_by("-pk")
    if visit.person != person:
        entries = entries.filter(body__visibility__in=["public", "unlisted"])
    for name, lookup in (("max_id", "pk__lt"), ("since_id", "pk__gt"), ("min_id", "pk__gt")):
        anchor = Entry.objects.filter(network=NETWORK, remote_id=asked.get(name, "")).first()
        if anchor:
            entries = entries.filter(**{lookup: anchor.pk})
    limit = min(int(asked["limit"]), 40) if asked.get("limit", "").isdecimal() else 20
    shown = list(entries.select_related("person")[:limit])
    author = account_json(visit, person)
    response = JsonResponse([status_json(visit, entry, author) for entry in shown], safe=False)
    if shown:
        here = visit.request.build_absolute_uri(visit.request.path)
        older, newer = (urlencode({name: shown[n].remote_id}) for name, n in (("max_id", -1), ("min_id", 0)))
        response["Link"] = f'<{here}?{older}>; rel="next", <{here}?{newer}>; rel="prev"'
    return response


# --- media ---


@api("POST", scope="write:media", windows=("api", "media"))
def upload(visit: Visit, version: int) -> HttpResponse:
    if version == 2 and visit.server.is_old:
        raise visit.refusal("missing")
    for name in {*visit.request.POST, *visit.request.FILES} - {"file", "thumbnail", "description", "focus"}:
        raise visit.refusal("field", name=name)
    fails = visit.request.META["sandbox.fault"] == Fault.Kind.PROCESSING_FAILS
    file = visit.request.FILES.get("file")
    made = take_in(visit, file, visit.request.POST.dict(), fails=fails)
    if version == 1 and not fails:  # the old way waits until all is done
        made.facts["polls_left"] = 0
        made.save(update_fields=["facts"])
    return JsonResponse(media_json(visit, made), status=202 if made.facts["polls_left"] else 200)


@api("GET", "PUT", scope="write:media")
def medium(visit: Visit, remote_id: str) -> HttpResponse:
    own = Upload.objects.filter(network=NETWORK, person=visit.person, remote_id=remote_id, entries=None)
    found = own.first()
    if found is None:
        raise visit.refusal("missing")
    if visit.request.method == "PUT":
        found.alt = str(payload(visit.request).get("description") or "")
        found.save(update_fields=["alt"])
        return JsonResponse(media_json(visit, found))
    return processing(visit, found)


def processing(visit: Visit, found: Upload) -> HttpResponse:
    """How far it is; each look brings it nearer."""
    if found.facts["fails"]:
        raise visit.refusal("thumbnail")
    left = found.facts["polls_left"]
    if left:
        found.facts["polls_left"] = left - 1
        found.save(update_fields=["facts"])
    return JsonResponse(media_json(visit, found), status=206 if left else 200)


# --- statuses ---


@api("POST", scope="write:statuses", windows=("api", "statuses"))
def statuses(visit: Visit) -> HttpResponse:
    key = visit.request.headers.get("Idempotency-Key", "")
    if visit.server.keys == "the whole answer" and key:
        return remembered(visit, key)
    return put(visit, key if visit.server.keys == "an hour" else "")


def put(visit: Visit, key: str) -> HttpResponse:
    entry = posted_before(visit, key) or post(visit, wanted(visit, fields_of(visit.request)), key)
    return JsonResponse(status_json(visit, entry))


def remembered(visit: Visit, key: str) -> HttpResponse:
    """Pleroma's way: whatever was answered to a key, a refusal too, is answered again."""
    grant = visit.grant
    assert grant is not None  # noqa: S101  (api() lets nobody in without)
    answers = grant.facts.setdefault("answers", {})
    if key in answers:
        status, body, request_id = answers[key]
        headers = {"idempotent-replayed": "true", "x-original-request-id": request_id}
        return HttpResponse(body, status=status, content_type="application/json", headers=headers)
    try:
        with transaction.atomic():
            response = put(visit, "")
    except Refusal as refusal:
        response = answer(refusal)
    answers[key] = (response.status_code, response.content.decode(), new_id(visit))
    Grant.objects.filter(pk=grant.pk).update(facts=grant.facts)
    return response


@csrf_exempt
def status(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    views = {"DELETE": delete_status, "PUT": edit_status}
    return views.get(request.method or "", show_status)(request, **kwargs)


@api("GET", scope="read:statuses")
def show_status(visit: Visit, remote_id: str) -> HttpResponse:
    return JsonResponse(status_json(visit, visible(visit, remote_id)))


@api("PUT", scope="write:statuses")
def edit_status(visit: Visit, remote_id: str) -> HttpResponse:
    if visit.server.is_old:
        raise visit.refusal("missing")
    entry = own_status(visit, remote_id)
    return JsonResponse(status_json(visit, change(visit, entry, fields_of(visit.request))))


def own_status(visit: Visit, remote_id: str) -> Entry:
    entry = visible(visit, remote_id)
    if entry.person != visit.person:
        raise visit.refusal("missing")
    return entry


@api("DELETE", scope="write:statuses", windows=("api", "deletes"))
def delete_status(visit: Visit, remote_id: str) -> HttpResponse:
    entry = own_status(visit, remote_id)
    shown = {**status_json(visit, entry), "text": entry.text}
    Entry.objects.filter(pk=entry.pk).update(deleted_at=timezone.now())
    if visit.request.GET.get("delete_media") == "true":
        entry.uploads.all().delete()
    else:
        entry.uploads.clear()
    return JsonResponse(shown)


@api("GET", scope="read:statuses")
def status_source(visit: Visit, remote_id: str) -> HttpResponse:
    entry = visible(visit, remote_id)
    return JsonResponse(
        {"id": entry.remote_id, "text": entry.text, "spoiler_text": entry.body["spoiler_text"]}
    )


@api("GET", scope="read:statuses")
def status_context(visit: Visit, remote_id: str) -> HttpResponse:
    entry = visible(visit, remote_id)
    seen = {
        name: [status_json(visit, one) for one in rows if may_see(visit, one)]
        for name, rows in (("ancestors", ancestors_of(entry)), ("descendants", descendants_of(entry)))
    }
    return JsonResponse(seen)


def ancestors_of(entry: Entry) -> list[Entry]:
    found: list[Entry] = []
    while entry.parent_id and (above := standing(remote_id=entry.parent_id)):
        entry = above[0]
        found.insert(0, entry)
    return found


def descendants_of(entry: Entry) -> list[Entry]:
    found, waiting = [], [entry.remote_id]
    while waiting:
        replies = standing(parent_id__in=waiting)
        found += replies
        waiting = [reply.remote_id for reply in replies]
    return found


def standing(**known: Any) -> list[Entry]:
    """Statuses, and what people wrote as such, oldest first."""
    entries = Entry.objects.select_related("person").filter(network=NETWORK, deleted_at=None, **known)
    notes = Note.objects.select_related("author", "person")
    written = [as_entry(note) for note in notes.filter(network=NETWORK, deleted_at=None, **known)]
    return sorted([*entries.order_by("pk"), *written], key=lambda one: one.created_at)


ROUTES: tuple[tuple[Any, ...], ...] = (
    (".well-known/oauth-authorization-server", mastodon_oauth.metadata),
    ("oauth/authorize", mastodon_oauth.authorize),
    ("oauth/token", mastodon_oauth.token),
    ("oauth/revoke", mastodon_oauth.revoke),
    ("api/v1/apps", mastodon_oauth.apps),
    ("api/v1/apps/verify_credentials", mastodon_oauth.app),
    ("api/v1/instance", instance, {"version": 1}),
    ("api/v2/instance", instance, {"version": 2}),
    ("api/v1/accounts/verify_credentials", verify_credentials),
    ("api/v1/accounts/<str:remote_id>", account),
    ("api/v1/accounts/<str:remote_id>/statuses", account_statuses),
    ("api/v1/media", upload, {"version": 1}),
    ("api/v2/media", upload, {"version": 2}),
    ("api/v1/media/<str:remote_id>", medium),
    ("api/v1/statuses", statuses),
    ("api/v1/statuses/<str:remote_id>", status),
    ("api/v1/statuses/<str:remote_id>/source", status_source),
    ("api/v1/statuses/<str:remote_id>/context", status_context),
    ("api/v1/statuses/<str:remote_id>/favourite", mastodon_people.favourite, {"on": True}),
    ("api/v1/statuses/<str:remote_id>/unfavourite", mastodon_people.favourite, {"on": False}),
    ("api/v1/notifications", mastodon_people.notifications),
    ("api/v1/polls/<str:remote_id>", mastodon_people.poll),
    ("api/v1/polls/<str:remote_id>/votes", mastodon_people.votes),
    ("api/v2/search", mastodon_people.search),
)
# Rails does not mind a slash at the end.
routes = [path(route + slash, *rest) for route, *rest in ROUTES for slash in ("", "/")]
urlpatterns: list[URLPattern | URLResolver] = [
    path("" if name == NETWORK else f"{name}/", include(routes), {"server": name}) for name in SERVERS
]
