"""Everything is killed with posts in flight and others due, and started again: when is all of it out?"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from socket import socket

from django.conf import settings

from bench import load
from bench.cluster import is_pump_alive, published, wait_until
from bench.network import Network
from bench.processes import below, tied
from bench.values import Value

MOST_SECONDS = 60.0
GIVE_UP_SECONDS = 150.0
HANG_SECONDS = 20.0  # what the network takes while the first half is in flight


def measure(network: Network, posts: int = 100) -> list[Value]:
    accounts = [account for _ in range(5) for account in load.workspace(10)]
    network.behave("mastodon", seconds=HANG_SECONDS)
    first = start()
    wait_until(is_pump_alive, GIVE_UP_SECONDS)
    in_flight = load.deliveries(accounts, posts // 2, load.at(load.soon(0.5)))
    wait_until(lambda: len(network.arrivals()) >= min(len(in_flight), settings.PUBLISHING_THREADS // 2), 10.0)
    kill(first)
    waiting = load.deliveries(accounts[::-1], posts // 2, load.at(load.soon(0.0)))
    network.behave("mastodon")
    seconds = restarted(waiting, in_flight)
    stand = [arrival for arrival in network.arrivals() if not arrival.is_repeated]
    twice = len(stand) - len({arrival.text for arrival in stand})
    return [
        Value("what was due", seconds[0], "s", most=MOST_SECONDS),
        Value("what was in flight", seconds[1], "s", most=MOST_SECONDS),
        Value("stand twice", twice, "", most=0),
        Value("not sent", posts - published(), "", most=0),
    ]


def restarted(*waited_for: list[int]) -> list[float]:
    """Seconds from the start of the launcher until each of the lists is out."""
    begin = time.time()
    launcher = start()
    try:
        seconds = []
        for ids in waited_for:
            wait_until(lambda ids=ids: published(ids) == len(ids), GIVE_UP_SECONDS)  # type: ignore[misc]
            seconds.append(time.time() - begin)
        return seconds
    finally:
        kill(launcher)


def start() -> subprocess.Popen[bytes]:
    """The whole desk, as an operator starts it."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = tied(sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "run", "--no-migrate")
    with (settings.DATA_DIR / "desk.log").open("ab") as log:
        environment = {**os.environ, "PORT": str(port)}
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def kill(launcher: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the launcher and everything below it, at once."""
    for pid in below(launcher.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    launcher.wait()
