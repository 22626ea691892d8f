"""The twin of TikTok: consent, tokens, people and pages; posting, bytes and counters stand beside it."""

import hashlib
import hmac
import json
import secrets
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import consent, wire, world
from platforms.sandbox.models import Client, Entry, Grant
from platforms.sandbox.tiktok_jobs import PUBLIC
from platforms.sandbox.tiktok_posts import (
    FRIENDS,
    PRIVATE,
    cancel,
    content_init,
    creator_info,
    inbox_init,
    status,
    video_init,
)
from platforms.sandbox.tiktok_upload import put
from platforms.sandbox.tiktok_videos import counter, user_info, video_list, video_query
from platforms.sandbox.tiktok_wire import DIALECT, NETWORK, flat
from platforms.sandbox.wire import Refusal

CODE_SECONDS = 600
ACCESS_SECONDS = 7200
REFRESH_SECONDS = 15_552_000
WANTS = {
    "user.info.basic": "Read your name and picture",
    "user.info.profile": "Read your profile: user name, biography, links",
    "user.info.stats": "Read your counts of followers, likes and videos",
    "video.list": "Read your public videos",
    "video.publish": "Post to your profile",
    "video.upload": "Send drafts to your inbox",
}
SIGNS = {
    "like_count": ("likes", "♥"),
    "comment_count": ("comments", "…"),
    "share_count": ("shares", "➦"),
    "view_count": ("views", "▷"),
}
OFF = {"disable_comment": "comments", "disable_duet": "duets", "disable_stitch": "stitches"}
AUDIENCES = {FRIENDS: "Friends", "FOLLOWER_OF_CREATOR": "Followers", PRIVATE: "Only me"}


def people() -> None:
    """A bakery that posts a lot, a private account, and one that switched duets and comments off."""
    world.person(
        NETWORK,
        "afd97af1-b87b-48b9-ac98-410aghda5344",
        "morgenrot.bakery",
        "Morgenrot Bakery",
        about="Sourdough, lye rolls and what the oven does at four in the morning.",
        colour="#b4552d",
        facts={
            "is_verified": True,
            "followers": 18_400,
            "limits": {"posts": 500, "drafts": 100, "video/init": 100, "inbox/video/init": 100}
            | {"content/init": 100, "status/fetch": 600, "creator_info": 600},
        },
    )
    world.person(
        NETWORK,
        "723f24d7-e717-40f8-a2b6-cb8464cd23b4",
        "mina.makes",
        "Mina Makes",
        about="Small machines, for friends.",
        colour="#2f6f4f",
        facts={"is_private": True, "max_seconds": 180},
    )
    world.person(
        NETWORK,
        "9b1c7c0e-5a34-4f0e-8d0f-3c6b1f2a7d10",
        "tom_adeyemi",
        "Tom Adeyemi",
        about="City walks.",
        colour="#31548f",
        facts={"comment_disabled": True, "duet_disabled": True, "max_seconds": 600},
    )


# --- OAuth 2, with a key for an id, commas between scopes and a challenge in hex ---


@csrf_exempt
@consent.page
def authorize(request: HttpRequest) -> HttpResponse:
    query = request.GET
    client = consent.registered(NETWORK, query.get("client_key", ""), query.get("redirect_uri", ""))
    scopes = [scope for scope in query.get("scope", "").split(",") if scope]
    challenge = query.get("code_challenge", "")
    demand(query.get("response_type") == "code", "response_type")
    demand(bool(query.get("state")), "state")
    demand(bool(scopes) and set(scopes) <= set(WANTS), "scope")
    demand(query.get("disable_auto_auth", "0") in {"0", "1"}, "disable_auto_auth")
    demand(not challenge or query.get("code_challenge_method") == "S256", "code_challenge_method")
    demand(not challenge or is_hex(challenge), "code_challenge")
    ask = consent.Ask(
        client.client_id,
        client.name,
        query["redirect_uri"],
        query["state"],
        scopes,
        extra={"scopes": ",".join(scopes)},
        facts={"challenge": challenge},
        wants=[WANTS[scope] for scope in scopes],
    )
    return consent.consent(request, NETWORK, "TikTok", ask, code_seconds=CODE_SECONDS)


