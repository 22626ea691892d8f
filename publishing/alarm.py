"""The alarm: what is due for five minutes and not terminal, a network that stays silent, no pump at work.

Each is an incident: a row that opens once, told to the people it concerns and to the log. It closes by itself
when it is over, which is told too. This runs on the cluster `default`: a dead publishing cluster is seen.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Count, Max, Min
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import notices
from accounts.models import Workspace
from platforms.registry import PLATFORMS
from publishing.engine_rows import Circuit, Heartbeat, Incident
from publishing.models import LATE, Delivery
from publishing.times import clock_time

log = structlog.get_logger(__name__)

PUMP_SILENT = timedelta(minutes=2)


@dataclass(frozen=True)
class Alarm:
    """Something that should not be so just now. `patience`: how long before anybody is told."""

    kind: str
    key: str
    summary: str
    count: int = 0
    workspace: Workspace | None = None
    since: datetime | None = None
    patience: timedelta = timedelta(0)


def watch() -> int:
    """Open, update and close incidents. How many are open."""
    moment = now()
    alarms = [*_late(moment), *_silent_networks(moment), *_no_pump(moment)]
    for alarm in alarms:
        _raise(alarm, moment)
    _close_others({alarm.key for alarm in alarms}, moment)
    return len(alarms)


# --- what is wrong ---


def _late(moment: datetime) -> Iterable[Alarm]:
    """One for each workspace, and one for the desk with counts by network."""
    late = Delivery.objects.late(moment)
    rows = late.values("post__workspace_id").annotate(count=Count("pk"), oldest=Min("due_at"))
    found = {row["post__workspace_id"]: row for row in rows.order_by("post__workspace_id")}
    for workspace in Workspace.objects.filter(pk__in=found).order_by("pk"):
        row = found[workspace.pk]
        yield _late_in(workspace, row["count"], row["oldest"])
    if found:
        yield _late_on_desk(dict(late.values_list("account__platform_name").annotate(count=Count("pk"))))


def _late_in(workspace: Workspace, count: int, oldest: datetime) -> Alarm:
    sentence = ngettext(
        "%(count)d post is late; it was due at %(when)s.",
        "%(count)d posts are late; the oldest was due at %(when)s.",
        count,
    )
    told = {"count": count, "when": clock_time(oldest, workspace.zone)}
    return Alarm("late", f"late:{workspace.pk}", sentence % told, count, workspace)


def _late_on_desk(counts: dict[str, int]) -> Alarm:
    total = sum(counts.values())
    networks = ", ".join(f"{PLATFORMS[name].label} {count}" for name, count in Counter(counts).most_common())
    sentence = ngettext(
        "%(count)d post is late by more than five minutes: %(networks)s.",
        "%(count)d posts are late by more than five minutes: %(networks)s.",
        total,
    )
    return Alarm("late", "late", sentence % {"count": total, "networks": networks}, total)


def _silent_networks(moment: datetime) -> Iterable[Alarm]:
    for circuit in Circuit.objects.filter(opened_at__lte=moment - LATE).order_by("pk"):
        network = PLATFORMS[circuit.platform_name].label
        told = {"network": f"{network} {circuit.server}".strip(), "reason": circuit.reason}
        summary = _("%(network)s does not answer: %(reason)s") % told
        yield Alarm("circuit", f"circuit:{circuit}"[:200], summary, since=circuit.opened_at)


def _no_pump(moment: datetime) -> Iterable[Alarm]:
    """Where none has left a trace, the first look that found none counts."""
    latest = Heartbeat.objects.aggregate(latest=Max("beat_at"))["latest"]
    if latest is None or moment - latest > PUMP_SILENT:
        summary = _("No pump is at work: nothing goes out. Look at the publishing cluster.")
        yield Alarm("pump", "pump", summary, since=latest, patience=PUMP_SILENT)


def _desk() -> str:
    """Where staff see what is stuck."""
    return reverse("operations")


# --- opening, telling, closing ---


def _raise(alarm: Alarm, moment: datetime) -> None:
    """Keep the one open incident of its key true, and say once that it began."""
    facts = {"summary": alarm.summary[:500], "count": alarm.count}
    with transaction.atomic():
        incident, is_new = Incident.objects.get_or_create(
            key=alarm.key,
            closed_at=None,
            defaults={
                **facts,
                "kind": alarm.kind,
                "workspace": alarm.workspace,
                "opened_at": alarm.since or moment,
            },
        )
        still_open = Incident.objects.filter(pk=incident.pk, closed_at=None)
        if not is_new:
            still_open.update(**facts)
        is_due = moment - incident.opened_at >= alarm.patience
        if is_due and still_open.filter(told_at=None).update(told_at=moment):
            _tell(incident, "incident", alarm.summary, _url(incident))
            log.error("incident", about=alarm.key, summary=alarm.summary, count=alarm.count)


def _close_others(keys: set[str], moment: datetime) -> None:
    """What is no longer so is over. Who was told that it began is told that; else it was nothing."""
    for incident in Incident.objects.filter(closed_at=None).exclude(key__in=keys).select_related("workspace"):
        is_open = Incident.objects.filter(pk=incident.pk, closed_at=None)
        if incident.told_at is None:
            is_open.delete()
            continue
        with transaction.atomic():
            if not is_open.update(closed_at=moment):
                continue
            minutes = max(1, round((moment - incident.opened_at) / timedelta(minutes=1)))
            sentence = ngettext(
                "Over after %(count)d minute: “%(what)s”", "Over after %(count)d minutes: “%(what)s”", minutes
            )
            _tell(incident, "over", sentence % {"count": minutes, "what": incident.summary}, _url(incident))
            log.warning("incident is over", about=incident.key, minutes=minutes)


def _url(incident: Incident) -> str:
    return reverse("publishing:queue") if incident.workspace_id else _desk()


def _tell(incident: Incident, kind: str, text: str, url: str) -> None:
    """A workspace's incident concerns who may write there, all others concern staff."""
    about = incident.workspace
    notices.tell(
        notices.writers(about.pk) if about else notices.staff(),
        kind=kind,
        key=f"{kind}:{incident.pk}",
        text=text,
        url=url,
        workspace=about,
    )
