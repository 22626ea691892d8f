"""What X's refusals mean.

`invalid-request` and `internal-error` are not here: X's own sentence tells the first best, and what a 5xx
means depends on what was asked.
"""

from datetime import timedelta

from platforms._x import problem_of, said_by
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    PermissionMissing,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure, Said
from platforms.transport import Answer

ASK_OPERATOR = "Ask whoever runs this installation to look at the app at developer.x.com."
NO_CREDITS = "The app's prepaid credits at X are used up."
LOG_IN_THERE = "Log in at x.com, do what X asks there, then press Retry."
WINDOW = timedelta(minutes=15)

FAILURES = (
    # by the last segment of a problem's `type`, by its `reason`, or by the status
    Failure(
        PermissionMissing, "X says that the connection lacks a permission.", code="unsupported-authentication"
    ),
    Failure(
        PermissionMissing,
        "X finds this app in no project that has a plan.",
        ASK_OPERATOR,
        code="client-not-enrolled",
    ),
    Failure(PermissionMissing, "X has not enabled this app.", ASK_OPERATOR, code="official-client-forbidden"),
    Failure(PermissionMissing, "X has not enabled this app.", ASK_OPERATOR, code="client-forbidden"),
    Failure(PermissionMissing, NO_CREDITS, ASK_OPERATOR, code="credits"),
    Failure(PermissionMissing, NO_CREDITS, ASK_OPERATOR, code="credits-depleted"),
    Failure(NotFound, "X does not have this any more.", code="resource-not-found"),
    Failure(NotFound, "X does not show this to the account.", code="not-authorized-for-resource"),
    Failure(
        RateLimited,
        "X asks us to slow down: the app has used up what its plan allows.",
        code="usage-capped",
        again=timedelta(days=1),
        each="app",
    ),
    Failure(RateLimited, "X asks us to slow down.", code="88", again=WINDOW),
    Failure(RateLimited, "X asks us to slow down.", code="429", again=WINDOW),
    Failure(TokenExpired, "X no longer accepts the connection.", code="401"),
    Failure(Unavailable, "X is busy with this account just now.", code="409"),
    Failure(
        MediaRejected, "X takes no upload this large (Payload Too Large).", "Use a smaller file.", code="413"
    ),
    # by what it says; the order matters: some sentences hold the words of others
    Failure(Duplicate, "X has a post with this text already.", words="duplicate content"),
    Failure(
        InvalidContent, "X allows one cashtag ($NAME) in a post.", "Take the others out.", words="one cashtag"
    ),
    Failure(InvalidContent, "X does not accept a link in the text.", "Change the link.", words="invalid url"),
    Failure(
        MediaRejected,
        "X no longer accepts the uploaded pictures or video.",
        "Publish a copy of the post: the media are uploaded anew.",
        words="media ids are invalid",
    ),
    Failure(
        NotFound, "The post that this answers is not there.", words="reply to a tweet that is deleted or not"
    ),
    Failure(
        PermissionMissing,
        "X does not let the account reply there.",
        "Reply to people who mentioned the account, or post without replying.",
        words="reply to this conversation is not allowed",
    ),
    Failure(
        PermissionMissing,
        "X does not let the account quote this post.",
        "Post without the quote.",
        words="quoting this post is not allowed",
    ),
    Failure(
        MediaRejected,
        "The video is too long for this account.",
        "Cut it: X takes 140 seconds from everybody.",
        words="post a video longer",
    ),
    Failure(
        PermissionMissing,
        "X does not let the account write to this person.",
        "They may allow messages in their settings on X, or follow the account.",
        words="permission to dm",
    ),
    Failure(PermissionMissing, "X has suspended the account.", LOG_IN_THERE, words="account is suspended"),
    Failure(PermissionMissing, "X has locked the account.", LOG_IN_THERE, words="temporarily locked"),
    Failure(PermissionMissing, "X takes the account for a robot.", LOG_IN_THERE, words="protect our users"),
    Failure(
        PermissionMissing,
        "The account may not do this.",
        LOG_IN_THERE,
        words="not permitted to access this feature",
    ),
    Failure(
        InvalidContent,
        "X does not permit this post: it may be too long, or use what the account does not have.",
        words="not permitted to perform this action",
    ),
)


def said(answer: Answer) -> Said:
    """The problem's reason and type, old error codes and the status; then X's most telling sentence."""
    problem = problem_of(answer)
    kind = str(problem.get("type") or "").rpartition("/")[2]
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    codes = [problem.get("reason"), kind, *(error.get("code") for error in errors), answer.status]
    return Said(tuple(str(code) for code in codes if code), " ".join(said_by(answer)[:1]))
