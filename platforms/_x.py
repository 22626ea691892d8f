"""X's words: what an answer holds, and how a post that it shows compares with one that was sent."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from platforms.errors import MediaRejected
from platforms.transport import Answer

EPOCH = 1_288_834_974_657  # milliseconds: where X's ids begin
NAMES = re.compile(r"^(?:[@＠]\w{1,15}\s+)+")


def said_by(answer: Answer) -> list[str]:
    """X's own sentences, the most telling first."""
    problem = problem_of(answer)
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    said = [error.get("message") or error.get("detail") for error in errors]
    return [str(words) for words in (*said, problem.get("detail"), problem.get("title")) if words]


def problem_of(answer: Answer) -> dict[str, Any]:
    body = answer.maybe_json
    return body if isinstance(body, dict) else {}


def entity(answer: Answer) -> dict[str, Any]:
    """The `data` of an answer. X reports some failures inside a success."""
    found = answer.json.get("data")
    if isinstance(found, dict) and found.get("id"):
        return found
    said = (said_by(answer) or ["it answered without what was asked for"])[0]
    raise answer.doubtful(f"X says: {said}", status=answer.status, detail=answer.text)


def is_processed(upload: Mapping[str, Any]) -> bool:
    """Whether an upload is ready for a post. MediaRejected where X could not make sense of it."""
    processing = upload.get("processing_info") or {"state": "succeeded"}
    if processing.get("state") == "failed":
        error = processing.get("error") or {}
        said = str(error.get("message") or error.get("name")).rstrip(".")
        raise MediaRejected(f"X could not use the file: {said}.", action="Change the picture or video.")
    return bool(processing.get("state") == "succeeded")


# --- reading a post back, in the old vocabulary and the new ---


def text_of(post: Mapping[str, Any]) -> str:
    """The text as it was written: a long one whole, links as they were, none to the post's own media."""
    note = post.get("note_post") or post.get("note_tweet") or {}
    text = note.get("text") or post.get("text") or ""
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    quoted = reference(post, "quoted")
    for link in [*links_of(note), *links_of(post)]:
        leads_to = str(link.get("expanded_url") or link["url"])
        own = "media_key" in link or str(link.get("display_url")).startswith(("pic.x.com", "pic.twitter.com"))
        # X adds the address of a quoted post at the end.
        own = own or bool(quoted and leads_to.endswith(f"/status/{quoted}") and text.endswith(link["url"]))
        text = text.replace(link["url"], "" if own else leads_to)
    return text


def links_of(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    return (post.get("entities") or {}).get("urls") or []


def comparable(text: str) -> str:
    """What stays equal between a text sent and a text shown: not spaces, nor a link's added scheme."""
    return " ".join(re.sub(r"https?://", "", unicodedata.normalize("NFC", text)).split())


def without_names(text: str) -> str:
    """A text without the @names at its beginning, which X puts there itself in an answer."""
    return NAMES.sub("", text)


def reference(post: Mapping[str, Any], kind: str) -> str:
    """The post that this one answers ("replied_to") or quotes ("quoted"), '' where it does not."""
    references = post.get("referenced_posts") or post.get("referenced_tweets") or []
    return next((str(found["id"]) for found in references if found.get("type") == kind), "")


def media_of(post: Mapping[str, Any]) -> list[str]:
    """The upload ids of a post's media: a media key is a kind, an underscore and the id."""
    keys = (post.get("attachments") or {}).get("media_keys") or []
    return [str(key).rpartition("_")[2] for key in keys]


# --- ids that tell the time ---


def moment_of(snowflake: str) -> datetime:
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH) / 1000, UTC)


def id_at(moment: datetime) -> str:
    """The least id of a moment."""
    return str(max(0, int(moment.timestamp() * 1000) - EPOCH) << 22)
