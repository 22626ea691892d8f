"""Reading what Mastodon-like servers say: addresses, limits, times, and whether a post is the one meant."""

import html
import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import regex

from platforms._mastodon_rules import POST
from platforms.content import Json, RateLimit
from platforms.transport import Answer

QUOTES_SINCE = 7  # the version of Mastodon's API that came with 4.5
HOST = regex.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[0-9]{1,5})?"
)
BREAK = regex.compile(r"<(?:/?p|/?div|br|/?li|/?blockquote)\b[^>]*>")
TAG = regex.compile(r"<[^>]*>")
# What servers put before a quote for programs that know none (Mastodon), or behind it (Pleroma).
QUOTE_LINK = regex.compile(r"<(p|span) class=\"quote-inline\">.*?</\1>", regex.DOTALL)
PARAGRAPHS = regex.compile(r"</p>\s*<p\b[^>]*>")
LINE = regex.compile(r"<br\b[^>]*>")
FULL_MENTION = regex.compile(r"(@[\p{L}\p{N}_.-]+)@[\p{L}\p{N}.-]*[\p{L}\p{N}]")
UNSPOKEN = regex.compile(r"[^\p{L}\p{N}\p{S}]+")


def host_of(typed: str) -> str:
    """The host in what somebody typed: a host, an address, or @name@host; '' where there is none."""
    rest = typed.strip().partition("://")[2] or typed.strip()
    name = regex.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].rstrip(".").lower()
    try:
        host = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return ""
    return host if len(host) <= 253 and HOST.fullmatch(host) else ""


def offers_pkce(metadata: Mapping[str, Any]) -> bool:
    methods = metadata.get("code_challenge_methods_supported")
    return isinstance(methods, list) and "S256" in methods


def limits_of(instance: Mapping[str, Any]) -> dict[str, Json]:
    """A server's own limits, as far as it names them in a form that makes sense."""
    statuses = _part(instance, "configuration", "statuses")
    media = _part(instance, "configuration", "media_attachments")
    most_bytes = _count(instance.get("upload_limit"))
    types = [str(kind) for kind in _list(media.get("supported_mime_types"))]
    shared: dict[str, Json] = {
        "alt_text": _count(media.get("description_limit")) or _count(instance.get("description_limit")),
    }
    images: dict[str, Json] = {
        **shared,
        "at_most": _count(statuses.get("max_media_attachments"))
        or _count(instance.get("max_media_attachments")),
        "max_bytes": _count(media.get("image_size_limit")) or most_bytes,
        "max_pixels": _count(media.get("image_matrix_limit")),
        "formats": [kind for kind in types if kind in POST.images.formats],
    }
    limits: dict[str, Json] = {
        "text": _count(statuses.get("max_characters")) or _count(instance.get("max_toot_chars")),
        "url_length": _count(statuses.get("characters_reserved_per_url")),
        "images": _named(images),
        "videos": _videos(media, types, most_bytes) | _named(shared),
        "polls": _polls(instance),
        "needs_media": is_pixelfed(instance),
    }
    return _named(limits)


def _videos(media: Mapping[str, Any], types: list[str], most_bytes: int | None) -> dict[str, Json]:
    if types and "video/mp4" not in types:
        return {"at_most": 0}
    pixels, fastest = _count(media.get("video_matrix_limit")), _count(media.get("video_frame_rate_limit"))
    own: dict[str, Json] = {
        "max_bytes": _count(media.get("video_size_limit")) or most_bytes,
        "max_side": math.isqrt(pixels) if pixels else None,  # fits in whatever shape
        "fps": [1, fastest] if fastest else None,
    }
    return _named(own)


def _polls(instance: Mapping[str, Any]) -> dict[str, Json]:
    mastodons = _part(instance, "configuration", "polls")
    pleromas = _part(instance, "poll_limits")
    longest = mastodons.get("max_characters_per_option") or pleromas.get("max_option_chars")
    own: dict[str, Json] = {"characters": _count(longest)}
    for ours, theirs in (("options", "max_options"), ("least", "min_expiration"), ("most", "max_expiration")):
        own[ours] = _count(mastodons.get(theirs)) or _count(pleromas.get(theirs))
    return _named(own)


def unavailable_on(instance: Mapping[str, Any]) -> dict[str, Json]:
    """The options that a server does not have, each with the reason."""
    versions = _part(instance, "api_versions")
    missing: dict[str, Json] = {}
    if (_count(versions.get("mastodon")) or 0) < QUOTES_SINCE:
        why = "This server knows no quotes (Mastodon has them since 4.5)."
        missing |= {"quote": why, "quote_policy": why}
    if is_pixelfed(instance):
        missing["poll_options"] = "This server has no polls."
    return missing


def is_pixelfed(instance: Mapping[str, Any]) -> bool:
    """Pixelfed refuses a post without a picture, and has no polls."""
    return "pixelfed" in str(instance.get("version")).lower()


