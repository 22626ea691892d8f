"""Putting posts on Mastodon-like servers: media, the request, looking whether it is there, changing it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from platforms._mastodon_login import CLIENT_NAME, MastodonLogin
from platforms._mastodon_rules import poll_seconds
from platforms._mastodon_server import is_same_post, known, moment, skew
from platforms.content import Draft, Json, MediaFile, Part, Published
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, Unavailable
from platforms.ledger import Ledger
from platforms.transport import Answer

SETTLES = timedelta(seconds=10)  # a server that we hung up on may still be writing the post
FORGOTTEN = timedelta(hours=12)  # servers sweep media that no post uses after about a day
PROCESSING_SECONDS = {"image": 600.0, "video": 3600.0}
UPLOAD_SECONDS = 120.0  # old servers answer when all is processed
LOOK_BACK = 10  # pages of the account's own posts
LEAST_POLL = 300

Post = dict[str, Json]
Status = dict[str, Any]


class MastodonPosts(MastodonLogin):
    """What publishing a post and answering somebody have in common."""

    # --- media ---

    def upload_all(self, draft: Draft, number: int, ledger: Ledger) -> list[str]:
        """The ids of a part's media, on the server and ready to be used."""
        of_post = f" of post {number}" if len(draft.parts) > 1 else ""
        ids = []
        for n, media in enumerate(draft.parts[number - 1].media, 1):
            step = f"{'video' if media.kind == 'video' else 'picture'} {n}{of_post}"
            upload = ledger.repeat(step, partial(self._upload, media))
            while datetime.now(UTC) - datetime.fromisoformat(str(upload["at"])) > FORGOTTEN:
                step += " again"
                upload = ledger.repeat(step, partial(self._upload, media))
            if not upload["ready"]:
                at_most = PROCESSING_SECONDS.get(media.kind, 600.0)
                is_ready = partial(self._is_ready, upload)
                ledger.wait(f"{step} processed", is_ready, every=3, at_most=at_most)
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
            files = {"file": (media.name, stream, media.content_type)}
            return self.call("POST", path, form=form, files=files, read_seconds=UPLOAD_SECONDS)

    def _is_ready(self, upload: Mapping[str, Json]) -> bool:
        return self.call("GET", f"/api/v1/media/{upload['id']}").status == 200

    # --- sending ---

    def send(self, key: str, body: dict[str, Json]) -> Status:
        # Some servers answer a key for ever as they did at first: a post that was changed needs another one.
        key += "-" + hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
        answer = self._post(key, body)
        if not answer.ok and "idempotent-replayed" in answer.headers:
            # An old refusal was read out again; this request was not looked at, and the ledger knows that the
            # first one made nothing.
            answer = self._post(f"{key}-{datetime.now(UTC).timestamp():.0f}", body)
        return known(self.accept(answer), "id")

    def _post(self, key: str, body: dict[str, Json]) -> Answer:
        return self.connection.transport.request(
            "POST",
            self.app.api_url + "/api/v1/statuses",
            headers={**self.headers(), "Idempotency-Key": key},
            json=body,
        )

    def quotable(self, url: str) -> str:
        """The id that our server has for a post anywhere, if it may be quoted."""
        asked = {"q": url, "type": "statuses", "resolve": "true", "limit": "1"}
        statuses = self.call("GET", "/api/v2/search", params=asked).json.get("statuses")
        found = statuses[0] if isinstance(statuses, list) and statuses else None
        if not isinstance(found, dict) or not found.get("id"):
            raise InvalidContent(
                "The server does not find the post that shall be quoted.",
                action="Check its address; the post must be open to everyone.",
            )
        approval, instead = found.get("quote_approval"), "Put the address into the text instead."
        if not isinstance(approval, dict):
            raise InvalidContent("This server knows no quotes.", action=instead)
        if approval.get("current_user") == "denied":
            raise InvalidContent("The author of the post does not want to be quoted.", action=instead)
        return str(found["id"])

    # --- looking ---

    def look(self, body: Mapping[str, Json], since: datetime) -> Status | None:
        """The same as `there`, but None only once it is sure."""
        there = self.there(body, since)
        if there is None and datetime.now(UTC) - since < SETTLES:
            raise OutcomeUnknown(f"It is not on {self.label} yet, but may still appear.")
        return there

    def there(self, body: Mapping[str, Json], since: datetime) -> Status | None:
        """The post with this content among the account's own since a moment by our clock."""
        params = {"limit": "40", "exclude_reblogs": "true"}
        for _page in range(LOOK_BACK):
            answer = self.call("GET", f"/api/v1/accounts/{self.account_id}/statuses", params=params)
            if not isinstance(answer.maybe_json, list):
                raise Unavailable(f"{self.label} did not say what was posted.", detail=answer.text)
            statuses = [status for status in answer.maybe_json if isinstance(status, dict)]
            earliest = since + skew(answer)
            for status in statuses:
                if (moment(status.get("created_at")) or earliest) < earliest:
                    return None
                if is_same_post(status, body, CLIENT_NAME):
                    return status
            if not statuses:
                return None
            params["max_id"] = str(statuses[-1].get("id"))
        raise OutcomeUnknown("There are too many newer posts to be sure.")

    @property
    def account_id(self) -> str:
        """Our account as its server counts it."""
        return self.connection.remote_id.partition("@")[0]


