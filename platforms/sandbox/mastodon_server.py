"""The servers that speak Mastodon's API, each with its quirks, and what all do before an endpoint works."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox.mastodon_words import SAMPLES, WORDS
from platforms.sandbox.models import Grant, Person
from platforms.sandbox.wire import Dialect, Refusal, answer, bearer, endpoint, payload

NETWORK = "mastodon"
ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Server:
    """One kind of server. Its address in the sandbox ends with its name; Mastodon itself has the bare one."""

    name: str
    version: str
    characters: int = 500
    pictures: int = 4
    alt_text: int = 1500
    answers: int = 4  # of a poll
    has_quotes: bool = False
    is_old: bool = False  # neither /api/v2/instance, nor /api/v2/media, nor OAuth metadata
    has_metadata: bool = True
    keys: Literal["an hour", "the whole answer", "ignored"] = "an hour"  # what an Idempotency-Key does
    token_seconds: int | None = None  # None: tokens never expire, and there are no refresh tokens
    reset: Literal["iso", "epoch", ""] = "iso"  # how the end of a rate limit's window is written


SERVERS = {
    server.name: server
    for server in (
        Server("mastodon", "4.6.4", has_quotes=True),
        Server(
            "pleroma",
            "2.7.2 (compatible; Pleroma 2.9.1)",
            characters=5000,
            has_metadata=False,
            keys="the whole answer",
            token_seconds=3600,
            reset="epoch",
        ),
        Server(
            "gotosocial",
            "0.20.0",
            characters=5000,
            pictures=6,
            answers=6,
            alt_text=5000,
            has_metadata=False,
            keys="ignored",
        ),
        Server("takahe", "takahe/0.11.0", has_metadata=False, keys="ignored", reset=""),
        Server("old", "3.1.5", is_old=True, has_metadata=False),
    )
}


def limited() -> Refusal:
    resets_at = (timezone.now() + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": resets_at}
    return Refusal(429, {"error": "Too many requests"}, headers)


def broken() -> Refusal:
    return Refusal(500, "<!doctype html><title>500</title><h1>We're sorry, but something went wrong.</h1>")


def refuse(code: str) -> Refusal:
    """The refusal with a status, an OAuth error or words; words alone come with 422."""
    if code == "429":
        return limited()
    status, words = SAMPLES.get(code, (422, f"Validation failed: {code}"))
    headers = {"Retry-After": "30"} if code == "503/later" else {}
    return Refusal(status, words if words.startswith("<") else {"error": words}, headers)


DIALECT = Dialect(
    NETWORK,
    limited,
    broken,
    unauthorized=lambda: Refusal(401, {"error": "The access token is invalid"}),
    refuse=refuse,
)

# How many calls in how many seconds, for each token.
WINDOWS = {"api": (300, 300), "media": (30, 1800), "deletes": (30, 1800), "statuses": (300, 10_800)}


@dataclass(frozen=True)
class Visit:
    """One call of an endpoint: on which server, with which token."""

    request: HttpRequest
    server: Server
    grant: Grant | None = None

    @property
    def person(self) -> Person:
        if self.grant is None or self.grant.person is None:
            raise self.refusal("no_person")
        return self.grant.person

    @property
    def is_japanese(self) -> bool:
        of_person = self.grant and self.grant.person and self.grant.person.facts.get("locale")
        return (of_person or self.request.headers.get("Accept-Language", ""))[:2] == "ja"

    def refusal(self, code: str, **values: Any) -> Refusal:
        """A refusal in the words of this server and the language of this person."""
        status, english, japanese = WORDS[code]
        if self.server.name == "takahe":
            return self._takahe(code, status, english.format(**values))
        text = japanese if self.is_japanese else english
        return Refusal(status, {"error": text.format(**values)})

    def _takahe(self, code: str, status: int, text: str) -> Refusal:
        if code in {"token", "revoked", "expired"}:
            return Refusal(400, "Invalid Bearer token", {"Content-Type": "text/plain"})
        if code == "missing":
            return Refusal(404, "<!doctype html><title>404</title><h1>Page not found</h1>")
        if code == "long":
            return Refusal(400, {"error": "Status is too long"})
        return Refusal(status, {"error": text})

    def url(self, name: str, **kwargs: str) -> str:
        return self.request.build_absolute_uri(reverse(name, kwargs=kwargs))

    @property
    def base(self) -> str:
        """The address that a client is pointed at."""
        path = reverse("sandbox-home") + NETWORK
        return self.request.build_absolute_uri(
            path if self.server.name == NETWORK else f"{path}/{self.server.name}"
        )

    def within(self, scope: str) -> None:
        """Refuse where the token may not do this; `write` covers `write:media`."""
        allowed = set(self.grant.scopes if self.grant else ())
        if not {scope, scope.partition(":")[0]} & allowed:
            raise self.refusal("scope")


View = Callable[..., HttpResponse]


def open_to_all(*methods: str) -> Callable[[View], View]:
    """An endpoint that needs no token; the view takes a Visit."""

    def decorate(view: View) -> View:
        @endpoint(DIALECT, *methods)
        @wraps(view)
        def serve(request: HttpRequest, server: str, **kwargs: Any) -> HttpResponse:
            return view(Visit(request, SERVERS[server]), **kwargs)

        return serve

    return decorate


def api(*methods: str, scope: str = "", windows: Iterable[str] = ("api",)) -> Callable[[View], View]:
    """An endpoint for a token with a scope, counted in every window; the view takes a Visit."""

    def decorate(view: View) -> View:
        @endpoint(DIALECT, *methods)
        @wraps(view)
        def serve(request: HttpRequest, server: str, **kwargs: Any) -> HttpResponse:
            visit = Visit(request, SERVERS[server], grant_of(request, SERVERS[server]))
            headers = count(visit, windows) if visit.server.reset else {}
            try:
                # What a refusal undoes is the work, not the counting.
                with transaction.atomic():
                    if scope:
                        visit.within(scope)
                    response = view(visit, **kwargs)
            except Refusal as refusal:
                response = answer(refusal)
            for name, value in headers.items():
                response[name] = value
            return response

        return serve

    return decorate


def grant_of(request: HttpRequest, server: Server) -> Grant:
    """The live token of a call; one of another server is as good as none."""
    token = bearer(request)
    known = Grant.objects.select_related("person").select_for_update(of=("self",))
    grant = known.filter(network=NETWORK, access=token).first() if token else None
    visit = Visit(request, server, grant)
    if grant is None or grant.facts.get("server") != server.name:
        raise visit.refusal("token")
    if grant.revoked_at:
        raise visit.refusal("revoked")
    if not grant.is_alive:
        raise visit.refusal("expired")
    if grant.person and grant.person.facts.get("disabled"):
        raise visit.refusal("disabled")
    return grant


def count(visit: Visit, windows: Iterable[str]) -> dict[str, str]:
    """Count a call; the headers tell of the limit that is closest."""
    grant = visit.grant
    assert grant is not None  # noqa: S101  (grant_of gave one)
    now = timezone.now().timestamp()
    used, own = grant.facts.setdefault("used", {}), grant.facts.get("limits", {})
    left = []
    for name in windows:
        most, seconds = WINDOWS[name]
        most = own.get(name, most)
        start, number = used.get(name, (now, 0))
        if now >= start + seconds:
            start, number = now, 0
        used[name] = (start, number + 1)
        left.append((most - number - 1, most, start + seconds))
    Grant.objects.filter(pk=grant.pk).update(facts=grant.facts)
    remaining, most, end = min(left)
    headers = {
        "X-RateLimit-Limit": str(most),
        "X-RateLimit-Remaining": str(max(remaining, 0)),
        "X-RateLimit-Reset": reset(visit.server, end),
    }
    if remaining < 0:
        refusal = visit.refusal("limited")
        raise Refusal(refusal.status, refusal.body, headers)
    return headers


def reset(server: Server, moment: float) -> str:
    if server.reset == "epoch":
        return str(int(moment) + 1)
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id(visit: Visit) -> str:
    """An id as this server makes them: the time, then chance."""
    now, chance = int(time.time() * 1000), secrets.randbits(16)
    if visit.server.name == "gotosocial":
        number = now << 80 | secrets.randbits(80)
        return "".join(ULID[number >> 5 * place & 31] for place in reversed(range(26)))
    return f"A{now << 16 | chance:x}" if visit.server.name == "pleroma" else str(now << 16 | chance)


def iso(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%S.")) + f"{moment.microsecond // 1000:03}Z"


def is_true(value: Any) -> bool:
    return str(value).lower() in {"true", "1"}


def fields_of(request: HttpRequest) -> dict[str, Any]:
    """A body as JSON would have it: in forms, `poll[multiple]` is a field of `poll`."""
    if request.method == "PUT" and request.content_type == "application/x-www-form-urlencoded":
        request.POST = QueryDict(request.body)  # Django reads forms of POST alone
    fields: dict[str, Any] = {}
    for name, value in payload(request).items():
        outer, bracket, inner = name.partition("[")
        if bracket and inner.endswith("]"):
            fields.setdefault(outer, {})[inner.removesuffix("]")] = value
        else:
            fields[name] = value
    return fields
