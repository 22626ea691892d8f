"""Rows told quickly are told as the framework tells them."""

from typing import Any

import pytest
from rest_framework import serializers

from accounts.models import User, Workspace
from publishing.factories import DeliveryFactory
from snsauto import urls
from snsauto.api.plain import PlainSerializer
from snsauto.api.serializers import PostSerializer
from snsauto.tests.everything import fill

pytestmark = pytest.mark.django_db
assert urls  # all serializers are there once the addresses are


def kinds(base: type[Any]) -> list[type[Any]]:
    return [one for each in base.__subclasses__() for one in (each, *kinds(each))]


def by_the_framework(kind: type[Any], row: Any) -> Any:
    """The same class without our short way, nested ones as well."""
    kept = PlainSerializer.to_representation
    PlainSerializer.to_representation = serializers.ModelSerializer.to_representation  # type: ignore[method-assign]
    try:
        return kind(context={"request": None}).to_representation(row)
    finally:
        PlainSerializer.to_representation = kept  # type: ignore[method-assign]


def test_every_row_is_told_as_the_framework_tells_it(ada: User, workspace: Workspace) -> None:
    rows = fill(ada, workspace)
    told = {kind: rows[kind.Meta.model] for kind in kinds(PlainSerializer) if kind.Meta.model in rows}

    assert len(told) > 12
    for kind, row in told.items():
        row.refresh_from_db()
        quickly = kind(context={"request": None}).to_representation(row)
        assert quickly == by_the_framework(kind, row), kind


def test_what_is_not_there_is_null(ada: User, workspace: Workspace) -> None:
    row = DeliveryFactory.create(post__workspace=workspace, post__campaign=None, post__scheduled_at=None)

    told = PostSerializer(context={"request": None}).to_representation(row.post)

    assert told == by_the_framework(PostSerializer, row.post)
    assert (told["campaign"], told["scheduled_at"]) == (None, None)
