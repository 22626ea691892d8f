"""X's sentences of refusal, as its documents and those who met them tell."""

DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_PERMITTED = "You are not permitted to perform this action."
REPLY_REFUSED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
    "engaged by the author of the post you are replying to."
)
REPLY_GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."
QUOTE_REFUSED = "Quoting this post is not allowed."
DIRECT_REFUSED = "You do not have permission to DM one or more participants."
CASHTAGS = "Posts are limited to a maximum of one cashtag."
MEDIA_INVALID = "Your media IDs are invalid."
SENTENCES = (
    DUPLICATE,
    CASHTAGS,
    REPLY_REFUSED,
    REPLY_GONE,
    QUOTE_REFUSED,
    DIRECT_REFUSED,
    "This user is not allowed to post a video longer than 2 minutes.",
    "Your account is suspended and is not permitted to access this feature.",
    "To protect our users from spam and other malicious activity, this account is temporarily locked.",
    "This request looks like it might be automated. To protect our users, we can't complete it right now.",
    "Your account is not permitted to access this feature.",
    NOT_PERMITTED,
)
BAD = ("The Tweet contains an invalid URL.", MEDIA_INVALID)
TITLES = {
    "unsupported-authentication": (403, "Unsupported Authentication"),
    "not-authorized-for-resource": (403, "Authorization Error"),
    "resource-not-found": (404, "Not Found Error"),
    "credits": (402, "CreditsDepleted"),
    "credits-depleted": (402, "Payment Required"),
    "usage-capped": (429, "UsageCapExceeded"),
    "client-forbidden": (403, "Client Forbidden"),
}
REASONS = {"client-not-enrolled", "official-client-forbidden"}
DETAILS = {
    "credits": "Your enrolled account [1] does not have any credits to fulfill this request.",
    "credits-depleted": "credits depleted",
    "usage-capped": "Usage cap exceeded: Monthly product cap",
    "unsupported-authentication": (
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
    ),
}
