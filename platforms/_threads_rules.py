"""What Threads takes: its kinds of post, its options, and what is wrong with a draft beyond counting."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from platforms.content import Draft, Json
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text, Videos
from platforms.text import entities, threads_length

MOST_PARTS = 99
MOST_LINKS = 5
MOST_SPOILERS = 10
TEXT = Text(500, count=threads_length)
IMAGES = Images(1, max_bytes=8_000_000, ratio=(0.1, 10.0))
VIDEOS = Videos(
    1,
    formats=("video/mp4", "video/quicktime"),
    codecs=("h264", "hevc"),
    max_bytes=1_000_000_000,
    seconds=(0.0, 300.0),
    fps=(23.0, 60.0),
    alt_text=1000,
    ratio=(0.01, 10.0),
)
WORDS = Rules(TEXT, thread_at_most=MOST_PARTS)
ANYTHING = Rules(
    TEXT,
    replace(IMAGES, at_most=20),
    replace(VIDEOS, at_most=20),
    thread_at_most=MOST_PARTS,
    media_at_most=20,
    mixed=True,
)
KINDS = (
    Kind("poll", "Poll", WORDS, option="poll", help="A question with two to four answers."),
    Kind("text", "Text", WORDS),
    Kind("image", "Picture", Rules(TEXT, IMAGES, thread_at_most=MOST_PARTS, media_at_least=1)),
    Kind("video", "Video", Rules(TEXT, videos=VIDEOS, thread_at_most=MOST_PARTS, media_at_least=1)),
    Kind("carousel", "Carousel", replace(ANYTHING, media_at_least=2), help="2 to 20 pictures and videos."),
    Kind("ghost", "Ghost post", Rules(TEXT), by_choice=True, help="Text that is gone after 24 hours."),
)
WITH_MEDIA = ("image", "video", "carousel")
LASTING = ("poll", "text", *WITH_MEDIA)

OPTIONS = (
    Option(
        "kind",
        "Kind of post",
        "choice",
        choices=(("", "Automatic"), ("ghost", "Ghost post: gone after 24 hours")),
        example="ghost",
    ),
    Option(
        "reply_control",
        "Who can reply",
        "choice",
        choices=(
            ("", "Everyone"),
            ("accounts_you_follow", "Accounts you follow"),
            ("mentioned_only", "Only accounts you mention"),
            ("parent_post_author_only", "Only the author of the post that this answers"),
            ("followers_only", "Your followers"),
        ),
        help="Set on the first post of a thread.",
        example="followers_only",
    ),
    Option(
        "reply_approvals",
        "Replies wait for approval",
        "flag",
        default=False,
        help="New replies are seen by others only after you show them, in the inbox or on Threads.",
        kinds=LASTING,
        example=True,
    ),
    Option(
        "topic",
        "Topic",
        "text",
        max_length=50,
        help="One topic, without # . and &. Left empty, the first #hashtag of the text becomes the topic.",
        example="Sourdough",
    ),
    Option(
        "link",
        "Link card",
        "url",
        help="Shown as a card. Left empty, the first link of the text makes the card.",
        kinds=("text",),
        example="https://example.org/bread",
        is_pressed=True,
    ),
    Option(
        "poll",
        "Poll answers",
        "list",
        max_length=25,
        least=2,
        most=4,
        help="Two to four answers; the text is the question.",
        kinds=("text", "poll"),
        example=["Rye", "Spelt"],
    ),
    Option(
        "gif",
        "GIF",
        "text",
        max_length=300,
        help="The address, or the id, of a GIF at giphy.com.",
        kinds=("text",),
        example="https://giphy.com/gifs/bread-oven-3o7abKhOpu0NwenH3O",
    ),
    Option(
        "long_text",
        "Long text",
        "lines",
        max_length=10_000,
        help="Up to 10,000 characters that open below the post. **Bold** and *italic* are kept.",
        kinds=("text",),
        example="The **whole** recipe.",
    ),
    Option(
        "quote",
        "Quote a post",
        "text",
        max_length=300,
        help="The address of one of your own posts, or the id of any post.",
        example="18050000000000001",
    ),
    Option(
        "place",
        "Place",
        "text",
        max_length=200,
        help="The name of a place as Threads knows it, or its id.",
        example="Speicherstadt Hamburg",
    ),
    Option(
        "spoiler_media",
        "Hide the pictures until pressed",
        "flag",
        default=False,
        kinds=WITH_MEDIA,
        example=True,
    ),
    Option(
        "spoiler_words",
        "Words to hide until pressed",
        "list",
        most=MOST_SPOILERS,
        max_length=500,
        help="Words or sentences of the text, written as they stand there.",
        example=["bread"],
    ),
    Option(
        "countries",
        "Only in these countries",
        "list",
        max_length=2,
        help="Two letters each, as DE or US. Only for accounts that Threads allows to choose.",
        example=["DE", "SE"],
    ),
    Option("instagram_story", "Also to the Instagram story", "flag", default=False, example=True),
    Option(
        "instagram_story_dark",
        "Dark background in the story",
        "flag",
        default=False,
        shown_with="instagram_story",
        example=True,
    ),
    Option(
        "first_comment",
        "First reply",
        "lines",
        max_length=500,
        help="Posted below the post by your account.",
        kinds=LASTING,
        example="Recipe below.",
    ),
)


# --- what counting does not find ---


def check_options(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    yield from _check_unused(draft)
    if any(letter in draft.option("topic") for letter in ".&"):
        yield _wrong("topic", "A topic has no full stop and no &. Take them out.")
    if draft.option("gif") and not gif_id(draft.option("gif")):
        yield _wrong("gif", "This is not the address of a GIF at giphy.com. Copy it from there.")
    if not TEXT.fits(draft.option("first_comment")):
        yield _wrong("first_comment", "The first reply is too long (an emoji counts its bytes). Shorten it.")
    if draft.items("poll") and not all(item.strip() for item in draft.items("poll")):
        yield _wrong("poll", "One of the poll's answers is empty. Fill it in or take it out.")
    yield from _check_countries(draft.items("countries"), limits)
    yield from _check_spoilers(draft)


def _check_unused(draft: Draft) -> Iterator[Finding]:
    """Nothing that was filled in is left out in silence."""
    label = next((kind.label for kind in KINDS if kind.name == draft.kind), draft.kind)
    for option in OPTIONS:
        filled = draft.options.get(option.name) not in ("", None, [], False)
        if filled and option.kinds and draft.kind not in option.kinds:
            yield _wrong(
                option.name, f"{option.label} does not go with this kind of post ({label}). Clear it."
            )


def _check_countries(countries: list[str], limits: Mapping[str, Json]) -> Iterator[Finding]:
    if odd := [country for country in countries if not re.fullmatch("[A-Za-z]{2}", country)]:
        yield _wrong("countries", f"“{odd[0]}” is no country code. Write two letters, as DE or US.")
    if countries and not limits.get("geo_gating"):
        message = "Threads does not let this account choose countries. Clear them."
        yield _wrong("countries", message)


def _check_spoilers(draft: Draft) -> Iterator[Finding]:
    for word in draft.items("spoiler_words"):
        if not any(word in part.text for part in draft.parts):
            message = f"“{word}” does not stand in the text: nothing is hidden. Write it as it stands there."
            yield replace(_wrong("spoiler_words", message), severity="warning")
    for number, part in enumerate(draft.parts, 1):
        if len(spoilers(part.text, draft.items("spoiler_words"))) > MOST_SPOILERS:
            message = f"Threads hides {MOST_SPOILERS} places of a text at most. Hide fewer words."
            yield replace(_wrong("spoiler_words", message), part=number)


def check_links(draft: Draft) -> Iterator[Finding]:
    """Five different links in a post, its card and its long text included."""
    for number, part in enumerate(draft.parts, 1):
        extra = (draft.option("link"), draft.option("long_text")) if number == 1 else ()
        found = {
            entity.value for text in (part.text, *extra) for entity in entities(text) if entity.kind == "link"
        }
        if len(found) > MOST_LINKS:
            message = f"The post has {len(found)} links; {MOST_LINKS} are allowed. Take some out."
            yield Finding("too_many_links", message, part=number)


def _wrong(option: str, message: str) -> Finding:
    return Finding("option_invalid", message, f"options.{option}")


# --- reading what was typed ---


def gif_id(typed: str) -> str:
    """The id in the address of a GIF at giphy.com (or the id itself), '' where there is none."""
    found = re.search(r"(?:^|[-/])([A-Za-z0-9]{8,})(?:/giphy\.\w+)?/?$", urlsplit(typed.strip()).path)
    return found[1] if found else ""


def spoilers(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Where the words stand in the text, in characters; a longer one wins over one inside it."""
    wanted = sorted((re.escape(word) for word in words if word.strip()), key=len, reverse=True)
    return [match.span() for match in re.finditer("|".join(wanted), text)] if wanted else []
