"""What every test shares."""

import gc
import os
import shutil
from datetime import timedelta
from urllib.parse import urlsplit

os.environ.setdefault("SANDBOX", "on")
os.environ.setdefault(
    "DJANGO_LIVE_TEST_SERVER_ADDRESS", "127.0.0.1"
)  # some networks send nobody to "localhost"

import hypothesis
import pytest
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connections
from playwright.sync_api import expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.factories import MembershipFactory, WorkspaceFactory
from accounts.models import User, Workspace
from accounts.permissions import Role
from platforms.tests.village import move_in
from publishing import clock
from snsauto.api.caching import STORE
from snsauto.tests.emptying import empty_after_each
from snsauto.tests.found_once import find_static_files_once

# The live server sends head and body apart; without this each waits 40 ms for the other's acknowledgement.
WSGIRequestHandler.disable_nagle_algorithm = True
find_static_files_once()
# How fast a machine is decides no test.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
expect.set_options(timeout=30_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--table", help="write the table of networks that passing contract tests show into FILE")


gc.disable()  # what is imported and collected stays: looking through it again and again finds nothing


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The live server's threads let go of the database after each request, so that it can be dropped."""
    connections.settings["default"]["CONN_MAX_AGE"] = 0


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> None:
    """The API's kept answers outlive a test; the rows that they tell of do not."""
    STORE.clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Tests that commit leave an empty database behind."""
    empty_after_each()


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pump of an earlier test learned of the database's clock is forgotten."""
    monkeypatch.setattr(clock, "_ahead", timedelta(0))


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


@pytest.fixture
def sandbox(live_server: LiveServer, settings: Settings) -> str:
    """Every network, played by the sandbox over real HTTP; its address. Its people are there."""
    settings.SITE_URL = live_server.url
    settings.OUTBOUND_ALLOW = frozenset({urlsplit(live_server.url).netloc})
    settings.NETWORKS = {
        name: {
            **network,
            **dict.fromkeys(("api_url", "auth_url", "upload_url"), f"{live_server.url}/sandbox/{name}"),
        }
        for name, network in settings.NETWORKS.items()
    }
    move_in()
    return str(live_server.url)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium, contacting nobody by itself."""
    quiet = ("background-networking", "component-update", "sync")
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    return {"executable_path": shutil.which("chromium") or shutil.which("chromium-browser"), "args": flags}
