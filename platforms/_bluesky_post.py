"""How a post becomes a record of app.bsky.feed.post: its key, its marks, its pictures."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from platforms import languages
from platforms._atproto import tid
from platforms.content import Draft, Json, Part
from platforms.text import Entity, graphemes

POST = "app.bsky.feed.post"
LANGUAGES = (("", "Not stated"), *languages.LANGUAGES)
WARNINGS = (
    ("", "None"),
    ("sexual", "Suggestive"),
    ("nudity", "Nudity, not sexual"),
    ("porn", "Adults only"),
    ("graphic-media", "Graphic pictures"),
)


def first_moment(draft: Draft) -> int:
    """Where a draft's record keys start, in microseconds: its second, and its own place in that.

    Never change this: a delivery under way must come to the same keys again.
    """
    place = int.from_bytes(hashlib.sha256(draft.key.encode()).digest()[:8], "big") % 900_000
    return int(draft.created_at.timestamp()) * 1_000_000 + place


def record_key(draft: Draft, start: int, number: int) -> str:
    clock = hashlib.sha256(draft.key.encode()).digest()
    return tid(start + number, int.from_bytes(clock[8:10], "big"))


def moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def pictures(part: Part, blobs: list[Json]) -> dict[str, Json]:
    return {
        "$type": "app.bsky.embed.images",
        "images": [
            {
                "alt": media.alt,
                "aspectRatio": {"width": media.width, "height": media.height},
                "image": blob,
            }
            for media, blob in zip(part.media, blobs, strict=True)
        ],
    }


def meaning(entity: Entity, dids: Mapping[str, Json]) -> dict[str, Json]:
    """What a link, mention or hashtag stands for; {} where it stays plain text."""
    if entity.kind == "link":
        return {"uri": entity.value}
    if entity.kind == "tag":
        short = graphemes(entity.value) <= 64 and len(entity.value.encode()) <= 640
        return {"tag": entity.value} if short else {}
    did = dids.get(entity.value)
    return {"did": did} if did else {}
