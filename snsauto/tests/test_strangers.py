"""Every address of the product, asked by everybody: visitor, stranger and each role, against one table.

The table is docs/permissions.md: what it says is what people are told, and what is compared here.
"""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import models, transaction
from django.http import HttpResponseBase
from django.template import Template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.factories import MembershipFactory, client_of
from accounts.models import User, Workspace
from accounts.permissions import GRANTED, Permission, Role
from platforms.registry import PLATFORMS
from snsauto.tests.rows import LINK, ROW, one_of_each

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ELSEWHERE = {"admin", "sandbox", "account", "mfa"}  # the admin's own rights; the play networks; logging in
ANYBODY, STAFF = "anybody", "staff"
NEEDS = (ANYBODY, *(permission.value for permission in Permission), STAFF)
NETWORK = next(platform for platform in PLATFORMS.values() if platform.connect_methods)
VALUES = {
    "pk": str(ROW),
    "platform": NETWORK.name,
    "platform_name": NETWORK.name,
    "method_name": NETWORK.connect_methods[0].name,
    "post": str(ROW),
    "kind": "csv",
    "key": LINK,
    "year": "2030",
    "month": "5",
    "day": "6",
}
PATHS = {"/accounts/<platform_name>/client.json": "/accounts/bluesky/client.json"}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
GROUPS = 8  # of addresses, so that processes share the walk


