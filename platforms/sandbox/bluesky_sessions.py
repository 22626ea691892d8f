"""The twin's app-password sessions, and who a request speaks for."""

import secrets
from datetime import timedelta
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import bluesky_dpop
from platforms.sandbox.bluesky_wire import (
    NETWORK,
    auth_missing,
    base,
    json_input,
    kind_of,
    limit_headers,
    person_called,
    refuse,
    server_did,
    sign,
    too_many,
    with_headers,
)
from platforms.sandbox.models import Call, Grant, Person
from platforms.sandbox.wire import Refusal, bearer

ACCESS = timedelta(minutes=120)
REFRESH = timedelta(days=90)
GRACE = timedelta(hours=2)
LOGINS, LOGINS_WINDOW = 30, 300
CHAT = "did:web:api.bsky.chat#bsky_chat"
PRIVILEGED = "com.atproto.appPassPrivileged"  # an app password that may read direct messages
PASSWORDS = ("app_password", "chat_password", "main_password")


# --- sessions ---


def create_session(request: HttpRequest) -> HttpResponse:
    body = json_input(
        request, {"identifier": str, "password": str}, {"authFactorToken": str, "allowTakendown": bool}
    )
    headers = _count_login(body["identifier"])
    person = person_called(body["identifier"])
    known = {person.facts.get(name) for name in PASSWORDS} if person else set()
    if person is None or body["password"] not in known:
        raise refuse(401, "AuthenticationRequired", "Invalid identifier or password", headers)
    if body["password"] == person.facts.get("main_password"):
        raise refuse(401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address")
    if person.facts.get("status") == "takendown":
        raise refuse(401, "AccountTakedown", "Account has been taken down")
    may_chat = body["password"] == person.facts.get("chat_password")
    grant = _grant(request, person, PRIVILEGED if may_chat else "com.atproto.appPass")
    return with_headers(JsonResponse(_session(request, grant)), headers)


def _count_login(identifier: str) -> dict[str, str]:
    """At most so many log-ins in five minutes with one name, right or wrong."""
    now = timezone.now()
    calls = Call.objects.filter(
        network=NETWORK,
        path__endswith="createSession",
        body__identifier=identifier,
        created_at__gt=now - timedelta(seconds=LOGINS_WINDOW),
    )
    used, reset = calls.count() + 1, int(now.timestamp()) + LOGINS_WINDOW
    if used > LOGINS:
        raise too_many(LOGINS, LOGINS_WINDOW, reset)
    return limit_headers(LOGINS, LOGINS - used, reset, LOGINS_WINDOW)


def _grant(request: HttpRequest, person: Person, scope: str) -> Grant:
    now = timezone.now()
    claims = {"aud": server_did(request), "sub": person.remote_id, "iat": int(now.timestamp())}
    access = {**claims, "scope": scope, "exp": int((now + ACCESS).timestamp())}
    refresh = {
        **claims,
        "scope": "com.atproto.refresh",
        "jti": secrets.token_urlsafe(32),
        "exp": int((now + REFRESH).timestamp()),
    }
    return Grant.objects.create(
        network=NETWORK,
        person=person,
        client_id="app-password",
        scopes=[scope],
        access=sign("at+jwt", {**access, "jti": secrets.token_urlsafe(8)}),
        access_expires_at=now + ACCESS,
        refresh=sign("refresh+jwt", refresh),
        refresh_expires_at=now + REFRESH,
        facts={"kind": "session"},
    )


def _session(request: HttpRequest, grant: Grant) -> dict[str, Any]:
    tokens = {"accessJwt": grant.access, "refreshJwt": grant.refresh}
    return {**tokens, **_who(request, cast(Person, grant.person))}


def _who(request: HttpRequest, person: Person) -> dict[str, Any]:
    status = person.facts.get("status")
    return {
        "did": person.remote_id,
        "handle": person.handle,
        "email": f"{person.handle.partition('.')[0]}@example.test",
        "emailConfirmed": True,
        "emailAuthFactor": False,
        "active": status is None,
        **({"status": status} if status else {}),
        "didDoc": did_document(request, person),
    }


def refresh_session(request: HttpRequest) -> HttpResponse:
    """A successor; the old token keeps leading to the same one for two hours."""
    old = _refresh_grant(request)
    if cast(Person, old.person).facts.get("status") == "takendown":
        raise refuse(401, "AccountTakedown", "Account has been taken down")
    successor = Grant.objects.select_related("person").filter(pk=old.facts.get("next")).first()
    if successor is None:
        successor = _grant(request, cast(Person, old.person), old.scopes[0])
        old.facts["next"] = successor.pk
        old.refresh_expires_at = min(cast(Any, old.refresh_expires_at), timezone.now() + GRACE)
        old.save(update_fields=["facts", "refresh_expires_at"])
    return JsonResponse(_session(request, successor))


def delete_session(request: HttpRequest) -> HttpResponse:
    """End the refresh token; the access token lives on until it expires, as on the real server."""
    try:
        grant = _refresh_grant(request)
    except Refusal as refusal:
        if refusal.body["error"] == "ExpiredToken":
            return HttpResponse(status=200)
        raise
    Grant.objects.filter(pk=grant.pk).update(refresh="")
    return HttpResponse(status=200)


def _refresh_grant(request: HttpRequest) -> Grant:
    """The live session of a refresh token, or the server's refusal."""
    token = bearer(request)
    if not token:
        raise auth_missing()
    kind = kind_of(token)
    if kind != "refresh+jwt":
        raise refuse(400, "InvalidToken", "Invalid token type" if kind else "Token could not be verified")
    grant = Grant.objects.select_related("person").filter(network=NETWORK, refresh=token).first()
    if grant is None or grant.revoked_at:
        raise refuse(400, "ExpiredToken", "Token has been revoked")
    if grant.refresh_expires_at and grant.refresh_expires_at < timezone.now():
        spent = "next" in grant.facts
        raise refuse(400, "ExpiredToken", "Token has been revoked" if spent else "Token has expired")
    return grant


def get_session(request: HttpRequest) -> HttpResponse:
    grant = authorised(request)
    who = _who(request, cast(Person, grant.person))
    if grant.facts["kind"] == "oauth" and "transition:email" not in grant.scopes:
        who = {name: value for name, value in who.items() if not name.startswith("email")}
    return JsonResponse(who)


# --- who is asking ---


def authorised(request: HttpRequest, scope: str = "") -> Grant:
    """The live grant a request speaks with. `scope` names what it is about to do, for tokens that may not."""
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    if not bearer(request):
        raise auth_missing()
    grant = _bound(request) if scheme == "DPoP" else _bearer(request)
    if scope and grant.facts["kind"] == "oauth" and "transition:generic" not in grant.scopes:
        raise refuse(403, "ScopeMissingError", f'Missing required scope "{scope}"')
    if scope and cast(Person, grant.person).facts.get("status"):
        raise refuse(401, "AccountDeactivated", "Account is deactivated")
    return grant


def may_chat(grant: Grant, method: str) -> None:
    """Direct messages want a token that was made for them."""
    if grant.facts["kind"] == "oauth" and "transition:chat.bsky" not in grant.scopes:
        raise refuse(403, "ScopeMissingError", f'Missing required scope "rpc:{method}?aud={CHAT}"')
    if grant.facts["kind"] == "session" and PRIVILEGED not in grant.scopes:
        said = "insufficient access to request a service auth token for the following method"
        raise refuse(400, "InvalidRequest", f"{said}: {method}")


def _bearer(request: HttpRequest) -> Grant:
    """An app password's session."""
    token = bearer(request)
    kind = kind_of(token)
    grant = Grant.objects.select_related("person").filter(network=NETWORK, access=token).first()
    if kind != "at+jwt" or (grant and grant.facts.get("kind") != "session"):
        wrong = "Invalid token type" if kind == "refresh+jwt" else "Token could not be verified"
        raise refuse(400, "InvalidToken", wrong)
    if grant is None or grant.revoked_at:
        raise refuse(400, "ExpiredToken", "Token has been revoked")
    if not grant.is_alive:
        raise refuse(400, "ExpiredToken", "Token has expired")
    return grant


def _bound(request: HttpRequest) -> Grant:
    """An OAuth session, which must prove that it holds its key."""
    token = bearer(request)
    grant = Grant.objects.select_related("person").filter(network=NETWORK, access=token).first()
    if grant is None or grant.facts.get("kind") != "oauth":
        raise _challenge("invalid_token", "Invalid token" if kind_of(token) else "Malformed token")
    if grant.revoked_at:
        raise _challenge("invalid_token", "Invalid token")
    if not grant.is_alive:
        raise _challenge("invalid_token", '"exp" claim timestamp check failed')
    try:
        thumbprint = bluesky_dpop.verify(request, request.build_absolute_uri(request.path), token)
    except bluesky_dpop.BadProof as bad:
        raise _challenge("use_dpop_nonce" if bad.wants_nonce else "invalid_dpop_proof", bad.message) from bad
    if thumbprint != grant.facts["jkt"]:
        raise _challenge("invalid_dpop_proof", "DPoP key mismatch")
    return grant


def _challenge(error: str, message: str) -> Refusal:
    quoted = message.replace('"', '\\"')
    words = f'DPoP algs="{bluesky_dpop.ALGORITHMS}", error="{error}", error_description="{quoted}"'
    return refuse(401, error, message, {"WWW-Authenticate": words, "DPoP-Nonce": bluesky_dpop.nonce()})


def did_document(request: HttpRequest, person: Person) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": person.remote_id,
        "alsoKnownAs": [f"at://{person.facts.get('known_as', person.handle)}"],
        "service": [
            {
                "id": "#atproto_pds",
                "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": base(request),
            }
        ],
    }
