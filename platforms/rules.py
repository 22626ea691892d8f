"""What a network accepts, as data, and `check`: the preflight that composer, API and worker share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from platforms.content import Draft, Json, MediaFile, MediaKind, Part
from platforms.options import Option
from platforms.text import hashtags, links, mentions, split_thread

__all__ = ["Documents", "Finding", "Images", "Kind", "Option", "Rules", "Text", "Videos", "check"]

Severity = Literal["error", "warning"]
Range = tuple[float, float]
LEAST_BITS = 400_000  # a second of video with its sound
WORDS: dict[MediaKind, tuple[str, str]] = {
    "image": ("picture", "pictures"),
    "video": ("video", "videos"),
    "document": ("document", "documents"),
}


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
    hashtags: int | None = None
    mentions: int | None = None
    links: int | None = None

    def length(self, text: str) -> int:
        return self.count(text)

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.limit and (
            self.max_bytes is None or len(text.encode()) <= self.max_bytes
        )


@dataclass(frozen=True)
class Images:
    """What pictures a post may carry. Format, bytes and size are made fit; the rest a person must change.

    `ratio` is width by height, from least to most. `alt_text` 0: the network takes no descriptions.
    """

    at_most: int
    formats: tuple[str, ...] = ("image/jpeg", "image/png")
    max_bytes: int = 5_000_000
    max_side: int | None = None
    max_pixels: int | None = None
    alt_text: int = 1000
    min_width: int = 1
    min_height: int = 1
    ratio: Range | None = None


@dataclass(frozen=True)
class Videos:
    """What videos a post may carry. Format, codecs, bytes, size and frames are made fit where they can be."""

    at_most: int = 1
    formats: tuple[str, ...] = ("video/mp4",)
    codecs: tuple[str, ...] = ("h264",)
    audio_codecs: tuple[str, ...] = ("aac",)
    max_bytes: int = 512_000_000
    seconds: Range = (0.0, 3600.0)
    max_side: int | None = 1920
    fps: Range = (1.0, 60.0)
    alt_text: int = 0
    min_width: int = 1
    min_height: int = 1
    ratio: Range | None = None


@dataclass(frozen=True)
class Documents:
    """What documents a post may carry."""

    at_most: int = 1
    formats: tuple[str, ...] = ("application/pdf",)
    max_bytes: int = 100_000_000
    max_pages: int = 300


@dataclass(frozen=True)
class Rules:
    """All limits of one kind of post for one account.

    `media_at_most` counts everything together; `mixed` allows pictures and videos in one post, and
    `needs_video` asks for one of the latter.
    """

    text: Text
    images: Images = field(default=Images(0))
    videos: Videos = field(default=Videos(0))
    documents: Documents = field(default=Documents(0))
    thread_at_most: int = 1
    media_at_least: int = 0
    media_at_most: int | None = None
    mixed: bool = False
    needs_video: bool = False
    needs_text: bool = False

    def with_limits(
        self,
        *,
        text: int | None = None,
        images: Mapping[str, int] | None = None,
        videos: Mapping[str, Json] | None = None,
    ) -> "Rules":
        """The same rules with an account's own numbers."""
        return replace(
            self,
            text=replace(self.text, limit=text) if text else self.text,
            images=replace(self.images, **images) if images else self.images,  # type: ignore[arg-type]
            videos=replace(self.videos, **videos) if videos else self.videos,  # type: ignore[arg-type]
        )

    def at_most(self, kind: MediaKind) -> int:
        """How many media of a kind."""
        most = {
            "image": self.images.at_most,
            "video": self.videos.at_most,
            "document": self.documents.at_most,
        }
        return most[kind]

    @property
    def accepts(self) -> tuple[MediaKind, ...]:
        """The kinds of media that a post may carry."""
        return tuple(kind for kind in WORDS if self.at_most(kind))

    def takes(self, media: Sequence[MediaFile]) -> bool:
        """Whether a post of this kind may carry just these, by their number and kind."""
        counts = {kind: sum(file.kind == kind for file in media) for kind in WORDS}
        most = self.media_at_most if self.media_at_most is not None else len(media)
        return (
            self.media_at_least <= len(media) <= most
            and all(count <= self.at_most(kind) for kind, count in counts.items())
            and (counts["video"] > 0 or not self.needs_video)
            and (self.mixed or sum(count > 0 for count in counts.values()) <= 1)
        )

    def split(self, text: str) -> list[str]:
        """What a text becomes: itself where it fits, else a numbered thread; a line of `---` cuts as well."""
        if self.thread_at_most <= 1:
            return [text]
        return split_thread(text, self.text.fits)


