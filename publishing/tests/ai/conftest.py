"""What the tests of AI help share."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import Account, Membership, User, Workspace
from publishing.ai.assistant import Assistant
from publishing.ai_rows import AiProfile
from publishing.tests.ai import fake
from publishing.tests.ai.fake import FakeClaude
from publishing.tests.pages.desk import furnished


@pytest.fixture(autouse=True)
def networks(settings: Settings) -> Iterator[None]:
    with furnished() as addresses:
        settings.NETWORKS = {**settings.NETWORKS, **addresses}
        yield


@pytest.fixture(autouse=True)
def files_in_memory(settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}


@pytest.fixture
def claude(settings: Settings) -> Iterator[FakeClaude]:
    """The model, played on this machine; the desk has a key for it."""
    with fake.running() as server:
        settings.ANTHROPIC_API_KEY = "key-of-a-test"
        settings.ANTHROPIC_BASE_URL = server.url
        yield server


@pytest.fixture
def member(ada: User) -> Membership:
    return ada.memberships.select_related("workspace", "user").get()


@pytest.fixture
def assistant(member: Membership, claude: FakeClaude) -> Assistant:
    return Assistant(member)


@pytest.fixture
def profile(workspace: Workspace) -> AiProfile:
    return AiProfile.objects.create(
        workspace=workspace, voice="Short sentences. Dry humour.", forbidden_words=["cheap", "must have"]
    )


@pytest.fixture
def terse(workspace: Workspace) -> Account:
    """Twenty characters at most."""
    return AccountFactory.create(workspace=workspace, platform_name="terse", handle="ada.terse")
