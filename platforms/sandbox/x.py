"""The twin of X: consent, tokens and profiles; posts and media stand in `x_posts` and `x_media`."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import consent, wire, world
from platforms.sandbox.models import Client, Grant
from platforms.sandbox.wire import Refusal
from platforms.sandbox.x_direct import (
    all_events,
    delete_event,
    events_in,
    events_with,
    one_event,
    send_in,
    send_to,
)
from platforms.sandbox.x_face import face
from platforms.sandbox.x_inbox import arrive, hide, like, mentions, unlike, webhook
from platforms.sandbox.x_known import standing
from platforms.sandbox.x_media import append, finalize, initialize, metadata, upload, upload_status
from platforms.sandbox.x_numbers import media_analytics
from platforms.sandbox.x_posts import delete_post, publish
from platforms.sandbox.x_timeline import look_up, look_up_one, timeline
from platforms.sandbox.x_users import by_name, me, profile_image
from platforms.sandbox.x_wire import DIALECT, NETWORK, endpoint

__all__ = ["DIALECT", "arrive", "face", "people", "urlpatterns", "webhook"]

CODE_SECONDS = 30
ACCESS_SECONDS = 7200
REFRESH_LIVES = timedelta(days=182)
WANTS = {
    "tweet.read": "See the posts that you can see",
    "tweet.write": "Post for you, and delete your posts",
    "users.read": "See the accounts that you can see",
    "media.write": "Upload pictures and videos for you",
    "offline.access": "Stay connected until you say otherwise",
    "tweet.moderate.write": "Hide and show replies to your posts",
    "dm.read": "Read your direct messages",
    "dm.write": "Send direct messages for you",
    "like.read": "See what you liked",
    "like.write": "Like and take back likes for you",
    "follows.read": "See whom you follow",
    "follows.write": "Follow and unfollow for you",
    "users.email": "See your e-mail address",
}


def people() -> None:
    """Three who live on the sandbox's X: a bakery with all that X sells, and two who write to it."""
    world.person(
        NETWORK,
        "1072250532645998596",
        "hafenbaecker",
        "Hafenbäckerei Lund",
        about="Sourdough from five in the morning. Closed on Mondays.",
        colour="#b4552d",
        facts={
            "subscription_type": "Premium",
            "verified_type": "business",
            "access": "enterprise",
            "followers": 4210,
            "communities": {"1493446837214187523": "Bread Bakers of the North"},
        },
    )
    world.person(
        NETWORK,
        "1185364920117854208",
        "minaworks",
        "Mina Works",
        about="I build small machines and show how.",
        colour="#2f6f4f",
        facts={"subscription_type": "Premium", "verified_type": "blue", "followers": 1880},
    )
    world.person(
        NETWORK,
        "1241938857709654016",
        "tom_reports",
        "Tom Adeyemi",
        about="City desk. Corrections welcome.",
        colour="#31548f",
        facts={
            "followers": 9300,
            "archive": {
                "1860412340998877185": "The harbour market is back every Saturday, with twelve stalls."
            },
        },
    )


# --- OAuth 2 ---


@csrf_exempt
@consent.page
def authorize(request: HttpRequest) -> HttpResponse:
    """The consent page. What a client got wrong is shown here and never sent back to it."""
    query = request.GET
    client = consent.registered(NETWORK, query.get("client_id", ""), query.get("redirect_uri", ""))
    method, challenge = query.get("code_challenge_method", "plain"), query.get("code_challenge", "")
    scopes = query.get("scope", "").split()
    demand(query.get("response_type") == "code", "response_type")
    demand(0 < len(query.get("state", "")) <= 500, "state")
    demand(method in {"S256", "plain"} and bool(challenge), "code_challenge")
    demand(bool(scopes) and set(scopes) <= set(WANTS), "scope")
    ask = consent.Ask(
        client_id=client.client_id,
        client_name=client.name,
        redirect_uri=query["redirect_uri"],
        state=query["state"],
        scopes=scopes,
        wants=[WANTS[scope] for scope in scopes],
        challenge=challenge if method == "S256" else hashed(challenge),
    )
    return consent.consent(request, NETWORK, "X", ask, code_seconds=CODE_SECONDS)


def demand(holds: bool, name: str) -> None:
    if not holds:
        raise Refusal(400, {"error": "invalid_request", "error_description": f"Missing or wrong: {name}."})


