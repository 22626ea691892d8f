"""What the twins of Google's services share: consent and tokens, error bodies, and resumable uploads."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone

from platforms.sandbox import consent, wire
from platforms.sandbox.models import Client, Grant, Upload
from platforms.sandbox.wire import Dialect, Refusal

CODE_SECONDS = 600
ACCESS_SECONDS = 3599
REFRESH_LIVES = timedelta(days=182)  # unused
TESTING_LIVES = timedelta(days=7)  # of apps whose publishing status is "Testing"
PIECE = 262_144
SESSION_LIVES = timedelta(days=7)
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}

# --- error bodies ---


def problem(status: int, reason: str, message: str, domain: str = "global", **place: str) -> Refusal:
    """A refusal in the form that the older services use: a list of errors, each with its reason."""
    error = {"message": message, "domain": domain, "reason": reason, **place}
    return Refusal(status, {"error": {"code": status, "message": message, "errors": [error]}})


def problem_by_status(
    status: int, message: str, reason: str = "", metadata: Mapping[str, str] | None = None
) -> Refusal:
    """A refusal in the newer form: a canonical status, and where there is one a reason among the details."""
    error: dict[str, Any] = {"code": status, "message": message, "status": STATUSES[status]}
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [
            {"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": dict(metadata or {})}
        ]
    return Refusal(status, {"error": error})


def unauthorized() -> Refusal:
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    refusal = problem(
        401, "authError", "Invalid Credentials", location="Authorization", locationType="header"
    )
    refusal.body["error"] |= {"message": message, "status": "UNAUTHENTICATED"}
    return refusal


def scope_missing() -> Refusal:
    message = "Request had insufficient authentication scopes."
    refusal = problem_by_status(403, message, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    refusal.body["error"]["errors"] = [
        {"message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions"}
    ]
    return refusal


# --- consent and tokens ---


def oauth_urls(dialect: Dialect, label: str, wants: Mapping[str, str]) -> list[URLPattern]:
    """The addresses of Google's OAuth for one service; `wants` are its scopes in words."""
    known = {"network": dialect.network}
    asked = {"label": label, "wants": wants}
    return [
        path("o/oauth2/v2/auth", consent.page(authorize), known | asked),
        path("token", wire.endpoint(dialect, "POST")(token), known),
        path("revoke", wire.endpoint(dialect, "POST")(revoke), known),
    ]


def authorize(request: HttpRequest, network: str, label: str, wants: Mapping[str, str]) -> HttpResponse:
    """The consent page. A mismatch of addresses is told here and never sent back."""
    query = request.GET
    scopes, challenge = query.get("scope", "").split(), query.get("code_challenge", "")
    client = consent.registered(network, query.get("client_id", ""), query.get("redirect_uri", ""))
    demand(query.get("response_type") == "code", "response_type")
    demand(query.get("access_type", "online") in {"online", "offline"}, "access_type")
    demand(set(query.get("prompt", "").split()) <= {"none", "consent", "select_account"}, "prompt")
    demand(not challenge or query.get("code_challenge_method") == "S256", "code_challenge_method")
    if not scopes or not set(scopes) <= set(wants):
        raise oauth_refusal(400, "invalid_scope", "Some requested scopes were invalid.")
    ask = consent.Ask(
        client_id=client.client_id,
        client_name=client.name,
        redirect_uri=query["redirect_uri"],
        state=query.get("state", ""),
        scopes=scopes,
        challenge=challenge,
        wants=[wants[scope] for scope in scopes],
        facts={"offline": query.get("access_type") == "offline", "prompt": query.get("prompt", "")},
    )
    return consent.consent(request, network, label, ask, code_seconds=CODE_SECONDS)


def demand(holds: bool, name: str) -> None:
    if not holds:
        raise oauth_refusal(400, "invalid_request", f"Missing or invalid parameter: {name}")


def oauth_refusal(status: int, error: str, description: str) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})


