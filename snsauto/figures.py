"""How the queue is, in figures: for the staff's page and for Prometheus. Few questions, whatever there is."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, TextChoices, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_q.models import OrmQ

from accounts.models import Account
from platforms.registry import PLATFORMS
from publishing import circuits
from publishing.bell import FRESH
from publishing.circuits import Key
from publishing.engine_rows import Bucket, Circuit, Heartbeat, Incident
from publishing.models import LATE, NEEDS_PERSON, Attempt, Delivery, State, held_back
from snsauto.health import CLUSTER_SILENT
from snsauto.models import Pulse

OPEN = (State.SCHEDULED, State.PUBLISHING)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
KINDS = ("late", "circuit", "pump")
MOST_TIMES = 2000  # times of the last hour that are looked at; the newest
MOST_ROWS = 20  # of a list on the page
NETWORK = ("account__platform_name", "account__server")


@dataclass(frozen=True)
class Times:
    """How long something took, in seconds, in order."""

    seconds: Sequence[float] = ()

    def at(self, quantile: float) -> float | None:
        """What that share of them did not exceed."""
        if not self.seconds:
            return None
        return self.seconds[math.ceil(quantile * len(self.seconds)) - 1]

    @property
    def median(self) -> float | None:
        return self.at(0.5)

    @property
    def most(self) -> float | None:
        """What nineteen of twenty did not exceed."""
        return self.at(0.95)


@dataclass
class Network:
    """One network (one server of it) now, and in the last hour."""

    name: str
    server: str
    planned: int = 0  # its time has not come
    due: int = 0  # may be sent, and waits for a worker
    late: int = 0  # of those, for more than five minutes
    running: int = 0
    waiting: int = 0  # for a later try: processing, limits, retries
    held: int = 0  # due, but paused or limited
    failed: int = 0
    unknown: int = 0
    missed: int = 0
    oldest_due_at: datetime | None = None
    published: int = 0  # in the last hour, as all below
    tries_failed: int = 0
    lateness: Times = field(default_factory=Times)  # from the planned time to the try that published it
    duration: Times = field(default_factory=Times)  # of that try

    @property
    def label(self) -> str:
        return PLATFORMS[self.name].label if self.name in PLATFORMS else self.name


def networks(moment: datetime) -> list[Network]:
    """Every network that has something to tell, in three queries."""
    rows: defaultdict[Key, Network] = _standing(moment)
    for name, server, outcome, count in _outcomes(moment - HOUR):
        row = rows[name, server]
        if outcome == Attempt.Outcome.PUBLISHED:
            row.published = count
        elif outcome != Attempt.Outcome.WAITING:
            row.tries_failed += count
    for key, (lateness, duration) in _times(moment - HOUR).items():
        rows[key].lateness, rows[key].duration = lateness, duration
    return sorted(rows.values(), key=lambda row: (row.label, row.server))


class _Rows(defaultdict[Key, Network]):
    def __missing__(self, key: Key) -> Network:
        self[key] = Network(*key)
        return self[key]


def _standing(moment: datetime) -> defaultdict[Key, Network]:
    """What is open and what needs a person, counted in one query."""
    held = held_back(moment)
    ripe = Q(state__in=OPEN, due_at__lte=moment) & (Q(lease_until=None) | Q(lease_until__lte=moment))
    due = ripe & ~held
    counts = Delivery.objects.filter(state__in=(*OPEN, *NEEDS_PERSON)).order_by().values_list(*NETWORK)
    rows = counts.annotate(
        planned=Count("pk", filter=Q(state=State.SCHEDULED, due_at__gt=moment) & ~_put_off(moment)),
        due=Count("pk", filter=due),
        late=Count("pk", filter=due & Q(due_at__lt=moment - LATE)),
        running=Count("pk", filter=Q(state__in=OPEN, lease_until__gt=moment)),
        waiting=Count("pk", filter=_put_off(moment)),
        held=Count("pk", filter=ripe & held),
        failed=Count("pk", filter=Q(state=State.FAILED)),
        unknown=Count("pk", filter=Q(state=State.UNKNOWN)),
        missed=Count("pk", filter=Q(state=State.MISSED)),
        oldest_due_at=Min("due_at", filter=due),
    )
    found = _Rows()
    for name, server, *numbers in rows:
        found[name, server] = Network(name, server, *numbers)
    return found


def _put_off(moment: datetime) -> Q:
    """Its planned time is over and it has a later one: between two tries, or until a quota allows it."""
    tried = Q(state=State.PUBLISHING, lease_until=None)
    return (tried | Q(state=State.SCHEDULED, planned_at__lte=moment)) & Q(due_at__gt=moment)


def _outcomes(since: datetime) -> Any:
    rows = Attempt.objects.filter(finished_at__gte=since).exclude(outcome="").order_by()
    return rows.values_list(
        "delivery__account__platform_name", "delivery__account__server", "outcome"
    ).annotate(count=Count("pk"))


def _times(since: datetime) -> dict[Key, tuple[Times, Times]]:
    """Lateness and duration of what was published, from the newest."""
    done = Attempt.objects.filter(finished_at__gte=since, outcome=Attempt.Outcome.PUBLISHED)
    rows = done.annotate(planned_at=Coalesce(F("delivery__planned_at"), F("started_at")))
    fields = rows.order_by("-finished_at").values_list(
        "delivery__account__platform_name",
        "delivery__account__server",
        "started_at",
        "finished_at",
        "planned_at",
    )
    seconds: defaultdict[Key, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for name, server, started, finished, planned in fields[:MOST_TIMES]:
        late, took = seconds[name, server]
        late.append(max((started - planned).total_seconds(), 0.0))
        took.append(max(((finished or started) - started).total_seconds(), 0.0))
    return {key: (Times(sorted(late)), Times(sorted(took))) for key, (late, took) in seconds.items()}


@dataclass(frozen=True)
class Group:
    """Deliveries that wait or failed for the same cause."""

    name: str
    server: str
    state: str
    reason_code: str
    count: int
    at: datetime | None  # the next of their times, or the last
    reason: str

    @property
    def query(self) -> str:
        """What finds them in the admin."""
        words = {
            "account__platform_name": self.name,
            "state__exact": self.state,
            "reason_code__exact": self.reason_code,
        }
        return urlencode(words)


def waits(moment: datetime) -> list[Group]:
    """What was put off: for what, and until when at the earliest."""
    rows = Delivery.objects.filter(_put_off(moment))
    return _groups(rows, Min("due_at"), "at")


def troubles(moment: datetime) -> list[Group]:
    """What a person must decide about, of the last week, by cause."""
    rows = Delivery.objects.filter(state__in=NEEDS_PERSON, due_at__gt=moment - WEEK)
    return _groups(rows, Max("due_at"), "-at")


def _groups(rows: Any, at: Any, order: str) -> list[Group]:
    keys = rows.order_by().values_list(*NETWORK, "state", "reason_code")
    counted = keys.annotate(count=Count("pk"), at=at, words=Coalesce(Max("reason"), Value("")))
    return [Group(*row) for row in counted.order_by(order)[:MOST_ROWS]]


@dataclass(frozen=True)
class Limit:
    """A network has told accounts to wait."""

    name: str
    server: str
    accounts: int
    until: datetime


def limits(moment: datetime) -> list[Limit]:
    rows = Account.objects.filter(limited_until__gt=moment).order_by()
    counted = rows.values_list("platform_name", "server").annotate(Count("pk"), Max("limited_until"))
    return [Limit(*row) for row in counted.order_by("platform_name", "server")]


def buckets(moment: datetime) -> list[Bucket]:
    return list(Bucket.objects.filter(Bucket.is_empty(moment)).order_by("resets_at")[:MOST_ROWS])


class Standing(TextChoices):
    """How a circuit stands."""

    OPEN = "open", _("Left alone")  # nothing is sent there
    HALF_OPEN = "half_open", _("Being probed")  # the next delivery shows whether it answers
    LIMITED = "limited", _("Limited")  # the network has told the whole app to wait
    FAILING = "failing", _("Failing")  # and not yet often enough
    CLOSED = "closed", _("Sound")


def standing(circuit: Circuit, moment: datetime) -> Standing:
    if circuit.opened_at is not None:
        return Standing.OPEN if circuit.retry_at and circuit.retry_at > moment else Standing.HALF_OPEN
    if circuit.limited_until and circuit.limited_until > moment:
        return Standing.LIMITED
    return Standing.FAILING if circuit.failures else Standing.CLOSED


def troubled_circuits(moment: datetime) -> list[tuple[Circuit, Standing]]:
    """Those that are not simply sound, the worst first."""
    rows = [(row, standing(row, moment)) for row in circuits.read(moment).rows.values()]
    return sorted(rows, key=lambda row: (row[0].opened_at is None, row[0].platform_name, row[0].server))


def incidents() -> list[Incident]:
    return list(Incident.objects.filter(closed_at=None).select_related("workspace")[:MOST_ROWS])


def incident_kinds() -> dict[str, int]:
    """How many incidents are open, by kind; those that there may be are told as none."""
    rows = Incident.objects.filter(closed_at=None).order_by().values_list("kind")
    return dict.fromkeys(KINDS, 0) | dict(rows.annotate(count=Count("pk")))


@dataclass(frozen=True)
class Part:
    """One pump, or one machine's cluster: whether it lives, and what it has in hand."""

    name: str
    host: str
    seen_at: datetime
    is_alive: bool
    busy: int | None = None
    threads: int | None = None


