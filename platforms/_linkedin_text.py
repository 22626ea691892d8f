"""LinkedIn's little text format, and its names for things (URNs)."""

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote, unquote

_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
# What stays markup: `@[Exact Name](urn:li:organization:1)`, and hashtags with a letter in them, not in links.
_MARKUP = re.compile(
    r"(?P<link>https?://\S+)|@\[(?P<name>[^\[\]\n]+)\]\((?P<urn>urn:li:(?:organization|person):[\w-]+)\)"
    r"|(?<![\w&/])#(?P<tag>(?=\w*[^\W\d_])\w+)"
)
_TAG = re.compile(r"\{hashtag\|\\?#\|((?:[^{}\\|]|\\.)+)\}")
_POST = re.compile(r"\b(share|ugcPost|activity)[:-](\d{10,20})\b")
_COMMENT = re.compile(r"urn:li:comment:\((urn:li:\w+:[^,()]+),(\d+)\)")


def little(text: str) -> str:
    """A text as `commentary` takes it. What is left unescaped cuts it off there, without a word."""
    written, end = [], 0
    for match in _MARKUP.finditer(text):
        written += [_escaped(text[end : match.start()]), _markup(match)]
        end = match.end()
    return "".join([*written, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\g<0>", text)


def _markup(match: re.Match[str]) -> str:
    if match["link"]:
        return _escaped(match["link"])
    if match["urn"]:
        return f"@[{_escaped(match['name'])}]({match['urn']})"
    return f"#{match['tag']}" if "_" not in match["tag"] else rf"{{hashtag|\#|{_escaped(match['tag'])}}}"


def plain(commentary: str) -> str:
    """The text that `little` was given, from what LinkedIn made of it."""
    return re.sub(r"\\(.)", r"\1", _TAG.sub(r"#\1", commentary), flags=re.DOTALL)


def comparable(text: str) -> str:
    """What stays equal between a text sent and a text shown: not spaces, nor links (they are shortened)."""
    return " ".join(re.sub(r"https?://\S+", "https://", unicodedata.normalize("NFC", text)).split())


def quoted(urn: str) -> str:
    """A URN as it stands in paths and queries; the brackets around it stay as they are."""
    return quote(urn, safe="")


def kind_of(urn: str) -> str:
    """The third word of a URN: person, organization, share, ugcPost, image..."""
    return urn.split(":")[2] if urn.count(":") > 2 else ""


def post_at(address: str) -> str:
    """The URN of the post at an address, '' where it names none."""
    found = _POST.search(unquote(address))
    return f"urn:li:{found[1]}:{found[2]}" if found else ""


def made_at(urn: str) -> datetime:
    """When a post was made: its number begins with the milliseconds."""
    return datetime.fromtimestamp((int(urn.rpartition(":")[2]) >> 22) / 1000, UTC)


def comment_of(urn: str) -> tuple[str, str]:
    """What a comment stands below, and its number there; two empty texts where the URN names no comment."""
    found = _COMMENT.fullmatch(urn)
    return (found[1], found[2]) if found else ("", "")
