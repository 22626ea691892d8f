"""The schemas of records, checked as the reference server checks them, with its own sentences."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from platforms.sandbox import cids
from platforms.text import graphemes

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
EMBED = "app.bsky.embed"
IMAGE_BYTES = 2_000_000
THUMB_BYTES = 1_000_000
VIDEO_BYTES = 300_000_000
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
RECORD_KEY = re.compile(r"(?!\.\.?$)[a-zA-Z0-9_~.:-]{1,512}")
_LABEL = r"([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
HANDLE = re.compile(rf"([a-zA-Z0-9]{_LABEL}\.)+[a-zA-Z]{_LABEL}")
DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
PATTERNS = {
    "datetime": re.compile(
        r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,20})?(Z|[+-][0-2]\d:[0-5]\d)"
    ),
    "language": re.compile(r"(i|[a-z]{2,3})(-[a-zA-Z0-9]+)*"),
    "DID": DID,
    "uri": re.compile(r"\w+:(//)?[^\s/]\S*"),
    "at-uri": re.compile(rf"at://{DID.pattern}/[a-zA-Z.]+/[a-zA-Z0-9_~.:-]+"),
}


class Invalid(Exception):
    """What is wrong with a record, and where."""

    def __init__(self, said: str, path: str) -> None:
        super().__init__(f"{said} at {path}")


Check = Callable[[Any, str], None]


@dataclass(frozen=True)
class Text:
    form: str = ""
    most_bytes: int = 0
    most_graphemes: int = 0

    def __call__(self, value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise Invalid(f"Expected string value type (got {json.dumps(value)})", path)
        size = len(value.encode())
        if self.most_bytes and size > self.most_bytes:
            raise Invalid(f"string too big (maximum {self.most_bytes}, got {size})", path)
        if self.most_graphemes and graphemes(value) > self.most_graphemes:
            raise Invalid(f"grapheme too big (maximum {self.most_graphemes}, got {graphemes(value)})", path)
        if self.form and not PATTERNS[self.form].fullmatch(value):
            raise Invalid(f'Invalid {self.form} (got "{value}")', path)


@dataclass(frozen=True)
class Integer:
    least: int

    def __call__(self, value: Any, path: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Invalid(f"Expected integer value type (got {json.dumps(value)})", path)
        if value < self.least:
            raise Invalid(f"integer too small (minimum {self.least}, got {value})", path)


@dataclass(frozen=True)
class List:
    item: Check
    at_most: int = 0

    def __call__(self, value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise Invalid(f"Expected array value type (got {json.dumps(value)[:60]})", path)
        if self.at_most and len(value) > self.at_most:
            raise Invalid(f"array too big (maximum {self.at_most}, got {len(value)})", path)
        for n, item in enumerate(value):
            self.item(item, f"{path}[{n}]")


@dataclass(frozen=True)
class Object:
    """Named fields. A field that the schema does not know is refused here; the real server lets it pass."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check]

    def __call__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Invalid(f"Expected object value type (got {json.dumps(value)[:60]})", path)
        known = {**self.required, **self.optional}
        for name in self.required:
            if name not in value:
                raise Invalid(f'Missing required key "{name}"', path)
        for name, item in value.items():
            if name not in known and name != "$type":
                raise Invalid(f'Unexpected key "{name}"', path)
            if name in known:
                known[name](item, f"{path}.{name}")


@dataclass(frozen=True)
class Union:
    kinds: Mapping[str, Check]

    def __call__(self, value: Any, path: str) -> None:
        kind = value.get("$type") if isinstance(value, dict) else None
        if kind not in self.kinds:
            wanted = ", ".join(self.kinds)
            raise Invalid(f"Expected one of {wanted} (got {json.dumps(kind)})", f"{path}.$type")
        self.kinds[str(kind)](value, path)


def cid(value: Any, path: str) -> None:
    try:
        cids.binary(value)
    except (ValueError, TypeError) as error:
        raise Invalid(f"Invalid CID string (got {json.dumps(value)})", path) from error


@dataclass(frozen=True)
class Blob:
    """A reference to uploaded bytes."""

    accept: str
    at_most: int

    def __call__(self, value: Any, path: str) -> None:
        match value:
            case {"$type": "blob", "ref": {"$link": link}, "mimeType": str(kind), "size": int(size)}:
                try:
                    cids.binary(link)
                except (ValueError, TypeError) as error:
                    raise Invalid("Expected blob value type", path) from error
            case _:
                raise Invalid(f"Expected blob value type (got {json.dumps(value)[:60]})", path)
        if not fnmatchcase(kind, self.accept):
            raise Invalid(f'Expected "{self.accept}" (got "{kind}")', f"{path}.mimeType")
        if size > self.at_most:
            raise Invalid(f"blob too big (maximum {self.at_most}, got {size})", path)


