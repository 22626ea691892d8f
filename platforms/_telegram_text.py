"""Marks in a text (**bold**, _italic_, [a link](https://...)) as Telegram's message entities.

| written | becomes |
|---|---|
| `**bold**` `_italic_` `__underlined__` `~~struck out~~` | that |
| `||hidden until pressed||` | a spoiler |
| backquotes around it; three of them around lines | code |
| `[words](https://example.org)` | a link |
| lines that begin with `> ` | a quotation |
| a backslash before a mark | the mark itself |

A mark without its counterpart in the same line stays as it was written; so do those inside code, and
underlines inside words and addresses.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import regex

from platforms.content import Json
from platforms.text import utf16_length

MOST_ENTITIES = 100  # more are dropped by Telegram

_PAIRS = {
    "**": "bold",
    "__": "underline",
    "_": "italic",
    "~~": "strikethrough",
    "||": "spoiler",
}
_INLINE = (
    r"\\(?<literal>[\\`*_~|\[\]()>])"
    r"|```(?:(?<language>[\w+#-]+)?\n)?(?<pre>[^`]+?)\n?```"
    r"|`(?<code>[^`\n]+)`"
    r"|\[(?<words>[^\[\]\n]+)\]\((?<url>(?:https?://|tg://|mailto:)(?:[^\s()]|\([^\s()]*\))++)\)"
    r"|(?<address>https?://(?:[^\s*~|_]|_++(?=[^\s*~|])|[*~|](?=[^\s*~|]))++)"
    r"|(?<mark>\*\*|__|_|~~|\|\|)"
    r"|(?<line>\n)"
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
    return reader.result()


def shown_length(text: str) -> int:
    """The length of a text as Telegram counts it: UTF-16 units, without the marks."""
    return utf16_length(marked(text).text)


@dataclass(frozen=True)
class _Span:
    """A stretch between two pieces of a text."""

    kind: str
    first: int
    end: int
    url: str = ""
    language: str = ""


class _Reader:
    """Cuts a text into pieces in one pass: a mark is a piece, emptied when its counterpart is found."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.spans: list[_Span] = []

    def read(self, text: str, marks: regex.Pattern[str]) -> None:
        opened: dict[str, int] = {}  # marks that wait for their counterpart, and their pieces
        end = 0
        for match in marks.finditer(text):
            self.pieces.append(text[end : match.start()])
            end = match.end()
            if match["mark"]:
                self._mark(match, opened)
            elif match["line"]:
                opened.clear()
                self.pieces.append("\n")
            else:
                self._whole(match)
        self.pieces.append(text[end:])

    def _mark(self, match: regex.Match[str], opened: dict[str, int]) -> None:
        mark, here = match["mark"], len(self.pieces)
        before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
        is_word = mark.startswith("_")  # these stand inside words as well, and mean nothing there
        closes = bool(before.strip()) and not (is_word and _is_of_word(after))
        opens = bool(after.strip()) and not (is_word and _is_of_word(before))
        self.pieces.append(mark)
        if closes and mark in opened and opened[mark] < here - 1:
            first = opened[mark]
            self.pieces[first] = self.pieces[here] = ""
            self.spans.append(_Span(_PAIRS[mark], first, here))
            # What was opened inside and is still open has no counterpart inside.
            for other in [name for name, piece in opened.items() if piece >= first]:
                del opened[other]
        elif opens:
            opened[mark] = here

    def _whole(self, match: regex.Match[str]) -> None:
        """Something that is a whole by itself: code, a link, an address, a quotation."""
        found = match.groupdict()
        kind = next(
            name for name in ("literal", "address", "pre", "code", "words", "blockquote") if found.get(name)
        )
        first, inner = len(self.pieces), found[kind]
        if kind == "words":
            self.read(inner, _MARKS)
        elif kind == "blockquote":
            self.read(_QUOTE_SIGN.sub("", inner), _MARKS)
        else:
            self.pieces.append(inner)
        if kind not in {"literal", "address"}:
            named = "text_link" if kind == "words" else kind
            extra = {"url": found["url"] or "", "language": found["language"] or ""}
            self.spans.append(_Span(named, first, len(self.pieces), **extra))

    def result(self) -> Marked:
        places = [0, *accumulate(map(utf16_length, self.pieces))]
        entities = [
            Entity(
                span.kind, places[span.first], places[span.end] - places[span.first], span.url, span.language
            )
            for span in self.spans[::-1]  # outer ones are found after those inside them
        ]
        outer_first = sorted(entities, key=lambda entity: (entity.offset, -entity.length))
        return Marked("".join(self.pieces), tuple(entity for entity in outer_first if entity.length))


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"
