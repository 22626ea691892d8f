"""How LinkedIn is spoken to: a dated version of its REST API, Rest.li's headers, and what refusals say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from platforms._linkedin_rules import FAILURES
from platforms.failures import Said
from platforms.oauth import OAuth, OAuthPlatform
from platforms.transport import Answer


class LinkedInWire(OAuthPlatform):
    name = "linkedin"
    label = "LinkedIn"
    api_url = "https://api.linkedin.com"
    auth_url = "https://www.linkedin.com"
    upload_url = "https://www.linkedin.com"  # uploads go where LinkedIn says, which is there
    version: ClassVar[str] = "202609"  # each lives for a year at least; its end is answered with 426
    oauth = OAuth(
        "/oauth/v2/authorization",
        "/oauth/v2/accessToken",
        "/oauth/v2/revoke",
        tokens_at="auth_url",
        pkce=False,
    )
    failures = FAILURES

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "X-Restli-Protocol-Version": "2.0.0"}

    def rest(self, method: str, path: str, *, action: str = "", **request: Any) -> Answer:
        """A call of the versioned API; `action` is Rest.li's method where the HTTP method does not say it."""
        versioned = {"LinkedIn-Version": self.version}
        headers = versioned | ({"X-RestLi-Method": action} if action else {})
        return self.call(method, f"/rest{path}", headers=headers, **request)

    def elements(self, path: str, most: int) -> Iterator[dict[str, Any]]:
        """What a finder or a list holds, page by page of 100, up to `most`."""
        action, joint = ("FINDER", "&") if "?" in path else ("", "?")
        for start in range(0, most, 100):
            page = self.rest("GET", f"{path}{joint}start={start}&count=100", action=action).json
            found = page.get("elements") or []
            yield from found
            if len(found) < 100:
                return

    @property
    def is_page(self) -> bool:
        return ":organization:" in self.connection.remote_id

    def may(self, scope: str) -> bool:
        """Whether the person allowed something."""
        return self.token is not None and scope in self.token.scopes

    @classmethod
    def said(cls, answer: Answer) -> Said:
        body = answer.maybe_json
        if not isinstance(body, dict):
            return Said()
        details = body.get("errorDetails")
        listed = details.get("inputErrors") or [] if isinstance(details, dict) else []
        inner = [error for error in listed if isinstance(error, dict)]
        codes = [*(error.get("code") for error in inner), body.get("code"), body.get("serviceErrorCode")]
        sentence = next((error["description"] for error in inner if error.get("description")), "")
        message = str(body.get("message") or sentence)
        return Said(tuple(str(code) for code in codes if code), message, _until(answer, message))


def _until(answer: Answer, message: str) -> datetime | None:
    """When a limit ends: limits by the day do at midnight UTC."""
    if answer.status != 429 or " DAY " not in message:
        return None
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)