def token(request: HttpRequest, network: str) -> HttpResponse:
    kinds: dict[str, Callable[[HttpRequest, Client], Grant]] = {
        "authorization_code": by_code,
        "refresh_token": by_refresh,
    }
    fields = request.POST
    client = Client.objects.filter(network=network, client_id=fields.get("client_id", "")).first()
    if client is None:
        raise oauth_refusal(401, "invalid_client", "The OAuth client was not found.")
    if not secrets.compare_digest(client.client_secret, fields.get("client_secret", "")):
        raise oauth_refusal(401, "invalid_client", "The provided client secret is invalid.")
    kind = kinds.get(fields.get("grant_type", ""))
    if kind is None:
        raise oauth_refusal(400, "unsupported_grant_type", f"Invalid grant_type: {fields.get('grant_type')}")
    grant = kind(request, client)
    return JsonResponse(issue(grant, is_new=kind is by_code))


def by_code(request: HttpRequest, client: Client) -> Grant:
    """The grant of a code. What the person unticked (their `unticks`) is not in it."""
    fields = request.POST
    code, redirect_uri = fields.get("code", ""), fields.get("redirect_uri", "")
    asked = Grant.objects.filter(network=client.network, code=code).first() if code else None
    if asked is not None and asked.redirect_uri != redirect_uri:
        raise oauth_refusal(400, "redirect_uri_mismatch", "Bad Request")
    try:
        grant = consent.redeem(
            client.network,
            code,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            verifier=fields.get("code_verifier", ""),
        )
    except Refusal as refusal:
        raise oauth_refusal(400, "invalid_grant", "Malformed auth code.") from refusal
    unticked = grant.person.facts.get("unticks", []) if grant.person else []
    grant.scopes = [scope for scope in grant.scopes if scope not in unticked]
    return grant


def by_refresh(request: HttpRequest, client: Client) -> Grant:
    """The grant of a refresh token, which stays as it is."""
    alive = Grant.objects.filter(
        network=client.network,
        client_id=client.client_id,
        revoked_at=None,
        refresh_expires_at__gt=timezone.now(),
    )
    grant = alive.exclude(refresh="").filter(refresh=request.POST.get("refresh_token", "")).first()
    if grant is None:
        raise oauth_refusal(400, "invalid_grant", "Token has been expired or revoked.")
    return grant


def issue(grant: Grant, *, is_new: bool) -> dict[str, Any]:
    """A new access token; a refresh token the first time, or where consent was asked for again."""
    now = timezone.now()
    grant.access = f"ya29.a0{secrets.token_urlsafe(96)}"
    grant.access_expires_at = now + timedelta(seconds=ACCESS_SECONDS)
    answer = {
        "access_token": grant.access,
        "expires_in": ACCESS_SECONDS,
        "scope": " ".join(grant.scopes),
        "token_type": "Bearer",
    }
    is_testing = bool(grant.person and grant.person.facts.get("testing"))
    if is_new and grant.facts["offline"] and ("consent" in grant.facts["prompt"] or not earlier(grant)):
        grant.refresh = answer["refresh_token"] = f"1//0g{secrets.token_urlsafe(64)}"
        grant.refresh_expires_at = now + (TESTING_LIVES if is_testing else REFRESH_LIVES)
        if is_testing:
            answer["refresh_token_expires_in"] = int(TESTING_LIVES.total_seconds()) - 1
    grant.save()
    return answer


def earlier(grant: Grant) -> bool:
    """Whether the person gave this client a lasting permission before."""
    same = Grant.objects.filter(network=grant.network, person=grant.person, client_id=grant.client_id)
    return same.exclude(refresh="").filter(revoked_at=None).exists()


def revoke(request: HttpRequest, network: str) -> HttpResponse:
    """Either token takes all that the person gave the client with it."""
    given = request.POST.get("token", "")
    now = timezone.now()
    alive = Grant.objects.filter(network=network, revoked_at=None)
    grant = (
        alive.filter(access=given, access_expires_at__gt=now).first()
        or alive.filter(refresh=given, refresh_expires_at__gt=now).first()
        if given
        else None
    )
    if grant is None:
        raise oauth_refusal(400, "invalid_token", "Token expired or revoked")
    alive.filter(person=grant.person, client_id=grant.client_id).update(revoked_at=now)
    return JsonResponse({})


