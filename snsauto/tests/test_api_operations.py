"""Every operation of the API, as the document lists it: what all of them must answer alike."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from drf_spectacular.generators import SchemaGenerator
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.factories import MembershipFactory
from accounts.models import ApiToken, IdempotentRequest, User, Workspace
from accounts.permissions import Role
from accounts.scopes import AREAS
from platforms.registry import PLATFORMS
from snsauto.api.idempotency import stored_key
from snsauto.tests.rows import ROW, one_of_each

pytestmark = pytest.mark.django_db
NETWORK = next(iter(PLATFORMS))
ELSEWHERE = {"GET /accounts/callback/<>/", "GET /health", "GET /health/ready"}  # outside the API
# each key may ask who it is
FOR_EVERY_KEY = {"/api/v1/me/", "/api/v1/me/refresh/"}


@dataclass(frozen=True)
class Operation:
    """One of the document's operations."""

    method: str
    template: str
    about: Any

    @property
    def path(self) -> str:
        return self.template.format_map({"id": ROW, "post": ROW, "kind": "csv", "platform": NETWORK})

    @property
    def names_a_row(self) -> bool:
        return "{id}" in self.template or "{post}" in self.template

    @property
    def takes_a_body(self) -> bool:
        return "requestBody" in self.about

    def parameter(self, name: str) -> bool:
        return any(parameter["name"] == name for parameter in self.about.get("parameters", []))

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


@cache
def operations() -> list[Operation]:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return [
        Operation(method.upper(), path, about)
        for path, methods in paths.items()
        for method, about in methods.items()
        if path != "/api/v1/schema/"
    ]


def chosen(wanted: Callable[[Operation], bool]) -> list[Operation]:
    return [operation for operation in operations() if wanted(operation)]


def key_of(user: User, *scopes: str) -> APIClient:
    _token, key = ApiToken.issue(user.memberships.get(), "a test", scopes=scopes or ("*",))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def ask(client: APIClient, operation: Operation, body: Any = None, **headers: str) -> Any:
    return client.generic(
        operation.method,
        operation.path,
        body if isinstance(body, str) else "",
        content_type="application/json",
        headers=headers,
    )


def answers(client: APIClient, which: list[Operation], **rest: Any) -> dict[str, tuple[int, str]]:
    """Status and code of each."""
    told = {}
    for operation in which:
        answer = ask(client, operation, **rest)
        is_problem = answer.get("Content-Type") == "application/problem+json"
        told[str(operation)] = (answer.status_code, answer.json()["code"] if is_problem else "no problem")
    return told


def others(told: dict[str, tuple[int, str]], *expected: tuple[int, str]) -> dict[str, tuple[int, str]]:
    return {operation: answer for operation, answer in told.items() if answer not in expected}


@pytest.fixture(autouse=True)
def rows(ada: User, workspace: Workspace, settings: Settings) -> dict[str, models.Model]:
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, (100_000, 60))
    return one_of_each(ada, workspace)


def test_the_document_lists_what_there_is() -> None:
    listed = {str(operation) for operation in operations()}

    assert len(listed) > 60
    assert {"POST /api/v1/publish/multi-platform/", "DELETE /api/v1/schedule/{id}/"} <= listed


def test_the_map_leads_to_paths_that_exist() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "api-map.md").read_text()
    ours = re.findall(
        r"`((?:[A-Z]+ )+)(/[a-z][^`? ]*)", "\n".join(re.findall(r"^\|[^|]*\|(.*)\|$", page, re.MULTILINE))
    )
    listed = {
        re.sub(r"\{\w+\}", "<>", str(one)).replace("/api/v1", ""): one.about["tags"][0]
        for one in operations()
    }

    promised = {
        f"{method} {re.sub(r'<[^>]+>', '<>', path)}" for methods, path in ours for method in methods.split()
    }

    assert len(promised) > 70
    assert promised - set(listed) - ELSEWHERE == set()
    assert set(AREAS) - {listed[one] for one in promised & set(listed)} == set()


def test_without_a_token_nothing_is_said_or_done() -> None:
    told = answers(APIClient(), operations())

    assert others(told, (401, "not_authenticated")) == {}


def test_a_token_of_another_area_is_refused(ada: User) -> None:
    clients = {area: key_of(ada, *(f"{other}:write" for other in AREAS if other != area)) for area in AREAS}
    told = {}
    for operation in chosen(lambda operation: operation.template not in FOR_EVERY_KEY):
        [area] = operation.about["tags"]
        told |= answers(clients[area], [operation])

    assert others(told, (403, "scope_missing")) == {}


def test_a_token_that_may_read_changes_nothing(ada: User, rows: dict[str, models.Model]) -> None:
    client = key_of(ada, *(f"{area}:read" for area in AREAS))
    writing = chosen(lambda one: one.method != "GET" and one.template not in FOR_EVERY_KEY)

    assert others(answers(client, writing), (403, "scope_missing")) == {}


