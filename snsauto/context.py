"""What the frame around every page shows."""

from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.http import HttpRequest

from accounts.models import Membership, Notification
from inbox.models import Conversation
from publishing import halts
from publishing.engine_rows import Switch
from publishing.halts import Halt
from publishing.models import NEEDS_PERSON, Delivery, State

THEMES = ("light", "dark")


class Frame:
    """The rail's contents, asked of the database only where the frame is drawn (fragments are free of it)."""

    def __init__(self, member: Membership) -> None:
        self.member = member

    @cached_property
    def memberships(self) -> list[Membership]:
        """Where else the person works, for the switcher."""
        # read along, so that the banner costs nothing
        stopped = Exists(Switch.objects.filter(is_stopped=True))
        open_here = Conversation.objects.filter(workspace=OuterRef("workspace")).waiting().order_by()
        counted = open_here.values("workspace").annotate(count=Count("pk")).values("count")
        rows = self.member.user.memberships.annotate(desk_is_stopped=stopped, waiting=Subquery(counted))
        return list(rows.select_related("workspace").order_by("workspace__name"))

    @property
    def waiting(self) -> int:
        """How many conversations of the inbox wait for an answer."""
        here = (row for row in self.memberships if row.workspace_id == self.member.workspace_id)
        return next((row.waiting or 0 for row in here), 0)  # type: ignore[attr-defined]

    @cached_property
    def halt(self) -> Halt | None:
        """Why nothing of this workspace is sent, where that is so."""
        if any(membership.desk_is_stopped for membership in self.memberships):  # type: ignore[attr-defined]
            return halts.of_desk(self.member)
        return halts.of_workspace(self.member)

    @property
    def trouble(self) -> int:
        """How many deliveries need a person."""
        return self._counts["trouble"]

    @property
    def missed(self) -> int:
        """How many of them could not be sent in time."""
        return self._counts["missed"]

    @cached_property
    def _counts(self) -> dict[str, int]:
        waiting = Delivery.objects.visible_to(self.member).filter(state__in=NEEDS_PERSON)
        return waiting.aggregate(trouble=Count("pk"), missed=Count("pk", filter=Q(state=State.MISSED)))

    @cached_property
    def unread(self) -> int:
        """How much the person was told, in all their workspaces, and has not seen."""
        return Notification.objects.told_to(self.member.user).unread().count()


def frame(request: HttpRequest) -> dict[str, Any]:
    """The signed-in person's membership and rail (nothing of it for visitors), and the chosen theme."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {"theme": theme if theme in THEMES else ""}
    if request.user.is_authenticated:
        member = request.member  # type: ignore[attr-defined]
        context |= {"member": member, "frame": Frame(member)}
    return context
