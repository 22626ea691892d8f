"""Google's word that a profile has a new review: a Cloud Pub/Sub push, with a token that Google signed.

The audience of the subscription's token is our webhook's secret, so whoever comes with it is both Google and
set up by us. The token says nothing of the body, so what is told there only bids us look.
"""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from platforms._google import Google
from platforms.content import Event, Incoming
from platforms.errors import PlatformError

KEYS = "https://www.googleapis.com"
ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
REVIEWS = frozenset({"NEW_REVIEW", "UPDATED_REVIEW"})
SKEW = 60


class GoogleBusinessPush(Google):
    def verify_webhook(self, request: Incoming) -> bool:
        """What does not even know the audience is turned away before Google is asked for its keys."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = json.loads(jws.extract_compact(token.encode()).payload)
            if not self._is_for_us(claims):
                return False
            answer = self.connection.transport.request("GET", f"{self.host(KEYS)}/oauth2/v3/certs")
            keys = KeySet.import_key_set(answer.json)  # type: ignore[arg-type]
            return bool(jwt.decode(token, keys, algorithms=["RS256"]).claims == claims)
        except (JoseError, PlatformError, ValueError, TypeError, KeyError, AttributeError):
            return False  # what is real comes again: Pub/Sub repeats what is not taken

    def _is_for_us(self, claims: Mapping[str, Any]) -> bool:
        # Google calls the audience "case-insensitive".
        secret, audience = self.app.webhook_secret.lower(), str(claims.get("aud")).lower()
        now = time.time()
        return (
            bool(secret)
            and hmac.compare_digest(secret.encode(), audience.encode())
            and claims.get("iss") in ISSUERS
            and float(claims["exp"]) > now - SKEW
            and float(claims["iat"]) < now + SKEW
        )

    def parse_webhook(self, request: Incoming) -> list[Event]:
        message = mapping(mapping(request.body).get("message"))
        told = mapping(decoded(str(message.get("data") or "")))
        named = mapping(message.get("attributes"))

        def word(*names: str) -> str:
            """A field under one of its spellings; the documents have several."""
            return str(next((source[n] for source in (told, named) for n in names if source.get(n)), ""))

        location, review = word("location_name", "locationName"), word("review_name", "reviewName")
        kind = word("notification_type", "notificationType", "type")
        account = review.partition("/reviews/")[0] or location
        is_review = bool(review) and (not kind or kind in REVIEWS)
        return [Event("message" if is_review else "other", account, review or location, extra={"what": kind})]


def mapping(raw: object) -> dict[str, Any]:
    """A JSON object, {} where it is none."""
    try:
        found = json.loads(raw) if isinstance(raw, bytes) else raw
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def decoded(written: str) -> bytes:
    """The bytes of base64, b'' where it is none."""
    try:
        return base64.b64decode(written)
    except ValueError:
        return b""
