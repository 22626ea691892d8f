"""What the files of the networks promise by themselves: small, and nothing of it written twice."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

CLIENTS = Path(__file__).resolve().parents[2]
MOST_LINES = 400
RUN = 6  # statements that stand twice in this order are one function


def sources() -> list[Path]:
    return sorted(CLIENTS.glob("*.py"))


def runs(path: Path) -> Iterator[tuple[str, ...]]:
    """Each stretch of consecutive statements of logic, as code without its line breaks and comments."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.With | ast.Try | ast.While):
            continue
        lines = [line for statement in node.body for line in ast.unparse(statement).splitlines()]
        for start in range(len(lines) - RUN + 1):
            yield tuple(line.strip() for line in lines[start : start + RUN])


def test_no_client_is_longer_than_400_lines() -> None:
    long = {
        path.name: count for path in sources() if (count := len(path.read_text().splitlines())) > MOST_LINES
    }

    assert long == {}


def test_no_six_lines_of_logic_stand_twice() -> None:
    places: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for path in sources():
        for run in runs(path):
            places[run].add(path.name)

    assert [(sorted(names), run[0]) for run, names in places.items() if len(names) > 1] == []
