"""What YouTube's refusals mean, and why it throws videos out after they were uploaded.

`internalError`, `backendError` and `notReady` are not here: what a 5xx means depends on what was asked, and
the status alone tells it.
"""

from datetime import timedelta

from platforms.errors import (
    ClientRefused,
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure
from platforms.quotas import Each

ASK_OPERATOR = "Ask whoever runs this installation to look at the project at console.cloud.google.com."
ASK_YOUTUBE = "Sign in at studio.youtube.com and do what YouTube asks there, then press Retry."
VERIFY = "Verify the channel by phone at youtube.com/verify, then press Retry."
CONNECT = PermissionMissing.action
OURS = "Tell whoever runs this installation: its request was wrong."
PICTURE = "Use another JPEG or PNG, 1280×720."


def each(kind: type[PlatformError], message: str, action: str, *codes: str) -> tuple[Failure, ...]:
    """The same meaning for several codes."""
    return tuple(Failure(kind, message, action, code=code) for code in codes)


def limit(
    message: str, *codes: str, again: timedelta | None = None, whose: Each = "account"
) -> tuple[Failure, ...]:
    return tuple(Failure(RateLimited, message, code=code, again=again, each=whose) for code in codes)


# YouTube has one reason for these and for others; its words tell them apart. We give them codes of their own.
BY_WORDS = (
    ("forbidden", "thumbnail", "thumbnailsForbidden"),
    ("rateLimitExceeded", "uploads per day", "uploadsPerDay"),
)


FAILURES: tuple[Failure, ...] = (
    # who asks
    Failure(
        PermissionMissing,
        "This Google account has no YouTube channel.",
        "Create a channel at youtube.com, then connect again.",
        code="youtubeSignupRequired",
    ),
    *each(
        TokenExpired,
        "YouTube no longer accepts the connection.",
        "",
        "authError",
        "expired",
        "required",
        "authorizationRequired",
        "UNAUTHENTICATED",
    ),
    *each(
        PermissionMissing,
        "The connection lacks a permission that this needs.",
        CONNECT,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "insufficientPermissions",
    ),
    *each(
        ClientRefused,
        "The YouTube API is not switched on in this installation's Google project.",
        "Ask whoever runs this installation to enable “YouTube Data API v3” and “YouTube Analytics API”.",
        "SERVICE_DISABLED",
        "accessNotConfigured",
    ),
    Failure(
        PermissionMissing,
        "The channel may not set thumbnails of its own yet.",
        VERIFY,
        code="thumbnailsForbidden",
    ),
    *each(
        PermissionMissing,
        "YouTube does not let this channel do that.",
        ASK_YOUTUBE,
        "forbidden",
        "insufficientCapabilities",
        "accountDelegationForbidden",
    ),
    *each(
        PermissionMissing,
        "The channel is closed or suspended.",
        ASK_YOUTUBE,
        "channelClosed",
        "channelSuspended",
        "authenticatedUserAccountClosed",
        "authenticatedUserAccountSuspended",
    ),
    # how much
    *limit(
        "This installation has used up its requests to YouTube for today.",
        "quotaExceeded",
        "dailyLimitExceeded",
        whose="app",
    ),
    *limit(
        "This installation has used up its video uploads to YouTube for today.", "uploadsPerDay", whose="app"
    ),
    *limit(
        "YouTube asks us to slow down.",
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "servingLimitExceeded",
        "RATE_LIMIT_EXCEEDED",
        again=timedelta(minutes=1),
    ),
    *limit(
        "The channel set many thumbnails in a short time.",
        "uploadRateLimitExceeded",
        again=timedelta(hours=1),
    ),
    *limit(
        "The channel has uploaded as many videos as YouTube allows in a day.",
        "uploadLimitExceeded",
        again=timedelta(hours=24),
    ),
    # what is not there
    *each(NotFound, "The channel is not on YouTube any more.", CONNECT, "channelNotFound"),
    *each(NotFound, "The video is not on YouTube any more.", "", "videoNotFound"),
    *each(
        NotFound,
        "The comment is not on YouTube any more.",
        "Nothing to do: somebody deleted it.",
        "commentNotFound",
        "commentThreadNotFound",
        "parentCommentNotFound",
    ),
    *each(
        NotFound, "The playlist is not on YouTube any more.", "Choose another playlist.", "playlistNotFound"
    ),
    # the files
    *each(MediaRejected, "YouTube received no file.", "Press Retry.", "mediaBodyRequired"),
    *each(
        MediaRejected,
        "YouTube cannot use the thumbnail.",
        PICTURE,
        "invalidImage",
        "imageFormatUnsupported",
        "imageTooTall",
        "imageTooWide",
    ),
    *each(MediaRejected, "The thumbnail is too large for YouTube.", PICTURE, "failedPrecondition"),
    *each(MediaRejected, "The file is too large for YouTube.", "Use a smaller one.", "uploadTooLarge"),
    # what is said of the video
    *each(InvalidContent, "YouTube does not accept the title.", "Change the title.", "invalidTitle"),
    *each(
        InvalidContent, "YouTube does not accept the description.", "Change the text.", "invalidDescription"
    ),
    *each(InvalidContent, "YouTube does not accept the tags.", "Change or shorten the tags.", "invalidTags"),
    *each(InvalidContent, "YouTube does not know the category.", "Choose another one.", "invalidCategoryId"),
    *each(InvalidContent, "YouTube does not accept the time of publishing.", OURS, "invalidPublishAt"),
    *each(
        InvalidContent,
        "YouTube needs the language of the text.",
        "Choose the language.",
        "defaultLanguageNotSet",
    ),
    *each(
        InvalidContent,
        "YouTube does not accept what is said of the video.",
        "Look through the options, then press Retry.",
        "invalidRecordingDetails",
        "invalidVideoGameRating",
        "invalidFilename",
        "invalidVideoMetadata",
    ),
    *each(
        InvalidContent,
        "YouTube does not let this channel choose that visibility.",
        "Choose another one under “Who can see it”.",
        "forbiddenPrivacySetting",
    ),
    *each(
        InvalidContent,
        "YouTube does not let this channel choose that licence.",
        "Choose the standard licence.",
        "forbiddenLicenseSetting",
    ),
    *each(
        InvalidContent,
        "YouTube does not let this channel choose whether the video may be embedded.",
        "Leave embedding switched on.",
        "forbiddenEmbedSetting",
    ),
    # comments
    *each(InvalidContent, "The comment is empty.", "Write something.", "commentTextRequired"),
    *each(InvalidContent, "The comment is too long for YouTube.", "Shorten it.", "commentTextTooLong"),
    *each(
        InvalidContent,
        "YouTube does not accept the comment.",
        "Change its text.",
        "invalidCommentMetadata",
        "invalidCustomEmoji",
    ),
    *each(
        InvalidContent,
        "YouTube does not let this comment be answered.",
        "Answer another one.",
        "parentIdMissing",
        "parentCommentIsPrivate",
        "channelOrVideoIdMissing",
        "operationNotSupported",
        "banWithoutReject",
    ),
    *each(
        PermissionMissing,
        "Comments are switched off on this video.",
        "Switch them on at studio.youtube.com, then press Retry.",
        "commentsDisabled",
    ),
    *each(PermissionMissing, "This account may not comment on YouTube.", ASK_YOUTUBE, "ineligibleAccount"),
    *each(Unavailable, "YouTube could not take the comment just now.", "", "processingFailure"),
    # playlists
    *each(Duplicate, "The video is in the playlist already.", "Nothing to do.", "videoAlreadyInPlaylist"),
    *each(
        InvalidContent,
        "The playlist is full.",
        "Choose another playlist.",
        "playlistContainsMaximumNumberOfVideos",
    ),
    *each(
        PermissionMissing,
        "YouTube does not let the channel change this playlist.",
        "Choose a playlist of the channel's own.",
        "playlistItemsNotAccessible",
    ),
    # our own mistakes
    *each(
        InvalidContent,
        "YouTube did not understand what it was asked.",
        OURS,
        "missingRequiredParameter",
        "unexpectedParameter",
        "unknownPart",
        "unexpectedPart",
        "incompatibleParameters",
        "invalidFilters",
        "invalidPageToken",
        "invalidCriteria",
        "badRequest",
    ),
    *each(InvalidContent, "It was changed on YouTube in the meantime.", "Press Retry.", "conditionNotMet"),
)

# Why a video that was uploaded does not stand: by `rejectionReason` and `failureReason`.
THROWN_OUT: dict[str, tuple[type[PlatformError], str, str]] = {
    "duplicate": (Duplicate, "YouTube has this very video already.", "Use another video, or leave it."),
    "copyright": (MediaRejected, "YouTube rejected the video: copyright.", "Use material that is yours."),
    "claim": (
        MediaRejected,
        "YouTube rejected the video: somebody claims it.",
        "Use material that is yours.",
    ),
    "trademark": (MediaRejected, "YouTube rejected the video: a trademark.", "Use material that is yours."),
    "inappropriate": (MediaRejected, "YouTube rejected the video: inappropriate.", "Use another video."),
    "termsOfUse": (MediaRejected, "YouTube rejected the video: its terms of use.", "Use another video."),
    "legal": (MediaRejected, "YouTube rejected the video: a legal complaint.", "Use another video."),
    "length": (
        MediaRejected,
        "The video is too long for this channel.",
        "Shorten it, or verify the channel at youtube.com/verify, then post it anew.",
    ),
    "uploaderAccountSuspended": (PermissionMissing, "The channel is suspended.", ASK_YOUTUBE),
    "uploaderAccountClosed": (PermissionMissing, "The channel is closed.", ASK_YOUTUBE),
    "conversion": (MediaRejected, "YouTube could not convert the video.", "Export it as MP4 and try again."),
    "invalidFile": (
        MediaRejected,
        "YouTube cannot read the file as a video.",
        "Export it as MP4 and try again.",
    ),
    "codec": (MediaRejected, "YouTube does not know the video's codec.", "Export it as MP4 (H.264)."),
    "emptyFile": (MediaRejected, "The file is empty.", "Use another video."),
    "tooSmall": (MediaRejected, "The file is too small to be a video.", "Use another video."),
    "uploadAborted": (MediaRejected, "The upload broke off.", "Post the video anew."),
}
