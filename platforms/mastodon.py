"""Mastodon, and the servers that speak its API: each its own host, its own limits, its own quirks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from platforms._mastodon_failures import FAILURES, said_by
from platforms._mastodon_inbox import MastodonInbox
from platforms._mastodon_post import (
    FORGOTTEN,
    SETTLES,
    Post,
    Status,
    body_of,
    changes_of,
    post_of,
    published,
)
from platforms._mastodon_rules import KINDS, OPTIONS, POST, check_options, limited, options_for
from platforms._mastodon_server import known, moment, plain, rate_limit_of, sentence, skew
from platforms.base import ConnectMethod, Field
from platforms.content import Draft, Json, MediaFile, Metric, Metrics, Published, RateLimit, Standing
from platforms.errors import InvalidContent, MediaRejected, NotFound, PlatformError
from platforms.failures import Said, by_status, understood
from platforms.ledger import Ledger, repeatable
from platforms.quotas import Cost, Quota
from platforms.rules import Finding, Rules, check
from platforms.transport import Answer

__all__ = ["FORGOTTEN", "SETTLES", "Mastodon"]

OF_POSTS: dict[str, Metric] = {
    "favourites_count": "likes",
    "replies_count": "comments",
    "reblogs_count": "reposts",
    "quotes_count": "quotes",
}
OF_ACCOUNTS: dict[str, Metric] = {"followers_count": "followers", "statuses_count": "posts"}


class Mastodon(MastodonInbox):
    name = "mastodon"
    label = "Mastodon"
    icon = "brand-mastodon"
    colour = "#6364ff"
    scopes = (
        "read:accounts",
        "read:statuses",
        "read:notifications",
        "read:search",
        "write:statuses",
        "write:media",
        "write:favourites",
    )
    posting_scopes = (("write:statuses", "write"),)
    media_scopes = (("write:media", "write"),)
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
    rules = POST
    kinds = KINDS
    options = OPTIONS
    failures = FAILURES
    quotas = (
        # An upload is asked after once or twice.
        Quota("requests", 300, timedelta(minutes=5), cost=(Cost(per_part=1, per_medium=3),)),
        Quota("posts", 300, timedelta(hours=3), cost=(Cost(per_part=1),)),
        Quota("uploads", 30, timedelta(minutes=30), cost=(Cost(per_medium=1),)),
        Quota("deletions", 30, timedelta(minutes=30)),
    )
    reading = {"requests": 1}
    post_numbers = tuple(OF_POSTS.values())
    account_numbers = tuple(OF_ACCOUNTS.values())

    # --- before sending ---

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        return limited(rules, limits)

    @classmethod
    def rules_with(
        cls, limits: Mapping[str, Json], options: Mapping[str, Json], media: Sequence[MediaFile] = ()
    ) -> Rules:
        rules = super().rules_with(limits, options, media)
        warning = rules.text.length(str(options.get("spoiler_text") or ""))
        return rules.with_limits(text=max(rules.text.limit - warning, 1))

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        rules = cls.rules_with(limits, draft.options, draft.media)
        return [*check(draft, rules, options_for(limits), limits), *check_options(draft, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        posts: list[Post] = []
        quote, quoted = draft.option("quote"), ""
        if quote:
            quoted = ledger.repeat("quoted post", partial(self.quotable, quote))
        for number, part in enumerate(draft.parts, 1):
            body = body_of(draft, part, posts, self.upload_all(draft, number, ledger), quoted)
            step = "post" if len(draft.parts) == 1 else f"post {number} of {len(draft.parts)}"
            put = partial(self._put, f"{draft.key}-{number}", body)
            posts.append(ledger.once(step, put, find=partial(self._find, body)))
        return published(posts)

    def _put(self, key: str, body: dict[str, Json]) -> Post:
        return post_of(self.send(key, body))

    def _find(self, body: Mapping[str, Json], since: datetime) -> Post | None:
        there = self.look(body, since)
        return post_of(there) if there else None

    # --- what stands ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        posts: list[Post] = []
        for part in draft.parts:
            status = self.there(body_of(draft, part, posts, [""] * len(part.media)), since)
            if status is None:
                break
            posts.append(post_of(status))
        return published(posts) if posts else None

    def recognise(self, permalink: str) -> Json:
        remote_id = urlsplit(permalink).path.rstrip("/").rpartition("/")[2]
        if not remote_id.isalnum():
            raise InvalidContent(f"This is not the address of a post on {self.label}.")
        status = self._status(remote_id)
        author = status.get("account")
        if (str(author.get("id")) if isinstance(author, dict) else "") != self.account_id:
            raise InvalidContent("This is not a post of this account.")
        return post_of(status)

    def recent(self, since: datetime) -> list[Standing]:
        params = {"limit": "40", "exclude_reblogs": "true"}
        answer = self.call("GET", f"/api/v1/accounts/{self.account_id}/statuses", params=params)
        rows = answer.maybe_json if isinstance(answer.maybe_json, list) else []
        told = [(row, moment(row.get("created_at")) or since) for row in rows if isinstance(row, dict)]
        earliest = since + skew(answer)
        return [
            Standing(str(row.get("url") or ""), plain(str(row.get("content") or "")), at)
            for row, at in told
            if at >= earliest
        ]

    def delete(self, to_delete: Published) -> None:
        for remote_id in reversed(to_delete.part_ids or (to_delete.remote_id,)):
            with suppress(NotFound):
                path = f"/api/v1/statuses/{remote_id}"
                repeatable(partial(self.call, "DELETE", path, params={"delete_media": "true"}))

    def edit(self, standing: Published, draft: Draft) -> Published:
        """All but media, who sees it and the number of posts; the media's descriptions too."""
        ids = standing.part_ids or (standing.remote_id,)
        if len(ids) != len(draft.parts):
            raise InvalidContent(
                "A published thread keeps its number of posts.",
                action="Make it as many parts as stand there, or take it down and publish it anew.",
            )
        # Nothing is changed before it is sure that all may be.
        bodies = [changes_of(draft, number, self._status(each)) for number, each in enumerate(ids)]
        changed = [self._change(each, body) for each, body in zip(ids, bodies, strict=True)]
        return published([post_of(status) for status in changed])

    def _change(self, remote_id: str, body: dict[str, Json]) -> Status:
        change = partial(self.call, "PUT", f"/api/v1/statuses/{remote_id}", json=body)
        try:
            return known(repeatable(change), "id")
        except NotFound as error:  # it was there a moment ago
            raise InvalidContent(
                "This server cannot change a published post.",
                status=error.status,
                detail=error.detail,
                action="Take the post down and publish it anew.",
            ) from error

    def _status(self, remote_id: str) -> Status:
        return known(self.call("GET", f"/api/v1/statuses/{remote_id}"), "id")

    # --- numbers ---

    def post_metrics(self, standing: Published) -> Metrics:
        """Those of the first post, as far as its server knows; our own next post is no comment on it."""
        status = self._status(standing.remote_id)
        metrics = numbers(status, OF_POSTS)
        if len(standing.part_ids) > 1 and metrics.values.get("comments"):
            values = {**metrics.values, "comments": metrics.values["comments"] - 1}
            metrics = Metrics(values, metrics.raw)
        poll = status.get("poll")
        return Metrics(metrics.values, {**metrics.raw, "poll": poll}) if poll else metrics

    def account_metrics(self) -> Metrics:
        me = known(self.call("GET", "/api/v1/accounts/verify_credentials"), "id")
        return numbers(me, {**OF_ACCOUNTS})

    # --- what answers mean ---

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "Accept-Language": "en"}

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        return rate_limit_of(answer)

    @classmethod
    def said(cls, answer: Answer) -> Said:
        return said_by(answer)

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        if failure := understood(cls.failures, cls.said(answer), answer):
            return failure
        words = sentence(cls.label, answer)
        # Whatever language it is said in: what is refused where media go is a medium.
        if answer.status == 422 and "/media" in urlsplit(answer.url).path:
            return MediaRejected(words, status=answer.status, detail=answer.text)
        return by_status(cls.label, answer, words)


def numbers(told: Mapping[str, Json], names: Mapping[str, Metric]) -> Metrics:
    """What is told, by our words; what is not is left out."""
    raw = {name: value for name in names if isinstance(value := told.get(name), int)}
    return Metrics({names[name]: value for name, value in raw.items()}, dict(raw))
