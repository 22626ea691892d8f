"""What runs by the clock: rows for django-q2, made from code at every start.

One schedule that cannot be read stops all others, so nobody types them in.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django_q.models import Schedule

from accounts import tasks as accounts
from analytics import tasks as analytics
from publishing import tasks as publishing
from publishing.bell import CLUSTER
from snsauto import tasks as house

DEFAULT = "default"
CLUSTERS = (DEFAULT, CLUSTER)
OURS = ("accounts.", "campaigns.", "publishing.", "inbox.", "analytics.", "snsauto.")
PING_MINUTES = 1

Key = tuple[str, str]  # name, cluster


def wanted() -> dict[Key, tuple[str, int]]:
    """Every schedule there shall be: what it calls, and how many minutes lie between."""
    by_app = (
        (DEFAULT, accounts.SCHEDULES),
        (DEFAULT, analytics.SCHEDULES),
        (DEFAULT, house.SCHEDULES),
        (DEFAULT, publishing.WATCHES),
        (CLUSTER, publishing.SCHEDULES),
    )
    of_apps = {(name, cluster): row for cluster, rows in by_app for name, row in rows.items()}
    pings = {(f"ping {cluster}", cluster): ("snsauto.tasks.ping", PING_MINUTES) for cluster in CLUSTERS}
    return {**of_apps, **pings}


@transaction.atomic
def install() -> None:
    """Make the schedules what the code says; one that is there keeps its next time."""
    rows = wanted()
    ours = Q()
    for package in OURS:
        ours |= Q(func__startswith=package)
    for schedule in Schedule.objects.filter(ours).order_by("pk"):
        row = rows.pop((schedule.name, schedule.cluster), None)
        if row is None:
            schedule.delete()  # no longer in the code, or there twice
        else:
            _adjust(schedule, *row)
    Schedule.objects.bulk_create(
        Schedule(
            name=name,
            cluster=cluster,
            func=func,
            schedule_type=Schedule.MINUTES,
            minutes=minutes,
            repeats=-1,
        )
        for (name, cluster), (func, minutes) in rows.items()
    )


def _adjust(schedule: Schedule, func: str, minutes: int) -> None:
    schedule.func = func
    schedule.schedule_type = Schedule.MINUTES
    schedule.minutes = minutes
    schedule.repeats = -1
    schedule.next_run = min(schedule.next_run, now() + timedelta(minutes=minutes))
    schedule.save()
