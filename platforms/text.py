"""Counting, splitting and finding links, mentions and hashtags, exactly as each network does it."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import regex

from platforms._links import FORBIDDEN, has_known_tld, mastodon_links, x_links

# UTS #51, with what twitter-text adds: © ® ™ ♟ need U+FE0F to be emoji, and a stray U+FE0F counts as one.
_ONE_EMOJI = (
    r"(?:🏴[\U000e0020-\U000e007e]+\U000e007f|\p{Emoji_Modifier_Base}\p{Emoji_Modifier}|[©®™♟]\ufe0f"
    r"|(?![©®™♟])\p{Extended_Pictographic}(?:\ufe0f|(?!\ufe0e))|\p{Regional_Indicator}{2})"
)
_EMOJI = regex.compile(rf"{_ONE_EMOJI}(?:\u200d{_ONE_EMOJI})*|[0-9#*]\ufe0f?\u20e3|\ufe0f")
_HEAVY = regex.compile(r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_CHARACTER = regex.compile(r"\X")
# github.com/mastodon/mastodon: MENTION_RE in app/models/account.rb
_REMOTE_MENTION = regex.compile(
    r"(?<![=/\w])(@[a-zA-Z0-9_]++(?:[.-]++[a-zA-Z0-9_]++)*+)@(?>\w+(?:[.-]+\w+)*)(?![@＠]|://)"
)


def weighted_length(text: str) -> int:
    """The length of a post as X counts it (twitter-text, configuration 3): a link 23, an emoji 2, CJK 2."""
    text = unicodedata.normalize("NFC", text)
    total = end = 0
    for start, stop in x_links(text):
        total += _weight(text[end:start]) + 23
        end = stop
    return total + _weight(text[end:])


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    rest, emoji = _EMOJI.subn("", text)
    return int(2 * emoji) + len(rest) + len(_HEAVY.findall(rest))


def forbidden_characters(text: str) -> bool:
    """Whether X refuses the text for a character in it."""
    return any(character in text for character in FORBIDDEN)


def graphemes(text: str) -> int:
    """How many characters a person sees: extended grapheme clusters."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return len(_CHARACTER.findall(text))


def mastodon_length(text: str, url_length: int = 23) -> int:
    """The length of a status as Mastodon counts it: a link counts `url_length`, @ada@example.org as @ada."""
    shown, end = "", 0
    for start, stop in mastodon_links(text):
        shown += text[end:start] + "x" * url_length
        end = stop
    return graphemes(_REMOTE_MENTION.sub(r"\1", shown + text[end:]))


def threads_length(text: str) -> int:
    """The length of a post as Threads counts it: characters, but an emoji counts its bytes in UTF-8."""
    if text.isascii():
        return len(text)
    return len(text) + sum(len(emoji.encode()) - len(emoji) for emoji in _EMOJI.findall(text))


def utf16_length(text: str) -> int:
    """UTF-16 code units: what programs written in Java, JavaScript or C# call the length."""
    return len(text.encode("utf-16-le")) // 2


# The letter may stand behind the tag, but not far: looking to the end of a long line takes minutes.
_HASHTAG = regex.compile(r"(?<![\w&/])[#＃](?=\w)(?=\S{0,255}[^\W\d_])\w+")
_HANDLE = regex.compile(r"(?<![\w/@])@[\w.]*\w")


def hashtags(text: str) -> int:
    """How many hashtags a text has."""
    return len(_HASHTAG.findall(text))


def hashtag_words(text: str) -> list[str]:
    """The hashtags in their order, without the sign."""
    return [found[1:] for found in _HASHTAG.findall(text)]


def mentions(text: str) -> int:
    """How many handles a text names."""
    return len(_HANDLE.findall(text))


def links(text: str) -> int:
    """How many links a text has."""
    return sum(entity.kind == "link" for entity in entities(text))


