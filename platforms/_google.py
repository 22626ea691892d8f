"""What Google's clients share: its OAuth, its error bodies, the day of its quotas, and resumable uploads."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from platforms.base import seconds_from_now
from platforms.chunks import Chunk, chunks
from platforms.content import Draft, Json, MediaFile, Token
from platforms.errors import ClientRefused, PermissionMissing, PlatformError, TokenExpired, Unavailable
from platforms.failures import Said
from platforms.ledger import repeatable
from platforms.oauth import OAuth, OAuthPlatform, error_code
from platforms.rules import Finding
from platforms.transport import Answer

OAUTH = "https://oauth2.googleapis.com"
CALIFORNIA = ZoneInfo("America/Los_Angeles")  # where the day of a quota begins
DAILY = frozenset({"quotaExceeded", "dailyLimitExceeded"})
PUBLISH_APP = "At console.cloud.google.com, OAuth consent screen, press “Publish app”, then connect again."
TRIAL = timedelta(days=7)  # how long a permission lives while the app's publishing status is "Testing"
MISCONFIGURED = {
    "redirect_uri_mismatch": "Google does not know the address that people come back to.",
    "unauthorized_client": "Google does not let this installation's client id do this.",
}


class SessionGone(Unavailable):
    """Google no longer knows an upload that was not finished; a new one may begin."""


class Google(OAuthPlatform):
    """One of Google's services, for one grant. Refresh tokens never rotate; only the first answer has one."""

    auth_url = "https://accounts.google.com"
    # Not `include_granted_scopes`: a combined grant would end for all services when one is disconnected.
    oauth = OAuth(
        "/o/oauth2/v2/auth",
        "/token",
        "/revoke",
        authorize_params={"access_type": "offline", "prompt": "consent select_account"},
        gone=frozenset({"invalid_grant", "invalid_token"}),
    )
    chunk_bytes: ClassVar[int] = 32 * 262_144  # Google takes multiples of 256 KiB

    # --- connecting ---

    def oauth_url(self, path: str) -> str:
        return (OAUTH if self.app.auth_url == Google.auth_url else self.app.auth_url) + path

    def host(self, real: str) -> str:
        """One of Google's further hosts; whoever plays Google for us plays them all under one address."""
        return real if self.app.api_url == self.api_url else self.app.api_url

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        try:
            token = super().exchange(answer, kept)
        except TokenExpired as error:
            raise PermissionMissing(
                "Google's permission ran out before it was used, or was used before.",
                status=error.status,
                detail=error.detail,
                action="Connect again.",
            ) from error
        self._demand_all(token)
        return replace(token, extra={**token.extra, "granted_at": datetime.now(UTC).isoformat()})

    def _demand_all(self, token: Token) -> None:
        """Google lets people untick what is asked, and may give nothing that lasts."""
        missing = [scope.rpartition("/")[2] for scope in self.scopes if scope not in token.scopes]
        if token.scopes and missing:
            raise PermissionMissing(
                f"Google was not allowed everything: {', '.join(missing)} is missing.",
                action="Connect again and tick every box on Google's page.",
            )
        if not token.refresh:
            raise PermissionMissing(
                "Google gave a permission for an hour only.",
                action="Remove this app at myaccount.google.com/permissions, then connect again.",
            )

    def token_from(self, body: Mapping[str, Json]) -> Token:
        token = super().token_from(body)
        ends_at = seconds_from_now(body.get("refresh_token_expires_in"))
        return replace(token, extra={"ends_at": ends_at.isoformat()}) if ends_at else token

    def refresh(self) -> Token:
        try:
            return super().refresh()
        except TokenExpired as error:
            if self._was_a_trial():
                error.action = (
                    "The app at Google is in “Testing”, where every connection ends after 7 days. "
                    f"{PUBLISH_APP}"
                )
            raise

    def _was_a_trial(self) -> bool:
        """Whether the grant ended as grants of apps in "Testing" end: after seven days."""
        extra = self.token.extra if self.token else {}
        if extra.get("ends_at"):
            return True
        granted_at = extra.get("granted_at")
        if not isinstance(granted_at, str):
            return False
        age = datetime.now(UTC) - datetime.fromisoformat(granted_at)
        return TRIAL - timedelta(hours=2) <= age <= TRIAL + timedelta(days=1)

    def revoke(self) -> None:
        """The refresh token ends the whole grant, and is alive where the access token is not."""
        if self.token:
            self.token = replace(self.token, access=self.token.refresh or self.token.access)
        super().revoke()

    def token_error(self, answer: Answer) -> PlatformError:
        if (code := error_code(answer)) in MISCONFIGURED:
            return ClientRefused(MISCONFIGURED[code], status=answer.status, detail=answer.text)
        return super().token_error(answer)

    # --- what an account must know ---

    @property
    def trial(self) -> dict[str, Json]:
        """When the connection ends, for the account's limits; empty where it lasts."""
        ends_at = self.token.extra.get("ends_at") if self.token else None
        return {"connection_ends_at": ends_at} if ends_at else {}

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *check_trial(limits)]

    # --- reading ---

    def pages(
        self, path: str, params: Mapping[str, str], at_most: int, items: str = "items"
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list, one request each; `items` is what the service calls its rows."""
        asked = dict(params)
        for _ in range(at_most):
            body = self.call("GET", path, params=asked).json
            yield body.get(items) or []
            if not body.get("nextPageToken"):
                return
            asked["pageToken"] = body["nextPageToken"]

    # --- understanding ---

    @classmethod
    def said(cls, answer: Answer) -> Said:
        error = error_of(answer)
        sentence = re.sub(r"<[^>]+>", "", str(error.get("message") or ""))  # some hold links
        codes = codes_of(error)
        is_daily = bool(DAILY.intersection(codes)) or "per day" in sentence
        return Said(codes, sentence, next_day() if is_daily else None)

    # --- resumable uploads ---

    def open_upload(
        self, url: str, file: MediaFile, metadata: Json, params: Mapping[str, str], name: str
    ) -> str:
        """The address that takes a file's bytes, for a week. One that gets none makes nothing."""
        answer = self.call(
            "POST",
            url,
            params={**params, "uploadType": "resumable"},
            json=metadata,
            headers={
                "X-Upload-Content-Length": str(file.size),
                "X-Upload-Content-Type": file.content_type,
                "Slug": name,
            },
        )
        session = answer.headers.get("Location", "")
        if not session:
            raise Unavailable(f"{self.label} opened no upload.", status=answer.status, detail=answer.text)
        return session

    def send_upload(self, session: str, file: MediaFile) -> dict[str, Any]:
        """Send what Google does not have yet; what the file became. Looks first, so it may be run again."""
        state = self.upload_state(session, file.size)
        while isinstance(state, int):
            state = self._send_from(state, session, file)
        return state

    def upload_state(self, session: str, size: int) -> int | dict[str, Any]:
        """How many bytes Google has, or, if those are all, what the file became."""
        return repeatable(partial(self._put, session, b"", f"bytes */{size}"))

    def _send_from(self, start: int, session: str, file: MediaFile) -> int | dict[str, Any]:
        state: int | dict[str, Any] = start
        for chunk in chunks(file, self.chunk_bytes, start):
            state = self._send(chunk, session)
            if state != chunk.last + 1:  # finished, or not all of it was kept
                break
        if isinstance(state, int) and state <= start:
            raise Unavailable(f"{self.label} does not take the video's bytes just now.")
        return state

    def _send(self, chunk: Chunk, session: str) -> int | dict[str, Any]:
        """Nothing exists before the last byte has come, so only the last piece leaves a doubt."""
        put = partial(self._put, session, chunk.content, chunk.content_range)
        return put() if chunk.last + 1 == chunk.total else repeatable(put)

    def _put(self, session: str, content: bytes, content_range: str) -> int | dict[str, Any]:
        answer = self.connection.transport.request(
            "PUT", session, headers={**self.headers(), "Content-Range": content_range}, body=content
        )
        if answer.status == 308:
            kept = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
            return int(kept[1]) + 1 if kept else 0
        if answer.status in {404, 410}:
            raise SessionGone(
                f"{self.label} no longer knows the upload.", status=answer.status, detail=answer.text
            )
        return self.accept(answer).json


def error_of(answer: Answer) -> dict[str, Any]:
    """The `error` object of a refusal, {} where there is none."""
    body = answer.maybe_json
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def codes_of(error: Mapping[str, Any]) -> tuple[str, ...]:
    """A refusal's reasons in the old form, those in the new, and its canonical status."""
    named = [*(error.get("errors") or []), *(error.get("details") or [])]
    reasons = [entry.get("reason") for entry in named if isinstance(entry, dict)]
    return tuple(str(code) for code in (*reasons, error.get("status")) if code)


def next_day() -> datetime:
    """When quotas of a day begin anew: midnight in California."""
    tomorrow = datetime.now(CALIFORNIA).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), CALIFORNIA).astimezone(UTC)


def check_trial(limits: Mapping[str, Json]) -> Iterator[Finding]:
    ends_at = limits.get("connection_ends_at")
    if isinstance(ends_at, str):
        day = datetime.fromisoformat(ends_at)
        message = f"This connection ends on {day:%-d %B}: the app at Google is in “Testing”. {PUBLISH_APP}"
        yield Finding("connection_ends", message, severity="warning")