def _named(values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value}


def _part(body: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        inner = body.get(name)
        body = inner if isinstance(inner, dict) else {}
    return body


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def known(answer: Answer, *names: str) -> dict[str, Any]:
    """An answer that names what must be in it; without that it is as good as unreadable."""
    body = answer.json
    if not all(isinstance(body.get(name), str | int) and body[name] for name in names):
        raise answer.doubtful(
            "The server answered something that cannot be read.", status=answer.status, detail=answer.text
        )
    return body


def told(answer: Answer) -> str:
    """A refusal's own words, '' where it has none."""
    body = answer.maybe_json
    words = body.get("error_description") or body.get("error") if isinstance(body, dict) else None
    return words if isinstance(words, str) else ""


def sentence(label: str, answer: Answer) -> str:
    """What a refusal means, with the server's own words where it gave some."""
    words = told(answer)
    said = f" It says: “{words}”" if words else ""
    match answer.status:
        case 401:
            return f"{label} no longer accepts this connection.{said}"
        case 403:
            return f"{label} does not allow this to the connected account.{said}"
        case 404 | 410:
            return f"{label} does not have this any more.{said}"
    return f"{label} did not accept this.{said}"


def moment(value: Any) -> datetime | None:
    """A time as servers write it, ISO 8601 or seconds since 1970; None where it is none."""
    text = str(value or "").strip()
    try:
        if text.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(text), UTC)
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def http_date(value: str) -> datetime | None:
    """A time as HTTP headers write it (RFC 9110, 5.6.7)."""
    try:
        return parsedate_to_datetime(value)
    except ValueError:
        return None


def retry_at_of(answer: Answer) -> datetime | None:
    """When to ask again: Retry-After (seconds or a date), else the end of the limit's window."""
    after = answer.headers.get("Retry-After", "").strip()
    if after.isdecimal() and len(after) < 8:
        return datetime.now(UTC) + timedelta(seconds=int(after))
    limit = rate_limit_of(answer)
    return http_date(after) or (limit.resets_at if limit else None)


def skew(answer: Answer) -> timedelta:
    """How far the server's clock is ahead of ours, by an answer's Date (whole seconds), on the early side."""
    there = http_date(answer.headers.get("Date", ""))
    return (there - datetime.now(UTC) if there else timedelta()) - timedelta(seconds=2)


def rate_limit_of(answer: Answer) -> RateLimit | None:
    """The closest limit, off the headers of an answer."""
    resets_at = moment(answer.headers.get("X-RateLimit-Reset"))
    try:
        limit, remaining = (
            float(answer.headers.get(f"X-RateLimit-{name}", "")) for name in ("Limit", "Remaining")
        )
    except ValueError:
        return None
    if resets_at is None or not math.isfinite(limit) or not math.isfinite(remaining):
        return None
    return RateLimit(answer.method, int(limit), int(remaining), resets_at)


def is_same_post(status: Mapping[str, Any], body: Mapping[str, Json], client_name: str) -> bool:
    """Whether a Status is what a request asked for: same words, place, poll, number of media and app."""
    application = status.get("application")
    by = application.get("name") if isinstance(application, dict) else None
    return (
        by in {None, client_name}
        and status.get("in_reply_to_id") == body.get("in_reply_to_id")
        and len(_list(status.get("media_attachments"))) == len(_list(body.get("media_ids")))
        and _is_poll_of(status.get("poll"), body.get("poll"))
        and spoken(f"{status.get('spoiler_text') or ''} {plain(str(status.get('content') or ''))}")
        == spoken(f"{body.get('spoiler_text') or ''} {body.get('status')}")
    )


def _is_poll_of(standing: Any, asked: Any) -> bool:
    """Whether a poll has the answers asked for; a missing one may be lost: not every server has polls."""
    if not isinstance(standing, dict):
        return True
    titles = [answer.get("title") for answer in _list(standing.get("options")) if isinstance(answer, dict)]
    wanted = _list(asked.get("options")) if isinstance(asked, dict) else []
    return [spoken(html.unescape(str(title))) for title in titles] == [spoken(str(one)) for one in wanted]


def plain(content: str) -> str:
    """The text of a post's HTML, near enough to be compared."""
    return html.unescape(TAG.sub("", BREAK.sub("\n", QUOTE_LINK.sub("", content))))


def readable(content: str) -> str:
    """The text of a post's HTML, for people: paragraphs and lines stay."""
    lines = LINE.sub("\n", PARAGRAPHS.sub("\n\n", QUOTE_LINK.sub("", content)))
    return html.unescape(TAG.sub("", lines)).strip()


def spoken(text: str) -> str:
    """Only what servers leave as it was: letters, digits and symbols, mentions without their host."""
    return str(UNSPOKEN.sub("", FULL_MENTION.sub(r"\1", unicodedata.normalize("NFC", text))))
