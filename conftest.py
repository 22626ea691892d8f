"""What every test shares."""

import os

os.environ.setdefault("SANDBOX", "on")

import pytest

from accounts.factories import MembershipFactory, WorkspaceFactory
from accounts.models import User, Workspace
from accounts.permissions import Role


@pytest.fixture
def workspace(db: None) -> Workspace:
    """The workspace that Ada owns, in which Ben writes and Vic looks on."""
    return WorkspaceFactory.create(name="Bakery", timezone="Europe/Berlin")


@pytest.fixture
def ada(workspace: Workspace) -> User:
    """The owner."""
    return MembershipFactory.create(user__name="Ada", workspace=workspace, role=Role.OWNER).user


@pytest.fixture
def ben(workspace: Workspace) -> User:
    """The editor."""
    return MembershipFactory.create(user__name="Ben", workspace=workspace, role=Role.EDITOR).user


@pytest.fixture
def vic(workspace: Workspace) -> User:
    """The viewer."""
    return MembershipFactory.create(user__name="Vic", workspace=workspace, role=Role.VIEWER).user


@pytest.fixture
def cho(db: None) -> User:
    """A stranger, who owns another workspace."""
    return MembershipFactory.create(user__name="Cho", workspace__name="Elsewhere").user
