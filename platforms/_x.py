"""X's words: what its refusals mean, and how a post that it shows compares with one that was sent."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    PermissionMissing,
    PlatformError,
)
from platforms.transport import Answer

ASK_OPERATOR = "Ask whoever runs this installation to look at the app at developer.x.com."
NO_CREDITS = "The app's prepaid credits at X are used up."
LOG_IN_THERE = "Log in at x.com, do what X asks there, then press Retry."


@dataclass(frozen=True)
class Saying:
    """Words by which X tells failures of one status apart, and what they mean to a person."""

    words: str
    kind: type[PlatformError]
    message: str
    action: str = ""


# By the last segment of a problem's `type`; what stands before it differs (api.x.com, api.twitter.com).
TYPES = (
    Saying("unsupported-authentication", PermissionMissing, "X says that the connection lacks a permission."),
    Saying("client-forbidden", PermissionMissing, "X has not enabled this app.", ASK_OPERATOR),
    Saying("credits", PermissionMissing, NO_CREDITS, ASK_OPERATOR),
    Saying("credits-depleted", PermissionMissing, NO_CREDITS, ASK_OPERATOR),
    Saying("resource-not-found", NotFound, "X does not have this any more."),
    Saying("not-authorized-for-resource", NotFound, "X does not show this to the account."),
)  # fmt: skip

# By what it says. The order matters: some sentences hold the words of others.
SAYINGS = (
    Saying("duplicate content", Duplicate, "X has a post with this text already."),
    Saying("one cashtag", InvalidContent, "X allows one cashtag ($NAME) in a post.", "Take the others out."),
    Saying("invalid url", InvalidContent, "X does not accept a link in the text.", "Change the link."),
    Saying("media ids are invalid", MediaRejected, "X no longer accepts the uploaded pictures."),
    Saying("deleted or not visible to you", NotFound, "The post that this answers is not there."),
    Saying(
        "reply to this conversation is not allowed",
        PermissionMissing,
        "X does not let the account reply there.",
        "Reply to people who mentioned the account, or post without replying.",
    ),
    Saying(
        "quoting this post is not allowed",
        PermissionMissing,
        "X does not let the account quote this post.",
        "Post without the quote.",
    ),
    Saying("post a video longer", MediaRejected, "The video is too long for this account.", "Shorten it."),
    Saying("account is suspended", PermissionMissing, "X has suspended the account.", LOG_IN_THERE),
    Saying("temporarily locked", PermissionMissing, "X has locked the account.", LOG_IN_THERE),
    Saying("protect our users", PermissionMissing, "X takes the account for a robot.", LOG_IN_THERE),
    Saying(
        "not permitted to access this feature",
        PermissionMissing,
        "The account may not do this.",
        LOG_IN_THERE,
    ),
    Saying(
        "not permitted to perform this action",
        InvalidContent,
        "X does not permit this post: it may be too long, or use what the account does not have.",
    ),
)


def understood(answer: Answer) -> PlatformError | None:
    """The failure that X's words stand for, where they are known."""
    kind = str(problem_of(answer).get("type", "")).rpartition("/")[2]
    text = " ".join(said_by(answer)).lower()
    for saying in (*(s for s in TYPES if s.words == kind), *(s for s in SAYINGS if s.words in text)):
        return saying.kind(saying.message, status=answer.status, detail=answer.text, action=saying.action)
    return None


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
        raise MediaRejected(f"X could not use the picture: {error.get('message') or error.get('name')}.")
    return bool(processing.get("state") == "succeeded")


# --- reading a post back, in the old vocabulary and the new ---


def text_of(post: Mapping[str, Any]) -> str:
    """The text as it was written: a long one whole, links as they were, none to the post's own pictures."""
    note = post.get("note_post") or post.get("note_tweet") or {}
    text = note.get("text") or post.get("text") or ""
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    for link in [*links_of(note), *links_of(post)]:
        own = "media_key" in link or str(link.get("display_url")).startswith(("pic.x.com", "pic.twitter.com"))
        text = text.replace(link["url"], "" if own else link.get("expanded_url") or link["url"])
    return text


def links_of(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    return (post.get("entities") or {}).get("urls") or []


def comparable(text: str) -> str:
    """What stays equal between a text sent and a text shown: not spaces, nor a link's added scheme."""
    return " ".join(re.sub(r"https?://", "", unicodedata.normalize("NFC", text)).split())


def parent_of(post: Mapping[str, Any]) -> str:
    references = post.get("referenced_posts") or post.get("referenced_tweets") or []
    return next((str(found["id"]) for found in references if found.get("type") == "replied_to"), "")


def media_of(post: Mapping[str, Any]) -> set[str]:
    """The upload ids of a post's pictures: a media key is a kind, an underscore and the id."""
    keys = (post.get("attachments") or {}).get("media_keys") or []
    return {str(key).rpartition("_")[2] for key in keys}
