"""The twin of LinkedIn: consent, tokens, who lives there, and what arrives."""

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
from platforms.sandbox import linkedin_media as media
from platforms.sandbox import linkedin_people as members
from platforms.sandbox import linkedin_posts as posts
from platforms.sandbox import linkedin_social as social
from platforms.sandbox.linkedin_wire import DIALECT, NETWORK, endpoint, new_number
from platforms.sandbox.models import Client, Entry, Grant, Note, Person
from platforms.sandbox.wire import Refusal

CODE_SECONDS = 1800
ACCESS_SECONDS = 5_184_000
REFRESH_SECONDS = 31_536_000
WANTS = {
    "openid": "Sign in with your profile",
    "profile": "See your name and picture",
    "email": "See your e-mail address",
    "r_basicprofile": "See your name, picture and headline",
    "w_member_social": "Post, comment and react for you",
    "w_member_social_feed": "Comment and react for you",
    "r_member_social_feed": "See comments and reactions on your posts",
    "r_member_postAnalytics": "See the numbers of your posts",
    "r_member_profileAnalytics": "See how many people follow you",
    "w_organization_social": "Post, comment and react for your pages",
    "r_organization_social": "See the posts of your pages",
    "w_organization_social_feed": "Comment and react for your pages",
    "r_organization_social_feed": "See comments and reactions on your pages' posts",
    "rw_organization_admin": "Manage your pages and see their numbers",
    "r_organization_admin": "See your pages and their numbers",
}
DURATIONS = {"ONE_DAY": "1 day", "THREE_DAYS": "3 days", "SEVEN_DAYS": "1 week", "FOURTEEN_DAYS": "2 weeks"}
JANA, TOMAS, AIKO = "urn:li:person:782bbtaQ", "urn:li:person:A8xe03Qt10", "urn:li:person:Kd71Lm02Xz"


def people() -> None:
    """A bakery's page, the member who runs it, two who write, and a page that she may only read."""
    page(
        "2414183",
        "morgenrot-bakery",
        "Morgenrot Bakery",
        "Sourdough, rye and a little cake. Since 1931, in the same oven.",
        "#a8481f",
        managers={JANA: "ADMINISTRATOR"},
        followers=4218,
    )
    member(
        JANA, "jana-lindqvist", "Jana Lindqvist", "Master baker, owner of Morgenrot Bakery", "#2e6288", 1234
    )
    member(TOMAS, "tomas-rivera", "Tomás Rivera", "Head chef, Hotel Hafenblick", "#3f6b4a", 310)
    member(AIKO, "aiko-tanaka", "Aiko Tanaka", "Food journalist", "#7a4a8c", 5120)
    page(
        "5583111",
        "guild-of-stone-mills",
        "Guild of Stone Mills",
        "Forty mills that still turn.",
        "#5d5a4e",
        managers={AIKO: "ADMINISTRATOR", JANA: "ANALYST"},
        followers=612,
        earlier="urn:li:share:7000000000000000001",  # what it posted before the sandbox began
    )


def page(number: str, handle: str, name: str, about: str, colour: str, **facts: Any) -> None:
    """A company's page; `managers` are members with their roles."""
    urn, logo = f"urn:li:organization:{number}", f"urn:li:image:C4E0BAQ{number}"
    world.person(NETWORK, urn, handle, name, about=about, colour=colour, facts={**facts, "logo": logo})


def member(urn: str, handle: str, name: str, about: str, colour: str, followers: int) -> None:
    world.person(NETWORK, urn, handle, name, about=about, colour=colour, facts={"followers": followers})


def member_for(person: Person) -> Person:
    """Who signs in: pages cannot, so whoever runs one does."""
    managers = person.facts.get("managers")
    return Person.objects.get(network=NETWORK, remote_id=next(iter(managers))) if managers else person


# --- OAuth 2 ---


@csrf_exempt
@consent.page
def authorize(request: HttpRequest) -> HttpResponse:
    """The consent page. A scope that the app does not own sends the person back before they see it."""
    query = request.GET
    client = consent.registered(NETWORK, query.get("client_id", ""), query.get("redirect_uri", ""))
    scopes = query.get("scope", "").split()
    if query.get("response_type") != "code" or not query.get("state") or not scopes:
        raise Refusal(400, {"error": "invalid_request", "error_description": "Missing or wrong parameter."})
    ask = consent.Ask(
        scopes=scopes,
        wants=[WANTS.get(scope, scope) for scope in scopes],
        state=query["state"],
        redirect_uri=query["redirect_uri"],
        client_id=client.client_id,
        client_name=client.name,
    )
    unknown = [scope for scope in scopes if scope not in (client.scopes or WANTS)]
    if unknown:
        said = f'Scope "{unknown[0]}" is not authorized for your application'
        return consent.back(ask, error="unauthorized_scope_error", error_description=said)
    shown = consent.consent(request, NETWORK, "LinkedIn", ask, code_seconds=CODE_SECONDS)
    if "error=access_denied" in shown.get("Location", ""):
        said = "The user cancelled the authorization"
        return consent.back(ask, error="user_cancelled_authorize", error_description=said)
    return shown


