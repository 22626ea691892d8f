"""What a Pin may be, as data, and what must be found before it is sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from platforms.content import Draft, Json, MediaFile
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text, Videos

ALT_TEXT = 500  # of a Pin: a carousel has one description for all its pictures
SAFE_TEXT = 500  # what a description may have on servers that do not know of 800 yet
SHARP = 600  # pixels of width below which a Pin looks blurred

TEXT = Text(800, count=len)
FORMATS = ("image/jpeg", "image/png")
# Pictures travel inside JSON, a third larger than they are.
PICTURE = Images(1, formats=FORMATS, max_bytes=10_000_000, alt_text=ALT_TEXT)
IMAGE = Kind("image", "Image Pin", Rules(TEXT, PICTURE, media_at_least=1))
CAROUSEL = Kind(
    "carousel",
    "Carousel",
    Rules(TEXT, replace(PICTURE, at_most=5, max_bytes=5_000_000), media_at_least=2),
    help="2 to 5 pictures of one size. Where Pinterest refuses it, make a Pin of each picture.",
)
VIDEO = Kind(
    "video",
    "Video Pin",
    Rules(
        text=TEXT,
        images=replace(PICTURE, max_bytes=9_500_000, alt_text=0),
        videos=Videos(
            1,
            formats=("video/mp4", "video/quicktime", "video/x-m4v"),
            codecs=("h264", "hevc"),
            max_bytes=2_000_000_000,
            seconds=(4.0, 900.0),
            max_side=None,
            alt_text=ALT_TEXT,
            ratio=(0.5, 1.91),
        ),
        media_at_least=1,
        media_at_most=2,
        mixed=True,
    ),
    help="One video, and a picture as its cover where you want one.",
)
SLIDE_LINK = Option("slide_links", "Link of each picture", "url", max_length=2048)


def of_each(name: str, label: str, max_length: int, example: list[Json]) -> Option:
    """One line for each picture of a carousel."""
    return Option(
        name,
        label,
        "list",
        max_length=max_length,
        most=5,
        kinds=("carousel",),
        help="One line for each picture, in their order.",
        example=example,
    )


OPTIONS = (
    Option(
        "board",
        "Board",
        "choice",
        required=True,
        choices_from="boards",
        help="Who sees the board sees the Pin. A new board is made on Pinterest; then read the lists anew.",
        example="4101",
    ),
    Option(
        "section",
        "Board section",
        "choice",
        choices=(("", "None"),),
        choices_from="sections",
        shown_with="board",
        help="Sections are read of the 50 boards that were used last.",
        example="4111",
    ),
    Option("title", "Title", "text", max_length=100, example="Sourdough, step by step"),
    Option(
        "link",
        "Destination link",
        "url",
        max_length=2048,
        help="Where a press on the Pin leads. Links in the text cannot be pressed.",
        example="https://morgenrot.example/bread/sourdough",
        is_pressed=True,
    ),
    of_each("slide_titles", "Title of each picture", 100, ["Dough", "Loaf"]),
    of_each("slide_descriptions", "Text of each picture", 800, ["After twelve hours", "Out of the oven"]),
    replace(
        of_each(
            "slide_links",
            SLIDE_LINK.label,
            2048,
            ["https://morgenrot.example/dough", "https://morgenrot.example/loaf"],
        ),
        is_pressed=True,
    ),
    Option(
        "cover_at",
        "Cover: second of the video",
        "number",
        default=0,
        least=0,
        most=900,
        kinds=("video",),
        help="A picture that is attached beside the video is taken instead.",
        example=1,
    ),
    Option(
        "dominant_colour",
        "Colour while it loads",
        "text",
        max_length=7,
        help="As #B4552D; Pinterest finds one by itself.",
        example="#B4552D",
    ),
    Option(
        "ai_disclosure",
        "Made with AI",
        "choice",
        choices=(
            ("", "Not said"),
            ("AI_MODIFIED", "Made or changed with AI"),
            ("SYNTHETIC_PERFORMER", "Shows a person made with AI"),
        ),
        help="Pinterest shows it beside the Pin.",
        example="AI_MODIFIED",
    ),
)


def video_of(draft: Draft) -> MediaFile | None:
    return next((file for file in draft.media if file.kind == "video"), None)


def pictures_of(draft: Draft) -> list[MediaFile]:
    """The pictures; of a video Pin, its cover."""
    return [file for file in draft.media if file.kind == "image"]


def alt_of(draft: Draft) -> str:
    """The one description that a Pin has."""
    video = video_of(draft)
    described = [video] if video else pictures_of(draft)
    return "; ".join(dict.fromkeys(file.alt.strip() for file in described if file.alt.strip()))


def check_pin(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    """What Pinterest would refuse or spoil, beside lengths and counts."""
    if len(draft.text) > SAFE_TEXT:
        message = (
            f"Some of Pinterest's pages allow {SAFE_TEXT} characters only. Say what matters before that."
        )
        yield Finding("text_long", message, severity="warning")
    yield from _check_options(draft, limits)
    video, pictures = video_of(draft), pictures_of(draft)
    if video:
        yield from _check_video(draft, video, pictures)
    elif len(pictures) > 1:
        yield from _check_carousel(draft, pictures)
    for file in draft.media:
        if 0 < file.width < SHARP:
            message = f"“{file.name}” is {file.width} pixels wide; under {SHARP} it looks blurred."
            message += " Use a larger one."
            yield Finding("media_small", message, "media", "warning")


def _check_options(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    boards = cast(Mapping[str, str], limits.get("section_boards") or {})
    if boards.get(draft.option("section"), draft.option("board")) != draft.option("board"):
        message = "This section lies on another board. Choose one of the chosen board, or none."
        yield Finding("section_elsewhere", message, "options.section")
    colour = draft.option("dominant_colour")
    if colour and not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        message = "The colour must be written as # and six digits, as #B4552D."
        yield Finding("option_invalid", message, "options.dominant_colour")


def _check_video(draft: Draft, video: MediaFile, covers: list[MediaFile]) -> Iterator[Finding]:
    if not covers and video.seconds and (draft.number("cover_at") or 0) > video.seconds:
        message = (
            f"The video ends before second {draft.number('cover_at')}. Choose an earlier one as the cover."
        )
        yield Finding("cover_late", message, "options.cover_at")
    if covers and abs(covers[0].ratio / video.ratio - 1) > 0.02:
        message = f"The cover “{covers[0].name}” has another shape than the video. Crop it alike."
        yield Finding("cover_ratio", message, "media", "warning")


def _check_carousel(draft: Draft, pictures: list[MediaFile]) -> Iterator[Finding]:
    first = pictures[0]
    for file in pictures[1:]:
        if (file.width, file.height) != (first.width, first.height):
            message = (
                f"“{file.name}” is {file.width}×{file.height}, the first {first.width}×{first.height}. "
                "All pictures of a carousel need one size: crop them alike."
            )
            yield Finding("carousel_sizes", message, "media")
    if len(alt_of(draft)) > ALT_TEXT:
        message = f"A carousel has one description of {ALT_TEXT} characters. Shorten those of the pictures."
        yield Finding("alt_text_too_long", message, "media")
    for name in ("slide_titles", "slide_descriptions", "slide_links"):
        if len(draft.items(name)) > len(pictures):
            message = f"There are {len(pictures)} pictures, but more lines here. Take some out."
            yield Finding("option_too_many", message, f"options.{name}")
    for link in draft.items(SLIDE_LINK.name):
        for code, message in SLIDE_LINK.problems(link, {}):
            yield Finding(code, message, f"options.{SLIDE_LINK.name}")
