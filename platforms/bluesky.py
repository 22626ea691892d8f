"""Bluesky: records in people's own repositories, over the AT Protocol (https://atproto.com/specs)."""

import contextlib
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from platforms._atproto_session import known
from platforms._bluesky_failures import FAILURES, BlobGone
from platforms._bluesky_inbox import BlueskyInbox
from platforms._bluesky_post import (
    POST,
    POSTGATE,
    THREADGATE,
    card,
    embedded,
    film,
    first_link,
    first_moment,
    gates,
    key_of,
    labels_of,
    languages_of,
    moment,
    pictures,
    quoted_place,
    record_key,
    tags_of,
    without_thumbnail,
    written_at,
)
from platforms._bluesky_repo import Reference, reference
from platforms._bluesky_rules import KINDS, OPTIONS, RULES, own_findings
from platforms._bluesky_video import BlueskyVideo
from platforms.base import ConnectMethod, Field
from platforms.cards import card_of
from platforms.content import Draft, Json, MediaFile, Part, Profile, Published, Standing
from platforms.errors import InvalidContent, NotFound, PlatformError, Unavailable
from platforms.ledger import Ledger, repeatable
from platforms.quotas import DAY, HOUR, Cost, Quota
from platforms.rules import Finding, Rules

COMPANY_IMAGE_BYTES = 2_000_000
SMALL_SERVER_BYTES = 5 * 1024 * 1024  # what a server takes that says nothing of it
POINTS = (Cost(per_part=3), Cost(3, option="replies"))  # a record each; who may reply is one of its own


