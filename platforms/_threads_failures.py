"""What Threads' refusals mean: its own, those of its containers and token addresses, and Graph's."""

from platforms._meta import GRAPH_FAILURES, HELD_BACK, HOUR, LOG_IN_THERE
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    PermissionMissing,
    RateLimited,
    Unavailable,
)
from platforms.failures import Failure

ANOTHER_VIDEO = "Use another video, or export it again as MP4 (H.264 with AAC sound)."
REACHABLE = "Ask whoever runs this installation to check that its address can be reached from the internet."

_SHAPE = ("Threads does not take a video of this shape.", "Crop it.")
_SOUND = ("Threads takes one or two sound channels.", ANOTHER_VIDEO)
_UNREACHED = ("Threads could not fetch the picture or video.", REACHABLE)

# What the `error_message` of a container says (or its status, where it says nothing).
CONTAINER_FAILURES = (
    Failure(MediaRejected, "Threads could not fetch the video.", REACHABLE, code="FAILED_DOWNLOADING_VIDEO"),
    Failure(
        MediaRejected,
        "Threads could not use the video's sound.",
        ANOTHER_VIDEO,
        code="FAILED_PROCESSING_AUDIO",
    ),
    Failure(MediaRejected, "Threads could not use the video.", ANOTHER_VIDEO, code="FAILED_PROCESSING_VIDEO"),
    Failure(MediaRejected, *_SHAPE, code="INVALID_ASPEC_RATIO"),
    Failure(MediaRejected, *_SHAPE, code="INVALID_ASPECT_RATIO"),
    Failure(
        MediaRejected,
        "The video has too many bits per second for Threads.",
        ANOTHER_VIDEO,
        code="INVALID_BIT_RATE",
    ),
    Failure(
        MediaRejected,
        "The video is too short or too long for Threads.",
        "5 minutes at most: cut it.",
        code="INVALID_DURATION",
    ),
    Failure(
        MediaRejected, "Threads takes 23 to 60 frames a second.", ANOTHER_VIDEO, code="INVALID_FRAME_RATE"
    ),
    Failure(MediaRejected, *_SOUND, code="INVALID_AUDIO_CHANNELS"),
    Failure(MediaRejected, *_SOUND, code="INVALID_AUDIO_CHANNEL_LAYOUT"),
    Failure(Unavailable, "Threads could not prepare the post this time.", code="UNKNOWN"),
    Failure(Unavailable, "Threads forgot what was prepared.", code="EXPIRED"),
)

FAILURES = (
    Failure(NotFound, "Threads does not have this, or not yet.", code="24/4279009"),
    Failure(PermissionMissing, "Threads has restricted the account.", LOG_IN_THERE, code="/4279013"),
    Failure(
        RateLimited,
        "Threads holds the account back to protect its community.",
        code="/2207051",
        again=HELD_BACK,
    ),
    Failure(
        RateLimited,
        "The account has posted as much as Threads allows in a day.",
        code="/2207042",
        again=HOUR,
    ),
    Failure(MediaRejected, *_UNREACHED, code="/2207052"),
    Failure(MediaRejected, *_UNREACHED, words="could not be fetched from this uri"),
    Failure(
        InvalidContent,
        "Threads allows five links in a post.",
        "Take the others out.",
        words="threads_api__link_limit_exceeded",
    ),
    Failure(
        InvalidContent,
        "The text is too long for Threads.",
        "500 characters at most: shorten it.",
        words="at most 500 characters",
    ),
    Failure(
        PermissionMissing,
        "The permission to connect was used already, or ran out.",
        "Connect again.",
        words="matching code was not found",
    ),
    Failure(
        ClientRefused, "Threads does not accept this installation's app id.", words="invalid platform app"
    ),
    Failure(
        ClientRefused,
        "Threads does not accept this installation's app secret.",
        words="validating client secret",
    ),
    *CONTAINER_FAILURES,
    *GRAPH_FAILURES,
)
