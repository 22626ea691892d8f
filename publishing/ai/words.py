"""Looking at the words of a text: those that are forbidden, those that matter, and hashtags."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import regex

_HASHTAG = regex.compile(r"(?<![\w&/])[#＃]([\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*)")
_WORD = regex.compile(r"\p{L}[\p{L}\p{N}’'-]*")
_NO_TAG = regex.compile(r"[^\p{L}\p{N}_]")
_ADDRESS = regex.compile(r"https?://\S+|[@#]\S+")
# Words that say nothing by themselves, in the languages that are written here most.
_SMALL = frozenset(Path(__file__).with_name("small_words.txt").read_text().split())


def forbidden_in(text: str, words: Iterable[str]) -> list[str]:
    """Those of the words and phrases that the text uses, however they are written large or small."""
    return [word for word in words if word.strip() and _as_word(word).search(text)]


def _as_word(word: str) -> "regex.Pattern[str]":
    spaced = r"\s+".join(regex.escape(part) for part in word.split())
    return regex.compile(rf"(?<!\w){spaced}(?!\w)", regex.IGNORECASE)


def hashtags_in(text: str) -> list[str]:
    """Without their #."""
    return list(_HASHTAG.findall(text))


def as_tag(word: str) -> str:
    """A word or phrase as a hashtag without its #; "" where nothing of it can be one."""
    parts = [_NO_TAG.sub("", part) for part in word.split()]
    tag = parts[0] if len(parts) == 1 else "".join(part[:1].upper() + part[1:] for part in parts)
    return tag[:60] if regex.search(r"\p{L}", tag) else ""


def key_words(text: str, most: int = 8) -> list[str]:
    """The words that carry the text: often used first, then long ones; names and addresses left out."""
    words = _WORD.findall(_ADDRESS.sub(" ", text))
    counted = Counter(word.lower() for word in words if len(word) > 3 and word.lower() not in _SMALL)
    places = {word: place for place, word in enumerate(counted)}
    return sorted(counted, key=lambda word: (-counted[word], -min(len(word), 9), places[word]))[:most]


def without_repeats(tags: Iterable[str], text: str = "") -> list[str]:
    """Each tag once, in the order given, without those that the text has already."""
    seen = {tag.lower() for tag in hashtags_in(text)}
    kept = []
    for tag in tags:
        if tag and tag.lower() not in seen:
            seen.add(tag.lower())
            kept.append(tag)
    return kept
