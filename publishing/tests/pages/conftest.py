"""What the pages' tests share: files in memory, two small networks, Ada's and Cho's browsers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, Membership, User, Workspace
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery
from publishing.tests.pages.desk import furnished

NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def files_in_memory(settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}


@pytest.fixture(autouse=True)
def networks(settings: Settings) -> Iterator[None]:
    with furnished() as addresses:
        settings.NETWORKS = {**settings.NETWORKS, **addresses}
        yield


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Noon, standing still."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def member(ada: User) -> Membership:
    return ada.memberships.select_related("workspace", "user").get()


@pytest.fixture
def ada_browser(ada: User) -> Client:
    """Ada's."""
    return client_of(ada)


@pytest.fixture
def stranger(cho: User) -> Client:
    """Cho's, of another workspace."""
    return client_of(cho)


@pytest.fixture
def onlooker(vic: User) -> Client:
    """Vic's, who may look on."""
    return client_of(vic)


@pytest.fixture
def roomy(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="roomy", handle="ada.roomy")


@pytest.fixture
def terse(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="terse", handle="ada.terse")


@pytest.fixture
def delivery(workspace: Workspace, roomy: Account) -> Callable[..., Delivery]:
    """Makes a delivery of a post in Ada's workspace."""

    def make(text: str = "Good morning", **fields: object) -> Delivery:
        post = fields.pop("post", None) or PostFactory.create(workspace=workspace, text=text)
        return DeliveryFactory.create(post=post, **{"account": roomy, **fields})

    return make