@dataclass(frozen=True)
class Address:
    """Where something is, as the table writes it and as it is asked."""

    shown: str
    path: str

    @property
    def methods(self) -> tuple[str, ...]:
        """Forms of pages know no others."""
        return METHODS if "/api/" in self.path else METHODS[:2]

    @property
    def names_a_row(self) -> bool:
        return str(ROW) in self.path


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[Address]:
    """Every address of our own."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(entry, URLPattern):
            if "\\s" not in route and "(?P<format>" not in route and entry.name != "schema":
                shown = PARAMETER.sub(lambda found: f"<{_name(found)}>", route)
                path = PARAMETER.sub(lambda found: VALUES.get(_name(found), "1"), route)
                yield Address(f"/{shown}", PATHS.get(f"/{shown}", f"/{path}"))
        elif not ({entry.namespace, route.strip("/").partition("/")[0]} & {*ELSEWHERE, "auth"}):
            yield from addresses(entry, route)


def _name(found: re.Match[str]) -> str:
    return found[1] or found[2]


ADDRESSES = sorted(set(addresses(get_resolver())), key=lambda address: address.shown)


@cache
def table() -> dict[tuple[str, str], str]:
    """What is needed, by address and method."""
    rows = re.findall(r"^\| `(/[^`]*)` \|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    return {
        (address, method): cell.strip()
        for address, cells in rows
        for method, cell in zip(METHODS, cells.split("|"), strict=True)
        if cell.strip()
    }


def line(address: str, found: dict[str, set[str] | None], needs: dict[str, str | None]) -> str:
    """A row of the table as the desk has it; what is right already stays as it is called."""
    cells = []
    for method in METHODS:
        has, need = found.get(method), needs.get(method)
        cells.append((need if is_right(has, need) else word_for(has)) or "" if has is not None else "")
    return f"| `{address}` | {' | '.join(cells)} |"


# --- the people ---


@pytest.fixture
def rows(ada: User, workspace: Workspace) -> dict[str, models.Model]:
    return one_of_each(ada, workspace)


@pytest.fixture
def people(ada: User, cho: User, workspace: Workspace, rows: dict[str, models.Model]) -> dict[str, Client]:
    """One of each role, and staff; a visitor; a stranger, who owns another workspace."""
    roles = {
        role: walker(MembershipFactory.create(workspace=workspace, role=role).user) for role in Role.values
    }
    roles[Role.OWNER] = walker(ada)
    staff = walker(MembershipFactory.create(user__is_staff=True, workspace=workspace, role=Role.OWNER).user)
    roles[Role.VIEWER].draws = staff.draws = True
    return {"visitor": Walker(), "stranger": walker(cho), STAFF: staff, **roles}


class Walker(Client):
    """A browser that looks at what it is answered, not at how that was drawn.

    Who may come in is decided before a page is drawn, so most pages are not: one viewer and one owner draw
    them all, and nothing in them may break.
    """

    draws = False

    def request(self, **request: Any) -> Any:
        with nullcontext() if self.draws else patch.object(Template, "_render", lambda *_drawn: ""):
            answer = self.handler(self._base_environ(**request))
        assert answer.status_code != 500, answer
        return answer


def walker(user: User) -> Walker:
    """Somebody who is logged in."""
    walker = Walker()
    walker.cookies = client_of(user).cookies
    return walker


def ask(client: Client, method: str, path: str) -> HttpResponseBase:
    """Ask, and take back whatever it did."""
    with transaction.atomic():
        answer = client.generic(method, path, content_type="application/json" if "/api/" in path else FORM)
        transaction.set_rollback(True)
    return answer


FORM = "application/x-www-form-urlencoded"


def is_let_in(answer: HttpResponseBase) -> bool:
    if answer.status_code == 302:
        return "/auth/login/" not in answer["Location"]
    return answer.status_code not in {401, 403, 404}


def let_in(people: dict[str, Client], method: str, path: str) -> set[str] | None:
    """Who gets in; None where there is no such method."""
    first = ask(people[STAFF], method, path)
    if first.status_code == 405:
        return None
    others = {who: client for who, client in people.items() if who not in {"stranger", STAFF}}
    found = {who for who, client in others.items() if is_let_in(ask(client, method, path))}
    return found | {STAFF} if is_let_in(first) else found


def meant(need: str) -> set[str]:
    """Who a word of the table lets in."""
    need = need.rstrip("*")
    roles = [role for role in Role.values if need in {ANYBODY, *GRANTED[role]}]
    return {STAFF, *roles, *(["visitor"] if need == ANYBODY else [])}


def is_right(found: set[str] | None, need: str | None) -> bool:
    """Of `write*` the walk sees only that nobody else gets in: there is nothing to find for anybody."""
    if found is None or need is None:
        return found is None and need is None
    return found <= meant(need) if need.endswith("*") else found == meant(need)


def word_for(found: set[str]) -> str:
    return next((need for need in NEEDS if meant(need) == found), "*" if not found else f"? {sorted(found)}")


# --- the walk ---


def test_there_is_something_to_walk() -> None:
    shown = {address.shown for address in ADDRESSES}

    assert len(shown) > 120
    assert {"/posts/<pk>/", "/api/v1/posts/<pk>/", "/operations/", "/health"} <= shown


def test_the_table_names_what_there_is() -> None:
    shown = {address.shown for address in ADDRESSES}

    assert {address for address, _method in table()} - shown == set(), "docs/permissions.md names too much"
    assert {need.rstrip("*") for need in table().values()} <= set(NEEDS)


def test_the_roles_stand_in_the_table() -> None:
    page = PAGE.read_text()

    for role in Role:
        marks = ["yes" if permission in GRANTED[role] else "" for permission in Permission]
        assert f"| {role.label} | {' | '.join(marks)} |" in page


@pytest.mark.parametrize("group", range(GROUPS))
def test_everybody_is_let_in_where_the_table_says_so(people: dict[str, Client], group: int) -> None:
    wrong = []
    for address in ADDRESSES[group::GROUPS]:
        found = {method: let_in(people, method, address.path) for method in address.methods}
        needs = {method: table().get((address.shown, method)) for method in address.methods}
        if not all(is_right(found[method], needs[method]) for method in found):
            wrong.append(line(address.shown, found, needs))

    assert wrong == [], "docs/permissions.md and the desk differ; as the desk has it:\n" + "\n".join(wrong)


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_stranger_finds_and_changes_nothing(
    people: dict[str, Client], rows: dict[str, models.Model], group: int
) -> None:
    stranger = people["stranger"]
    asked = [
        (method, address.path, stranger.generic(method, address.path).status_code)
        for address in ADDRESSES[group::GROUPS]
        if address.names_a_row
        for method in METHODS
    ]

    assert [row for row in asked if row[2] not in {403, 404, 405}] == []
    assert all(type(row)._default_manager.filter(pk=row.pk).exists() for row in rows.values())
