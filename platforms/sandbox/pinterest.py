"""The twin of Pinterest: consent, tokens and accounts; boards, Pins, media and numbers stand beside it."""

import base64
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import consent, pages, wire, world
from platforms.sandbox.models import Client, Entry, Grant, Person
from platforms.sandbox.pinterest_boards import boards, one_board, sections
from platforms.sandbox.pinterest_media import all_media, look, register, store
from platforms.sandbox.pinterest_numbers import account_analytics, count, pin_analytics
from platforms.sandbox.pinterest_pins import board_pins, change, create, delete, own_pins, show
from platforms.sandbox.pinterest_wire import DIALECT, NETWORK, STORE, asks, endpoint, no, person_of, refused
from platforms.sandbox.wire import Refusal

CODE_SECONDS = 600
ACCESS_LIVES = timedelta(days=30)
REFRESH_LIVES = timedelta(days=60)
WANTS = {
    "boards:read": "See your boards",
    "boards:read_secret": "See your secret boards",
    "boards:write": "Make and change your boards",
    "boards:write_secret": "Make and change your secret boards",
    "pins:read": "See your Pins",
    "pins:read_secret": "See your secret Pins",
    "pins:write": "Make, change and delete your Pins",
    "pins:write_secret": "Make, change and delete your secret Pins",
    "user_accounts:read": "See your account and its followers",
    "user_accounts:write": "Change your account",
}
AI_LABELS = {"AI_MODIFIED": "AI modified", "SYNTHETIC_PERFORMER": "Made with an AI person"}


BREAD = {
    "id": "4101",
    "name": "Bread we bake",
    "privacy": "PUBLIC",
    "sections": [{"id": "4111", "name": "Sourdough"}, {"id": "4112", "name": "Rye"}],
}
CAKES = {
    "id": "4102",
    "name": "Cakes for a feast",
    "privacy": "PUBLIC",
    "sections": [{"id": "4121", "name": "Weddings"}],
}
PLANS = {"id": "4103", "name": "Next season", "privacy": "SECRET"}
LAKE = {"id": "4201", "name": "Picnics by the lake", "privacy": "PUBLIC"}
LINEN = {"id": "4202", "name": "Table linen", "privacy": "PUBLIC"}
JUMPERS = {"id": "4301", "name": "Jumpers", "privacy": "PUBLIC"}


def people() -> None:
    """A business that also pins on a neighbour's board; the neighbour; a private account."""
    bakery = {
        "account_type": "BUSINESS",
        "website": "https://morgenrot.example",
        "followers": 1284,
        "boards": [BREAD, CAKES, PLANS],
        "joined": [LAKE["id"]],
    }
    lina = {"account_type": "BUSINESS", "followers": 310, "boards": [LAKE, LINEN]}
    joost = {"account_type": "PINNER", "followers": 42, "boards": [JUMPERS]}
    for number, handle, name, about, colour, facts in (
        (
            "1751",
            "morgenrotbakery",
            "Morgenrot Bakery",
            "Sourdough, cakes and rising early.",
            "#b4552d",
            bakery,
        ),
        ("1752", "linas.table", "Lina Okafor", "Suppers by the lake.", "#2f6f4f", lina),
        ("1753", "joost_knits", "Joost de Wit", "Wool, mostly.", "#31548f", joost),
    ):
        remote_id = f"278313612114631{number}"
        world.person(NETWORK, remote_id, handle, name, about=about, colour=colour, facts=facts)


# --- signing in ---


