"""Instagram's two ways in, from the other side: codes, tokens of an hour and of 60 days, Pages, profiles."""

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import consent, graph, wire
from platforms.sandbox.instagram_wire import (
    DIALECT,
    LABEL,
    NETWORK,
    SCOPES,
    api,
    flavour_of,
    invalid,
    link,
    missing,
    need,
    owner,
    person_of,
)
from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.wire import Refusal

authorize = graph.authorize(NETWORK, LABEL, SCOPES["instagram"], flavour="instagram")
dialog = graph.authorize(NETWORK, LABEL, SCOPES["facebook"], flavour="facebook")


# --- Instagram's own log-in ---


@wire.endpoint(DIALECT, "POST")
def code_to_token(request: HttpRequest) -> HttpResponse:
    fields = wire.payload(request)
    if fields.get("grant_type") != "authorization_code":
        raise oauth_error("Invalid grant_type")
    try:
        graph.app_of(NETWORK, fields)
    except Refusal as refusal:
        raise oauth_error("Invalid client secret provided") from refusal
    grant = redeemed(fields, "instagram", oauth_error("Matching code was not found or was already used"))
    token = graph.issue(grant, graph.SHORT, "IGAA")["access_token"]
    user = {"user_id": int(person_of(grant).remote_id), "permissions": list(grant.scopes)}
    shown: dict[str, Any] = {"access_token": token, **user}
    if person_of(grant).facts.get("wraps_answers"):  # as the documents print it
        shown = {"data": [{**shown, "user_id": str(user["user_id"]), "permissions": ",".join(grant.scopes)}]}
    return JsonResponse(shown)


def oauth_error(message: str) -> Refusal:
    return Refusal(400, {"error_type": "OAuthException", "code": 400, "error_message": message})


def redeemed(fields: dict[str, Any], flavour: str, refusal: Refusal) -> Grant:
    """The grant of a code that came by this way in."""
    try:
        grant = consent.redeem(
            NETWORK,
            str(fields.get("code", "")),
            client_id=str(fields.get("client_id", "")),
            redirect_uri=str(fields.get("redirect_uri", "")),
            verifier="",
        )
    except Refusal as wrong:
        raise refusal from wrong
    if flavour_of(grant) != flavour:
        raise refusal
    return grant


@wire.endpoint(DIALECT, "GET")
def long_token(request: HttpRequest) -> HttpResponse:
    if request.GET.get("grant_type") != "ig_exchange_token":
        raise invalid("Unsupported grant_type")
    grant = graph.grant_by(NETWORK, request.GET.get("access_token", ""))
    graph.app_of(NETWORK, {"client_id": grant.client_id, **request.GET.dict()})
    return JsonResponse(graph.issue(grant, graph.LONG, "IGAA"))


@wire.endpoint(DIALECT, "GET")
def refresh(request: HttpRequest) -> HttpResponse:
    if request.GET.get("grant_type") != "ig_refresh_token":
        raise invalid("Unsupported grant_type")
    grant = graph.grant_by(NETWORK, request.GET.get("access_token", ""))
    need(grant, "basic")
    if graph.is_young(grant):
        raise graph.error(4, "The access token must be at least 24 hours old to be refreshed")
    return JsonResponse({**graph.issue(grant, graph.LONG, "IGAA"), "permissions": ",".join(grant.scopes)})


# --- Facebook's log-in ---


@wire.endpoint(DIALECT, "GET", "POST")
def facebook_token(request: HttpRequest) -> HttpResponse:
    fields = {**request.GET.dict(), **wire.payload(request)}
    graph.app_of(NETWORK, fields)
    if fields.get("grant_type") == "fb_exchange_token":
        grant = graph.grant_by(NETWORK, str(fields.get("fb_exchange_token", "")))
        return JsonResponse(graph.issue(grant, graph.LONG))
    used = graph.error(100, "This authorization code has been used.", 36009)
    return JsonResponse(graph.issue(redeemed(fields, "facebook", used), graph.SHORT))


@api("pages", "GET")
def accounts(request: HttpRequest, grant: Grant) -> HttpResponse:
    """The Pages of whoever logged in; those with a professional account tell it."""
    managed = [
        person_of(grant),
        *Person.objects.filter(network=NETWORK, remote_id__in=person_of(grant).facts.get("manages", [])),
    ]
    rows = [page_body(request, person, grant) for person in managed if person.facts.get("page")]
    rows += [{"id": "106500000000900", "name": "An unlinked Page", "access_token": "EAABnone"}]
    asked = graph.asked_fields(request) | {"id"}
    shown = [{name: value for name, value in row.items() if name in asked} for row in rows]
    return graph.page_of(shown, request, dict)