def client_of(request: HttpRequest) -> Client:
    """Who asks, by id and secret in the body."""
    client = Client.objects.filter(network=NETWORK, client_id=request.POST.get("client_id", "")).first()
    given = request.POST.get("client_secret", "")
    if client is None or not secrets.compare_digest(client.client_secret.encode(), given.encode()):
        said = "Client authentication failed"
        raise Refusal(401, {"error": "invalid_client", "error_description": said})
    return client


@wire.endpoint(DIALECT, "POST")
def token(request: HttpRequest) -> HttpResponse:
    client = client_of(request)
    fields = request.POST
    if fields.get("grant_type") == "refresh_token":
        return JsonResponse(issue(by_refresh(client, fields.get("refresh_token", ""))))
    if fields.get("grant_type") != "authorization_code":
        raise Refusal(400, {"error": "invalid_request", "error_description": "Unknown grant type"})
    place = {"client_id": client.client_id, "redirect_uri": fields.get("redirect_uri", "")}
    try:
        grant = consent.redeem(NETWORK, fields.get("code", ""), verifier="", **place)
    except Refusal as refusal:
        said = (
            "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization"
        )
        error = {
            "error": "invalid_request",
            "error_description": f"{said} code. Or authorization code expired.",
        }
        raise Refusal(400, error) from refusal
    grant.person = member_for(grant.person) if grant.person else None
    if not client.scopes or "rw_organization_admin" in client.scopes:
        grant.refresh = f"AQW{secrets.token_urlsafe(48)}"
        grant.refresh_expires_at = timezone.now() + timedelta(seconds=REFRESH_SECONDS)
    return JsonResponse(issue(grant))


def by_refresh(client: Client, given: str) -> Grant:
    """The grant of a refresh token, whose year is not renewed."""
    alive = Grant.objects.filter(network=NETWORK, client_id=client.client_id, revoked_at=None)
    grant = alive.exclude(refresh="").filter(refresh=given, refresh_expires_at__gt=timezone.now()).first()
    if grant is None:
        said = "The provided authorization grant or refresh token is invalid, expired or revoked"
        raise Refusal(400, {"error": "invalid_grant", "error_description": said})
    return grant


def issue(grant: Grant) -> dict[str, Any]:
    now = timezone.now()
    grant.access = f"AQX{secrets.token_urlsafe(64)}"
    grant.access_expires_at = now + timedelta(seconds=ACCESS_SECONDS)
    grant.save()
    answer: dict[str, Any] = {
        "access_token": grant.access,
        "expires_in": ACCESS_SECONDS,
        "scope": ",".join(grant.scopes),
        "token_type": "Bearer",
    }
    if grant.refresh and grant.refresh_expires_at:
        left = int((grant.refresh_expires_at - now).total_seconds())
        answer |= {"refresh_token": grant.refresh, "refresh_token_expires_in": left}
    return answer


@wire.endpoint(DIALECT, "POST")
def revoke(request: HttpRequest) -> HttpResponse:
    """The grant goes as a whole; what is gone is gone."""
    client = client_of(request)
    mine = Grant.objects.filter(network=NETWORK, client_id=client.client_id)
    mine.filter(access=request.POST.get("token", "")).update(revoked_at=timezone.now())
    return HttpResponse(status=200)


# --- what arrives ---


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """A comment on a post (where none is named, the newest), or somebody's own post that names the page."""
    if kind == "comment":
        newest = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
        return social.leave(entry or newest[0], author, text)
    now = timezone.now()
    post = Entry.objects.create(
        network=NETWORK,
        person=author,
        remote_id=f"urn:li:share:{new_number(now)}",
        text=text,
        created_at=now,
        body={
            "author": author.remote_id,
            "kind": "text",
            "activity": f"urn:li:activity:{new_number(now)}",
            "state": "PUBLISHED",
            "commentsState": "OPEN",
            "isReshareDisabledByAuthor": False,
        },
    )
    number = {"notification": secrets.randbelow(10**12)}
    return Note.objects.create(
        network=NETWORK,
        person=person,
        author=author,
        kind=kind,
        remote_id=post.remote_id,
        text=text,
        body=number,
    )


