"""A draft as YouTube wants to be told of it: rules, options, and the video resource that is sent."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from platforms.content import Draft, Json, MediaFile
from platforms.errors import MediaRejected
from platforms.languages import LANGUAGES
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text, Videos
from platforms.text import hashtags

TITLE = 100
DESCRIPTION_BYTES = 5000
TAGS = 500
COMMENT = 10_000
MOST_HASHTAGS = 60  # with more YouTube heeds none
UNVERIFIED_SECONDS = 900.0
SHORT_SECONDS = 180.0
USUAL_CATEGORY = ("22", "People & Blogs")
UNSPOKEN = ("", "Not said")
BRAND = re.compile(r"UC[\w-]{22}|@[\w.·-]{3,30}")


def bytes_of(text: str) -> int:
    return len(text.encode())


RULES = Rules(
    text=Text(DESCRIPTION_BYTES, count=bytes_of, unit="bytes"),
    images=Images(at_most=1, max_bytes=52_428_800, alt_text=0),
    videos=Videos(
        at_most=1,
        formats=(
            "video/mp4",
            "video/quicktime",
            "video/webm",
            "video/x-msvideo",
            "video/mpeg",
            "video/x-ms-wmv",
            "video/x-flv",
            "video/3gpp",
        ),
        codecs=("h264", "hevc", "vp9", "vp8", "av1", "mpeg4", "mpeg2video", "mpeg1video", "prores"),
        audio_codecs=("aac", "mp3", "opus", "vorbis", "ac3", "pcm_s16le"),
        max_bytes=274_877_906_944,
        seconds=(0.0, 43_200.0),
        max_side=None,
    ),
    media_at_least=1,
    media_at_most=2,
    mixed=True,
    needs_video=True,
)
SHORT_RULES = replace(RULES, videos=replace(RULES.videos, seconds=(0.0, SHORT_SECONDS), ratio=(0.1, 1.0)))
VIDEO = Kind("video", "Video", RULES, help="A picture beside the video becomes its thumbnail.")
SHORT = Kind("short", "Short", SHORT_RULES, help="Square or vertical, three minutes at most.")

OPTIONS = (
    Option(
        "title",
        "Title",
        "text",
        max_length=TITLE,
        help="Without one, the first line of the text is taken.",
        example="Rye at five in the morning",
    ),
    Option(
        "privacy",
        "Who can see it",
        "choice",
        default="public",
        choices=(
            ("public", "Everyone"),
            ("unlisted", "Everyone who has the link"),
            ("private", "Only you"),
        ),
        example="unlisted",
    ),
    Option(
        "made_for_kids",
        "Made for children",
        "choice",
        choices=(("no", "No, it is not made for children"), ("yes", "Yes, it is made for children")),
        required=True,
        help="The law (COPPA) wants you to say so. Videos for children have no comments and notifications.",
        example="no",
    ),
    Option(
        "category",
        "Category",
        "choice",
        default=USUAL_CATEGORY[0],
        choices=(USUAL_CATEGORY,),
        choices_from="categories",
        example="26",
    ),
    Option(
        "tags",
        "Tags",
        "list",
        help=f"{TAGS} characters in all.",
        example=["sourdough", "rye bread"],
    ),
    Option("language", "Language of title and text", "choice", choices=(UNSPOKEN, *LANGUAGES), example="en"),
    Option("audio_language", "Language spoken in it", "choice", choices=(UNSPOKEN, *LANGUAGES), example="de"),
    Option(
        "playlist",
        "Playlist",
        "choice",
        choices=(("", "None"),),
        choices_from="playlists",
        example="PLmorgenrotOven",
    ),
    Option(
        "first_comment",
        "First comment",
        "lines",
        max_length=COMMENT,
        help="Written by the channel once the video stands.",
        example="The recipe: one part rye, one part patience.",
    ),
    Option(
        "altered",
        "Altered or made by AI",
        "flag",
        default=False,
        help="For what looks real and is not. YouTube shows a label.",
        example=True,
    ),
    Option("paid", "Contains paid promotion", "flag", default=False, example=True),
    Option(
        "brand_partner",
        "Brand partner",
        "text",
        max_length=100,
        help="The partner's handle (@name) or channel id (UC…).",
        example="@kornmuehle",
    ),
    Option(
        "license",
        "Licence",
        "choice",
        default="youtube",
        choices=(("youtube", "Standard YouTube licence"), ("creativeCommon", "Creative Commons (CC BY)")),
        example="creativeCommon",
    ),
    Option("embeddable", "Other sites may embed it", "flag", default=True, example=False),
    Option("public_stats", "Everyone sees its numbers", "flag", default=True, example=False),
    Option("notify_subscribers", "Notify subscribers", "flag", default=True, example=False),
)


def video_of(draft: Draft) -> MediaFile:
    video = next((file for file in draft.media if file.kind == "video"), None)
    if video is None:
        raise MediaRejected("YouTube takes videos only, and there is none.", action="Add a video.")
    return video


def thumbnail_of(draft: Draft) -> MediaFile | None:
    return next((file for file in draft.media if file.kind == "image"), None)


def is_short(file: MediaFile) -> bool:
    """What YouTube shows as a Short: there is no switch for it."""
    return file.width <= file.height and 0 < file.seconds <= SHORT_SECONDS + 0.5


def title_of(draft: Draft) -> str:
    """The chosen title, else the first line of the text."""
    lines = [line.strip() for line in draft.text.splitlines() if line.strip()]
    return draft.option("title").strip() or textwrap.shorten(
        lines[0] if lines else "", TITLE, placeholder="…"
    )


def is_on(draft: Draft, name: str) -> bool:
    """Whether a switch that is on by itself was left on."""
    return draft.options.get(name) is not False


def tags_of(draft: Draft) -> list[str]:
    return [tag.strip() for tag in draft.items("tags") if tag.strip()]


def tags_length(tags: list[str]) -> int:
    """As YouTube counts: a comma between two, quotes around one with a space."""
    return sum(len(tag) + 2 * (" " in tag) for tag in tags) + max(len(tags) - 1, 0)


def resource_of(draft: Draft) -> dict[str, Json]:
    """The video resource; each part that stands in it is written as a whole."""
    status: dict[str, Json] = {
        "privacyStatus": draft.option("privacy") or "public",
        "license": draft.option("license") or "youtube",
        "embeddable": is_on(draft, "embeddable"),
        "publicStatsViewable": is_on(draft, "public_stats"),
        "containsSyntheticMedia": draft.flag("altered"),
    }
    if draft.option("made_for_kids"):
        status["selfDeclaredMadeForKids"] = draft.option("made_for_kids") == "yes"
    resource: dict[str, Json] = {
        "snippet": snippet_of(draft),
        "status": status,
        "paidProductPlacementDetails": {"hasPaidProductPlacement": draft.flag("paid")},
    }
    if partner := draft.option("brand_partner").strip():
        resource["brandPartner"] = {"channelHandle" if partner.startswith("@") else "channelId": partner}
    return resource


def snippet_of(draft: Draft) -> dict[str, Json]:
    snippet: dict[str, Json] = {
        "title": title_of(draft),
        "description": draft.text,
        "categoryId": draft.option("category") or USUAL_CATEGORY[0],
        "tags": list(tags_of(draft)),
    }
    for name, option in (("defaultLanguage", "language"), ("defaultAudioLanguage", "audio_language")):
        if draft.option(option):
            snippet[name] = draft.option(option)
    return snippet


def merged(standing: Mapping[str, Any], wanted: Mapping[str, Json]) -> dict[str, Json]:
    """What is written to change a video: what nobody speaks of here stays as it stands on YouTube."""
    kept = {
        "snippet": ("defaultLanguage", "defaultAudioLanguage"),
        "status": ("publishAt", "selfDeclaredMadeForKids"),
    }
    body: dict[str, Json] = {**wanted, "id": standing["id"]}
    for part, names in kept.items():
        told = standing.get(part) or {}
        stays = {name: told[name] for name in names if name in told}
        body[part] = {**stays, **wanted[part]}  # type: ignore[dict-item]
    status = body["status"]
    if isinstance(status, dict) and status.get("privacyStatus") != "private":
        status.pop("publishAt", None)  # only a private video waits for its time
    return body


# --- the preflight ---


def check_video(draft: Draft) -> Iterator[Finding]:
    """What YouTube refuses beside counts and lengths."""
    yield from check_words(draft)
    tags = tags_of(draft)
    if (length := tags_length(tags)) > TAGS:
        message = f"The tags take {length} characters, {TAGS} are allowed. Take some out."
        yield Finding("tags_too_long", message, "options.tags")
    if any("<" in tag or ">" in tag for tag in tags):
        yield Finding("forbidden_characters", "YouTube takes no < or > in tags.", "options.tags")
    partner = draft.option("brand_partner").strip()
    if partner and not BRAND.fullmatch(partner):
        message = "The brand partner is written as @handle, or as a channel id that begins with UC."
        yield Finding("option_invalid", message, "options.brand_partner")
    yield from check_comment(draft)


def check_words(draft: Draft) -> Iterator[Finding]:
    if not title_of(draft):
        message = "A video needs a title. Write one, or a text whose first line becomes it."
        yield Finding("title_required", message, "options.title")
    for name, text in (("text", draft.text), ("options.title", draft.option("title"))):
        if "<" in text or ">" in text:
            yield Finding("forbidden_characters", "YouTube takes no < or > here. Take them out.", name)
    if hashtags(draft.text) > MOST_HASHTAGS:
        message = f"With more than {MOST_HASHTAGS} hashtags YouTube heeds none. Take some out."
        yield Finding("many_hashtags", message, severity="warning")


def check_comment(draft: Draft) -> Iterator[Finding]:
    if not draft.option("first_comment").strip():
        return
    reasons = {
        "a private video": draft.option("privacy") == "private",
        "a video made for children": draft.option("made_for_kids") == "yes",
    }
    for what, holds in reasons.items():
        if holds:
            message = f"Nobody can comment on {what}. Take the first comment out."
            yield Finding("comment_impossible", message, "options.first_comment")
