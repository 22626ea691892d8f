"""What Instagram's refusals mean (Instagram Platform, Error Codes). Subcodes are unique and stand alone."""

from datetime import timedelta

from platforms._meta import GRAPH_FAILURES, HELD_BACK, HOUR, LOG_IN_THERE
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
from platforms.failures import Failure

OTHER_FILE = "Use another picture or video, or save it anew, and try again."
CROP = "Crop it to between 4:5 and 1.91:1."
SHORTEN = "Shorten it."
COUNT = "Add some or take some out."
BEFORE = "Look on Instagram: it may have been deleted there."
PROFESSIONAL = "Switch the account to professional in Instagram's settings, then connect it again."
ALLOW_MESSAGES = "In the Instagram app allow access to messages (Settings, Messages, Connected tools)."
RESTRICTED = "Instagram has restricted the account, or wants something checked."
DAILY = "The account has posted as much as Instagram allows in a day."
NO_APP = "Instagram does not accept this installation's app."
USED_UP, AGAIN = "Instagram's permission was used already, or ran out before it was used.", "Connect again."
FAULT = "Instagram had a fault of its own."
LATE = "The person wrote too long ago: answers are possible for 24 hours, by people for 7 days."


def _coded(
    kind: type[PlatformError], *rows: tuple[str, str, str], again: timedelta | None = None
) -> tuple[Failure, ...]:
    """Failures of one kind: code, message, action."""
    return tuple(Failure(kind, message, action, code, again=again) for code, message, action in rows)


def _worded(kind: type[PlatformError], *rows: tuple[str, str, str]) -> tuple[Failure, ...]:
    """Failures of one kind that have no code of their own: words, message, action."""
    return tuple(Failure(kind, message, action, words=words) for words, message, action in rows)


FAILURES = (
    *_coded(
        MediaRejected,
        ("/2207003", "Instagram took too long to fetch the file.", "Press Retry, or use a smaller file."),
        ("/2207020", "Instagram no longer has the file.", "Press Retry: it is handed over again."),
        ("/2207026", "Instagram cannot play this video.", OTHER_FILE),
        ("/2207052", "Instagram could not fetch the file from here.", "Ask whoever runs this installation."),
        ("/2207004", "The picture is larger than 8 MB.", "Use a smaller picture."),
        ("/2207005", "Instagram takes JPEG pictures only.", OTHER_FILE),
        ("/2207009", "The picture is too tall or too wide for Instagram.", CROP),
        ("/2207076", "Instagram could not process the video.", OTHER_FILE),
        ("/2207077", "Instagram could not download the video.", OTHER_FILE),
        ("352", "Instagram cannot play this video.", OTHER_FILE),
        ("9004", "Instagram could not fetch the file.", OTHER_FILE),
        ("36000", "Instagram does not take so large a picture.", OTHER_FILE),
        ("36001", "Instagram does not take this picture.", OTHER_FILE),
        ("36003", "Instagram does not take this picture's shape.", CROP),
    ),
    *_coded(
        Unavailable,
        ("/2207032", "Instagram could not prepare the post.", ""),
        ("/2207053", "Instagram could not take in the video.", ""),
        ("/2207082", "Instagram could not take in the file.", ""),
        ("/2207085", "Instagram could not take in the file just now.", ""),
        ("/2207008", "Instagram no longer knows what was prepared.", ""),
        ("/2207027", "Instagram is still processing the file.", ""),
    ),
    *_coded(
        InvalidContent,
        ("/2207057", "The cover lies outside the video.", "Choose an earlier moment."),
        ("/2207023", "Instagram does not know this kind of post.", "Choose another kind."),
        ("/2207028", "A carousel has 2 to 10 pictures and videos.", COUNT),
        ("/2207035", "In a video people are tagged without a place.", "Take the numbers out of the tag."),
        ("/2207036", "In a picture people are tagged at a place.", "Add two numbers from 0 to 1 to the tag."),
        ("/2207037", "Instagram does not know a tagged product.", "Correct the product's number."),
        ("/2207040", "There are too many tags.", "Take some out."),
        ("/2207010", "The caption has too many characters, hashtags or mentions.", SHORTEN),
        ("36004", "The caption is too long.", SHORTEN),
        ("/2207081", "This account cannot post trial reels.", "Switch “Trial reel” off."),
        ("/2207073", "This cannot be deleted from here.", "Delete it in the Instagram app."),
        *(
            (str(code), "Instagram does not offer this sound.", "Choose another one.")
            for code in range(9050, 9065)
        ),
        ("/2534022", LATE, "Wait until they write again."),
        ("/2534029", "Instagram does not take this message.", "Change the text."),
        ("551", "This person cannot be written to just now.", "Answer in the Instagram app."),
    ),
    *_worded(
        InvalidContent,
        ("param collaborators is not allowed", "Collaborators are not allowed here.", "Take them out."),
        ("too little or too many attachments", "A carousel has 2 to 10 pictures and videos.", COUNT),
        ("instagram_platform_api__invalid_location_id", "Instagram does not know this place.", "Correct it."),
        (
            "instagram_platform_api__invalid_param",
            "Instagram does not take one of the options.",
            "Correct it.",
        ),
    ),
    *_coded(
        OutcomeUnknown,
        ("/2207001", FAULT, ""),
        ("-1", FAULT, ""),
        ("/1772107", "The comment was made, but Instagram did not say more.", ""),
    ),
    *_coded(RateLimited, ("/2207042", DAILY, ""), ("9", DAILY, ""), again=HOUR),
    *_coded(
        RateLimited,
        ("/2534040", "Instagram asks us to write fewer messages.", ""),
        again=HOUR,
    ),
    *_coded(
        RateLimited,
        ("/2207051", "Instagram took this for spam and holds the account back.", ""),
        again=HELD_BACK,
    ),
    *_coded(
        PermissionMissing,
        ("/36007", USED_UP, AGAIN),
        ("/36008", USED_UP, AGAIN),
        ("/36009", USED_UP, AGAIN),
        ("/2207050", RESTRICTED, LOG_IN_THERE),
        ("25", RESTRICTED, LOG_IN_THERE),
        ("/1893063", "Instagram restricts messages of this account or to this person.", LOG_IN_THERE),
        ("/2534041", "The account does not let apps read its messages.", ALLOW_MESSAGES),
    ),
    *_worded(
        PermissionMissing,
        ("the user is not an instagram business", "This is not a professional account.", PROFESSIONAL),
        ("matching code was not found", USED_UP, AGAIN),
        (
            "instagram_platform_api__permission",
            "This account may not label posts as paid partnerships.",
            "Switch the label off, or ask the sponsor to approve the account.",
        ),
    ),
    *_coded(
        NotFound,
        ("/2207006", "Instagram does not have this any more, or does not show it.", BEFORE),
        ("24", "Instagram does not have this any more, or does not show it.", BEFORE),
        ("/2534014", "Instagram does not find the person to write to.", BEFORE),
    ),
    # Before the code alone: it is no permission that is missing.
    Failure(
        NotFound,
        "A story with fewer than five viewers has no numbers.",
        code="10",
        words="not enough viewers",
    ),
    *_worded(Duplicate, ("already been published", "This was published already.", "")),
    *_worded(
        TokenExpired, ("session has been invalidated", "The connection ended: its session was closed.", "")
    ),
    *_worded(ClientRefused, ("invalid client_id", NO_APP, ""), ("invalid client secret", NO_APP, "")),
    *GRAPH_FAILURES,
)
