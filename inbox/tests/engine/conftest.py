"""What the tests of the inbox's engine share: accounts at the sandbox, and people who write to them."""

from collections.abc import Callable

import pytest
from django.urls import NoReverseMatch, reverse
from pytest_django.fixtures import Settings

from accounts.models import Workspace
from inbox.tests.engine.desk import Desk
from platforms.tests.conftest import shelf

__all__ = ["shelf"]


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    """Notices lead to pages; where this tree has none yet, their addresses stand in for them."""
    try:
        reverse("inbox:conversation-list")
    except NoReverseMatch:
        settings.ROOT_URLCONF = "inbox.tests.engine.addresses"


@pytest.fixture
def desk(sandbox: str, workspace: Workspace) -> Callable[[str], Desk]:
    """Connects an account of a network, over HTTP."""
    return lambda name: Desk.of(name, sandbox, workspace)
