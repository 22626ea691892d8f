"""Posts for TikTok as the product hands them over."""

from datetime import UTC, datetime

from platforms._tiktok_words import PUBLIC
from platforms.content import Draft, Json, MediaFile, Part
from platforms.tiktok import TikTok


def draft(
    *media: MediaFile, text: str = "Fresh from the oven #bread", kind: str = "", **options: Json
) -> Draft:
    """A post for everyone, unless options say otherwise."""
    chosen = {option.name: option.default for option in TikTok.options} | {"privacy": PUBLIC} | options
    if kind == "draft":
        chosen["kind"] = kind
    name = TikTok.kind_for(media, chosen).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), chosen, name)
