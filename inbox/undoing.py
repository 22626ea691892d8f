"""Taking back what put conversations away: done, snoozed or opened again at a press."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from accounts.models import AuditEvent, Membership
from inbox.models import Conversation
from platforms.content import Json

UNDO_WITHIN = timedelta(minutes=10)
MOVED = "conversations.moved"


def move(
    member: Membership, rows: Iterable[Conversation], change: Callable[[Conversation], bool]
) -> tuple[list[Conversation], AuditEvent | None]:
    """Change the state of each; those that changed, and what undo takes (None where nothing did)."""
    moved, memories = [], list[Json]()
    with transaction.atomic():
        for row in rows:
            memory: dict[str, Json] = {"id": row.pk, "state": row.state, "until": _text(row.snoozed_until)}
            if change(row):
                moved.append(row)
                memories.append({**memory, "to": row.state})
        event = AuditEvent.record(member, MOVED, len(moved), conversations=memories) if moved else None
    return moved, event


def undo(event: AuditEvent) -> int:
    """Put back what has not moved on since; how many that were."""
    back = 0
    with transaction.atomic():
        for memory in event.details["conversations"]:
            until = datetime.fromisoformat(memory["until"]) if memory["until"] else None
            row = Conversation.objects.filter(pk=memory["id"], workspace=event.workspace, state=memory["to"])
            back += row.update(state=memory["state"], snoozed_until=until, changed_at=now())
    return back


def undoable(member: Membership, pk: int) -> QuerySet[AuditEvent]:
    """A member's own press, while it is fresh."""
    fresh = AuditEvent.objects.visible_to(member).select_related("workspace")
    return fresh.filter(pk=pk, user_id=member.user_id, action=MOVED, created_at__gt=now() - UNDO_WITHIN)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