@dataclass(frozen=True)
class Kind:
    """One kind of post, with rules of its own.

    It is taken where its rules take the media and, where `option` is named, that option was filled in. One
    that is `by_choice` is taken only where the network's option `kind` names it.
    """

    name: str
    label: str
    rules: Rules
    option: str = ""
    by_choice: bool = False
    help: str = ""

    def fits(self, media: Sequence[MediaFile], options: Mapping[str, Json]) -> bool:
        return self.rules.takes(media) and (not self.option or bool(options.get(self.option)))


def check(
    draft: Draft,
    rules: Rules,
    options: tuple[Option, ...] = (),
    limits: Mapping[str, Json] | None = None,
) -> list[Finding]:
    """Everything that can be known to be wrong before sending. `limits` are the account's own."""
    return [
        *_check_thread(draft, rules),
        *(finding for n, part in enumerate(draft.parts, 1) for finding in _check_part(n, part, rules)),
        *_check_options(draft, options, limits or {}),
    ]


def _check_thread(draft: Draft, rules: Rules) -> Iterator[Finding]:
    first = draft.parts[0]
    if len(first.media) < rules.media_at_least:
        yield Finding("media_required", _needs(rules), "media")
    elif rules.needs_video and all(file.kind != "video" for file in first.media):
        yield Finding("video_required", "This needs a video. Add one.", "media")
    elif not any(part.text.strip() or part.media for part in draft.parts):
        yield Finding("empty", "Write something or add a picture." if rules.accepts else "Write something.")
    else:
        for number, part in enumerate(draft.parts, 1):
            if not part.text.strip() and not part.media:
                yield Finding("empty", "This part of the thread is empty.", part=number)
    if rules.needs_text and first.media and not first.text.strip():
        yield Finding("text_required", "This network needs a text here. Write one.")
    if len(draft.parts) > rules.thread_at_most:
        yield Finding(
            "thread_too_long",
            f"This would become a thread of {len(draft.parts)}; at most {rules.thread_at_most} are allowed.",
        )


def _needs(rules: Rules) -> str:
    least = rules.media_at_least
    wanted = " or ".join(WORDS[kind][least > 1] for kind in rules.accepts)
    return (
        f"This needs a {wanted}. Add one."
        if least == 1
        else f"This needs {least} {wanted} at least. Add more."
    )


def _check_part(number: int, part: Part, rules: Rules) -> Iterator[Finding]:
    yield from _check_text(number, part.text, rules.text)
    for kind in WORDS:
        count, most = sum(file.kind == kind for file in part.media), rules.at_most(kind)
        if count > most:
            message = (
                f"{most} {WORDS[kind][most > 1]} at most; take some out."
                if most
                else f"This kind of post takes no {WORDS[kind][1]}; take them out."
            )
            yield Finding(f"too_many_{kind}s", message, "media", part=number)
    if not rules.mixed and len({file.kind for file in part.media}) > 1:
        message = "Pictures, videos and documents do not go into one post here; keep one kind."
        yield Finding("mixed_media", message, "media", part=number)
    if rules.media_at_most is not None and len(part.media) > rules.media_at_most:
        message = f"{rules.media_at_most} media at most; take some out."
        yield Finding("too_many_media", message, "media", part=number)
    for file in part.media:
        yield from _check_file(number, file, rules)


def _check_text(number: int, text: str, rule: Text) -> Iterator[Finding]:
    if not rule.fits(text):
        over = rule.length(text) - rule.limit
        unit = rule.unit.removesuffix("s") if over == 1 else rule.unit
        message = (
            f"The text is {over} {unit} too long ({rule.limit} are allowed)."
            if over > 0
            else f"The text is too long: {rule.max_bytes} bytes are allowed."
        )
        yield Finding("text_too_long", message, part=number)
    for word, count, most in (
        ("hashtags", hashtags, rule.hashtags),
        ("mentions", mentions, rule.mentions),
        ("links", links, rule.links),
    ):
        if most is not None and (found := count(text)) > most:
            message = f"The text has {found} {word}; {most} are allowed. Take some out."
            yield Finding(f"too_many_{word}", message, part=number)


