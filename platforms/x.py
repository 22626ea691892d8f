"""X, API v2. It knows no idempotency keys: a post in doubt is looked up in the account's own timeline."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from platforms._links import x_links
from platforms._x import (
    comparable,
    entity,
    is_processed,
    media_of,
    parent_of,
    said_by,
    text_of,
    understood,
)
from platforms.base import by_status
from platforms.content import Draft, Json, MediaFile, Part, Profile, Published, RateLimit, Token
from platforms.errors import (
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
from platforms.ledger import Ledger, repeatable
from platforms.oauth import OAuth, OAuthPlatform
from platforms.rules import Finding, Images, Option, Rules, Text
from platforms.text import forbidden_characters, weighted_length
from platforms.transport import Answer

# A timeline shows a new post some seconds late: until this has passed since a try, absence proves nothing.
INDEX_LAG = timedelta(seconds=60)
# Look-ups start this long before a try: clocks differ, and the try before may have been hidden for longer.
LOOKS_BACK = timedelta(minutes=10)
MOST_PAGES = 5  # of 100 posts each, in one look-up
MEDIA_LIVES = timedelta(hours=23, minutes=50)  # counted on, whatever longer life an upload is promised
MOST_UPLOADS = 20  # of one picture, each a day after the one before
PROCESSING_SECONDS = 600.0
LONG_POSTS = frozenset({"Basic", "Premium", "PremiumPlus"})
CASHTAG = re.compile(r"(?<!\S)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?\b")
WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")

# X renamed a part of its vocabulary in 2026; servers speak old, new or both. Ask in the new, else in the old.
NEW_WORDS = {
    "post.fields": "attachments,created_at,entities,note_post",
    "expansions": "attachments.media_keys,referenced_posts",
}
OLD_WORDS = {
    "tweet.fields": "attachments,created_at,entities,note_tweet,referenced_tweets",
    "expansions": "attachments.media_keys",
}
NEW_NAMES = re.compile(r"post\.fields|note_post|expansions|referenced_posts")


@dataclass(frozen=True)
class Element:
    """One post of a thread: as it is sent, and as it is recognised."""

    part: Part
    media_ids: tuple[str, ...] | None = ()  # None: there are pictures, under ids that nobody remembers
    parent: str = ""
    reply_settings: str = ""

    @property
    def body(self) -> dict[str, Json]:
        body: dict[str, Json] = {"text": self.part.text} if self.part.text else {}
        if self.media_ids:
            body["media"] = {"media_ids": list(self.media_ids)}
        if self.parent:
            body["reply"] = {"in_reply_to_tweet_id": self.parent}
        if self.reply_settings:
            body["reply_settings"] = self.reply_settings
        return body

    def is_same(self, post: Mapping[str, Any]) -> bool:
        """Whether a post of the timeline is this one: the same text, or without text the same pictures."""
        if parent_of(post) != self.parent or comparable(text_of(post)) != comparable(self.part.text):
            return False
        if self.media_ids is None and not self.part.text.strip():
            raise OutcomeUnknown("X shows a post of pictures alone; only a person can tell which.")
        return bool(self.part.text.strip()) or media_of(post) == set(self.media_ids or ())


class X(OAuthPlatform):
    name = "x"
    label = "X"
    icon = "brand-x"
    colour = "#000000"
    api_url = "https://api.x.com"
    auth_url = "https://x.com"
    upload_url = "https://api.x.com"
    scopes = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
    oauth = OAuth("/i/oauth2/authorize", "/2/oauth2/token", "/2/oauth2/revoke", client_auth="basic")
    rules = Rules(
        text=Text(280, count=weighted_length),
        images=Images(at_most=4, formats=("image/jpeg", "image/png", "image/webp")),
        thread_at_most=25,
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "reply_settings",
            "Who can reply",
            "choice",
            choices=(
                ("", "Everyone"),
                ("following", "Accounts you follow"),
                ("verified", "Verified accounts"),
                ("subscribers", "Your subscribers"),
                ("mentionedUsers", "Only accounts you mention"),
            ),
            help="Set on the first post of a thread.",
        ),
    )

    # --- connecting ---

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        try:
            return super().exchange(answer, kept)
        except TokenExpired as error:
            raise PermissionMissing(
                "X's permission ran out before it was used: it lives for 30 seconds.",
                status=error.status,
                detail=error.detail,
                action="Connect again.",
            ) from error

    def profiles(self) -> list[Profile]:
        wanted = {"user.fields": "profile_image_url,subscription_type"}
        user = entity(self.call("GET", "/2/users/me", params=wanted))
        return [
            Profile(
                remote_id=user["id"],
                handle=user["username"],
                name=user["name"],
                avatar_url=user.get("profile_image_url", "").replace("_normal.", "."),
                url=f"{self.app.auth_url}/{user['username']}",
                limits={"subscription_type": user.get("subscription_type", "None")},
            )
        ]

    # --- before sending ---

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        is_long = limits.get("subscription_type") in LONG_POSTS
        return rules.with_limits(text=25_000) if is_long else rules

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        own = (finding for n, part in enumerate(draft.parts, 1) for finding in check_text(n, part.text))
        return [*super().check(draft, limits), *own]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """All pictures first, so that a bad one never leaves half a thread; then post after post."""
        total = len(draft.parts)
        uploaded = [self._pictures(ledger, n, part, total) for n, part in enumerate(draft.parts, 1)]
        ids: list[str] = []
        for number, (part, media_ids) in enumerate(zip(draft.parts, uploaded, strict=True), 1):
            parent, settings = (ids[-1], "") if ids else ("", draft.option("reply_settings"))
            element = Element(part, media_ids, parent, settings)
            step = "post" if total == 1 else f"post {number} of {total}"
            post = ledger.once(step, partial(self._post, element), find=partial(self._find, element))
            ids.append(str(post["id"]))
        return Published(ids[0], self._permalink(ids[0]), tuple(ids))

    def find(self, draft: Draft, since: datetime) -> Published | None:
        part = draft.parts[0]
        post = self._find(Element(part, None if part.media else ()), since)
        return Published(post["id"], self._permalink(post["id"]), (post["id"],)) if post else None

    def recognise(self, permalink: str) -> Json:
        found = re.search(r"/status/([0-9]{1,19})(?:[/?#]|$)", permalink)
        if not found:
            raise InvalidContent("This is not the address of a post on X.")
        return {"id": found[1]}

    def delete(self, published: Published) -> None:
        for remote_id in reversed(published.part_ids or (published.remote_id,)):
            repeatable(partial(self._delete, remote_id))

    def _pictures(self, ledger: Ledger, number: int, part: Part, total: int) -> tuple[str, ...]:
        of_post = "" if total == 1 else f" of post {number}"
        steps = (f"picture {n}{of_post}" for n in range(1, len(part.media) + 1))
        return tuple(self._picture(ledger, step, file) for step, file in zip(steps, part.media, strict=True))

    def _picture(self, ledger: Ledger, step: str, file: MediaFile) -> str:
        """The id of an uploaded picture; ids live for a day, so a later try uploads it once more."""
        for n in range(1, MOST_UPLOADS + 1):
            name = step if n == 1 else f"{step} ({n})"
            upload = ledger.repeat(name, partial(self._upload, file))
            if datetime.fromisoformat(upload["until"]) > datetime.now(UTC):
                return self._prepare(ledger, name, file, upload)
        raise MediaRejected("X did not keep the picture long enough.")

    def _prepare(self, ledger: Ledger, name: str, file: MediaFile, upload: dict[str, Any]) -> str:
        media_id: str = upload["id"]
        if upload["check_after"]:
            ready = partial(self._is_ready, media_id)
            ledger.wait(f"{name} ready", ready, every=upload["check_after"], at_most=PROCESSING_SECONDS)
        if file.alt:
            ledger.repeat(f"{name} described", partial(self._describe, media_id, file.alt))
        return media_id

    def _upload(self, file: MediaFile) -> dict[str, Any]:
        with file.open() as stream:
            answer = self.call(
                "POST",
                f"{self.app.upload_url}/2/media/upload",
                form={"media_category": "tweet_image", "media_type": file.content_type},
                files={"media": ("picture", stream, file.content_type)},
            )
        upload = entity(answer)
        lives = min(timedelta(seconds=float(upload.get("expires_after_secs", 86_400))), MEDIA_LIVES)
        processing = {} if is_processed(upload) else upload["processing_info"]
        return {
            "id": upload["id"],
            "until": (datetime.now(UTC) + lives).isoformat(),
            "check_after": processing and processing.get("check_after_secs", 1),
        }

    def _is_ready(self, media_id: str) -> bool:
        look = {"command": "STATUS", "media_id": media_id}
        return is_processed(entity(self.call("GET", f"{self.app.upload_url}/2/media/upload", params=look)))

    def _describe(self, media_id: str, alt: str) -> bool:
        metadata: Json = {"id": media_id, "metadata": {"alt_text": {"text": alt}}}
        self.call("POST", f"{self.app.upload_url}/2/media/metadata", json=metadata)
        return True

    def _post(self, element: Element) -> dict[str, Any]:
        try:
            return {"id": entity(self.call("POST", "/2/tweets", json=element.body))["id"]}
        except NotFound as error:
            if not element.parent:
                raise
            # For some seconds a new post is "not visible" to the reply that continues it.
            message = "X does not show the post before this one (yet)."
            raise Unavailable(message, status=error.status, detail=error.detail) from error

    def _delete(self, remote_id: str) -> None:
        try:
            self.call("DELETE", f"/2/tweets/{remote_id}")
        except NotFound:
            return

    # --- looking ---

    def _find(self, element: Element, since: datetime) -> dict[str, Any] | None:
        for post in self._timeline(since):
            if element.is_same(post):
                return {"id": post["id"]}
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("X may have the post and not show it yet.")
        return None

    def _timeline(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """All that the account published since then, replies too."""
        start = (since - LOOKS_BACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        params = {"max_results": "100", "start_time": start}
        for _ in range(MOST_PAGES):
            page = self._read(f"/2/users/{self.connection.remote_id}/tweets", params)
            yield from page.get("data", [])
            token = page.get("meta", {}).get("next_token")
            if not token:
                return
            params["pagination_token"] = token
        raise OutcomeUnknown("The account published too much since then to look through all of it.")

    def _read(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        try:
            return self.call("GET", path, params={**params, **NEW_WORDS}).json
        except InvalidContent as error:
            if not NEW_NAMES.search(error.detail):
                raise
        return self.call("GET", path, params={**params, **OLD_WORDS}).json

    def _permalink(self, remote_id: str) -> str:
        return f"{self.app.auth_url}/{self.connection.handle or 'i/web'}/status/{remote_id}"

    # --- understanding ---

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        status, detail = answer.status, answer.text
        if status == 401:
            return TokenExpired("X no longer accepts the connection.", status=status, detail=detail)
        if status == 429:
            limit = cls.rate_limit(answer)
            until = limit.resets_at if limit else None
            return RateLimited("X asks us to slow down.", retry_at=until, status=status, detail=detail)
        if status == 409:
            return Unavailable("X is busy with this account just now.", status=status, detail=detail)
        if status >= 500 and answer.method == "POST" and answer.url.endswith("/2/tweets"):
            # After any of them, 503 too, the post may stand.
            return OutcomeUnknown(f"X broke off with {status}.", status=status, detail=detail)
        said = "".join(f"X says: {words}" for words in said_by(answer)[:1])
        if status == 400 and "/2/media/" in answer.url:
            return MediaRejected(said or "X does not accept the picture.", status=status, detail=detail)
        return understood(answer) or by_status(cls.label, answer, said)

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
    return RateLimit(f"{answer.method} /2/{path}", limit, remaining, datetime.fromtimestamp(reset, UTC))


def check_text(number: int, text: str) -> Iterator[Finding]:
    """What X refuses, or bills differently, whatever the length."""
    if forbidden_characters(text):
        message = "The text holds an invisible character that X refuses."
        yield Finding("forbidden_characters", message, part=number)
    if len(CASHTAG.findall(text)) > 1:
        message = "X refuses more than one cashtag ($NAME) from most apps."
        yield Finding("many_cashtags", message, severity="warning", part=number)
    if any(x_links(text)):
        message = "With prepaid credits, X bills $0.20 for a post with a link and $0.015 for one without."
        yield Finding("link_costs", message, severity="warning", part=number)
