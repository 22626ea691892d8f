"""How a post looks on the network: its numbers, its card, what it quotes, who may answer."""

from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse

from platforms.sandbox import bluesky_lexicon as lexicon
from platforms.sandbox.bluesky_store import Stored, gate_of, owner_of, stored
from platforms.sandbox.bluesky_view import counts
from platforms.sandbox.bluesky_wire import NETWORK
from platforms.sandbox.models import Entry
from platforms.sandbox.world import Face

NUMBERS = (
    ("replies", "replyCount"),
    ("reposts", "repostCount"),
    ("quotes", "quoteCount"),
    ("likes", "likeCount"),
)
WARNINGS = {
    "sexual": "Suggestive",
    "nudity": "Non-sexual nudity",
    "porn": "Adult content",
    "graphic-media": "Graphic media",
}
REPLIERS = {
    "mentionRule": "people they mention",
    "followerRule": "their followers",
    "followingRule": "people they follow",
    "listRule": "a list",
}


def face(entry: Entry) -> Face:
    post = Stored(entry.remote_id, entry.body, entry.person, entry.created_at, entry)
    numbers = counts(post)
    labels = [
        WARNINGS.get(item["val"], item["val"]) for item in entry.body.get("labels", {}).get("values", [])
    ]
    return Face(
        covers_pictures=bool(labels),
        facts={
            "counts": {word: numbers[name] for word, name in NUMBERS},
            "labels": labels,
            "card": card_of(entry.body),
            "quote": quote_of(entry.body),
            "repliers": repliers(post),
            "no_quotes": gate_of(post, lexicon.POSTGATE) is not None,
            "languages": entry.body.get("langs", []),
            "tags": entry.body.get("tags", []),
            "answers": answered(post),
        },
    )


def answered(post: Stored) -> str:
    """The handle of somebody else whom a post answers, '' where it answers nobody or its own author."""
    above = post.body.get("reply", {}).get("parent", {}).get("uri", "")
    person = owner_of(above) if above else None
    return person.handle if person and person != post.author else ""


def card_of(record: dict[str, Any]) -> dict[str, str] | None:
    external = lexicon.media_of(record).get("external")
    if not external:
        return None
    name = external.get("thumb", {}).get("ref", {}).get("$link")
    thumb = reverse("sandbox-upload", kwargs={"network": NETWORK, "remote_id": name}) if name else ""
    return {**external, "host": urlsplit(external["uri"]).hostname or "", "thumb": thumb}


def quote_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """The quoted post; without its words where it is gone or its author takes no quotes."""
    reference = lexicon.quoted_in(record)
    if not reference:
        return None
    there = stored(reference["uri"])
    if there is None or gate_of(there, lexicon.POSTGATE):
        return {"text": ""}
    return {"person": there.author, "text": there.body["text"], "at": there.at}


def repliers(post: Stored) -> str:
    """Who may answer, '' where that is everybody."""
    gate = gate_of(post)
    if gate is None or "allow" not in gate.body:
        return ""
    rules = [REPLIERS[rule["$type"].partition("#")[2]] for rule in gate.body["allow"]]
    return f"Only {' and '.join(rules)} can reply" if rules else "Nobody can reply"
