"""The documents keep step with the code: settings, make targets, commands, links and paths in them exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

from platforms.base import Platform
from platforms.registry import PLATFORMS
from platforms.tests.contract import table
from snsauto.tests import composed

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()
PICTURES = ROOT / "docs" / "images"  # made by `make screenshots`
WRITTEN_LATER = (PICTURES, ROOT / "var", ROOT / ".env")


class Everything:
    """As if every contract test had passed."""

    def __contains__(self, _cell: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


EVERYTHING = Everything()
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
MAKE = re.compile(r"`(?:[A-Z]+=\S+ )*make ([a-z-]+)|^(?:[A-Z]+=\S+ )*make ([a-z-]+)", re.MULTILINE)
MANAGE = re.compile(r"manage\.py ([a-z_]+)")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|txt|toml|json))`")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def settings_that_are_read() -> frozenset[str]:
    """The names in every `env.kind("NAME", ...)`; `{name.upper()}` stands for every network."""
    tree = ast.parse((ROOT / "snsauto" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_reading(node.func)]
    return frozenset(read for call in calls for argument in names_in(call) for read in spelled(argument))


def is_reading(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
        and not function.attr.endswith("_of")
    )


def names_in(call: ast.Call) -> list[ast.expr]:
    """Only `has` takes several names; to the others a second argument is a default."""
    is_has = isinstance(call.func, ast.Attribute) and call.func.attr == "has"
    return call.args if is_has else call.args[:1]


def spelled(argument: ast.expr) -> list[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [argument.value] if argument.value.isupper() else []
    if isinstance(argument, ast.JoinedStr):
        ending = str(ast.literal_eval(argument.values[-1]))
        return [f"<NETWORK>{ending}"]
    return []


def slug(heading: str) -> str:
    """A heading's anchor, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def exists(path: Path) -> bool:
    return path.exists() or any(path == later or later in path.parents for later in WRITTEN_LATER)


def test_the_settings_are_found_in_the_code() -> None:
    found = settings_that_are_read()

    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "LOG_LEVEL"} <= found
    assert {"<NETWORK>_CLIENT_ID", "<NETWORK>_API_URL"} <= found


def test_the_configuration_page_names_exactly_the_settings() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()

    named = re.findall(r"^\| `((?:<NETWORK>)?[A-Z0-9_]+)` \|", page, re.MULTILINE)

    assert sorted(named) == sorted(settings_that_are_read())


def test_the_example_names_exactly_the_settings() -> None:
    example = (ROOT / ".env.example").read_text()

    named = re.findall(r"^(?:# )?([A-Z0-9_]+)=", example, re.MULTILINE)

    settings = {name.replace("<NETWORK>", "X") for name in settings_that_are_read()}
    assert sorted(named) == sorted(settings | compose_alone())


def compose_alone() -> set[str]:
    """What the compose files take from .env and the desk does not read."""
    return {name for file in composed.FILES for name in composed.variables(file)} - settings_that_are_read()


def test_the_example_sets_nothing_as_it_stands() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text())

    lost = [link for link in LINK.findall(text) if "://" not in link and not leads_somewhere(document, link)]

    assert lost == []


def leads_somewhere(document: Path, link: str) -> bool:
    place, _hash, anchor = link.partition("#")
    target = (document.parent / place).resolve() if place else document
    if not exists(target):
        return False
    return not anchor or anchor in map(slug, HEADING.findall(FENCE.sub("", target.read_text())))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_make_command_exists(document: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))

    asked = {one or other for one, other in MAKE.findall(document.read_text())}

    assert asked - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_management_command_exists(document: Path) -> None:
    asked = set(MANAGE.findall(document.read_text()))

    assert asked - set(get_commands()) == set()


def test_the_first_screen_has_the_two_commands() -> None:
    screen = "\n".join(README.splitlines()[:40])

    assert {one or other for one, other in MAKE.findall(screen)} >= {"run", "test"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_paths_that_are_named_exist(document: Path) -> None:
    named = [path for path in PATH.findall(document.read_text()) if is_ours(path)]

    assert [path for path in named if not exists(ROOT / path)] == []


def is_ours(path: str) -> bool:
    """Whether a path begins in this repository (others are addresses, or files elsewhere)."""
    first, *rest = path.split("/")
    return (
        first in {entry.name for entry in ROOT.iterdir()} if rest else path.endswith((".md", ".txt", ".toml"))
    )


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_each_network_has_its_page(platform: type[Platform]) -> None:
    page = (ROOT / "docs" / "networks" / f"{platform.name}.md").read_text()

    assert f"/accounts/callback/{platform.name}/" in page or not platform.can("authorize")
    assert [scope for scope in platform.scopes if f"`{scope}`" not in page] == []


def test_the_table_of_networks_shows_all_that_is_declared_and_each_of_it_ticked() -> None:
    page = (ROOT / "docs" / "networks" / "README.md").read_text()

    assert table.MISSING not in page
    assert [
        platform.label for platform in PLATFORMS.values() if table.row(platform, EVERYTHING) not in page
    ] == []
