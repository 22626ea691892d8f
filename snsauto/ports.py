"""The port that the web server listens on: waiting until it is given up, and for the server on it."""

import http.client
import socket
import time
from collections.abc import Callable
from contextlib import closing

WAIT_SECONDS = 10.0
LOOK_SECONDS = 0.2


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def wait_until_free(
    host: str, port: int, seconds: float = WAIT_SECONDS, on_wait: Callable[[], None] | None = None
) -> bool:
    """Wait while an earlier start still dies. False: the port is taken for good."""
    deadline = time.monotonic() + seconds
    while not is_free(host, port):
        if time.monotonic() > deadline:
            return False
        if on_wait is not None:
            on_wait()
            on_wait = None
        time.sleep(LOOK_SECONDS)
    return True


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
