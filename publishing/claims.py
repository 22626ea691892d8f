"""Who works on what: looking for what is due, taking it under a lease, keeping it.

A look reads candidates in fair order; a claim takes some of them in one short transaction, raises their
fences and opens their attempts. Whatever a worker writes later names its fence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import connection, transaction
from django.db.models import (
    Case,
    DateTimeField,
    ExpressionWrapper,
    F,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
    Window,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _

from accounts.connections import app_for
from publishing import circuits, clock, leases, pacing
from publishing.engine_rows import Switch
from publishing.insisting import writing
from publishing.leases import LEASE
from publishing.models import Attempt, Delivery, Post, State, Step

TOO_LATE = timedelta(hours=24)  # after the first try, or after a person pressed Retry
AFTER_BREAK = timedelta(seconds=2)  # the database has just been away
MOST_CANDIDATES = 500
MOST_MISSED = 1000


@dataclass(frozen=True)
class Candidate:
    """A delivery that is due and free, and where it goes."""

    pk: int
    network: circuits.Key


# --- looking ---


def look(moment: datetime, but: Iterable[circuits.Key] = ()) -> list[Candidate]:
    """What is due, in turns between workspaces and networks, the oldest first; `but`: networks left alone."""
    due = Delivery.objects.due(moment)
    ends = Q(give_up_at__isnull=False, give_up_at__lte=moment)
    for network, server in but:
        due = due.filter(~Q(account__platform_name=network, account__server=server) | ends)
    turn = Window(
        RowNumber(),
        partition_by=[F("post__workspace_id"), F("account__platform_name"), F("account__server")],
        order_by=[F("due_at").asc(), F("pk").asc()],
    )
    rows = due.annotate(turn=turn).order_by("turn", "due_at", "pk")
    fields = rows.values_list("pk", "account__platform_name", "account__server")
    return [Candidate(pk, (network, server)) for pk, network, server in fields[:MOST_CANDIDATES]]


def mark_missed(moment: datetime) -> int:
    """What nobody could send in time goes to a person, not out: the workspace says how late is too late."""
    latest = ExpressionWrapper(F("due_at") + F("post__workspace__tolerance"), output_field=DateTimeField())
    late = Delivery.objects.annotate(latest=latest).filter(
        Q(account__limited_until=None) | Q(account__limited_until__lt=F("due_at")),
        state=State.SCHEDULED,
        due_at__lt=moment,
        latest__lt=moment,
    )
    columns = late.values_list("pk", "account__is_paused", "post__workspace__is_paused")
    count = 0
    while rows := list(columns[:MOST_MISSED]):
        stopped = Switch.objects.filter(is_stopped=True).exists()
        whys: dict[str, list[int]] = {}
        for pk, account_paused, workspace_paused in rows:
            whys.setdefault(_why(stopped, workspace_paused, account_paused), []).append(pk)
        count += sum(_missed(pks, why) for why, pks in whys.items())
    return count


def is_missed(row: Delivery, moment: datetime) -> bool:
    """The same of one row, with its account and post: between two rounds nothing too old slips out."""
    due_at, limited = cast(datetime, row.due_at), row.account.limited_until
    was_limited = limited is not None and limited >= due_at
    return row.state == State.SCHEDULED and not was_limited and due_at + row.post.workspace.tolerance < moment


def _why(stopped: bool, workspace_paused: bool, account_paused: bool) -> str:
    if stopped:
        return _("It was not sent: the whole desk was stopped.")
    if workspace_paused:
        return _("It was not sent: the workspace was paused.")
    if account_paused:
        return _("It was not sent: the account was paused.")
    return _("It could not be sent in time.")


def _missed(pks: list[int], why: str) -> int:
    rows = Delivery.objects.filter(pk__in=pks, state=State.SCHEDULED)
    return rows.update(
        state=State.MISSED,
        fence=F("fence") + 1,
        reason_code="missed",
        reason=why,
        advice=_("Send it now, choose another time, or leave it."),
    )


# --- taking ---


def take(owner: str, pks: list[int], moment: datetime) -> list[Delivery]:
    """Those of the deliveries that are still free, now held by `owner`, with all that a worker needs."""
    since = leases.seconds()
    with writing(), transaction.atomic():
        held = Delivery.objects.due(moment).filter(pk__in=pks)
        if connection.features.has_select_for_update_skip_locked:
            held = held.select_for_update(skip_locked=True, of=("self",))
        rows = sorted(held.select_related("account"), key=lambda row: pks.index(row.pk))
        _read_posts(rows)
        rows = [row for row in rows if not is_missed(row, moment)]
        rows = pacing.admit(rows, moment)
        if rows:
            _hold(rows, owner, moment)
            _open_attempts(rows, moment)
            _read_steps(rows)
            _read_apps(rows)
    for row in rows:
        leases.begin(row, since)
    return rows


def _read_posts(rows: list[Delivery]) -> None:
    """What is sent, read after the rows are ours: whoever edits a post locks them first."""
    prefetch_related_objects(
        rows,
        Prefetch("post", Post.objects.select_related("workspace", "campaign__workspace").with_pictures()),
    )
    prefetch_related_objects([row for row in rows if row.has_own_media], "deliverymedia_set__media")


def _hold(rows: list[Delivery], owner: str, moment: datetime) -> None:
    """Raise the fences and start the leases. A lease still written down belonged to a worker that died."""
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.PUBLISHING,
        fence=F("fence") + 1,
        crashes=F("crashes") + Case(When(lease_until=None, then=Value(0)), default=Value(1)),
        owner=owner,
        lease_until=moment + LEASE,
        started_at=Coalesce(F("started_at"), Value(moment, output_field=DateTimeField())),
        give_up_at=Coalesce(F("give_up_at"), Value(moment + TOO_LATE, output_field=DateTimeField())),
    )
    for row in rows:
        row.was_scheduled = row.state == State.SCHEDULED
        row.crashes += row.lease_until is not None
        row.state, row.fence, row.owner, row.lease_until = (
            State.PUBLISHING,
            row.fence + 1,
            owner,
            moment + LEASE,
        )
        row.started_at = row.started_at or moment
        row.give_up_at = row.give_up_at or moment + TOO_LATE


def _open_attempts(rows: list[Delivery], moment: datetime) -> None:
    """A new attempt each; one that only waited goes on as the same, one left open was cut off."""
    last = _last_attempts([row for row in rows if row.fence > 1])
    fresh, going_on = [], []
    for row in rows:
        attempt = last.get(row.pk)
        if attempt is not None and attempt.outcome == Attempt.Outcome.WAITING:
            attempt.outcome, attempt.fence, attempt.owner = "", row.fence, row.owner
            going_on.append(attempt)
        else:
            number = attempt.number + 1 if attempt else 1
            attempt = Attempt(
                delivery=row, number=number, fence=row.fence, owner=row.owner, started_at=moment
            )
            fresh.append(attempt)
        row.attempt = attempt
    Attempt.objects.bulk_create(fresh)
    if going_on:
        Attempt.objects.bulk_update(going_on, ["outcome", "fence", "owner"])


def _last_attempts(rows: list[Delivery]) -> dict[int, Attempt]:
    """The newest attempt of each, after what a dead worker left open was closed."""
    if not rows:
        return {}
    attempts = Attempt.objects.filter(delivery__in=rows)
    attempts.filter(outcome="").update(outcome=Attempt.Outcome.CRASHED, finished_at=clock.moment())
    return {attempt.delivery_id: attempt for attempt in attempts.order_by("number")}


def _read_steps(rows: list[Delivery]) -> None:
    """What was done already. What is tried for the first time has no steps."""
    for row in rows:
        row.known_steps = []
    tried = {row.pk: row for row in rows if row.fence > 1}
    for step in Step.objects.filter(delivery__in=tried) if tried else ():
        cast("list[Step]", tried[step.delivery_id].known_steps).append(step)


def _read_apps(rows: list[Delivery]) -> None:
    """Our registration at each network, once for all that go there."""
    known = {key: app_for(*key) for key in {circuits.key_of(row.account) for row in rows}}
    for row in rows:
        row.app = known[circuits.key_of(row.account)]


# --- keeping ---


def renew(owner: str, pks: Iterable[int]) -> int:
    """Prolong the leases of what an owner is working on. What it has dropped runs out."""
    held, since = list(pks), leases.seconds()
    mine = Delivery.objects.filter(
        pk__in=held, owner=owner, state=State.PUBLISHING, lease_until__isnull=False
    )
    with writing():
        count = mine.update(lease_until=clock.moment() + LEASE)
    if count < len(held):
        held = list(mine.values_list("pk", flat=True))
    leases.renewed(held, since)
    return count


def give_back(rows: list[Delivery]) -> None:
    """What was taken and not begun waits for the next worker, as if it had never been taken: what was only
    scheduled is so again, and becomes missed like everything else.
    """
    new = [row for row in rows if row.was_scheduled]
    with writing(), transaction.atomic():
        Attempt.objects.filter(pk__in=[row.attempt.pk for row in new], outcome="").delete()
        _still_ours(new).update(
            state=State.SCHEDULED, lease_until=None, owner="", started_at=None, give_up_at=None
        )
        begun = [row for row in rows if not row.was_scheduled]
        opened = Attempt.objects.filter(pk__in=[row.attempt.pk for row in begun], outcome="")
        opened.update(outcome=Attempt.Outcome.WAITING)
        _still_ours(begun).update(lease_until=None, owner="")
    for row in rows:
        leases.end(row)


def _still_ours(rows: list[Delivery]) -> QuerySet[Delivery]:
    owners = {row.owner for row in rows}
    return Delivery.objects.filter(
        pk__in=[row.pk for row in rows],
        owner__in=owners,
        state=State.PUBLISHING,
        lease_until__isnull=False,
    )


def let_go(delivery: Delivery) -> None:
    """The database went away under the work: nobody died, and nobody need wait for our lease to run out."""
    if delivery.attempt.pk:
        Attempt.objects.filter(pk=delivery.attempt.pk, outcome="").update(outcome=Attempt.Outcome.WAITING)
    mine = Delivery.objects.filter(
        pk=delivery.pk, fence=delivery.fence, state=State.PUBLISHING, lease_until__isnull=False
    )
    mine.update(lease_until=None, owner="", due_at=clock.moment() + AFTER_BREAK)
