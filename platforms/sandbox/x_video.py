"""X's videos from the other side: what makes processing fail, and what only the post tells."""

from typing import Any

from platforms.sandbox.insights import grown
from platforms.sandbox.models import Upload
from platforms.sandbox.probing import probe

VIDEOS = {"video/mp4", "video/quicktime"}
VIDEO_LOOKS = 2
SECONDS, LONG_SECONDS = 20 * 60, 125 * 60
LONG_VIDEOS = {"Premium", "PremiumPlus"}
RATIOS = (1 / 3, 3.0)


def film_of(content: bytes) -> dict[str, Any]:
    """What a file is, for what follows."""
    film = probe(content)
    if film is None or not film.is_video:
        return {"w": 0, "h": 0, "seconds": 0.0, "fps": 0.0, "codecs": [], "found": ""}
    return {
        "w": film.width,
        "h": film.height,
        "seconds": film.seconds,
        "fps": film.fps,
        "codecs": list(film.codecs),
        "found": film.content_type,
    }


def trouble_with(film: dict[str, Any]) -> str:
    """Why X cannot process a video; '' where it can. How long it may be is told when it is posted."""
    if film["found"] not in VIDEOS:
        return "Unsupported video format."
    video, *sound = film["codecs"]
    if video != "h264" or any(codec != "aac" for codec in sound):
        return "Unsupported codec."
    if film["fps"] > 60.5 or film["seconds"] < 0.5:
        return "Unsupported frame rate or duration."
    if min(film["w"], film["h"]) < 32 or max(film["w"], film["h"]) > 1920:
        return "Unsupported dimensions."
    if not RATIOS[0] <= film["w"] / film["h"] <= RATIOS[1]:
        return "Unsupported aspect ratio."
    return ""


def most_seconds(facts: dict[str, Any]) -> int:
    """How long a person's videos may be; their `video_seconds` may say less."""
    usual = LONG_SECONDS if facts.get("subscription_type") in LONG_VIDEOS else SECONDS
    return int(facts.get("video_seconds", usual))


def shown_film(row: Upload, url: str) -> dict[str, Any]:
    return {
        "duration_ms": round(row.facts["seconds"] * 1000),
        "variants": [{"bit_rate": 832_000, "content_type": row.content_type, "url": url}],
        "public_metrics": {"view_count": grown(row.pk, "views", 2600, row.created_at)},
    }
