"""The pump: claims what is due several times a second and publishes it on a bounded pool of threads."""

import os
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from django.db import connections
from django.utils.timezone import now

from publishing import engine
from publishing.bell import FRESH
from publishing.models import Delivery, Heartbeat

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.2
BEAT_SECONDS = 1.0
RENEW_SECONDS = 10.0


class Pool:
    """Threads that publish. Each keeps one database connection while it lives and closes it when it ends.

    A fault of ours ends its thread, loudly; the delivery's lease runs out and the pool starts a new thread.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._jobs: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._active: set[int] = set()
        self.changed = threading.Condition()

    def __enter__(self) -> Self:
        self._man()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    @property
    def active(self) -> set[int]:
        """The deliveries in hand."""
        with self.changed:
            return set(self._active)

    @property
    def free(self) -> int:
        return self._size - len(self.active)

    def submit(self, delivery: Delivery) -> None:
        with self.changed:
            self._active.add(delivery.pk)
        self._jobs.put(delivery)

    def _man(self) -> None:
        alive = [thread for thread in self._threads if thread.is_alive()]
        fresh = [threading.Thread(target=self._serve, daemon=True) for _ in range(self._size - len(alive))]
        self._threads = alive + fresh
        for thread in fresh:
            thread.start()

    def mend(self) -> None:
        """Replace threads that a fault has ended."""
        if not all(thread.is_alive() for thread in self._threads):
            self._man()

    def _serve(self) -> None:
        try:
            for delivery in iter(self._jobs.get, None):
                try:
                    engine.work(delivery)
                finally:
                    self._release(delivery)
        finally:
            connections.close_all()

    def _release(self, delivery: Delivery) -> None:
        with self.changed:
            self._active.discard(delivery.pk)
            self.changed.notify_all()


class Pump:
    """One pump's life: beat, claim, publish, drain."""

    def __init__(self, threads: int) -> None:
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._threads = threads
        self._beaten = self._renewed = 0.0

    def run(self, until: Callable[[], bool]) -> int:
        """Publish what is due until told to stop, finish what was begun, and say how many were taken."""
        taken = 0
        with Pool(self._threads) as pool:
            while not until():
                self._beat()
                self._keep(pool)
                taken += self._round(pool)
            self.leave()
            self._drain(pool)
        return taken

    def once(self) -> int:
        """Publish what is due now and come back."""
        taken = 0
        with Pool(self._threads) as pool:
            while (claimed := self._round(pool)) or pool.active:
                self._keep(pool)
                taken += claimed
        return taken

    def sit(self) -> bool:
        """Take the seat, unless another sat down in the same moment: then the earlier one keeps it."""
        self._beat()
        mine = Heartbeat.objects.get(owner=self.owner)
        if Heartbeat.objects.filter(beat_at__gte=now() - FRESH, pk__lt=mine.pk).exists():
            self.leave()
            return False
        return True

    def leave(self) -> None:
        Heartbeat.objects.filter(owner=self.owner).delete()

    def _round(self, pool: Pool) -> int:
        """Claim as many as there are free threads; where there is nothing to do, wait a moment."""
        pool.mend()
        free = pool.free
        claimed = engine.claim(self.owner, free) if free else []
        for delivery in claimed:
            pool.submit(delivery)
        if not claimed:
            with pool.changed:
                pool.changed.wait(LOOK_SECONDS)
        return len(claimed)

    def _beat(self) -> None:
        """Say that we live."""
        if time.monotonic() - self._beaten >= BEAT_SECONDS:
            self._beaten = time.monotonic()
            Heartbeat.objects.update_or_create(owner=self.owner, defaults={"beat_at": now()})

    def _keep(self, pool: Pool) -> None:
        """Keep what is in hand."""
        if time.monotonic() - self._renewed >= RENEW_SECONDS:
            self._renewed = time.monotonic()
            engine.renew(self.owner, pool.active)

    def _drain(self, pool: Pool) -> None:
        while pool.active:
            self._keep(pool)
            with pool.changed:
                pool.changed.wait(LOOK_SECONDS)


def others_alive(owner: str) -> bool:
    """Whether another pump has beaten just now."""
    return Heartbeat.objects.filter(beat_at__gte=now() - FRESH).exclude(owner=owner).exists()


def wait_for_seat(pump: Pump) -> bool:
    """Whether this pump is needed. A fresh heartbeat may be a dead pump's last: see if it beats again."""
    deadline = time.monotonic() + FRESH.total_seconds() + 2 * BEAT_SECONDS
    first = dict(Heartbeat.objects.exclude(owner=pump.owner).values_list("owner", "beat_at"))
    while others_alive(pump.owner):
        newer = dict(Heartbeat.objects.exclude(owner=pump.owner).values_list("owner", "beat_at"))
        if any(newer[owner] != first.get(owner) for owner in newer) or time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return pump.sit()
