"""Bluesky from the other side: somebody's server, its sign-in, the registry, and a view of the network."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path

from platforms.sandbox import bluesky_dpop, bluesky_oauth, bluesky_repo, bluesky_sessions, world
from platforms.sandbox.bluesky_lexicon import HANDLE
from platforms.sandbox.bluesky_wire import (
    DIALECT,
    NETWORK,
    REQUESTS,
    REQUESTS_WINDOW,
    base,
    did_for,
    invalid,
    parameter,
    person_called,
    refuse,
    server_did,
    spend,
    stamp,
    with_headers,
)
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.wire import bearer, endpoint

PEOPLE = (
    ("moonrise.test", "Moonrise Bakery", "Sourdough and cinnamon buns, from four in the morning.", "#d9822b"),
    ("tomas.test", "Tomás Rivera", "Makes lamps from what others throw away.", "#2f8f6b"),
    ("inga.test", "Inga Lindqvist", "Reports on rivers, rain and the people beside them.", "#5b6cff"),
)
APP_PASSWORD = "demo-demo-demo-demo"  # noqa: S105  (the sandbox's own, printed in the docs)


def people() -> None:
    """Who lives on this network, each with the app password of the sandbox."""
    for handle, name, about, colour in PEOPLE:
        facts = {"app_password": APP_PASSWORD}
        world.person(NETWORK, did_for(handle), handle, name, about=about, colour=colour, facts=facts)


# --- the network's own methods ---


def describe_server(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "did": server_did(request),
            "availableUserDomains": [".test"],
            "inviteCodeRequired": False,
            "links": {},
            "contact": {},
        }
    )


def resolve_handle(request: HttpRequest) -> HttpResponse:
    handle = parameter(request, "handle")
    if not HANDLE.fullmatch(handle):  # the reference server breaks here
        raise refuse(500, "InternalServerError", "Internal Server Error")
    person = person_called(handle)
    if person is None:
        raise invalid("Unable to resolve handle")
    return JsonResponse({"did": person.remote_id})


def get_profile(request: HttpRequest) -> HttpResponse:
    bluesky_sessions.authorised(request)
    person = person_called(parameter(request, "actor"))
    if person is None:
        raise invalid("Profile not found")
    posts = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    return JsonResponse(
        {
            **_author(request, person),
            "description": person.about,
            "followersCount": 0,
            "followsCount": 0,
            "postsCount": posts.count(),
            "associated": {},
        }
    )


def get_posts(request: HttpRequest) -> HttpResponse:
    """The public's view of posts; one that is not there is left out."""
    bluesky_sessions.authorised(request)
    uris = request.GET.getlist("uris")
    if not uris or len(uris) > 25 or any(not uri.startswith("at://") for uri in uris):
        raise invalid("Invalid uris")
    known = Entry.objects.select_related("person").filter(
        network=NETWORK, remote_id__in=uris, deleted_at=None
    )
    entries = {entry.remote_id: entry for entry in known}
    return JsonResponse({"posts": [_post_view(request, entries[uri]) for uri in uris if uri in entries]})


def _author(request: HttpRequest, person: Person) -> dict[str, Any]:
    return {
        "did": person.remote_id,
        "handle": person.handle,
        "displayName": person.name,
        "avatar": f"{base(request)}/@{person.handle}/avatar.png",
        "labels": [],
        "viewer": {"muted": False, "blockedBy": False},
    }


def _post_view(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    replies = Entry.objects.filter(network=NETWORK, parent_id=entry.remote_id, deleted_at=None).count()
    return {
        **bluesky_repo.reference(entry),
        "author": _author(request, entry.person),
        "record": entry.body,
        "bookmarkCount": 0,
        "replyCount": replies,
        "repostCount": 0,
        "likeCount": 0,
        "quoteCount": 0,
        "indexedAt": stamp(entry.created_at),
        "viewer": {},
        "labels": [],
    }


# --- dispatch ---

METHODS: dict[str, tuple[str, Callable[[HttpRequest], HttpResponse]]] = {
    "com.atproto.server.describeServer": ("GET", describe_server),
    "com.atproto.server.createSession": ("POST", bluesky_sessions.create_session),
    "com.atproto.server.refreshSession": ("POST", bluesky_sessions.refresh_session),
    "com.atproto.server.deleteSession": ("POST", bluesky_sessions.delete_session),
    "com.atproto.server.getSession": ("GET", bluesky_sessions.get_session),
    "com.atproto.identity.resolveHandle": ("GET", resolve_handle),
    "com.atproto.repo.createRecord": ("POST", bluesky_repo.create_record),
    "com.atproto.repo.putRecord": ("POST", bluesky_repo.put_record),
    "com.atproto.repo.deleteRecord": ("POST", bluesky_repo.delete_record),
    "com.atproto.repo.applyWrites": ("POST", bluesky_repo.apply_writes),
    "com.atproto.repo.uploadBlob": ("POST", bluesky_repo.upload_blob),
    "com.atproto.repo.getRecord": ("GET", bluesky_repo.get_record),
    "com.atproto.repo.listRecords": ("GET", bluesky_repo.list_records),
    "com.atproto.repo.describeRepo": ("GET", bluesky_repo.describe_repo),
    "com.atproto.sync.getBlob": ("GET", bluesky_repo.get_blob),
    "app.bsky.actor.getProfile": ("GET", get_profile),
    "app.bsky.feed.getPosts": ("GET", get_posts),
}


@endpoint(DIALECT, "GET", "POST")
def xrpc(request: HttpRequest, nsid: str) -> HttpResponse:
    """One method of the network, counted against whoever asks."""
    if nsid not in METHODS:
        raise refuse(501, "MethodNotImplemented", "Method Not Implemented")
    verb, method = METHODS[nsid]
    if request.method != verb:
        raise invalid(f"Incorrect HTTP method ({request.method}) expected {verb}")
    headers = _counted(request)
    response = method(request)
    if "RateLimit-Limit" not in response:
        with_headers(response, headers)
    if request.headers.get("Authorization", "").startswith("DPoP "):
        response["DPoP-Nonce"] = bluesky_dpop.nonce()
    return response


def _counted(request: HttpRequest) -> dict[str, str]:
    grant = Grant.objects.filter(network=NETWORK, access=bearer(request)).first() if bearer(request) else None
    return spend(grant, "requests", REQUESTS, REQUESTS_WINDOW).headers if grant else {}


@endpoint(DIALECT, "GET")
def registry(request: HttpRequest, did: str) -> HttpResponse:
    """What plc.directory answers."""
    person = person_called(did)
    if person is None:
        return JsonResponse({"message": f"DID not registered: {did}"}, status=404)
    response = JsonResponse(bluesky_sessions.did_document(request, person))
    response["Content-Type"] = "application/did+ld+json; charset=utf-8"
    return response


def profile_page(request: HttpRequest, actor: str, key: str = "") -> HttpResponse:
    """Where bsky.app shows a person or a post: the sandbox's public page of the person."""
    person = person_called(actor)
    page = f"{base(request)}/@{person.handle if person else actor}/"
    return HttpResponseRedirect(f"{page}{bluesky_repo.uri(person, key)}/" if person and key else page)


urlpatterns = [
    *bluesky_oauth.urlpatterns,
    path("xrpc/<str:nsid>", xrpc),
    path("did:plc:<str:key>", lambda request, key: registry(request, did=f"did:plc:{key}")),
    path("profile/<str:actor>", profile_page),
    path("profile/<str:actor>/post/<str:key>", profile_page),
]
