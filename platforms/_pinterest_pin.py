"""One Pin: as it is sent, and as it is recognised among others."""

import base64
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from platforms._pinterest_rules import alt_of, pictures_of, video_of
from platforms.content import Draft, Json, MediaFile

AI_DISCLOSURES: Mapping[str, list[Json]] = {
    "AI_MODIFIED": ["AI_MODIFIED"],
    "SYNTHETIC_PERFORMER": ["AI_MODIFIED", "SYNTHETIC_PERFORMER"],
}


@dataclass(frozen=True)
class Pin:
    """A draft in Pinterest's words."""

    draft: Draft

    @property
    def board(self) -> str:
        return self.draft.option("board")

    @property
    def section(self) -> str:
        return self.draft.option("section")

    @property
    def words(self) -> dict[str, str]:
        """All that is written on it; '' where nothing is."""
        return {
            "title": self.draft.option("title"),
            "description": self.draft.text,
            "link": self.draft.option("link"),
            "alt_text": alt_of(self.draft),
        }

    @property
    def list_path(self) -> str:
        """Where it shows among the others."""
        section = f"/sections/{self.section}" if self.section else ""
        return f"/v5/boards/{self.board}{section}/pins"

    def body(self, media_id: str = "") -> dict[str, Json]:
        """What makes it; `media_id` is the uploaded video's. Pictures are read here, and only here."""
        colour = self.draft.option("dominant_colour")
        return {
            "board_id": self.board,
            **({"board_section_id": self.section} if self.section else {}),
            **{name: value for name, value in self.words.items() if value},
            **({"dominant_color": colour} if colour else {}),
            **self._disclosures(),
            "media_source": self._video(media_id) if media_id else self._pictures(),
        }

    def changes(self) -> dict[str, Json]:
        """What turns a published Pin into it: null takes something away."""
        slots = self._slots()
        return {
            "board_id": self.board,
            "board_section_id": self.section or None,
            **{name: value or None for name, value in self.words.items()},
            **({"carousel_slots": [*slots]} if slots else {}),
            **self._disclosures(),
        }

    def is_same(self, shown: Mapping[str, Any]) -> bool:
        """Whether a Pin of the account has the same words."""
        return all(comparable(shown.get(name)) == comparable(value) for name, value in self.words.items())

    def _disclosures(self) -> dict[str, Json]:
        values = AI_DISCLOSURES.get(self.draft.option("ai_disclosure"))
        return {"ai_disclosures": {"values": values}} if values else {}

    def _slots(self) -> list[dict[str, Json]]:
        """What is written on each picture of a carousel; [] where it is none."""
        count = len(pictures_of(self.draft))
        if count < 2 or video_of(self.draft):
            return []
        fields = {
            "title": self.draft.items("slide_titles"),
            "description": self.draft.items("slide_descriptions"),
            "link": self.draft.items("slide_links"),
        }
        return [
            {name: items[n] for name, items in fields.items() if n < len(items) and items[n]}
            for n in range(count)
        ]

    def _pictures(self) -> dict[str, Json]:
        pictures, slots = pictures_of(self.draft), self._slots()
        if not slots:
            return {"source_type": "image_base64", **encoded(pictures[0])}
        items: list[Json] = [{**encoded(file), **slot} for file, slot in zip(pictures, slots, strict=True)]
        return {"source_type": "multiple_image_base64", "items": items}

    def _video(self, media_id: str) -> dict[str, Json]:
        source: dict[str, Json] = {"source_type": "video_id", "media_id": media_id}
        covers = pictures_of(self.draft)
        if not covers:
            return {**source, "cover_image_key_frame_time": self.draft.number("cover_at") or 0}
        cover = encoded(covers[0])
        return {
            **source,
            "cover_image_content_type": cover["content_type"],
            "cover_image_data": cover["data"],
        }


def encoded(file: MediaFile) -> dict[str, Json]:
    """A picture inside JSON: no public address is needed."""
    with file.open() as stream:
        data = base64.b64encode(stream.read()).decode()
    return {"content_type": file.content_type, "data": data}


def comparable(value: object) -> str:
    """What stays equal between words sent and words shown."""
    return " ".join(unicodedata.normalize("NFC", str(value or "")).split()).rstrip("/")


def made_at(shown: Mapping[str, Any]) -> datetime:
    """When a Pin was made: told with a zone or, in UTC, without one. Untold: just now."""
    try:
        moment = datetime.fromisoformat(str(shown.get("created_at")))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