@csrf_exempt
@consent.page
def authorize(request: HttpRequest) -> HttpResponse:
    """The consent page. What a client got wrong is shown here and never sent back to it."""
    query = request.GET
    client = consent.registered(NETWORK, query.get("client_id", ""), query.get("redirect_uri", ""))
    scopes = [scope for scope in query.get("scope", "").split(",") if scope]
    if query.get("response_type") != "code" or not scopes or not set(scopes) <= set(WANTS):
        raise refused("400/1", "Invalid request: response_type is code, scope a list with commas.")
    ask = consent.Ask(
        client_id=client.client_id,
        client_name=client.name,
        redirect_uri=query["redirect_uri"],
        state=query.get("state", ""),
        scopes=scopes,
        wants=[WANTS[scope] for scope in scopes],
    )
    return consent.consent(request, NETWORK, "Pinterest", ask, code_seconds=CODE_SECONDS)


def client_of(request: HttpRequest) -> Client:
    """Who asks: by Basic, and in no other way."""
    given = request.headers.get("Authorization", "").encode()
    for client in Client.objects.filter(network=NETWORK):
        known = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode())
        if secrets.compare_digest(b"Basic " + known, given):
            return client
    raise no("401/2")


def form_of(request: HttpRequest) -> Any:
    if request.content_type != "application/x-www-form-urlencoded":
        raise refused("400/1", "Invalid request: the body must be form-encoded.")
    return request.POST


@wire.endpoint(DIALECT, "POST")
def token(request: HttpRequest) -> HttpResponse:
    client, form = client_of(request), form_of(request)
    if form.get("continuous_refresh", "true") not in {"true", "false"}:
        raise refused("400/1", "Invalid request: continuous_refresh is not a boolean.")
    match form.get("grant_type"):
        case "authorization_code":
            return JsonResponse(issue(by_code(client, form), "authorization_code"))
        case "refresh_token":
            return JsonResponse(issue(by_refresh(client, form), "refresh_token"))
    raise refused("400/1", "Invalid request: grant_type is not supported.")


def by_code(client: Client, form: Any) -> Grant:
    code, place = form.get("code", ""), form.get("redirect_uri", "")
    try:
        return consent.redeem(NETWORK, code, client_id=client.client_id, redirect_uri=place, verifier="")
    except Refusal as refusal:
        raise refused("400/1", "Invalid request: the authorization code is not valid.") from refusal


def by_refresh(client: Client, form: Any) -> Grant:
    """The grant of a refresh token, which dies with its use."""
    living = Grant.objects.filter(network=NETWORK, client_id=client.client_id, revoked_at=None)
    given = form.get("refresh_token") or "none"
    grant = living.filter(refresh=given, refresh_expires_at__gt=timezone.now()).select_for_update().first()
    if grant is None:
        raise no("401/2")
    wanted = [scope for scope in form.get("scope", "").split(",") if scope]
    if not set(wanted) <= set(grant.scopes):
        raise refused("400/1", "Invalid request: scope holds more than was granted.")
    grant.scopes = wanted or grant.scopes
    return grant


def issue(grant: Grant, kind: str) -> dict[str, Any]:
    """A new pair; the one before it stops at once."""
    now = timezone.now()
    grant.access, grant.access_expires_at = f"pina_{secrets.token_urlsafe(48)}", now + ACCESS_LIVES
    grant.refresh, grant.refresh_expires_at = f"pinr.{secrets.token_urlsafe(64)}", now + REFRESH_LIVES
    grant.save()
    return {
        "access_token": grant.access,
        "refresh_token": grant.refresh,
        "response_type": kind,
        "token_type": "bearer",
        "expires_in": int(ACCESS_LIVES.total_seconds()),
        "refresh_token_expires_in": int(REFRESH_LIVES.total_seconds()),
        "refresh_token_expires_at": int(grant.refresh_expires_at.timestamp()),
        "scope": " ".join(grant.scopes),
    }


@wire.endpoint(DIALECT, "POST")
def revoke(request: HttpRequest) -> HttpResponse:
    """Open to few apps: a person's `revoke_closed` plays the others."""
    client, form = client_of(request), form_of(request)
    kinds = {"access_token": "access", "refresh_token": "refresh"}
    hint = form.get("token_type_hint", "access_token")
    if hint not in kinds or not form.get("token"):
        raise refused("400/1", "Invalid request: token is missing, or its hint unknown.")
    grant = Grant.objects.filter(
        network=NETWORK, client_id=client.client_id, **{kinds[hint]: form["token"]}
    ).first()
    if grant is None:
        raise no("401/2")
    if person_of(grant).facts.get("revoke_closed"):
        raise no("403/29")
    Grant.objects.filter(pk=grant.pk).update(revoked_at=timezone.now())
    return HttpResponse(status=200)


