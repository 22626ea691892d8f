"""Apps and tokens of Mastodon-like servers: registration, consent, PKCE where it is offered, revocation."""

import base64
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from platforms.sandbox import consent
from platforms.sandbox.mastodon_server import NETWORK, SERVERS, Server, Visit, api, open_to_all
from platforms.sandbox.models import Client, Grant
from platforms.sandbox.wire import Refusal, payload

FINE = {
    "read": ("accounts", "blocks", "bookmarks", "favourites", "filters", "follows", "lists", "mutes",
             "notifications", "search", "statuses"),
    "write": ("accounts", "blocks", "bookmarks", "conversations", "favourites", "filters", "follows", "lists",
              "media", "mutes", "notifications", "reports", "statuses"),
}  # fmt: skip
SCOPES = {"read", "write", "profile", "push", "follow"} | {
    f"{whole}:{part}" for whole, parts in FINE.items() for part in parts
}
WANTS = {
    "read": "Read everything of your account",
    "write": "Change everything of your account, and post for you",
    "read:accounts": "See who you are",
    "read:statuses": "Read your posts",
    "read:notifications": "See who writes to you",
    "read:search": "Look for posts as you",
    "write:statuses": "Publish, change and delete posts for you",
    "write:media": "Upload pictures and videos for you",
    "write:favourites": "Mark posts as favourites for you",
}
CODE_SECONDS = 600
FOREIGN = {"error": "unauthorized_client", "error_description": "You are not authorized to revoke this token"}
UNKNOWN_CLIENT = {
    "error": "invalid_client",
    "error_description": "Client authentication failed due to unknown client, no client authentication "
    "included, or unsupported authentication method.",
}


