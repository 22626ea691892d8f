"""The compose files as a program reads them: variables filled in, anchors followed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = ("compose.yaml", "compose.several.yaml")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?P<rule>:\?[^}]*|:-[^}]*)?\}")

Service = dict[str, Any]


class Unset(Exception):
    """A variable that has to be given was not."""


def text(file: str) -> str:
    return (ROOT / file).read_text()


def variables(file: str) -> set[str]:
    """The names that the file takes from .env."""
    return {match["name"] for match in VARIABLE.finditer(text(file))}


def filled(template: str, values: Mapping[str, str]) -> str:
    """`${NAME}`, `${NAME:?what to do}` and `${NAME:-default}` as compose fills them in."""

    def value(match: re.Match[str]) -> str:
        name, rule = match["name"], match["rule"] or ""
        if values.get(name):
            return values[name]
        if rule.startswith(":-"):
            return rule[2:]
        raise Unset(rule.removeprefix(":?") or f"{name} is not set")

    return VARIABLE.sub(value, template)


def services(file: str, values: Mapping[str, str]) -> dict[str, Service]:
    """The file's services by name."""
    document: dict[str, dict[str, Service]] = yaml.safe_load(filled(text(file), values))
    return document["services"]


def ours(services: Mapping[str, Service]) -> dict[str, Service]:
    """Those that run the desk's own image."""
    return {name: service for name, service in services.items() if "build" in service}