# --- the account ---


@asks("org_read", "user_accounts:read")
def account(request: HttpRequest, grant: Grant) -> HttpResponse:
    person = person_of(grant)
    is_business = person.facts["account_type"] == "BUSINESS"
    pins = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    picture = reverse("sandbox-avatar", args=[NETWORK, person.handle])
    return JsonResponse(
        {
            "id": person.remote_id,
            "username": person.handle,
            "account_type": person.facts["account_type"],
            "business_name": person.name if is_business else None,
            "profile_image": request.build_absolute_uri(picture),
            "website_url": person.facts.get("website", ""),
            "about": person.about,
            "board_count": len(person.facts.get("boards", [])),
            "pin_count": pins.count(),
            "follower_count": person.facts["followers"],
            "following_count": 18,
            "monthly_views": sum(count(pin, "IMPRESSION") for pin in pins),
        }
    )


# --- what people see ---


def face(entry: Entry) -> world.Face:
    """The board, where the Pin leads, and how it does."""
    body = entry.body
    site = (urlsplit(body.get("link") or "").hostname or "").removeprefix("www.")
    labels = [AI_LABELS[value] for value in body.get("ai_disclosures", [])]
    return world.Face(
        note=labels[-1] if labels else "",
        facts={
            **{name: body.get(name, "") for name in ("title", "link", "board_name", "section_name", "cover")},
            "site": site,
            "colour": body.get("dominant_color", "#e8d3db"),
            "is_video": body.get("media_type") == "video",
            "starts_at": body.get("cover_second", 0),
            "saves": count(entry, "SAVE"),
            "likes": count(entry, "TOTAL_REACTIONS"),
        },
    )


def permalink(request: HttpRequest, pin_id: str) -> HttpResponse:
    """A Pin's own page."""
    entry = get_object_or_404(Entry, network=NETWORK, remote_id=pin_id, deleted_at=None)
    return pages.post_page(request, NETWORK, entry.person.handle, pin_id)


def profile(request: HttpRequest, handle: str) -> HttpResponse:
    """A person's own page."""
    get_object_or_404(Person, network=NETWORK, handle=handle)
    return pages.person_page(request, NETWORK, handle)


urlpatterns: list[URLPattern] = [
    path("oauth/", authorize),
    path("v5/oauth/token", token),
    path("v5/oauth/token/revoke", revoke),
    path("v5/user_account", endpoint(GET=account)),
    path("v5/user_account/analytics", endpoint(GET=account_analytics)),
    path("v5/boards", endpoint(GET=boards)),
    path("v5/boards/<str:board_id>", endpoint(GET=one_board)),
    path("v5/boards/<str:board_id>/pins", endpoint(GET=board_pins)),
    path("v5/boards/<str:board_id>/sections", endpoint(GET=sections)),
    path("v5/boards/<str:board_id>/sections/<str:section_id>/pins", endpoint(GET=board_pins)),
    path("v5/media", endpoint(GET=all_media, POST=register)),
    path("v5/media/<str:media_id>", endpoint(GET=look)),
    path("v5/pins", endpoint(GET=own_pins, POST=create)),
    path("v5/pins/<str:pin_id>", endpoint(GET=show, PATCH=change, DELETE=delete)),
    path("v5/pins/<str:pin_id>/analytics", endpoint(GET=pin_analytics)),
    path("s3/", wire.endpoint(STORE, "POST")(store)),
    path("pin/<str:pin_id>/", permalink),
    path("<str:handle>/", profile),
]
