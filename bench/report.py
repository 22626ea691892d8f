"""The results as a table, for a terminal and for the documents."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.values import Value

HEADS = ("Database", "What", "Value", "Floor", "Ratio", "Goal", "")


@dataclass(frozen=True)
class Measured:
    """One part on one database."""

    database: str
    part: str
    values: Sequence[Value]

    @property
    def passes(self) -> bool:
        return all(value.passes for value in self.values)


def rows(measured: Iterable[Measured]) -> list[tuple[str, ...]]:
    return [_row(one, value) for one in measured for value in one.values]


def _row(one: Measured, value: Value) -> tuple[str, ...]:
    verdict = ("ok" if value.passes else "MISSED") if value.goals else ""
    ratio = "" if value.ratio is None else f"{value.ratio:.2f}"
    what = f"{one.part}: {value.name}"
    return one.database, what, value.told, value.floor_told, ratio, ", ".join(value.goals), verdict


def as_text(table: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(HEADS, *table, strict=True)]
    lines = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in (HEADS, *table)
    )
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(table: Sequence[Sequence[str]]) -> str:
    lines = [HEADS, ["---"] * len(HEADS), *table]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def machine(versions: Mapping[str, str]) -> str:
    """On what it was measured, and how busy that was with other things."""
    load = "/".join(f"{each:.1f}" for each in os.getloadavg())
    databases = ", ".join(versions.values())
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {python}, {databases}; load average at the end {load}"


def replaced(document: str, results: str) -> str:
    """The document with new results between its two marks."""
    head, begin, rest = document.partition("<!-- results -->\n")
    _old, end, tail = rest.partition("<!-- end of results -->")
    if not begin or not end:
        raise ValueError("the document has no place for results")
    return f"{head}{begin}{results}\n{end}{tail}"
