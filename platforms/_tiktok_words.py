"""TikTok's words: what its refusals mean, why a post failed, and who may watch."""

from datetime import timedelta

from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure

OK = "ok"
FAILED = "FAILED"
PUBLIC = "PUBLIC_TO_EVERYONE"
PRIVATE = "SELF_ONLY"
AUDIENCES = {
    PUBLIC: "Everyone",
    "MUTUAL_FOLLOW_FRIENDS": "Friends (followers you follow back)",
    "FOLLOWER_OF_CREATOR": "Followers",
    PRIVATE: "Only you",
}

ASK_OPERATOR = "Ask whoever runs this installation to look at the app at developers.tiktok.com."
IN_THE_APP = "Open TikTok and do what it asks of the account, then press Retry."
# Caps of a day are counted over the last 24 hours, so that one may be free again at any moment.
DAILY = timedelta(hours=1)

# What the API answers (`error.code`), and why a post failed (`fail_reason`).
FAILURES = (
    Failure(
        InvalidContent,
        "TikTok does not accept a field of this post.",
        "Change the text or the options and try again.",
        code="invalid_param",
    ),
    Failure(
        InvalidContent,
        "TikTok does not accept the fields of this post.",
        "Change the text or the options and try again.",
        code="invalid_params",
    ),
    Failure(
        MediaRejected,
        "TikTok does not accept the upload of this video.",
        "Use an MP4 of less than 4 GB and try again.",
        code="invalid_file_upload",
    ),
    Failure(
        InvalidContent,
        "The TikTok app of this account is too old for drafts with photos.",
        "Update the app on the phone (31.8 or newer), then press Retry.",
        code="app_version_check_failed",
    ),
    Failure(
        NotFound,
        "TikTok does not know this post (any more).",
        "Look in the TikTok app whether it is there.",
        code="invalid_publish_id",
    ),
    Failure(
        PermissionMissing,
        "This post was sent by another account or another app.",
        "Connect the account that sent it.",
        code="token_not_authorized_for_specified_publish_id",
    ),
    Failure(
        InvalidContent,
        "It is too late to cancel this post.",
        "Delete it in the TikTok app.",
        code="publish_not_cancellable",
    ),
    Failure(
        PermissionMissing,
        "The connection does not allow to read this of the account.",
        "Connect the account again and allow everything that is asked.",
        code="scope_permission_missed",
    ),
    Failure(
        TokenExpired,
        "TikTok no longer accepts the connection.",
        "Connect the account again.",
        code="access_token_invalid",
    ),
    Failure(
        PermissionMissing,
        "The connection does not allow this.",
        "Connect the account again and allow everything that is asked.",
        code="scope_not_authorized",
    ),
    Failure(
        RateLimited,
        "This account has published as much as TikTok allows within 24 hours, all apps together.",
        code="spam_risk_too_many_posts",
        again=DAILY,
    ),
    Failure(
        RateLimited,
        "Five drafts wait unfinished in the TikTok app; it takes no more.",
        code="spam_risk_too_many_pending_share",
        again=DAILY,
    ),
    Failure(
        PermissionMissing,
        "TikTok has blocked this account from posting.",
        IN_THE_APP,
        code="spam_risk_user_banned_from_posting",
    ),
    Failure(
        InvalidContent,
        "TikTok takes this text for spam.",
        "Change the text and try again.",
        code="spam_risk_text",
    ),
    Failure(
        InvalidContent,
        "TikTok takes this post for spam.",
        "Change the post and try again.",
        code="spam_risk",
    ),
    Failure(
        RateLimited,
        "More accounts than TikTok allows this app in 24 hours have posted through it.",
        code="reached_active_user_cap",
        again=DAILY,
    ),
    Failure(
        PermissionMissing,
        "TikTok has not audited this installation's app, so it may only post privately, to private accounts.",
        "Set the account to private in TikTok and choose “Only you”, or send a draft to the app's inbox.",
        code="unaudited_client_can_only_post_to_private_accounts",
    ),
    Failure(
        MediaRejected,
        "TikTok does not fetch media from this installation's address: it is not verified.",
        "Ask whoever runs this installation to verify the domain at developers.tiktok.com (URL properties).",
        code="url_ownership_unverified",
    ),
    Failure(
        InvalidContent,
        "TikTok no longer offers this audience to the account.",
        "Choose again who can watch, then press Retry.",
        code="privacy_level_option_mismatch",
    ),
    Failure(
        RateLimited,
        "TikTok asks us to slow down.",
        code="rate_limit_exceeded",
        again=timedelta(minutes=1),
    ),
    # It broke while it worked: a post may stand. Where nobody sees the step, it is simply done again.
    Failure(OutcomeUnknown, "TikTok broke off with an error of its own.", code="internal_error"),
    Failure(
        MediaRejected,
        "TikTok cannot read this file.",
        "Use an MP4 with H.264 (photos: JPEG or WebP) and try again.",
        code="file_format_check_failed",
    ),
    Failure(
        MediaRejected,
        "The video is too short or too long for TikTok.",
        "Cut it and try again.",
        code="duration_check_failed",
    ),
    Failure(
        MediaRejected,
        "TikTok wants 23 to 60 frames a second.",
        "Export the video again with 30 frames a second.",
        code="frame_rate_check_failed",
    ),
    Failure(
        MediaRejected,
        "TikTok does not accept the size of this picture or video.",
        "Videos: 360 to 4096 pixels a side; photos: up to 1080p. Use another one.",
        code="picture_size_check_failed",
    ),
    Failure(
        MediaRejected,
        "TikTok could not fetch the video from this installation.",
        "Press Retry. If it fails again, switch “Let TikTok fetch the video” off.",
        code="video_pull_failed",
    ),
    Failure(
        MediaRejected,
        "TikTok could not fetch the photos from this installation.",
        "Press Retry. If it fails again, ask whoever runs it whether it is reachable from outside.",
        code="photo_pull_failed",
    ),
    Failure(Unavailable, "TikTok failed while it processed the post.", code="internal"),
    Failure(
        Refused,
        "The post was cancelled before TikTok published it.",
        "Press Retry to send it again.",
        code="publish_cancelled",
    ),
    Failure(
        TokenExpired,
        "The account took this app's permission away before the post was out.",
        "Connect the account again.",
        code="auth_removed",
    ),
)

# What the token endpoint answers, often inside a success; what is not here may pass.
TOKEN_FAILURES = (
    Failure(
        ClientRefused,
        "TikTok does not know the address to which this installation lets people return.",
        "Ask whoever runs this installation to register it at developers.tiktok.com, under Login Kit.",
        code="invalid_request",
        words="redirect",
    ),
    Failure(TokenExpired, "TikTok no longer accepts this connection.", code="invalid_grant"),
    Failure(TokenExpired, "TikTok no longer accepts this connection.", code="invalid_request", words="token"),
    Failure(TokenExpired, "TikTok was told to end this connection.", code="access_denied"),
    *(
        Failure(ClientRefused, "TikTok does not accept this installation's client key.", action, code=code)
        for code, action in (("invalid_client", ""), ("unauthorized_client", ASK_OPERATOR))
    ),
    *(
        Failure(
            ClientRefused,
            "TikTok does not let this installation's app ask for this.",
            ASK_OPERATOR,
            code=code,
        )
        for code in ("invalid_scope", "unsupported_grant_type", "unsupported_response_type")
    ),
)
