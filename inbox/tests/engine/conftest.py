"""What the tests of the inbox's engine share: accounts at the sandbox, and people who write to them."""

from collections.abc import Callable

import pytest

from accounts.models import Workspace
from inbox.tests.engine.desk import Desk
from platforms.tests.conftest import shelf

__all__ = ["shelf"]


@pytest.fixture
def desk(sandbox: str, workspace: Workspace) -> Callable[[str], Desk]:
    """Connects an account of a network, over HTTP."""
    return lambda name: Desk.of(name, sandbox, workspace)
