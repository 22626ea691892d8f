"""How TikTok says things: an envelope whose code "ok" alone is success, scopes, and limits of a minute."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Fault, Grant, Person
from platforms.sandbox.wire import Refusal

NETWORK = "tiktok"
MINUTE = 60

# A status and a sentence for each code.
CODES = {
    "invalid_param": (400, "One or more fields in request is invalid"),
    "invalid_params": (400, "One or more fields in request is invalid"),
    "invalid_file_upload": (400, "The upload description is invalid"),
    "app_version_check_failed": (400, "The target user's TikTok app version is lower than 31.8"),
    "invalid_publish_id": (400, "The publish_id does not exist"),
    "token_not_authorized_for_specified_publish_id": (400, "Token is not authorized for this publish_id"),
    "publish_not_cancellable": (400, "The publish can not be cancelled"),
    "scope_permission_missed": (400, "Additional permissions are required to access the requested fields"),
    "access_token_invalid": (401, "The access token is invalid or not found in the request."),
    "scope_not_authorized": (
        401,
        "The user did not authorize the scope required for completing this request.",
    ),
    "spam_risk_too_many_posts": (403, "The daily post cap from the API is reached for the current user"),
    "spam_risk_too_many_pending_share": (
        403,
        "There may be at most 5 pending shares within any 24-hour period",
    ),
    "spam_risk_user_banned_from_posting": (403, "The user is banned from making new posts"),
    "spam_risk": (403, "The request is considered as spam"),
    "reached_active_user_cap": (
        403,
        "The daily quota for active publishing users from your client is reached",
    ),
    "unaudited_client_can_only_post_to_private_accounts": (
        403,
        "Unaudited clients can only post to a private account",
    ),
    "url_ownership_unverified": (403, "The developer must verify ownership of the domain or the URL prefix"),
    "privacy_level_option_mismatch": (403, "Privacy level option mismatch"),
    "rate_limit_exceeded": (429, "The API rate limit was exceeded. Please try again later."),
    "internal_error": (500, "Internal error. Please try again later."),
}
FAIL_REASONS = frozenset(
    {
        "file_format_check_failed",
        "duration_check_failed",
        "frame_rate_check_failed",
        "picture_size_check_failed",
        "video_pull_failed",
        "photo_pull_failed",
        "internal",
        "publish_cancelled",
        "auth_removed",
        "spam_risk_text",
    }
)


def log_id() -> str:
    return timezone.now().strftime("%Y%m%d%H%M%S") + secrets.token_hex(9).upper()


def enveloped(data: dict[str, Any], code: str = "ok", message: str = "") -> dict[str, Any]:
    return {"data": data, "error": {"code": code, "message": message, "log_id": log_id()}}


def refusal(code: str, message: str = "", status: int | None = None) -> Refusal:
    """A refusal with one of TikTok's codes. Some of them come inside a 200."""
    usual, sentence = CODES[code]
    return Refusal(status or usual, enveloped({}, code, message or sentence))


def flat(code: str, description: str, status: int = 400) -> Refusal:
    """A refusal of an OAuth endpoint: no envelope."""
    return Refusal(status, {"error": code, "error_description": description, "log_id": log_id()})


def refuse(code: str) -> Refusal:
    """What TikTok answers with a code, or that a post failed for a reason."""
    if code in FAIL_REASONS:
        return Refusal(200, enveloped({"status": "FAILED", "fail_reason": code}))
    return refusal(code) if code in CODES else flat(code, "The request was refused.")


DIALECT = wire.Dialect(
    NETWORK,
    limited=lambda: refusal("rate_limit_exceeded"),
    broken=lambda: refusal("internal_error"),
    unauthorized=lambda: refusal("access_token_invalid"),
    refuse=refuse,
)


@dataclass(frozen=True)
class Visit:
    """A call to the API, and who makes it."""

    request: HttpRequest
    person: Person
    grant: Grant

    @property
    def root(self) -> str:
        """The address where this twin is mounted."""
        return self.request.build_absolute_uri(self.request.path.partition("/v2/")[0])

    @property
    def picture(self) -> str:
        """The address of the person's picture."""
        place = reverse("sandbox-avatar", args=[NETWORK, self.person.handle])
        return self.request.build_absolute_uri(place)

    def body(self, known: dict[str, type]) -> dict[str, Any]:
        """A JSON body whose fields are all known and of their type; none is null."""
        if self.request.content_type != "application/json":
            raise refusal("invalid_params", "Content-Type must be application/json; charset=UTF-8")
        try:
            given = json.loads(self.request.body)
        except ValueError as error:
            raise refusal("invalid_params", "The request body is not JSON") from error
        return fields_of(given, known, "body")

    def wanted_fields(self, known: dict[str, str]) -> list[str]:
        """The `fields` of the query, each known and within the scopes."""
        wanted = [name for name in self.request.GET.get("fields", "").split(",") if name]
        if not wanted or set(wanted) - set(known):
            raise refusal("invalid_params", "fields is missing or holds an unknown field")
        for name in wanted:
            require(self.grant, known[name])
        return wanted


View = Callable[[Visit], dict[str, Any]]


def endpoint(
    method: str, name: str, scope: str, per_minute: int
) -> Callable[[View], Callable[..., HttpResponse]]:
    """An address of the API: a live token with the scope, within the minute's limit; its `data` enveloped."""

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @wire.endpoint(DIALECT, method)
        @wraps(view)
        def serve(request: HttpRequest) -> HttpResponse:
            grant = wire.grant_of(DIALECT, request)
            require(grant, scope)
            count(grant, name, per_minute)
            return JsonResponse(enveloped(view(Visit(request, person_of(request, grant), grant))))

        return serve

    return decorate


def require(grant: Grant, scope: str) -> None:
    if scope not in grant.scopes:
        raise refusal("scope_not_authorized")


def person_of(request: HttpRequest, grant: Grant) -> Person:
    """Who asks. The fault "media processing fails" waits for their next post."""
    person = grant.person
    if person is None:
        raise refusal("access_token_invalid")
    if request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS:
        person.facts["fails"] = "file_format_check_failed"
        person.save(update_fields=["facts"])
    return person


def count(grant: Grant, name: str, per_minute: int) -> None:
    """One call more within the last minute. A person's `limits` may set another number."""
    limits = grant.person.facts.get("limits", {}) if grant.person else {}
    now = timezone.now().timestamp()
    calls = grant.facts.setdefault("calls", {})
    recent = [moment for moment in calls.get(name, []) if now - moment < MINUTE]
    if len(recent) >= limits.get(name, per_minute):
        raise refusal("rate_limit_exceeded")
    calls[name] = [*recent, now]
    grant.save(update_fields=["facts"])


def fields_of(given: Any, known: dict[str, type], where: str) -> dict[str, Any]:
    """An object whose fields are all known and of their type."""
    if not isinstance(given, dict):
        raise refusal("invalid_params", f"{where} must be an object")
    for name, value in given.items():
        if type(value) is not known.get(name):
            raise refusal("invalid_params", f"The field {where}.{name} is unknown or of a wrong type")
    return given