class Bluesky(BlueskyVideo, BlueskyInbox):
    name = "bluesky"
    label = "Bluesky"
    icon = "brand-bluesky"
    colour = "#0a7aff"
    api_url = "https://bsky.social"  # resolves handles; everything else goes to the account's own server
    auth_url = "https://plc.directory"  # the registry that says which server that is
    upload_url = "https://video.bsky.app"
    needs_client_id = False
    scopes = ("atproto", "transition:generic", "transition:chat.bsky")
    connect_methods = (
        ConnectMethod(
            "oauth",
            "Sign in with Bluesky",
            fields=(Field("handle", "Handle", placeholder="you.bsky.social"),),
        ),
        ConnectMethod(
            "password",
            "Use an app password",
            "Made in Bluesky under Settings, Privacy and security, App passwords, with access to your direct "
            "messages if they shall come into the inbox. It lasts longer.",
            fields=(
                Field("handle", "Handle", placeholder="you.bsky.social"),
                Field("password", "App password", placeholder="xxxx-xxxx-xxxx-xxxx", secret=True),
                Field(
                    "server",
                    "Server",
                    "Leave it empty: your handle says where your account lives.",
                    placeholder="https://bsky.social",
                    required=False,
                ),
            ),
        ),
    )
    rules = RULES
    kinds = KINDS
    options = OPTIONS
    failures = FAILURES
    quotas = (
        Quota("points", 5000, HOUR, cost=POINTS),
        Quota("points", 35_000, DAY, cost=POINTS),
        Quota("log-ins", 30, timedelta(minutes=5)),
    )

    def profiles(self) -> list[Profile]:
        me = self._xrpc("GET", "com.atproto.server.getSession").json
        handle = str(me.get("handle") or self.did)
        shown: Mapping[str, Any] = {}
        # A server without a view of the network can be posted to all the same.
        with contextlib.suppress(InvalidContent, NotFound, Unavailable):
            shown = self._xrpc("GET", "app.bsky.actor.getProfile", params={"actor": self.did}).json
        return [
            Profile(
                remote_id=self.did,
                handle=handle,
                name=str(shown.get("displayName") or handle),
                avatar_url=str(shown.get("avatar") or ""),
                url=f"{self.web}/profile/{handle}",
                limits=self.account_limits(),
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        """What the account's server takes: the company's more, a small one less."""
        if self.is_at_company:
            return {"image_bytes": COMPANY_IMAGE_BYTES}
        if self.has_video_service:
            return {}
        most: Json = None
        with contextlib.suppress(InvalidContent, NotFound, Unavailable):
            most = self._xrpc("GET", "com.atproto.server.describeServer").json.get("blobUploadLimit")
        return {"video_bytes": most if isinstance(most, int) else SMALL_SERVER_BYTES}

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        image, video = limits.get("image_bytes"), limits.get("video_bytes")
        if isinstance(image, int):
            rules = rules.with_limits(images={"max_bytes": image})
        if isinstance(video, int):
            rules = rules.with_limits(videos={"max_bytes": min(video, rules.videos.max_bytes)})
        return rules

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *own_findings(draft)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        start = ledger.repeat("address", partial(first_moment, draft))
        posts: list[Reference] = []
        for number, part in enumerate(draft.parts, 1):
            key = record_key(draft, start, number)
            record = self._record(draft, number, key, posts, ledger)
            beside = gates(draft, f"at://{self.did}/{POST}/{key}", number, str(record["createdAt"]))
            send = partial(self._send_post, key, record, beside, part)
            step = "post" if len(draft.parts) == 1 else f"post {number} of {len(draft.parts)}"
            posts.append(ledger.once(step, send, find=partial(self.look, key)))
        return self._published([str(post["uri"]) for post in posts])

    def find(self, draft: Draft, since: datetime) -> Published | None:
        start = first_moment(draft)
        found = []
        for number in range(1, len(draft.parts) + 1):
            post = self.look(record_key(draft, start, number), since)
            if post is None:
                break
            found.append(str(post["uri"]))
        return self._published(found) if found else None

    def recognise(self, permalink: str) -> Json:
        post = self._post_at(permalink)
        if not self._is_own(str(post["uri"])):
            raise InvalidContent("This post is another account's.")
        return post

    def recent(self, since: datetime) -> list[Standing]:
        params = {"repo": self.did, "collection": POST, "limit": "50"}
        answer = self._xrpc("GET", "com.atproto.repo.listRecords", params=params)
        rows = [(row["uri"], row["value"]) for row in known(answer, "records", list)]
        # by when they were written, which is no later than when they came here: nothing is left out
        return [
            Standing(self.permalink(uri), str(post.get("text") or ""), written_at(post, since))
            for uri, post in rows
        ]

    def delete(self, published: Published) -> None:
        """All parts, the last first, and what stands beside them."""
        for uri in reversed(published.part_ids or (published.remote_id,)):
            self.erase(POST, key_of(uri))
            self.erase(POSTGATE, key_of(uri))
        self.erase(THREADGATE, key_of(published.remote_id))

    def _published(self, uris: list[str]) -> Published:
        return Published(uris[0], self.permalink(uris[0]), tuple(uris))

    # --- the record ---

    def _record(
        self, draft: Draft, number: int, key: str, before: list[Reference], ledger: Ledger
    ) -> dict[str, Json]:
        """A post as the network keeps it. The same on every try, so that a repeat is no second post."""
        part = draft.parts[number - 1]
        of_post = f" of post {number}" if len(draft.parts) > 1 else ""
        media = self._media(part, of_post, key, ledger)
        record: dict[str, Json] = {
            "$type": POST,
            "text": part.text,
            "createdAt": moment(draft.created_at + timedelta(milliseconds=number - 1)),
        }
        if media is None and draft.flag("card") and (link := first_link(part.text)):
            frozen = ledger.repeat(f"card{of_post}", partial(self._card, link))
            media = card(frozen) if frozen else None
        quoted = self._quoted(draft, ledger) if number == 1 else None
        said: dict[str, Json] = {
            "facets": self.facets(part.text, f"mentions{of_post}", ledger),
            "reply": {"root": before[0], "parent": before[-1]} if before else None,
            "embed": embedded(media, quoted),
            "langs": languages_of(draft),
            "labels": labels_of(draft) if draft.option("warning") else None,
            "tags": tags_of(draft) if number == 1 else None,
        }
        return record | {name: value for name, value in said.items() if value}

    def _media(self, part: Part, of_post: str, key: str, ledger: Ledger) -> dict[str, Json] | None:
        if not part.media:
            return None
        first = part.media[0]
        if first.kind == "video":
            return film(first, self.video(first, of_post, key, ledger))
        blobs = [
            ledger.repeat(f"picture {n}{of_post}", partial(self._upload, file))
            for n, file in enumerate(part.media, 1)
        ]
        return pictures(part.media, blobs)

    def _upload(self, file: MediaFile) -> Json:
        with file.open() as stream:
            return self.upload(stream, file.content_type)

    def _card(self, link: str) -> dict[str, Json]:
        """What the page says of itself, frozen; {} where it cannot be read: a link is still a link."""
        made = card_of(self.connection.transport, link)
        if made is None:
            return {}
        frozen: dict[str, Json] = {"uri": link, "title": made.title, "description": made.description}
        if made.picture:
            with contextlib.suppress(PlatformError):  # a card without a picture is still a card
                frozen["thumb"] = self.upload(io.BytesIO(made.picture), "image/jpeg")
        return frozen

    def _quoted(self, draft: Draft, ledger: Ledger) -> Reference | None:
        address = draft.option("quote")
        return ledger.repeat("quoted post", partial(self._post_at, address)) if address else None

    def _post_at(self, address: str) -> Reference:
        """The post that a web address shows, asked where its author's records are kept."""
        place = quoted_place(address)
        if place is None:
            raise InvalidContent("This is not the address of a post on Bluesky.")
        actor, key = place
        who = self.directory.find(actor)
        there = self.record(POST, key, who.did, who.pds)
        if there is None:
            raise InvalidContent("There is no post at this address (any more).")
        return reference(there)

    # --- the one write that the public sees ---

    def _send_post(
        self, key: str, record: dict[str, Json], beside: Mapping[str, Json], part: Part
    ) -> Reference:
        try:
            return self.put_once(POST, key, record, beside)
        except BlobGone as error:
            if any(file.kind == "video" for file in part.media) and self.has_video_service:
                raise Unavailable("Bluesky has forgotten the video; it is sent again.") from error
        for file in part.media:
            repeatable(partial(self._upload, file))  # the same bytes get the same name
        return self.put_once(POST, key, without_thumbnail(record), beside)
