"""The launcher: starts the desk's processes, restarts what dies, and ends all of it in order.

Every child has a session of its own: a cluster that gets SIGTERM as a group hangs, so only its main process
is told to stop; what is left of the group after a grace is killed. A child's death takes its whole group.
"""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

import structlog

log = structlog.get_logger(__name__)

TETHER = Path(__file__).with_name("tether.py")
TICK_SECONDS = 0.2
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 15.0
MOST_DEATHS = 6
DEATHS_WITHIN = 120.0  # seconds
HANGING_GRACE = 3.0
SAME_SIGNAL_SECONDS = 1.0  # one Ctrl-C may arrive by several ways


@dataclass(frozen=True)
class Service:
    """One process of the desk. `grace`: the seconds it has to end in order. Stages end in their order."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: float = 20.0
    stage: int = 1
    files: tuple[int, ...] = ()  # descriptors that it inherits


Relay = Callable[[str, IO[str]], None]


class Child:
    """A service's process, its restarts and its end. Never waits; `tend` takes the next step."""

    def __init__(self, service: Service, relay: Relay) -> None:
        self.service = service
        self._relay = relay
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._wanted = True
        self._start_at = 0.0
        self._kill_at: float | None = None
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def dies_too_often(self) -> bool:
        return len(self._deaths) == MOST_DEATHS and self._deaths[-1] - self._deaths[0] < DEATHS_WITHIN

    def tend(self) -> bool:
        """Start, bury or kill, whichever is due. True when the process was started just now."""
        if self._process is None:
            if self._wanted and time.monotonic() >= self._start_at:
                self._start()
                return True
        elif self._process.poll() is not None:
            self._bury(self._process)
        elif self._kill_at is not None and time.monotonic() >= self._kill_at:
            log.warning("did not end in time and is killed", process=self.service.name)
            self._kill_at = math.inf
            kill_group(self._process.pid)
        return False

    def restart(self) -> None:
        """End what hangs, briefly asked first, and start it again."""
        self._end(HANGING_GRACE)

    def end(self) -> None:
        """Ask the main process to end in order, for good; its group is killed when the grace is over."""
        self._wanted = False
        self._end(self.service.grace)

    def _end(self, grace: float) -> None:
        if self._process is not None and self._kill_at is None:
            self._kill_at = time.monotonic() + grace
            with suppress(ProcessLookupError):
                self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._wanted = False
        if self._process is not None:
            kill_group(self._process.pid)

    def _start(self) -> None:
        self._kill_at = None
        self._process = subprocess.Popen(  # noqa: S603  (our own command, no shell)
            [sys.executable, "-I", str(TETHER), str(os.getpid()), *self.service.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=self.service.files,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.service.environment},
        )
        log.info("started", process=self.service.name, pid=self._process.pid)
        lines = self._process.stdout
        self._reader = threading.Thread(target=self._relay, args=(self.service.name, lines), daemon=True)
        self._reader.start()

    def _bury(self, process: subprocess.Popen[str]) -> None:
        """It is dead: so shall be what it left behind, and another one comes, later each time."""
        kill_group(process.pid)
        if self._reader is not None:
            self._reader.join(timeout=1.0)
        asked = self._kill_at is not None
        self._process = None
        if asked:
            log.info("ended", process=self.service.name)
            return
        moment = time.monotonic()
        self._deaths.append(moment)
        recent = sum(moment - death < DEATHS_WITHIN for death in self._deaths)
        pause = min(FIRST_BACKOFF * 2 ** (recent - 1), LONGEST_BACKOFF)
        self._start_at = moment + pause
        if self._wanted:
            log.error(
                "ended by itself and is started again",
                process=self.service.name,
                status=process.returncode,
                seconds=pause,
            )


class Watch(Protocol):
    """Looks after a running child. False: it hangs and must be started again."""

    def look(self, pid: int) -> bool: ...

    def started(self) -> None: ...


class Launcher:
    """All processes of the desk on this machine."""

    def __init__(
        self,
        services: Iterable[Service],
        *,
        relay: Relay,
        watches: Mapping[str, Watch] | None = None,
        ready: Callable[[], bool] | None = None,
        on_ready: Callable[[], None] | None = None,
        sign: Callable[[], None] | None = None,  # given again and again while everything runs
    ) -> None:
        self._children = [Child(service, relay) for service in services]
        self._watches = watches or {}
        self._ready = ready
        self._on_ready = on_ready
        self._sign = sign
        self._stop_at: float | None = None
        self._at_once = False

    def run(self) -> int:
        """Keep everything running until told to stop. 0: stopped in order; 1: given up, and said why."""
        with self._signals():
            failed = self._tend_until_stopped()
            self._end()
        return 1 if failed else 0

    def _tend_until_stopped(self) -> Child | None:
        while self._stop_at is None:
            for child in self._children:
                self._tend(child)
                if child.dies_too_often:
                    log.error(
                        "ended too often; everything is stopped. Its last lines stand above.",
                        process=child.service.name,
                        times=MOST_DEATHS,
                    )
                    return child
            self._tell_when_ready()
            if self._sign is not None and all(child.pid is not None for child in self._children):
                self._sign()
            time.sleep(TICK_SECONDS)
        return None

    def _tend(self, child: Child) -> None:
        started = child.tend()
        watch = self._watches.get(child.service.name)
        if watch is None:
            return
        if started:
            watch.started()
        elif child.pid is not None and not watch.look(child.pid):
            log.error("takes no work from the queue and is started again", process=child.service.name)
            child.restart()
            watch.started()

    def _tell_when_ready(self) -> None:
        if self._ready is not None and self._ready():
            self._ready = None
            if self._on_ready is not None:
                self._on_ready()

    def _end(self) -> None:
        """End the stages one after the other: workers first, the web last."""
        for stage in sorted({child.service.stage for child in self._children}):
            part = [child for child in self._children if child.service.stage == stage]
            for child in part:
                child.end()
            while any(child.pid is not None for child in part):
                for child in part:
                    if self._at_once:
                        child.kill()
                    child.tend()
                time.sleep(TICK_SECONDS / 4)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        moment = time.monotonic()
        if self._stop_at is None:
            self._stop_at = moment
        elif moment - self._stop_at > SAME_SIGNAL_SECONDS:
            self._at_once = True

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal end everything in order; a second time ends it at once."""
        before = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def kill_group(pid: int) -> None:
    """End whatever is left of a child's session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def prefixed(write: Callable[[str], object], names: Sequence[str]) -> Relay:
    """Passes on what children say, line by line, with their names before it."""
    width = max(map(len, names))
    lock = threading.Lock()

    def relay(name: str, lines: IO[str]) -> None:
        for line in lines:
            with lock:
                write(f"{name:<{width}} | {line}")

    return relay


def unchanged(write: Callable[[str], object]) -> Relay:
    """Passes on what children say as it is, for logs that programs read."""
    lock = threading.Lock()

    def relay(_name: str, lines: IO[str]) -> None:
        for line in lines:
            with lock:
                write(line)

    return relay
