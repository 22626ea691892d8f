"""The twin's sign-in server: pushed requests, consent, tokens bound to a key, rotation, replay."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import requests
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from platforms.sandbox import bluesky_dpop
from platforms.sandbox.bluesky_wire import DIALECT, NETWORK, base, server_did, sign
from platforms.sandbox.consent import Ask, consent, page, redeem
from platforms.sandbox.models import Grant, Person
from platforms.sandbox.wire import Refusal, answer, endpoint

REQUEST_SECONDS = 300
CODE_SECONDS = 300
ACCESS = timedelta(minutes=60)
PUBLIC_SESSION = timedelta(days=14)
CONFIDENTIAL_REFRESH = timedelta(days=90)
SCOPES = ("atproto", "transition:email", "transition:generic", "transition:chat.bsky")
WANTS = {
    "atproto": "Know who you are",
    "transition:generic": "Manage your profile, posts, likes and follows",
    "transition:email": "Read your e-mail address",
    "transition:chat.bsky": "Read and send your messages",
}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LOOPBACK = {"127.0.0.1", "::1"}


def refuse(error: str, description: str, status: int = 400) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})


def prove(request: HttpRequest) -> str:
    """The thumbprint of the key that this request holds, or the sign-in server's refusal."""
    try:
        return bluesky_dpop.verify(request, request.build_absolute_uri(request.path))
    except bluesky_dpop.BadProof as bad:
        if bad.wants_nonce:
            raise refuse("use_dpop_nonce", bad.message) from bad
        raise refuse("invalid_dpop_proof", bad.message, 401) from bad


def with_nonce(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["DPoP-Nonce"] = bluesky_dpop.nonce()
        response["Cache-Control"] = "no-store"
        return response

    serve.csrf_exempt = True  # type: ignore[attr-defined]
    return serve


# --- metadata ---


@endpoint(DIALECT, "GET")
def protected_resource(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "resource": base(request),
            "authorization_servers": [base(request)],
            "scopes_supported": [],
            "bearer_methods_supported": ["header"],
            "resource_documentation": "https://atproto.com",
        }
    )


