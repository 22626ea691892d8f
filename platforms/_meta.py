"""What Meta's networks share: Graph calls and errors, long-lived tokens, containers, signed webhooks."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms.base import seconds_from_now
from platforms.content import Incoming, Json, RateLimit, Token
from platforms.errors import (
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure, Said
from platforms.ledger import Ledger
from platforms.oauth import OAuthPlatform
from platforms.transport import Answer

VERSION = "v26.0"
CONTAINER_LIVES = timedelta(hours=23)  # networks forget one that was not published for 24 h
MOST_CONTAINERS = 20  # of one thing, each a day after the one before
RECONNECT = "Connect the account again."
LOG_IN_THERE = "Log in on the network, do what it asks there, then press Retry."
HOUR, DAY, HELD_BACK = timedelta(hours=1), timedelta(days=1), timedelta(hours=6)

_ENDED = "The connection ended: {}."
# By code and subcode as "190/463", by subcode alone as "/463", or by code alone (Graph API, Handle Errors).
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
    Failure(PermissionMissing, "This installation's app may not do this.", code="3"),
    Failure(PermissionMissing, "The connection lacks a permission that this needs.", code="10"),
    Failure(PermissionMissing, "The connection lacks a permission that this needs.", code="200"),
    Failure(RateLimited, "The network asks this app to slow down.", code="4", again=HOUR),
    Failure(RateLimited, "The network asks this account to slow down.", code="17", again=HOUR),
    Failure(RateLimited, "The network asks this account to slow down.", code="32", again=HOUR),
    Failure(RateLimited, "The network asks us to slow down.", code="613", again=HOUR),
    Failure(RateLimited, "The network holds the account back for now.", code="368", again=HELD_BACK),
    Failure(NotFound, "The network does not have this, or does not show it to the account.", code="100/33"),
    Failure(NotFound, "The network does not have this, or does not show it to the account.", code="33"),
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
        headers = {"Authorization": f"Bearer {access}", **request.pop("headers", {})}
        return self.call(method, self.versioned(path), headers=headers, **request)

    def versioned(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.app.api_url}/{self.version}/{path.lstrip('/')}"

    def pages_of(self, path: str, most: int = 5, **params: Json) -> list[dict[str, Any]]:
        """What a list says on its first pages, in its order."""
        rows: list[dict[str, Any]] = []
        for _ in range(most):
            page = self.graph("GET", path, params=params).json
            rows += page.get("data") or []
            after = ((page.get("paging") or {}).get("cursors") or {}).get("after")
            if not after or "next" not in (page.get("paging") or {}):
                break
            params["after"] = after
        return rows

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
        body = answer.json
        return Token(access=str(body["access_token"]), expires_at=seconds_from_now(body.get("expires_in")))

    def token_error(self, answer: Answer) -> PlatformError:
        error = type(self).classify(answer)
        if isinstance(error, TokenExpired | RateLimited | Unavailable | PermissionMissing):
            return error
        if isinstance(error, OutcomeUnknown):
            return Unavailable(error.message, status=error.status, detail=error.detail)
        message = f"{self.label} no longer accepts this connection."
        return TokenExpired(message, status=answer.status, detail=answer.text)

    # --- what answers mean ---

    @classmethod
    def said(cls, answer: Answer) -> Said:
        parsed = answer.maybe_json
        body: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
        error: dict[str, Any] = body["error"] if isinstance(body.get("error"), dict) else {}
        if not error and body.get("error_message"):
            return Said((f"oauth/{body.get('code')}",), str(body["error_message"]))
        code, subcode = error.get("code"), error.get("error_subcode")
        codes = [f"{code}/{subcode}", f"/{subcode}"] if subcode else []
        sentence = str(error.get("error_user_msg") or error.get("message") or "")
        return Said((*codes, str(code)), sentence, regained_at(answer))

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        body = answer.maybe_json
        error = body.get("error") if isinstance(body, dict) else None
        # 1 and 2 are faults of Meta's, and the write may have been done all the same.
        if isinstance(error, dict) and (error.get("code") in {1, 2} or error.get("is_transient")):
            known = {failure.code for failure in cls.failures}
            if not known.intersection(cls.said(answer).codes):
                message = f"{cls.label} had a fault of its own."
                return answer.doubtful(message, status=answer.status, detail=answer.text)
        return super().classify(answer)

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        """What share of the limit is used up, in percent (X-App-Usage, X-Business-Use-Case-Usage)."""
        used = [usage for usage in usages(answer) if isinstance(usage, Mapping)]
        if not used:
            return None
        percent = max(
            float(usage.get(name) or 0)
            for usage in used
            for name in ("call_count", "total_time", "total_cputime")
        )
        until = regained_at(answer) or datetime.now(UTC) + HOUR
        return RateLimit("Graph API", 100, max(0, int(100 - percent)), until)

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
        return hmac.compare_digest(given.encode(), f"sha256={digest}".encode())


# --- containers: made and processed out of sight, then published once ---


def container(ledger: Ledger, step: str, make: Callable[[], Json]) -> tuple[str, str]:
    """The id of a container that is still alive, and the step that made it; an old one is made anew."""
    for n in range(1, MOST_CONTAINERS + 1):
        name = step if n == 1 else f"{step} ({n})"
        made = ledger.repeat(name, partial(_made, make))
        if datetime.now(UTC) - datetime.fromisoformat(str(made["at"])) < CONTAINER_LIVES:
            return str(made["id"]), name
    raise MediaRejected("The network did not keep what was prepared long enough.")


def _made(make: Callable[[], Json]) -> dict[str, Json]:
    return {"id": make(), "at": datetime.now(UTC).isoformat()}


def processed(ledger: Ledger, step: str, is_ready: Callable[[], bool], *, at_most: float = 1800) -> None:
    """Wait until the network has processed a container; no worker waits meanwhile."""
    ledger.wait(f"{step} processed", is_ready, every=5, at_most=at_most)


# --- reading what Meta writes ---


def wire_value(value: Any) -> str:
    """A parameter as Graph reads it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def usages(answer: Answer) -> list[Any]:
    """The usage that the headers tell, of the app and of the account."""
    found: list[Any] = []
    for name in ("X-App-Usage", "X-Business-Use-Case-Usage"):
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
