"""TikTok, API v2: videos by upload or by address, photos by address, drafts to the app's inbox.

There are no idempotency keys. An upload is public only once its last piece has arrived, and its `publish_id`
tells whether it has; what TikTok fetches starts with the first request, so a lost answer there is looked up
among the account's public posts and else left to a person. Every call but one is a POST, reads too.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._tiktok_login import TikTokLogin
from platforms._tiktok_post import (
    DIRECT,
    DRAFT,
    KINDS,
    OPTIONS,
    VIDEO,
    changed_since,
    is_pulled,
    notices_for,
    own_findings,
    path_and_body,
)
from platforms._tiktok_upload import Plan, send
from platforms._tiktok_words import PUBLIC
from platforms.base import Notice
from platforms.chunks import Chunk
from platforms.content import Draft, Event, Incoming, Json, MediaFile, Metrics, Published
from platforms.errors import (
    InvalidContent,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    Refused,
)
from platforms.ledger import Ledger
from platforms.quotas import DAY, MINUTE, Cost, Quota
from platforms.rules import Finding, Rules
from platforms.transport import Answer

UPLOAD_LIVES = timedelta(minutes=58)  # of the hour that TikTok promises
PROCESSING_SECONDS = 3 * 3600.0  # fetching may take an hour, moderation sometimes hours
ADDRESS_WITHIN = timedelta(minutes=10)  # then the post is left with the profile's address
SURELY_SHOWN = timedelta(hours=24)  # after that a public video that is not listed is not there
CLOCKS_DIFFER = timedelta(minutes=2)
SIGNED_WITHIN = timedelta(minutes=5)
MOST_TRIES = 20
MOST_PAGES = 10  # of 20 posts each, in one look-up
FINAL = frozenset({"PUBLISH_COMPLETE", "SEND_TO_USER_INBOX"})
EVENTS = {
    "authorization.removed": "revoked",
    "post.publish.complete": "post_published",
    "post.publish.publicly_available": "post_published",
    "post.publish.failed": "post_failed",
}


class TikTok(TikTokLogin):
    name = "tiktok"
    label = "TikTok"
    icon = "brand-tiktok"
    colour = "#fe2c55"
    api_url = "https://open.tiktokapis.com"
    auth_url = "https://www.tiktok.com"
    rules = VIDEO
    kinds = KINDS
    options = OPTIONS
    quotas = (
        Quota("uploads", 6, MINUTE, cost=(Cost(1),)),
        Quota("posts", 15, DAY, cost=(Cost(1, kinds=DIRECT),)),
        Quota("drafts", 5, DAY, cost=(Cost(1, kinds=("draft",)),)),
    )
    post_numbers = ("views", "likes", "comments", "shares")
    account_numbers = ("followers", "likes", "posts")
    fetches_media: ClassVar[bool] = True

    # --- before sending ---

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        """A draft is finished in the app, which has limits of its own."""
        longest = limits.get("max_video_seconds")
        if rules is DRAFT or not isinstance(longest, int):
            return rules
        return rules.with_limits(videos={"seconds": [0.0, float(longest)]})

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *own_findings(draft, limits)]

    @classmethod
    def must_fetch(cls, draft: Draft) -> bool:
        return bool(draft.media) and is_pulled(draft)

    @classmethod
    def notices(cls, options: Mapping[str, Json]) -> tuple[Notice, ...]:
        return notices_for(options)

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """A post that failed there, or an upload that ran out, begins anew under the next names."""
        for n in range(1, MOST_TRIES + 1):
            nth = "" if n == 1 else f" ({n})"
            job = self._begin(draft, ledger, nth)
            if job and (published := self._follow(draft, ledger, nth, job)):
                return published
        raise Refused(f"TikTok failed with this post {MOST_TRIES} times.")

    def _begin(self, draft: Draft, ledger: Ledger, nth: str) -> dict[str, Any] | None:
        """Hand the post over: what it is called there; None where an upload ran out before it was whole."""
        # Once begun in one way it goes on in it: our address may come and go.
        if ledger.repeat("TikTok fetches", partial(is_pulled, draft)):
            source: dict[str, Json] = {"source": "PULL_FROM_URL", "video_url": draft.media[0].url}
            start = partial(self._start, draft, source)
            if draft.kind == "draft":  # nobody else sees one, so two do less harm than a question
                return ledger.repeat(f"draft{nth}", start)
            return ledger.once(f"post{nth}", start, find=partial(self._find_pulled, draft))
        file, plan = draft.media[0], Plan(draft.media[0].size)
        upload = ledger.repeat(f"upload{nth}", partial(self._open, draft, plan))
        if plan.count > 1:
            most = partial(self._send, upload, file, 0, plan.last)
            if not ledger.repeat(f"all but the end{nth}", most):
                return None
        end = partial(self._send_end, upload, file, plan)
        job = ledger.once(f"post{nth}", end, find=partial(self._arrived, upload, plan.total))
        return job if job["publish_id"] else None

    def _start(self, draft: Draft, source: dict[str, Json]) -> dict[str, Any]:
        """Start a post, once more sure that the account still may do what was chosen."""
        if draft.kind != "draft" and (why := changed_since(draft, self.account_limits())):
            raise InvalidContent(why, action="Change the options of this post, then press Retry.")
        path, body = path_and_body(draft, source)
        started = self.ask(path, body)
        if not started.get("publish_id"):
            raise OutcomeUnknown("TikTok did not say how it calls the post.")
        return {**started, "at": datetime.now(UTC).isoformat()}

    def _open(self, draft: Draft, plan: Plan) -> dict[str, Any]:
        source: dict[str, Json] = {
            "source": "FILE_UPLOAD",
            "video_size": plan.total,
            "chunk_size": plan.piece,
            "total_chunk_count": plan.count,
        }
        return self._start(draft, source)

    def _send(self, upload: Mapping[str, str], file: MediaFile, start: int, stop: int) -> bool:
        """Send a stretch of the file; False where the upload ran out. Its address is the permission."""

        def put(chunk: Chunk) -> Answer:
            headers = {"Content-Type": file.content_type, "Content-Range": chunk.content_range}
            return self.connection.transport.request(
                "PUT", upload["upload_url"], headers=headers, body=chunk.content
            )

        if datetime.now(UTC) - datetime.fromisoformat(upload["at"]) > UPLOAD_LIVES:
            return False
        return send(file, put, start, stop)

    def _send_end(self, upload: Mapping[str, str], file: MediaFile, plan: Plan) -> dict[str, Any]:
        """Send the last piece, with which the post becomes theirs; without `publish_id`: it never will."""
        if self._send(upload, file, plan.last, plan.total):
            return named(upload)
        return self._arrived(upload, plan.total) or {"publish_id": ""}

    def _arrived(
        self, upload: Mapping[str, Any], size: int, since: datetime | None = None
    ) -> dict[str, Any] | None:
        """Whether an upload is whole. Its end may be sent once more without harm, so None is never early."""
        try:
            status = self._status(upload["publish_id"])
        except PlatformError as error:
            if not has_failed(error):
                raise
            return named(upload)
        is_short = int(status.get("uploaded_bytes") or 0) < size
        return None if status.get("status") == "PROCESSING_UPLOAD" and is_short else named(upload)

    # --- following ---

    def _follow(self, draft: Draft, ledger: Ledger, nth: str, job: dict[str, Any]) -> Published | None:
        """See it through. A failure is raised once; a later run reads of it (None) and begins anew."""
        if job.get("post_id"):
            return Published(job["post_id"], job["permalink"])
        publish_id = job["publish_id"]
        is_over = partial(self._is_over, publish_id)
        ledger.wait(f"processed{nth}", is_over, every=pace(job["at"]), at_most=PROCESSING_SECONDS)
        failures: list[PlatformError] = []
        outcome = ledger.repeat(f"outcome{nth}", partial(self._outcome, publish_id, failures))
        if failures:
            raise failures[0]
        return None if outcome["failed"] else self._standing(draft, ledger, nth, publish_id, outcome["at"])

    def _is_over(self, publish_id: str) -> bool:
        try:
            return self._status(publish_id).get("status") in FINAL
        except PlatformError as error:
            if not has_failed(error):
                raise
            return True

    def _outcome(self, publish_id: str, failures: list[PlatformError]) -> dict[str, Any]:
        try:
            self._status(publish_id)
        except PlatformError as error:
            if not has_failed(error):
                raise
            failures.append(error)
        failed = failures[0].code if failures else ""
        return {"failed": failed, "at": datetime.now(UTC).isoformat()}

    def _standing(self, draft: Draft, ledger: Ledger, nth: str, publish_id: str, at: str) -> Published:
        """It is out. Its own address follows with moderation, and only where everyone may watch."""
        is_draft = draft.kind == "draft"
        published = Published(publish_id, "" if is_draft else self.profile_url(self.connection.handle))
        ledger.stands(published)
        if is_draft or draft.option("privacy") != PUBLIC:
            return published
        last_look = datetime.fromisoformat(at) + ADDRESS_WITHIN
        found: list[str] = []

        def is_shown() -> bool:
            found[:] = self._post_ids(publish_id)
            return bool(found) or datetime.now(UTC) > last_look

        ledger.wait(f"address{nth}", is_shown, every=pace(at), at_most=PROCESSING_SECONDS)
        post_id = next(iter(found or self._post_ids(publish_id)), "")
        return Published(post_id, self._permalink(draft, post_id)) if post_id else published

    def _status(self, publish_id: str) -> dict[str, Any]:
        """Where a post stands. That it failed is raised as what went wrong (`has_failed`)."""
        return self.read("/v2/post/publish/status/fetch/", {"publish_id": publish_id})

    def _post_ids(self, publish_id: str) -> list[str]:
        return [str(post_id) for post_id in self._status(publish_id).get("publicaly_available_post_id") or []]

    # --- looking ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        found = self._find_pulled(draft, since)
        return Published(found["post_id"], found["permalink"]) if found else None

    def _find_pulled(self, draft: Draft, since: datetime) -> dict[str, Any] | None:
        """Among the public posts, by the first words. Only a public video can be said not to be there."""
        wanted = comparable(draft.text) if draft.kind != "draft" else ""
        if wanted and draft.option("privacy") == PUBLIC:
            for video in self._videos(since - CLOCKS_DIFFER):
                if is_same(wanted, comparable(video.get("video_description") or video.get("title") or "")):
                    post_id = str(video["id"])
                    return {
                        "post_id": post_id,
                        "permalink": video.get("share_url") or self._permalink(draft, post_id),
                    }
            if draft.media[0].kind == "video" and datetime.now(UTC) - since > SURELY_SHOWN:
                return None
        raise OutcomeUnknown("TikTok may have taken the post, and does not show it (yet).")

    def _videos(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """The account's public posts since then, newest first."""
        body: dict[str, Json] = {"max_count": 20}
        for _ in range(MOST_PAGES):
            page = self.read("/v2/video/list/?fields=id,create_time,title,video_description,share_url", body)
            for video in page.get("videos") or []:
                if video["create_time"] < since.timestamp():
                    return
                yield video
            if not page.get("has_more"):
                return
            body["cursor"] = page["cursor"]
        raise OutcomeUnknown("The account published too much since then to look through all of it.")

    def recognise(self, permalink: str) -> Json:
        found = re.search(
            r"//[^/]+(?:/[^@/]+)*/@([\w.]+)/(?:video|photo)/([0-9]{1,20})(?:[/?#]|$)", permalink
        )
        if not found or found[1].lower() != self.connection.handle.lower():
            raise InvalidContent(
                f"This is not the address of a post of @{self.connection.handle}.",
                action="Open the post in a browser and copy its long address.",
            )
        return {"post_id": found[2], "permalink": permalink}

    def _permalink(self, draft: Draft, post_id: str) -> str:
        kind = draft.media[0].kind.replace("image", "photo")
        return f"{self.profile_url(self.connection.handle)}/{kind}/{post_id}"

    # --- numbers ---

    def post_metrics(self, published: Published) -> Metrics:
        """A post's counters; none as long as TikTok does not show it to everyone."""
        post_id = published.remote_id
        if not post_id.isdigit():  # it stood before it had an address
            post_id = next(iter(self._post_ids(post_id)), "")
        if not post_id:
            return Metrics({})
        path = "/v2/video/query/?fields=id,view_count,like_count,comment_count,share_count"
        videos = self.read(path, {"filters": {"video_ids": [post_id]}}).get("videos") or []
        if not videos:
            raise NotFound("TikTok shows no public post here: it was deleted, or made private.")
        return metrics(
            videos[0], views="view_count", likes="like_count", comments="comment_count", shares="share_count"
        )

    def account_metrics(self) -> Metrics:
        user = self.user("follower_count", "following_count", "likes_count", "video_count")
        return metrics(user, followers="follower_count", likes="likes_count", posts="video_count")

    # --- webhooks ---

    def verify_webhook(self, request: Incoming) -> bool:
        """`t=<seconds>,s=<hex>`: HMAC-SHA256 with the app's secret over the time, a dot and the body."""
        header = request.headers.get("tiktok-signature", "")
        signed = dict(re.findall(r"\b([ts])=([0-9a-f]+)", header))
        moment, signature = signed.get("t", ""), signed.get("s", "")
        if not moment.isdigit() or not is_recent(int(moment)):
            return False
        message = moment.encode() + b"." + request.body
        expected = hmac.new(self.app.client_secret.encode(), message, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature) and bool(self.app.client_secret)

    def parse_webhook(self, request: Incoming) -> list[Event]:
        told = json.loads(request.body)
        content = json.loads(told.get("content") or "{}")  # JSON within JSON
        if "post_id" in content:
            content["post_id"] = str(content["post_id"])
        return [
            Event(
                EVENTS.get(told["event"], "other"),  # type: ignore[arg-type]
                str(told.get("user_openid") or ""),
                str(content.get("publish_id") or ""),
                extra={"event": told["event"], **content},
            )
        ]


