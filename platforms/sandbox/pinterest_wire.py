"""How Pinterest says things: numbered refusals, requests counted by the minute, pages with a bookmark."""

import base64
import json
import re
import secrets
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Grant, Person
from platforms.sandbox.wire import Refusal

NETWORK = "pinterest"
View = Callable[..., HttpResponse]
A_MINUTE = {"org_read": 1000, "org_write": 100, "org_analytics": 60}
BODY = "sandbox.pinterest.body"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>'

# --- refusals ---

REFUSALS = {
    "400/1": "Invalid request: 'x' does not match '^\\d+$'",
    "400/1 format": "The format of the image is not supported.",
    "400/1 url": "Unable to reach the URL. Please check the URL and try again.",
    "400/1 cover": "Missing one of cover_image_url or cover_image_content_type and cover_image_data.",
    "400/1 media": "Invalid request: media_id is unknown, or its status is not succeeded.",
    "401/2": "Authentication failed.",
    "401/3": "Authorization failed.",
    "401/3 type": "Your application consumer type is not supported, please contact support.",
    "401/3 beta": "Your application does not have access to this restricted feature.",
    "401/7": "You are not authorized to access this board or Pin.",
    "403/29": "You are not permitted to access that resource.",
    "403/29 trial": (
        "Apps with Trial access may not create Pins in production https://api.pinterest.com - use API "
        "Sandbox https://api-sandbox.pinterest.com instead."
    ),
    "403/403": "The account is not allowed to see analytics.",
    "404/40": "Board not found.",
    "404/50": "Pin not found.",
    "404/2031": "Sorry! We couldn't find this board section.",
    "409/409": "The board is locked by another write.",
    "429/8": (
        "This request exceeded a rate limit. This can happen if the client exceeds one\nof the published "
        "rate limits or if multiple write operations are applied to\nan object within a short time window."
    ),
    "429/9": ("Sorry! You've hit a block (Pins) we have in place to combat spam. Please try again later!"),
    "500/11": "Something went wrong on our end. Sorry about that.",
}


def no(name: str) -> Refusal:
    """The refusal of that name."""
    return refused(name.split(maxsplit=1)[0], REFUSALS[name])


def invalid(message: str) -> Refusal:
    return refused("400/1", f"Invalid request: {message}")


def refused(code: str, message: str) -> Refusal:
    status, _, number = code.partition("/")
    return Refusal(int(status), {"code": int(number), "message": message})


def store_says(code: str, message: str = "Access Denied", status: int = 403) -> Refusal:
    """A refusal of the store that takes the videos, which speaks XML."""
    return Refusal(status, XML.format(code, message), {"Content-Type": "application/xml"})


def refuse(code: str) -> Refusal:
    """By its code, or by words of its sentence."""
    if code.startswith("s3"):
        return store_says(code.partition("/")[2] or "MalformedPOSTRequest", status=400)
    named = [name for name in REFUSALS if name == code or name.startswith(f"{code}/")]
    return no((named or [name for name, said in REFUSALS.items() if code in said.lower()])[0])


def limited() -> Refusal:
    refusal = no("429/8")
    refusal.headers = meter_headers("org_write", A_MINUTE["org_write"], 0, 60)
    return refusal


DIALECT = wire.Dialect(
    NETWORK,
    limited=limited,
    broken=lambda: no("500/11"),
    unauthorized=lambda: no("401/2"),
    refuse=refuse,
)
STORE = wire.Dialect(
    NETWORK,
    limited=lambda: store_says("SlowDown", "Please reduce your request rate.", 503),
    broken=lambda: store_says("InternalError", "We encountered an internal error.", 500),
    unauthorized=lambda: store_says("AccessDenied"),
    refuse=refuse,
)

# --- one address, several methods ---


def endpoint(**views: View) -> View:
    """The view of an address. Its JSON is read first: pictures make it larger than Django reads by itself,
    and calls are kept without them."""

    @wire.endpoint(DIALECT, *views)
    def serve(request: HttpRequest, **names: str) -> HttpResponse:
        for name, value in names.items():
            digits(value, name)
        return views[request.method or ""](request, **names)

    @wraps(serve)
    def reading(request: HttpRequest, **names: str) -> HttpResponse:
        if request.content_type == "application/json":
            request.META[BODY] = raw = request.read()
            setattr(request, "_body", re.sub(rb'("data": ?")([^"]{24})[^"]+"', rb'\1\2..."', raw))  # noqa: B010
        return serve(request, **names)

    return reading