# --- what is asked for ---


def body_of(
    draft: Draft, part: Part, before: Sequence[Post], media_ids: Sequence[str], quoted: str = ""
) -> dict[str, Json]:
    """A part as it is sent; `before` are the posts that it follows in its thread."""
    body: dict[str, Json] = {"status": part.text}
    if media_ids:
        body["media_ids"] = list(media_ids)
    for name in ("visibility", "spoiler_text", "language"):
        if draft.option(name):
            body[name] = draft.option(name)
    if draft.flag("sensitive"):
        body["sensitive"] = True
    if draft.option("quote_policy"):
        body["quote_approval_policy"] = draft.option("quote_policy")
    if before:
        body["in_reply_to_id"] = before[-1]["id"]
        shown_to = before[0]["visibility"]
        body["visibility"] = "unlisted" if shown_to == "public" else shown_to
        return body
    if draft.items("poll_options"):
        body["poll"] = poll_of(draft)
    if quoted:
        body["quoted_status_id"] = quoted
    return body


def poll_of(draft: Draft) -> dict[str, Json]:
    return {
        "options": [answer.strip() for answer in draft.items("poll_options")],
        "expires_in": poll_seconds(draft),
        "multiple": draft.flag("poll_multiple"),
        "hide_totals": draft.flag("poll_hide_totals"),
    }


def changes_of(draft: Draft, number: int, standing: Status) -> dict[str, Json]:
    """What turns the post that stands into part `number`. What is not said would be taken away."""
    part, attached = draft.parts[number], standing.get("media_attachments") or []
    if len(part.media) != len(attached):
        raise InvalidContent(
            "The pictures and videos of a published post stay as they are.",
            action="Take the post down and publish it anew.",
        )
    shown_to = draft.option("visibility")
    if number == 0 and shown_to not in {"", standing.get("visibility")}:
        raise InvalidContent(
            "Who sees a published post cannot be changed.",
            action="Choose what it was, or take the post down and publish it anew.",
        )
    if number == 0 and bool(draft.option("quote")) != bool(standing.get("quote")):
        raise InvalidContent(
            "A published post neither gains nor loses a quote.",
            action="Leave that as it was, or take the post down and publish it anew.",
        )
    was_hidden = bool(standing.get("sensitive")) and not standing.get("spoiler_text")
    body: dict[str, Json] = {
        "status": part.text,
        "spoiler_text": draft.option("spoiler_text"),
        "sensitive": draft.flag("sensitive") or was_hidden,
        "language": draft.option("language") or standing.get("language"),
        "media_ids": [str(medium["id"]) for medium in attached],
        "media_attributes": [
            {"id": str(medium["id"]), "description": file.alt}
            for medium, file in zip(attached, part.media, strict=True)
        ],
    }
    if draft.option("quote_policy"):
        body["quote_approval_policy"] = draft.option("quote_policy")
    if number == 0 and draft.items("poll_options"):
        body["poll"] = poll_of(draft) | _time_left(standing.get("poll"))
    return body


def _time_left(poll: Any) -> dict[str, Json]:
    """A poll ends when it was said to end; one that is over stays as it is."""
    if not isinstance(poll, dict):
        return {}
    if poll.get("expired") is True:
        raise InvalidContent(
            "The poll is over: its post cannot be changed any more.", action="Publish another post."
        )
    end = moment(poll.get("expires_at"))
    left = math.ceil((end - datetime.now(UTC)).total_seconds()) if end else None
    return {"expires_in": max(left, LEAST_POLL)} if left is not None else {}


# --- what is kept ---


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
