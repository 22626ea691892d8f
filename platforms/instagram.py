"""Instagram: containers that it fills from our address, processes out of sight and publishes once.

A container's status tells whether it was published, so a post whose answer was lost is never sent twice.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from platforms._instagram_failures import FAILURES
from platforms._instagram_inbox import InstagramInbox, made_by
from platforms._instagram_kinds import FEED, KINDS, OPTIONS
from platforms._instagram_login import BY_FACEBOOK, BY_INSTAGRAM, GRAPH, SITE
from platforms._instagram_numbers import InstagramNumbers
from platforms._instagram_post import findings, is_same, medium_fields, post_fields, resumable
from platforms._meta import container, moment, processed
from platforms.base import ConnectMethod
from platforms.content import Draft, Json, MediaFile, Published, Standing
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Refused,
    Unavailable,
)
from platforms.failures import Said, understood
from platforms.ledger import Ledger, repeatable
from platforms.quotas import DAY, HOUR, Cost, Quota
from platforms.rules import Finding
from platforms.transport import SAFE, Answer

SETTLES = timedelta(seconds=30)  # after a try, before a container that is not published says anything
SKEW = timedelta(minutes=2)  # between our clock and theirs
LISTED = "id,caption,timestamp,permalink,media_type,media_product_type"
TRIES = ("", " anew", " once more")  # containers that Instagram loses are made again
FORGOTTEN = "2207008"
UPLOAD_SECONDS = 600.0
POST = re.compile(r"/(?:p|reel|tv)/([\w-]+)")
STORY = re.compile(r"/stories/[\w.]+/(\d+)")


class Lost(Exception):
    """A container that will never be ready, through no fault of its medium."""


class Instagram(InstagramInbox, InstagramNumbers):
    name = "instagram"
    label = "Instagram"
    icon = "brand-instagram"
    colour = "#d62976"
    api_url = GRAPH
    auth_url = SITE
    upload_url = "https://rupload.facebook.com"
    scopes = BY_INSTAGRAM.scopes
    posting_scopes = (("instagram_business_content_publish", "instagram_content_publish"),)
    connect_methods = (
        ConnectMethod(
            "oauth",
            "Log in with Instagram",
            "For every professional account.",
            flavour=BY_INSTAGRAM.name,
        ),
        ConnectMethod(
            "facebook",
            "Log in with Facebook",
            "For professional accounts that are linked to a Facebook Page. It can also delete posts, like "
            "comments and label partnerships.",
            flavour=BY_FACEBOOK.name,
        ),
    )
    kinds = KINDS
    rules = KINDS[0].rules
    options = OPTIONS
    failures = FAILURES
    quotas = (
        Quota("posts", 100, DAY, cost=(Cost(1),)),
        Quota("containers", 400, DAY, cost=(Cost(per_medium=1), Cost(1, kinds=("carousel",)))),
        Quota("comments", 60, HOUR, cost=(Cost(1, kinds=FEED, option="first_comment"),)),
    )
    fetches_media: ClassVar[bool] = True

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *findings(draft, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        made, is_first = self._prepared(draft, ledger)
        look = partial(self._look, draft, made, is_first)
        post = ledger.once("post", partial(self._release, made), find=look)
        published = self._standing(str(post["id"]), ledger)
        ledger.stands(published)
        self._afterwards(draft, published.remote_id, ledger)
        return published

    def _prepared(self, draft: Draft, ledger: Ledger) -> tuple[str, bool]:
        """The container of the whole post, ready to be published, and whether it is the first one made."""
        whole = post_fields(draft)
        if draft.kind != "carousel":
            [file] = draft.media
            return self._container(ledger, draft.kind, {**medium_fields(draft, 1), **whole}, file)
        children = []
        for number, file in enumerate(draft.media, 1):
            fields = {**medium_fields(draft, number), "is_carousel_item": True}
            fields |= {"media_type": "VIDEO"} if file.kind == "video" else {}
            word = "video" if file.kind == "video" else "picture"
            children.append(self._container(ledger, f"{word} {number}", fields, file)[0])
        return self._container(ledger, "carousel", {**whole, "children": ",".join(children)})

    def _container(
        self, ledger: Ledger, step: str, fields: Mapping[str, Json], file: MediaFile | None = None
    ) -> tuple[str, bool]:
        for again in TRIES:
            made, name = container(ledger, step + again, partial(self._create, fields))
            if file and resumable(file):
                ledger.repeat(f"{name} upload", partial(self._upload, made, file))
            with suppress(Lost):
                processed(ledger, name, partial(self._is_ready, made))
                return made, name == step
        raise MediaRejected("Instagram lost what was prepared, three times over.")

    def _create(self, fields: Mapping[str, Json]) -> str:
        return made_by(self.graph("POST", f"{self.me}/media", form=dict(fields)))

    def _upload(self, made: str, file: MediaFile) -> bool:
        """Bring the bytes, from where an earlier try broke off."""
        offset = self._received(made)
        headers = {"Authorization": f"OAuth {self.token.access if self.token else ''}"}
        headers |= {"offset": str(offset), "file_size": str(file.size)}
        url = f"{self.app.upload_url}/ig-api-upload/{self.version}/{made}"
        with file.open() as stream:
            stream.seek(offset)
            self.call("POST", url, headers=headers, body=stream, read_seconds=UPLOAD_SECONDS)
        return True

    def _received(self, made: str) -> int:
        """How many bytes of an upload have arrived."""
        status = self.graph("GET", made, params={"fields": "video_status"}).json.get("video_status") or {}
        phase = status.get("uploading_phase") or {}
        return int(phase.get("bytes_transferred") or phase.get("bytes_transfered") or 0)

    def _is_ready(self, made: str) -> bool:
        answer = self.graph("GET", made, params={"fields": "status_code,status"})
        match answer.json.get("status_code"):
            case "FINISHED" | "PUBLISHED":
                return True
            case "EXPIRED":
                raise Lost
            case "ERROR":
                raise self._processing_error(answer, str(answer.json.get("status") or ""))
        return False

    def _processing_error(self, answer: Answer, status: str) -> Exception:
        """What stopped the processing; `Lost` where another container may do better."""
        code = re.search(r"22\d{5}", status)
        said = Said((f"/{code[0]}",) if code else (), status)
        error = understood(self.failures, said, answer)
        if isinstance(error, Unavailable | OutcomeUnknown):
            return Lost()
        return error or MediaRejected(
            f"Instagram says: {status or 'the file could not be processed.'}", detail=answer.text
        )

    def _release(self, made: str) -> dict[str, Json]:
        self._wait_for_quota()
        answer = self.graph("POST", f"{self.me}/media_publish", form={"creation_id": made})
        return {"id": made_by(answer)}

    def _wait_for_quota(self) -> None:
        """Raise RateLimited where the account has posted as much as it may in a day."""
        fields = {"fields": "quota_usage,config"}
        rows = self.graph("GET", f"{self.me}/content_publishing_limit", params=fields).json.get("data")
        usage: Mapping[str, Any] = rows[0] if rows else {}
        config = usage.get("config") or {}
        total, within = config.get("quota_total"), timedelta(seconds=config.get("quota_duration") or 86_400)
        if total is None or int(usage.get("quota_usage") or 0) < int(total):
            return
        recent = [moment(row["timestamp"]) for row in self._listed("media") if row.get("timestamp")]
        counted = [at for at in recent if at > datetime.now(UTC) - within]
        freed_at = min(counted) + within if counted else datetime.now(UTC) + HOUR
        message = f"The account has made the {total} posts that Instagram allows in a day."
        raise RateLimited(message, retry_at=freed_at)

    # --- after it stands ---

    def _standing(self, media_id: str, ledger: Ledger) -> Published:
        """Where it stands. An address that cannot be read just now is the account's own."""
        with suppress(PlatformError):
            link = str(ledger.repeat("link", partial(self._permalink, media_id)))
            return Published(media_id, link, (media_id,))
        return Published(media_id, f"{self.connection.app.auth_url}/{self.connection.handle}/", (media_id,))

    def _permalink(self, media_id: str) -> str:
        return str(self.graph("GET", media_id, params={"fields": "permalink"}).json["permalink"])

    def _afterwards(self, draft: Draft, media_id: str, ledger: Ledger) -> None:
        if draft.kind == "story":
            return
        if text := draft.option("first_comment").strip():
            comment = partial(self._comment, f"{media_id}/comments", text)
            ledger.once("first comment", comment, find=partial(self._written, f"{media_id}/comments", text))
        if draft.options.get("comments") is False:
            ledger.repeat("comments off", partial(self._without_comments, media_id))

    def _without_comments(self, media_id: str) -> bool:
        self.graph("POST", media_id, form={"comment_enabled": False})
        return True

    # --- looking ---

    def _look(self, draft: Draft, made: str, is_first: bool, since: datetime) -> dict[str, Json] | None:
        status = self._status_of(made)
        if status == "PUBLISHED":
            found = self._there(draft, since)
            if found is None:
                raise OutcomeUnknown("Instagram has published it, but does not show it yet.")
            return {"id": str(found["id"])}
        if datetime.now(UTC) - since < SETTLES:
            raise OutcomeUnknown("Instagram may still be publishing it.")
        if is_first and status:
            return None
        found = self._there(draft, since)  # it may have been an earlier container, which is forgotten by now
        return {"id": str(found["id"])} if found else None

    def _status_of(self, made: str) -> str:
        """A container's status, '' where Instagram has forgotten it."""
        try:
            return str(self.graph("GET", made, params={"fields": "status_code"}).json.get("status_code"))
        except (NotFound, Unavailable) as error:
            if isinstance(error, Unavailable) and FORGOTTEN not in error.detail:
                raise
        return ""

    def _there(self, draft: Draft, since: datetime) -> dict[str, Any] | None:
        """The newest post like the draft since a moment."""
        for row in self._listed("stories" if draft.kind == "story" else "media"):
            if moment(row["timestamp"]) >= since - SKEW and is_same(row, draft):
                return row
        return None

    def _listed(self, what: str, most: int = 3) -> list[dict[str, Any]]:
        return self.pages_of(f"{self.me}/{what}", most=most, fields=LISTED, limit=50)

    def find(self, draft: Draft, since: datetime) -> Published | None:
        row = self._there(draft, since)
        return Published(str(row["id"]), str(row.get("permalink") or ""), (str(row["id"]),)) if row else None

    def recognise(self, permalink: str) -> Json:
        path = urlsplit(permalink).path
        post, story = POST.search(path), STORY.search(path)
        for row in self._listed("stories" if story else "media") if post or story else []:
            its_path = urlsplit(str(row.get("permalink"))).path
            its_post = POST.search(its_path)
            if (story and story[1] == str(row["id"])) or (post and its_post and post[1] == its_post[1]):
                return {"id": str(row["id"])}
        raise InvalidContent(
            "This is not the address of a post of this account.", action="Copy the address from the post."
        )

    def recent(self, since: datetime) -> list[Standing]:
        rows = [row for what in ("media", "stories") for row in self._listed(what, most=1)]
        told = [
            Standing(
                str(row.get("permalink") or ""),
                str(row.get("caption") or ""),
                moment(row["timestamp"]),
                str(row.get("id") or ""),
            )
            for row in rows
        ]
        return sorted((each for each in told if each.at >= since), key=lambda each: each.at, reverse=True)

    def delete(self, published: Published) -> None:
        if not self.is_by_facebook:
            raise Refused(
                "Instagram lets us delete posts only where the account was connected through Facebook.",
                action="Delete it in the Instagram app.",
            )
        with suppress(NotFound):
            repeatable(partial(self.graph, "DELETE", published.remote_id))

    # --- what answers mean ---

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        error = super().classify(answer)
        if isinstance(error, OutcomeUnknown) and answer.method in SAFE:
            return Unavailable(error.message, status=error.status, detail=error.detail)
        return error