def is_recent(moment: int) -> bool:
    return abs(datetime.now(UTC).timestamp() - moment) <= SIGNED_WITHIN.total_seconds()


def has_failed(error: PlatformError) -> bool:
    """Whether TikTok told that the post failed, inside a success; else it did not tell how the post is."""
    return error.status == 200


def named(upload: Mapping[str, str]) -> dict[str, Any]:
    """An upload that is theirs now, without the address that was its permission."""
    return {"publish_id": upload["publish_id"], "at": upload["at"]}


def pace(since: str) -> float:
    """How long to leave TikTok alone: five seconds at first, a minute after some minutes."""
    waited = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    return min(60.0, max(5.0, waited / 5))


def comparable(text: str) -> str:
    """What stays equal between a text sent and a text shown."""
    return " ".join(text.split())


def is_same(wanted: str, shown: str) -> bool:
    """Whether a text that is shown, cut after 150 units (75 emoji), is the one that was sent."""
    return bool(shown) and wanted.startswith(shown) and len(shown) >= min(len(wanted), 70)


def metrics(told: Mapping[str, Any], **words: str) -> Metrics:
    """Numbers by our words, from the network's; what it leaves out stays out."""
    values = {ours: told[theirs] for ours, theirs in words.items() if theirs in told}
    return Metrics(values, dict(told))  # type: ignore[arg-type]