def pumps(moment: datetime) -> list[Part]:
    """Pumps and how many of their threads are busy."""
    running = Delivery.objects.filter(state__in=OPEN, lease_until__gt=moment).order_by()
    busy = dict(running.values_list("owner").annotate(count=Count("pk")))
    return [
        Part(
            row.owner,
            row.owner.partition(":")[0],
            row.beat_at,
            moment - row.beat_at <= FRESH,
            busy.get(row.owner, 0),
            settings.PUBLISHING_THREADS,
        )
        for row in Heartbeat.objects.order_by("owner")
    ]


def clusters(moment: datetime) -> list[Part]:
    """Each machine's clusters that were seen within a day."""
    rows = Pulse.objects.filter(seen_at__gt=moment - DAY).order_by("cluster", "host")
    return [Part(row.cluster, row.host, row.seen_at, moment - row.seen_at <= CLUSTER_SILENT) for row in rows]


@dataclass(frozen=True)
class Queue:
    """A django-q2 queue: tasks that wait, tasks that a worker has taken."""

    name: str
    waiting: int
    taken: int
    oldest_at: datetime | None


def queues(moment: datetime) -> list[Queue]:
    waiting = Q(lock__lte=moment)
    rows = (
        OrmQ.objects.order_by()
        .values_list("key")
        .annotate(
            waiting=Count("pk", filter=waiting),
            taken=Count("pk", filter=~waiting),
            oldest=Min("lock", filter=waiting),
        )
    )
    return [Queue(*row) for row in rows.order_by("key")]