def page_body(request: HttpRequest, person: Person, grant: Grant) -> dict[str, Any]:
    page = person.facts["page"]
    account = {name: value for name, value in profile_body(request, person).items() if name != "user_id"}
    return {
        "id": page,
        "name": person.name,
        "access_token": page_grant(person, grant).access,
        "instagram_business_account": {**account, "id": person.remote_id},
    }


def page_grant(person: Person, grant: Grant) -> Grant:
    """What a Page's token allows: as much as the person who logged in, without an end."""
    page = person.facts["page"]
    root = grant.facts.get("under", grant.pk)
    found = next(
        (
            one
            for one in Grant.objects.filter(network=NETWORK, person=person, revoked_at=None)
            if one.facts.get("under") == root
        ),
        None,
    )
    return found or Grant.objects.create(
        network=NETWORK,
        person=person,
        client_id=grant.client_id,
        scopes=grant.scopes,
        access=f"EAABpage{secrets.token_urlsafe(60)}",
        facts={"flavour": "facebook", "page": page, "under": root},
    )


def page_node(request: HttpRequest, grant: Grant, node: str) -> HttpResponse | None:
    """A Page that was asked for by its id, with its own token or with the person's."""
    managed = [person_of(grant).remote_id, *person_of(grant).facts.get("manages", [])]
    for person in Person.objects.filter(network=NETWORK, remote_id__in=managed):
        if flavour_of(grant) == "facebook" and person.facts.get("page") == node:
            return JsonResponse(graph.only(page_body(request, person, grant), request))
    return None


# --- both ---


@wire.endpoint(DIALECT, "GET", "DELETE")
@graph.granted(NETWORK)
def permissions(request: HttpRequest, grant: Grant) -> HttpResponse:
    if request.method == "DELETE":
        Grant.objects.filter(pk=grant.facts.get("under", grant.pk)).update(revoked_at=timezone.now())
        return JsonResponse({"success": True})
    if flavour_of(grant) != "facebook":
        raise missing()
    return JsonResponse({"data": [{"permission": scope, "status": "granted"} for scope in grant.scopes]})


@api("basic", "GET")
def me(request: HttpRequest, grant: Grant) -> HttpResponse:
    body = {**profile_body(request, owner(grant, "me")), "id": f"9{person_of(grant).remote_id[-12:]}"}
    shown = graph.only(body, request)
    return JsonResponse({"data": [shown]} if person_of(grant).facts.get("wraps_answers") else shown)


@wire.endpoint(DIALECT, "POST", "GET", "DELETE")
@graph.granted(NETWORK)
def subscribed_apps(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    """Which of the account's events are told to the app."""
    by_page = flavour_of(grant) == "facebook"
    if by_page:
        need(grant, "webhooks")
    person = person_of(grant) if by_page and node == grant.facts.get("page") else owner(grant, node)
    if request.method == "GET":
        return JsonResponse(
            {"data": [{"id": grant.client_id, "subscribed_fields": person.facts.get("subscribed", [])}]}
        )
    fields = str(graph.wire_fields(request).get("subscribed_fields", "")) if request.method == "POST" else ""
    known = (
        {"feed"} if by_page else {"comments", "messages", "mentions", "message_reactions", "live_comments"}
    )
    if unknown := {name for name in fields.split(",") if name} - known:
        raise invalid(
            f"Param subscribed_fields[0] must be one of {{{', '.join(sorted(known))}}} - got {min(unknown)}"
        )
    person.facts["subscribed"] = [name for name in fields.split(",") if name]
    person.save(update_fields=["facts"])
    return JsonResponse({"success": True})


def profile_body(request: HttpRequest, person: Person) -> dict[str, Any]:
    posts = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    return {
        "user_id": person.remote_id,
        "id": person.remote_id,
        "username": person.handle,
        "name": person.name,
        "biography": person.about,
        "account_type": person.facts.get("account_type", "Business"),
        "profile_picture_url": link(request, "sandbox-avatar", NETWORK, person.handle),
        "followers_count": person.facts.get("followers", 0),
        "follows_count": 57,
        "media_count": posts.count(),
    }
