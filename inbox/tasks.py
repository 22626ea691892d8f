"""What the cluster `default` runs for the inbox. Tasks take nothing, and may run twice."""

import os
import socket
import time

from django.conf import settings
from django.utils.timezone import now

from inbox import conversations, feeds, receipts, sending
from inbox.models import Receipt
from publishing import clock

# Minutes between runs; the launcher makes the schedules from this.
SCHEDULES = {
    "read the inbox": ("inbox.tasks.sync", 1),
    "work off what was told": ("inbox.tasks.work_off", 1),
    "send answers": ("inbox.tasks.send_replies", 1),
    "wake conversations": ("inbox.tasks.wake", 1),
    "sweep receipts": ("inbox.tasks.sweep", 24 * 60),
}

BUDGET_SECONDS = 100.0  # a task of the cluster is ended after 300, and others wait behind it
READS_SECONDS = 50.0  # so that no second one is reading when the next begins


def sync() -> int:
    """Ask for every account whose time has come. Where all are asked every few seconds, stay for a minute."""
    end = time.monotonic() + READS_SECONDS
    feeds.ensure()
    asked = feeds.sync(READS_SECONDS)
    while settings.INBOX_SECONDS and time.monotonic() < end:
        time.sleep(1.0)
        asked += feeds.sync(end - time.monotonic())
    return asked


def work_off() -> int:
    """Do what networks told our webhook, until nothing is left."""
    end = time.monotonic() + BUDGET_SECONDS
    done = 0
    while time.monotonic() < end and (count := receipts.work_off()):
        done += count
    return done


def send_replies() -> int:
    """Send the answers whose time has come."""
    clock.synchronise()
    end = time.monotonic() + BUDGET_SECONDS
    owner = f"{socket.gethostname()[:60]}:{os.getpid()}"
    done = 0
    while time.monotonic() < end and (rows := sending.claim(owner)):
        for reply in rows:
            sending.work(reply)
            done += 1
    return done


def wake() -> int:
    """Open what was snoozed until now."""
    return conversations.wake(now())


def sweep() -> int:
    """Forget receipts that no network sends again."""
    old = now() - Receipt.LIFETIME
    return Receipt.objects.filter(received_at__lt=old, due_at=None).delete()[0]
