"""What Facebook's refusals mean, beyond those that all of Meta's networks share."""

from platforms._meta import HELD_BACK, LOG_IN_THERE
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Unavailable,
)
from platforms.failures import Failure

_CUT = "Cut or convert the video and try again."
_OTHER = "Use another file and try again."
_ON_FACEBOOK = "Answer on Facebook itself, or wait until the person writes again."
_WINDOW = "Facebook lets a Page answer for 24 hours after a person's last message; they are over."

_PEOPLE = (
    Failure(PermissionMissing, "The Page may not write to this person.", code="10/1893063"),
    Failure(PermissionMissing, "Facebook wants a security check first.", LOG_IN_THERE, code="/1404006"),
    Failure(
        PermissionMissing, "Facebook wants the Page authorised to publish.", LOG_IN_THERE, code="/1404078"
    ),
    Failure(PermissionMissing, "Facebook has limited the account.", LOG_IN_THERE, code="/1404112"),
    Failure(PermissionMissing, "Facebook wants a proof of identity.", LOG_IN_THERE, code="/4854002"),
    Failure(
        PermissionMissing,
        "The person who connected the Page may not publish videos on it.",
        "Connect the Page again as somebody who has full control of it.",
        words="no permission to publish the video",
    ),
    Failure(PermissionMissing, "The connection seems to lack a permission that this needs.", code="1/99"),
    Failure(PermissionMissing, "Only the Page itself may comment here.", code="1705"),
)
_MESSAGES = (
    *(
        Failure(InvalidContent, _WINDOW, _ON_FACEBOOK, code=f"10/{subcode}")
        for subcode in ("2018278", "2534022", "2018065")
    ),
    Failure(InvalidContent, "This person takes no messages from the Page now.", _ON_FACEBOOK, code="551"),
    Failure(NotFound, "Messenger does not know this person.", code="100/2018001"),
    # Both were seen where the message, or the comment, was made.
    Failure(OutcomeUnknown, "Messenger's answer cannot be read.", code="1/1357046"),
    Failure(OutcomeUnknown, "Facebook does not show what it made of the comment.", code="20/1772107"),
)
_CONTENT = (
    Failure(InvalidContent, "The post is empty.", "Write something, or add a link or picture.", code="197"),
    Failure(InvalidContent, "The text is too long.", "Shorten it and try again.", words="parameter too long"),
    Failure(InvalidContent, "Facebook does not take this address.", "Check it and try again.", code="1500"),
    Failure(
        InvalidContent,
        "Facebook could not make a post of this link.",
        "Check that the page opens, then press Retry.",
        code="/1609005",
    ),
    Failure(
        InvalidContent,
        "Facebook takes no links to itself.",
        "Put the address into the text and try again.",
        code="/1609008",
    ),
    Failure(InvalidContent, "An address in the text is none.", "Correct it and try again.", code="/2061006"),
    Failure(InvalidContent, "Facebook judges this to be abusive.", code="/1346003"),
    Failure(InvalidContent, "Facebook judges this to be against its standards.", code="/1404102"),
    Failure(InvalidContent, "Facebook does not take content of this kind.", code="/1349125"),
    Failure(Duplicate, "The same text is the Page's last post already.", code="506"),
    Failure(Duplicate, "These photos were posted already.", code="/1366051"),
)
_MEDIA = (
    Failure(MediaRejected, "Facebook could not read the picture.", _OTHER, code="324"),
    Failure(MediaRejected, "Facebook does not take this kind of video.", _CUT, code="352"),
    Failure(MediaRejected, "Facebook could not fetch the video.", _OTHER, code="389"),
    Failure(MediaRejected, "Facebook could not process the video.", _CUT, code="390"),
    Failure(MediaRejected, "The file is too large for Facebook.", _OTHER, code="5101"),
    Failure(MediaRejected, "Facebook takes no picture of this size or kind.", _OTHER, code="/1366046"),
    Failure(MediaRejected, "Facebook cannot read the file.", _OTHER, code="/2069019"),
    Failure(MediaRejected, "The video has the wrong shape: 9:16 is needed.", _CUT, code="/1363040"),
    Failure(MediaRejected, "The video is too small: 540×960 at least.", _CUT, code="/1363127"),
    Failure(MediaRejected, "The video is too short or too long.", _CUT, code="/1363128"),
    Failure(MediaRejected, "The video needs 24 to 60 frames a second.", _CUT, code="/1363129"),
)
_LATER = (
    Failure(RateLimited, "Facebook finds that the Page posts too fast.", code="/1390008", again=HELD_BACK),
    Failure(Unavailable, "Facebook has trouble with links just now.", code="/1609010"),
    Failure(Unavailable, "Facebook has trouble with videos just now.", code="/1363047"),
    Failure(Unavailable, "A piece of the video did not arrive.", code="/1363037"),
    Failure(Unavailable, "The upload of the video took too long.", code="/1363030"),
)
FAILURES = (*_PEOPLE, *_MESSAGES, *_CONTENT, *_MEDIA, *_LATER)
