"""The bell: makes sure that a pump is running. The row says what is to be done; ringing twice is harmless."""

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now
from django_q.tasks import async_task

from publishing.models import Heartbeat

CLUSTER = "publishing"
FRESH = timedelta(seconds=5)


def ring() -> None:
    """Queue a pump once this transaction stands, unless one is alive (it looks several times a second)."""
    transaction.on_commit(_ring)


def _ring() -> None:
    if not Heartbeat.objects.filter(beat_at__gte=now() - FRESH).exists():
        async_task("publishing.tasks.pump", cluster=CLUSTER)
