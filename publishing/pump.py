"""The pump: claims what is due several times a second and publishes it on a bounded pool of threads."""

import os
import secrets
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from django.db import connection, connections
from django.db.models import QuerySet

from publishing import claims, clock, engine, insisting
from publishing.backlog import LOOK_SECONDS, Backlog, Windows, may_work
from publishing.bell import FRESH
from publishing.circuits import Circuits, Key, key_of
from publishing.engine_rows import Heartbeat, Switch
from publishing.insisting import AWAY
from publishing.models import Delivery

log = structlog.get_logger(__name__)

Job = tuple[Delivery, Circuits | None]

SWITCH_SECONDS = 0.001  # between threads: the one that claims waits for the interpreter after each statement
GATHER_SECONDS = 0.03  # under load: so many are done by then that a claim is worth its transaction
BEAT_SECONDS = 1.0
TIDY_SECONDS = 2.0
IDLE_SECONDS = 10.0  # then a thread gives its connection back
RENEW_SECONDS = 10.0


class Pool:
    """Threads that publish. Each keeps one database connection while it lives and closes it when it ends.

    What is submitted waits until a thread is free and its network may have one more (`may_work`). A fault of
    ours ends its thread, loudly; the delivery's lease runs out and the pool starts a new thread.
    """

    def __init__(self, size: int, windows: Windows) -> None:
        self._size = size
        self._windows = windows
        self._threads: list[threading.Thread] = []
        self._ready: list[Job] = []
        self._working: dict[int, Key] = {}
        self._busy = Counter[Key]()
        self._is_closing = False
        lock = threading.RLock()
        self.changed = threading.Condition(lock)  # something is done
        self._wanted = threading.Condition(lock)  # something may be begun

    def __enter__(self) -> Self:
        self._switched = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._man()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._wanted:
            self._is_closing = True
            self._wanted.notify_all()
        for thread in self._threads:
            thread.join()
        sys.setswitchinterval(self._switched)

    @property
    def active(self) -> set[int]:
        """The deliveries in hand: those that are worked on, and those that wait for a thread."""
        with self.changed:
            return {*self._working, *(delivery.pk for delivery, _known in self._ready)}

    def count(self) -> tuple[int, Counter[Key], Counter[Key]]:
        """How many threads are free, how many each network keeps busy, and how many of each are ready."""
        with self.changed:
            ready = Counter(key_of(delivery.account) for delivery, _known in self._ready)
            return self._size - len(self._working), Counter(self._busy), ready

    def submit(self, deliveries: list[Delivery], known: Circuits | None) -> None:
        with self._wanted:
            self._ready += [(delivery, known) for delivery in deliveries]
            self._wanted.notify(len(deliveries))

    def take_back(self) -> list[Delivery]:
        """What was not begun."""
        with self.changed:
            ready, self._ready = self._ready, []
            return [delivery for delivery, _known in ready]

    def wait_for_change(self, seconds: float) -> None:
        """Until something is done, or some time has passed."""
        with self.changed:
            self.changed.wait(seconds)

    def mend(self) -> None:
        """Replace threads that a fault has ended."""
        if not all(thread.is_alive() for thread in self._threads):
            self._man()

    def _man(self) -> None:
        alive = [thread for thread in self._threads if thread.is_alive()]
        fresh = [threading.Thread(target=self._serve, daemon=True) for _ in range(self._size - len(alive))]
        self._threads = alive + fresh
        for thread in fresh:
            thread.start()

    def _serve(self) -> None:
        try:
            while job := self._next():
                delivery, known = job
                answered = False
                try:
                    insisting.renewed_connection()
                    answered = engine.work(delivery, known)
                finally:
                    self._release(delivery, answered)
        finally:
            connections.close_all()

    def _next(self) -> Job | None:
        """The next job that may be begun; None when the pool closes and nothing is left."""
        with self._wanted:
            while not (job := self._pick()):
                if self._is_closing:
                    return None
                if not self._wanted.wait(IDLE_SECONDS):
                    connection.close()  # a pump at rest holds few
            return job

    def _pick(self) -> Job | None:
        free = self._size - len(self._working)
        for place, (delivery, known) in enumerate(self._ready):
            key = key_of(delivery.account)
            if may_work(self._busy[key], free, self._windows.of(key)):
                del self._ready[place]
                self._working[delivery.pk] = key
                self._busy[key] += 1
                return delivery, known
        return None

    def _release(self, delivery: Delivery, answered: bool) -> None:
        with self.changed:
            network = self._working.pop(delivery.pk)
            self._busy[network] -= 1
            self._windows.note(network, answered)
            if self._ready:
                self._wanted.notify()  # the thread takes one itself; its answer may have earned another
            self.changed.notify_all()


