"""Drafts for the tests of Google's business profiles, and the moments that they speak of."""

from datetime import UTC, datetime, timedelta

from platforms.content import Draft, Json, MediaFile, Part


def wall(days: float) -> str:
    """A wall time so many days from now, as the composer writes it."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def draft(*media: MediaFile, text: str = "Rye at five\n\nFrom the oven.", **options: Json) -> Draft:
    kind = str(options.get("kind") or "update")
    return Draft("key-1", datetime.now(UTC), (Part(text, media),), {"kind": kind, **options}, kind)


def event(*media: MediaFile, **options: Json) -> Draft:
    chosen: dict[str, Json] = {"event_title": "Open oven", "starts": wall(7), "ends": wall(7.125), **options}
    return draft(*media, **{"kind": "event", **chosen})


def offer(*media: MediaFile, **options: Json) -> Draft:
    return event(*media, **{"kind": "offer", "event_title": "Two for one", "coupon": "ROGGEN10", **options})
