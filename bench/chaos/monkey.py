"""The monkey: does to the desk what the plan says, and writes down what it did."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import psycopg
import requests
from django.db import Error, connection

from bench.chaos.plan import STOPPED_SECONDS, Blow, BlowKind
from bench.chaos.room import Machine, Room, publishes
from publishing.engine_rows import Heartbeat

INSISTS_SECONDS = 20.0  # what is just being started is hit a little later
MISSED = "hit nothing"


@dataclass(frozen=True)
class Done:
    """What was done when, and what came of it."""

    blow: Blow
    at: float
    what: str


@dataclass
class Monkey:
    """Works through the blows of a plan, each at its time; long ones run beside the others."""

    room: Room
    started: float
    done: list[Done] = field(default_factory=list)
    _busy: list[threading.Thread] = field(default_factory=list)

    def rage(self, blows: tuple[Blow, ...]) -> None:
        """Until the last blow has been dealt and is over."""
        for blow in blows:
            self._await(blow.at)
            thread = threading.Thread(target=self._deal, args=(blow,), daemon=True)
            thread.start()
            self._busy.append(thread)
        for thread in self._busy:
            thread.join()
        make_sound(self.room)

    def _await(self, at: float) -> None:
        while (left := self.started + at - time.monotonic()) > 0:
            self.mend()
            time.sleep(min(left, 0.5))

    def mend(self) -> None:
        """A launcher that ended is started again, as systemd would."""
        for machine in self.room.machines:
            if not machine.launcher.is_alive:
                machine.start()

    def _deal(self, blow: Blow) -> None:
        at = time.monotonic() - self.started
        what = self._try(blow)
        while what.startswith(MISSED) and time.monotonic() - self.started - at < INSISTS_SECONDS:
            time.sleep(1)
            what = self._try(blow)
        self.done.append(Done(blow, round(at, 1), what))

    def _try(self, blow: Blow) -> str:
        try:
            return WAYS[blow.kind](self.room, blow)
        except (psycopg.Error, Error, requests.RequestException, OSError, ValueError) as error:
            return f"{MISSED}: {type(error).__name__} {str(error)[:80]}"
        finally:
            connection.close()

    def table(self) -> list[dict[str, object]]:
        return [
            {"at": done.at, "what": done.what, **asdict(done.blow)}
            for done in sorted(self.done, key=lambda done: done.at)
        ]


def kill_worker(room: Room, blow: Blow) -> str:
    pid = _worker(room, blow)
    if pid is None:
        return f"{MISSED}: no pump is alive"
    _signal(pid, signal.SIGKILL)
    return f"killed {pid}"


def stop_worker(room: Room, blow: Blow) -> str:
    """Alive, but so slow that its leases run out."""
    pid = _worker(room, blow)
    if pid is None:
        return f"{MISSED}: no pump is alive"
    _signal(pid, signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    _signal(pid, signal.SIGCONT)
    return f"stopped {pid} for {STOPPED_SECONDS:.0f} s"


def _worker(room: Room, blow: Blow) -> int | None:
    """The process of a pump that lives, of this machine rather than of another."""
    owners = Heartbeat.objects.order_by("-beat_at").values_list("owner", flat=True)
    pids = [int(owner.split(":")[1]) for owner in owners]
    alive = [pid for pid in pids if publishes(pid)]
    of_machine = set(_machine(room, blow).pids())
    return next((pid for pid in alive if pid in of_machine), alive[0] if alive else None)


def kill_cluster(room: Room, blow: Blow) -> str:
    pids = _machine(room, blow).clusters()
    for pid in pids:
        _signal(pid, signal.SIGKILL)
    return f"killed {pids}" if pids else f"{MISSED}: no cluster is alive"


def kill_launcher(room: Room, blow: Blow) -> str:
    launcher = _machine(room, blow).launcher
    launcher.kill()
    return f"killed {launcher.pid}"


def cut_connections(room: Room, _blow: Blow) -> str:
    return f"cut {room.database.cut()}"


def database_away(room: Room, _blow: Blow) -> str:
    return f"away for {room.database.take_away():.0f} s"


def faults(room: Room) -> str:
    return f"http://127.0.0.1:{room.layout.networks_port}/sandbox/control/faults"


def make_sound(room: Room) -> None:
    """What no request has met yet is taken away: the networks have had their bad hour."""
    requests.delete(faults(room), timeout=30).raise_for_status()


def set_fault(room: Room, blow: Blow) -> str:
    answer = requests.post(faults(room), json={"network": blow.network, **blow.fault}, timeout=30)
    return str(blow.fault["kind"]) if answer.status_code == 201 else f"{MISSED}: {answer.text[:80]}"


def _machine(room: Room, blow: Blow) -> Machine:
    return room.machines[blow.machine]


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


WAYS: dict[BlowKind, Callable[[Room, Blow], str]] = {
    "kill worker": kill_worker,
    "kill cluster": kill_cluster,
    "kill launcher": kill_launcher,
    "stop worker": stop_worker,
    "cut connections": cut_connections,
    "database away": database_away,
    "fault": set_fault,
}
