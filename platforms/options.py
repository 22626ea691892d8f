"""Choices that a network offers for a post, as data: composer, API and docs are drawn from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from urllib.parse import urlsplit

from platforms.content import Json

OptionKind = Literal["choice", "text", "lines", "flag", "number", "url", "moment", "list"]
Problem = tuple[str, str]  # a code and a sentence


@dataclass(frozen=True)
class Option:
    """One choice for a post.

    Values: `choice`, `text`, `lines` (several lines of text) and `url` are strings, `flag` a boolean,
    `number` an integer, `moment` a wall time as "2026-12-24T18:00", `list` a list of strings. '' (None, [])
    is "not chosen". `choices_from` names a list of [value, label] among the account's own limits (boards,
    say), which `Platform.account_limits` reads. `kinds`: the kinds of post that have it; empty: all.
    `shown_with`: an option without which this one means nothing. `example`: a value that the network takes.
    `is_pressed`: an address (or several) that readers come to by pressing it.
    """

    name: str
    label: str
    kind: OptionKind
    default: str | bool | int | None = ""
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int | None = None  # of a text, or of each item of a list
    help: str = ""
    least: int | None = None  # of a number, or of how many items
    most: int | None = None
    required: bool = False
    choices_from: str = ""
    kinds: tuple[str, ...] = ()
    shown_with: str = ""
    example: Json = None
    is_pressed: bool = False

    def applies(self, kind: str, options: Mapping[str, Json]) -> bool:
        """Whether a post of this kind, with these options, has it."""
        return (not self.kinds or kind in self.kinds) and (
            not self.shown_with or bool(options.get(self.shown_with))
        )

    def choices_for(self, limits: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
        """What may be chosen, with what the account's own lists add."""
        lists = cast(Mapping[str, Json], limits.get("choices") or {})
        own = cast(list[list[str]], lists.get(self.choices_from) or [])
        return (*self.choices, *((value, label) for value, label in own))

    def problems(self, value: Json, limits: Mapping[str, Json]) -> Iterator[Problem]:
        """What is wrong with a value."""
        if value in ("", None, []):
            if self.required:
                yield "option_required", f"{self.label} is needed. Choose or fill it in."
            return
        if (wrong := self._wrong_type(value)) is not None:
            yield "option_invalid", wrong
            return
        match self.kind:
            case "choice":
                yield from self._choice(cast(str, value), limits)
            case "number":
                yield from self._number(cast(int, value))
            case "url":
                yield from self._address(cast(str, value))
            case "moment":
                yield from self._moment(cast(str, value))
            case "list":
                yield from self._items(cast(list[str], value))
        if isinstance(value, str):
            yield from self._length(value)

    def _wrong_type(self, value: Json) -> str | None:
        if self.kind == "flag":
            return None if isinstance(value, bool) else f"{self.label} is either on or off."
        if self.kind == "number":
            is_number = isinstance(value, int) and not isinstance(value, bool)
            return None if is_number else f"{self.label} must be a whole number."
        if self.kind == "list":
            is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
            return None if is_list else f"{self.label} must be a list of texts."
        return None if isinstance(value, str) else f"{self.label} must be text."

    def _choice(self, value: str, limits: Mapping[str, Json]) -> Iterator[Problem]:
        if value not in {choice for choice, _ in self.choices_for(limits)}:
            yield "option_invalid", f"{self.label} has no choice “{value}”."

    def _number(self, value: int) -> Iterator[Problem]:
        if self.least is not None and value < self.least:
            yield "option_too_small", f"{self.label} is {self.least} at least."
        if self.most is not None and value > self.most:
            yield "option_too_large", f"{self.label} is {self.most} at most."

    def _address(self, value: str) -> Iterator[Problem]:
        try:
            parts = urlsplit(value)
            is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in value
        except ValueError:
            is_web = False
        if not is_web:
            yield "option_invalid", f"{self.label} must be an address that begins with https://."

    def _moment(self, value: str) -> Iterator[Problem]:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            yield "option_invalid", f"{self.label} must be a date and a time."

    def _items(self, items: list[str]) -> Iterator[Problem]:
        if self.least is not None and len(items) < self.least:
            yield "option_too_few", f"{self.label}: {self.least} at least."
        if self.most is not None and len(items) > self.most:
            yield "option_too_many", f"{self.label}: {self.most} at most."
        for item in items:
            yield from self._length(item)

    def _length(self, text: str) -> Iterator[Problem]:
        if self.max_length is not None and len(text) > self.max_length:
            said = f"“{text[:30]}…” in {self.label}" if self.kind == "list" else self.label
            yield "option_too_long", f"{said} takes {self.max_length} characters at most."
