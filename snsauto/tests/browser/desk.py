"""The running desk, for whoever looks at it through a browser."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[3]
READY_SECONDS = 480  # the demo is filled first, which takes a busy machine its time


@contextmanager
def running_desk(folder: Path) -> Iterator[str]:
    """`manage.py run --demo` on a database of its own: web, both clusters, sandbox. Its address."""
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTEST"))}
    environ |= {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "SANDBOX": "on",
        "DATABASE_URL": "",
        "SITE_URL": "",
    }
    command = [sys.executable, "manage.py", "run", "--demo"]
    with (folder / "log").open("w") as log:
        desk = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        assert is_ready(address, desk), (folder / "log").read_text()[-4000:]
        yield address
    finally:
        desk.send_signal(signal.SIGINT)
        assert desk.wait(120) == 0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(address: str, desk: subprocess.Popen[bytes]) -> bool:
    """Wait until everything runs; False where it ended, or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and desk.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(f"{address}/health/ready", timeout=5).ok:
                return True
        time.sleep(0.5)
    return False
