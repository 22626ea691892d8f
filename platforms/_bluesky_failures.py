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
APP_PASSWORD = "Make an app password in Bluesky under Settings, Privacy and security."  # noqa: S105
CLOCK = "Ask whoever runs this installation to set the machine's clock."
UPDATE = "Ask whoever runs the account's server to update it."
IN_APP = "Look in the Bluesky app: the account can be used again only from there."
E_MAIL = "Confirm the account's e-mail address in the Bluesky app, then try again."
BLOCKED = "Nothing can be done from here: one of the two accounts has blocked the other."
IN_PUBLIC = "Answer in public instead."
SMALLER = "Use a smaller picture or a shorter video."
TOO_LARGE = "A picture or video is too large for this account's server."
PICTURE = "Bluesky does not take a picture of this kind."
OTHER_PICTURE = "Use a JPEG, PNG or WebP picture."
FILM = "Bluesky does not take a video of this kind."
OTHER_FILM = "Use an MP4 video."
ENOUGH_TODAY = "This account has sent as many videos as Bluesky allows in a day."
LATER, HOURLY = timedelta(minutes=5), timedelta(hours=1)

SESSION = (
    Failure(TokenExpired, "Bluesky's session has run out.", code="ExpiredToken"),
    Failure(TokenExpired, NO_SESSION, code="InvalidToken"),
    Failure(TokenExpired, NO_SESSION, code="invalid_token"),
    Failure(TokenExpired, NO_SESSION, code="invalid_grant"),
    Failure(TokenExpired, SIGN_IN, code="AuthMissing"),
    Failure(TokenExpired, SIGN_IN, code="AuthenticationRequired"),
    Failure(ClientRefused, "Bluesky does not accept this installation's document.", code="invalid_client"),
    Failure(Unavailable, "Bluesky's server does not accept its own proof just now.", code="use_dpop_nonce"),
    Failure(Unavailable, "Bluesky's server does not accept our proof; is this clock right?", CLOCK,
            code="invalid_dpop_proof"),
)  # fmt: skip
ACCOUNT = (
    Failure(PermissionMissing, "This is the main password. Make an app password.", APP_PASSWORD,
            code="AuthFactorTokenRequired"),
    Failure(PermissionMissing, "Bluesky has taken this account down.", IN_APP, code="AccountTakedown"),
    Failure(PermissionMissing, "Bluesky has taken this account down.", IN_APP, code="RepoTakendown"),
    Failure(PermissionMissing, "Bluesky has suspended this account.", IN_APP, code="RepoSuspended"),
    Failure(PermissionMissing, "This account is deactivated.", IN_APP, code="AccountDeactivated"),
    Failure(PermissionMissing, "This account is deactivated.", IN_APP, code="RepoDeactivated"),
    Failure(PermissionMissing, NOT_ALLOWED, ALLOW, code="ScopeMissingError"),
    Failure(PermissionMissing, NOT_ALLOWED, ALLOW, words="insufficient access"),
    Failure(PermissionMissing, NOT_ALLOWED, ALLOW, words="bad token scope"),
    Failure(RateLimited, "Bluesky asks us to slow down.", code="RateLimitExceeded", again=LATER),
)  # fmt: skip
RECORDS = (
    Failure(Duplicate, "Another post stands at this place on Bluesky.",
            "Look on Bluesky: this post may stand there already.", code="InvalidSwap"),
    Failure(RecordMissing, "This post is not on Bluesky.", code="RecordNotFound"),
    Failure(NotFound, "This post is not on Bluesky.", code="NotFound"),
    Failure(NotFound, "This server does not know what was asked of it.", UPDATE, code="MethodNotImplemented"),
)  # fmt: skip
MEDIA = (
    Failure(BlobGone, "Bluesky no longer has a picture of this post.", "Try again.", code="BlobNotFound"),
    Failure(MediaRejected, TOO_LARGE, SMALLER, code="PayloadTooLarge"),
    Failure(MediaRejected, "A picture is larger than Bluesky allows.", SMALLER, words="blob too big"),
    Failure(MediaRejected, PICTURE, OTHER_PICTURE, code="InvalidMimeType"),
    Failure(MediaRejected, PICTURE, OTHER_PICTURE, words='expected "image/'),
    Failure(MediaRejected, FILM, OTHER_FILM, words='expected "video/mp4'),
    Failure(MediaRejected, FILM, OTHER_FILM, code="UnsupportedContentType"),
    Failure(MediaRejected, "The video is larger than Bluesky allows.", "Cut it.", code="VideoTooLarge"),
    Failure(MediaRejected, "The video is longer than Bluesky allows.", "Cut it.", code="VideoTooLong"),
    Failure(MediaRejected, "Bluesky takes no video of this shape.", "Crop it.", code="BadAspectRatio"),
    Failure(PermissionMissing, "Bluesky takes no video from this account.", E_MAIL, code="UploadForbidden"),
    Failure(RateLimited, ENOUGH_TODAY, code="DailyLimitExceeded", again=HOURLY),
    Failure(RateLimited, "Too many videos are on their way.", code="TooManyOpenUploads", again=LATER),
    Failure(Unavailable, "Bluesky's video service is busy.", code="ServiceOverloaded"),
)  # fmt: skip
PEOPLE = (
    Failure(PermissionMissing, "This account has blocked the other one.", BLOCKED, code="BlockedActor"),
    Failure(PermissionMissing, "The other account has blocked this one.", BLOCKED, code="BlockedByActor"),
    Failure(PermissionMissing, "This person takes no direct messages.", IN_PUBLIC, code="MessagesDisabled"),
    Failure(PermissionMissing, "This person takes direct messages only from people they follow.", IN_PUBLIC,
            code="NotFollowedBySender"),
    Failure(InvalidContent, "This person has no direct messages.", IN_PUBLIC, code="RecipientNotFound"),
)  # fmt: skip
FAILURES = (*SESSION, *ACCOUNT, *RECORDS, *MEDIA, *PEOPLE)