def _check_file(number: int, file: MediaFile, rules: Rules) -> Iterator[Finding]:
    if file.kind == "document":
        yield from _check_document(number, file, rules.documents)
    else:
        yield from _check_shape(number, file, rules.images if file.kind == "image" else rules.videos)
    if file.kind == "video":
        yield from _check_length(number, file, rules.videos)


def _check_shape(number: int, file: MediaFile, rule: Images | Videos) -> Iterator[Finding]:
    def finding(code: str, message: str, severity: Severity = "error") -> Finding:
        return Finding(code, message, "media", severity, number)

    if rule.alt_text and not file.alt:
        message = f"“{file.name}” has no description for people who cannot see it."
        yield finding("alt_text_missing", message, "warning")
    elif rule.alt_text and len(file.alt) > rule.alt_text:
        message = f"The description of “{file.name}” is longer than {rule.alt_text} characters."
        yield finding("alt_text_too_long", message)
    if file.width < rule.min_width or file.height < rule.min_height:
        least = f"{rule.min_width}×{rule.min_height}"
        message = (
            f"“{file.name}” is too small ({file.width}×{file.height}); {least} at least. Use a larger one."
        )
        yield finding("media_too_small", message)
    # A hair of tolerance: networks round, and so do cameras.
    if rule.ratio and not rule.ratio[0] * 0.995 <= file.ratio <= rule.ratio[1] * 1.005:
        side = "narrow" if file.ratio < rule.ratio[0] else "wide"
        message = f"“{file.name}” is too {side} for this network ({_shape(rule.ratio)} is allowed). Crop it."
        yield finding("media_ratio", message)


def _shape(ratio: Range) -> str:
    least, most = (f"{side:.2f}".rstrip("0").rstrip(".") + ":1" for side in ratio)
    return least if least == most else f"{least} to {most}"


def _check_length(number: int, file: MediaFile, rule: Videos) -> Iterator[Finding]:
    least, most = rule.seconds
    # Below this nothing would be left of the picture.
    if file.seconds and rule.max_bytes * 8 / file.seconds < LEAST_BITS:
        most_bytes = rule.max_bytes // 1_000_000
        message = f"“{file.name}” is too long for the {most_bytes} MB that this network takes. Cut it."
        yield Finding("media_too_large", message, "media", part=number)
    if file.seconds and not least <= file.seconds <= most + 0.5:
        said = f"“{file.name}” lasts {_duration(file.seconds)}"
        message = (
            f"{said}; {_duration(least)} at least. Use a longer one."
            if file.seconds < least
            else f"{said}; {_duration(most)} at most. Cut it."
        )
        yield Finding("video_length", message, "media", part=number)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min" + (f" {seconds % 60:.0f} s" if seconds % 60 >= 1 else "")
    return f"{seconds // 3600:.0f} h" + (f" {seconds % 3600 // 60:.0f} min" if seconds % 3600 >= 60 else "")


def _check_document(number: int, file: MediaFile, rule: Documents) -> Iterator[Finding]:
    if rule.at_most and file.content_type not in rule.formats:
        yield Finding("document_format", f"“{file.name}” must be a PDF here.", "media", part=number)
    if rule.at_most and file.size > rule.max_bytes:
        most = rule.max_bytes // 1_000_000
        message = f"“{file.name}” is larger than {most} MB. Use a smaller one."
        yield Finding("media_too_large", message, "media", part=number)
    if rule.at_most and file.pages > rule.max_pages:
        message = f"“{file.name}” has {file.pages} pages; {rule.max_pages} at most."
        yield Finding("document_pages", message, "media", part=number)


def _check_options(
    draft: Draft, options: tuple[Option, ...], limits: Mapping[str, Json]
) -> Iterator[Finding]:
    known = {option.name: option for option in options}
    for name in draft.options:
        if name not in known:
            yield Finding("option_unknown", f"This network has no option “{name}”.", f"options.{name}")
    for option in options:
        if not option.applies(draft.kind, draft.options):
            continue
        value = draft.options.get(option.name, option.default)
        for code, message in option.problems(value, limits):
            yield Finding(code, message, f"options.{option.name}")
