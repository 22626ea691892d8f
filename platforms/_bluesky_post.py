"""How a post becomes a record of app.bsky.feed.post: its key, its marks, what is embedded, who may answer."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from platforms._atproto import tid
from platforms.content import Draft, Json, MediaFile
from platforms.text import Entity, entities, graphemes

POST = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
EMBED = "app.bsky.embed"
ADDRESS = re.compile(r"/profile/(?P<actor>[\w.:%-]+)/post/(?P<key>[a-z2-7]{13})/?$")
# Who can reply: our word, and the network's rules; none at all means nobody.
AUDIENCES: Mapping[str, tuple[str, ...]] = {
    "nobody": (),
    "mentioned": ("mentionRule",),
    "followers": ("followerRule",),
    "following": ("followingRule",),
}


def first_moment(draft: Draft) -> int:
    """Where a draft's record keys start, in microseconds: its second, and its own place in that.

    Never change this: a delivery under way must come to the same keys again.
    """
    place = int.from_bytes(hashlib.sha256(draft.key.encode()).digest()[:8], "big") % 900_000
    return int(draft.created_at.timestamp()) * 1_000_000 + place


def record_key(draft: Draft, start: int, number: int) -> str:
    return own_key(start + number, draft.key)


def own_key(microseconds: int, seed: str) -> str:
    """A record key of a moment; the clock's id is taken from a seed, so that it comes out the same again."""
    return tid(microseconds, int.from_bytes(hashlib.sha256(seed.encode()).digest()[8:10], "big"))


def moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written_at(post: Mapping[str, Any], otherwise: datetime) -> datetime:
    """When a post says that it was written; any app may write what it likes there."""
    try:
        return datetime.fromisoformat(str(post.get("createdAt"))).astimezone(UTC)
    except ValueError:
        return otherwise


def key_of(uri: str) -> str:
    return uri.rpartition("/")[2]


def meaning(entity: Entity, dids: Mapping[str, Json]) -> dict[str, Json]:
    """What a link, mention or hashtag stands for; {} where it stays plain text."""
    if entity.kind == "link":
        return {"uri": entity.value}
    if entity.kind == "tag":
        short = graphemes(entity.value) <= 64 and len(entity.value.encode()) <= 640
        return {"tag": entity.value} if short else {}
    did = dids.get(entity.value)
    return {"did": did} if did else {}


# --- what is embedded ---


def pictures(files: Sequence[MediaFile], blobs: Sequence[Json]) -> dict[str, Json]:
    return {
        "$type": f"{EMBED}.images",
        "images": [
            {"alt": file.alt, "aspectRatio": shape(file), "image": blob}
            for file, blob in zip(files, blobs, strict=True)
        ],
    }


def film(file: MediaFile, blob: Json) -> dict[str, Json]:
    words: dict[str, Json] = {"alt": file.alt} if file.alt else {}
    return {"$type": f"{EMBED}.video", "video": blob, "aspectRatio": shape(file), **words}


def shape(file: MediaFile) -> Json:
    return {"width": file.width, "height": file.height}


def card(frozen: Mapping[str, Json]) -> dict[str, Json]:
    return {"$type": f"{EMBED}.external", "external": dict(frozen)}


def without_thumbnail(record: Mapping[str, Json]) -> dict[str, Json]:
    """The same record, its link card without a picture."""

    def bare(value: Json) -> Json:
        if not isinstance(value, dict):
            return value
        is_card = value.get("$type") == f"{EMBED}.external"
        inner = {name: bare(item) for name, item in value.items()}
        if is_card and isinstance(inner["external"], dict):
            inner["external"].pop("thumb", None)
        return inner

    return {name: bare(value) for name, value in record.items()}


def embedded(media: dict[str, Json] | None, quoted: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """The one thing that a post may embed: media (or a card), a quoted post, or both."""
    if not quoted:
        return media
    quote: dict[str, Json] = {"$type": f"{EMBED}.record", "record": dict(quoted)}
    if media is None:
        return quote
    return {"$type": f"{EMBED}.recordWithMedia", "record": quote, "media": media}


def first_link(text: str) -> str:
    """The link that a card is made of, '' where there is none."""
    return next((entity.value for entity in entities(text) if entity.kind == "link"), "")


def quoted_place(address: str) -> tuple[str, str] | None:
    """Whose post a web address shows, and its key; None for any other address."""
    found = ADDRESS.search(urlsplit(address.strip()).path)
    return (found["actor"], found["key"]) if found else None


# --- what is said about the post ---


def languages_of(draft: Draft) -> list[Json]:
    """The main language first, three at most."""
    chosen: list[str] = [draft.option("language"), *draft.items("languages")]
    codes: list[Json] = [*dict.fromkeys(code.strip() for code in chosen if code.strip())]
    return codes[:3]


def tags_of(draft: Draft) -> list[Json]:
    bare = (tag.strip().lstrip("#＃").strip() for tag in draft.items("tags"))
    return [*dict.fromkeys(tag for tag in bare if tag)]


def labels_of(draft: Draft) -> Json:
    return {
        "$type": "com.atproto.label.defs#selfLabels",
        "values": [{"val": draft.option("warning")}],
    }


def gates(draft: Draft, uri: str, number: int, made_at: str) -> dict[str, Json]:
    """The records that stand beside a post under its own key: who may reply (to the whole), who may quote."""
    beside: dict[str, Json] = {}
    if draft.option("replies") and number == 1:
        rules: list[Json] = [{"$type": f"{THREADGATE}#{rule}"} for rule in AUDIENCES[draft.option("replies")]]
        beside[THREADGATE] = {"$type": THREADGATE, "post": uri, "allow": rules, "createdAt": made_at}
    if draft.options.get("allow_quotes") is False:
        beside[POSTGATE] = {
            "$type": POSTGATE,
            "post": uri,
            "embeddingRules": [{"$type": f"{POSTGATE}#disableRule"}],
            "createdAt": made_at,
        }
    return beside
