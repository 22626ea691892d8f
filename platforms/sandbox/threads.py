"""The twin of Threads: consent, tokens, addresses; posts, replies and containers have files of their own."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone

from platforms.sandbox import consent, graph, world
from platforms.sandbox.models import Client, Entry, Grant, Person
from platforms.sandbox.threads_containers import create, publish, publishing_limit, search_places
from platforms.sandbox.threads_posts import (
    GHOST_LIVES,
    account_insights,
    delete,
    grown,
    node,
    own_replies,
    poll_of,
    post_insights,
    threads,
)
from platforms.sandbox.threads_replies import (
    arrive,
    conversation,
    manage_pending_reply,
    manage_reply,
    mentions,
    pending_replies,
    replies,
    webhook,
)
from platforms.sandbox.threads_schema import PLACES
from platforms.sandbox.threads_wire import DIALECT, NETWORK, SCOPES, endpoint, living
from platforms.sandbox.wire import Refusal

__all__ = ["DIALECT", "arrive", "face", "people", "urlpatterns", "webhook"]

AUDIENCES = {
    "accounts_you_follow": "Profiles they follow can reply",
    "mentioned_only": "Profiles they mention can reply",
    "parent_post_author_only": "Only the author of the answered post can reply",
    "followers_only": "Their followers can reply",
}


def people() -> None:
    """A bakery that may do everything, and two of its neighbours."""
    world.person(
        NETWORK,
        "17841405793187218",
        "morgenrot.bakery",
        "Morgenrot Bakery",
        about="Sourdough, spelt and the first light. Open from six.",
        colour="#b4552d",
        facts={"geo_gating": True, "followers": 2381, "is_verified": True},
    )
    world.person(
        NETWORK,
        "17841405793187342",
        "ida.lindqvist",
        "Ida Lindqvist",
        about="Bread tourist.",
        colour="#2f6f4f",
        facts={"followers": 412},
    )
    world.person(
        NETWORK,
        "17841405793187911",
        "hafen.radio",
        "Hafenradio",
        about="What the harbour talks about.",
        colour="#31548f",
        facts={"followers": 9120},
    )


# --- OAuth ---


def token_refusal(said: str) -> Refusal:
    return Refusal(400, {"error_type": "OAuthException", "code": 400, "error_message": said})


def code_for_token(request: HttpRequest) -> HttpResponse:
    """A token of an hour for a code, once."""
    fields = graph.wire_fields(request)
    client = Client.objects.filter(network=NETWORK, client_id=fields.get("client_id", "")).first()
    if client is None:
        raise token_refusal("Invalid platform app")
    if fields.get("client_secret") != client.client_secret:
        raise token_refusal("Error validating client secret.")
    if fields.get("grant_type") != "authorization_code":
        raise token_refusal("Invalid grant_type: authorization_code")
    redirect_uri = fields.get("redirect_uri", "")
    try:
        grant = consent.redeem(
            NETWORK,
            fields.get("code", ""),
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            verifier="",
        )
    except Refusal as refusal:
        raise token_refusal("Matching code was not found or was already used") from refusal
    issued = graph.issue(grant, graph.SHORT, "THQVJ")
    person = grant.person
    return JsonResponse(
        {"access_token": issued["access_token"], "user_id": int(person.remote_id) if person else 0}
    )


def app_token(request: HttpRequest) -> HttpResponse:
    client = graph.app_of(NETWORK, graph.wire_fields(request))
    return JsonResponse({"access_token": f"TH|{client.client_id}|abc", "token_type": "bearer"})


def lengthen(request: HttpRequest) -> HttpResponse:
    """A token of sixty days for one of an hour."""
    fields = request.GET
    if fields.get("grant_type") != "th_exchange_token":
        raise graph.error(100, "(#100) Param grant_type must be th_exchange_token")
    grant = graph.grant_by(NETWORK, fields.get("access_token", ""))
    client = Client.objects.get(network=NETWORK, client_id=grant.client_id)
    if fields.get("client_secret") != client.client_secret:
        raise graph.error(101, "Error validating client secret.")
    if grant.facts.get("is_long"):
        raise graph.error(100, "(#100) Param access_token must be a short-lived token")
    return long_token(grant)


def renew(request: HttpRequest) -> HttpResponse:
    """Another sixty days; for a token that is a day old and still alive."""
    if request.GET.get("grant_type") != "th_refresh_token":
        raise graph.error(100, "(#100) Param grant_type must be th_refresh_token")
    grant = graph.grant_by(NETWORK, request.GET.get("access_token", ""))
    if not grant.facts.get("is_long"):
        raise graph.error(100, "(#100) Param access_token must be a long-lived token")
    if graph.is_young(grant):
        raise graph.error(100, "(#100) Param access_token must be at least 24 hours old")
    if grant.facts.get("is_private") and timezone.now() - grant.created_at > timedelta(days=90):
        raise graph.error(10, "(#10) The permission of a private profile cannot be extended")
    return long_token(grant)


def long_token(grant: Grant) -> HttpResponse:
    grant.facts["is_long"] = True
    return JsonResponse(graph.issue(grant, graph.LONG, "THQVJ"))


def debug_token(request: HttpRequest) -> HttpResponse:
    graph.grant_by(NETWORK, request.GET.get("access_token", ""))
    grant = graph.grant_by(NETWORK, request.GET.get("input_token", ""))
    expires_at = grant.access_expires_at or timezone.now()
    told: dict[str, Any] = {
        "type": "USER",
        "application": "SNS Auto",
        "expires_at": int(expires_at.timestamp()),
        "is_valid": True,
        "issued_at": int(grant.created_at.timestamp()),
        "scopes": grant.scopes,
        "user_id": grant.person and grant.person.remote_id,
    }
    return JsonResponse({"data": told})


# --- what people see ---


def face(entry: Entry) -> world.Face:
    """What Threads shows around a post."""
    kept = entry.body
    place = PLACES.get(kept.get("location_id", ""))
    quoted = living().filter(remote_id=kept.get("quote_post_id", "")).first()
    facts = {
        "topic": kept.get("topic_tag"),
        "link": kept.get("link_attachment"),
        "gif": kept.get("gif_attachment"),
        "long_text": kept.get("text_attachment", {}).get("plaintext"),
        "poll": poll_rows(entry),
        "quote": quoted,
        "quotes_elsewhere": "quote_post_id" in kept and quoted is None,
        "place": place and place["name"],
        "ghost": kept.get("is_ghost_post") and entry.created_at + GHOST_LIVES,
        "verified": entry.person.facts.get("is_verified"),
        **{name: grown(entry, name) for name in ("likes", "reposts", "shares")},
    }
    hidden = "Spoiler" if kept.get("text_entities") else ""
    return world.Face(
        warning=hidden,
        covers_pictures=bool(kept.get("is_spoiler_media")),
        note=" · ".join(audience(kept)),
        facts=facts,
    )


def audience(kept: dict[str, Any]) -> list[str]:
    """Who may answer, and who may see it, where that is not everybody."""
    said = [AUDIENCES.get(kept.get("reply_control", ""), "")]
    if kept.get("enable_reply_approvals"):
        said.append("Replies wait for approval")
    if countries := kept.get("allowlisted_country_codes"):
        said.append(f"Seen in {', '.join(countries)}")
    return [words for words in said if words]


def poll_rows(entry: Entry) -> list[tuple[str, int]]:
    """A poll's answers with their share of the votes in percent."""
    if "poll_attachment" not in entry.body:
        return []
    told = poll_of(entry)
    names = entry.body["poll_attachment"]
    return [(answer, round(100 * told[f"{name}_votes_percentage"])) for name, answer in names.items()]