_reference = Object({"uri": Text("at-uri"), "cid": cid}, {})
_facet = Object(
    {
        "index": Object({"byteStart": Integer(0), "byteEnd": Integer(0)}, {}),
        "features": List(
            Union(
                {
                    "app.bsky.richtext.facet#mention": Object({"did": Text("DID")}, {}),
                    "app.bsky.richtext.facet#link": Object({"uri": Text("uri")}, {}),
                    "app.bsky.richtext.facet#tag": Object({"tag": Text("", 640, 64)}, {}),
                }
            )
        ),
    },
    {},
)
_ratio = Object({"width": Integer(1), "height": Integer(1)}, {})
_picture = Object({"image": Blob("image/*", IMAGE_BYTES), "alt": Text()}, {"aspectRatio": _ratio})
_caption = Object({"lang": Text("language"), "file": Blob("text/vtt", 20_000)}, {})
_media: Mapping[str, Check] = {
    f"{EMBED}.images": Object({"images": List(_picture, at_most=4)}, {}),
    f"{EMBED}.video": Object(
        {"video": Blob("video/mp4", VIDEO_BYTES)},
        {
            "alt": Text(),
            "aspectRatio": _ratio,
            "captions": List(_caption, at_most=20),
            "presentation": Text(),
        },
    ),
    f"{EMBED}.external": Object(
        {
            "external": Object(
                {"uri": Text("uri"), "title": Text(), "description": Text()},
                {"thumb": Blob("image/*", THUMB_BYTES), "associatedRefs": List(_reference)},
            )
        },
        {},
    ),
}
_quote = Object({"record": _reference}, {})
_embeds: Mapping[str, Check] = {
    **_media,
    f"{EMBED}.record": _quote,
    f"{EMBED}.recordWithMedia": Object({"record": _quote, "media": Union(_media)}, {}),
}
_labels = Object({"values": List(Object({"val": Text("", 128)}, {}), at_most=10)}, {})

post = Object(
    {"text": Text("", 3000, 300), "createdAt": Text("datetime")},
    {
        "facets": List(_facet),
        "reply": Object({"root": _reference, "parent": _reference}, {}),
        "embed": Union(_embeds),
        "langs": List(Text("language"), at_most=3),
        "labels": Union({"com.atproto.label.defs#selfLabels": _labels}),
        "tags": List(Text("", 640, 64), at_most=8),
    },
)
_rules: Mapping[str, Check] = {
    f"{THREADGATE}#mentionRule": Object({}, {}),
    f"{THREADGATE}#followerRule": Object({}, {}),
    f"{THREADGATE}#followingRule": Object({}, {}),
    f"{THREADGATE}#listRule": Object({"list": Text("at-uri")}, {}),
}
_gate: Mapping[str, Check] = {"post": Text("at-uri"), "createdAt": Text("datetime")}
_mark = Object({"subject": _reference, "createdAt": Text("datetime")}, {})

SCHEMAS: Mapping[str, Check] = {
    POST: post,
    LIKE: _mark,
    REPOST: _mark,
    THREADGATE: Object(
        _gate,
        {
            "allow": List(Union(_rules), at_most=5),
            "hiddenReplies": List(Text("at-uri"), at_most=300),
        },
    ),
    POSTGATE: Object(
        _gate,
        {
            "embeddingRules": List(Union({f"{POSTGATE}#disableRule": Object({}, {})}), at_most=5),
            "detachedEmbeddingUris": List(Text("at-uri"), at_most=50),
        },
    ),
}


def media_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The pictures, the video or the card of a post, also where it quotes another one."""
    embed: dict[str, Any] = record.get("embed") or {}
    inner: dict[str, Any] = embed.get("media", embed)
    return inner


def quoted_in(record: Mapping[str, Any]) -> dict[str, str]:
    """The reference of the post that a post quotes, {} where it quotes none."""
    embed = record.get("embed") or {}
    quote = embed.get("record") or {}
    reference: dict[str, str] = quote.get("record", quote)
    return reference


def described(record: Mapping[str, Any]) -> dict[str, str]:
    """What a post shows, each by its CID with its description."""
    media = media_of(record)
    shown = {item["image"]["ref"]["$link"]: item["alt"] for item in media.get("images", [])}
    if "video" in media:
        shown[media["video"]["ref"]["$link"]] = media.get("alt", "")
    return shown


def blobs(value: Any) -> list[dict[str, Any]]:
    """Every reference to uploaded bytes in a record."""
    if isinstance(value, dict):
        if value.get("$type") == "blob":
            return [value]
        return [blob for item in value.values() for blob in blobs(item)]
    return [blob for item in value for blob in blobs(item)] if isinstance(value, list) else []
