"""What the cluster `publishing` runs. The queue only rings the bell; the rows say what is to be done."""

import os
import time
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.utils.timezone import now
from django_q.conf import Conf
from django_q.status import Stat
from django_q.tasks import async_task

from publishing.bell import CLUSTER, ring, seat_of
from publishing.engine_rows import Heartbeat
from publishing.insisting import insist
from publishing.pump import Pump, others_alive, wait_for_seat

LIFE_SECONDS = 60.0
LOOK_SECONDS = 1.5
OLD = timedelta(hours=1)

# Minutes between runs; the launcher makes the schedules from this.
SCHEDULES = {"ensure pump": ("publishing.tasks.ensure_pump", 1)}
# The same for the cluster `default`: what watches over deliveries must not stand before a post.
WATCHES = {
    "look ahead": ("publishing.ahead.look_ahead", 1),
    "tell of trouble": ("publishing.trouble.tell_of_trouble", 1),
    "emit what has settled": ("publishing.emitting.emit_settled", 1),
    "tell of what is out": ("publishing.successes.tell_of_published", 1),
    "look at tomorrow": ("publishing.evening.look_at_tomorrow", 10),
    "look for full days": ("publishing.evening.look_for_full_days", 30),
    "alarm": ("publishing.alarm.watch", 1),
}


def pump() -> int:
    """Publish for about a minute, then hand over to the next pump. A cluster has one at a time."""
    machine = Pump(settings.PUBLISHING_THREADS, seat_of(os.getppid()))
    if not wait_for_seat(machine):
        return 0
    try:
        return machine.run(StopSign(LIFE_SECONDS))
    finally:
        insist(partial(_hand_over, machine))


def _hand_over(machine: Pump) -> None:
    machine.leave()
    if not others_alive(machine):
        async_task("publishing.tasks.pump", cluster=CLUSTER)


def ensure_pump() -> None:
    """Start a pump where none is alive (every minute, and at start), and forget pumps that died long ago."""
    Heartbeat.objects.filter(beat_at__lt=now() - OLD).delete()
    ring()


class StopSign:
    """True when the pump's time is over, or when the cluster around it is being stopped."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._looked = time.monotonic()
        self._stopping = False

    def __call__(self) -> bool:
        moment = time.monotonic()
        if moment - self._looked > LOOK_SECONDS:
            self._looked = moment
            self._stopping = any(
                stat.sentinel == os.getppid() and str(stat.status) == str(Conf.STOPPING)
                for stat in Stat.get_all()
            )
        return self._stopping or moment > self._end
