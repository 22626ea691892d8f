"""What a person is told where nothing is sent: who has stopped it, when, and why."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import AuditEvent, Membership
from publishing.engine_rows import Switch


@dataclass(frozen=True)
class Halt:
    """Nothing goes out: of the whole desk, or of one workspace."""

    is_desk: bool
    by: str  # "" where it is not known, or was a command
    at: datetime | None
    reason: str = ""
    may_end: bool = False


def of_desk(member: Membership) -> Halt | None:
    """The desk's own halt; staff may end it."""
    switch = Switch.current()
    if not switch.is_stopped:
        return None
    by = str(switch.changed_by or "")
    return Halt(True, by, switch.changed_at, switch.reason, may_end=member.user.is_staff)


def of_workspace(member: Membership) -> Halt | None:
    """The halt of the member's workspace; who manages it may end it."""
    if not member.workspace.is_paused:
        return None
    events = AuditEvent.objects.visible_to(member).filter(action=AuditEvent.WORKSPACE_PAUSED)
    last = events.select_related("user").first()
    by = str(last.user or "") if last else ""
    return Halt(False, by, last.created_at if last else None, may_end=member.may_manage)
