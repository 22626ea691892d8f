"""Mastodon, and the servers that speak its API: each its own host, its own limits, its own quirks."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from platforms._mastodon_login import CLIENT_NAME, MastodonLogin
from platforms._mastodon_server import is_same_post, known, moment, rate_limit_of, retry_at_of, sentence, skew
from platforms.base import ConnectMethod, Field, by_status
from platforms.content import Draft, Json, MediaFile, Part, Published, RateLimit
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.languages import LANGUAGES
from platforms.ledger import Ledger, repeatable
from platforms.rules import Images, Option, Rules, Text
from platforms.text import mastodon_length
from platforms.transport import Answer

SETTLES = timedelta(seconds=10)  # a server that we hung up on may still be writing the post
FORGOTTEN = timedelta(hours=12)  # servers sweep pictures that no post uses after about a day
LOOK_BACK = 10  # pages of the account's own posts

Post = dict[str, Json]


class Mastodon(MastodonLogin):
    name = "mastodon"
    label = "Mastodon"
    icon = "brand-mastodon"
    colour = "#6364ff"
    scopes = ("read:accounts", "read:statuses", "write:statuses", "write:media")
    connect_methods = (
        ConnectMethod(
            "oauth",
            "Sign in on your server",
            fields=(
                Field(
                    "server",
                    "Server",
                    "Where your account lives: the last part of @you@server.",
                    placeholder="mastodon.social",
                ),
            ),
        ),
    )
    rules = Rules(
        text=Text(500, count=mastodon_length),
        images=Images(
            at_most=4,
            formats=("image/jpeg", "image/png", "image/gif", "image/webp"),
            max_bytes=16_777_216,
            max_pixels=33_177_600,
            alt_text=1500,
        ),
        thread_at_most=100,
    )
    options = (
        Option(
            "visibility",
            "Who sees it",
            "choice",
            choices=(
                ("", "As set on the account"),
                ("public", "Everyone"),
                ("unlisted", "Everyone, but not in public timelines"),
                ("private", "Followers only"),
                ("direct", "Only people mentioned"),
            ),
            help="The later posts of a public thread stay out of public timelines.",
        ),
        Option(
            "spoiler_text",
            "Content warning",
            "text",
            max_length=500,
            help="Shown instead of the text until somebody opens it; counts towards the length.",
        ),
        Option("sensitive", "Hide the pictures until pressed", "flag", default=False),
        Option(
            "language",
            "Language",
            "choice",
            choices=(("", "As set on the account"), *LANGUAGES),
            help="Readers filter and translate by it.",
        ),
    )

    # --- publishing ---

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        rules = rules.with_limits(
            text=cast(int | None, limits.get("text")),
            images=cast(Mapping[str, int], limits.get("images") or {}),
        )
        if "url_length" in limits:
            count = partial(mastodon_length, url_length=cast(int, limits["url_length"]))
            rules = replace(rules, text=replace(rules.text, count=count))
        return replace(rules, media_at_least=1) if limits.get("needs_media") else rules

    @classmethod
    def rules_with(
        cls, limits: Mapping[str, Json], options: Mapping[str, Json], media: Sequence[MediaFile] = ()
    ) -> Rules:
        rules = super().rules_with(limits, options, media)
        warning = rules.text.length(str(options.get("spoiler_text") or ""))
        return rules.with_limits(text=max(rules.text.limit - warning, 1))

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        posts: list[Post] = []
        for number, part in enumerate(draft.parts, 1):
            body = self._body(draft, part, posts, self._pictures(draft, number, ledger))
            step = "post" if len(draft.parts) == 1 else f"post {number} of {len(draft.parts)}"
            send = partial(self._send, f"{draft.key}-{number}", body)
            posts.append(ledger.once(step, send, find=partial(self._look, body)))
        return published(posts)

    def find(self, draft: Draft, since: datetime) -> Published | None:
        posts: list[Post] = []
        for part in draft.parts:
            post = self._there(self._body(draft, part, posts, [""] * len(part.media)), since)
            if post is None:
                break
            posts.append(post)
        return published(posts) if posts else None

    def recognise(self, permalink: str) -> Json:
        remote_id = urlsplit(permalink).path.rstrip("/").rpartition("/")[2]
        if not remote_id.isalnum():
            raise InvalidContent(f"This is not the address of a post on {self.label}.")
        status = known(self.call("GET", f"/api/v1/statuses/{remote_id}"), "id")
        author = status.get("account")
        account_id = str(author.get("id")) if isinstance(author, dict) else ""
        if account_id != self.connection.remote_id.partition("@")[0]:
            raise InvalidContent("This is not a post of this account.")
        return post_of(status)

    def delete(self, to_delete: Published) -> None:
        for remote_id in reversed(to_delete.part_ids or (to_delete.remote_id,)):
            with suppress(NotFound):
                path = f"/api/v1/statuses/{remote_id}"
                repeatable(partial(self.call, "DELETE", path, params={"delete_media": "true"}))

    def _pictures(self, draft: Draft, number: int, ledger: Ledger) -> list[str]:
        """The ids of a part's pictures, on the server and ready to be used."""
        of_post = f" of post {number}" if len(draft.parts) > 1 else ""
        ids = []
        for n, media in enumerate(draft.parts[number - 1].media, 1):
            step = f"picture {n}{of_post}"
            upload = ledger.repeat(step, partial(self._upload, media))
            while datetime.now(UTC) - datetime.fromisoformat(str(upload["at"])) > FORGOTTEN:
                step += " again"
                upload = ledger.repeat(step, partial(self._upload, media))
            if not upload["ready"]:
                ledger.wait(f"{step} processed", partial(self._is_ready, upload), every=3, at_most=600)
            ids.append(str(upload["id"]))
        return ids

    def _upload(self, media: MediaFile) -> dict[str, Json]:
        try:
            answer = self._post_media("/api/v2/media", media)
        except NotFound:  # servers older than 2020
            answer = self._post_media("/api/v1/media", media)
        return {
            "id": str(known(answer, "id")["id"]),
            "ready": answer.status != 202,
            "at": datetime.now(UTC).isoformat(),
        }

    def _post_media(self, path: str, media: MediaFile) -> Answer:
        form = {"description": media.alt} if media.alt else None
        with media.open() as stream:
            return self.call(
                "POST", path, form=form, files={"file": (media.name, stream, media.content_type)}
            )

    def _is_ready(self, upload: Mapping[str, Json]) -> bool:
        return self.call("GET", f"/api/v1/media/{upload['id']}").status == 200

    @staticmethod
    def _body(draft: Draft, part: Part, before: Sequence[Post], media_ids: Sequence[str]) -> dict[str, Json]:
        body: dict[str, Json] = {"status": part.text}
        if media_ids:
            body["media_ids"] = list(media_ids)
        for name in ("visibility", "spoiler_text", "language"):
            if draft.option(name):
                body[name] = draft.option(name)
        if draft.options.get("sensitive") is True:
            body["sensitive"] = True
        if before:
            body["in_reply_to_id"] = before[-1]["id"]
            shown_to = before[0]["visibility"]
            body["visibility"] = "unlisted" if shown_to == "public" else shown_to
        return body

    def _send(self, key: str, body: dict[str, Json]) -> Post:
        # Some servers answer a key for ever as they did at first: a post that was changed needs another one.
        key += "-" + hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
        answer = self._post(key, body)
        if not answer.ok and "idempotent-replayed" in answer.headers:
            # An old refusal was read out again; this request was not looked at, and the ledger knows that the
            # first one made nothing.
            answer = self._post(f"{key}-{datetime.now(UTC).timestamp():.0f}", body)
        return post_of(known(self.accept(answer), "id"))

    def _post(self, key: str, body: dict[str, Json]) -> Answer:
        return self.connection.transport.request(
            "POST",
            self.app.api_url + "/api/v1/statuses",
            headers={**self.headers(), "Idempotency-Key": key},
            json=body,
        )

    # --- looking ---

    def _look(self, body: Mapping[str, Json], since: datetime) -> Post | None:
        there = self._there(body, since)
        if there is None and datetime.now(UTC) - since < SETTLES:
            raise OutcomeUnknown(f"It is not on {self.label} yet, but may still appear.")
        return there

    def _there(self, body: Mapping[str, Json], since: datetime) -> Post | None:
        """The post with this content among the account's own since a moment by our clock."""
        account = self.connection.remote_id.partition("@")[0]
        params = {"limit": "40", "exclude_reblogs": "true"}
        for _page in range(LOOK_BACK):
            answer = self.call("GET", f"/api/v1/accounts/{account}/statuses", params=params)
            if not isinstance(answer.maybe_json, list):
                raise Unavailable(f"{self.label} did not say what was posted.", detail=answer.text)
            statuses = [status for status in answer.maybe_json if isinstance(status, dict)]
            earliest = since + skew(answer)
            for status in statuses:
                if (moment(status.get("created_at")) or earliest) < earliest:
                    return None
                if is_same_post(status, body, CLIENT_NAME):
                    return post_of(status)
            if not statuses:
                return None
            params["max_id"] = str(statuses[-1].get("id"))
        raise OutcomeUnknown("There are too many newer posts to be sure.")

    # --- what answers mean ---

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "Accept-Language": "en"}

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        return rate_limit_of(answer)

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        said = answer.text.lower()
        kind: type[PlatformError] | None = None
        if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
            message, retry_at = f"{cls.label} asks us to slow down.", retry_at_of(answer)
            return RateLimited(message, retry_at=retry_at, status=answer.status, detail=answer.text)
        match answer.status:
            case 400 if "idempotency" in said:
                kind = OutcomeUnknown  # it was sent before, and nobody says what became of it
            case 400 if "bearer token" in said:
                kind = TokenExpired
            case 422 if "duplicate record" in said:
                kind = Duplicate
            case 422 if "finished processing" in said:
                kind = Unavailable
            case 422 if "/media" in urlsplit(answer.url).path:
                kind = MediaRejected
        if kind is None:
            return by_status(cls.label, answer, sentence(cls.label, answer))
        return kind(sentence(cls.label, answer), status=answer.status, detail=answer.text)


def post_of(status: Mapping[str, Any]) -> Post:
    """What is kept of a Status."""
    return {
        "id": str(status["id"]),
        "url": str(status.get("url") or status.get("uri") or ""),
        "visibility": str(status.get("visibility") or "public"),
    }


def published(posts: Sequence[Post]) -> Published:
    ids = tuple(str(post["id"]) for post in posts)
    return Published(ids[0], str(posts[0]["url"]), ids)
