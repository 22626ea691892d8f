"""What Prometheus is told, read from the database at each scrape: true for all processes, and cheap."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import Workspace
from platforms.registry import PLATFORMS
from publishing import clock
from publishing.engine_rows import Bucket, Switch
from publishing.models import Attempt
from snsauto import figures, tallies
from snsauto.api import caching
from snsauto.figures import Network, Standing, Times
from snsauto.schedules import CLUSTERS

TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("planned", "due", "late", "running", "waiting", "held", "failed", "unknown", "missed")
OUTCOMES = [outcome for outcome in Attempt.Outcome.values if outcome not in tallies.UNDER_WAY]
QUANTILES = (0.5, 0.95, 0.99)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 unless METRICS_TOKEN is set; then for whoever knows it."""
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return HttpResponse("A token is needed.\n", TYPE, status=401, headers={"WWW-Authenticate": "Bearer"})
    if not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse("This is not the token.\n", TYPE, status=403)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Desk())
    return HttpResponse(generate_latest(registry), TYPE, headers={"Cache-Control": "no-store"})


class Desk(Collector):
    """The whole desk. Labels are networks, states, clusters and kinds: nothing that grows with use."""

    def collect(self) -> Iterator[Metric]:
        moment = clock.moment()
        networks = figures.networks(moment)
        yield from _deliveries(networks, moment)
        yield from _times(networks)
        yield from _circuits(moment)
        yield from _workers(moment)
        yield from _switches()
        yield _attempts()
        yield _kept_answers()


def describe() -> list[Metric]:
    """Every metric, for whoever documents them."""
    return list(Desk().collect())


def _deliveries(networks: list[Network], moment: datetime) -> Iterator[Metric]:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    published = dict.fromkeys(PLATFORMS, 0)
    for row in networks:
        published[row.name] = published.get(row.name, 0) + row.published
        for state in STATES:
            sums[row.name, state] += getattr(row, state)
    deliveries = GaugeMetricFamily(
        "snsauto_deliveries", "Deliveries by network and by how they stand.", labels=["network", "state"]
    )
    for network in published:
        for state in STATES:
            deliveries.add_metric([network, state], sums[network, state])
    yield deliveries
    oldest = min((row.oldest_due_at for row in networks if row.oldest_due_at), default=moment)
    yield _single(
        "snsauto_oldest_due_age_seconds",
        "How long the oldest delivery waits that could be sent.",
        (moment - oldest).total_seconds(),
    )
    yield _by("snsauto_published_last_hour", "Deliveries published within an hour.", "network", published)


def _times(networks: list[Network]) -> Iterator[Metric]:
    """Quantiles of the last hour, as gauges: each scrape tells the same hour, whichever process answers."""
    lateness = GaugeMetricFamily(
        "snsauto_lateness_seconds",
        "From the planned time to the try that published it, in the last hour.",
        labels=["network", "quantile"],
    )
    duration = GaugeMetricFamily(
        "snsauto_duration_seconds", "Of the try that published it.", labels=["network", "quantile"]
    )
    for name in dict.fromkeys(row.name for row in networks):
        rows = [row for row in networks if row.name == name]
        _quantiles(lateness, name, (row.lateness for row in rows))
        _quantiles(duration, name, (row.duration for row in rows))
    yield lateness
    yield duration


def _quantiles(family: GaugeMetricFamily, network: str, of_servers: Iterable[Times]) -> None:
    times = Times(sorted(second for times in of_servers for second in times.seconds))
    for quantile in QUANTILES:
        value = times.at(quantile)
        if value is not None:
            family.add_metric([network, str(quantile)], value)


def _circuits(moment: datetime) -> Iterator[Metric]:
    is_open = dict.fromkeys(PLATFORMS, 0)
    limited = dict.fromkeys(PLATFORMS, 0)
    for circuit, standing in figures.troubled_circuits(moment):
        name = circuit.platform_name
        is_open[name] = is_open.get(name, 0) + (standing in {Standing.OPEN, Standing.HALF_OPEN})
        limited[name] = limited.get(name, 0) + bool(circuit.limited_until and circuit.limited_until > moment)
    accounts = dict.fromkeys(PLATFORMS, 0)
    for limit in figures.limits(moment):
        accounts[limit.name] = accounts.get(limit.name, 0) + limit.accounts
    yield _by("snsauto_circuits_open", "Servers that are left alone or being probed.", "network", is_open)
    yield _by("snsauto_circuits_limited", "Servers that told the whole app to wait.", "network", limited)
    yield _by("snsauto_accounts_limited", "Accounts that were told to wait.", "network", accounts)
    buckets = Bucket.objects.filter(Bucket.is_empty(moment)).count()
    yield _single("snsauto_buckets_limited", "Allowances that are used up.", buckets)


def _workers(moment: datetime) -> Iterator[Metric]:
    alive = [pump for pump in figures.pumps(moment) if pump.is_alive]
    yield _single("snsauto_pumps_alive", "Pumps that have beaten within seconds.", len(alive))
    yield _single(
        "snsauto_pump_threads_busy", "Threads that publish just now.", sum(pump.busy or 0 for pump in alive)
    )
    rows = figures.clusters(moment)
    yield _by(
        "snsauto_clusters_alive",
        "Machines whose cluster takes work.",
        "cluster",
        {name: sum(row.is_alive for row in rows if row.name == name) for name in CLUSTERS},
    )
    newest = {row.name: row.seen_at for row in sorted(rows, key=lambda row: row.seen_at)}
    ages = {name: max((moment - seen_at).total_seconds(), 0) for name, seen_at in newest.items()}
    yield _by("snsauto_cluster_pulse_age_seconds", "Since a cluster last took work.", "cluster", ages)
    tasks = GaugeMetricFamily("snsauto_queue_tasks", "Tasks in a queue.", labels=["queue", "state"])
    for queue in figures.queues(moment):
        tasks.add_metric([queue.name, "waiting"], queue.waiting)
        tasks.add_metric([queue.name, "taken"], queue.taken)
    yield tasks


def _switches() -> Iterator[Metric]:
    yield _by("snsauto_incidents_open", "Incidents that are not over.", "kind", figures.incident_kinds())
    stopped = Switch.objects.filter(is_stopped=True).exists()
    yield _single("snsauto_desk_stopped", "1 while the kill switch is pressed.", stopped)
    paused = Workspace.objects.filter(is_paused=True).count()
    yield _single("snsauto_workspaces_paused", "Workspaces that are paused.", paused)


def _attempts() -> Metric:
    counted = tallies.totals()
    family = CounterMetricFamily(
        "snsauto_attempts", "Attempts that have ended, by what they came to.", labels=["network", "outcome"]
    )
    for network in sorted({*PLATFORMS, *(network for network, _outcome in counted)}):
        for outcome in OUTCOMES:
            family.add_metric([network, outcome], counted[network, outcome])
    return family


def _kept_answers() -> Metric:
    """Of this web process since it began; the database knows nothing of them."""
    family = CounterMetricFamily(
        "snsauto_cached_answers", "Answers of the API that were looked for.", labels=["area", "result"]
    )
    for area in caching.SECONDS:
        for result in ("hit", "miss", "eviction"):
            family.add_metric([area, result], caching.STORE.counted[area, result])
    return family


def _single(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _by(name: str, words: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