def hashed(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def dead_value() -> Refusal:
    said = "Value passed for the token was invalid."
    return Refusal(400, {"error": "invalid_request", "error_description": said})


def client_of(request: HttpRequest) -> Client:
    """Who asks: by Basic where there is a secret, else by the client_id in the body."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        client_id = secret = ""
    if scheme.lower() != "basic":
        client_id, secret = request.POST.get("client_id", ""), ""
    client = Client.objects.filter(network=NETWORK, client_id=client_id).first()
    if client is None or not secrets.compare_digest(client.client_secret.encode(), secret.encode()):
        said = "Missing valid authorization header"
        raise Refusal(401, {"error": "unauthorized_client", "error_description": said})
    return client


@wire.endpoint(DIALECT, "POST")
def token(request: HttpRequest) -> HttpResponse:
    client = client_of(request)
    kinds: dict[str, Callable[[HttpRequest, Client], Grant]] = {
        "authorization_code": by_code,
        "refresh_token": by_refresh,
    }
    kind = kinds.get(request.POST.get("grant_type", ""))
    if kind is None:
        said = "Invalid grant type."
        raise Refusal(400, {"error": "unsupported_grant_type", "error_description": said})
    return JsonResponse(issue(kind(request, client)))


def by_code(request: HttpRequest, client: Client) -> Grant:
    fields = request.POST
    verifier = fields.get("code_verifier", "")
    if not 43 <= len(verifier) <= 128:
        raise dead_value()
    try:
        return consent.redeem(
            NETWORK,
            fields.get("code", ""),
            client_id=client.client_id,
            redirect_uri=fields.get("redirect_uri", ""),
            verifier=verifier,
        )
    except Refusal as refusal:
        raise dead_value() from refusal


def by_refresh(request: HttpRequest, client: Client) -> Grant:
    given = request.POST.get("refresh_token", "")
    alive = Grant.objects.filter(
        network=NETWORK, client_id=client.client_id, revoked_at=None, refresh_expires_at__gt=timezone.now()
    )
    grant = alive.exclude(refresh="").filter(refresh=given).select_for_update().first()
    if grant is None:
        raise dead_value()
    return grant


def issue(grant: Grant) -> dict[str, Any]:
    """New tokens; those before them stop at once."""
    now = timezone.now()
    grant.access = secrets.token_urlsafe(68)
    grant.access_expires_at = now + timedelta(seconds=ACCESS_SECONDS)
    answer = {
        "token_type": "bearer",
        "expires_in": ACCESS_SECONDS,
        "access_token": grant.access,
        "scope": " ".join(grant.scopes),
    }
    if "offline.access" in grant.scopes:
        grant.refresh = answer["refresh_token"] = secrets.token_urlsafe(68)
        grant.refresh_expires_at = now + REFRESH_LIVES
    grant.save()
    return answer


@wire.endpoint(DIALECT, "POST")
def revoke(request: HttpRequest) -> HttpResponse:
    """Either token takes the whole grant with it; one that is gone already is revoked."""
    client = client_of(request)
    given = request.POST.get("token", "")
    if not given:
        raise dead_value()
    for name in ("access", "refresh"):
        mine = Grant.objects.filter(network=NETWORK, client_id=client.client_id, **{name: given})
        mine.update(revoked_at=timezone.now())
    return JsonResponse({"revoked": True})


# --- what people see ---


def permalink(_request: HttpRequest, remote_id: str, **_: str) -> HttpResponse:
    """A post's own address, whatever name it is given with."""
    entry = standing(remote_id)
    if entry is None:
        raise Http404("There is no such post.")
    return redirect("sandbox-post", NETWORK, entry.person.handle, entry.remote_id)


urlpatterns: list[URLPattern] = [
    path("i/oauth2/authorize", authorize),
    path("2/oauth2/token", token),
    path("2/oauth2/revoke", revoke),
    path("2/users/me", endpoint(GET=me)),
    path("2/users/by", endpoint(GET=by_name)),
    path("2/users/<str:user_id>/tweets", endpoint(GET=timeline)),
    path("2/users/<str:user_id>/mentions", endpoint(GET=mentions)),
    path("2/users/<str:user_id>/likes", endpoint(POST=like)),
    path("2/users/<str:user_id>/likes/<str:remote_id>", endpoint(DELETE=unlike)),
    path("2/tweets", endpoint(GET=look_up, POST=publish)),
    path("2/tweets/<str:remote_id>", endpoint(GET=look_up_one, DELETE=delete_post)),
    path("2/tweets/<str:remote_id>/hidden", endpoint(PUT=hide)),
    path("2/dm_events", endpoint(GET=all_events)),
    path("2/dm_events/<str:event_id>", endpoint(GET=one_event, DELETE=delete_event)),
    path("2/dm_conversations/with/<str:participant_id>/dm_events", endpoint(GET=events_with)),
    path("2/dm_conversations/with/<str:participant_id>/messages", endpoint(POST=send_to)),
    path("2/dm_conversations/<str:conversation>/dm_events", endpoint(GET=events_in)),
    path("2/dm_conversations/<str:conversation>/messages", endpoint(POST=send_in)),
    path("2/media/analytics", endpoint(GET=media_analytics)),
    path("2/media/upload", endpoint(GET=upload_status, POST=upload)),
    path("2/media/upload/initialize", endpoint(POST=initialize)),
    path("2/media/upload/<str:media_id>/append", endpoint(POST=append)),
    path("2/media/upload/<str:media_id>/finalize", endpoint(POST=finalize)),
    path("2/media/metadata", endpoint(POST=metadata)),
    path("profile_images/<str:remote_id>_normal.svg", profile_image),
    path("profile_images/<str:remote_id>.svg", profile_image),
    path("<str:handle>/status/<str:remote_id>", permalink),
    path("i/web/status/<str:remote_id>", permalink),
]
