"""What the refusals of Google's business services mean; version 4 numbers what is wrong with a field.

INTERNAL, UNAVAILABLE, CANCELLED and DEADLINE_EXCEEDED are not here: what they mean depends on what was asked,
and the status alone tells it.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from platforms.errors import (
    ClientRefused,
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    PermissionMissing,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure

NOT_APPROVED = "NOT_APPROVED"  # our word: a quota of nothing
FIELD = "FIELD"  # ours too: details 1 to 199 speak of a field
PROFILE = "PROFILE"  # details 1100 to 1399 speak of the profile's own data
OPEN_PROFILE = "Open the profile at business.google.com, do what Google asks there, then press Retry."

FAILURES: tuple[Failure, ...] = (
    # who asks
    Failure(
        ClientRefused,
        "Google has not approved this installation's project for Business Profile: its quota is 0.",
        "Whoever runs this installation applies for “Basic API Access” at Google; it takes about two weeks.",
        code=NOT_APPROVED,
    ),
    Failure(
        ClientRefused,
        "A Business Profile API is not switched on in this installation's Google project.",
        "Ask whoever runs this installation to enable the APIs that its documents list.",
        code="SERVICE_DISABLED",
    ),
    Failure(
        PermissionMissing,
        "The connection lacks the permission to manage business profiles.",
        code="ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    ),
    Failure(TokenExpired, "Google no longer accepts the connection.", code="UNAUTHENTICATED"),
    Failure(
        PermissionMissing,
        "This Google account does not manage the profile any more.",
        "Ask the profile's owner for access at business.google.com, or connect as somebody who has it.",
        code="PERMISSION_DENIED",
    ),
    Failure(
        PermissionMissing,
        "The profile may not post: it is not verified, is suspended, or Google offers no posts for it.",
        OPEN_PROFILE,
        code="FAILED_PRECONDITION",
    ),
    # how much
    Failure(
        RateLimited, "Google asks us to slow down.", code="RATE_LIMIT_EXCEEDED", again=timedelta(minutes=1)
    ),
    Failure(
        RateLimited, "Google asks us to slow down.", code="RESOURCE_EXHAUSTED", again=timedelta(minutes=1)
    ),
    # what is in it
    Failure(
        MediaRejected,
        "Google could not fetch the picture, or cannot use it.",
        "Use a JPEG or PNG of 400×300 at least. If that is what it is, ask whoever runs this installation "
        "whether its address can be reached from outside.",
        code="1000",
    ),
    Failure(
        MediaRejected,
        "Google did not take the picture.",
        "Use another JPEG or PNG, best 1200×900.",
        code="1001",
    ),
    Failure(InvalidContent, "Google misses something in the post.", "Look through the options.", code="2"),
    Failure(
        InvalidContent,
        "Google does not accept a part of the post.",
        "Look through the text and the options, then try again.",
        code=FIELD,
    ),
    Failure(InvalidContent, "Google does not accept the profile's own data.", OPEN_PROFILE, code=PROFILE),
    Failure(InvalidContent, "Google does not know such a time or page.", code="OUT_OF_RANGE"),
    Failure(InvalidContent, "Google does not accept the post as it is.", code="INVALID_ARGUMENT"),
    # what is there
    Failure(NotFound, "The post, the review or the profile is not at Google any more.", code="NOT_FOUND"),
    Failure(Duplicate, "Google has this already.", code="ALREADY_EXISTS"),
    Failure(Unavailable, "Somebody else was changing it at Google just then.", code="ABORTED"),
)


def told_by(error: Mapping[str, Any]) -> Iterator[str]:
    """The codes that an error's details hold beside their reasons, the most telling first."""
    for detail in error.get("details") or []:
        if str((detail.get("metadata") or {}).get("quota_limit_value")) == "0":
            yield NOT_APPROVED
    for wrong in wrongs_in(error):
        code = str(wrong.get("code"))
        number = int(code) if code.isdigit() else 0
        yield code
        if 0 < number < 200:
            yield FIELD
        elif 1100 <= number < 1400:
            yield PROFILE


def sentence_of(error: Mapping[str, Any]) -> str:
    """What exactly is wrong, where the details say it; '' where they do not."""
    told = [wrong for wrong in wrongs_in(error) if wrong.get("message")]
    return " ".join(f"{wrong.get('field') or 'post'}: {wrong['message']}" for wrong in told)


def wrongs_in(error: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Version 4's words on single fields."""
    return [wrong for detail in error.get("details") or [] for wrong in detail.get("errorDetails") or []]