def demand(holds: bool, name: str) -> None:
    if not holds:
        raise flat("invalid_request", f"Missing or wrong: {name}.")


def is_hex(challenge: str) -> bool:
    return len(challenge) == 64 and not set(challenge) - set("0123456789abcdef")


@wire.endpoint(DIALECT, "POST")
def token(request: HttpRequest) -> HttpResponse:
    client = client_of(request)
    kinds = {"authorization_code": by_code, "refresh_token": by_refresh}
    kind = kinds.get(request.POST.get("grant_type", ""))
    if kind is None:
        raise flat("unsupported_grant_type", "The grant type is not supported.")
    return JsonResponse(issue(kind(request, client)))


def client_of(request: HttpRequest) -> Client:
    if request.content_type != "application/x-www-form-urlencoded":
        raise flat(
            "invalid_request", "Only `application/x-www-form-urlencoded` is supported as Content-Type."
        )
    key, secret = request.POST.get("client_key", ""), request.POST.get("client_secret", "")
    client = Client.objects.filter(network=NETWORK, client_id=key).first()
    if client is None or not secrets.compare_digest(client.client_secret.encode(), secret.encode()):
        raise flat("invalid_client", "Client key or secret is incorrect.", 401)
    return client


def by_code(request: HttpRequest, client: Client) -> Grant:
    """A code that is too old is refused inside a 200."""
    fields = request.POST
    grant = Grant.objects.filter(network=NETWORK, code=fields.get("code") or "-").first()
    if grant and grant.redirect_uri != fields.get("redirect_uri"):
        said = "Redirect_uri is not matched with the uri when requesting code."
        raise flat("invalid_request", said)
    if grant and not fits(grant.facts.get("challenge", ""), fields.get("code_verifier", "")):
        raise flat("invalid_request", "Code verifier or code challenge is invalid.")
    names = {"client_id": client.client_id, "redirect_uri": fields.get("redirect_uri", ""), "verifier": ""}
    try:
        return consent.redeem(NETWORK, fields.get("code", ""), **names)
    except Refusal as refusal:
        raise flat("invalid_grant", "Authorization code is expired.", 200) from refusal


def fits(challenge: str, verifier: str) -> bool:
    return not challenge or hashlib.sha256(verifier.encode()).hexdigest() == challenge


def by_refresh(request: HttpRequest, client: Client) -> Grant:
    """Each refresh token works once: the one that it brings takes its place."""
    given = request.POST.get("refresh_token") or "-"
    alive = Grant.objects.filter(
        network=NETWORK, client_id=client.client_id, revoked_at=None, refresh_expires_at__gt=timezone.now()
    )
    grant = alive.filter(refresh=given).select_for_update().first()
    if grant is None:
        raise flat("invalid_grant", "Refresh token is invalid or expired.")
    return grant


def issue(grant: Grant) -> dict[str, Any]:
    """New tokens. A person's `withholds` names scopes that they did not allow."""
    facts = grant.person.facts if grant.person else {}
    seconds = facts.get("access_seconds", ACCESS_SECONDS)
    now = timezone.now()
    grant.access, grant.refresh = (f"{kind}.{secrets.token_urlsafe(40)}" for kind in ("act", "rft"))
    grant.access_expires_at = now + timedelta(seconds=seconds)
    grant.refresh_expires_at = now + timedelta(seconds=REFRESH_SECONDS)
    grant.scopes = [scope for scope in grant.scopes if scope not in facts.get("withholds", [])]
    grant.save()
    return {
        "access_token": grant.access,
        "expires_in": seconds,
        "open_id": grant.person.remote_id if grant.person else "",
        "refresh_expires_in": REFRESH_SECONDS,
        "refresh_token": grant.refresh,
        "scope": ",".join(grant.scopes),
        "token_type": "Bearer",
    }


@wire.endpoint(DIALECT, "POST")
def revoke(request: HttpRequest) -> HttpResponse:
    client = client_of(request)
    mine = Grant.objects.filter(network=NETWORK, client_id=client.client_id, revoked_at=None)
    if not mine.filter(access=request.POST.get("token") or "-").update(revoked_at=timezone.now()):
        raise flat("invalid_request", "The token is missing or not valid.")
    return JsonResponse({})


