"""YouTube's sentences: what it says with each reason, by the reason's status and domain."""

THUMBNAIL_FORBIDDEN = (
    "The authenticated user doesn't have permissions to upload and set custom video thumbnails."
)
UPLOADS_PER_DAY = (
    "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service "
    "'youtube.googleapis.com' for consumer 'project_number:407408718192'."
)
SENTENCES: dict[tuple[int, str], str] = {
    (400, "youtube.video"): """
        uploadLimitExceeded The user has exceeded the number of videos they may upload.
        invalidTitle The request metadata specifies an invalid or empty video title.
        invalidDescription The request metadata specifies an invalid video description.
        invalidTags The request metadata specifies invalid video keywords.
        invalidCategoryId The snippet.categoryId property specifies an invalid category ID.
        invalidPublishAt The request metadata specifies an invalid scheduled publishing time.
        invalidRecordingDetails The recordingDetails object contains invalid values.
        invalidVideoGameRating The request metadata specifies an invalid video game rating.
        invalidFilename The video filename specified in the Slug header is invalid.
        defaultLanguageNotSet The request adds localized details without a default language.
        invalidVideoMetadata The request metadata is invalid.
        mediaBodyRequired The request does not include the video content.
    """,
    (400, "youtube.thumbnail"): """
        invalidImage The provided image content is invalid.
        imageFormatUnsupported The image format is not supported.
        imageTooTall The image is too tall.
        imageTooWide The image is too wide.
        failedPrecondition The thumbnail can't be set for the specified video: the image is too large.
    """,
    (400, "youtube.comment"): """
        commentTextRequired The comment must have text.
        commentTextTooLong The comment resource contains too many characters.
        invalidCommentMetadata The request metadata is invalid.
        invalidCustomEmoji The comment has custom emoji that cannot be used.
        parentIdMissing The comment must have a parent id.
        parentCommentIsPrivate The specified parent comment is private.
        channelOrVideoIdMissing The channel id or video id is missing.
        operationNotSupported The API user is not able to insert a comment in reply to this comment.
        banWithoutReject The banAuthor parameter needs the moderationStatus rejected.
        processingFailure The API server failed to successfully process the request.
    """,
    (400, "youtube.parameter"): """
        missingRequiredParameter The request is missing a required parameter.
        unexpectedParameter The request uses an unexpected parameter.
        incompatibleParameters The request specifies filter parameters that do not go together.
        invalidFilters The request specifies invalid filters.
        invalidPageToken The request specifies an invalid page token.
        invalidCriteria A maximum of one of the filters may be specified.
    """,
    (400, "youtube.part"): """
        unknownPart The part parameter names an unknown part.
        unexpectedPart The part parameter does not name what the body holds.
    """,
    (400, "global"): """
        badRequest Bad Request
    """,
    (401, "youtube.header"): """
        youtubeSignupRequired Unauthorized
    """,
    (401, "global"): """
        authError Invalid Credentials
        expired Token expired
        required Login Required
        authorizationRequired The request must be authorized.
    """,
    (403, "youtube.quota"): """
        quotaExceeded You have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.
        rateLimitExceeded The request cannot be completed because it was sent too fast.
    """,
    (403, "usageLimits"): """
        dailyLimitExceeded Daily Limit Exceeded
        userRateLimitExceeded User Rate Limit Exceeded
        servingLimitExceeded Serving Limit Exceeded
        accessNotConfigured YouTube Data API v3 has not been used in project 407408718192 before.
    """,
    (403, "global"): """
        forbidden Forbidden
        insufficientPermissions Insufficient Permission
        insufficientCapabilities The caller has insufficient capabilities.
        accountDelegationForbidden The authenticated user cannot act on behalf of the account.
    """,
    (403, "youtube.common"): """
        channelClosed The channel has been closed.
        channelSuspended The channel has been suspended.
        authenticatedUserAccountClosed The authenticated user's account is closed.
        authenticatedUserAccountSuspended The authenticated user's account is suspended.
    """,
    (403, "youtube.video"): """
        forbiddenPrivacySetting The request sets an invalid privacy setting for the video.
        forbiddenLicenseSetting The request sets an invalid license for the video.
        forbiddenEmbedSetting The request sets an invalid embed setting for the video.
    """,
    (403, "youtube.comment"): """
        commentsDisabled The video identified by the videoId parameter has disabled comments.
        ineligibleAccount The YouTube account used must be merged with the user's Google account.
    """,
    (403, "youtube.playlistItem"): """
        playlistContainsMaximumNumberOfVideos The playlist already contains the maximum number of items.
        playlistItemsNotAccessible The request is not properly authorized to insert the playlist item.
    """,
    (404, "youtube.channel"): """
        channelNotFound Channel not found.
    """,
    (404, "youtube.video"): """
        videoNotFound The video that you are trying to reach cannot be found.
    """,
    (404, "youtube.comment"): """
        commentNotFound One or more of the specified comments cannot be found.
        commentThreadNotFound One or more of the specified comment threads cannot be found.
        parentCommentNotFound The specified parent comment could not be found.
    """,
    (404, "youtube.playlist"): """
        playlistNotFound The playlist identified with the request cannot be found.
    """,
    (409, "youtube.playlistItem"): """
        videoAlreadyInPlaylist The video is already in the playlist.
    """,
    (412, "global"): """
        conditionNotMet Precondition Failed
    """,
    (413, "global"): """
        uploadTooLarge The upload is too large.
    """,
    (429, "youtube.thumbnail"): """
        uploadRateLimitExceeded The channel has uploaded too many thumbnails recently.
    """,
    (500, "global"): """
        internalError Internal error encountered.
    """,
    (503, "global"): """
        backendError Backend Error
        notReady The service is not ready.
    """,
}
BY_REASON = {
    reason: (status, domain, sentence)
    for (status, domain), lines in SENTENCES.items()
    for reason, _, sentence in (line.strip().partition(" ") for line in lines.strip().splitlines())
}
