"""Pinterest, API v5: Pins on boards. It has no idempotency keys: a Pin in doubt is looked up on its board."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from platforms._pinterest_failures import FAILURES, rate_limit_of, said_by
from platforms._pinterest_numbers import (
    ACCOUNT_TYPES,
    DAYS,
    EVERY_TYPE,
    PIN_TYPES,
    PIN_WORDS,
    VIDEO_TYPES,
    account_metrics,
    is_video,
    pin_metrics,
    window,
)
from platforms._pinterest_pin import Pin, made_at
from platforms._pinterest_rules import CAROUSEL, IMAGE, OPTIONS, VIDEO, check_pin, video_of
from platforms.content import Draft, Json, MediaFile, Metrics, Profile, Published, RateLimit, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    Refused,
    TokenExpired,
)
from platforms.failures import Said
from platforms.ledger import Ledger, repeatable
from platforms.oauth import OAuth, OAuthPlatform
from platforms.quotas import MINUTE, Cost, Quota
from platforms.rules import Finding
from platforms.transport import Answer

# A board shows a new Pin some seconds late: until this has passed since a try, absence proves nothing.
INDEX_LAG = timedelta(seconds=60)
LOOKS_BACK = timedelta(minutes=5)  # clocks differ
MOST_PAGES = 8  # of 250 Pins or boards each
SECTIONED = 50  # boards whose sections are read, at one request each
UPLOAD_LIVES = timedelta(hours=12)  # counted on; nobody says how long an upload without a Pin is kept
MOST_UPLOADS = 20  # of one video, over all tries
UPLOAD_SECONDS = 120.0
PIN_SECONDS = 90.0  # Pinterest reads the pictures while we wait
PROCESSING_SECONDS = 1800.0


class Pinterest(OAuthPlatform):
    name = "pinterest"
    label = "Pinterest"
    icon = "brand-pinterest"
    colour = "#e60023"
    api_url = "https://api.pinterest.com"
    auth_url = "https://www.pinterest.com"
    scopes = ("boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read")
    posting_scopes = (("pins:write",), ("boards:read",))
    oauth = OAuth(
        "/oauth/",
        "/v5/oauth/token",
        "/v5/oauth/token/revoke",
        client_auth="basic",
        pkce=False,
        scope_separator=",",
    )
    kinds = (IMAGE, CAROUSEL, VIDEO)
    rules = IMAGE.rules
    options = OPTIONS
    failures = FAILURES
    quotas = (
        # A video is registered first.
        Quota("writes", 100, MINUTE, cost=(Cost(1), Cost(1, kinds=("video",))), endpoint="org_write"),
        Quota("reads", 1000, MINUTE),
        Quota("analytics", 60, MINUTE),
    )
    reading = {"reads": 1, "analytics": 1}
    account_days = 30
    post_numbers = tuple(PIN_WORDS.values())
    account_numbers = ("followers", "posts", "views", "engagements", "clicks", "saves")

    # --- connecting ---

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        try:
            return super().exchange(answer, kept)
        except TokenExpired as error:
            if error.status == 401:
                message = "Pinterest does not accept this installation's app id and secret."
                raise ClientRefused(message, status=401, detail=error.detail) from error
            message = "Pinterest's permission ran out before it was used, or was used before."
            raise PermissionMissing(
                message, status=error.status, detail=error.detail, action="Connect again."
            ) from error

    def ask_token(self, form: Mapping[str, str]) -> dict[str, Json]:
        # Apps older than autumn 2025 get tokens that can be renewed again and again only where they ask.
        more = {"continuous_refresh": "true"} if form["grant_type"] == "authorization_code" else {}
        return super().ask_token({**form, **more})

    def token_error(self, answer: Answer) -> PlatformError:
        error = self.classify(answer)
        if isinstance(error, InvalidContent):  # no code says more; what could be wrong is the code or token
            message = "Pinterest no longer accepts this connection."
            return TokenExpired(message, status=answer.status, detail=answer.text)
        return error

    def revoke(self) -> None:
        """Give both tokens back; Pinterest lets few apps do so, and then forgetting them must do."""
        token = self.token or Token("")
        for hint, value in (("refresh_token", token.refresh), ("access_token", token.access)):
            form = {"token": value, "token_type_hint": hint}
            with suppress(TokenExpired, PermissionMissing):
                if value:
                    repeatable(partial(self.post_form, self.oauth.revoke_path, form))

    def profiles(self) -> list[Profile]:
        answer = self.call("GET", "/v5/user_account")
        user, handle = answer.json, needed(answer, "username")
        return [
            Profile(
                remote_id=str(user.get("id") or handle),
                handle=handle,
                name=user.get("business_name") or handle,
                avatar_url=user.get("profile_image") or "",
                url=f"{self.app.auth_url}/{handle}/",
                limits=self.account_limits(),
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        """Boards, and the sections of those used last; `section_boards`: which board has a section."""
        boards = [
            board
            for page in self._pages("/v5/boards", MOST_PAGES)
            for board in page
            if not board.get("is_ads_only")
        ]
        recent = sorted(boards, key=lambda board: str(board.get("board_pins_modified_at")), reverse=True)
        sections = [(board, section) for board in recent[:SECTIONED] for section in self._sections(board)]
        choices: dict[str, Json] = {
            "boards": listed([(str(board["id"]), board_label(board)) for board in boards]),
            "sections": listed(
                [(str(section["id"]), f"{board['name']} / {section['name']}") for board, section in sections]
            ),
        }
        owners: dict[str, Json] = {str(section["id"]): str(board["id"]) for board, section in sections}
        return {"choices": choices, "section_boards": owners}

    def _sections(self, board: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            pages = list(self._pages(f"/v5/boards/{board['id']}/sections", MOST_PAGES))
        except Refused:  # of a group board, say
            return []
        return [section for page in pages for section in page]

    def _pages(self, path: str, most: int) -> Iterator[list[dict[str, Any]]]:
        params = {"page_size": "250"}
        for _ in range(most):
            page = self.call("GET", path, params=params).json
            yield page.get("items") or []
            if not page.get("bookmark"):
                return
            params["bookmark"] = str(page["bookmark"])

    # --- before sending ---

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        needs = "A Pin needs a picture or a video. Add one."
        found = [
            replace(finding, message=needs) if finding.code == "media_required" else finding
            for finding in super().check(draft, limits)
        ]
        return [*found, *check_pin(draft, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        pin, video = Pin(draft), video_of(draft)
        media_id = self._video(ledger, video) if video else ""
        made = ledger.once("pin", partial(self._create, pin, media_id), find=partial(self._find, pin))
        return self._published(str(made["id"]))

    def find(self, draft: Draft, since: datetime) -> Published | None:
        found = self._find(Pin(draft), since)
        return self._published(found["id"]) if found else None

    def recognise(self, permalink: str) -> Json:
        found = re.search(r"/pin/(?:[^/?#]*--)?([0-9]{1,19})(?:[/?#]|$)", permalink)
        if not found:
            raise InvalidContent("This is not the address of a Pin: it holds /pin/ and a number.")
        shown = self.call("GET", f"/v5/pins/{found[1]}").json
        if shown.get("is_owner") is False:
            raise InvalidContent("This is not a Pin of this account.")
        return {"id": found[1]}

    def edit(self, published: Published, draft: Draft) -> Published:
        """Words, links and place; never the picture or the video. Pinterest lets not every app do this."""
        path = f"/v5/pins/{published.remote_id}"
        repeatable(partial(self.call, "PATCH", path, json=Pin(draft).changes()))
        return published

    def delete(self, published: Published) -> None:
        with suppress(NotFound):
            repeatable(partial(self.call, "DELETE", f"/v5/pins/{published.remote_id}"))

    def _create(self, pin: Pin, media_id: str) -> dict[str, Any]:
        answer = self.call("POST", "/v5/pins", json=pin.body(media_id), read_seconds=PIN_SECONDS)
        return {"id": needed(answer, "id")}

    def _published(self, remote_id: str) -> Published:
        return Published(remote_id, f"{self.app.auth_url}/pin/{remote_id}/", (remote_id,))

    # --- a video: registered and sent in one step, as a registration is secret and short-lived ---

    def _video(self, ledger: Ledger, file: MediaFile) -> str:
        """The id of a video that is ready. That one failed is told once; the next try sends it anew."""
        this_try = datetime.now(UTC).isoformat()
        for n in range(1, MOST_UPLOADS + 1):
            step = "video" if n == 1 else f"video ({n})"
            upload = ledger.repeat(step, partial(self._upload, file))
            media_id, is_over = str(upload["id"]), partial(self._is_over, upload["id"])
            ledger.wait(f"{step} processed", is_over, every=5, at_most=PROCESSING_SECONDS)
            state = self._state(media_id)
            if state == "succeeded" and datetime.fromisoformat(upload["until"]) > datetime.now(UTC):
                return media_id
            if state == "failed" and ledger.repeat(f"{step} failed", lambda: this_try) == this_try:
                raise MediaRejected(
                    "Pinterest could not make sense of the video.",
                    action="Try again, or use another video: MP4 with H.264 is the safest.",
                )
        raise MediaRejected("Pinterest did not take the video, however often it was sent.")

    def _upload(self, file: MediaFile) -> dict[str, Any]:
        registered = self.call("POST", "/v5/media", json={"media_type": "video"})
        with file.open() as stream:
            answer = self.connection.transport.request(  # to another host, which must not see our token
                "POST",
                needed(registered, "upload_url"),
                form=registered.json.get("upload_parameters"),
                files={"file": ("video", stream, file.content_type)},
                read_seconds=UPLOAD_SECONDS,
            )
        self.accept(answer)
        until = datetime.now(UTC) + UPLOAD_LIVES
        return {"id": needed(registered, "media_id"), "until": until.isoformat()}

    def _is_over(self, media_id: str) -> bool:
        return self._state(media_id) in {"succeeded", "failed", "gone"}

    def _state(self, media_id: str) -> str:
        """registered, processing, succeeded or failed; gone where Pinterest no longer has it."""
        with suppress(NotFound):
            return str(self.call("GET", f"/v5/media/{media_id}").json.get("status"))
        return "gone"

    # --- looking ---

    def _find(self, pin: Pin, since: datetime) -> dict[str, Any] | None:
        earliest = since - LOOKS_BACK
        for shown in self._shown(pin.list_path, earliest):
            is_recent = made_at(shown) >= earliest and shown.get("is_owner") is not False
            if is_recent and pin.is_same(shown):
                if not any(pin.words.values()):
                    raise OutcomeUnknown("A Pin without words is there; only a person can tell which.")
                return {"id": str(shown["id"])}
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("Pinterest may have the Pin and not show it yet.")
        return None

    def _shown(self, path: str, earliest: datetime) -> Iterator[dict[str, Any]]:
        """The Pins of a board until they are surely older. Nobody promises their order: it is looked at."""
        moments: list[datetime] = []
        for number, pins in enumerate(self._pages(path, MOST_PAGES + 1), 1):
            if number > MOST_PAGES:
                raise OutcomeUnknown("The board holds too many Pins to look through all of them.")
            yield from pins
            moments += map(made_at, pins)
            is_newest_first = moments == sorted(moments, reverse=True)
            if number > 1 and is_newest_first and moments and moments[-1] < earliest:
                return

    # --- numbers ---

    def post_metrics(self, published: Published) -> Metrics:
        path = f"/v5/pins/{published.remote_id}"
        pin = self.call("GET", path, params={"pin_metrics": "true"}).json
        types = VIDEO_TYPES if is_video(pin) else PIN_TYPES
        return pin_metrics(pin, self._analytics(f"{path}/analytics", DAYS, types, EVERY_TYPE))

    def account_metrics(self) -> Metrics:
        user = self.call("GET", "/v5/user_account").json
        return account_metrics(user, self._analytics("/v5/user_account/analytics", 30, ACCOUNT_TYPES))

    def _analytics(self, path: str, days: int, *types: tuple[str, ...]) -> dict[str, Any]:
        """What analytics tell by the first names that they know; nothing of an account that may not ask."""
        *others, last = types
        with suppress(PermissionMissing):
            for names in others:
                with suppress(InvalidContent):
                    return self.call("GET", path, params=window(days, names)).json
            return self.call("GET", path, params=window(days, last)).json
        return {}

    # --- understanding ---

    @classmethod
    def said(cls, answer: Answer) -> Said:
        return said_by(answer)

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        if answer.status >= 500 and answer.method == "POST" and answer.url.endswith("/v5/pins"):
            # After any of them, 503 too, the Pin may stand.
            message = f"Pinterest broke off with {answer.status}."
            return OutcomeUnknown(message, status=answer.status, detail=answer.text)
        return super().classify(answer)

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        return rate_limit_of(answer)


def needed(answer: Answer, name: str) -> str:
    """What an answer must tell; without it, it makes no sense."""
    if not answer.json.get(name):
        raise answer.doubtful(f"Pinterest left out “{name}”.", status=answer.status, detail=answer.text)
    return str(answer.json[name])


def board_label(board: Mapping[str, Any]) -> str:
    """A board's name, and who sees it where not everyone does."""
    privacy = str(board.get("privacy") or "PUBLIC")
    return str(board["name"]) if privacy == "PUBLIC" else f"{board['name']} ({privacy.lower()})"


def listed(choices: list[tuple[str, str]]) -> list[Json]:
    """Choices as the account's limits keep them, by their labels."""
    return [[value, label] for value, label in sorted(choices, key=lambda choice: choice[1].casefold())]
