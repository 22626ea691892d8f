"""What Facebook Pages take: kinds of post and options, as data."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from platforms.content import Draft, Json
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text, Videos
from platforms.text import utf16_length

# Characters are counted the dearer way; Facebook does not say how it counts.
TEXT = Text(63_206, count=utf16_length)
# Its pages say 10 MB, its refusal (1366046) still says 4: so pictures are kept below the smaller number.
PHOTOS = Images(at_most=1, formats=("image/jpeg", "image/png"), max_bytes=4_000_000)
UPRIGHT = Videos(
    codecs=("h264", "hevc", "vp9", "av1"),
    max_bytes=1_000_000_000,
    seconds=(3, 90),
    fps=(24, 60),
    min_width=540,
    min_height=960,
    ratio=(9 / 16, 9 / 16),
)
FILM = Videos(
    formats=("video/mp4", "video/quicktime"),
    codecs=("h264", "hevc"),
    max_bytes=10_000_000_000,
    seconds=(1, 14_400),
    max_side=None,
)

KINDS = (
    Kind("link", "Link", Rules(TEXT), option="link", help="A preview of the page stands below the text."),
    Kind("text", "Text", Rules(TEXT)),
    Kind("photo", "Photo", Rules(TEXT, PHOTOS, media_at_least=1)),
    Kind("photos", "Photos", Rules(TEXT, replace(PHOTOS, at_most=10), media_at_least=2)),
    Kind("video", "Video", Rules(TEXT, videos=FILM, media_at_least=1)),
    Kind(
        "reel",
        "Reel",
        Rules(replace(TEXT, limit=2200), videos=UPRIGHT, media_at_least=1),
        by_choice=True,
        help="An upright video of 3 to 90 seconds.",
    ),
    Kind(
        "story",
        "Story",
        Rules(
            TEXT,
            replace(PHOTOS, alt_text=0),
            replace(UPRIGHT, seconds=(3, 60)),
            media_at_least=1,
            media_at_most=1,
        ),
        by_choice=True,
        help="One photo or upright video, shown for 24 hours, without the text.",
    ),
)
FEED = ("link", "text", "photo", "photos")
ALL_BUT_STORY = (*FEED, "video", "reel")

OPTIONS = (
    Option(
        "kind",
        "Post as",
        "choice",
        choices=(("", "Automatic"), ("reel", "Reel"), ("story", "Story")),
        help="A reel or a story is made only where you choose it.",
    ),
    Option(
        "link",
        "Link",
        "url",
        kinds=("link", "text"),
        help="Facebook shows a preview of the page. Not together with pictures or a video.",
        example="https://morgenrot.example/bread",
        is_pressed=True,
    ),
    Option("title", "Title", "text", max_length=255, kinds=("video", "reel"), example="Bread at dawn"),
    Option(
        "category",
        "Category",
        "choice",
        choices=(
            ("", "None"),
            *(
                (name, name.replace("_", " & ").capitalize())
                for name in (
                    "BEAUTY_FASHION",
                    "BUSINESS",
                    "CARS_TRUCKS",
                    "COMEDY",
                    "CUTE_ANIMALS",
                    "ENTERTAINMENT",
                    "FAMILY",
                    "FOOD_HEALTH",
                    "HOME",
                    "LIFESTYLE",
                    "MUSIC",
                    "NEWS",
                    "POLITICS",
                    "SCIENCE",
                    "SPORTS",
                    "TECHNOLOGY",
                    "VIDEO_GAMING",
                    "OTHER",
                )
            ),
        ),
        kinds=("video",),
        example="FOOD_HEALTH",
    ),
    Option(
        "is_ai_generated",
        "Made or changed by AI",
        "flag",
        default=False,
        kinds=("video", "reel"),
        help="Facebook puts its AI label on it.",
        example=True,
    ),
    Option(
        "button",
        "Button",
        "choice",
        choices=(
            ("", "None"),
            ("LEARN_MORE", "Learn more"),
            ("SHOP_NOW", "Shop now"),
            ("ORDER_NOW", "Order now"),
            ("BOOK_TRAVEL", "Book now"),
            ("SIGN_UP", "Sign up"),
            ("CONTACT_US", "Contact us"),
            ("DOWNLOAD", "Download"),
            ("WATCH_MORE", "Watch more"),
        ),
        kinds=("link", "video"),
        example="ORDER_NOW",
    ),
    Option(
        "button_link",
        "The button leads to",
        "url",
        kinds=("link", "video"),
        shown_with="button",
        help="Beside a link: the link itself, if left empty.",
        example="https://morgenrot.example/order",
        is_pressed=True,
    ),
    Option(
        "first_comment",
        "First comment",
        "lines",
        max_length=8000,
        kinds=ALL_BUT_STORY,
        help="Written by the Page right after the post.",
        example="Orders until 18:00, by message.",
    ),
    Option(
        "first_comment_picture",
        "Picture in the first comment",
        "url",
        kinds=ALL_BUT_STORY,
        shown_with="first_comment",
        help="The public address of a picture or GIF.",
        example="https://morgenrot.example/crumb.gif",
    ),
    Option(
        "place",
        "Place",
        "text",
        max_length=30,
        kinds=(*FEED, "reel"),
        help="The number of a Page that has an address, as its About page shows it.",
        example="104218859077316",
    ),
    Option(
        "countries",
        "Only shown in these countries",
        "list",
        most=25,
        kinds=ALL_BUT_STORY,
        help="Two letters each, such as DE, AT. Empty: everywhere.",
        example=["DE", "AT"],
    ),
    Option(
        "min_age",
        "Only shown from this age on",
        "choice",
        choices=(("", "Everyone"), *((age, age) for age in ("13", "15", "18", "21", "25"))),
        kinds=ALL_BUT_STORY,
        example="18",
    ),
    Option(
        "collaborator",
        "Invite a Page to share the reel",
        "text",
        max_length=30,
        kinds=("reel",),
        help="The number of the Page. It is asked, and may say no. Ten invitations a day.",
        example="104218859077316",
    ),
)

_PAGE_NUMBER = re.compile(r"[0-9]{3,30}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def targeting(draft: Draft) -> dict[str, Json]:
    """Who may see a post, as Graph says it; empty: everyone."""
    countries, age = draft.items("countries"), draft.option("min_age")
    return {
        **({"geo_locations": {"countries": list(countries)}} if countries else {}),
        **({"age_min": int(age)} if age else {}),
    }


def button(draft: Draft) -> dict[str, Json]:
    """The button below a link or a video; empty: none."""
    leads_to = draft.option("button_link") or draft.option("link")
    name = draft.option("button")
    return {"type": name, "value": {"link": leads_to}} if name and leads_to else {}


def findings(draft: Draft, kind: str) -> Iterator[Finding]:
    """What is particular to Facebook."""
    link = draft.option("link")
    if link and draft.media:
        message = "A link's preview stands alone. Put the link into the text, or take the media out."
        yield Finding("link_beside_media", message, "options.link")
    if link and _is_facebook(link):
        message = "Facebook makes no preview of its own pages. Put the address into the text instead."
        yield Finding("link_to_facebook", message, "options.link")
    if draft.option("button") and kind == "video" and not draft.option("button_link"):
        yield Finding("option_required", "The button needs an address to lead to.", "options.button_link")
    for name, said in (("place", "place"), ("collaborator", "Page")):
        if draft.option(name) and not _PAGE_NUMBER.fullmatch(draft.option(name)):
            message = f"The {said} is named by its number, digits only: it stands on its About page."
            yield Finding("option_invalid", message, f"options.{name}")
    if wrong := [item for item in draft.items("countries") if not _COUNTRY.fullmatch(item)]:
        message = f"“{wrong[0]}” is no country code. Write two capital letters, such as DE."
        yield Finding("option_invalid", message, "options.countries")
    if kind == "story" and draft.text.strip():
        message = "Facebook shows no text with a story: this text is left out."
        yield Finding("text_left_out", message, severity="warning")


def _is_facebook(link: str) -> bool:
    host = urlsplit(link).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in ("facebook.com", "fb.com", "fb.watch"))
