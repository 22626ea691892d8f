"""What every part of the Bluesky twin shares: its words for a refusal, who is asking, and what is counted."""

import hashlib
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from platforms.sandbox.models import Grant, Person
from platforms.sandbox.wire import Dialect, Refusal

NETWORK = "bluesky"
REQUESTS, REQUESTS_WINDOW = 3000, 300
POINTS, POINTS_WINDOW = 5000, 3600


def refuse(status: int, error: str, message: str, headers: dict[str, str] | None = None) -> Refusal:
    """XRPC's error body."""
    return Refusal(status, {"error": error, "message": message}, headers)


def invalid(message: str) -> Refusal:
    return refuse(400, "InvalidRequest", message)


def auth_missing() -> Refusal:
    return refuse(401, "AuthMissing", "Authentication Required")


def limited() -> Refusal:
    reset = int(time.time()) + 60
    return too_many(REQUESTS, REQUESTS_WINDOW, reset)


def too_many(limit: int, window: int, reset: int) -> Refusal:
    return refuse(429, "RateLimitExceeded", "Rate Limit Exceeded", limit_headers(limit, 0, reset, window))


POST_WRONG = "Invalid app.bsky.feed.post record: "
CHAT_TICKET = "insufficient access to request a service auth token for the following method: chat.bsky"
SCOPE_MISSING = 'Missing required scope "repo:app.bsky.feed.post?action=create"'
# What the reference server says besides the name of the error, and its status where that is not 400.
SENTENCES: Mapping[str, str] = {
    "ExpiredToken": "Token has expired",
    "InvalidToken": "Token could not be verified",
    "ScopeMissingError": SCOPE_MISSING,
    "PayloadTooLarge": "request entity too large",
    "AuthenticationRequired": "Invalid identifier or password",
}
STATUSES: Mapping[str, int] = {
    **dict.fromkeys(("AuthMissing", "AuthenticationRequired", "AuthFactorTokenRequired"), 401),
    **dict.fromkeys(("AccountTakedown", "AccountDeactivated", "invalid_token"), 401),
    **dict.fromkeys(("use_dpop_nonce", "invalid_dpop_proof"), 401),
    "ScopeMissingError": 403,
    "PayloadTooLarge": 413,
    "MethodNotImplemented": 501,
    "ServiceOverloaded": 503,
}
# One name, InvalidRequest, is many things; the sentences tell them apart.
PHRASES = (
    CHAT_TICKET,
    "Bad token scope",
    f"{POST_WRONG}blob too big (maximum 2000000, got 2100000) at $.record.embed.images[0].image",
    f'{POST_WRONG}Expected "image/*" (got "text/plain") at $.record.embed.images[0].image.mimeType',
    f'{POST_WRONG}Expected "video/mp4" (got "video/webm") at $.record.embed.video.mimeType',
)


def refusal(code: str) -> Refusal:
    """The server's refusal with the name of an error, or with words of its sentence."""
    if code == "RateLimitExceeded":
        return limited()
    for phrase in PHRASES:
        if code in phrase.lower():
            return invalid(phrase)
    return refuse(STATUSES.get(code, 400), code, SENTENCES.get(code, code))


DIALECT = Dialect(
    NETWORK,
    limited=limited,
    broken=lambda: refuse(500, "InternalServerError", "Internal Server Error"),
    unauthorized=auth_missing,
    refuse=refusal,
)


# --- addresses ---


def base(request: HttpRequest) -> str:
    """Where the twin stands: its server, its sign-in server and its registry are one place."""
    return request.build_absolute_uri(request.path.partition(f"/{NETWORK}/")[0] + f"/{NETWORK}")


def server_did(request: HttpRequest) -> str:
    return f"did:web:{request.get_host().replace(':', '%3A')}"


def did_for(handle: str) -> str:
    """The DID of somebody in the sandbox: the same on every machine."""
    digest = hashlib.sha256(handle.encode()).digest()
    return "did:plc:" + "".join("abcdefghijklmnopqrstuvwxyz234567"[byte % 32] for byte in digest[:24])


def person_called(name: str) -> Person | None:
    """Somebody by DID or handle."""
    people = Person.objects.filter(network=NETWORK)
    return people.filter(remote_id=name).first() or people.filter(handle=name.lower()).first()


# --- tokens ---


def sign(kind: str, claims: dict[str, Any]) -> str:
    return jwt.encode({"typ": kind, "alg": "HS256"}, claims, _key())


def kind_of(token: str) -> str:
    """The `typ` of a token that we signed, '' for anything else."""
    return opened(token)[0]


def opened(token: str) -> tuple[str, dict[str, Any]]:
    """The `typ` and the claims of a token that we signed, nothing for anything else."""
    try:
        read = jwt.decode(token, _key())
    except (JoseError, ValueError):
        return "", {}
    return str(read.header.get("typ", "")), dict(read.claims)


def _key() -> OctKey:
    return OctKey.import_key(hashlib.sha256(f"bluesky twin {settings.SECRET_KEY}".encode()).digest())


# --- requests ---


def json_input(request: HttpRequest, required: dict[str, type], optional: dict[str, Any]) -> dict[str, Any]:
    """The JSON body of a procedure, its fields checked by name and type."""
    if not request.content_type:
        raise invalid("Request encoding (Content-Type) required but not provided")
    if request.content_type != "application/json":
        raise invalid(f"Wrong request encoding (Content-Type): {request.content_type}")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise refuse(400, "SyntaxError", str(error)) from error
    if not isinstance(body, dict):
        raise invalid("Expected object value type at $")
    for name in required:
        if name not in body:
            raise invalid(f'Missing required key "{name}" at $')
    for name, value in body.items():
        kind = {**required, **optional}.get(name)
        if kind is None:
            raise invalid(f'Unexpected key "{name}" at $')
        if not isinstance(value, kind):
            raise invalid(f"Expected another value type (got {json.dumps(value)[:60]}) at $.{name}")
    return body


def parameter(request: HttpRequest, name: str, default: str | None = None) -> str:
    value = request.GET.get(name, default)
    if value is None:
        raise invalid(f'Missing required key "{name}" at $')
    return value


# --- limits ---


@dataclass(frozen=True)
class Window:
    """A count that starts again every `seconds`."""

    name: str
    limit: int
    seconds: int
    used: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return limit_headers(self.limit, max(self.limit - self.used, 0), self.reset, self.seconds)


def spend(grant: Grant, name: str, limit: int, seconds: int, points: int = 1) -> Window:
    """Count against a grant; more than the limit is refused."""
    start = int(time.time()) // seconds * seconds
    key = f"sandbox-{NETWORK}-{name}-{grant.pk}-{grant.created_at.timestamp()}-{start}"
    cache.add(key, 0, seconds)
    window = Window(name, limit, seconds, cache.incr(key, points), start + seconds)
    if window.used > limit:
        raise too_many(limit, seconds, window.reset)
    return window


def limit_headers(limit: int, remaining: int, reset: int, window: int) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(remaining),
        "RateLimit-Reset": str(reset),
        "RateLimit-Policy": f"{limit};w={window}",
    }


def with_headers(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response


LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def new_tid() -> str:
    """A key of this moment."""
    number = (time.time_ns() // 1000) << 10 | random.randrange(1024)  # noqa: S311  (guards nothing)
    return "".join(LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def stamp(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
