"""Speaking to X: reads in either of its two vocabularies, what refusals and headers mean."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from platforms._x import said_by
from platforms._x_failures import FAILURES, said
from platforms.content import RateLimit
from platforms.errors import InvalidContent, MediaRejected, OutcomeUnknown, PlatformError
from platforms.failures import Said
from platforms.oauth import OAuth, OAuthPlatform
from platforms.quotas import Each
from platforms.transport import Answer

# What X shows of new posts and messages lags: until this has passed since a try, absence proves nothing.
INDEX_LAG = timedelta(seconds=60)
WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
PUBLIC_WRITES = ("/2/tweets", "/messages")
UPLOADS = re.compile(r"/2/media/(upload|metadata)\b")

# X renamed a part of its vocabulary in 2026; servers speak old, new or both. Ask in the new, else in the old.
OLD_FIELDS = {"note_post": "note_tweet"}
FIELDS_OF = {  # what the new words name among the expansions alone
    "author_id": "author_id",
    "edit_history_post_ids": "edit_history_tweet_ids",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_posts": "referenced_tweets",
}
OLD_EXPANSIONS = frozenset({"attachments.media_keys", "author_id"})
NEW_NAMES = re.compile(r"post\.fields|note_post|expansions|referenced_posts")


class XApi(OAuthPlatform):
    oauth = OAuth("/i/oauth2/authorize", "/2/oauth2/token", "/2/oauth2/revoke", client_auth="basic")
    failures = FAILURES

    def read_posts(
        self, path: str, params: Mapping[str, str], fields: Sequence[str], expansions: Sequence[str]
    ) -> dict[str, Any]:
        """An answer about posts. `fields` and `expansions` are named in the new words."""
        new = {"post.fields": ",".join(fields), "expansions": ",".join(expansions)}
        try:
            return self.call("GET", path, params={**params, **new}).json
        except InvalidContent as error:
            if not NEW_NAMES.search(error.detail):
                raise
        return self.call("GET", path, params={**params, **in_old_words(fields, expansions)}).json

    def permalink(self, remote_id: str, handle: str = "") -> str:
        return f"{self.app.auth_url}/{handle or self.connection.handle or 'i/web'}/status/{remote_id}"

    # --- understanding ---

    @classmethod
    def said(cls, answer: Answer) -> Said:
        limit = cls.rate_limit(answer) if answer.status == 429 else None
        until = limit.resets_at if limit and limit.remaining <= 0 else None
        return replace(said(answer), retry_at=until)

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        status, detail = answer.status, answer.text
        if status >= 500 and answer.method == "POST" and answer.url.endswith(PUBLIC_WRITES):
            # After any of them, 503 too, the post may stand.
            return OutcomeUnknown(f"X broke off with {status}.", status=status, detail=detail)
        if status == 400 and UPLOADS.search(answer.url):
            told = "".join(f"X says: {words}" for words in said_by(answer)[:1])
            action = "Change the picture or video and try again."
            return MediaRejected(
                told or "X does not accept the file.", status=status, detail=detail, action=action
            )
        return super().classify(answer)

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        """The window that holds longest among those used up, else the first."""
        limits = [limit for prefix in WINDOWS if (limit := window(answer, prefix))]
        spent = [limit for limit in limits if limit.remaining <= 0]
        return max(spent, key=lambda limit: limit.resets_at) if spent else next(iter(limits), None)


def window(answer: Answer, prefix: str) -> RateLimit | None:
    try:
        names = (f"{prefix}-{name}" for name in ("limit", "remaining", "reset"))
        limit, remaining, reset = (int(answer.headers[name]) for name in names)
    except (KeyError, ValueError):
        return None
    path = re.sub(r"\b\d+\b", "{id}", urlsplit(answer.url).path.partition("/2/")[2])
    until = datetime.fromtimestamp(reset, UTC)
    each: Each = "app" if prefix.startswith("x-app") else "account"
    return RateLimit(f"{answer.method} /2/{path}", limit, remaining, until, each)


def in_old_words(fields: Sequence[str], expansions: Sequence[str]) -> dict[str, str]:
    old = [OLD_FIELDS.get(name, name) for name in fields]
    old += [FIELDS_OF[name] for name in expansions if name in FIELDS_OF]
    kept = [name for name in expansions if name in OLD_EXPANSIONS]
    return {"tweet.fields": ",".join(old), **({"expansions": ",".join(kept)} if kept else {})}


def pages(
    ask: Callable[[Mapping[str, str]], dict[str, Any]], params: Mapping[str, str], most: int
) -> Iterator[dict[str, Any]]:
    """Answers, one after the other, as long as there are more."""
    for _ in range(most):
        page = ask(params)
        yield page
        if not next_of(page):
            return
        params = {**params, "pagination_token": next_of(page)}


def next_of(page: Mapping[str, Any]) -> str:
    return str((page.get("meta") or {}).get("next_token") or "")


def users_of(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The people whom an answer tells of, by their ids."""
    for user in (body.get("includes") or {}).get("users") or []:
        yield str(user["id"]), user
