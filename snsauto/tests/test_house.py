"""The house's own rules, which no linter knows."""

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from platforms.registry import PLATFORMS

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = (
    *("instagram", "facebook", "twitter", "linkedin", "tiktok", "youtube", "youtube_shorts", "pinterest"),
    *("bluesky", "mastodon", "telegram", "google_business"),
)
NAMED = re.compile(rf"(?<![a-z0-9])({'|'.join(NETWORKS)})(?![a-z0-9])", re.IGNORECASE)
# Two names are everyday words: they count where a string is nothing else.
EVERYDAY = frozenset({"x", "threads"})
LONGEST = {".py": 500, ".html": 300, ".js": 200, ".css": 500}


def tracked(*patterns: str) -> list[Path]:
    """The files of the house: those that git knows and those that are about to be added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name in {"conftest.py", "factories.py"}


def may_name_networks(path: Path) -> bool:
    inside = path.relative_to(ROOT).parts
    return (
        inside[0] in {"platforms", "docs", "bench"}
        or inside[:2] == ("templates", "sandbox")
        or inside == ("snsauto", "settings.py")
        or inside[:2] == ("snsauto", "demo")
        or is_test(path)
        or "migrations" in inside
    )


def words_of(path: Path) -> Iterator[tuple[int, str]]:
    """Names and strings of Python, lines of everything else; each with its line number."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text().splitlines(), 1)
        return
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in {tokenize.NAME, tokenize.STRING}:
                yield token.start[0], token.string


def names_network(path: Path, word: str) -> bool:
    bare = word.strip("rbfuRBFU").strip("\"'").lower()
    is_everyday = path.suffix == ".py" and word[-1:] in "\"'" and bare in EVERYDAY
    return bool(NAMED.search(word)) or is_everyday


def test_networks_are_named_in_platforms_only() -> None:
    named = {
        f"{path.relative_to(ROOT)}:{line}": word.strip()[:80]
        for path in tracked("*.py", "*.html", "*.js")
        if not may_name_networks(path)
        for line, word in words_of(path)
        if names_network(path, word)
    }

    assert named == {}, "ask what the network declares, not who it is"


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ('"mastodon"', True),
        ('"X"', True),
        ("'threads'", True),
        ("threads", False),
        ("is_mastodon", True),
        ('"the X axis"', False),
        ('"https://www.youtube.com/"', True),
        ("PUBLISHING_THREADS", False),
        ('"facebooks"', False),
    ],
)
def test_search_for_names_finds_what_it_should(word: str, named: bool) -> None:
    assert names_network(Path("some.py"), word) is named


def test_search_knows_every_network() -> None:
    assert set(PLATFORMS) <= {*NETWORKS, *EVERYDAY}


def test_files_tell_one_story() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py", "*.html", "*.js", "*.css")
        if not is_test(path)
        and "migrations" not in path.parts
        and (lines := len(path.read_text().splitlines())) > LONGEST[path.suffix]
    }

    assert long == {}


def test_functions_are_read_without_scrolling() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in tracked("*.py")
        if not is_test(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno >= 50
    }

    assert long == {}


INLINE = re.compile(
    r"<style[\s>]|<script(?![^>]*\bsrc=)[\s>]|\sstyle=|\son[a-z]+=|\shx-on|javascript:", re.IGNORECASE
)
DATA = re.compile(r'<script[^>]*type="application/(ld\+)?json"')


def test_templates_hold_no_style_and_no_script() -> None:
    inline = {
        f"{path.relative_to(ROOT)}:{number}": line.strip()
        for path in tracked("templates/*.html", "*/templates/*.html")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if INLINE.search(line) and not DATA.search(line)
    }

    assert inline == {}


def test_templates_say_what_they_are_given() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked("templates/*.html")
        if "allauth" not in path.parts  # pieces whose context allauth describes
        and not any(line.startswith(("{#", "{% comment")) for line in path.read_text().splitlines()[:2])
    ]

    assert silent == []


def test_browser_is_sent_to_no_other_host() -> None:
    foreign = {
        f"{path.relative_to(ROOT)}:{number}": line.strip()
        for path in tracked("templates/*.html", "static/*.css", "static/*.js")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"""(?:src=["']|url\(["']?|@import ["']|from ["'])(?:https?:)?//""", line)
    }

    assert foreign == {}


def test_nobody_calls_himself_a_helper() -> None:
    banned = {"utils.py", "helpers.py", "common.py", "services.py", "managers.py"}

    assert [path for path in tracked("*.py") if path.name in banned] == []
    assert not (ROOT / "core").exists()


def test_every_package_of_the_house_has_its_floor() -> None:
    contracts = (ROOT / "pyproject.toml").read_text()
    packages = {path.parent.name for path in tracked("*/__init__.py") if path.parent.parent == ROOT} - {
        "bench"
    }

    assert {name for name in packages if f'"{name}"' not in contracts} == set()


def test_repository_names_no_package_registry() -> None:
    hosts = re.compile(
        "|".join(("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "npmjs." + "org"))
    )

    naming = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix not in {".png", ".jpg", ".ico", ".woff2"}
        and hosts.search(path.read_text(errors="ignore"))
    ]

    assert naming == []
