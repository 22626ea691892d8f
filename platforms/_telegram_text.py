"""Marks in a text (**bold**, _italic_, [a link](https://...)) as Telegram's message entities.

| written | becomes |
|---|---|
| `**bold**` `_italic_` `__underlined__` `~~struck out~~` | that |
| `||hidden until pressed||` | a spoiler |
| backquotes around it; three of them around lines | code |
| `[words](https://example.org)` | a link |
| lines that begin with `> ` | a quotation |
| a backslash before a mark | the mark itself |

A mark without its counterpart stays as it was written; so do the marks inside addresses and code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from platforms.content import Json
from platforms.text import utf16_length

MOST_ENTITIES = 100  # more are dropped by Telegram

_PAIRS = {
    "bold": (r"\*\*", r"\*\*"),
    "underline": (r"(?<!\w)__", r"__(?!\w)"),
    "italic": (r"(?<!\w)_", r"_(?!\w)"),
    "strikethrough": ("~~", "~~"),
    "spoiler": (r"\|\|", r"\|\|"),
}
_INLINE = "|".join(
    [
        r"\\(?<literal>[\\`*_~|\[\]()>])",
        r"```(?:(?<language>[\w+#-]+)?\n)?(?<pre>[^`]+?)\n?```",
        r"`(?<code>[^`\n]+)`",
        r"\[(?<words>[^\[\]\n]+)\]\((?<url>(?:https?://|tg://|mailto:)(?:[^\s()]|\([^\s()]*\))+)\)",
        r"(?<address>https?://\S+)",
        *(rf"{begin}(?=\S)(?<{name}>.+?)(?<=\S){end}" for name, (begin, end) in _PAIRS.items()),
    ]
)
_MARKS = regex.compile(_INLINE)
_MARKS_AND_QUOTES = regex.compile(rf"(?m)(?<blockquote>^>\ ?[^\n]+(?:\n>\ ?[^\n]*)*)|{_INLINE}")
_QUOTE_SIGN = regex.compile(r"(?m)^> ?")


@dataclass(frozen=True)
class Entity:
    """A stretch of a text, counted in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""

    @property
    def json(self) -> dict[str, Json]:
        named: dict[str, Json] = {"url": self.url, "language": self.language}
        return {
            "type": self.type,
            "offset": self.offset,
            "length": self.length,
            **{name: value for name, value in named.items() if value},
        }


@dataclass(frozen=True)
class Marked:
    """A text as people read it, and what is special about its stretches."""

    text: str
    entities: tuple[Entity, ...]

    @property
    def json(self) -> list[Json]:
        return [entity.json for entity in self.entities]


@lru_cache(maxsize=64)  # a draft is counted, checked and sent
def marked(text: str) -> Marked:
    """What a text with marks says."""
    reader = _Reader()
    reader.read(text.strip(), _MARKS_AND_QUOTES)
    outer_first = sorted(reader.entities, key=lambda entity: (entity.offset, -entity.length))
    return Marked("".join(reader.pieces), tuple(outer_first))


def shown_length(text: str) -> int:
    """The length of a text as Telegram counts it: UTF-16 units, without the marks."""
    return utf16_length(marked(text).text)


class _Reader:
    """Reads marks within marks; `position` is where the text that is written next will stand."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.entities: list[Entity] = []
        self.position = 0

    def read(self, text: str, marks: regex.Pattern[str]) -> None:
        end = 0
        for match in marks.finditer(text):
            self.write(text[end : match.start()])
            self.take(match)
            end = match.end()
        self.write(text[end:])

    def write(self, text: str) -> None:
        self.pieces.append(text)
        self.position += utf16_length(text)

    def take(self, match: regex.Match[str]) -> None:
        [(name, inner), *_] = _named(match)
        start = self.position
        match name:
            case "literal" | "address":
                self.write(inner)
                return
            case "pre" | "code":
                self.write(inner)
            case "blockquote":
                self.read(_QUOTE_SIGN.sub("", inner), _MARKS)
            case _:
                self.read(inner, _MARKS)
        kind = "text_link" if name == "words" else name
        found = match.groupdict()
        extra = {"url": found["url"] or "", "language": found["language"] or ""}
        if self.position > start:
            # Before those inside it, so that of equals the outer one stays first.
            self.entities.insert(0, Entity(kind, start, self.position - start, **extra))


def _named(match: regex.Match[str]) -> Iterator[tuple[str, str]]:
    for name, inner in match.groupdict().items():
        if inner is not None and name not in {"url", "language"}:
            yield name, inner