# An address with its scheme, wherever a sentence has it: after a bracket, or among letters without spaces.
_SPACELESS = r"[\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}]"
_HOST_LETTER = rf"(?!{_SPACELESS})[^\W_]"
_WEB_LINK = regex.compile(
    rf"(?i)(?<![a-z0-9])https?://{_HOST_LETTER}(?:(?:{_HOST_LETTER}|[.-])*{_HOST_LETTER})?(?::[0-9]+)?"
    rf"(?:(?=[/?#])\S*|(?=$|{_SPACELESS}|:(?=\s|$)|[^\w@:-]))"
)
_AFTER_LINK = ".,;:!?>'\"’”»」』）】》、。"


def web_links(text: str) -> Iterator[tuple[int, int]]:
    """Where a text has addresses with http:// or https://, without what closes the sentence behind them."""
    for match in _WEB_LINK.finditer(text):
        shown = match[0].rstrip(_AFTER_LINK)
        while shown.endswith(")") and shown.count("(") < shown.count(")"):
            shown = shown[:-1].rstrip(_AFTER_LINK)
        yield match.start(), match.start() + len(shown)


@dataclass(frozen=True)
class Entity:
    """A stretch of text that means something: `text.encode()[start_byte:end_byte]` shows it."""

    kind: Literal["link", "mention", "tag"]
    start_byte: int
    end_byte: int
    value: str  # a whole address, a handle without @, a tag without # (a ticker keeps its $)


_Found = tuple[int, int, Literal["link", "mention", "tag"], str]
_FREE = r"(?<![^\s(])"
_GAP = r"\s\xad\u2060\u200a-\u200d\u20e2"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?+"
_MENTION = regex.compile(rf"{_FREE}@([a-zA-Z0-9.-]*[a-zA-Z0-9])(?![a-zA-Z0-9_])")
_ADDRESS = regex.compile(
    rf"(?i){_FREE}(?:https?://\w\S*|(?<domain>(?=[a-z]){_LABEL}(?:\.{_LABEL})++)(?!@)\S*)"
)
_TAG = regex.compile(rf"(?<!\S)[#＃](?!\ufe0f)([^{_GAP}]*[^\d\p{{P}}{_GAP}][^{_GAP}]*)")
_TICKER = regex.compile(rf"{_FREE}\$([A-Za-z][A-Za-z0-9]{{0,4}})(?=[\s.,;:!?)\"'’]|$)")
_PUNCTUATION_END = regex.compile(r"\p{P}+$")


def entities(text: str) -> list[Entity]:
    """Links, mentions and hashtags by the rules of Bluesky's own library, in order, never overlapping."""
    found: list[Entity] = []
    end = byte = 0
    for start, stop, kind, value in sorted([*_mentions(text), *_addresses(text), *_tags(text)]):
        if start >= end:
            first = byte + len(text[end:start].encode())
            end, byte = stop, first + len(text[start:stop].encode())
            found.append(Entity(kind, first, byte, value))
    return found


def _mentions(text: str) -> Iterator[_Found]:
    for match in _MENTION.finditer(text):
        if has_known_tld(match[1]) or match[1].endswith(".test"):
            yield match.start(), match.end(), "mention", match[1]


def _addresses(text: str) -> Iterator[_Found]:
    for match in _ADDRESS.finditer(text):
        if match["domain"] is None or has_known_tld(match["domain"]):
            shown = match[0].rstrip(".,;:!?" if "(" in match[0] else ".,;:!?)")
            value = f"https://{shown}" if match["domain"] else shown
            yield match.start(), match.start() + len(shown), "link", value


def _tags(text: str) -> Iterator[_Found]:
    for match in _TAG.finditer(text):
        tag = _PUNCTUATION_END.sub("", match[1])
        yield match.start(), match.start(1) + len(tag), "tag", tag
    for match in _TICKER.finditer(text):
        yield match.start(), match.end(), "tag", f"${match[1].upper()}"


