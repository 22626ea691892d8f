"""The real publishing cluster, started as the launcher starts it, and what it costs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.utils.timezone import now

from bench.processes import held_mib, peak_mib, processor_seconds, session_of, tied
from publishing.bell import CLUSTER, ring
from publishing.engine_rows import Heartbeat
from publishing.models import Delivery, State
from snsauto import schedules
from snsauto.launcher import kill_group

LOOK_SECONDS = 0.1
READY_SECONDS = 30.0
FRESH = timedelta(seconds=2)


class Cluster:
    """A running cluster `publishing` with a live pump."""

    def __enter__(self) -> Self:
        schedules.install()
        manage = str(Path(settings.BASE_DIR) / "manage.py")
        self._log = (settings.DATA_DIR / "cluster.log").open("ab")
        self._process = subprocess.Popen(
            tied(sys.executable, manage, "qcluster"),
            env={**os.environ, "Q_CLUSTER_NAME": CLUSTER},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        ring()
        wait_until(is_pump_alive, READY_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=20)
        kill_group(self._process.pid)
        self._process.wait()
        self._log.close()

    def held_mib(self) -> float:
        """What the largest of its processes holds now: the pump's worker."""
        return max(map(held_mib, session_of(self._process.pid)), default=0.0)

    def peak_mib(self) -> float:
        """The most that any of its living processes has ever held."""
        return max(map(peak_mib, session_of(self._process.pid)), default=0.0)

    def processor_seconds(self) -> float:
        """What processors have spent on all of its processes (not on the database's)."""
        return sum(map(processor_seconds, session_of(self._process.pid)))


def is_pump_alive() -> bool:
    return Heartbeat.objects.filter(beat_at__gte=now() - FRESH).exists()


def published(ids: list[int] | None = None) -> int:
    rows = Delivery.objects.filter(state=State.PUBLISHED)
    return (rows if ids is None else rows.filter(pk__in=ids)).count()


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Look until it is so; False when the time is over."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_SECONDS)
    return True
