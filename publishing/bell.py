"""The bell: makes sure that a pump is running. The row says what is to be done; ringing twice is harmless."""

import socket
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django_q.tasks import async_task

from publishing.engine_rows import Heartbeat

CLUSTER = "publishing"
FRESH = timedelta(seconds=5)


def seat_of(sentinel: int) -> str:
    """The place of one cluster's pump: this machine, and the process that its workers belong to."""
    return f"{socket.gethostname()[:60]}:{sentinel}"


def ring() -> None:
    """Queue a pump once this transaction stands, unless one is alive (it looks several times a second)."""
    transaction.on_commit(partial(_ring, Heartbeat.objects.all()))


def ring_for(seat: str) -> None:
    """The same for one cluster: each has a pump of its own, so that one that dies leaves no gap."""
    _ring(Heartbeat.objects.filter(seat=seat))


def _ring(pumps: QuerySet[Heartbeat]) -> None:
    if not pumps.filter(beat_at__gte=now() - FRESH).exists():
        async_task("publishing.tasks.pump", cluster=CLUSTER)
