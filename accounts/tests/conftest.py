"""What the tests of accounts share."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from accounts.tests.village import NOWHERE, World, settled


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """The networks `village` and `hamlet`."""
    many = {**NOWHERE, "api_url": "https://{server}", "auth_url": "https://{server}"}
    settings.NETWORKS = {**settings.NETWORKS, "village": NOWHERE, "hamlet": many}
    with settled() as world:
        yield world


@pytest.fixture
def account(world: World, workspace: Workspace) -> Callable[..., Account]:
    """Makes a connected account of the village; `left`: how long its token is still good."""

    def make(left: timedelta = timedelta(hours=1), **fields: Any) -> Account:
        moment = now()
        defaults: dict[str, Any] = {
            "workspace": workspace,
            "platform_name": "village",
            "remote_id": "1",
            "handle": "ada",
            "credentials": {"access": "access-1", "refresh": "refresh-1", "extra": {}},
            "expires_at": moment + left,
            "refresh_at": moment - timedelta(minutes=1),
            "refreshed_at": moment - timedelta(hours=1),
        }
        return AccountFactory.create(**{**defaults, **fields})

    return make
