"""What Meta's networks share: Graph calls and errors, long-lived tokens, containers, signed webhooks."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar, cast

from platforms.content import Incoming, Json, RateLimit, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure, Said, understood
from platforms.ledger import Ledger
from platforms.oauth import OAuthPlatform
from platforms.quotas import Each
from platforms.transport import Answer

J = TypeVar("J", bound=Json)
VERSION = "v26.0"
USAGES: Mapping[str, Each] = {"X-App-Usage": "app", "X-Business-Use-Case-Usage": "account"}
ENOUGH = 90  # percent of a limit; calling on at 100 lengthens the block
CONTAINER_LIVES = timedelta(hours=23)  # networks forget one that was not published for 24 h
MOST_CONTAINERS = 20  # of one thing, each a day after the one before
RECONNECT = "Connect the account again."
LOG_IN_THERE = "Log in on the network, do what it asks there, then press Retry."
HOUR, DAY, HELD_BACK = timedelta(hours=1), timedelta(days=1), timedelta(hours=6)

NO_METRIC = "valid insights metric"
_ENDED = "The connection ended: {}."
_NO_APP = "The network does not accept this installation's app id and secret."
_LACKS = "The connection lacks a permission that this needs."
_MISSING = "The network does not have this, or does not show it to the account."
# By code and subcode as "190/463", by subcode alone as "/1363040", or by code alone (Handle Errors guide).
# Codes 1 and 2 are no rows: whether they leave a doubt depends on what was asked (`classify`).
GRAPH_FAILURES = (
    Failure(TokenExpired, _ENDED.format("the app was removed from the account"), RECONNECT, code="190/458"),
    Failure(TokenExpired, _ENDED.format("the person must log in there first"), RECONNECT, code="190/459"),
    Failure(TokenExpired, _ENDED.format("the password was changed"), RECONNECT, code="190/460"),
    Failure(TokenExpired, _ENDED.format("it ran out"), RECONNECT, code="190/463"),
    Failure(TokenExpired, _ENDED.format("the person's account is not confirmed"), RECONNECT, code="190/464"),
    Failure(TokenExpired, _ENDED.format("the network called it invalid"), RECONNECT, code="190/467"),
    Failure(TokenExpired, _ENDED.format("the person lost their role on the page"), RECONNECT, code="190/492"),
    Failure(TokenExpired, _ENDED.format("the network no longer accepts it"), RECONNECT, code="190"),
    Failure(TokenExpired, _ENDED.format("the session is no longer valid"), RECONNECT, code="102"),
    Failure(TokenExpired, _ENDED.format("its signature is wrong"), RECONNECT, code="104"),
    Failure(ClientRefused, _NO_APP, code="101"),
    Failure(ClientRefused, _NO_APP, words="appsecret_proof"),
    Failure(PermissionMissing, "This installation's app may not do this.", code="3"),
    Failure(PermissionMissing, _LACKS, code="10"),
    Failure(PermissionMissing, _LACKS, code="200"),
    Failure(PermissionMissing, _LACKS, code="283"),
    Failure(RateLimited, "The network asks this app to slow down.", code="4", again=HOUR, each="app"),
    Failure(RateLimited, "The network asks this account to slow down.", code="17", again=HOUR),
    Failure(RateLimited, "The network asks this account to slow down.", code="32", again=HOUR),
    Failure(RateLimited, "The network asks us to slow down.", code="613", again=HOUR),
    Failure(RateLimited, "The account has used up its calls for now.", code="80001", again=HOUR),
    Failure(RateLimited, "The account has used up its calls for now.", code="80002", again=HOUR),
    Failure(RateLimited, "The account has used up its messages for now.", code="80006", again=HOUR),
    Failure(RateLimited, "The account has used up what the network allows.", code="341", again=HELD_BACK),
    Failure(RateLimited, "The network holds the account back for now.", code="368", again=HELD_BACK),
    Failure(NotFound, _MISSING, code="100/33"),
    Failure(NotFound, _MISSING, code="33"),
    Failure(NotFound, _MISSING, code="803"),
    Failure(InvalidContent, "The network does not have one of these numbers any more.", words=NO_METRIC),
    Failure(InvalidContent, "The network was sent too much at once.", code="105"),
    Failure(InvalidContent, "The network says that something is missing.", code="194"),
    Failure(InvalidContent, "The network could not read what was asked.", code="2500"),
    Failure(InvalidContent, "The network was asked for no number.", code="3001/1504028"),
    # of rupload, which takes videos
    Failure(Unavailable, "A part of the video did not arrive.", code="rupload/OffsetInvalidError"),
    Failure(Unavailable, "A part of the video did not arrive.", code="rupload/PartialRequestError"),
    Failure(PermissionMissing, _LACKS, code="rupload/NotAuthorizedError"),
    Failure(MediaRejected, "The network could not read the video.", code="rupload/ProcessingFailedError"),
    Failure(Unavailable, "The network could not take the video just now.", code="rupload/again"),
)  # fmt: skip


class GraphPlatform(OAuthPlatform):
    """A network behind Meta's Graph API. Paths are given without the version."""

    version: ClassVar[str] = VERSION
    proves_secret: ClassVar[bool] = True  # sends appsecret_proof
    failures: ClassVar[tuple[Failure, ...]] = GRAPH_FAILURES

    # --- speaking ---

    def graph(self, method: str, path: str, token: str = "", **request: Any) -> Answer:
        """One call; `params` and `form` values may be anything that JSON can say."""
        access = token or (self.token.access if self.token else "")
        for name in ("params", "form"):
            if request.get(name) is not None:
                request[name] = {key: wire_value(value) for key, value in request[name].items()}
        if self.proves_secret and access and self.app.client_secret:
            request["params"] = {**(request.get("params") or {}), "appsecret_proof": self._proof(access)}
        headers = {**({"Authorization": f"Bearer {access}"} if access else {}), **request.pop("headers", {})}
        return self.call(method, self.versioned(path), headers=headers, **request)

    def versioned(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.app.api_url}/{self.version}/{path.lstrip('/')}"

    def pages_of(self, path: str, most: int = 5, token: str = "", **params: Any) -> list[dict[str, Any]]:
        """What a list says on its first pages, in its order."""
        return list(self.rows_of(path, most, token, **params))

    def rows_of(self, path: str, most: int = 5, token: str = "", **params: Any) -> Iterator[dict[str, Any]]:
        """The same, page by page as it is wanted."""
        for _ in range(most):
            page = self.graph("GET", path, token, params=params).json
            yield from page.get("data") or []
            paging = page.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            if not after or "next" not in paging:
                return
            params = {**params, "after": after}

    def _proof(self, access: str) -> str:
        return hmac.new(self.app.client_secret.encode(), access.encode(), hashlib.sha256).hexdigest()

    # --- tokens ---

    def long_lived(self, path: str, grant_type: str, token_name: str, access: str) -> Token:
        """The token of about 60 days for one of an hour. It has no refresh token: it renews itself."""
        params = {
            "grant_type": grant_type,
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            token_name: access,
        }
        return self.token_at(path, params)

    def token_at(self, path: str, params: Mapping[str, str]) -> Token:
        """What a token address answers to a GET. TokenExpired only where it says that the grant is gone."""
        url = self.app.api_url + path
        answer = self.connection.transport.request("GET", url, params=params)
        if not answer.ok:
            raise self.token_error(answer)
        return self.token_from(answer.json)

    def token_error(self, answer: Answer) -> PlatformError:
        error = type(self).classify(answer)
        if isinstance(error, TokenExpired | RateLimited | Unavailable | PermissionMissing):
            return error
        if isinstance(error, OutcomeUnknown) or not _error_of(answer):  # a proxy's page ends no connection
            return Unavailable(error.message, status=error.status, detail=error.detail)
        message = f"{self.label} no longer accepts this connection."
        return TokenExpired(message, status=answer.status, detail=answer.text)

    # --- what answers mean ---

    @classmethod
    def said(cls, answer: Answer) -> Said:
        parsed = answer.maybe_json
        body: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
        error, upload = _error_of(answer), body.get("debug_info")
        if isinstance(upload, dict):
            again = ("rupload/again",) if upload.get("retriable") else ()
            return Said((f"rupload/{upload.get('type')}", *again), str(upload.get("message") or ""))
        if not error:
            words = str(body.get("error_message") or "")
            return Said((f"oauth/{body.get('code')}",) if words else (), words, regained_at(answer))
        sentence = str(error.get("error_user_msg") or error.get("message") or "")
        codes = tuple(_codes(error.get("code"), error.get("error_subcode")))
        return Said(codes, sentence, regained_at(answer))

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        error, known = _error_of(answer), understood(cls.failures, cls.said(answer), answer)
        # 1, 2 and what Meta calls passing are faults of its own, and a write may have been done all the same.
        passing = error.get("is_transient") and not isinstance(known, RateLimited)
        if passing or (known is None and error.get("code") in {1, 2}):
            message = f"{cls.label} had a fault of its own."
            return answer.doubtful(message, status=answer.status, detail=answer.text)
        return known or super().classify(answer)

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        """What is left of the fuller limit, the app's or the account's, in percent."""
        used: list[tuple[float, Each]] = [
            (float(usage.get(name) or 0), each)
            for header, each in USAGES.items()
            for usage in usages(answer, header)
            if isinstance(usage, Mapping)
            for name in ("call_count", "total_time", "total_cputime")
        ]
        if not used:
            return None
        percent, each = max(used)  # as full as each other: the app's, which holds for the account as well
        until = regained_at(answer) or datetime.now(UTC) + HOUR
        return RateLimit("Graph API", ENOUGH, max(0, int(ENOUGH - percent)), until, each)

    # --- webhooks ---

    def greet_webhook(self, request: Incoming) -> str | None:
        query = request.query
        if request.method != "GET" or query.get("hub.mode") != "subscribe":
            return None
        given = query.get("hub.verify_token", "")
        is_ours = bool(self.app.webhook_secret) and hmac.compare_digest(
            given.encode(), self.app.webhook_secret.encode()
        )
        return query.get("hub.challenge", "") if is_ours else None

    def verify_webhook(self, request: Incoming) -> bool:
        digest = hmac.new(self.app.client_secret.encode(), request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-hub-signature-256", "")
        is_theirs = hmac.compare_digest(given.encode(), f"sha256={digest}".encode())
        return is_theirs and bool(self.app.client_secret)


# --- containers: made and processed out of sight, then published once ---


def container(ledger: Ledger, step: str, make: Callable[[], Json]) -> tuple[str, str]:
    """The id of a container that is still alive, and the step that made it; an old one is made anew."""
    made, name = prepared(ledger, step, make)
    return str(made), name


def prepared(ledger: Ledger, step: str, make: Callable[[], J]) -> tuple[J, str]:
    """The same for whatever lives as long as a container: what `make` gave, and the step that made it."""
    return attempts(ledger, step, make)[-1]


def attempts(ledger: Ledger, step: str, make: Callable[[], J]) -> list[tuple[J, str]]:
    """All that were ever made for a step; the last is alive.

    Whoever looks for a post in doubt looks for each: an older one may have been published in its time.
    """
    found: list[tuple[J, str]] = []
    for n in range(1, MOST_CONTAINERS + 1):
        name = step if n == 1 else f"{step} ({n})"
        made = ledger.repeat(name, partial(_made, make))
        found.append((cast(J, made["id"]), name))
        if datetime.now(UTC) - datetime.fromisoformat(str(made["at"])) < CONTAINER_LIVES:
            return found
    raise MediaRejected("The network did not keep what was prepared long enough.")


def _made(make: Callable[[], Json]) -> dict[str, Json]:
    return {"id": make(), "at": datetime.now(UTC).isoformat()}


def processed(ledger: Ledger, step: str, is_ready: Callable[[], bool], *, at_most: float = 1800) -> None:
    """Wait until the network has processed a container; no worker waits meanwhile."""
    ledger.wait(f"{step} processed", is_ready, every=5, at_most=at_most)


# --- reading what Meta writes ---


def _error_of(answer: Answer) -> dict[str, Any]:
    """The error in Graph's own shape; empty where the answer has none."""
    body = answer.maybe_json
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _codes(code: Any, subcode: Any) -> Iterator[str]:
    """How failures name these, the most telling first. Numbers of seven digits come as either."""
    if subcode:
        yield from (f"{code}/{subcode}", f"/{subcode}")
    yield str(code)
    if isinstance(code, int) and code > 1_000_000:
        yield f"/{code}"
    if isinstance(code, int) and 200 < code < 300:  # each names one permission
        yield "200"


def wire_value(value: Any) -> str:
    """A parameter as Graph reads it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def usages(answer: Answer, *headers: str) -> list[Any]:
    """The usage that the headers tell, of the app and of the account."""
    found: list[Any] = []
    for name in headers or USAGES:
        try:
            usage = json.loads(answer.headers.get(name, ""))
        except ValueError:
            continue
        if not isinstance(usage, dict):
            continue
        lists = [rows for rows in usage.values() if isinstance(rows, list)]
        found += [row for rows in lists for row in rows] if lists else [usage]
    return found


def regained_at(answer: Answer) -> datetime | None:
    """When calls are allowed again, where the headers tell (in minutes)."""
    minutes = [
        float(usage.get("estimated_time_to_regain_access") or 0)
        for usage in usages(answer)
        if isinstance(usage, Mapping)
    ]
    return datetime.now(UTC) + timedelta(minutes=max(minutes)) if any(minutes) else None


def moment(value: Any) -> datetime:
    """A time as Graph writes it: 2026-08-07T12:34:56+0000, or seconds (or milliseconds) since 1970."""
    if isinstance(value, int | float) or str(value).isdigit():
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S%z")
