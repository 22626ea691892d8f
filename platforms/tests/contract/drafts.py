"""Drafts made from what a network declares: of every kind, with every option, as plain as its rules allow."""

from collections.abc import Callable, Iterator, Mapping
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
    more: int = 0,
    **chosen: Json,
) -> Draft:
    """The plainest draft that becomes this kind of post, with what it requires and what is chosen besides.

    `more` media than the kind needs, where it may have them.
    """
    rules = platform.limited(kind.rules, limits)
    options: dict[str, Json] = {option.name: option.default for option in platform.options}
    if kind.by_choice:
        options["kind"] = kind.name
    options |= needed(platform, kind, limits, options | chosen) | chosen
    drafts = [
        _draft(platform, kind, files, text_for(rules, key), options, key) for files in candidates(rules, more)
    ]
    fitting = [draft for draft in drafts if draft.kind == kind.name]
    best = min(fitting or drafts, key=lambda draft: len(errors(platform, draft, limits)))
    return replace(best, parts=(replace(best.parts[0], media=tuple(shelf(file) for file in best.media)),))


def _draft(
    platform: type[Platform],
    kind: Kind,
    files: list[MediaFile],
    text: str,
    options: Mapping[str, Json],
    key: str,
) -> Draft:
    return Draft(
        key=f"contract-{platform.name}-{kind.name}-{key}",
        created_at=datetime.now(UTC),
        parts=(Part(text, tuple(files)),),
        options=options,
        kind=platform.kind_for(files, options).name,
    )


def plain_kind(platform: type[Platform]) -> Kind:
    """The most ordinary kind of post."""
    kinds = [kind for kind in platform.post_kinds() if not (kind.option or kind.by_choice)]
    return next((kind for kind in kinds if kind.rules == platform.rules), kinds[0])


def needed(
    platform: type[Platform], kind: Kind, limits: Mapping[str, Json], chosen: Mapping[str, Json]
) -> dict[str, Json]:
    """A value for each option that this kind of post cannot do without."""
    values: dict[str, Json] = {}
    for _ in range(2):  # some are needed only once another one is filled in
        for option in platform.options:
            is_wanted = option.required and option.applies(kind.name, {**chosen, **values})
            if option.name == kind.option or is_wanted:
                values[option.name] = example(option, limits)
    return values


def another(option: Option, limits: Mapping[str, Json]) -> Json:
    """A value that differs from what plain drafts have."""
    usual = example(option, limits)
    others = [value for value, _label in option.choices_for(limits) if value not in ("", usual)]
    return others[0] if option.required and others else usual


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


def candidates(rules: Rules, more: int = 0) -> Iterator[list[MediaFile]]:
    """Sets of media that posts are made of, the plainest first."""
    least = rules.media_at_least + more
    if not least:
        yield []
    count = max(least, 1)
    if rules.images.at_most >= count:
        yield [photo(rules.images, colour) for colour in COLOURS[:count]]
    if rules.videos.at_most:
        yield [footage(rules.videos)]
        if rules.mixed and rules.images.at_most:
            yield [
                footage(rules.videos),
                *(photo(rules.images, colour) for colour in COLOURS[: max(count - 1, 1)]),
            ]
    if rules.documents.at_most:
        yield [paper(f"menu-{n}.pdf", n + 1) for n in range(count)]


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
    is_large = size[0] >= rule.min_width and size[1] >= rule.min_height
    return fits and is_large and max(size) <= (rule.max_side or 9999)


def errors(platform: type[Platform], draft: Draft, limits: Mapping[str, Any]) -> list[str]:
    """What the preflight holds against it."""
    return [finding.message for finding in platform.check(draft, limits) if finding.severity == "error"]
