"""What LinkedIn takes and what its refusals mean, as data."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from platforms._linkedin_text import kind_of, post_at
from platforms.content import Draft, Json
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
from platforms.options import Option
from platforms.rules import Documents, Finding, Images, Kind, Rules, Text, Videos
from platforms.text import utf16_length

TEXT = Text(3000, count=utf16_length)
COMMENT_LENGTH = 1250
ALT_LENGTH = 4086
TITLE_LENGTH = 400

PLAIN = Rules(TEXT)


def pictures(at_most: int) -> Images:
    return Images(
        at_most,
        formats=("image/jpeg", "image/png", "image/gif"),
        max_bytes=8_000_000,
        max_pixels=36_152_319,
        alt_text=ALT_LENGTH,
    )


WITH_PICTURES = Rules(TEXT, images=pictures(20))
KINDS = (
    Kind("reshare", "Repost", PLAIN, option="reshare"),
    Kind("poll", "Poll", PLAIN, option="poll_question"),
    Kind("link", "Link with a card", PLAIN, option="link"),
    Kind("text", "Text", PLAIN),
    Kind("image", "Picture", Rules(TEXT, images=pictures(1), media_at_least=1)),
    Kind("images", "Pictures", Rules(TEXT, images=pictures(20), media_at_least=2)),
    Kind(
        "video",
        "Video",
        Rules(
            TEXT,
            videos=Videos(1, max_bytes=500_000_000, seconds=(3, 1800)),
            media_at_least=1,
        ),
    ),
    Kind("document", "Document", Rules(TEXT, documents=Documents(1), media_at_least=1)),
)

OPTIONS = (
    Option(
        "visibility",
        "Who sees it",
        "choice",
        default="PUBLIC",
        choices=(("PUBLIC", "Everyone"), ("CONNECTIONS", "Connections only")),
        help="Pages always post for everyone.",
        example="PUBLIC",
    ),
    Option(
        "link",
        "Link with a card",
        "url",
        help="LinkedIn makes no cards; this desk reads the page and makes one.",
        example="https://example.com/bread",
        is_pressed=True,
    ),
    Option(
        "link_title",
        "Title of the card",
        "text",
        max_length=TITLE_LENGTH,
        shown_with="link",
        help="Empty: the page's own title.",
        example="Bread",
    ),
    Option(
        "link_description",
        "Description on the card",
        "text",
        max_length=ALT_LENGTH,
        shown_with="link",
        help="Empty: the page's own description.",
        example="Rye and wheat, every day.",
    ),
    Option(
        "card",
        "Card for the first link in the text",
        "flag",
        default=True,
        kinds=("text",),
        example=True,
    ),
    Option("poll_question", "Poll: question", "text", max_length=140, example="Rye or wheat?"),
    Option(
        "poll_options",
        "Poll: answers",
        "list",
        max_length=30,
        least=2,
        most=4,
        required=True,
        kinds=("poll",),
        shown_with="poll_question",
        example=["Rye", "Wheat"],
    ),
    Option(
        "poll_duration",
        "Poll: open for",
        "choice",
        default="THREE_DAYS",
        choices=(
            ("ONE_DAY", "1 day"),
            ("THREE_DAYS", "3 days"),
            ("SEVEN_DAYS", "1 week"),
            ("FOURTEEN_DAYS", "2 weeks"),
        ),
        kinds=("poll",),
        shown_with="poll_question",
        example="SEVEN_DAYS",
    ),
    Option(
        "reshare",
        "Repost of",
        "url",
        help="The address of a post on LinkedIn; your text stands above it.",
        example="https://www.linkedin.com/feed/update/urn:li:share:7000000000000000001/",
    ),
    Option(
        "title",
        "Title of the video or document",
        "text",
        max_length=TITLE_LENGTH,
        kinds=("video", "document"),
        help="Empty: the file's name.",
        example="Menu of the week",
    ),
    Option(
        "captions",
        "Captions of the video",
        "lines",
        max_length=200_000,
        kinds=("video",),
        help="As SRT: number, times, text, empty line.",
        example="1\n00:00:00,000 --> 00:00:02,000\nThe oven opens.\n",
    ),
    Option("no_reshares", "Nobody may repost it", "flag", default=False, example=True),
    Option("no_comments", "Nobody may comment", "flag", default=False, example=True),
    Option(
        "first_comment",
        "First comment",
        "lines",
        max_length=COMMENT_LENGTH,
        help="Written by you below the post, as soon as it stands.",
        example="Open from seven.",
    ),
    Option(
        "audience",
        "Shown only to",
        "list",
        most=40,
        help="Pages only; more than 300 members must be left. One per line, as LinkedIn's targeting names "
        "them: urn:li:geo:…, urn:li:industry:…, urn:li:seniority:…",
        example=["urn:li:geo:103644278"],
    ),
)
FACETS = {"geo": "geoLocations", "industry": "industries", "seniority": "seniorities"}
LONE = {"reshare": "reshare", "poll_question": "poll", "link": "link"}  # options that are a kind of post


def combinations(draft: Draft, kind: str, limits: Mapping[str, Json]) -> Iterator[Finding]:
    """What does not go together, or not for this account."""
    labels = {known.name: known.label for known in KINDS}
    for option, own in LONE.items():
        if draft.options.get(option) and own != kind:
            said = f"One post is either {labels[own].lower()} or {labels[kind].lower()}; take one out."
            yield Finding("option_conflict", said, f"options.{option}")
    if kind == "reshare" and kind_of(post_at(draft.option("reshare"))) not in {"share", "ugcPost"}:
        said = "This address names no post: open the post on LinkedIn, and take “Copy link to post”."
        yield Finding("option_invalid", said, "options.reshare")
    if draft.flag("no_comments") and draft.option("first_comment"):
        said = "Where nobody may comment there is no first comment; take one of the two back."
        yield Finding("option_conflict", said, "options.first_comment")
    yield from _of_account(draft, limits.get("kind") == "organization")


def _of_account(draft: Draft, is_page: bool) -> Iterator[Finding]:
    if is_page and draft.option("visibility") == "CONNECTIONS":
        said = "A page has no connections; choose “Everyone”."
        yield Finding("option_invalid", said, "options.visibility")
    if draft.items("audience") and not is_page:
        said = "Only pages can choose who is shown a post; leave this empty."
        yield Finding("option_invalid", said, "options.audience")
    for urn in draft.items("audience"):
        if not re.fullmatch(r"urn:li:\w+:[\w-]+", urn) or kind_of(urn) not in FACETS:
            said = (
                f"“{urn}” is no part of an audience; begin with urn:li:geo:, urn:li:industry: or …seniority:."
            )
            yield Finding("option_invalid", said, "options.audience")


_AGAIN = "Connect the account again."
_UPDATE = "Ask whoever runs this installation to update it."
_OTHER_FILE = "Use another file."

FAILURES = (
    Failure(TokenExpired, "LinkedIn does not know the connection.", _AGAIN, code="INVALID_ACCESS_TOKEN"),
    Failure(TokenExpired, "The connection was taken back on LinkedIn.", _AGAIN, code="REVOKED_ACCESS_TOKEN"),
    Failure(TokenExpired, "The connection to LinkedIn has run out.", _AGAIN, code="EXPIRED_ACCESS_TOKEN"),
    Failure(TokenExpired, "LinkedIn does not know the connection.", _AGAIN, code="65600"),
    Failure(TokenExpired, "The connection was taken back on LinkedIn.", _AGAIN, code="65601"),
    Failure(TokenExpired, "The connection to LinkedIn has run out.", _AGAIN, code="65602"),
    Failure(
        TokenExpired,
        "LinkedIn was asked without a connection.",
        _AGAIN,
        words="empty oauth2_access_token",
    ),
    Failure(
        PermissionMissing,
        "LinkedIn does not show this token how the picture is getting on.",
        words="accessing this image resource is forbidden",
    ),
    Failure(
        PermissionMissing,
        "LinkedIn does not allow this to the account, or to this installation's app.",
        "Look whether you still manage the page, then connect the account again and allow everything.",
        code="ACCESS_DENIED",
    ),
    Failure(ClientRefused, "LinkedIn was asked without a version.", _UPDATE, code="VERSION_MISSING"),
    Failure(
        ClientRefused,
        "LinkedIn no longer speaks the version of its API that this installation asks for.",
        _UPDATE,
        code="NONEXISTENT_VERSION",
    ),
    Failure(Duplicate, "LinkedIn has this post already.", code="DUPLICATE_POST"),
    Failure(
        InvalidContent,
        "LinkedIn says that a text is too long.",
        "Shorten the text, the title or the comment.",
        code="FIELD_LENGTH_TOO_LONG",
    ),
    Failure(
        InvalidContent,
        "LinkedIn does not accept one of the values.",
        "Look through the options and mentions, change them and try again.",
        code="INVALID_VALUE_FOR_FIELD",
    ),
    Failure(InvalidContent, "LinkedIn misses something in the post.", code="MISSING_FIELD"),
    Failure(
        InvalidContent,
        "LinkedIn does not know something that the post names.",
        "Check mentions, audience and the reposted address.",
        code="INVALID_URN_ID",
    ),
    Failure(
        InvalidContent,
        "The post names something of the wrong kind.",
        "Check mentions, audience and the reposted address.",
        code="INVALID_URN_TYPE",
    ),
    Failure(
        InvalidContent,
        "LinkedIn does not know a part of what it was sent.",
        _UPDATE,
        words="unrecognized field",
    ),
    Failure(Unavailable, "LinkedIn has not finished taking in the media.", code="MEDIA_ASSET_WAITING_UPLOAD"),
    Failure(
        MediaRejected,
        "LinkedIn could not process the file.",
        _OTHER_FILE,
        code="MEDIA_ASSET_PROCESSING_FAILED",
    ),
    Failure(
        MediaRejected, "LinkedIn does not know the video any more.", _OTHER_FILE, code="INVALID_VIDEO_ID"
    ),
    Failure(
        MediaRejected, "LinkedIn could not put the file together.", _OTHER_FILE, code="UPDATING_ASSET_FAILED"
    ),
    Failure(
        MediaRejected, "The upload to LinkedIn took too long.", "Press Retry.", code="EXPIRED_UPLOAD_URL"
    ),
    Failure(
        NotFound,
        "LinkedIn does not have this post, or not yet.",
        words="unable to obtain activity for urn",
    ),
    Failure(Unavailable, "Something else is being changed at LinkedIn just now.", code="CONFLICT"),
    Failure(
        RateLimited,
        "This installation has used up what LinkedIn allows it in a day.",
        code="TOO_MANY_REQUESTS",
        words="throttle application day",
        again=timedelta(days=1),
        each="app",
    ),
    Failure(
        RateLimited,
        "LinkedIn asks us to slow down.",
        code="TOO_MANY_REQUESTS",
        again=timedelta(minutes=1),
    ),
)