@endpoint(DIALECT, "GET")
def authorization_server(request: HttpRequest) -> HttpResponse:
    issuer = base(request)
    return JsonResponse(
        {
            "issuer": issuer,
            "scopes_supported": list(SCOPES),
            "subject_types_supported": ["public"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "jwks_uri": f"{issuer}/oauth/jwks",
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
            "require_pushed_authorization_requests": True,
            "dpop_signing_alg_values_supported": ["ES256"],
            "client_id_metadata_document_supported": True,
            "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        }
    )


# --- clients ---


def client_document(client_id: str) -> dict[str, Any]:
    """A client's own words about itself: in its id (development) or at its address."""
    parts = urlsplit(client_id)
    if (parts.scheme, parts.netloc, parts.path.strip("/")) == ("http", "localhost", ""):
        query = parse_qs(parts.query)
        return {
            "client_id": client_id,
            "client_name": "An application on your device",
            "redirect_uris": query.get("redirect_uri", ["http://127.0.0.1/", "http://[::1]/"]),
            "scope": query.get("scope", ["atproto"])[0],
            "token_endpoint_auth_method": "none",
        }
    if parts.scheme != "https" or not parts.hostname or parts.port is not None:
        raise _bad_client(client_id, "Invalid URL")
    return _fetched(client_id)


def _fetched(client_id: str) -> dict[str, Any]:
    try:
        answer = requests.get(client_id, timeout=5, allow_redirects=False)
        document = answer.json()
    except requests.RequestException as error:
        raise _bad_client(client_id, "fetch failed") from error
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if answer.status_code != 200 or kind != "application/json" or not isinstance(document, dict):
        raise _bad_client(client_id, "unexpected response")
    if document.get("client_id") != client_id or document.get("dpop_bound_access_tokens") is not True:
        raise _bad_client(client_id, "the document speaks of another client")
    return document


def _bad_client(client_id: str, why: str) -> Refusal:
    return refuse("invalid_client_metadata", f'Unable to obtain client metadata for "{client_id}": {why}')


def authenticated(request: HttpRequest) -> dict[str, Any]:
    """The client that a form comes from; a confidential one must sign."""
    client_id = request.POST.get("client_id", "")
    if not client_id:
        raise refuse("invalid_client", "Client credentials missing: Required at body.client_id")
    document = client_document(client_id)
    if document.get("token_endpoint_auth_method") == "private_key_jwt":
        _check_assertion(request, document)
    return document


def _check_assertion(request: HttpRequest, document: dict[str, Any]) -> None:
    if request.POST.get("client_assertion_type") != ASSERTION:
        raise refuse("invalid_client", "client_assertion_type missing")
    try:
        keys = KeySet.import_key_set(document["jwks"])
        claims = jwt.decode(request.POST.get("client_assertion", ""), keys, algorithms=["ES256"]).claims
    except (JoseError, ValueError, KeyError) as error:
        raise refuse("invalid_client", f"Failed to verify client_assertion: {error}") from error
    wanted = {"iss": document["client_id"], "sub": document["client_id"], "aud": base(request)}
    fresh = isinstance(claims.get("iat"), int) and abs(time.time() - claims["iat"]) < 90
    if any(claims.get(name) != value for name, value in wanted.items()) or not fresh or "jti" not in claims:
        raise refuse("invalid_client", "client_assertion does not hold")


def _may_return_to(document: dict[str, Any], redirect: str) -> bool:
    """Whether a redirect is one of the client's; on a loopback address the port does not count."""
    parts = urlsplit(redirect)
    if redirect in document.get("redirect_uris", []):
        return True
    return parts.hostname in LOOPBACK and any(
        (urlsplit(known).hostname, urlsplit(known).path) == (parts.hostname, parts.path)
        for known in document.get("redirect_uris", [])
    )


# --- the flow ---


@with_nonce
@endpoint(DIALECT, "POST")
def push(request: HttpRequest) -> HttpResponse:
    """Keep an authorisation request; the browser carries only its name (RFC 9126)."""
    document = authenticated(request)
    thumbprint = prove(request)
    form = request.POST
    _check_request(form.dict(), document)
    name = f"req-{secrets.token_hex(16)}"
    Grant.objects.create(
        network=NETWORK,
        client_id=document["client_id"],
        redirect_uri=form["redirect_uri"],
        scopes=form["scope"].split(),
        challenge=form["code_challenge"],
        code_expires_at=timezone.now() + timedelta(seconds=REQUEST_SECONDS),
        facts={
            "pushed": name,
            "state": form.get("state", ""),
            "hint": form.get("login_hint", ""),
            "jkt": thumbprint,
            "client_name": document.get("client_name", ""),
            "public": document.get("token_endpoint_auth_method") != "private_key_jwt",
        },
    )
    return JsonResponse(
        {"request_uri": f"urn:ietf:params:oauth:request_uri:{name}", "expires_in": REQUEST_SECONDS - 1},
        status=201,
    )


def _check_request(form: dict[str, Any], document: dict[str, Any]) -> None:
    if form.get("response_type") != "code":
        raise refuse("unsupported_response_type", f'Unsupported response_type "{form.get("response_type")}"')
    if urlsplit(form.get("redirect_uri", "")).hostname == "localhost":
        raise refuse("invalid_request", 'Use of "localhost" hostname is not allowed (RFC 8252)')
    if not _may_return_to(document, form.get("redirect_uri", "")):
        raise refuse("invalid_request", f"Invalid redirect_uri {form.get('redirect_uri')}")
    if form.get("code_challenge_method") != "S256":
        raise refuse("invalid_request", 'atproto requires use of "S256" code_challenge_method')
    if not form.get("code_challenge"):
        raise refuse("invalid_request", "code_challenge is required when code_challenge_method is provided")
    declared = document.get("scope", "").split()
    for scope in form.get("scope", "").split():
        if scope not in declared:
            raise refuse("invalid_scope", f'Scope "{scope}" is not declared in the client metadata')
    if "atproto" not in form.get("scope", "").split():
        raise refuse("invalid_scope", 'The "atproto" scope is required')


@page
def authorize(request: HttpRequest) -> HttpResponse:
    """The consent page of a pushed request."""
    name = request.GET.get("request_uri", "").removeprefix("urn:ietf:params:oauth:request_uri:")
    pushed = Grant.objects.filter(network=NETWORK, facts__pushed=name).first() if name else None
    expired = pushed and pushed.code_expires_at and pushed.code_expires_at < timezone.now()
    if pushed is None or expired or request.GET.get("client_id") != pushed.client_id:
        raise Refusal(400, "<!doctype html><title>Error</title><h1>This request has expired</h1>")
    ask = Ask(
        client_id=pushed.client_id,
        client_name=pushed.facts["client_name"],
        redirect_uri=pushed.redirect_uri,
        state=pushed.facts["state"],
        scopes=pushed.scopes,
        challenge=pushed.challenge,
        wants=[WANTS[scope] for scope in pushed.scopes],
        extra={"iss": base(request)},
        facts={"jkt": pushed.facts["jkt"], "public": pushed.facts["public"]},
        hint=pushed.facts["hint"],
    )
    response = consent(request, NETWORK, "Bluesky", ask, code_seconds=CODE_SECONDS)
    if request.method == "POST":
        pushed.delete()
    return response


@with_nonce
@endpoint(DIALECT, "POST")
def token(request: HttpRequest) -> HttpResponse:
    """A token pair bound to a key, for a code or for a refresh token that was never used before."""
    document = authenticated(request)
    thumbprint = prove(request)
    match request.POST.get("grant_type"):
        case "authorization_code":
            grant = _redeemed(request, document)
        case "refresh_token":
            refresh = request.POST.get("refresh_token", "")
            if _end_replayed(refresh):
                return answer(refuse("invalid_grant", "Refresh token replayed"))  # not raised: it must last
            grant = _refreshable(refresh, document["client_id"])
        case other:
            raise refuse("unsupported_grant_type", f'Grant type "{other}" is not supported')
    if grant.facts["jkt"] != thumbprint:
        raise refuse("invalid_grant", "DPoP proof does not match the session's key")
    return JsonResponse(_issue(request, grant))


def _redeemed(request: HttpRequest, document: dict[str, Any]) -> Grant:
    grant = redeem(
        NETWORK,
        request.POST.get("code", ""),
        client_id=document["client_id"],
        redirect_uri=request.POST.get("redirect_uri", ""),
        verifier=request.POST.get("code_verifier", ""),
    )
    if grant.facts["public"]:
        grant.facts["ends"] = (timezone.now() + PUBLIC_SESSION).timestamp()
    return grant


def _end_replayed(refresh: str) -> bool:
    """A refresh token that was used before ends the whole session."""
    sessions = Grant.objects.filter(network=NETWORK, facts__spent__has_key=refresh or "-")
    return bool(sessions.update(revoked_at=timezone.now()))


def _refreshable(refresh: str, client_id: str) -> Grant:
    """The session of a refresh token, which is spent with this."""
    sessions = Grant.objects.select_related("person").filter(network=NETWORK, client_id=client_id)
    grant = sessions.filter(refresh=refresh, revoked_at=None).first() if refresh else None
    if grant is None:
        raise refuse("invalid_grant", "Invalid refresh token")
    now = timezone.now()
    if grant.refresh_expires_at and grant.refresh_expires_at < now:
        raise refuse("invalid_grant", "Refresh token expired")
    if grant.facts.get("ends", now.timestamp()) < now.timestamp():
        raise refuse("invalid_grant", "Session expired")
    grant.facts["spent"] = {**grant.facts.get("spent", {}), refresh: int(now.timestamp())}
    return grant


def _issue(request: HttpRequest, grant: Grant) -> dict[str, Any]:
    """New tokens for a session; the old ones are gone."""
    now = timezone.now()
    person = cast(Person, grant.person)
    claims = {
        "jti": f"tok-{secrets.token_hex(16)}",
        "sub": person.remote_id,
        "iat": int(now.timestamp()),
        "exp": int((now + ACCESS).timestamp()),
        "aud": server_did(request),
        "iss": base(request),
        "client_id": grant.client_id,
        "cnf": {"jkt": grant.facts["jkt"]},
    }
    grant.access, grant.access_expires_at = sign("at+jwt", claims), now + ACCESS
    grant.refresh = f"ref-{secrets.token_hex(32)}"
    grant.refresh_expires_at = now + (PUBLIC_SESSION if grant.facts["public"] else CONFIDENTIAL_REFRESH)
    grant.facts["kind"] = "oauth"
    grant.save()
    return {
        "access_token": grant.access,
        "token_type": "DPoP",
        "refresh_token": grant.refresh,
        "scope": " ".join(grant.scopes),
        "expires_in": int(ACCESS.total_seconds()) - 1,
        "sub": person.remote_id,
    }


@with_nonce
@endpoint(DIALECT, "POST")
def revoke(request: HttpRequest) -> HttpResponse:
    """End a session by either of its tokens; an unknown one is no fault (RFC 7009)."""
    document = authenticated(request)
    given = request.POST.get("token", "")
    if not given:
        raise refuse("invalid_request", "Invalid request payload: Required at body.token")
    sessions = Grant.objects.filter(network=NETWORK, client_id=document["client_id"])
    sessions.filter(Q(access=given) | Q(refresh=given)).update(revoked_at=timezone.now())
    return JsonResponse({})


@endpoint(DIALECT, "GET")
def jwks(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"keys": []})  # access tokens are nobody's business but the server's


urlpatterns = [
    path(".well-known/oauth-protected-resource", protected_resource),
    path(".well-known/oauth-authorization-server", authorization_server),
    path("oauth/jwks", jwks),
    path("oauth/par", push),
    path("oauth/authorize", authorize),
    path("oauth/token", token),
    path("oauth/revoke", revoke),
]