@open_to_all("GET")
def metadata(visit: Visit) -> HttpResponse:
    if not visit.server.has_metadata:
        raise visit.refusal("missing")
    base = visit.base
    return JsonResponse(
        {
            "issuer": f"{base}/",
            "service_documentation": "https://docs.joinmastodon.org/",
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "app_registration_endpoint": f"{base}/api/v1/apps",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "scopes_supported": sorted(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
    )


# --- apps ---


@open_to_all("POST")
def apps(visit: Visit) -> HttpResponse:
    fields = payload(visit.request)
    name, website = fields.get("client_name"), fields.get("website")
    redirects = fields.get("redirect_uris") or ""
    uris = redirects if isinstance(redirects, list) else redirects.split()
    scopes = str(fields.get("scopes") or "read").split()
    if not name:
        raise invalid("Application name can't be blank")
    if not uris or not all(urlsplit(uri).scheme for uri in uris):
        raise invalid("Redirect URI must be an absolute URI.")
    if not set(scopes) <= SCOPES:
        raise invalid("Scopes doesn't match configured on the server.")
    if website and urlsplit(website).scheme not in {"http", "https"}:
        raise invalid("Application website is invalid")
    client = Client.objects.create(
        network=NETWORK,
        client_id=f"{visit.server.name}-{secrets.token_urlsafe(32)}",
        name=name,
        redirect_uris=uris,
        scopes=scopes,
    )
    secret = {"client_secret": client.client_secret, "client_secret_expires_at": 0}
    shown = {"client_id": client.client_id, **secret, "redirect_uri": "\n".join(uris)}
    return JsonResponse({**app_json(client), **shown, "website": website or None})


def app_json(client: Client) -> dict[str, Any]:
    return {
        "id": str(client.pk),
        "name": client.name,
        "website": None,
        "scopes": client.scopes,
        "redirect_uris": client.redirect_uris,
        "vapid_key": "",
    }


def invalid(text: str) -> Refusal:
    return Refusal(422, {"error": f"Validation failed: {text}"})


@api("GET")
def app(visit: Visit) -> HttpResponse:
    client = Client.objects.filter(network=NETWORK, client_id=visit.grant and visit.grant.client_id).first()
    if client is None:
        raise visit.refusal("token")
    return JsonResponse(app_json(client))


# --- consent ---


@consent.page
def authorize(request: HttpRequest, server: str) -> HttpResponse:
    asked = request.GET
    client = client_of(SERVERS[server], asked.get("client_id", ""))
    redirect_uri = asked.get("redirect_uri", "")
    consent.registered(NETWORK, client.client_id, redirect_uri)
    scopes = asked.get("scope", "read").split()
    knows_pkce = SERVERS[server].has_metadata
    ask = consent.Ask(
        client_id=client.client_id,
        client_name=client.name,
        redirect_uri=redirect_uri,
        state=asked.get("state", ""),
        scopes=scopes,
        challenge=asked.get("code_challenge", "") if knows_pkce else "",
        wants=[WANTS.get(scope, scope) for scope in scopes],
        facts={"server": server, "client_name": client.name},
    )
    if asked.get("response_type") != "code":
        return consent.back(ask, error="unsupported_response_type")
    if not set(scopes) <= set(client.scopes):
        said = "The requested scope is invalid, unknown, or malformed."
        return consent.back(ask, error="invalid_scope", error_description=said)
    if ask.challenge and asked.get("code_challenge_method") != "S256":
        return consent.back(ask, error="invalid_request", error_description="Only S256 is supported.")
    return consent.consent(request, NETWORK, "Mastodon", ask, code_seconds=CODE_SECONDS)


def client_of(server: Server, client_id: str, secret: str | None = None) -> Client:
    """The app that was registered on this server; with the right secret, where one is asked for."""
    client = Client.objects.filter(network=NETWORK, client_id=client_id).first()
    if client is None or not client_id.startswith(f"{server.name}-"):
        raise Refusal(401, UNKNOWN_CLIENT)
    if secret is not None and not constant_time_compare(client.client_secret, secret):
        raise Refusal(401, UNKNOWN_CLIENT)
    return client


# --- tokens ---


@open_to_all("POST")
def token(visit: Visit) -> HttpResponse:
    fields = payload(visit.request)
    client = authenticated(visit, fields)
    match fields.get("grant_type"):
        case "authorization_code":
            grant = redeemed(client, fields)
        case "client_credentials":
            grant = for_app(visit, client, str(fields.get("scope") or "read").split())
        case "refresh_token" if visit.server.token_seconds:
            grant = refreshed(visit, client, str(fields.get("refresh_token", "")))
        case _:
            raise Refusal(
                400, {"error": "unsupported_grant_type", "error_description": "Not supported here."}
            )
    return JsonResponse(issue(visit, grant))


def authenticated(visit: Visit, fields: dict[str, Any]) -> Client:
    client_id, secret = str(fields.get("client_id", "")), str(fields.get("client_secret", ""))
    scheme, _, credentials = visit.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError as error:
            raise Refusal(401, UNKNOWN_CLIENT) from error
    return client_of(visit.server, client_id, secret)


def redeemed(client: Client, fields: dict[str, Any]) -> Grant:
    return consent.redeem(
        NETWORK,
        str(fields.get("code", "")),
        client_id=client.client_id,
        redirect_uri=str(fields.get("redirect_uri", "")),
        verifier=str(fields.get("code_verifier", "")),
    )


def for_app(visit: Visit, client: Client, scopes: list[str]) -> Grant:
    if not set(scopes) <= set(client.scopes):
        raise Refusal(400, {"error": "invalid_scope", "error_description": "The requested scope is invalid."})
    facts = {"server": visit.server.name, "client_name": client.name}
    return Grant.objects.create(network=NETWORK, client_id=client.client_id, scopes=scopes, facts=facts)


def refreshed(visit: Visit, client: Client, refresh: str) -> Grant:
    """A refresh token works once: the answer brings its successor."""
    held = Grant.objects.select_for_update().filter(
        network=NETWORK, client_id=client.client_id, refresh=refresh, revoked_at=None
    )
    grant = held.first() if refresh else None
    if grant is None or grant.facts.get("server") != visit.server.name:
        raise Refusal(400, {"error": "invalid_grant", "error_description": "The refresh token is invalid."})
    return grant


def issue(visit: Visit, grant: Grant) -> dict[str, Any]:
    now, seconds = timezone.now(), visit.server.token_seconds
    grant.access = secrets.token_urlsafe(32)
    body: dict[str, Any] = {
        "access_token": grant.access,
        "token_type": "Bearer",
        "scope": " ".join(grant.scopes),
        "created_at": int(now.timestamp()),
    }
    if seconds:
        grant.access_expires_at = now + timedelta(seconds=seconds)
        grant.refresh = secrets.token_urlsafe(32)
        body |= {"expires_in": seconds, "refresh_token": grant.refresh}
    grant.save()
    return body


@open_to_all("POST")
def revoke(visit: Visit) -> HttpResponse:
    fields = payload(visit.request)
    client = authenticated(visit, fields)
    grant = Grant.objects.filter(network=NETWORK, access=str(fields.get("token") or "-")).first()
    if grant and grant.client_id != client.client_id:
        raise Refusal(403, FOREIGN)
    if grant and not grant.revoked_at:
        grant.revoked_at = timezone.now()
        grant.save(update_fields=["revoked_at"])
    return HttpResponse() if visit.server.name == "takahe" else JsonResponse({})
