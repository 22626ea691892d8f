"""What Bluesky's refusals mean: XRPC's names of errors, and sentences where one name is many things.

Bare statuses are left to `by_status`: a 500, 502 or 504 after a write (also the InternalServerError for a
record key that is taken) may have done it, so it is looked up.
"""

from datetime import timedelta

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


class BlobGone(MediaRejected):
    """The server has forgotten a picture or video that no post used."""


class RecordMissing(NotFound):
    """The server that keeps the account's records says that there is none under this key."""


NO_SESSION = "Bluesky no longer accepts this session."
SIGN_IN = "Bluesky wants us to sign in again."
NOT_ALLOWED = "This connection may not do that on Bluesky."
ALLOW = "Connect the account again and allow everything; an app password needs access to direct messages."
GONE_ACCOUNT = "Look in the Bluesky app: the account can be used again only from there."
BLOCKED = "Nothing can be done from here: one of the two accounts has blocked the other."
LATER = timedelta(minutes=5)
HOURLY = timedelta(hours=1)

FAILURES = (
    # the session
    Failure(TokenExpired, "Bluesky's session has run out.", code="ExpiredToken"),
    Failure(TokenExpired, NO_SESSION, code="InvalidToken"),
    Failure(TokenExpired, SIGN_IN, code="AuthMissing"),
    Failure(TokenExpired, SIGN_IN, code="AuthenticationRequired"),
    Failure(TokenExpired, NO_SESSION, code="invalid_token"),
    Failure(TokenExpired, NO_SESSION, code="invalid_grant"),
    Failure(
        ClientRefused, "Bluesky does not accept this installation's client document.", code="invalid_client"
    ),
    Failure(Unavailable, "Bluesky's server does not accept its own proof just now.", code="use_dpop_nonce"),
    Failure(
        Unavailable,
        "Bluesky's server does not accept our proof; is this clock right?",
        "Ask whoever runs this installation to set the machine's clock.",
        code="invalid_dpop_proof",
    ),
    # the account
    Failure(
        PermissionMissing,
        "This is the main password. Make an app password.",
        "Make an app password in Bluesky under Settings, Privacy and security.",
        code="AuthFactorTokenRequired",
    ),
    Failure(PermissionMissing, "Bluesky has taken this account down.", GONE_ACCOUNT, code="AccountTakedown"),
    Failure(PermissionMissing, "This account is deactivated.", GONE_ACCOUNT, code="AccountDeactivated"),
    Failure(PermissionMissing, "Bluesky has taken this account down.", GONE_ACCOUNT, code="RepoTakendown"),
    Failure(PermissionMissing, "Bluesky has suspended this account.", GONE_ACCOUNT, code="RepoSuspended"),
    Failure(PermissionMissing, "This account is deactivated.", GONE_ACCOUNT, code="RepoDeactivated"),
    Failure(PermissionMissing, NOT_ALLOWED, ALLOW, code="ScopeMissingError"),
    Failure(PermissionMissing, NOT_ALLOWED, ALLOW, words="insufficient access"),
    Failure(PermissionMissing, NOT_ALLOWED, ALLOW, words="bad token scope"),
    # what is sent
    Failure(
        Duplicate,
        "Another post stands at this place on Bluesky.",
        "Look on Bluesky: this post may stand there already.",
        code="InvalidSwap",
    ),
    Failure(RecordMissing, "This post is not on Bluesky.", code="RecordNotFound"),
    Failure(NotFound, "This post is not on Bluesky.", code="NotFound"),
    Failure(
        NotFound,
        "This server does not know what was asked of it.",
        "Ask whoever runs the account's server to update it.",
        code="MethodNotImplemented",
    ),
    # pictures and videos
    Failure(BlobGone, "Bluesky no longer has a picture of this post.", "Try again.", code="BlobNotFound"),
    Failure(
        MediaRejected,
        "Bluesky does not take a picture of this kind.",
        "Use a JPEG, PNG or WebP picture, or an MP4 video.",
        code="InvalidMimeType",
    ),
    Failure(
        MediaRejected,
        "A picture is too large for this account's server.",
        "Use a smaller picture or a shorter video.",
        code="PayloadTooLarge",
    ),
    Failure(
        MediaRejected,
        "A picture is larger than Bluesky allows.",
        "Use a smaller picture or a shorter video.",
        words="blob too big",
    ),
    Failure(
        MediaRejected,
        "Bluesky does not take a picture of this kind.",
        "Use a JPEG, PNG or WebP picture.",
        words='expected "image/',
    ),
    Failure(
        MediaRejected,
        "Bluesky does not take a video of this kind.",
        "Use an MP4 video.",
        words='expected "video/mp4',
    ),
    Failure(
        MediaRejected,
        "Bluesky does not take a video of this kind.",
        "Use an MP4, MPEG, WebM or QuickTime video.",
        code="UnsupportedContentType",
    ),
    Failure(MediaRejected, "The video is larger than Bluesky allows.", "Cut it.", code="VideoTooLarge"),
    Failure(MediaRejected, "The video is longer than Bluesky allows.", "Cut it.", code="VideoTooLong"),
    Failure(MediaRejected, "Bluesky does not take a video of this shape.", "Crop it.", code="BadAspectRatio"),
    Failure(
        PermissionMissing,
        "Bluesky takes no video from this account.",
        "Confirm the account's e-mail address in the Bluesky app, then try again.",
        code="UploadForbidden",
    ),
    Failure(
        RateLimited,
        "This account has sent as many videos as Bluesky allows in a day.",
        code="DailyLimitExceeded",
        again=HOURLY,
    ),
    Failure(RateLimited, "Too many videos are on their way.", code="TooManyOpenUploads", again=LATER),
    Failure(Unavailable, "Bluesky's video service is busy.", code="ServiceOverloaded"),
    # other people
    Failure(PermissionMissing, "This account has blocked the other one.", BLOCKED, code="BlockedActor"),
    Failure(PermissionMissing, "The other account has blocked this one.", BLOCKED, code="BlockedByActor"),
    Failure(
        PermissionMissing,
        "This person takes no direct messages.",
        "Answer in public instead.",
        code="MessagesDisabled",
    ),
    Failure(
        PermissionMissing,
        "This person takes direct messages only from people they follow.",
        "Answer in public instead.",
        code="NotFollowedBySender",
    ),
    Failure(InvalidContent, "This person has no direct messages.", code="RecipientNotFound"),
    Failure(RateLimited, "Bluesky asks us to slow down.", code="RateLimitExceeded", again=LATER),
)
