"""A post as Threads wants it said, and as it is recognised among those that stand there."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from platforms._threads_rules import gif_id, spoilers
from platforms.content import Draft, Json, MediaFile
from platforms.errors import MediaRejected
from platforms.text import utf16_length

LETTERS = "abcd"
SHOWN_AS = {"TEXT": "TEXT_POST", "IMAGE": "IMAGE", "VIDEO": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM"}
STYLED = re.compile(r"\*\*(?P<bold>\S(?:.*?\S)?)\*\*|\*(?P<italic>\S(?:.*?\S)?)\*")

Params = dict[str, Json]


def words(draft: Draft, number: int) -> Params:
    """What a part says, whatever hangs on it; what concerns the thread as a whole is said by the first."""
    part = draft.parts[number - 1]
    params: Params = {"text": part.text} if part.text else {}
    if hidden := spoilers(part.text, draft.items("spoiler_words")):
        params["text_entities"] = [_spoiler(part.text, *span) for span in hidden]
    if part.media and draft.flag("spoiler_media"):
        params["is_spoiler_media"] = True
    if countries := draft.items("countries"):
        params["allowlisted_country_codes"] = ",".join(country.upper() for country in countries)
    return {**params, **_of_the_first(draft)} if number == 1 else params


def _of_the_first(draft: Draft) -> Params:
    params: Params = {}
    for option, name in (("reply_control", "reply_control"), ("topic", "topic_tag")):
        if draft.option(option):
            params[name] = draft.option(option).strip()
    if draft.kind == "ghost":
        return {**params, "is_ghost_post": True}
    if draft.flag("reply_approvals"):
        params["enable_reply_approvals"] = True
    return params if draft.media else {**params, **_attachments(draft)}


def _attachments(draft: Draft) -> Params:
    """What only a text can carry."""
    if answers := draft.items("poll"):
        options = {f"option_{letter}": answer for letter, answer in zip(LETTERS, answers, strict=False)}
        return {"poll_attachment": dict(options)}
    params: Params = {}
    if draft.option("link"):
        params["link_attachment"] = draft.option("link")
    if draft.option("gif"):
        params["gif_attachment"] = {"gif_id": gif_id(draft.option("gif")), "provider": "GIPHY"}
    if draft.option("long_text").strip():
        params["text_attachment"] = styled(draft.option("long_text").strip())
    return params


def medium(file: MediaFile) -> Params:
    """A picture or video, which Threads fetches by itself."""
    if not file.url:
        raise MediaRejected(
            f"Threads fetches pictures and videos by itself, and “{file.name}” cannot be reached from there.",
            action="Ask whoever runs this installation to give it an address on the internet (SITE_URL).",
        )
    kind = file.kind
    params: Params = {"media_type": kind.upper(), f"{kind}_url": file.url}
    return {**params, "alt_text": file.alt} if file.alt else params


def _spoiler(text: str, start: int, end: int) -> dict[str, Json]:
    offset, length = utf16_length(text[:start]), utf16_length(text[start:end])
    return {"entity_type": "SPOILER", "offset": offset, "length": length}


def styled(text: str) -> dict[str, Json]:
    """A long text with its **bold** and *italic* taken out of the words and told beside them."""
    plain, done = "", 0
    styles: list[Json] = []
    for match in STYLED.finditer(text):
        plain += text[done : match.start()]
        style = str(match.lastgroup)
        shown = match[style]
        place: dict[str, Json] = {"offset": utf16_length(plain), "length": utf16_length(shown)}
        styles.append({**place, "styling_info": [style]})
        plain, done = plain + shown, match.end()
    attachment: dict[str, Json] = {"plaintext": plain + text[done:]}
    return {**attachment, "text_with_styling_info": styles} if styles else attachment


# --- recognising ---


def is_same(post: Mapping[str, Any], params: Mapping[str, Json]) -> bool:
    """Whether a post that Threads shows is the one that was asked for: same words, kind and place."""
    replied_to = post.get("replied_to") or {}
    return (
        comparable(str(post.get("text") or "")) == comparable(str(params.get("text") or ""))
        and post.get("media_type") == SHOWN_AS[str(params["media_type"])]
        and str(replied_to.get("id") or "") == str(params.get("reply_to_id") or "")
    )


def comparable(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def shortcode(permalink: str) -> str:
    """The last part of a post's address, '' where it is none of Threads'."""
    found = re.search(r"/post/([A-Za-z0-9_-]+)/?(?:[?#]|$)", permalink)
    return found[1] if found else ""
