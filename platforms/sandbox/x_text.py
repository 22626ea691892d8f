"""How X shows a text: links wrapped, escapes, a link to the media or the quoted post at its end."""

import html
import re
import secrets
from collections.abc import Iterator
from typing import Any

from platforms._links import x_links
from platforms.sandbox.models import Person, Upload
from platforms.sandbox.x_known import Known
from platforms.sandbox.x_media import media_key
from platforms.text import weighted_length

LIMIT = 280
MARK = re.compile(r"(?<![\w&/])(?:[@＠]\w{1,15}(?!\w)|[#＃]\w*[^\W\d_]\w*)")
KEYS = {"mentions": "username", "hashtags": "tag"}


def shown(
    text: str,
    remote_id: str,
    person: Person,
    uploads: list[Upload],
    *,
    to: Known | None = None,
    quoted: Known | None = None,
) -> dict[str, Any]:
    """`text` and `entities`, and for a long post `note` with the whole.

    X puts the name of whoever is answered before it, and the address of a quoted post after it.
    """
    if to and to.person != person and not text.lower().startswith(f"@{to.person.handle}".lower()):
        text = f"@{to.person.handle} {text}"
    if quoted:
        text = f"{text} https://x.com/{quoted.person.handle}/status/{quoted.remote_id}".lstrip()
    if weighted_length(text) <= LIMIT:
        return {**wrapped(text, remote_id, person, uploads), "note": None}
    start = text[:LIMIT]
    while weighted_length(start) > LIMIT - 1:
        start = start[:-1]
    cut = start.rpartition(" ")[0] or start
    return {**wrapped(f"{cut}…", remote_id, person, uploads), "note": wrapped(text, remote_id, person, [])}


def wrapped(text: str, remote_id: str, person: Person, uploads: list[Upload]) -> dict[str, Any]:
    done, out = 0, ""
    marks: dict[str, list[dict[str, Any]]] = {"urls": [], "hashtags": [], "mentions": []}
    for start, stop, kind in stretches(text):
        out += html.escape(text[done:start], quote=False)
        done, first, written = stop, len(out), text[start:stop]
        more = wrapped_link(written) if kind == "urls" else {KEYS[kind]: written[1:]}
        out += more.get("url", written)
        marks[kind].append({"start": first, "end": len(out), **more})
    out += html.escape(text[done:], quote=False)
    if uploads:
        out, pictures = with_pictures(out, remote_id, person, uploads)
        marks["urls"] += pictures
    return {"text": out, "entities": {kind: found for kind, found in marks.items() if found}}


def stretches(text: str) -> Iterator[tuple[int, int, str]]:
    """Links, mentions and hashtags in order, none inside another."""
    links = [(start, stop, "urls") for start, stop in x_links(text)]
    others = [
        (*match.span(), "mentions" if match[0][0] in "@＠" else "hashtags") for match in MARK.finditer(text)
    ]
    end = 0
    for start, stop, kind in sorted([*links, *others]):
        if start >= end:
            end = stop
            yield start, stop, kind


def wrapped_link(written: str) -> dict[str, str]:
    expanded = written if re.match("https?://", written, re.IGNORECASE) else f"http://{written}"
    plain = re.sub(r"^https?://(www\.)?", "", expanded, flags=re.IGNORECASE)
    display = plain if len(plain) <= 27 else f"{plain[:26]}…"
    return {"url": short_link(), "expanded_url": expanded, "display_url": display}


def short_link() -> str:
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "https://t.co/" + "".join(secrets.choice(letters) for _ in range(10))


def with_pictures(
    out: str, remote_id: str, person: Person, uploads: list[Upload]
) -> tuple[str, list[dict[str, Any]]]:
    """One link stands for all pictures; each has an entity of its own."""
    url, kind = short_link(), "video" if uploads[0].content_type.startswith("video/") else "photo"
    out = f"{out} {url}".lstrip()
    place = {"start": len(out) - len(url), "end": len(out), "url": url}
    page = f"https://x.com/{person.handle}/status/{remote_id}/{kind}/1"
    own = {"expanded_url": page, "display_url": url.replace("https://t.co/", "pic.x.com/")}
    return out, [{**place, **own, "media_key": media_key(upload)} for upload in uploads]
