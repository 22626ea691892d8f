"""How TikTok is connected and spoken to: its OAuth's quirks, its envelope, and what a creator may do."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from platforms._tiktok_post import limits_of
from platforms._tiktok_words import FAILED, FAILURES, OK, TOKEN_FAILURES
from platforms.content import Json, Profile
from platforms.errors import PermissionMissing, PlatformError, RateLimited, Refused
from platforms.failures import Said, understood
from platforms.ledger import repeatable
from platforms.oauth import OAuth, OAuthPlatform
from platforms.transport import Answer

JSON = {"Content-Type": "application/json; charset=UTF-8"}
FIELDS_BY_SCOPE = {
    "user.info.basic": ("open_id", "avatar_url", "display_name"),
    "user.info.profile": ("username",),
}
ONLY_DRAFTS: Mapping[str, Json] = {"only_drafts": True}


class TikTokLogin(OAuthPlatform):
    label = "TikTok"
    failures = FAILURES
    scopes = (
        "user.info.basic",
        "user.info.profile",
        "user.info.stats",
        "video.list",
        "video.publish",
        "video.upload",
    )
    posting_scopes = (("video.publish", "video.upload"),)
    oauth = OAuth(
        "/v2/auth/authorize/",
        "/v2/oauth/token/",
        "/v2/oauth/revoke/",
        client_param="client_key",
        challenge=lambda verifier: hashlib.sha256(verifier.encode()).hexdigest(),
        scope_separator=",",
        gone=frozenset(),  # TOKEN_FAILURES knows better
        authorize_params={"disable_auto_auth": "1"},  # else nobody could connect a second account
    )

    # --- connecting ---

    def post_form(self, path: str, form: Mapping[str, str]) -> Answer:
        """TikTok's OAuth endpoints refuse inside a success, too."""
        answer = super().post_form(path, form)
        if self.said(answer).codes:
            raise self.token_error(answer)
        return answer

    def token_error(self, answer: Answer) -> PlatformError:
        return understood(TOKEN_FAILURES, self.said(answer), answer) or super().token_error(answer)

    def profiles(self) -> list[Profile]:
        if not {"video.publish", "video.upload"} & self._granted:
            raise PermissionMissing("TikTok was not allowed to let this desk post.")
        user = self.user(*(field for scope in FIELDS_BY_SCOPE for field in self._fields(scope)))
        creator: dict[str, Any] = {}
        if self._may_post:
            with suppress(RateLimited, PermissionMissing):  # full or blocked: no reason not to connect
                creator = self._creator()
        handle = str(user.get("username") or creator.get("creator_username") or "")
        if not handle or not user.get("open_id"):
            raise PermissionMissing("TikTok did not tell whose account this is.")
        return [
            Profile(
                str(user["open_id"]),
                handle,
                str(user.get("display_name") or handle),
                str(user.get("avatar_url") or ""),
                self.profile_url(handle),
                limits_of(creator) if self._may_post else ONLY_DRAFTS,
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        return limits_of(self._creator()) if self._may_post else ONLY_DRAFTS

    @property
    def _granted(self) -> frozenset[str]:
        """What the person allowed, which may be less than was asked for."""
        return frozenset(self.token.scopes if self.token and self.token.scopes else self.scopes)

    @property
    def _may_post(self) -> bool:
        return "video.publish" in self._granted

    def _fields(self, scope: str) -> tuple[str, ...]:
        return FIELDS_BY_SCOPE[scope] if scope in self._granted else ()

    def _creator(self) -> dict[str, Any]:
        return self.read("/v2/post/publish/creator_info/query/")

    def user(self, *fields: str) -> dict[str, Any]:
        answer = self.call("GET", "/v2/user/info/", params={"fields": ",".join(fields)})
        return an_object(an_object(answer.json.get("data")).get("user"))

    def profile_url(self, handle: str) -> str:
        return f"{self.app.auth_url}/@{handle}"

    # --- speaking ---

    def ask(self, path: str, body: Json = None) -> dict[str, Any]:
        """What a POST brings back."""
        answer = self.call("POST", path, json=body, headers=JSON)
        return an_object(answer.json.get("data"))

    def read(self, path: str, body: Json = None) -> dict[str, Any]:
        """The same where nothing changes: it may be asked again."""
        return repeatable(partial(self.ask, path, body))

    def accept(self, answer: Answer) -> Answer:
        """TikTok refuses inside a success, too: only the code "ok" is one, and a failed post is none."""
        codes = self.said(super().accept(answer)).codes
        if not codes:
            raise answer.doubtful("TikTok answered something that cannot be read.", detail=answer.text)
        if codes[0] != OK:
            raise self.classify(answer)
        return answer

    @classmethod
    def said(cls, answer: Answer) -> Said:
        body = an_object(answer.maybe_json)
        if isinstance(body.get("error"), str):  # OAuth's endpoints have no envelope
            return Said((body["error"],), str(body.get("error_description") or ""))
        error, data = an_object(body.get("error")), an_object(body.get("data"))
        reason = (data.get("fail_reason") or FAILED) if data.get("status") == FAILED else ""
        codes = (reason, str(error.get("code") or ""))
        return Said(tuple(filter(None, codes)), str(error.get("message") or ""))

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        said = cls.said(answer)
        if answer.ok and not understood(cls.failures, said, answer):
            words = said.sentence or said.codes[0]
            return Refused(f"TikTok refuses this post: {words}.", status=answer.status, detail=answer.text)
        return super().classify(answer)


def an_object(value: Any) -> dict[str, Any]:
    """A JSON object; an empty one where there is another thing."""
    return value if isinstance(value, dict) else {}
