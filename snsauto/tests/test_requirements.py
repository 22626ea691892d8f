"""docs/requirements.md keeps its word: what it names is there."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db.models import ForeignKey

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "requirements.md"
OURS = ("accounts", "campaigns", "publishing", "inbox", "analytics")


def rows() -> Iterator[list[str]]:
    """The cells of every row that is no head."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and not cells[0].startswith("asked for"):
            yield cells


ROWS = list(rows())


@cache
def source(path: str) -> str:
    return (ROOT / path).read_text()


@pytest.mark.parametrize("cells", ROWS, ids=[cells[0][:50] for cells in ROWS])
def test_each_line_says_where_it_is_and_what_shows_it(cells: list[str]) -> None:
    assert len(cells) == 3

    asked, where, shown = cells

    assert asked
    assert where
    if shown == "to come":
        assert "to come" in where, "and why"
        return
    for test in re.findall(r"`([\w/.]+\.py)::(\w+)`", shown):
        assert f"def {test[1]}(" in source(test[0])
    for path in re.findall(r"`((?:\w+/)+[\w.]+)`", shown):
        assert (ROOT / path).exists()
    assert re.search(r"`.+`|\]\(", shown)


def test_nothing_is_left_open() -> None:
    assert "@@" not in PAGE.read_text()


def test_the_data_model_is_as_large_as_promised() -> None:
    models = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    keys = [field for model in models for field in model._meta.fields if isinstance(field, ForeignKey)]
    indexes = [index for model in models for index in model._meta.indexes]

    assert len(models) >= 20
    assert len(keys) >= 15
    assert len(indexes) >= 7


def test_passwords_are_hashed_by_argon2() -> None:
    assert make_password("harbour-and-rye").startswith("argon2$argon2id$")


def test_ten_common_troubles_are_described() -> None:
    troubles = re.findall(r"^## (.+)$", (ROOT / "docs" / "troubleshooting.md").read_text(), re.MULTILINE)

    assert len(troubles) >= 10