# --- resumable uploads ---


def open_session(request: HttpRequest, grant: Grant, metadata: dict[str, Any]) -> HttpResponse:
    """An address that takes a file's bytes; what is known of the file stands in the headers."""
    length = request.headers.get("X-Upload-Content-Length", "")
    assert grant.person is not None  # noqa: S101  (a live grant has one)
    upload = Upload.objects.create(
        network=grant.network,
        person=grant.person,
        remote_id=f"ABPtcP{secrets.token_urlsafe(60)}",
        content_type=request.headers.get("X-Upload-Content-Type", "application/octet-stream"),
        facts={
            "total": int(length) if length.isdigit() else None,
            "metadata": metadata,
            "name": request.headers.get("Slug", ""),
            "expires_at": (timezone.now() + SESSION_LIVES).timestamp(),
            "fault": request.META.get("sandbox.fault", ""),
        },
    )
    query = request.GET.copy()
    query["upload_id"] = upload.remote_id
    answer = HttpResponse(status=200)
    answer["Location"] = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    answer["X-GUploader-UploadID"] = upload.remote_id
    return answer


def take_bytes(request: HttpRequest, network: str, finish: Callable[[Upload], HttpResponse]) -> HttpResponse:
    """A piece of a file, all of it, or the question how much is there. `finish` is called with the whole."""
    upload = (
        Upload.objects.select_for_update()
        .select_related("person")
        .filter(network=network, remote_id=request.GET.get("upload_id", ""))
        .first()
    )
    if upload is None or upload.facts["expires_at"] < timezone.now().timestamp():
        raise problem(404, "notFound", "Not Found")
    if upload.facts.get("is_done"):
        return finish(upload)
    content = request.read()
    first, total = span_of(request, upload, len(content))
    if first is not None:
        store(upload, content, first, total)
    if len(upload.content) < total:
        return incomplete(upload)
    upload.facts |= {"is_done": True, "fault": request.META.get("sandbox.fault") or upload.facts["fault"]}
    upload.save(update_fields=["facts"])
    return finish(upload)


def span_of(request: HttpRequest, upload: Upload, length: int) -> tuple[int | None, int]:
    """Where the bytes begin (None: none come) and how many there are in all."""
    written = request.headers.get("Content-Range", f"bytes 0-{length - 1}/{length}")
    asked = re.fullmatch(r"bytes (?:\*|(\d+)-(\d+))/(\d+)", written)
    if asked is None:
        raise problem(400, "badRequest", "Failed to parse Content-Range header.")
    total = int(asked[3])
    if upload.facts["total"] not in {None, total} or total == 0:
        raise problem(400, "badContent", f"The upload was announced with {upload.facts['total']} bytes.")
    if asked[1] is None:
        return None, total
    first, last = int(asked[1]), int(asked[2])
    if last - first + 1 != length or last >= total:
        raise problem(400, "badRequest", f"Content-Range names {last - first + 1} bytes, {length} came.")
    if length % PIECE and last + 1 != total:
        message = (
            "Invalid request.  The number of bytes uploaded is required to be equal or greater than 262144, "
            "except for the final request (it's recommended to be the exact multiple of 262144).  The "
            f"received request contained {length} bytes, which does not meet this requirement."
        )
        raise problem(400, "badRequest", message)
    return first, total


def store(upload: Upload, content: bytes, first: int, total: int) -> None:
    """Keep the bytes that come next. A person's `keeps` is how many are kept of one request at the most."""
    held = bytes(upload.content)
    if first > len(held):
        raise problem(400, "badRequest", f"Bytes {len(held)} to {first} are missing.")
    most = upload.person.facts.get("keeps") or total
    upload.content = max(held[:first] + content[:most], held, key=len)
    upload.save(update_fields=["content"])


def incomplete(upload: Upload) -> HttpResponse:
    answer = HttpResponse(status=308, reason="Resume Incomplete")
    answer["X-GUploader-UploadID"] = upload.remote_id
    if upload.content:
        answer["Range"] = f"bytes=0-{len(upload.content) - 1}"
    return answer
