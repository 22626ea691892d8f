"""What Threads takes for a container, field by field; everything else is refused."""

import re
from collections.abc import Callable
from typing import Any

from platforms.sandbox import graph
from platforms.sandbox.threads_wire import wrong
from platforms.text import entities, threads_length, utf16_length

PLACES = {
    "110843418940484": {"name": "Speicherstadt Hamburg", "city": "Hamburg", "country": "DE"},
    "106078429431815": {"name": "Menlo Park", "city": "Menlo Park", "country": "US"},
    "106078429431816": {"name": "Menlo Park Library", "city": "Menlo Park", "country": "US"},
}
AUDIENCES = {"everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"}
STYLES = {"bold", "italic", "underline", "strikethrough", "highlight"}
ROOT_ONLY = {"reply_control", "enable_reply_approvals", "topic_tag", "is_ghost_post"}
TEXT_ONLY = {
    "link_attachment", "poll_attachment", "gif_attachment", "text_attachment", "is_ghost_post",
    "auto_publish_text",
}  # fmt: skip
MEDIA_ONLY = {"is_spoiler_media"}
FILE_ONLY = {"alt_text", "is_carousel_item"}
NO_POLL = {"link_attachment", "text_attachment"}
NO_GHOST = {
    "reply_to_id", "enable_reply_approvals", "link_attachment", "poll_attachment", "gif_attachment",
    "text_attachment",
}  # fmt: skip


def flag(value: Any) -> bool:
    if value not in ("true", "false", True, False):
        raise ValueError("must be a boolean")
    return value in ("true", True)


def at_most(most: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"must be at most {most} characters long.")
        return value

    return read


def text(value: Any) -> str:
    if threads_length(str(value)) > 500:
        raise ValueError("must be at most 500 characters long.")
    return str(value).strip()


def one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {{{', '.join(sorted(choices)).upper()}}}")
        return str(value)

    return read


def web(value: Any) -> str:
    if not re.match(r"https?://[^\s/]+", str(value)):
        raise ValueError("must be a valid URI")
    return str(value)


def number(value: Any) -> str:
    if not str(value).isdecimal():
        raise ValueError("must be a valid ID")
    return str(value)


def topic(value: Any) -> str:
    if not 1 <= len(value) <= 50 or re.search("[.&]", value):
        raise ValueError("must have 1 to 50 characters, none of them . or &")
    return str(value)


def children(value: Any) -> list[str]:
    nodes = [number(node) for node in str(value).split(",")]
    if not 2 <= len(nodes) <= 20 or len(set(nodes)) < len(nodes):
        raise ValueError("must name 2 to 20 containers")
    return nodes


def countries(value: Any) -> list[str]:
    codes = str(value).split(",")
    if not all(re.fullmatch("[A-Z]{2}", code) for code in codes):
        raise ValueError("must be ISO 3166-1 alpha-2 codes")
    return codes


def mapping(value: Any, known: set[str]) -> dict[str, Any]:
    parsed = graph.structured(value)
    if not isinstance(parsed, dict) or not set(parsed) <= known:
        raise ValueError("must be a JSON object of known members")
    return parsed


def poll(value: Any) -> dict[str, str]:
    answers: dict[str, str] = mapping(value, {f"option_{letter}" for letter in "abcd"})
    named = [f"option_{letter}" for letter in "abcd"[: len(answers)]]
    if len(answers) < 2 or sorted(answers) != named or not all(1 <= len(a) <= 25 for a in answers.values()):
        raise ValueError("must have 2 to 4 options of 1 to 25 characters")
    return answers


def gif(value: Any) -> dict[str, str]:
    wanted = mapping(value, {"gif_id", "provider"})
    if wanted.get("provider") not in {"GIPHY", "TENOR"} or not wanted.get("gif_id"):
        raise ValueError("must have gif_id and provider")
    return wanted


def long_text(value: Any) -> dict[str, Any]:
    wanted = mapping(value, {"plaintext", "link_attachment_url", "text_with_styling_info"})
    plain = wanted.get("plaintext", "")
    if not 1 <= len(plain) <= 10_000:
        raise ValueError("must have a plaintext of at most 10000 characters")
    for style in wanted.get("text_with_styling_info", []):
        if not set(style["styling_info"]) <= STYLES:
            raise ValueError("must have known styles")
        refuse_range(style, plain)
    return wanted


