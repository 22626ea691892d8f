"""A post as Instagram reads it: the parameters of its containers, and what would be refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platforms._instagram_kinds import OPTIONS
from platforms.content import Draft, Json, MediaFile
from platforms.rules import Finding

UPRIGHT = 9 / 16
BY_FACEBOOK_ONLY = ("paid_partnership", "product_tags")


@dataclass(frozen=True)
class Tag:
    """Who (or which product) is tagged, where (None: nowhere in particular) and on which medium."""

    name: str
    place: tuple[float, float] | None = None
    medium: int = 1


def tag(written: str) -> Tag | None:
    """What "ann 0.2 0.8 3" says; None where it says nothing clear."""
    name, *numbers = written.lstrip("@ ").replace(",", " ").split() or [""]
    try:
        place = (float(numbers[0]), float(numbers[1])) if len(numbers) >= 2 else None
        medium = int(numbers[2]) if len(numbers) == 3 else 1
    except ValueError:
        return None
    is_clear = name and len(numbers) in {0, 2, 3} and medium >= 1
    return Tag(name, place, medium) if is_clear and all(0 <= n <= 1 for n in place or ()) else None


def tags(items: Sequence[str], number: int) -> list[Tag]:
    """The tags on one medium of a post."""
    return [read for item in items if (read := tag(item)) and read.medium == number]


def chosen(draft: Draft) -> dict[str, Json]:
    """The options that mean something for this kind of post, with what was chosen."""
    return {
        option.name: draft.options.get(option.name, option.default)
        for option in OPTIONS
        if option.applies(draft.kind, draft.options)
    }


def medium_fields(draft: Draft, number: int) -> dict[str, Json]:
    """What a container says of its medium, and of who is seen on it."""
    file, options = draft.media[number - 1], chosen(draft)
    is_image = file.kind == "image"
    address = {f"{file.kind}_url": file.url} if file.url else {"upload_type": "resumable"}
    fields: dict[str, Json] = {**address}
    if is_image and file.alt and draft.kind != "story":
        fields["alt_text"] = file.alt
    for name, key in (("user_tags", "username"), ("product_tags", "product_id")):
        found = tags(draft.items(name) if name in options else [], number)
        if found and (is_image or draft.kind != "carousel"):
            fields[name] = [_tag_field(one, key, draft.kind, is_image) for one in found]
    return fields


def _tag_field(one: Tag, key: str, kind: str, is_image: bool) -> dict[str, Json]:
    place = one.place or ((0.5, 0.5) if is_image and kind != "story" else None)
    return {key: one.name, "x": place[0], "y": place[1]} if place and kind != "reel" else {key: one.name}


def post_fields(draft: Draft) -> dict[str, Json]:
    """What the container of a whole post says beside its media."""
    options = chosen(draft)
    fields: dict[str, Json] = {}
    if draft.kind != "story" and draft.text:
        fields["caption"] = draft.text
    if media_type := {"reel": "REELS", "story": "STORIES", "carousel": "CAROUSEL"}.get(draft.kind):
        fields["media_type"] = media_type
    if options.get("collaborators"):
        fields["collaborators"] = [name.lstrip("@") for name in draft.items("collaborators")]
    if options.get("location_id"):
        fields["location_id"] = options["location_id"]
    if options.get("ai_generated"):
        fields["is_ai_generated"] = True
    if options.get("paid_partnership"):
        fields["is_paid_partnership"] = True
        fields |= (
            {"branded_content_sponsor_ids": list(draft.items("sponsors"))} if draft.items("sponsors") else {}
        )
    return fields | (_reel_fields(options) if draft.kind == "reel" else {})


def _reel_fields(options: Mapping[str, Json]) -> dict[str, Json]:
    fields: dict[str, Json] = {"share_to_feed": options.get("share_to_feed") is not False}
    for name in ("thumb_offset", "audio_name"):
        if options.get(name) not in (None, ""):
            fields[name] = options[name]
    if options.get("trial"):
        fields["trial_params"] = {"graduation_strategy": options["trial"]}
    return fields


# --- how a post that stands is recognised ---


def is_same(row: Mapping[str, Any], draft: Draft) -> bool:
    """Whether a post in the account's list is the draft: its kind, and except for stories its caption."""
    kind = "VIDEO" if draft.media and draft.media[0].kind == "video" else "IMAGE"
    wanted = "CAROUSEL_ALBUM" if draft.kind == "carousel" else kind
    caption = "" if draft.kind == "story" else draft.text
    return row.get("media_type") == wanted and squeezed(row.get("caption")) == squeezed(caption)


def squeezed(text: Any) -> str:
    """A text without what Instagram may change in its white space."""
    return " ".join(str(text or "").split())


# --- what would be refused ---


def findings(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    """What is particular to Instagram."""
    by_facebook = limits.get("flavour") == "facebook"
    for file in draft.media:
        if not file.url and not (file.kind == "video" and by_facebook):
            message = f"Instagram cannot fetch “{file.name}” from here. Ask whoever runs this installation."
            yield Finding("media_unreachable", message, "media")
    if not by_facebook:
        for name in BY_FACEBOOK_ONLY:
            if draft.options.get(name):
                message = "Only accounts connected through Facebook have this. Leave it out here."
                yield Finding("needs_facebook", message, f"options.{name}")
    yield from _tag_findings(draft)
    yield from (_story_findings(draft) if draft.kind == "story" else _feed_findings(draft))


def _tag_findings(draft: Draft) -> Iterator[Finding]:
    for name in ("user_tags", "product_tags"):
        for item in draft.items(name):
            read = tag(item)
            if read is None:
                message = f"“{item}” is unclear. Write a name, and two numbers between 0 and 1 for its place."
                yield Finding("tag_unclear", message, f"options.{name}")
            elif read.medium > len(draft.media):
                message = (
                    f"“{item}” is on picture {read.medium}, which is not there. Correct the last number."
                )
                yield Finding("tag_without_medium", message, f"options.{name}")
            elif draft.kind == "carousel" and draft.media[read.medium - 1].kind == "video":
                message = f"“{item}” is on a video of a carousel, where nobody can be tagged. Take it out."
                yield Finding("tag_on_video", message, f"options.{name}")


def _story_findings(draft: Draft) -> Iterator[Finding]:
    if draft.text.strip():
        yield Finding(
            "story_text", "Stories show no text: it is left out. Write it on the picture.", severity="warning"
        )
    for file in draft.media:
        if file.width and abs(file.ratio - UPRIGHT) > 0.05:
            yield _shape(f"“{file.name}” does not fill the screen; 9:16 does.", "story_shape")


def _feed_findings(draft: Draft) -> Iterator[Finding]:
    if draft.kind == "carousel" and any(
        abs(file.ratio - draft.media[0].ratio) > 0.02 for file in draft.media
    ):
        yield _shape("Instagram crops all to the shape of the first; these differ.", "carousel_shapes")
    offset = draft.number("thumb_offset")
    seconds = draft.media[0].seconds if draft.media else 0
    if draft.kind == "reel" and offset and seconds and offset >= seconds * 1000:
        message = f"The cover lies behind the end of the video ({seconds:.0f} s). Choose an earlier moment."
        yield Finding("cover_outside", message, "options.thumb_offset")


def _shape(message: str, code: str) -> Finding:
    return Finding(code, f"{message} Crop them first if that matters.", "media", "warning")


def resumable(file: MediaFile) -> bool:
    """Whether a file must be brought, because it cannot be fetched."""
    return file.kind == "video" and not file.url
