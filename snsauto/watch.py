"""Whether a cluster still takes work from its queue, asked through the queue itself.

A worker that is killed while it waits for a task may take the queue's lock with it; the cluster then looks
alive and never works again. Long tasks look the same for a while, so the patience is short only where a
worker was replaced since the last answer (or the cluster does not say how it is).

Where several machines run the same cluster, another one may take the question. That answers it as long as
nothing lies untouched inside ours: a cluster that hangs keeps what it took from the queue.
"""

import socket
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import Error, connection
from django.db.models import Q
from django.utils.timezone import now
from django_q.status import Stat
from django_q.tasks import async_task

from publishing.bell import CLUSTER, FRESH, ring, ring_for, seat_of
from publishing.engine_rows import Heartbeat
from snsauto.models import Pulse

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=5)
ASK_AGAIN = timedelta(seconds=15)  # while there is no answer
SHORT = timedelta(seconds=30)
STARTING = timedelta(minutes=2)  # on a busy machine; one that is restarted too soon never gets there
LONG = timedelta(seconds=settings.TASK_SECONDS + 30)  # both workers may be at the longest task


class ClusterWatch:
    """One cluster of this machine."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self.started()

    def started(self) -> None:
        """The cluster was started (again): whatever was asked before does not count."""
        self._looked_at = now() - LOOK_EVERY
        self._asked_at: datetime | None = None  # the first question without an answer
        self._last_asked_at = now()
        self._has_answered = False
        self._replaced = self._replaced_when_asked = 0  # workers, when the last answered question was put

    def look(self, pid: int) -> bool:
        """Ask now and then. False: it hangs. A database that does not answer proves nothing."""
        if timedelta(0) <= now() - self._looked_at < LOOK_EVERY:
            return True
        self._looked_at = now()
        try:
            return self._look(pid)
        except Error as error:
            log.warning("the database does not answer", error=str(error))
            connection.close()
            self._asked_at = None
            return True

    def _look(self, pid: int) -> bool:
        moment = now()
        stat = self._stat(pid)
        if self._is_answered(stat) or self._is_answered_elsewhere(stat):
            self._has_answered = self._has_answered or self._asked_at is not None
            self._asked_at = None
            self._replaced = self._replaced_when_asked
            self._keep_pump(stat)
        elif self._asked_at and moment - self._asked_at > self._patience(stat):
            return False
        if self._asked_at is None:
            self._asked_at = moment
            self._replaced_when_asked = stat.reincarnations if stat else 0
            self._ask(moment)
        elif moment - self._last_asked_at > ASK_AGAIN:
            self._ask(moment)
        return True

    def _ask(self, moment: datetime) -> None:
        self._last_asked_at = moment
        async_task("snsauto.tasks.ping", cluster=self._cluster)

    def _is_answered(self, stat: Stat | None) -> bool:
        """Whether it has worked since it was asked: by its answer, or by a pump's beat."""
        if self._asked_at is None:
            return True
        host = socket.gethostname()
        pulses = Pulse.objects.filter(host=host, cluster=self._cluster, seen_at__gt=self._asked_at)
        seat = Q(seat=seat_of(stat.sentinel)) if stat else Q(owner__startswith=f"{host[:40]}:")
        pumps = Heartbeat.objects.filter(seat, beat_at__gt=now() - LOOK_EVERY - FRESH)
        return pulses.exists() or (self._cluster == CLUSTER and pumps.exists())

    def _is_answered_elsewhere(self, stat: Stat | None) -> bool:
        """Whether another machine took the question while ours had nothing to do."""
        if stat is None or stat.task_q_size:
            return False
        others = Pulse.objects.exclude(host=socket.gethostname())
        return others.filter(cluster=self._cluster, seen_at__gt=self._asked_at).exists()

    def _patience(self, stat: Stat | None) -> timedelta:
        patience = SHORT if stat is None or stat.reincarnations != self._replaced else LONG
        return patience if self._has_answered else max(patience, STARTING)

    def _stat(self, pid: int) -> Stat | None:
        """What the cluster says of itself; it is written twice a second and soon too old to be there."""
        return next(
            (stat for stat in Stat.get_all() if stat.pid == pid and stat.host == socket.gethostname()), None
        )

    def _keep_pump(self, stat: Stat | None) -> None:
        """A pump that was killed is replaced within seconds, not at the next minute."""
        if self._cluster != CLUSTER:
            return
        if stat is None:
            ring()
        else:
            ring_for(seat_of(stat.sentinel))
