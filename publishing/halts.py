"""What a person is told where nothing is sent: who has stopped it, when, why, and that their posts wait."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

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


def on_its_way(member: Membership, count: int) -> str:
    """What becomes of posts that were told to go out now."""
    if Switch.current().is_stopped:
        sentence = ngettext(
            "The desk is stopped: %(count)d post waits.", "The desk is stopped: %(count)d posts wait.", count
        )
    elif member.workspace.is_paused:
        sentence = ngettext(
            "%(workspace)s is paused: %(count)d post waits.",
            "%(workspace)s is paused: %(count)d posts wait.",
            count,
        )
    else:
        sentence = ngettext("%(count)d post is going out.", "%(count)d posts are going out.", count)
    return sentence % {"count": count, "workspace": member.workspace}
