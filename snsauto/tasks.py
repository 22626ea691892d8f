"""What the clusters run for the house itself. Tasks may run twice."""

import socket
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils.timezone import now
from django_q.conf import Conf
from django_q.models import Task

from platforms.sandbox.models import Call
from publishing import pacing
from snsauto import tallies
from snsauto.models import BotUpdate, Pulse, Spent

KEPT = timedelta(days=30)  # failed tasks
CALLS_KEPT = timedelta(days=2)  # what the sandbox was sent

# Minutes between runs; the launcher makes the schedules from this.
SCHEDULES = {
    "sweep the house": ("snsauto.tasks.sweep", 24 * 60),
    "roll up attempts": ("snsauto.tasks.roll_up", 10),
}


def ping() -> None:
    """Leave a sign that this machine's cluster takes work from the queue."""
    Pulse.objects.update_or_create(
        host=socket.gethostname(), cluster=Conf.CLUSTER_NAME, defaults={"seen_at": now()}
    )


def roll_up() -> None:
    """Keep the sums of all attempts up to date."""
    tallies.roll_up()


def sweep() -> int:
    """Delete what nobody will ask for again."""
    moment = now()
    old = (
        Session.objects.filter(expire_date__lt=moment),
        Task.objects.filter(started__lt=moment - KEPT),
        Call.objects.filter(created_at__lt=moment - CALLS_KEPT),
        Pulse.objects.filter(seen_at__lt=moment - KEPT),
        Spent.objects.filter(ends__lt=int(moment.timestamp())),
        BotUpdate.objects.filter(created_at__lt=moment - BotUpdate.LIFETIME),
    )
    return sum(rows.delete()[0] for rows in old) + pacing.prune(moment)
