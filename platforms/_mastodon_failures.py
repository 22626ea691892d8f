"""What Mastodon-like servers' refusals mean. They speak the person's language, so words are but hints."""

import re
from collections.abc import Iterator

from platforms._mastodon_server import retry_at_of, told
from platforms.errors import (
    ClientRefused,
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure, Said
from platforms.transport import Answer

ENDED = "Mastodon no longer accepts the connection."
SHORTEN = "Shorten it, or read the account's limits anew: the server may have changed them."
CHANGE_POLL = "Change the poll and try again."


def each(kind: type[PlatformError], message: str, action: str, code: str, *words: str) -> Iterator[Failure]:
    """One meaning of several sentences of a status."""
    for told_words in words:
        yield Failure(kind, message, action, code=code, words=told_words)


FAILURES: tuple[Failure, ...] = (
    # the connection
    Failure(TokenExpired, ENDED, code="invalid_grant"),
    Failure(
        ClientRefused,
        "The server does not know this installation any more.",
        "Connect the account again: the installation registers itself anew.",
        code="invalid_client",
    ),
    Failure(
        ClientRefused,
        "The server does not know all the permissions that were asked for.",
        "Connect the account again.",
        code="invalid_scope",
    ),
    Failure(TokenExpired, ENDED, code="401"),
    Failure(TokenExpired, ENDED, code="400", words="bearer token"),
    Failure(TokenExpired, ENDED, code="422", words="requires an authenticated user"),
    Failure(
        PermissionMissing,
        "This is outside the authorized scopes: the connection allows less than is needed.",
        code="403",
        words="outside the authorized scopes",
    ),
    Failure(
        PermissionMissing,
        "The login is currently disabled on the server, or its e-mail is not confirmed yet.",
        "Sign in on the server and see what it wants, or ask its moderators.",
        code="403",
        words="login is currently disabled",
    ),
    Failure(
        PermissionMissing,
        "This server takes no posts without a picture.",
        "Add a picture.",
        code="403",
        words="empty statuses",
    ),
    Failure(
        PermissionMissing,
        "The server does not allow this to the account.",
        "Look on the server: the post may be private, or its author may have blocked the account.",
        code="403",
        words="action is not allowed",
    ),
    # what is not there
    Failure(NotFound, "Mastodon does not have this any more.", code="404"),
    Failure(NotFound, "Mastodon does not have this any more.", code="410"),
    # never twice
    Failure(
        OutcomeUnknown,
        "The server had this post before, and does not say what became of it.",
        code="400",
        words="idempotency",
    ),
    Failure(Duplicate, "The server has this very post already.", code="422", words="duplicate record"),
    # media
    Failure(
        MediaRejected,
        "The file is too large for this server.",
        "Use a smaller one.",
        code="413",
    ),
    Failure(
        Unavailable, "The server is still processing the media.", code="422", words="finished processing"
    ),
    *each(
        MediaRejected,
        "A video or an animated GIF goes alone into a post.",
        "Keep only it, or take it out.",
        "422",
        "already contains images",
        "attach a video",
    ),
    *each(
        MediaRejected,
        "These are more media than the server takes.",
        "Take some out, or read the account's limits anew.",
        "422",
        "cannot attach more than",
        "too many files",
    ),
    Failure(
        MediaRejected,
        "The server does not have an uploaded file any more.",
        "Post it anew: the files are uploaded again.",
        code="422",
        words="already attached to another post",
    ),
    *each(
        MediaRejected,
        "The server does not take this kind of file.",
        "Use JPEG, PNG, GIF or WebP, or an MP4 video.",
        "422",
        "content type is invalid",
        "unsupported file type",
    ),
    Failure(
        MediaRejected,
        "The server could not read the file: making its thumbnail failed.",
        "Save the file anew, or use another one.",
        words="processing thumbnail",
    ),
    # words
    Failure(
        InvalidContent, "The server wants a text.", "Write something.", code="422", words="can't be blank"
    ),
    *each(
        InvalidContent,
        "The text is longer than the server's limit.",
        SHORTEN,
        "422",
        "character limit",
    ),
    Failure(
        InvalidContent, "The text is longer than the server's limit.", SHORTEN, code="400", words="too long"
    ),
    Failure(
        InvalidContent,
        "The server misses something in the post.",
        code="400",
        words="param is missing",
    ),
    # polls
    Failure(InvalidContent, "A poll needs two answers.", CHANGE_POLL, code="422", words="more than one item"),
    *each(
        InvalidContent,
        "The server takes no poll with so many or so long answers.",
        "Shorten the poll, or read the account's limits anew.",
        "422",
        "can't contain more than",
        "characters each",
    ),
    Failure(
        InvalidContent,
        "Two answers of the poll are the same.",
        CHANGE_POLL,
        code="422",
        words="duplicate items",
    ),
    *each(
        InvalidContent,
        "The server does not keep a poll open for that long or that short.",
        "Choose another time.",
        "422",
        "too far into the future",
        "is too soon",
    ),
    Failure(
        InvalidContent,
        "The server does not take the poll.",
        CHANGE_POLL,
        code="422",
        words="poll",
    ),
    # replies and quotes
    Failure(
        NotFound,
        "The post that this answers is not there any more.",
        code="422",
        words="trying to reply to",
    ),
    Failure(
        InvalidContent,
        "The quoted post is not there, or its author does not want to be quoted.",
        "Put its address into the text instead.",
        code="422",
        words="trying to quote",
    ),
    Failure(
        InvalidContent,
        "Who is quoted must be mentioned where only people mentioned see the post.",
        "Mention the author, or choose who sees it anew.",
        code="422",
        words="quote a non-mentioned user",
    ),
    Failure(
        InvalidContent,
        "The server does not take the time for which it was asked to schedule.",
        "Publish it anew.",
        code="422",
        words="scheduled",
    ),
    # limits and trouble
    Failure(RateLimited, "Mastodon asks us to slow down.", code="429"),
    Failure(RateLimited, "Mastodon asks us to slow down.", code="503/later"),
    Failure(Unavailable, "The server is not available just now.", code="503"),
)


def said_by(answer: Answer) -> Said:
    """Codes: an OAuth error's name, then the status. The sentence may be in any language."""
    words = told(answer)
    body = answer.maybe_json
    name = body.get("error") if isinstance(body, dict) else None
    codes = [name] if isinstance(name, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", name) else []
    if answer.status == 503 and "Retry-After" in answer.headers:
        codes.append("503/later")
    return Said((*codes, str(answer.status)), words or answer.text[:500], retry_at_of(answer))