def webhook(note: Note, _secret: str) -> tuple[dict[str, str], bytes]:
    """A delivery. LinkedIn signs with the app's own secret and knows no other."""
    told = {**social.notification(note), "subscriber": JANA}
    body = {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [told]}
    raw = json.dumps(body).encode()
    key = Client.objects.get(network=NETWORK, client_id="sandbox").client_secret.encode()
    signature = hmac.new(key, b"hmacsha256=" + raw, hashlib.sha256).hexdigest()
    return {"X-LI-Signature": signature, "Content-Type": "application/json"}, raw


# --- what people see ---


def face(entry: Entry) -> world.Face:
    body = entry.body
    content = body.get("content") or {}
    reactions = sum(social.likes_of(entry).values())
    facts = {
        "kind": body.get("kind"),
        "article": content.get("article"),
        "host": (content.get("article") or {}).get("source", "").partition("//")[2].partition("/")[0],
        "poll": content.get("poll"),
        "duration": DURATIONS.get((content.get("poll") or {}).get("settings", {}).get("duration", ""), ""),
        "reshared": (body.get("reshareContext") or {}).get("parent", ""),
        "is_edited": bool(body.get("edited_at")),
        "is_public": body.get("visibility") != "CONNECTIONS",
        "is_closed": body.get("commentsState") == "CLOSED",
        "reactions": reactions,
        "reposts": members.reposts_of(entry),
    }
    return world.Face(facts=facts)


def permalink(_request: HttpRequest, urn: str) -> HttpResponse:
    entry = get_object_or_404(Entry, network=NETWORK, remote_id=urn, deleted_at=None)
    return redirect("sandbox-post", NETWORK, entry.person.handle, urn)


def of_kind(kind: str) -> list[URLPattern]:
    """The addresses of one kind of media."""

    def begin(asked: Any) -> HttpResponse:
        return media.begin(asked, kind)

    def look(asked: Any, urn: str) -> HttpResponse:
        return media.status(asked, kind, urn)

    return [path(f"rest/{kind}", endpoint(POST=begin)), path(f"rest/{kind}/<str:urn>", endpoint(GET=look))]


def old(**views: wire.View) -> wire.View:
    return endpoint(versioned=False, **views)


urlpatterns: list[URLPattern] = [
    path("oauth/v2/authorization", authorize),
    path("oauth/v2/accessToken", token),
    path("oauth/v2/revoke", revoke),
    path("v2/userinfo", old(GET=members.userinfo)),
    path("v2/me", old(GET=members.me)),
    path("v2/socialActions/<str:urn>/comments", old(POST=social.write_legacy)),
    path("rest/organizationAcls", endpoint(GET=members.acls)),
    path("rest/organizations", endpoint(GET=members.organizations)),
    path("rest/networkSizes/<str:urn>", endpoint(GET=members.network_size)),
    path("rest/organizationalEntityShareStatistics", endpoint(GET=members.share_statistics)),
    path("rest/organizationPageStatistics", endpoint(GET=members.page_statistics)),
    path("rest/videoAnalytics", endpoint(GET=members.video_analytics)),
    path("rest/memberCreatorPostAnalytics", endpoint(GET=members.member_posts)),
    path("rest/memberFollowersCount", endpoint(GET=members.member_followers)),
    path("rest/posts", endpoint(GET=posts.search, POST=posts.create)),
    path("rest/posts/<str:urn>", endpoint(GET=posts.read, POST=posts.change, DELETE=posts.remove)),
    *of_kind("images"),
    *of_kind("documents"),
    *of_kind("videos"),
    path("dms-uploads/<str:token>/<str:part>", media.receive),
    path("rest/socialActions/<str:urn>/comments", endpoint(GET=social.comments, POST=social.write_versioned)),
    path("rest/socialActions/<str:urn>/comments/<str:number>", endpoint(DELETE=social.erase)),
    path("rest/socialMetadata/<str:urn>", endpoint(GET=social.metadata, POST=social.set_comments)),
    path("rest/reactions", endpoint(POST=social.react)),
    path("rest/reactions/<str:key>", endpoint(DELETE=social.unreact)),
    path("rest/organizationalEntityNotifications", endpoint(GET=social.notifications)),
    path("feed/update/<str:urn>/", permalink),
]
