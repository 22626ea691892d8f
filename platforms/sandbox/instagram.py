"""Instagram from the other side: its own hosts and Facebook's, for both ways in, in one tree."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import graph, instagram_inbox, instagram_oauth, instagram_reading, wire, world
from platforms.sandbox.instagram_checks import PLACES, PRODUCTS
from platforms.sandbox.instagram_inbox import arrive, webhook
from platforms.sandbox.instagram_media import (
    UPLOADS,
    create,
    publish,
    publishing_limit,
    upload,
)
from platforms.sandbox.instagram_wire import DIALECT, LABEL, NETWORK, missing, owner, person_of
from platforms.sandbox.models import Entry, Grant, Note, Person

__all__ = ["DIALECT", "LABEL", "arrive", "credentials", "face", "people", "urlpatterns", "webhook"]

V = graph.VERSION
PEOPLE: tuple[tuple[str, str, str, str, str, dict[str, Any]], ...] = (
    (
        "101",
        "morgenrot.bakery",
        "Morgenrot Bakery",
        "Sourdough and cinnamon buns, from four in the morning.",
        "#c2593f",
        {"followers": 1840, "page": "106500000000101", "trials": True},
    ),
    (
        "102",
        "kilnandclay",
        "Kiln & Clay",
        "Two potters and a very warm shed.",
        "#4f6d7a",
        {"followers": 84, "page": "106500000000102", "account_type": "Media_Creator"},
    ),
    ("103", "anneke.w", "Anneke Wolters", "Runs, reads, eats cake.", "#8a4fa3", {"account_type": "personal"}),
    ("104", "theo.brandt", "Theo Brandt", "Photographs doors.", "#2f7d5b", {"account_type": "personal"}),
)


def people() -> None:
    """Who lives here. `facts` may hold account_type, page, manages (ids), followers, trials, posts_a_day,
    messages_off and wraps_answers (lists of one, as some documents print them)."""
    for number, handle, name, about, colour, facts in PEOPLE:
        world.person(
            NETWORK, f"17841400000000{number}", handle, name, about=about, colour=colour, facts=facts
        )


def credentials(_person: Person) -> dict[str, str]:
    """The way in that can do everything; nothing is typed."""
    return {"flavour": "facebook"}


def face(entry: Entry) -> world.Face:
    """What is seen around a post."""
    fields, product = entry.body["fields"], entry.body["media_product_type"]
    partners = fields.get("collaborators") or []
    facts = {
        "kind": {"REELS": "Reel", "STORY": "Story"}.get(product, ""),
        "likes": instagram_reading.media_numbers(entry)["likes"],
        "place": PLACES.get(str(fields.get("location_id", "")), ""),
        "with": partners if isinstance(partners, list) else [],
        "tagged": entry.body.get("tagged", []),
        "products": [PRODUCTS.get(str(one["product_id"]), "") for one in fields.get("product_tags") or []],
        "sound": fields.get("audio_name", ""),
        "is_ai": str(fields.get("is_ai_generated", "")).lower() in {"true", "1"},
        "is_paid": str(fields.get("is_paid_partnership", "")).lower() in {"true", "1"},
        "is_trial": bool(fields.get("trial_params")),
        "is_closed": product != "STORY" and not entry.body["comment_enabled"],
    }
    return world.Face(facts=facts)


# --- nodes: one address for everything that has an id ---


@wire.endpoint(DIALECT, "GET", "POST", "DELETE")
@graph.granted(NETWORK)
def node(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    if request.method == "GET":
        return looked_at(request, grant, node)
    is_comment = Note.objects.filter(network=NETWORK, kind="comment", remote_id=node).exists()
    if request.method == "DELETE":
        return instagram_inbox.delete(grant, node) if is_comment else instagram_reading.delete(grant, node)
    return (
        instagram_inbox.hide(request, grant, node)
        if is_comment
        else instagram_reading.change(request, grant, node)
    )


def looked_at(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    if page := instagram_oauth.page_node(request, grant, node):
        return page
    if node == person_of(grant).remote_id:
        profile = instagram_oauth.profile_body(request, owner(grant, node))
        return JsonResponse(graph.only(profile, request))
    if Note.objects.filter(network=NETWORK, kind="comment", remote_id=node).exists():
        return instagram_inbox.look(request, grant, node)
    if peer := Person.objects.filter(network=NETWORK, remote_id=node).first():
        return peer_seen(request, grant, peer)
    return instagram_reading.look(request, grant, node)


def peer_seen(request: HttpRequest, grant: Grant, peer: Person) -> HttpResponse:
    """Somebody who wrote to the account."""
    if not instagram_inbox.thread(person_of(grant), peer.remote_id):
        raise missing()
    return JsonResponse(
        graph.only({"id": peer.remote_id, "name": peer.name, "username": peer.handle}, request)
    )


@csrf_exempt
def media_edge(request: HttpRequest, node: str) -> HttpResponse:
    return create(request, node) if request.method == "POST" else instagram_reading.media(request, node)


# --- what the public opens ---


def post_link(_request: HttpRequest, kind: str, shortcode: str) -> HttpResponse:
    posts = Entry.objects.filter(network=NETWORK, deleted_at=None).select_related("person")
    entry = next((one for one in posts if one.body.get("shortcode") == shortcode), None)
    if entry is None or kind not in {"p", "reel"}:
        raise Http404("There is no such post.")
    return redirect("sandbox-post", NETWORK, entry.person.handle, entry.remote_id)


def story_link(_request: HttpRequest, handle: str, remote_id: str) -> HttpResponse:
    return redirect("sandbox-post", NETWORK, handle, remote_id)


def profile_link(_request: HttpRequest, handle: str) -> HttpResponse:
    return redirect(
        "sandbox-person", NETWORK, get_object_or_404(Person, network=NETWORK, handle=handle).handle
    )


urlpatterns: list[URLPattern] = [
    path("oauth/authorize", instagram_oauth.authorize),
    path("oauth/access_token", instagram_oauth.code_to_token),
    path("access_token", instagram_oauth.long_token),
    path("refresh_access_token", instagram_oauth.refresh),
    path(f"{V}/dialog/oauth", instagram_oauth.dialog),
    path(f"{V}/oauth/access_token", instagram_oauth.facebook_token),
    path(f"{V}/me", instagram_oauth.me),
    path(f"{V}/me/permissions", instagram_oauth.permissions),
    path(f"{V}/me/accounts", instagram_oauth.accounts),
    path(f"{UPLOADS}/{V}/<str:container>", upload),
    path(f"{V}/<str:node>/media", media_edge),
    path(f"{V}/<str:node>/media_publish", publish),
    path(f"{V}/<str:node>/content_publishing_limit", publishing_limit),
    path(f"{V}/<str:node>/stories", instagram_reading.stories),
    path(f"{V}/<str:node>/tags", instagram_reading.tags),
    path(f"{V}/<str:node>/children", instagram_reading.children),
    path(f"{V}/<str:node>/insights", instagram_reading.numbers),
    path(f"{V}/<str:node>/comments", instagram_inbox.comments),
    path(f"{V}/<str:node>/replies", instagram_inbox.replies),
    path(f"{V}/<str:node>/mentions", instagram_inbox.mentions),
    path(f"{V}/<str:node>/likes", instagram_inbox.likes),
    path(f"{V}/<str:node>/conversations", instagram_inbox.conversations),
    path(f"{V}/<str:node>/messages", instagram_inbox.send),
    path(f"{V}/<str:node>/subscribed_apps", instagram_oauth.subscribed_apps),
    path(f"{V}/<str:node>", node),
    path(f"{V}/<str:node>/", node),
    path("stories/<str:handle>/<str:remote_id>/", story_link, name="instagram-story"),
    path("<str:kind>/<str:shortcode>/", post_link, name="instagram-post"),
    path("<str:handle>/", profile_link),
]
