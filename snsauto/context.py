"""What the frame around every page shows."""

from functools import cached_property
from typing import Any

from django.db.models import Exists
from django.http import HttpRequest

from accounts.models import Membership, Notification
from accounts.paging import how_many
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
        """Where else the person works, for the switcher; read along with all that the frame counts."""
        lost = Delivery.objects.visible_to(self.member).filter(state__in=NEEDS_PERSON)
        counted = {
            "waiting": how_many(Conversation.objects.visible_to(self.member).waiting()),
            "trouble": how_many(lost),
            "missed": how_many(lost.filter(state=State.MISSED)),
            "unread": how_many(Notification.objects.told_to(self.member.user).unread()),
        }
        stopped = Exists(Switch.objects.filter(is_stopped=True))
        rows = self.member.user.memberships.annotate(desk_is_stopped=stopped, **counted)
        return list(rows.select_related("workspace").order_by("workspace__name"))

    @cached_property
    def halt(self) -> Halt | None:
        """Why nothing of this workspace is sent, where that is so."""
        return (
            halts.of_desk(self.member) if self._told("desk_is_stopped") else halts.of_workspace(self.member)
        )

    @property
    def waiting(self) -> int:
        """How many conversations of the inbox wait for an answer."""
        return self._told("waiting")

    @property
    def trouble(self) -> int:
        """How many deliveries need a person."""
        return self._told("trouble")

    @property
    def missed(self) -> int:
        """How many of them could not be sent in time."""
        return self._told("missed")

    @property
    def unread(self) -> int:
        """How much the person was told, in all their workspaces, and has not seen."""
        return self._told("unread")

    def _told(self, name: str) -> int:
        """What stands beside each of the memberships alike."""
        return next((int(getattr(row, name) or 0) for row in self.memberships), 0)


def frame(request: HttpRequest) -> dict[str, Any]:
    """The signed-in person's membership and rail (nothing of it for visitors), and the chosen theme."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {"theme": theme if theme in THEMES else ""}
    if request.user.is_authenticated:
        member = request.member  # type: ignore[attr-defined]
        context |= {"member": member, "frame": Frame(member)}
    return context
