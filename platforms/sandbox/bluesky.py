"""Bluesky from the other side: somebody's server, its sign-in, the registry, and a view of the network."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path
from django.utils import timezone

from platforms.sandbox import (
    bluesky_blobs,
    bluesky_chat,
    bluesky_dpop,
    bluesky_oauth,
    bluesky_repo,
    bluesky_sessions,
    bluesky_video,
    bluesky_view,
    world,
)
from platforms.sandbox import bluesky_lexicon as lexicon
from platforms.sandbox.bluesky_lexicon import HANDLE
from platforms.sandbox.bluesky_look import face
from platforms.sandbox.bluesky_store import Stored, tell, uri_of
from platforms.sandbox.bluesky_wire import (
    DIALECT,
    NETWORK,
    REQUESTS,
    REQUESTS_WINDOW,
    base,
    did_for,
    invalid,
    new_tid,
    parameter,
    person_called,
    refuse,
    server_did,
    spend,
    stamp,
    with_headers,
)
from platforms.sandbox.models import Entry, Grant, Note, Person
from platforms.sandbox.wire import bearer, endpoint

__all__ = ["DIALECT", "arrive", "credentials", "face", "people", "urlpatterns"]

PEOPLE = (
    ("moonrise.test", "Moonrise Bakery", "Sourdough and cinnamon buns, from four in the morning.", "#d9822b"),
    ("tomas.test", "Tomás Rivera", "Makes lamps from what others throw away.", "#2f8f6b"),
    ("inga.test", "Inga Lindqvist", "Reports on rivers, rain and the people beside them.", "#5b6cff"),
)
APP_PASSWORD = "demo-demo-demo-demo"  # noqa: S105  (the sandbox's own, printed in the docs)


CHAT_PASSWORD = "chat-chat-chat-chat"  # noqa: S105  (one that may read direct messages)


def people() -> None:
    """Who lives on this network, each with the app passwords of the sandbox."""
    for handle, name, about, colour in PEOPLE:
        facts = {"app_password": APP_PASSWORD, "chat_password": CHAT_PASSWORD}
        world.person(NETWORK, did_for(handle), handle, name, about=about, colour=colour, facts=facts)


def credentials(person: Person) -> dict[str, str]:
    return {"handle": person.handle, "password": CHAT_PASSWORD, "server": ""}


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody answers a post (the latest, if none is named), names the account, or writes to it alone."""
    if kind == "direct":
        return bluesky_chat.write(person, author, text)
    record: dict[str, Any] = {"$type": lexicon.POST, "text": text, "createdAt": stamp(timezone.now())}
    if kind == "mention":
        facet = {"$type": "app.bsky.richtext.facet#mention", "did": person.remote_id}
        record["facets"] = [{"index": {"byteStart": 0, "byteEnd": 0}, "features": [facet]}]
    else:
        posts = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
        entry = entry or posts.latest("created_at")
        above = Stored(entry.remote_id, entry.body, person, entry.created_at).reference
        record["reply"] = {"root": entry.body.get("reply", {}).get("root", above), "parent": above}
    note = tell(author, uri_of(author, lexicon.POST, new_tid()), record)
    if note is None:
        raise ValueError("The author of the post lets nobody answer it.")
    return note


# --- the network's own methods ---


def describe_server(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "did": server_did(request),
            "availableUserDomains": [".test"],
            "inviteCodeRequired": False,
            "links": {},
            "contact": {},
            "blobUploadLimit": bluesky_blobs.BLOB_BYTES,
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
    "com.atproto.repo.uploadBlob": ("POST", bluesky_blobs.upload_blob),
    "com.atproto.repo.getRecord": ("GET", bluesky_repo.get_record),
    "com.atproto.repo.listRecords": ("GET", bluesky_repo.list_records),
    "com.atproto.repo.describeRepo": ("GET", bluesky_repo.describe_repo),
    "com.atproto.sync.getBlob": ("GET", bluesky_blobs.get_blob),
    "com.atproto.server.getServiceAuth": ("GET", bluesky_video.get_service_auth),
    "app.bsky.actor.getProfile": ("GET", bluesky_view.get_profile),
    "app.bsky.feed.getPosts": ("GET", bluesky_view.get_posts),
    "app.bsky.feed.getPostThread": ("GET", bluesky_view.get_post_thread),
    "app.bsky.feed.getLikes": ("GET", bluesky_view.get_likes),
    "app.bsky.notification.listNotifications": ("GET", bluesky_view.list_notifications),
    "app.bsky.notification.getUnreadCount": ("GET", bluesky_view.get_unread_count),
    "app.bsky.video.getUploadLimits": ("GET", bluesky_video.get_upload_limits),
    "app.bsky.video.uploadVideo": ("POST", bluesky_video.upload_video),
    "app.bsky.video.getJobStatus": ("GET", bluesky_video.get_job_status),
    "chat.bsky.convo.listConvos": ("GET", bluesky_chat.list_convos),
    "chat.bsky.convo.getConvo": ("GET", bluesky_chat.get_convo),
    "chat.bsky.convo.getConvoForMembers": ("GET", bluesky_chat.get_convo_for_members),
    "chat.bsky.convo.getMessages": ("GET", bluesky_chat.get_messages),
    "chat.bsky.convo.sendMessage": ("POST", bluesky_chat.send_message),
    "chat.bsky.convo.acceptConvo": ("POST", bluesky_chat.accept_convo),
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
    return HttpResponseRedirect(f"{page}{uri_of(person, lexicon.POST, key)}/" if person and key else page)


urlpatterns = [
    *bluesky_oauth.urlpatterns,
    path("xrpc/<str:nsid>", xrpc),
    path("did:plc:<str:key>", lambda request, key: registry(request, did=f"did:plc:{key}")),
    path("profile/<str:actor>", profile_page),
    path("profile/<str:actor>/post/<str:key>", profile_page),
]
