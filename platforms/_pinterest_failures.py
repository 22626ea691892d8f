"""What Pinterest's refusals mean. It keeps few numbers for many things, so words tell more than codes."""

import re
from datetime import UTC, datetime, timedelta

from platforms.content import RateLimit
from platforms.errors import (
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

SPAM = "Pinterest's guard against spam holds this account back for some hours."
SPAM_HOLDS = timedelta(hours=6)
FORM_REFUSED = "Pinterest's store did not take the video."
FAILURES = (
    Failure(
        MediaRejected,
        "Pinterest does not take a picture of this format.",
        "Use a JPEG or a PNG.",
        words="format of the image is not supported",
    ),
    Failure(
        MediaRejected,
        "Pinterest could not open an address of this Pin.",
        "Check that the links open in a browser without signing in, then try again.",
        words="unable to reach the url",
    ),
    Failure(
        InvalidContent,
        "Pinterest wants a cover for this video.",
        "Attach a picture as the cover, or choose a second of the video.",
        words="cover_image_url or cover_image_content_type",
    ),
    Failure(
        MediaRejected,
        "Pinterest does not have this video any more, or not yet.",
        "Try again in some minutes.",
        words="media_id",
    ),
    Failure(
        InvalidContent,
        "Pinterest does not accept something in this Pin.",
        "Check title, text, link and pictures, then try again; the details say what Pinterest wrote. "
        "Where it is a carousel, make a Pin of each picture.",
        code="400/1",
    ),
    Failure(
        PermissionMissing,
        "Pinterest has not activated this installation's app.",
        "Ask whoever runs this installation to look at the app on developers.pinterest.com.",
        words="consumer type is not supported",
    ),
    Failure(
        PermissionMissing,
        "Pinterest does not offer this to this installation's app: it is open to a few apps only.",
        "Do it on Pinterest.",
        words="restricted feature",
    ),
    Failure(
        PermissionMissing,
        "This installation's app has Trial access, with which Pinterest publishes no Pins.",
        "Ask whoever runs this installation to apply for Standard access.",
        words="apps with trial access",
    ),
    Failure(TokenExpired, "Pinterest no longer accepts the connection.", code="401/2"),
    Failure(PermissionMissing, "Pinterest did not allow this.", code="401/3"),
    Failure(
        PermissionMissing,
        "This account may not use this board or Pin.",
        "Choose another board, or ask its owner to invite you.",
        code="401/7",
    ),
    Failure(PermissionMissing, "Pinterest does not permit this to the account.", code="403/29"),
    Failure(
        PermissionMissing,
        "Pinterest does not permit this to the account: numbers need a business account.",
        "Make it a business account on Pinterest (free of charge).",
        code="403/403",
    ),
    Failure(
        NotFound,
        "The board is not there any more.",
        "Read the lists anew and choose another board.",
        code="404/40",
    ),
    Failure(NotFound, "The Pin is not there any more.", code="404/50"),
    Failure(
        NotFound,
        "The board section is not there any more.",
        "Choose another section, or none.",
        code="404/2031",
    ),
    Failure(Unavailable, "Pinterest is busy with this board just now.", code="409"),
    Failure(RateLimited, SPAM, words="spam", again=SPAM_HOLDS),
    Failure(RateLimited, SPAM, code="429/9", again=SPAM_HOLDS),
    Failure(RateLimited, "Pinterest asks us to slow down.", code="429/8", again=timedelta(minutes=1)),
    Failure(
        MediaRejected, "The video is too large for Pinterest.", "Use a smaller one.", code="s3/EntityTooLarge"
    ),
    Failure(MediaRejected, FORM_REFUSED, "Try again: it is uploaded anew.", code="s3/AccessDenied"),
    Failure(MediaRejected, FORM_REFUSED, "Try again: it is uploaded anew.", code="s3"),
)
WORDS = tuple(failure.words for failure in FAILURES if failure.words)


def said_by(answer: Answer) -> Said:
    """Codes as "status/code"; none where the words tell more. The store of videos answers XML."""
    if found := re.search(r"<Error>\s*<Code>(\w+)</Code>(?:\s*<Message>([^<]*)</Message>)?", answer.text):
        codes = (f"s3/{found[1]}", "s3") if answer.status < 500 else ()
        return Said(codes, found[2] or "")
    body = answer.maybe_json if isinstance(answer.maybe_json, dict) else {}
    sentence = " ".join(str(body[name]) for name in ("message", "message_detail") if body.get(name))
    if any(words in sentence.lower() for words in WORDS):
        return Said((), sentence)
    return Said((f"{answer.status}/{body.get('code')}", str(answer.status)), sentence, free_again_at(answer))


def rate_limit_of(answer: Answer) -> RateLimit | None:
    """The bucket that binds: `60, 100;w=1;name="a", 60;w=60;name="b"`, or on older servers a bare number."""
    told = answer.headers.get("x-ratelimit-limit", "")
    limit = re.match(r"\s*(\d+)", told)
    remaining = re.match(r"\s*(\d+)", answer.headers.get("x-ratelimit-remaining", ""))
    resets_at = free_again_at(answer)
    if not limit or not remaining or resets_at is None:
        return None
    bucket = re.search(rf'\b{limit[1]};w=\d+;name="(\w+?)(?:_app_id(?:_user_id)?)?"', told)
    return RateLimit(bucket[1] if bucket else "requests", int(limit[1]), int(remaining[1]), resets_at)


def free_again_at(answer: Answer) -> datetime | None:
    """When a window is over: told in seconds to go, or as a moment in seconds since 1970."""
    told = answer.headers.get("x-ratelimit-reset") or answer.headers.get("retry-after") or ""
    if not (found := re.match(r"\s*(\d+)", told)):
        return None
    seconds = int(found[1])
    now = datetime.now(UTC)
    return now + timedelta(seconds=seconds) if seconds < 10**8 else datetime.fromtimestamp(seconds, UTC)
