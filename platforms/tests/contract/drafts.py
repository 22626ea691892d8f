"""Drafts made from what a network declares: of every kind, with every option, as plain as its rules allow."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from platforms.base import Platform
from platforms.content import Draft, Json, MediaFile, Part
from platforms.options import Option
from platforms.rules import Images, Kind, Rules, Videos
from platforms.tests.files import film, paper, picture

Shelf = Callable[[MediaFile], MediaFile]
PICTURES = ((1080, 1080), (1080, 1350), (1200, 900), (1080, 1920), (1920, 1080))
FILMS = ((540, 960), (720, 720), (960, 540), (720, 1280), (1280, 720), (1080, 1920))
COLOURS = (
    "peru",
    "seagreen",
    "steelblue",
    "firebrick",
    "goldenrod",
    "orchid",
    "teal",
    "sienna",
    "navy",
    "olive",
)
SENTENCE = "The first loaves leave the oven at six"


def draft_of(
    platform: type[Platform],
    kind: Kind,
    limits: Mapping[str, Json],
    shelf: Shelf,
    key: str = "one",
    **chosen: Json,
) -> Draft:
    """The plainest draft that becomes this kind of post, with what it requires and what is chosen besides."""
    rules = platform.limited(kind.rules, limits)
    options: dict[str, Json] = {option.name: option.default for option in platform.options}
    if kind.by_choice:
        options["kind"] = kind.name
    options |= needed(platform, kind, limits, options) | chosen
    draft = Draft(
        key=f"contract-{platform.name}-{kind.name}-{key}",
        created_at=datetime.now(UTC),
        parts=(Part(text_for(rules, key), tuple(shelf(file) for file in media_for(kind.name, rules))),),
        options=options,
    )
    return replace(draft, kind=platform.kind_for(draft.media, options).name)


def needed(
    platform: type[Platform], kind: Kind, limits: Mapping[str, Json], options: Mapping[str, Json]
) -> dict[str, Json]:
    """A value for each option that this kind of post cannot do without."""
    return {
        option.name: example(option, limits)
        for option in platform.options
        if option.name == kind.option or (option.required and option.applies(kind.name, options))
    }


def example(option: Option, limits: Mapping[str, Json]) -> Json:
    """A value that the network takes and that is not the default."""
    if option.example is not None:
        return option.example
    choices = [value for value, _label in option.choices_for(limits) if value not in ("", option.default)]
    soon = (datetime.now(UTC) + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    values: dict[str, Json] = {
        "flag": option.default is not True,
        "number": max(option.least or 1, 1),
        "url": "https://bread.example/offer",
        "moment": soon,
        "list": [f"Item {n}" for n in range(max(option.least or 1, 1))],
    }
    return choices[-1] if choices else values.get(option.kind, "Fresh bread")


def text_for(rules: Rules, key: str) -> str:
    text = f"{SENTENCE} {key}"
    return text if rules.text.fits(text) else ""


def media_for(name: str, rules: Rules) -> list[MediaFile]:
    """As many media as the kind needs, of the kind of medium that it is about."""
    count = rules.media_at_least
    if not count:
        return []
    if rules.images.at_most >= count and not (rules.videos.at_most and name.startswith(("video", "reel"))):
        return [photo(rules.images, colour) for colour in COLOURS[:count]]
    if rules.videos.at_most:
        return [footage(rules.videos), *[photo(rules.images, colour) for colour in COLOURS[: count - 1]]]
    return [paper()]


def photo(rule: Images, colour: str) -> MediaFile:
    size = next(size for size in PICTURES if allowed(size, rule))
    kind = next(kind for kind in ("JPEG", "PNG", "WEBP") if f"image/{kind.lower()}" in rule.formats)
    return picture(f"{colour}.{kind.lower()}", size, kind, colour=colour)


def footage(rule: Videos) -> MediaFile:
    size = next(size for size in FILMS if allowed(size, rule))
    return film(size=size, seconds=max(3, int(rule.seconds[0]) + 1), alt="Loaves in an oven")


def allowed(size: tuple[int, int], rule: Images | Videos) -> bool:
    ratio = size[0] / size[1]
    fits = not rule.ratio or rule.ratio[0] <= ratio <= rule.ratio[1]
    return (
        fits
        and size[0] >= rule.min_width
        and size[1] >= rule.min_height
        and max(size) <= (rule.max_side or 9999)
    )


def errors(platform: type[Platform], draft: Draft, limits: Mapping[str, Any]) -> list[str]:
    """What the preflight holds against it."""
    return [finding.message for finding in platform.check(draft, limits) if finding.severity == "error"]
