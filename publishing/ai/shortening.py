"""Making a text shorter without a model: at the end of a sentence, else of a word."""

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate

import regex

_SENTENCE = regex.compile(r".+?(?:[.!?…。！？]+[\"'”’)\]»]*(?=\s|$)|\n+|$)", regex.DOTALL)
_WORD = regex.compile(r"\S+\s*")


def sentences(text: str) -> list[str]:
    """The sentences of a text with what stands between them; joined they are the text."""
    return [found for found in _SENTENCE.findall(text) if found]


def shorten(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits and ends with a sentence; else with a word and an ellipsis; else ''."""
    text = text.strip()
    if fits(text):
        return text
    return _longest(sentences(text), fits, "") or _longest(_WORD.findall(text), fits, "…")


def _longest(pieces: list[str], fits: Callable[[str], bool], ending: str) -> str:
    """Looked for by halves: asking for one piece less each time takes minutes for a long text."""
    ends = list(accumulate(map(len, pieces)))
    whole = "".join(pieces)

    def begun(count: int) -> str:
        return whole[: ends[count - 1]].rstrip()

    def is_too_long(count: int) -> bool:
        return not fits(begun(count) + ending)

    for count in range(bisect_left(range(1, len(pieces)), True, key=is_too_long), 0, -1):
        if (text := begun(count)) and fits(text + ending):
            return text.rstrip(",;:–-") + ending if ending else text
    return ""