def permalink(_request: HttpRequest, handle: str, shortcode: str) -> HttpResponse:
    """A post's own address."""
    person = get_object_or_404(Person, network=NETWORK, handle=handle)
    entry = get_object_or_404(living(), person=person, body__shortcode=shortcode)
    return redirect("sandbox-post", NETWORK, handle, entry.remote_id)


GRAPH: list[URLPattern] = [
    path("location_search", endpoint(GET=search_places)),
    path("<str:owner>/threads", endpoint(GET=threads, POST=create)),
    path("<str:owner>/threads_publish", endpoint(POST=publish)),
    path("<str:owner>/threads_publishing_limit", endpoint(GET=publishing_limit)),
    path("<str:owner>/threads_insights", endpoint(GET=account_insights)),
    path("<str:owner>/mentions", endpoint(GET=mentions)),
    path("me/replies", endpoint(GET=own_replies), {"owner": "me"}),
    path("<str:node>/insights", endpoint(GET=post_insights)),
    path("<str:node>/replies", endpoint(GET=replies)),
    path("<str:node>/conversation", endpoint(GET=conversation)),
    path("<str:node>/pending_replies", endpoint(GET=pending_replies)),
    path("<str:node>/manage_reply", endpoint(POST=manage_reply)),
    path("<str:node>/manage_pending_reply", endpoint(POST=manage_pending_reply)),
    path("<str:node>", endpoint(GET=node, DELETE=delete)),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/authorize", graph.authorize(NETWORK, "Threads", SCOPES)),
    path("oauth/access_token", endpoint(GET=app_token, POST=code_for_token)),
    path("access_token", endpoint(GET=lengthen)),
    path("refresh_access_token", endpoint(GET=renew)),
    path("debug_token", endpoint(GET=debug_token)),
    path("@<str:handle>/post/<str:shortcode>", permalink),
    path("v1.0/", include(GRAPH)),
    path("", include(GRAPH)),
]
