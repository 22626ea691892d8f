"""Real servers that others wrote, started for the tests: `make test-real` installs them first."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

NODE = Path(__file__).parent / "node"
START_SECONDS = 30
REDIRECT = "http://127.0.0.1:8000/accounts/callback/"


@dataclass(frozen=True)
class Pds:
    """A personal data server, and the registry that its accounts are in."""

    url: str
    registry: str

    def call(self, nsid: str, body: dict[str, object], token: str = "") -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.post(f"{self.url}/xrpc/{nsid}", json=body, headers=headers, timeout=20)
        assert answer.ok, answer.text
        return dict(answer.json())


@dataclass(frozen=True)
class Resident:
    """Somebody who lives on the server."""

    handle: str
    did: str
    password: str
    app_password: str


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    port, registry = free_port(), free_port()
    environment = {
        "PDS_PORT": str(port),
        "PLC_PORT": str(registry),
        "PDS_DATA": str(tmp_path_factory.mktemp("pds")),
    }
    with running("pds.mjs", environment):
        yield Pds(f"http://localhost:{port}", f"http://localhost:{registry}")


@pytest.fixture(scope="session")
def alice(pds: Pds) -> Resident:
    return move_in(pds, "alice.test")


@pytest.fixture(scope="session")
def bob(pds: Pds) -> Resident:
    return move_in(pds, "bob.test")


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """An OAuth provider; its address."""
    port = free_port()
    with running("oidc.mjs", {"OIDC_PORT": str(port), "OIDC_REDIRECT": REDIRECT}):
        yield f"http://127.0.0.1:{port}"


def move_in(pds: Pds, handle: str) -> Resident:
    """Make an account on the server, with an app password."""
    password = "correct horse battery"
    account = pds.call(
        "com.atproto.server.createAccount",
        {"handle": handle, "email": f"{handle}@example.test", "password": password},
    )
    app = pds.call("com.atproto.server.createAppPassword", {"name": "desk"}, account["accessJwt"])
    return Resident(handle, account["did"], password, app["password"])


@contextmanager
def running(script: str, environment: dict[str, str]) -> Iterator[None]:
    """A server of ours in Node, on this machine only, from its first "ready" to the end of the tests."""
    node = shutil.which("node")
    if not node or not (NODE / "node_modules").is_dir():
        pytest.fail("Node and its parts are missing: run `make test-real`, which installs them.")
    process = subprocess.Popen(
        [node, "-r", "./loopback.cjs", script],
        cwd=NODE,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_ready(process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def wait_until_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("ready"):
            return
        assert time.monotonic() < deadline, "".join(said)
    pytest.fail("The server did not start:\n" + "".join(said))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
