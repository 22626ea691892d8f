"""Drafts for YouTube's tests: a film that lies, and what a person would choose for it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from platforms.content import Draft, Json, MediaFile, Part
from platforms.tests.files import film


def wide(**facts: Any) -> MediaFile:
    """A film that lies, of more than 256 KiB."""
    return replace(film(size=(1280, 720)), **facts)


def draft(*media: MediaFile, text: str = "Rye at five\n\nFrom the oven.", **options: Json) -> Draft:
    chosen: dict[str, Json] = {"made_for_kids": "no", **options}
    return Draft("key-1", datetime.now(UTC), (Part(text, media or (wide(),)),), chosen, "video")