class Pump:
    """One pump's life: beat, claim, publish, drain. While the database is away it waits and goes on."""

    def __init__(self, threads: int, seat: str = "") -> None:
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.seat = seat or self.owner
        self._threads = threads
        self._backlog = Backlog(self.owner)
        self._last: dict[str, float] = {}

    def run(self, until: Callable[[], bool]) -> int:
        """Publish what is due until told to stop, finish what was begun, and say how many were taken."""
        taken = 0
        with Pool(self._threads, self._backlog.windows) as pool:
            while not until():
                try:
                    self._keep(pool)
                    taken += self._round(pool)
                except AWAY as error:
                    self._wait_for_database(error)
            self._drain(pool)
        return taken

    def once(self) -> int:
        """Publish what is due now and come back."""
        taken = 0
        claims.mark_missed(clock.moment())
        with Pool(self._threads, self._backlog.windows) as pool:
            is_idle = False
            while not is_idle:
                was_idle = not pool.active
                claimed = self._round(pool)
                is_idle = was_idle and not claimed
                self._keep_leases(pool)
                taken += claimed
        return taken

    def sit(self) -> bool:
        """Take the seat, unless another sat down in the same moment: then the earlier one keeps it."""
        self._beat()
        mine = Heartbeat.objects.get(owner=self.owner)
        if on_seat(self).filter(beat_at__gte=clock.moment() - FRESH, pk__lt=mine.pk).exists():
            self.leave()
            return False
        return True

    def leave(self) -> None:
        Heartbeat.objects.filter(owner=self.owner).delete()

    def _round(self, pool: Pool) -> int:
        """Claim for free threads, and a little ahead; where there is nothing to do, wait a moment."""
        pool.mend()
        claimed = self._backlog.take(*pool.count())
        pool.submit(claimed, self._backlog.circuits)
        if claimed:
            time.sleep(GATHER_SECONDS)
        else:
            pool.wait_for_change(LOOK_SECONDS)
        return len(claimed)

    def _keep(self, pool: Pool) -> None:
        """All that a pump does by the clock, besides publishing."""
        if self._is_time("clock", RENEW_SECONDS):
            clock.synchronise()
        if self._is_time("beat", BEAT_SECONDS):
            self._beat()
        if self._is_time("tidy", TIDY_SECONDS):
            claims.mark_missed(clock.moment())
            if Switch.objects.filter(is_stopped=True).exists():
                claims.give_back(pool.take_back())
        self._keep_leases(pool)

    def _keep_leases(self, pool: Pool) -> None:
        if self._is_time("renew", RENEW_SECONDS):
            claims.renew(self.owner, pool.active)

    def _beat(self) -> None:
        """Say that we live."""
        Heartbeat.objects.update_or_create(
            owner=self.owner, defaults={"beat_at": clock.moment(), "seat": self.seat}
        )

    def _is_time(self, what: str, every: float) -> bool:
        moment = time.monotonic()
        if moment - self._last.get(what, float("-inf")) < every:
            return False
        self._last[what] = moment
        return True

    def _drain(self, pool: Pool) -> None:
        """Nothing new is begun; the seat is left, and what is in hand is kept until it is done."""
        not_begun, is_seated = pool.take_back(), True
        while pool.active or is_seated:
            try:
                if is_seated:
                    claims.give_back(not_begun)
                    self.leave()
                    is_seated = False
                self._keep_leases(pool)
                pool.wait_for_change(LOOK_SECONDS)
            except AWAY as error:
                self._wait_for_database(error)

    def _wait_for_database(self, error: Exception) -> None:
        log.warning("the database is away; the pump waits", error=str(error).strip())
        insisting.lost()
        self._last.pop("renew", None)
        time.sleep(LOOK_SECONDS)


def on_seat(pump: Pump) -> QuerySet[Heartbeat]:
    """The heartbeats of this pump's cluster."""
    return Heartbeat.objects.filter(seat=pump.seat)


def others_alive(pump: Pump) -> bool:
    """Whether another pump of the same cluster has beaten just now."""
    return on_seat(pump).filter(beat_at__gte=clock.moment() - FRESH).exclude(owner=pump.owner).exists()


def wait_for_seat(pump: Pump) -> bool:
    """Whether this pump is needed. A fresh heartbeat may be a dead pump's last: see if it beats again."""
    clock.synchronise()
    deadline = time.monotonic() + FRESH.total_seconds() + 2 * BEAT_SECONDS
    others = on_seat(pump).exclude(owner=pump.owner)
    first = dict(others.values_list("owner", "beat_at"))
    while others_alive(pump):
        newer = dict(others.all().values_list("owner", "beat_at"))
        if any(newer[owner] != first.get(owner) for owner in newer) or time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return pump.sit()
