"""What Bluesky takes: its kinds of post, the options, and what is wrong with them before sending."""

import re
from collections.abc import Iterator

from platforms import languages
from platforms._bluesky_post import quoted_place, tags_of
from platforms.content import Draft
from platforms.rules import Finding, Images, Kind, Option, Rules, Text, Videos
from platforms.text import graphemes

TEXT = Text(300, count=graphemes, max_bytes=3000)
RULES = Rules(
    text=TEXT,
    images=Images(
        at_most=4,
        formats=("image/jpeg", "image/png", "image/webp"),
        max_bytes=1_000_000,  # what every server takes; those of the network's own company take more
        max_side=4000,
        alt_text=2000,
    ),
    thread_at_most=100,
)
VIDEO = Rules(
    text=TEXT,
    videos=Videos(max_bytes=300_000_000, seconds=(0.0, 600.0), alt_text=2000),
    thread_at_most=100,
    media_at_least=1,
)
KINDS = (Kind("post", "Post", RULES), Kind("video", "Video", VIDEO))

LANGUAGES = (("", "Not stated"), *languages.LANGUAGES)
WARNINGS = (
    ("", "None"),
    ("sexual", "Suggestive"),
    ("nudity", "Nudity, not sexual"),
    ("porn", "Adults only"),
    ("graphic-media", "Graphic pictures"),
)
REPLIERS = (
    ("", "Everybody"),
    ("nobody", "Nobody"),
    ("mentioned", "People you mention"),
    ("followers", "Your followers"),
    ("following", "People you follow"),
)
OPTIONS = (
    Option(
        "card",
        "Link card",
        "flag",
        default=True,
        help="Shows the page of the first link, where the post has no pictures or video.",
        example=False,
    ),
    Option(
        "quote",
        "Quote a post",
        "url",
        help="The address of a post on bsky.app.",
        example="https://bsky.app/profile/tomas.test/post/3lamp22222222",
    ),
    Option("language", "Language", "choice", choices=LANGUAGES, help="Who gets to see it in their feeds."),
    Option(
        "languages",
        "More languages",
        "list",
        most=2,
        max_length=16,
        help="Codes such as fr or pt-BR, where the text is in several languages.",
        example=["fr", "pt-BR"],
    ),
    Option("warning", "Content warning", "choice", choices=WARNINGS, help="Covers the pictures."),
    Option("replies", "Who can reply", "choice", choices=REPLIERS),
    Option("allow_quotes", "Others may quote it", "flag", default=True, example=False),
    Option(
        "tags",
        "Extra tags",
        "list",
        most=8,
        help="Hashtags that are found but not shown, without #.",
        example=["sourdough"],
    ),
)
LANGUAGE = re.compile(r"(i|[a-z]{2,3})(-[a-zA-Z0-9]+)*")


def own_findings(draft: Draft) -> Iterator[Finding]:
    """What Bluesky wants besides lengths, counts and sizes."""
    quote = draft.option("quote")
    if quote and quoted_place(quote) is None:
        message = "This is not the address of a post: copy it from bsky.app; it holds /profile/ and /post/."
        yield Finding("quote_invalid", message, "options.quote")
    for code in draft.items("languages"):
        if not LANGUAGE.fullmatch(code.strip()):
            message = f"“{code[:20]}” is no language code: write it as fr or pt-BR."
            yield Finding("language_invalid", message, "options.languages")
    for tag in tags_of(draft):
        if graphemes(str(tag)) > 64 or len(str(tag).encode()) > 640:
            message = f"The tag “{str(tag)[:20]}…” is too long: 64 characters at most. Shorten it."
            yield Finding("tag_too_long", message, "options.tags")
