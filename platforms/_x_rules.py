"""What X takes: its kinds of post, its options, and what is wrong with a draft beyond counting."""

import re
from collections.abc import Iterator

from platforms._links import x_links
from platforms.content import Draft
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text, Videos
from platforms.text import forbidden_characters, weighted_length

MOST_PARTS = 25
SEGMENT = 5 * 1024 * 1024
MOST_SEGMENTS = 1000
# X takes larger ones from subscribers; a thousand segments hold no more.
VIDEO_BYTES = SEGMENT * MOST_SEGMENTS
SECONDS, LONG_SECONDS, SURE_SECONDS = 1200.0, 7500.0, 140.0
LONG_POSTS = frozenset({"Basic", "Premium", "PremiumPlus"})
CASHTAG = re.compile(r"(?<!\S)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?\b")
POST_ID = re.compile(r"(?:^|/status/|/post/)([0-9]{1,19})(?:[/?#]|$)")
COMMUNITY_ID = re.compile(r"(?:^|/communities/)([0-9]{1,19})(?:[/?#]|$)")
HANDLE = re.compile(r"@?\w{1,15}", re.ASCII)

TEXT = Text(280, count=weighted_length)
RULES = Rules(
    text=TEXT,
    images=Images(at_most=4, formats=("image/jpeg", "image/png", "image/webp")),
    thread_at_most=MOST_PARTS,
)
VIDEO = Rules(
    text=TEXT,
    videos=Videos(
        formats=("video/mp4", "video/quicktime"),
        max_bytes=VIDEO_BYTES,
        seconds=(0.5, SECONDS),
        max_side=1280,
        min_width=32,
        min_height=32,
        ratio=(1 / 3, 3.0),
    ),
    thread_at_most=MOST_PARTS,
    media_at_least=1,
)
KINDS = (
    Kind("poll", "Poll", Rules(TEXT, thread_at_most=MOST_PARTS), option="poll", help="The text asks."),
    Kind("video", "Video", VIDEO),
    Kind("post", "Post", RULES, help="Text, with up to four pictures."),
)
OPTIONS = (
    Option(
        "reply_settings",
        "Who can reply",
        "choice",
        choices=(
            ("", "Everyone"),
            ("following", "Accounts you follow"),
            ("verified", "Verified accounts"),
            ("subscribers", "Your subscribers"),
            ("mentionedUsers", "Only accounts you mention"),
        ),
        help="Set on the first post of a thread.",
    ),
    Option(
        "poll",
        "Poll answers",
        "list",
        least=2,
        most=4,
        max_length=25,
        kinds=("post", "poll"),
        help="Two to four; the text asks.",
        example=["Rye", "Spelt", "Oats"],
    ),
    Option(
        "poll_minutes",
        "The poll runs for (minutes)",
        "number",
        default=1440,
        least=5,
        most=10_080,
        help="A day has 1,440, a week 10,080.",
        kinds=("poll",),
        shown_with="poll",
        example=60,
    ),
    Option(
        "quote",
        "Quote a post",
        "text",
        max_length=200,
        help="Its address or id. X allows it to apps with an Enterprise or older paid plan.",
        kinds=("post",),
        example="1860412340998877185",
    ),
    Option(
        "tagged",
        "People in the pictures",
        "list",
        max_length=19,
        most=10,
        help="Handles or ids of those who are shown.",
        kinds=("post",),
        example=["minaworks"],
    ),
    Option(
        "video_title",
        "Title of the video",
        "text",
        help="Shown where the video is embedded.",
        kinds=("video",),
        example="Sourdough at five",
    ),
    Option(
        "video_description",
        "Description of the video",
        "text",
        help="Shown where the video is embedded.",
        kinds=("video",),
        example="The first loaves of the day.",
    ),
    Option(
        "community",
        "Community",
        "text",
        max_length=100,
        help="The address or id of a community that the account belongs to.",
        example="1493446837214187523",
    ),
    Option(
        "share_with_followers",
        "Show it to your followers too",
        "flag",
        default=False,
        help="Else only the community sees it.",
        shown_with="community",
        example=True,
    ),
    Option(
        "place",
        "Place",
        "text",
        max_length=50,
        help="X's id of the place.",
        example="5c1b1a2e4e2a5a31",
    ),
    Option(
        "made_with_ai",
        "Made with AI",
        "flag",
        default=False,
        help="X labels the post.",
        example=True,
    ),
    Option(
        "paid_partnership",
        "Paid partnership",
        "flag",
        default=False,
        help="X labels the post as an advertisement.",
        example=True,
    ),
)


def post_id_of(written: str) -> str:
    """The id in a post's address, or the id itself; '' where it is neither."""
    found = POST_ID.search(written.strip())
    return found[1] if found else ""


def community_id_of(written: str) -> str:
    found = COMMUNITY_ID.search(written.strip())
    return found[1] if found else ""


def check_text(number: int, text: str) -> Iterator[Finding]:
    """What X refuses, or bills differently, whatever the length."""
    if forbidden_characters(text):
        message = "The text holds an invisible character that X refuses."
        yield Finding("forbidden_characters", message, part=number)
    if len(CASHTAG.findall(text)) > 1:
        message = "X refuses more than one cashtag ($NAME) from most apps."
        yield Finding("many_cashtags", message, severity="warning", part=number)
    if any(x_links(text)):
        message = "With prepaid credits, X bills $0.20 for a post with a link and $0.015 for one without."
        yield Finding("link_costs", message, severity="warning", part=number)


def check_options(draft: Draft) -> Iterator[Finding]:
    """What X takes only alone, or only beside something else."""
    poll, quote, tagged = draft.items("poll"), draft.option("quote").strip(), draft.items("tagged")
    community = draft.option("community").strip()
    if poll and draft.media:
        yield _wrong("poll", "X posts a poll without pictures or videos. Take them out, or the poll.")
    if poll and not draft.text.strip():
        yield _wrong("poll", "A poll needs a question. Write it as the text.")
    if any(not 1 <= weighted_length(answer) <= 25 for answer in poll):
        yield _wrong("poll", "Each answer of a poll has 1 to 25 characters (an emoji counts 2). Change them.")
    if quote and (draft.media or poll):
        yield _wrong("quote", "X quotes no post beside media or a poll. Take them out, or the quote.")
    if quote and not post_id_of(quote):
        yield _wrong("quote", "This is not the address of a post on X. Correct it.")
    if tagged and not any(file.kind == "image" for file in draft.media):
        yield _wrong("tagged", "People are tagged in pictures. Add a picture, or take the people out.")
    if any(not HANDLE.fullmatch(name) and not name.isdecimal() for name in tagged):
        yield _wrong("tagged", "A handle has up to 15 letters, digits and underscores. Correct it.")
    if community and not community_id_of(community):
        yield _wrong("community", "This is not the address of a community on X. Correct it.")


def check_video(draft: Draft, is_long: bool) -> Iterator[Finding]:
    """X's own pages disagree on how long a video may be; what is too long fails when it is posted."""
    if not is_long and any(SURE_SECONDS < file.seconds <= SECONDS for file in draft.media):
        message = "X takes videos over 140 seconds from some accounts only. Cut it to be sure."
        yield Finding("video_maybe_too_long", message, "media", "warning")


def _wrong(option: str, message: str) -> Finding:
    return Finding("option_invalid", message, f"options.{option}")
