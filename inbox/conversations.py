"""What people do with conversations, and the sums that follow from what was written in them.

The sums are one UPDATE from the rows. Whoever adds messages locks their conversations first (`locked`), so of
two at once the second counts what both have added.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Left
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import notices
from accounts.models import AuditEvent, Membership, User
from accounts.permissions import Permission, allows
from inbox.models import Conversation, Message, Reply
from platforms.content import Json

PREVIEW = 200
COMING = (Reply.State.WAITING, Reply.State.SENDING)  # an answer is on its way


class NotAMember(ValueError):
    """Whoever shall look after a conversation may not answer in its workspace."""


# --- what people press ---


def mark_read(conversation: Conversation, user: User | None = None) -> int:
    """All that was written is read. How many messages were not before."""
    del user  # one team reads for all
    with transaction.atomic():
        locked([conversation.pk])
        fresh = Message.objects.filter(conversation=conversation, read_at=None, is_ours=False)
        count = fresh.update(read_at=now())
        if count:
            recount([conversation.pk])
    return count


def mark_unread(conversation: Conversation) -> bool:
    """The last thing that somebody wrote is unread again. False where nobody wrote."""
    with transaction.atomic():
        locked([conversation.pk])
        last = Message.objects.filter(conversation=conversation, is_ours=False, deleted_at=None).last()
        if last is None:
            return False
        Message.objects.filter(pk=last.pk).update(read_at=None)
        recount([conversation.pk])
    return True


def assign(conversation: Conversation, user: User | None, by: User | None) -> bool:
    """Give a conversation to somebody (None: to nobody). They are told unless they took it themselves.

    False if it is so already; NotAMember where they may not answer here.
    """
    if user is not None and not may_answer(conversation.workspace_id, user):
        raise NotAMember(_("%(name)s may not answer in this workspace.") % {"name": user})
    with transaction.atomic():
        others = Conversation.objects.filter(pk=conversation.pk).exclude(assignee=user)
        if user is None:
            others = Conversation.objects.filter(pk=conversation.pk, assignee__isnull=False)
        moment = now()
        if not others.update(assignee=user, changed_at=moment):
            return False
        conversation.assignee = user
        _note(conversation, by, "conversation.assigned", to=str(user) if user else None)
        if user is not None and user != by:
            _tell_assigned(conversation, user, by, moment)
    return True


def may_answer(workspace_id: int, user: User) -> bool:
    roles = Membership.objects.filter(workspace_id=workspace_id, user=user, user__is_active=True)
    return any(allows(role, Permission.WRITE) for role in roles.values_list("role", flat=True))


def snooze(conversation: Conversation, until: datetime) -> bool:
    """Put a conversation away until a moment. ValueError where that has passed."""
    if until <= now():
        raise ValueError(_("That moment has passed."))
    return _enter(conversation, Conversation.State.SNOOZED, until)


def close(conversation: Conversation) -> bool:
    """It is done; what is written there next opens it again. False if it is so already."""
    return _enter(conversation, Conversation.State.DONE)


def reopen(conversation: Conversation) -> bool:
    """Open again what was snoozed or done. False if it is so already."""
    return _enter(conversation, Conversation.State.OPEN)


def _enter(conversation: Conversation, state: Conversation.State, until: datetime | None = None) -> bool:
    others = Conversation.objects.filter(pk=conversation.pk)
    if until is None:
        others = others.exclude(state=state)
    changed = others.update(state=state, snoozed_until=until, changed_at=now())
    conversation.state, conversation.snoozed_until = state, until
    return changed == 1


def wake(moment: datetime) -> int:
    """Open what was snoozed until now."""
    due = Conversation.objects.due_back(moment)
    return due.update(state=Conversation.State.OPEN, snoozed_until=None, changed_at=now())


# --- sums ---


def locked(pks: Collection[int]) -> None:
    """Nobody else counts these conversations until the transaction ends. Always in the same order."""
    rows = Conversation.objects.filter(pk__in=pks).select_for_update(no_key=True).order_by("pk")
    list(rows.values_list("pk", flat=True))


def recount(pks: Collection[int]) -> None:
    """Work out unread, the last word and whether it wants an answer, from what is written there."""
    written = Message.objects.filter(conversation=OuterRef("pk"), deleted_at=None).order_by(
        "-created_at", "-pk"
    )
    theirs = written.filter(is_ours=False)
    unread = theirs.filter(read_at=None).order_by().values("conversation").annotate(count=Count("pk"))
    # An answer that is on its way counts as given; one that failed, or may have, does not.
    coming = Reply.objects.filter(conversation=OuterRef("pk"), state__in=COMING)
    is_theirs = Q(Exists(theirs), last_is_ours=False)
    rows = Conversation.objects.filter(pk__in=pks).annotate(
        last_is_ours=Subquery(written.values("is_ours")[:1]), is_coming=Exists(coming)
    )
    rows.update(
        unread=Coalesce(Subquery(unread.values("count")[:1], output_field=IntegerField()), 0),
        needs_answer=Case(When(is_theirs & Q(is_coming=False), then=Value(True)), default=Value(False)),
        last_at=Coalesce(Subquery(written.values("created_at")[:1]), F("last_at")),
        last_in_at=Subquery(theirs.values("created_at")[:1]),
        preview=Coalesce(Subquery(written.values(start=Left("text", PREVIEW))[:1]), Value("")),
        changed_at=now(),
    )


# --- telling ---


def _tell_assigned(conversation: Conversation, user: User, by: User | None, moment: datetime) -> None:
    words = {"by": by or _("A rule"), "who": conversation.person or _("somebody")}
    notices.tell(
        [user],
        kind="assigned",
        key=f"assigned:{conversation.pk}:{moment:%Y%m%d%H%M%S}",
        text=_("%(by)s gave you the conversation with %(who)s.") % words,
        url=conversation.get_absolute_url(),
        workspace=conversation.workspace,
    )


def _note(conversation: Conversation, user: User | None, action: str, **details: Json) -> None:
    AuditEvent.objects.create(
        workspace_id=conversation.workspace_id,
        user=user,
        action=action,
        subject=str(conversation)[:255],
        details={"conversation": conversation.pk, **details},
    )