_BREAK = regex.compile(r"(?m)^[^\S\n]*---[^\S\n]*$")
_GLUED = regex.compile(r"https?://\S{1,2048}|[@＠#＃$]\w[\w.@-]{0,255}|\X")
_IDEOGRAPH = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
_SHORT_FOR = r"\p{Lu}|Mrs?|Ms|Dr|Prof|St|Nr|vs|e\.g|i\.e|z\.B|d\.h"
# Where to cut, best first: each match stops at the end of a paragraph, of a sentence or line, of a word.
_CUTS = (
    regex.compile(r"\S(?=[^\S\n]*\n[^\S\n]*\n)"),
    regex.compile(
        rf"(?:[!?…؟।]|(?<!\b(?:{_SHORT_FOR}))\.)[\"'”’)\]»]*+(?=\s++(?!\p{{Ll}}))"
        r"|[。！？｡]+[」』）”’】]*|\S(?=[^\S\n]*\n)"
    ),
    regex.compile(rf"\S(?=\s)|{_IDEOGRAPH}(?={_IDEOGRAPH})|[、，]"),
)


def split_thread(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The parts of a text, each with its number ("1/3") at its end and fitting with it.

    A text that fits is its only part and has no number. A line that is only `---` always ends a part; where
    more cuts are needed they come between paragraphs, sentences or words. Links, mentions, hashtags and words
    are broken only where one alone does not fit, and then between characters as people see them. Nothing but
    white space and those lines is left out.
    """
    sections = [section.strip() for section in _BREAK.split(text) if section.strip()] or [""]
    if len(sections) == 1 and fits(sections[0]):
        return sections
    texts = [_Splittable(section) for section in sections]
    digits = 1
    while (needed := len(str(len(parts := _fill(texts, "9" * digits, fits))))) > digits:
        digits = needed
    if len(parts) == 1:
        return parts
    return [part + _number(n, len(parts)) for n, part in enumerate(parts, 1)]


def _number(part: int, total: int | str) -> str:
    return f"\n\n{part}/{total}"


def _fill(texts: list["_Splittable"], total: str, fits: Callable[[str], bool]) -> list[str]:
    parts: list[str] = []
    for text in texts:
        start = 0
        while start < len(text.text):
            end = text.cut(start, _number(len(parts) + 1, total), fits)
            parts.append(text.text[start:end].strip())
            start = len(text.text) - len(text.text[end:].lstrip())
    return parts


class _Splittable:
    """A text and the places where it may be cut."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.characters = _ends(_CHARACTER, text)
        self.tokens = sorted(set(_ends(_GLUED, text)).intersection(self.characters))
        between = set(self.tokens)
        self.preferred = [
            [0, *(end for end in _ends(cut, text) if end in between), len(text)] for cut in _CUTS
        ]

    def cut(self, start: int, ending: str, fits: Callable[[str], bool]) -> int:
        """The best end for a part that begins at `start` and carries `ending`."""

        def fits_to(end: int) -> bool:
            return fits(self.text[start:end].strip() + ending)

        farthest = _last(self.tokens, start, fits_to)
        if not farthest:
            return (
                _last(self.characters, start, fits_to)
                or self.characters[bisect_right(self.characters, start)]
            )
        well_filled = start + (farthest - start) // 3
        for ends, beyond in zip(self.preferred, (well_filled, well_filled, start), strict=True):
            end = ends[bisect_right(ends, farthest) - 1]
            if end > beyond and fits_to(end):
                return end
        return farthest


def _ends(pattern: regex.Pattern[str], text: str) -> list[int]:
    return [match.end() for match in pattern.finditer(text)]


def _last(ends: list[int], start: int, fits_to: Callable[[int], bool]) -> int | None:
    """The farthest end after `start` that fits, looked for in growing steps: most texts are far longer."""
    first = bisect_right(ends, start)
    size = 64
    while first + size < len(ends) and fits_to(ends[first + size]):
        size *= 2
    beyond = bisect_left(ends, True, first, min(first + size, len(ends)), key=lambda end: not fits_to(end))
    return ends[beyond - 1] if beyond > first else None