def asks(category: str, *scopes: str) -> Callable[[View], View]:
    """Who asks needs a live token with the scopes; each call counts, refused or not."""

    def decorate(view: View) -> View:
        @wraps(view)
        def serve(request: HttpRequest, **names: str) -> HttpResponse:
            grant = wire.grant_of(DIALECT, request)
            headers = take_one(grant, category)
            response = answered(view, request, grant, scopes, names)
            response["x-pinterest-rid"] = str(secrets.randbelow(10**16))
            for name, value in headers.items():
                response[name] = value
            return response

        return serve

    return decorate


def answered(
    view: View, request: HttpRequest, grant: Grant, scopes: tuple[str, ...], names: dict[str, str]
) -> HttpResponse:
    try:
        if not set(scopes) <= set(grant.scopes):
            raise no("401/3")
        with transaction.atomic():
            return view(request, grant, **names)
    except Refusal as refusal:
        return wire.answer(refusal)


def take_one(grant: Grant, category: str) -> dict[str, str]:
    """One less in this minute. A person's `limits` may make a category smaller."""
    limit = person_of(grant).facts.get("limits", {}).get(category, A_MINUTE[category])
    held = Grant.objects.select_for_update().get(pk=grant.pk)
    now = timezone.now().timestamp()
    since, used = held.facts.get(category) or (now, 0)
    if now - since >= 60:
        since, used = now, 0
    left = limit - used - 1
    if left < 0:
        refusal = no("429/8")
        refusal.headers = meter_headers(category, limit, 0, int(since + 61 - now))
        raise refusal
    held.facts[category] = (since, used + 1)
    held.save(update_fields=["facts"])
    return meter_headers(category, limit, left, int(since + 61 - now))


def meter_headers(category: str, limit: int, left: int, reset: int) -> dict[str, str]:
    buckets = f'100;w=1;name="safety_net_app_id_user_id", {limit};w=60;name="{category}_app_id_user_id"'
    return {
        "x-ratelimit-limit": f"{limit}, {buckets}",
        "x-ratelimit-remaining": str(left),
        "x-ratelimit-reset": str(reset),
    }


def person_of(grant: Grant) -> Person:
    if grant.person is None:
        raise no("401/2")
    return grant.person


# --- shapes ---


def sent(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        parsed = json.loads(request.META.get(BODY, b""))
    except ValueError as error:
        raise invalid("the body is not JSON") from error
    if not isinstance(parsed, dict):
        raise invalid("the body is not an object")
    return parsed


def only(fields: dict[str, Any], *known: str) -> None:
    for name in fields:
        if name not in known:
            raise invalid(f"Additional properties are not allowed ('{name}' was unexpected)")


def digits(value: Any, name: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,19}", value):
        raise invalid(f"{name}: {value!r} does not match '^\\d+$'")
    return value


def words(fields: dict[str, Any], name: str, most: int) -> str:
    """A text that may be null or left out."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name}: {value!r} is not of type 'string'")
    if len(value) > most:
        raise invalid(f"{name}: '{value[:20]}...' is too long, maxLength={most}")
    return value


def address(fields: dict[str, Any], name: str) -> str:
    value = words(fields, name, 2048)
    if value and not re.match(r"https?://[^\s/]+", value):
        raise invalid(f"{name}: {value!r} is not a valid URL")
    return value


def page(request: HttpRequest, rows: Sequence[Any], shown: Callable[[Any], dict[str, Any]]) -> JsonResponse:
    """A page of a list, and the bookmark of the next."""
    size = request.GET.get("page_size", "25")
    if not size.isdecimal() or not 1 <= int(size) <= 250:
        raise invalid(f"page_size: {size!r} is not between 1 and 250")
    start = 0
    if bookmark := request.GET.get("bookmark"):
        try:
            start = int(base64.urlsafe_b64decode(bookmark.encode()).decode())
        except ValueError as error:
            raise invalid("bookmark is not valid") from error
    end = start + int(size)
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(rows) else None
    return JsonResponse({"items": [shown(row) for row in rows[start:end]], "bookmark": following})
