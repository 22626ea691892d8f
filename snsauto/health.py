"""Whether the desk is alive and ready: for load balancers, for the launcher, and for `manage.py doctor`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import structlog
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.utils.timezone import now

from publishing.engine_rows import Circuit, Heartbeat
from publishing.models import LATE, Delivery
from snsauto.models import Pulse
from snsauto.schedules import CLUSTERS

PUMP_SILENT = timedelta(seconds=30)
CLUSTER_SILENT = timedelta(minutes=3)
log = structlog.get_logger(__name__)
GROUND = ("database", "migrations")  # without these nothing else can be asked


@dataclass(frozen=True)
class Check:
    """One thing that must be so, and how it is."""

    name: str
    ok: bool
    said: str
    seconds: float | None = None  # an age, where there is one


def alive(_request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    """200 where the desk does its work, else 503; each check with its words."""
    checks = examine()
    is_ready = all(check.ok for check in checks)
    is_known = all(check.ok for check in checks if check.name in GROUND)
    body = {
        "status": "ok" if is_ready else "not ready",
        "networks_down": networks_down() if is_known else [],
        "checks": {
            check.name: {"ok": check.ok, "said": check.said, "seconds": check.seconds} for check in checks
        },
    }
    if not is_ready:
        faults = {check.name.replace(" ", "_"): check.said for check in checks if not check.ok}
        log.warning("not ready", **faults)
    response = JsonResponse(body, status=200 if is_ready else 503)
    response["Cache-Control"] = "no-store"
    return response


def networks_down() -> list[str]:
    """Networks that are left alone just now. For information: the desk does its work all the same."""
    rows = Circuit.objects.filter(opened_at__isnull=False).order_by("platform_name", "server")
    return [f"{circuit}: {circuit.reason}" for circuit in rows[:20]]


def examine() -> list[Check]:
    """All checks; where the database does not answer, that alone."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        steps: tuple[Callable[[], list[Check]], ...] = (migrations, pump, clusters, queue)
        first, *rest = steps
        checks = [Check("database", True, "answers"), *first()]
        if all(check.ok for check in checks):
            checks += [check for step in rest for check in step()]
        return checks
    except Error as error:
        return [Check("database", False, f"does not answer: {type(error).__name__}")]


def migrations() -> list[Check]:
    missing = missing_migrations()
    said = f"{len(missing)} to apply: run manage.py migrate" if missing else "applied"
    return [Check("migrations", not missing, said)]


def missing_migrations() -> tuple[str, ...]:
    """Migrations that the code has and the database has not. None missing stays so."""
    missing = _read_missing_migrations()
    if missing:
        _read_missing_migrations.cache_clear()
    return missing


@cache
def _read_missing_migrations() -> tuple[str, ...]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return tuple(f"{migration.app_label}.{migration.name}" for migration, _backwards in plan)


def pump() -> list[Check]:
    """A pump that publishes has beaten just now."""
    latest = Heartbeat.objects.aggregate(latest=Max("beat_at"))["latest"]
    return [_seen("pump", latest, PUMP_SILENT)]


def clusters() -> list[Check]:
    """Each cluster has run something that came through the queue."""
    seen = dict(Pulse.objects.values_list("cluster").annotate(latest=Max("seen_at")))
    return [_seen(f"cluster {name}", seen.get(name), CLUSTER_SILENT) for name in CLUSTERS]


def queue() -> list[Check]:
    """Nothing that is due has waited for long."""
    moment = now()
    oldest = Delivery.objects.due(moment).order_by("due_at").values_list("due_at", flat=True).first()
    if oldest is None:
        return [Check("queue", True, "nothing is due", 0.0)]
    age = moment - oldest
    return [Check("queue", age <= LATE, f"the oldest is {_words(age)} late", age.total_seconds())]


def _seen(name: str, latest: datetime | None, silent: timedelta) -> Check:
    if latest is None:
        return Check(name, False, "was never seen")
    age = now() - latest
    return Check(name, age <= silent, f"seen {_words(age)} ago", age.total_seconds())


def _words(age: timedelta) -> str:
    seconds = max(0, round(age.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
