"""What the engine's tests share."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts.factories import AccountFactory
from publishing import clock as shared_clock
from publishing import leases
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from publishing.tests.network import World, wired

NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def world(settings: object) -> Iterator[World]:
    """The network `wire`, and what the public sees of it."""
    nowhere = {"client_id": "", "client_secret": "", "api_url": "", "auth_url": "", "upload_url": ""}
    settings.NETWORKS = {**settings.NETWORKS, "wire": nowhere}  # type: ignore[attr-defined]
    with wired() as world:
        yield world


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """Noon, standing still, on the database's clock too."""
    monkeypatch.setattr(shared_clock, "database_time", now)
    monkeypatch.setattr(shared_clock, "_ahead", timedelta(0))
    monkeypatch.setattr(leases, "seconds", lambda: now().timestamp())
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def due(world: World, clock: time_machine.Traveller) -> Callable[..., Delivery]:
    """Makes a delivery that is due now."""

    def make(text: str = "Good morning", **fields: object) -> Delivery:
        account = fields.pop("account", None) or AccountFactory(
            platform_name="wire", expires_at=None, refresh_at=None
        )
        post = PostFactory(workspace=account.workspace, text=text, scheduled_at=NOON)
        times = {"due_at": NOON, "planned_at": NOON}
        return DeliveryFactory(post=post, account=account, state=State.SCHEDULED, **{**times, **fields})

    return make
