"""Bluesky: records in people's own repositories, over the AT Protocol (https://atproto.com/specs)."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from platforms._atproto_session import AtprotoPlatform, BlobGone, RecordMissing, known
from platforms._bluesky_post import (
    LANGUAGES,
    POST,
    WARNINGS,
    first_moment,
    meaning,
    moment,
    pictures,
    record_key,
)
from platforms.base import ConnectMethod, Field
from platforms.content import Draft, Json, MediaFile, Part, Profile, Published
from platforms.errors import Duplicate, InvalidContent, NotFound, Unavailable
from platforms.ledger import Ledger, repeatable
from platforms.rules import Images, Option, Rules, Text
from platforms.text import entities, graphemes
from platforms.transport import Answer

WEB = "https://bsky.app"
COMPANY = (".host.bsky.network", "bsky.social")  # servers that always run the newest version
COMPANY_IMAGE_BYTES = 2_000_000


class Bluesky(AtprotoPlatform):
    name = "bluesky"
    label = "Bluesky"
    icon = "brand-bluesky"
    colour = "#0a7aff"
    api_url = "https://bsky.social"  # resolves handles; everything else goes to the account's own server
    auth_url = "https://plc.directory"  # the registry that says which server that is
    needs_client_id = False
    scopes = ("atproto", "transition:generic")
    connect_methods = (
        ConnectMethod(
            "oauth",
            "Sign in with Bluesky",
            fields=(Field("handle", "Handle", placeholder="you.bsky.social"),),
        ),
        ConnectMethod(
            "password",
            "Use an app password",
            "Made in Bluesky under Settings, Privacy and security, App passwords. It lasts longer.",
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
    rules = Rules(
        text=Text(300, count=graphemes, max_bytes=3000),
        images=Images(
            at_most=4,
            formats=("image/jpeg", "image/png", "image/webp"),
            max_bytes=1_000_000,  # what every server takes; those of the network's own company take more
            max_side=4000,
            alt_text=2000,
        ),
        thread_at_most=100,
    )
    options = (
        Option(
            "language", "Language", "choice", choices=LANGUAGES, help="Who gets to see it in their feeds."
        ),
        Option("warning", "Content warning", "choice", choices=WARNINGS, help="Covers the pictures."),
    )

    def profiles(self) -> list[Profile]:
        me = self._xrpc("GET", "com.atproto.server.getSession").json
        did, handle = str(self.session["did"]), str(me.get("handle") or self.session["did"])
        shown: Mapping[str, Any] = {}
        # A server without a view of the network can be posted to all the same.
        with contextlib.suppress(InvalidContent, NotFound, Unavailable):
            shown = self._xrpc("GET", "app.bsky.actor.getProfile", params={"actor": did}).json
        return [
            Profile(
                remote_id=did,
                handle=handle,
                name=str(shown.get("displayName") or handle),
                avatar_url=str(shown.get("avatar") or ""),
                url=f"{self._web}/profile/{handle}",
                limits={"image_bytes": COMPANY_IMAGE_BYTES} if self._is_at_company else {},
            )
        ]

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        most = limits.get("image_bytes")
        return rules.with_limits(images={"max_bytes": most}) if isinstance(most, int) else rules

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        start = ledger.repeat("address", partial(first_moment, draft))
        posts: list[dict[str, Json]] = []
        for number, part in enumerate(draft.parts, 1):
            key = record_key(draft, start, number)
            record = self._record(draft, number, posts, ledger)
            send = partial(self._put, key, record, part)
            step = "post" if len(draft.parts) == 1 else f"post {number} of {len(draft.parts)}"
            posts.append(ledger.once(step, send, find=partial(self._look, key)))
        return self._published([str(post["uri"]) for post in posts])

    def find(self, draft: Draft, since: datetime) -> Published | None:
        start = first_moment(draft)
        found = []
        for number in range(1, len(draft.parts) + 1):
            post = self._look(record_key(draft, start, number), since)
            if post is None:
                break
            found.append(str(post["uri"]))
        return self._published(found) if found else None

    def delete(self, published: Published) -> None:
        for uri in reversed(published.part_ids or (published.remote_id,)):
            body: dict[str, Json] = {
                "repo": self.session["did"],
                "collection": POST,
                "rkey": uri.rpartition("/")[2],
            }
            repeatable(partial(self._xrpc, "POST", "com.atproto.repo.deleteRecord", json=body))

    def _record(
        self, draft: Draft, number: int, before: list[dict[str, Json]], ledger: Ledger
    ) -> dict[str, Json]:
        """A post as the network keeps it. The same on every try, so that a repeat is no second post."""
        part = draft.parts[number - 1]
        of_post = f" of post {number}" if len(draft.parts) > 1 else ""
        blobs = [
            ledger.repeat(f"picture {n}{of_post}", partial(self._upload, media))
            for n, media in enumerate(part.media, 1)
        ]
        record: dict[str, Json] = {
            "$type": POST,
            "text": part.text,
            "createdAt": moment(draft.created_at + timedelta(milliseconds=number - 1)),
        }
        marks = self._facets(part.text, f"mentions{of_post}", ledger)
        if marks:
            record["facets"] = marks
        if before:
            record["reply"] = {"root": before[0], "parent": before[-1]}
        if blobs:
            record["embed"] = pictures(part, blobs)
        if draft.option("language"):
            record["langs"] = [draft.option("language")]
        if draft.option("warning"):
            record["labels"] = {
                "$type": "com.atproto.label.defs#selfLabels",
                "values": [{"val": draft.option("warning")}],
            }
        return record

    def _upload(self, media: MediaFile) -> Json:
        headers = {"Content-Type": media.content_type}
        with media.open() as stream:
            answer = self._xrpc("POST", "com.atproto.repo.uploadBlob", body=stream, headers=headers)
        return cast(Json, known(answer, "blob", dict))

    def _put(self, key: str, record: dict[str, Json], part: Part) -> dict[str, Json]:
        """Make the record, only if there is none under its key."""
        try:
            return self._create(key, record)
        except Duplicate:
            there = self._look(key)
            if there is None:
                raise
            return there
        except BlobGone:
            for media in part.media:
                repeatable(partial(self._upload, media))  # the same bytes get the same name
            return self._create(key, record)

    def _create(self, key: str, record: dict[str, Json]) -> dict[str, Json]:
        body: dict[str, Json] = {
            "repo": self.session["did"],
            "collection": POST,
            "rkey": key,
            "swapRecord": None,
            "record": record,
        }
        return reference(self._xrpc("POST", "com.atproto.repo.putRecord", json=body))

    def _look(self, key: str, since: datetime | None = None) -> dict[str, Json] | None:
        """The post under a key, None where there is none: a person's own server knows for sure."""
        params = {"repo": str(self.session["did"]), "collection": POST, "rkey": key}
        url = f"{self.session['pds']}/xrpc/com.atproto.repo.getRecord"
        try:  # public, so that a session that has ended hides nothing
            return reference(self.accept(self.connection.transport.request("GET", url, params=params)))
        except RecordMissing:
            return None

    def _facets(self, text: str, step: str, ledger: Ledger) -> list[Json]:
        """What makes links, mentions and hashtags live: places in bytes, and what they stand for."""
        found = entities(text)
        handles = sorted({entity.value for entity in found if entity.kind == "mention"})
        dids = ledger.repeat(step, partial(self._dids, handles)) if handles else {}
        return [
            {
                "index": {"byteStart": entity.start_byte, "byteEnd": entity.end_byte},
                "features": [{"$type": f"app.bsky.richtext.facet#{entity.kind}", **feature}],
            }
            for entity in found
            if (feature := meaning(entity, dids))
        ]

    def _dids(self, handles: list[str]) -> dict[str, Json]:
        """Who the handles are; somebody unknown stays plain text."""
        service = str(self.session["pds"])
        return {handle: self.directory.did_of(handle, service=service) for handle in handles}

    def _published(self, uris: list[str]) -> Published:
        permalink = f"{self._web}/profile/{self.session['did']}/post/{uris[0].rpartition('/')[2]}"
        return Published(uris[0], permalink, tuple(uris))

    @property
    def _is_at_company(self) -> bool:
        return (urlsplit(str(self.session["pds"])).hostname or "").endswith(COMPANY)

    @property
    def _web(self) -> str:
        """Where people read posts; a server that stands in for the network shows them itself."""
        return WEB if self.app.api_url == type(self).api_url else self.app.api_url


def reference(answer: Answer) -> dict[str, Json]:
    """Which record it is (uri), in which version (cid): what a reply refers to."""
    return {"uri": str(known(answer, "uri", str)), "cid": str(known(answer, "cid", str))}
