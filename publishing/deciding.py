"""What a person decides about many deliveries at once: each row by the same rules as alone.

What somebody else, or the engine, decided meanwhile is left as it is, and not among what comes back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Min
from django.utils.timezone import now
from django.utils.translation import gettext_lazy

from accounts.models import AuditEvent, Membership
from platforms.content import Json
from publishing.bell import ring
from publishing.free_time import FreeTimes
from publishing.models import Delivery, DeliveryQuerySet, Post, State
from publishing.scheduling import FRESH_START, NO_REASON

MOST = 1_000  # rows decided by one press, in one transaction
UNDO_WITHIN = timedelta(minutes=10)
TIMES = ("due_at", "planned_at")
KEPT = ("state", *TIMES, "reason_code", "reason", "advice")  # what undo puts back


class Decision(models.TextChoices):
    """What may be done with what failed or was missed; Retry is for failures alone."""

    SEND_NOW = "send_now", gettext_lazy("Send now")
    NEXT_FREE = "next_free", gettext_lazy("Next free slot")
    DROP = "drop", gettext_lazy("Drop")
    RETRY = "retry", gettext_lazy("Retry")

    @property
    def states(self) -> tuple[State, ...]:
        """What it may be done with."""
        return (State.FAILED,) if self == Decision.RETRY else (State.FAILED, State.MISSED)

    @property
    def can_be_undone(self) -> bool:
        """Whether it can be put back: nothing goes out by it before tomorrow."""
        return self in {Decision.NEXT_FREE, Decision.DROP}


def decide(
    member: Membership, deliveries: DeliveryQuerySet, decision: Decision
) -> tuple[list[Delivery], AuditEvent]:
    """Those that could be decided, oldest first, as they stand now; and what the history says of it."""
    ids = list(deliveries.order_by("due_at", "pk").values_list("pk", flat=True)[:MOST])
    with transaction.atomic():
        undecided = Delivery.objects.filter(pk__in=ids, state__in=decision.states)
        held = undecided.select_for_update(of=("self",)).select_related("account", "post")
        rows = list(held.order_by("due_at", "pk"))
        memories = [_memory(row) for row in rows]
        _act(rows, decision)
        done: list[Json] = [
            {**memory, "until": _text(row.due_at)} for row, memory in zip(rows, memories, strict=True)
        ]
        event = AuditEvent.record(member, _action(decision), len(rows), deliveries=done)
    return rows, event


def _action(decision: Decision) -> str:
    """What the history calls it."""
    return f"deliveries.{decision}"


def _memory(row: Delivery) -> dict[str, Json]:
    """Where a row stood, so that it can be put back."""
    return {"id": row.pk} | {name: _text(getattr(row, name)) for name in KEPT}


def _text(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _act(rows: Sequence[Delivery], decision: Decision) -> None:
    if decision == Decision.DROP:
        _write(rows, {"state": State.CANCELLED, **NO_REASON})
    elif decision == Decision.NEXT_FREE:
        _give_times(rows)
    else:
        _write(rows, {"state": State.SCHEDULED, "due_at": now(), **FRESH_START})
        ring()


def _write(rows: Iterable[Delivery], columns: dict[str, object]) -> None:
    """The same columns for rows that are held."""
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(**columns)
    for row in rows:
        for name, value in columns.items():
            setattr(row, name, value)


def _give_times(rows: Sequence[Delivery]) -> None:
    times = FreeTimes(row.account_id for row in rows)
    for row in rows:
        row.due_at = row.planned_at = times.take(row)
    Delivery.objects.bulk_update(rows, ["due_at", "planned_at"])
    _write(rows, {"state": State.SCHEDULED, **FRESH_START})
    _place(row.post_id for row in rows)


def _place(posts: Iterable[int]) -> None:
    """A post stands in the calendar where the first of its deliveries is planned."""
    planned = Delivery.objects.filter(post__in=set(posts), planned_at__isnull=False)
    first = planned.exclude(state=State.CANCELLED).order_by().values("post_id").annotate(at=Min("planned_at"))
    moved = [Post(pk=row["post_id"], scheduled_at=row["at"]) for row in first]
    Post.objects.bulk_update(moved, ["scheduled_at"])


def undo(event: AuditEvent) -> int:
    """Put back what a decision moved or dropped and what nobody has touched since. How many that were."""
    memories = {memory["id"]: memory for memory in event.details["deliveries"]}
    untouched = (State.SCHEDULED, State.CANCELLED)
    with transaction.atomic():
        rows = Delivery.objects.select_for_update().filter(pk__in=memories, state__in=untouched)
        back = [row for row in rows if _text(row.due_at) == memories[row.pk]["until"]]
        for row in back:
            _put_back(row, memories[row.pk])
        Delivery.objects.bulk_update(back, KEPT)
        _place(row.post_id for row in back)
    return len(back)


def _put_back(row: Delivery, memory: dict[str, str]) -> None:
    for name in KEPT:
        value = memory[name]
        setattr(row, name, datetime.fromisoformat(value) if name in TIMES and value else value)


def undoable(member: Membership, pk: int) -> models.QuerySet[AuditEvent]:
    """A member's own decision, while it is fresh."""
    actions = [_action(decision) for decision in Decision if decision.can_be_undone]
    fresh = AuditEvent.objects.visible_to(member).filter(created_at__gt=now() - UNDO_WITHIN)
    return fresh.filter(pk=pk, user_id=member.user_id, action__in=actions)
