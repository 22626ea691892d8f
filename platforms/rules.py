"""What a network accepts, as data, and `check`: the preflight that composer, API and worker share."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from platforms.content import Draft, Json, MediaFile, Part
from platforms.text import split_thread

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error) or worth a look (warning), and what to do about it."""

    code: str
    message: str
    field: str = "text"  # "text", "media" or "options.<name>"
    severity: Severity = "error"
    part: int = 1


@dataclass(frozen=True)
class Text:
    """The length limit in the network's own units, and bytes where those are limited too."""

    limit: int
    count: Callable[[str], int]
    max_bytes: int | None = None
    unit: str = "characters"

    def length(self, text: str) -> int:
        return self.count(text)

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.limit and (
            self.max_bytes is None or len(text.encode()) <= self.max_bytes
        )


@dataclass(frozen=True)
class Images:
    """What pictures a post may carry. Larger ones are made fit before sending, so only count is refused."""

    at_most: int
    formats: tuple[str, ...] = ("image/jpeg", "image/png")
    max_bytes: int = 5_000_000
    max_side: int | None = None
    max_pixels: int | None = None
    alt_text: int = 1000


@dataclass(frozen=True)
class Rules:
    """All limits of one network for one account."""

    text: Text
    images: Images
    thread_at_most: int = 1
    needs_media: bool = False

    def with_limits(self, *, text: int | None = None, images: Mapping[str, int] | None = None) -> "Rules":
        """The same rules with an account's own numbers."""
        return replace(
            self,
            text=replace(self.text, limit=text) if text else self.text,
            images=replace(self.images, **images) if images else self.images,  # type: ignore[arg-type]
        )

    def split(self, text: str) -> list[str]:
        """What a text becomes: itself where it fits, else a numbered thread; a line of `---` cuts as well."""
        if self.thread_at_most <= 1:
            return [text]
        return split_thread(text, self.text.fits)


@dataclass(frozen=True)
class Option:
    """One choice a network offers for a post; composer, API and docs are drawn from it."""

    name: str
    label: str
    kind: Literal["choice", "text", "flag"]
    default: str | bool = ""
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int | None = None
    help: str = ""

    def check(self, value: Json) -> Iterator[Finding]:
        field = f"options.{self.name}"
        if self.kind == "flag":
            if not isinstance(value, bool):
                yield Finding("option_invalid", f"{self.label} is either on or off.", field)
        elif not isinstance(value, str):
            yield Finding("option_invalid", f"{self.label} must be text.", field)
        elif self.kind == "choice" and value not in {choice for choice, _ in self.choices}:
            yield Finding("option_invalid", f"{self.label} has no choice “{value}”.", field)
        elif self.max_length is not None and len(value) > self.max_length:
            yield Finding(
                "option_too_long", f"{self.label} takes {self.max_length} characters at most.", field
            )


def check(draft: Draft, rules: Rules, options: tuple[Option, ...] = ()) -> list[Finding]:
    """Everything that can be known to be wrong before sending."""
    findings = [
        *_check_thread(draft, rules),
        *(finding for n, part in enumerate(draft.parts, 1) for finding in _check_part(n, part, rules)),
        *_check_options(draft.options, options),
    ]
    if rules.needs_media and not draft.parts[0].media:
        findings.append(Finding("media_required", "This network needs at least one picture.", "media"))
    return findings


def _check_thread(draft: Draft, rules: Rules) -> Iterator[Finding]:
    if not any(part.text.strip() or part.media for part in draft.parts):
        yield Finding("empty", "Write something or add a picture.")
    else:
        for number, part in enumerate(draft.parts, 1):
            if not part.text.strip() and not part.media:
                yield Finding("empty", "This part of the thread is empty.", part=number)
    if len(draft.parts) > rules.thread_at_most:
        yield Finding(
            "thread_too_long",
            f"This would become a thread of {len(draft.parts)}; at most {rules.thread_at_most} are allowed.",
        )


def _check_part(number: int, part: Part, rules: Rules) -> Iterator[Finding]:
    if not rules.text.fits(part.text):
        over = rules.text.length(part.text) - rules.text.limit
        message = (
            f"The text is {over} {rules.text.unit} too long ({rules.text.limit} are allowed)."
            if over > 0
            else f"The text is too long: {rules.text.max_bytes} bytes are allowed."
        )
        yield Finding("text_too_long", message, part=number)
    if len(part.media) > rules.images.at_most:
        yield Finding(
            "too_many_images",
            f"{rules.images.at_most} pictures at most; take some out.",
            "media",
            part=number,
        )
    for media in part.media:
        yield from _check_media(number, media, rules.images)


def _check_media(number: int, media: MediaFile, images: Images) -> Iterator[Finding]:
    if not media.alt:
        yield Finding(
            "alt_text_missing",
            f"“{media.name}” has no description for people who cannot see it.",
            "media",
            severity="warning",
            part=number,
        )
    elif len(media.alt) > images.alt_text:
        yield Finding(
            "alt_text_too_long",
            f"The description of “{media.name}” is longer than {images.alt_text} characters.",
            "media",
            part=number,
        )


def _check_options(chosen: Mapping[str, Json], options: tuple[Option, ...]) -> Iterator[Finding]:
    known = {option.name: option for option in options}
    for name, value in chosen.items():
        if name in known:
            yield from known[name].check(value)
        else:
            yield Finding("option_unknown", f"This network has no option “{name}”.", f"options.{name}")