def text_entities(value: Any) -> list[dict[str, Any]]:
    found = graph.structured(value)
    if not isinstance(found, list) or len(found) > 10:
        raise ValueError("must be a list of at most 10")
    if any(entity.get("entity_type") != "SPOILER" for entity in found):
        raise ValueError("must have the entity_type SPOILER")
    return found


def refuse_range(place: dict[str, Any], words: str) -> None:
    start, length = int(place["offset"]), int(place["length"])
    if start < 0 or length < 1 or start + length > utf16_length(words):
        raise ValueError("must lie inside the text")


FIELDS: dict[str, Callable[[Any], Any]] = {
    "media_type": one_of("TEXT", "IMAGE", "VIDEO", "CAROUSEL"),
    "text": text,
    "image_url": web,
    "video_url": web,
    "is_carousel_item": flag,
    "children": children,
    "alt_text": at_most(1000),
    "reply_to_id": number,
    "reply_control": one_of(*AUDIENCES),
    "enable_reply_approvals": flag,
    "topic_tag": topic,
    "link_attachment": web,
    "quote_post_id": number,
    "poll_attachment": poll,
    "gif_attachment": gif,
    "text_attachment": long_text,
    "text_entities": text_entities,
    "is_spoiler_media": flag,
    "is_ghost_post": flag,
    "location_id": number,
    "allowlisted_country_codes": countries,
    "auto_publish_text": flag,
    "crossreshare_to_ig": flag,
    "crossreshare_to_ig_dark_mode": flag,
}
IGNORED = {"access_token", "appsecret_proof"}


def checked(sent: dict[str, Any]) -> dict[str, Any]:
    """The wanted post, every field read; a refusal in Threads' words otherwise."""
    wanted: dict[str, Any] = {}
    for name, value in sent.items():
        if name in IGNORED:
            continue
        if name not in FIELDS:
            raise wrong(name, "is not supported")
        try:
            wanted[name] = FIELDS[name](value)
        except (ValueError, TypeError, KeyError) as error:
            raise wrong(name, str(error) if isinstance(error, ValueError) else "has a wrong shape") from error
    if "media_type" not in wanted:
        raise wrong("media_type", "is required")
    if wanted.get("is_carousel_item"):
        wanted.pop("text", None)
    refuse_combination(wanted, {name for name, value in wanted.items() if value not in (False, "")})
    refuse_words(wanted)
    return wanted


def refuse_combination(wanted: dict[str, Any], given: set[str]) -> None:
    kind = wanted["media_type"]
    media = {"IMAGE": {"image_url"}, "VIDEO": {"video_url"}, "CAROUSEL": {"children"}}.get(kind, set())
    strangers = {"image_url", "video_url", "children"} - media
    unfit = {"TEXT": MEDIA_ONLY | FILE_ONLY, "CAROUSEL": TEXT_ONLY | FILE_ONLY}.get(kind, TEXT_ONLY)
    rules = (
        ("", media - given, "is required"),
        ("", given & (strangers | unfit), f"cannot be used with {kind}"),
        ("reply_to_id", given & ROOT_ONLY, "cannot be used on a reply"),
        ("is_ghost_post", given & NO_GHOST, "cannot be used on a ghost post"),
        ("is_carousel_item", given & MEDIA_ONLY, "cannot be used on a carousel item"),
        ("poll_attachment", given & NO_POLL, "cannot be used with a poll"),
        (
            "",
            {"text"} if kind == "TEXT" and not given & {"text", "link_attachment"} else set(),
            "is required",
        ),
    )
    for name, names, said in rules:
        if names and (not name or name in given):
            raise wrong(min(names), said)


def refuse_words(wanted: dict[str, Any]) -> None:
    attachment = wanted.get("text_attachment", {})
    if "link_attachment" in wanted and "link_attachment_url" in attachment:
        raise wrong("text_attachment", "cannot have a link when the post has one")
    texts = (wanted.get("text", ""), wanted.get("link_attachment", ""), attachment.get("plaintext", ""))
    found = {entity.value for words in texts for entity in entities(words) if entity.kind == "link"}
    if len(found) > 5:
        raise graph.error(100, "THREADS_API__LINK_LIMIT_EXCEEDED", type="THApiException")
    for entity in wanted.get("text_entities", []):
        try:
            refuse_range(entity, wanted.get("text", ""))
        except (ValueError, KeyError, TypeError) as error:
            raise wrong("text_entities", "must lie inside the text") from error
