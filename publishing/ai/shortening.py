"""Making a text shorter without a model: at the end of a sentence, else of a word."""

from collections.abc import Callable

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
    for count in range(len(pieces) - 1, 0, -1):
        begun = "".join(pieces[:count]).rstrip()
        if begun and fits(begun + ending):
            return begun.rstrip(",;:–-") + ending if ending else begun
    return ""
