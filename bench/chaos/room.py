"""The machine room: real processes of a real desk, and the networks beside them, where nothing is mocked."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bench.chaos.databases import Database
from platforms.registry import PLATFORMS
from snsauto.launcher import TETHER

ROOT = Path(__file__).resolve().parents[2]
MANAGE = str(ROOT / "manage.py")
UP_WITHIN = 90.0
DOWN_WITHIN = 40.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition; RuntimeError where it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)


def tied(command: tuple[str, ...]) -> tuple[str, ...]:
    """A command that ends when we do, however that is."""
    return (sys.executable, "-I", str(TETHER), str(os.getpid()), *command)


@dataclass
class Process:
    """One process that the room starts and may start again; what it says goes into a file."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    running: "subprocess.Popen[bytes] | None" = None
    _file: IO[bytes] | None = None

    def start(self) -> None:
        self._file = self.log.open("ab")
        self.running = subprocess.Popen(
            tied(self.command),
            env={**os.environ, **self.environment},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        if self.running is None:
            raise RuntimeError("it was never started")
        return self.running.pid

    @property
    def is_alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def kill(self) -> None:
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.kill(self.running.pid, signal.SIGKILL)
            self.running.wait()

    def end(self) -> None:
        if self.running is not None and self.is_alive:
            self.running.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(DOWN_WITHIN)
            self.kill()
        if self._file is not None:
            self._file.close()


@dataclass
class Machine:
    """One machine of the desk: a launcher with the web and both clusters, and a clock of its own."""

    number: int
    folder: Path
    port: int
    environment: Mapping[str, str]
    launcher: Process = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = (sys.executable, MANAGE, "run", "--no-migrate")
        log = self.folder.with_suffix(".log")
        self.launcher = Process(command, self.environment, log)

    def start(self) -> None:
        self.launcher.start()

    def wait(self) -> None:
        until(lambda: answers(self.port), UP_WITHIN, f"machine {self.number} is up")

    def clusters(self) -> list[int]:
        """The main processes of the clusters that publish."""
        return [pid for pid in self.pids() if parent_of(pid) == self.launcher.pid and publishes(pid)]

    def pids(self) -> list[int]:
        """Every process of this machine."""
        mark = f"DATA_DIR={self.folder}".encode()
        return [pid for pid in all_pids() if pid != os.getpid() and mark in environment_of(pid)]

    def end(self) -> None:
        self.launcher.end()
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def all_pids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())


def environment_of(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def publishes(pid: int) -> bool:
    return b"Q_CLUSTER_NAME=publishing" in environment_of(pid)


def parent_of(pid: int) -> int:
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


@dataclass(frozen=True)
class Layout:
    """Where everything of one run lies, and at which ports it answers."""

    folder: Path
    database_url: str
    networks_port: int
    ports: tuple[int, ...]
    skew: float = 0.0

    @property
    def networks(self) -> Path:
        return self.folder / "networks"

    def desk(self, number: int) -> Path:
        return self.folder / f"desk {number}"

    def of_networks(self) -> dict[str, str]:
        """The networks' environment: a database and a folder of their own, so that they are never hit."""
        return {
            "DJANGO_SETTINGS_MODULE": "snsauto.settings",
            "DATA_DIR": str(self.networks),
            "DATABASE_URL": "",
            "SANDBOX": "on",
            "PORT": str(self.networks_port),
            "LOG_LEVEL": "WARNING",
        }

    def of_machine(self, number: int) -> dict[str, str]:
        """A machine's environment; every one but the first has a wrong clock."""
        base = f"http://127.0.0.1:{self.networks_port}/sandbox"
        addresses = {
            f"{name.upper()}_{part}_URL": f"{base}/{name}"
            for name in PLATFORMS
            for part in ("API", "AUTH", "UPLOAD")
        }
        return {
            "DJANGO_SETTINGS_MODULE": "bench.chaos.settings",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.desk(number)),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "chaos",
            "ENCRYPTION_KEYS": "Y2hhb3NjaGFvc2NoYW9zY2hhb3NjaGFvc2NoYW9zY2g=",
            "SANDBOX": "on",
            "PORT": str(self.ports[number]),
            "SITE_URL": f"http://127.0.0.1:{self.ports[number]}",
            "OUTBOUND_ALLOW": f"127.0.0.1:{self.networks_port}",
            "PUBLISHING_THREADS": "16",  # all machines share one server and its connections
            "WEB_THREADS": "8",
            "CHAOS_SKEW": str(self.skew if number else 0),
            "SPT_NOENV": "1",  # the clusters rename their processes; their environment stays readable
            **addresses,
        }

    def of_counting(self) -> dict[str, str]:
        """The first machine's, with a look into the networks' books."""
        return {**self.of_machine(0), "CHAOS_NETWORKS_FILE": str(self.networks / "snsauto.sqlite3")}


class Room:
    """The networks and the machines, from start to end."""

    def __init__(self, layout: Layout, database: Database) -> None:
        self.layout, self.database = layout, database
        layout.networks.mkdir(parents=True, exist_ok=True)
        command = (sys.executable, MANAGE, "sandbox", "--port", str(layout.networks_port))
        self.networks = Process(command, layout.of_networks(), layout.folder / "networks.log")
        self.machines = [
            Machine(number, layout.desk(number), port, layout.of_machine(number))
            for number, port in enumerate(layout.ports)
        ]
        self._share_media()

    def _share_media(self) -> None:
        """What S3 is elsewhere: one shelf for all machines."""
        shelf = self.machines[0].folder / "media"
        shelf.mkdir(exist_ok=True)
        for machine in self.machines[1:]:
            (machine.folder / "media").symlink_to(shelf)

    def __enter__(self) -> Self:
        self.networks.start()
        until(lambda: answers(self.layout.networks_port), UP_WITHIN, "the networks are up")
        return self

    def start(self) -> None:
        for machine in self.machines:
            machine.start()
        for machine in self.machines:
            machine.wait()

    def end(self) -> None:
        """End the machines; the networks stay, to be counted."""
        for machine in self.machines:
            machine.end()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self.networks.end()
