"""Reading what Mastodon-like servers say: addresses, limits, times, and whether a post is the one meant."""

import html
import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import regex

from platforms.content import Json, RateLimit
from platforms.transport import Answer

HOST = regex.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[0-9]{1,5})?"
)
BREAK = regex.compile(r"<(?:/?p|/?div|br|/?li|/?blockquote)\b[^>]*>")
TAG = regex.compile(r"<[^>]*>")
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
    images = {
        "at_most": _count(statuses.get("max_media_attachments"))
        or _count(instance.get("max_media_attachments")),
        "max_bytes": _count(media.get("image_size_limit")) or _count(instance.get("upload_limit")),
        "max_pixels": _count(media.get("image_matrix_limit")),
        "alt_text": _count(media.get("description_limit")) or _count(instance.get("description_limit")),
    }
    limits: dict[str, Json] = {
        "text": _count(statuses.get("max_characters")) or _count(instance.get("max_toot_chars")),
        "url_length": _count(statuses.get("characters_reserved_per_url")),
        "images": {name: value for name, value in images.items() if value},
        # Pixelfed refuses a post without a picture.
        "needs_media": "pixelfed" in str(instance.get("version")).lower(),
    }
    return {name: value for name, value in limits.items() if value}


def _part(body: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        inner = body.get(name)
        body = inner if isinstance(inner, dict) else {}
    return body


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


def sentence(label: str, answer: Answer) -> str:
    """What a refusal means, with the server's own words where it gave some."""
    body = answer.maybe_json
    words = body.get("error_description") or body.get("error") if isinstance(body, dict) else None
    said = f" It says: “{words}”" if isinstance(words, str) and words else ""
    match answer.status:
        case 401:
            return f"{label} no longer accepts this connection.{said}"
        case 403:
            return f"{label} does not allow this to the connected account.{said}"
        case 404 | 410:
            return f"{label} does not have this any more.{said}"
        case 413:
            return f"The picture is too large for this {label} server."
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
    """Whether a Status is what a request asked for: same words, place, number of pictures and app."""
    application = status.get("application")
    by = application.get("name") if isinstance(application, dict) else None
    wanted, pictures = body.get("media_ids"), status.get("media_attachments")
    return (
        by in {None, client_name}
        and status.get("in_reply_to_id") == body.get("in_reply_to_id")
        and len(pictures if isinstance(pictures, list) else [])
        == len(wanted if isinstance(wanted, list) else [])
        and spoken(f"{status.get('spoiler_text') or ''} {plain(str(status.get('content') or ''))}")
        == spoken(f"{body.get('spoiler_text') or ''} {body.get('status')}")
    )


def plain(content: str) -> str:
    """The text of a post's HTML, near enough to be compared."""
    return html.unescape(TAG.sub("", BREAK.sub("\n", content)))


def spoken(text: str) -> str:
    """Only what servers leave as it was: letters, digits and symbols, mentions without their host."""
    return str(UNSPOKEN.sub("", FULL_MENTION.sub(r"\1", unicodedata.normalize("NFC", text))))
