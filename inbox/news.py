"""What changed in an inbox since it was last looked at. Pages ask every few seconds, so it costs little.

A stamp is the newest change that was seen and how many rows changed in the half minute before it. The count
tells of a change that was stamped before the newest one and could be seen only after it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now

from accounts.models import Membership
from accounts.permissions import Permission
from inbox.models import Conversation, ConversationQuerySet

OVERLAP = timedelta(seconds=30)
MOST = 60  # rows that one answer carries
UNKNOWN = -1


@dataclass(frozen=True)
class Stamp:
    """How an inbox stood; a count that is not known counts as changed once."""

    at: datetime
    count: int = UNKNOWN

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.count}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a page sends back; None for what is no stamp of ours."""
        moment, _tilde, count = text.partition("~")
        try:
            at, number = parse_datetime(moment), int(count[:10])
        except ValueError:
            return None
        return cls(at, number) if at and at.tzinfo else None

    @property
    def since(self) -> datetime:
        """From when on rows may have changed without its being seen."""
        return self.at - OVERLAP


def fresh_stamp() -> Stamp:
    """Of a page that is being drawn now."""
    return Stamp(now())


def changed(rows: ConversationQuerySet, stamp: Stamp) -> QuerySet[Conversation]:
    """Those that may have changed since, the newest change first."""
    return rows.filter(changed_at__gt=stamp.since).order_by("-changed_at", "-pk")


def next_stamp(rows: list[Conversation], stamp: Stamp) -> Stamp:
    """The stamp after rows were told."""
    if not rows:
        return Stamp(stamp.at, 0)
    at = max(rows[0].changed_at, stamp.at)
    return Stamp(at, sum(at - OVERLAP < row.changed_at <= at for row in rows))


def nothing_new(session: SessionBase, stamp: Stamp) -> bool:
    """Whether nothing changed for the session's person: one query beside the session's own.

    False wherever that is not sure: then the ordinary way asks who it is and what they may see.
    """
    if stamp.count == UNKNOWN or SESSION_KEY not in session:
        return False
    theirs = Conversation.objects.filter(
        workspace=OuterRef("workspace"), changed_at__gt=stamp.since
    ).order_by()
    counted = theirs.values("workspace").annotate(
        n=Count("pk"), newer=Count("pk", filter=Q(changed_at__gt=stamp.at))
    )
    here = Membership.objects.filter(
        user=session[SESSION_KEY], user__is_active=True, workspace=F("user__current_workspace")
    ).select_related("user")
    member = here.annotate(n=Subquery(counted.values("n")), newer=Subquery(counted.values("newer"))).first()
    if member is None or not member.may(Permission.VIEW):
        return False
    is_theirs = constant_time_compare(session.get(HASH_SESSION_KEY, ""), member.user.get_session_auth_hash())
    return is_theirs and not member.newer and (member.n or 0) == stamp.count