# --- webhooks: about posts and connections, never about what people write ---


def webhook(_note: None = None, _secret: str = "") -> tuple[dict[str, str], bytes]:
    """What TikTok sends when the newest post is public, signed with the app's own secret."""
    entry = Entry.objects.select_related("person").filter(network=NETWORK, deleted_at=None)[0]
    client = Client.objects.get(network=NETWORK, client_id="sandbox")
    content = {
        "publish_id": entry.body["publish_id"],
        "post_id": int(entry.remote_id),
        "publish_type": "INBOX_SHARE" if entry.body["mode"] == "inbox" else "DIRECT_PUBLISH",
    }
    told = notice(client, "post.publish.publicly_available", entry.person.remote_id, content)
    return signed(client, told, int(timezone.now().timestamp())), told


def notice(client: Client, event: str, open_id: str, content: dict[str, Any]) -> bytes:
    """The body of an event: its content is JSON within JSON."""
    told = {
        "client_key": client.client_id,
        "event": event,
        "create_time": int(timezone.now().timestamp()),
        "user_openid": open_id,
        "content": json.dumps(content, separators=(",", ":")),
    }
    return json.dumps(told, separators=(",", ":")).encode()


def signed(client: Client, body: bytes, moment: int) -> dict[str, str]:
    message = f"{moment}.".encode() + body
    signature = hmac.new(client.client_secret.encode(), message, hashlib.sha256).hexdigest()
    return {"TikTok-Signature": f"t={moment},s={signature}", "Content-Type": "application/json"}


# --- what people see ---


def face(entry: Entry) -> world.Face:
    """Who may watch, how it is labelled, and its counters."""
    body = entry.body
    labels = (
        ("Paid partnership", body.get("brand_content_toggle")),
        ("Promotional content", body.get("brand_organic_toggle") and not body.get("brand_content_toggle")),
        ("Creator labelled as AI-generated", body.get("is_aigc")),
    )
    level = body.get("privacy_level", "")
    is_draft = body["mode"] == "inbox"
    note = "Draft in the inbox" if is_draft else AUDIENCES.get(level, "")
    if level == PUBLIC and not body["is_public"]:
        note = "In review"
    facts = {
        "title": body.get("title", "") if body["kind"] == "photo" else "",
        "labels": [label for label, holds in labels if holds],
        "counts": [] if is_draft else [(*shown, counter(entry, name)) for name, shown in SIGNS.items()],
        "off": [] if is_draft else [words for name, words in OFF.items() if body.get(name)],
        "has_music": bool(body.get("auto_add_music")),
        "is_photo": body["kind"] == "photo",
    }
    return world.Face(note=note, facts=facts)


def permalink(_request: HttpRequest, handle: str, remote_id: str, **_: str) -> HttpResponse:
    entry = get_object_or_404(
        Entry, network=NETWORK, person__handle=handle, remote_id=remote_id, deleted_at=None
    )
    return redirect("sandbox-post", NETWORK, entry.person.handle, remote_id)


def profile(_request: HttpRequest, handle: str) -> HttpResponse:
    return redirect("sandbox-person", NETWORK, handle)


urlpatterns: list[URLPattern] = [
    path("v2/auth/authorize/", authorize),
    path("v2/oauth/token/", token),
    path("v2/oauth/revoke/", revoke),
    path("v2/user/info/", user_info),
    path("v2/video/list/", video_list),
    path("v2/video/query/", video_query),
    path("v2/post/publish/creator_info/query/", creator_info),
    path("v2/post/publish/video/init/", video_init),
    path("v2/post/publish/inbox/video/init/", inbox_init),
    path("v2/post/publish/content/init/", content_init),
    path("v2/post/publish/status/fetch/", status),
    path("v2/post/publish/cancel/", cancel),
    path("upload/video/", put),
    path("@<str:handle>/video/<str:remote_id>", permalink),
    path("@<str:handle>/photo/<str:remote_id>", permalink),
    path("@<str:handle>", profile),
]
