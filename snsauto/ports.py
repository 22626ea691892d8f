"""The port that the web server listens on: opened once, and waited for while another lets go."""

import http.client
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress

WAIT_SECONDS = 10.0
LOOK_SECONDS = 0.2


def listen(
    host: str, port: int, seconds: float = WAIT_SECONDS, on_wait: Callable[[], None] | None = None
) -> socket.socket | None:
    """Open the port, waiting while an earlier start still dies. None: it is taken for good."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            return socket.create_server((host, port), family=family, backlog=1024)
        if time.monotonic() > deadline:
            return None
        if on_wait is not None:
            on_wait()
            on_wait = None
        time.sleep(LOOK_SECONDS)


def answers(host: str, port: int) -> bool:
    """Whether a web server speaks there (whatever it says)."""
    link = http.client.HTTPConnection(reachable(host), port, timeout=1)
    with closing(link):
        try:
            link.request("GET", "/health")
            link.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    return host in {"127.0.0.1", "::1", "localhost"}


def reachable(host: str) -> str:
    """Where to knock for a server that listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
