"""What the tests of numbers share."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from analytics.tests.meter import World, metered

NOON = datetime(2030, 5, 6, 10, tzinfo=UTC)  # a Monday, twelve o'clock in Berlin


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """The network `meter`, and what it tells."""
    nowhere = {"client_id": "", "client_secret": "", "api_url": "", "auth_url": "", "upload_url": ""}
    settings.NETWORKS = {**settings.NETWORKS, "meter": nowhere}
    with metered() as world:
        yield world


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday noon, standing still."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def account(world: World, workspace: Workspace) -> Account:
    """The bakery on that network."""
    return AccountFactory.create(
        workspace=workspace, platform_name="meter", handle="bakery", expires_at=None, refresh_at=None
    )