def test_what_belongs_to_another_workspace_is_not_there(cho: User, rows: dict[str, models.Model]) -> None:
    told = answers(key_of(cho), chosen(lambda operation: operation.names_a_row))

    assert others(told, (404, "not_found")) == {}
    assert all(type(row)._default_manager.filter(pk=row.pk).exists() for row in rows.values())


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("{", {(400, "parse_error")}),
        ("[]", {(400, "invalid")}),
        ('"text"', {(400, "invalid")}),
        ('{"a\\u0000": "\\u0000"}', {(400, "invalid")}),
    ],
    ids=["no JSON", "a list", "a string", "a null byte"],
)
def test_a_body_that_makes_no_sense_is_refused_in_words(
    ada: User, body: str, codes: set[tuple[int, str]]
) -> None:
    strict = chosen(lambda one: one.takes_a_body and one.about["requestBody"].get("required", False))

    told = answers(key_of(ada), strict, body=body)

    assert len(told) > 12
    assert others(told, *codes, (415, "unsupported_media_type")) == {}


def test_no_form_is_taken_for_json(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    client = key_of(ada)
    told = {}
    for operation in chosen(lambda operation: operation.takes_a_body):
        answer = client.generic(operation.method, operation.path, "a=1", content_type="text/plain")
        told[str(operation)] = (answer.status_code, answer.json()["code"])

    assert others(told, (415, "unsupported_media_type")) == {}


def test_every_answer_tells_of_the_limit(ada: User) -> None:
    client = key_of(ada)
    silent = [
        str(operation) for operation in operations() if "X-RateLimit-Remaining" not in ask(client, operation)
    ]

    assert silent == []


def test_over_the_limit_every_operation_says_when_to_come_back(ada: User, settings: Settings) -> None:
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, (0, 60))
    client = key_of(ada)

    told = answers(client, operations())

    assert others(told, (429, "throttled")) == {}
    assert 0 < int(client.get("/api/v1/me/")["Retry-After"]) <= 60


def test_every_single_row_that_is_written_heeds_a_tag(ada: User) -> None:
    """Who adds a view that writes by PUT, PATCH or DELETE gives it `snsauto.api.etags.Conditional`."""
    client = key_of(ada)
    writing = chosen(lambda operation: operation.method in {"PUT", "PATCH", "DELETE"})

    told = answers(client, writing, body="{}", **{"If-Match": '"another"'})

    assert len(told) > 8
    assert others(told, (412, "changed_meanwhile")) == {}


def test_what_is_read_has_a_tag_and_is_not_sent_twice(ada: User) -> None:
    client = key_of(ada)
    reading = chosen(lambda operation: operation.method == "GET")
    client.get("/api/v1/me/")
    sent_again = []
    for operation in reading:
        first = ask(client, operation)
        if first.status_code == 200 and not first.streaming:  # a file is read once, on its way
            again = ask(client, operation, **{"If-None-Match": first["ETag"]})
            sent_again += [str(operation)] if again.status_code != 304 else []

    assert len(reading) > 18
    assert sent_again == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_heads_and_options_answer_as_reading_does(ada: User, vic: User, method: str) -> None:
    client = key_of(vic)
    reading = chosen(lambda operation: operation.method == "GET")
    odd = {}
    for operation in reading:
        status = ask(client, operation).status_code if method == "HEAD" else 200
        answer = client.generic(method, operation.path)
        if answer.status_code != status or (method == "HEAD" and b"".join(answer)):
            odd[str(operation)] = answer.status_code

    assert odd == {}


def test_a_key_under_way_is_refused_wherever_keys_are_taken(ada: User) -> None:
    """The document tells where `Idempotency-Key` works; there it does."""
    client = key_of(ada)
    keyed = chosen(lambda operation: operation.parameter("Idempotency-Key"))
    told = {}
    member = ada.memberships.get()
    for operation in keyed:
        IdempotentRequest.objects.create(
            workspace_id=member.workspace_id, key=stored_key(member, str(operation)), fingerprint="another"
        )
        told |= answers(client, [operation], **{"Idempotency-Key": str(operation)})

    assert len(keyed) > 10
    assert others(told, (409, "idempotency_key_reused")) == {}


def test_roles_are_told_apart(workspace: Workspace) -> None:
    viewer = MembershipFactory.create(workspace=workspace, role=Role.VIEWER).user
    harmless = {"/api/v1/me/refresh/", "/api/v1/notifications/read/", "/api/v1/settings/", "/api/v1/desk/"}
    harmless |= {"/api/v1/settings/notifications/"}  # each says how they want to be told
    harmless |= {"/api/v1/tokens/", "/api/v1/tokens/{id}/"}  # everybody has keys of their own

    told = answers(
        key_of(viewer), chosen(lambda one: one.method != "GET" and one.template not in harmless), body="{}"
    )

    assert others(told, (403, "permission_denied")) == {}
