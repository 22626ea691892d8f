"""What people decide about answers: write one, try it again, say what became of it, take it back.

An answer is a row; whoever works it off (`sending.py`) sends it at most once.
"""

import uuid
from functools import partial

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import Account, User
from inbox import windows
from inbox.conversations import locked, recount
from inbox.models import Conversation, Message, Reply, ReplyRule, ReplyStep
from inbox.outcome import stands

LONGEST = 10_000  # no network takes more

_NO_REASON = {"reason_code": "", "reason": "", "advice": ""}
_FRESH = {**_NO_REASON, "attempts_left": 3, "crashes": 0, "looks": 0, "owner": "", "lease_until": None}


class Refused(Exception):
    """This cannot be answered. `code` for programs, the message and `advice` for people."""

    def __init__(self, code: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.advice = code, message, advice


def reply(
    message: Message,
    text: str,
    user: User | None,
    key: uuid.UUID | None = None,
    rule: ReplyRule | None = None,
) -> Reply:
    """Have a message answered soon, once a key. Refused where it surely cannot be."""
    text = text.strip()
    check(message, text)
    with transaction.atomic():
        row, is_new = Reply.objects.get_or_create(
            key=key or uuid.uuid4(),
            defaults={
                "conversation_id": message.conversation_id,
                "message": message,
                "user": user,
                "rule": rule,
                "text": text,
            },
        )
        if not is_new and (row.message_id, row.text) != (message.pk, text):
            raise Refused("key_used", _("Another answer was sent with this key."))
        if is_new:
            recount([row.conversation_id])
            transaction.on_commit(ring)
    return row


def check(message: Message, text: str = "?") -> None:
    """Refused where a message surely cannot be answered (so)."""
    conversation = message.conversation
    account = conversation.account
    if not text.strip():
        raise Refused("empty", _("Write an answer first."))
    if len(text) > LONGEST:
        raise Refused("too_long", _("An answer has 10,000 characters at most."), _("Shorten it."))
    if message.is_ours:
        raise Refused("ours", _("Your own account wrote this."))
    if message.kind not in account.platform.replies_to:
        raise Refused(
            "cannot_reply",
            _("%(network)s lets nobody answer this from here.") % {"network": account.platform.label},
        )
    if message.deleted_at is not None:
        raise Refused("gone", _("This was deleted on the network."))
    if account.state != Account.State.CONNECTED:
        raise Refused(
            "not_connected", _("The account is not connected."), _("Connect it again, then answer.")
        )
    if windows.is_closed(conversation):
        raise Refused("window_closed", windows.why_closed(conversation), _("Wait until they write again."))


def retry(reply: Reply) -> bool:
    """Try again what failed, or was taken back. False if somebody was faster."""
    check(reply.message, reply.text)
    states = (Reply.State.FAILED, Reply.State.CANCELLED)
    return _enter(reply, states, Reply.State.WAITING, due_at=now(), queued_at=now(), **_FRESH)


def confirm(reply: Reply, arrived: bool) -> bool:
    """What a person found on the network: it is there, or it surely is not and is sent again.

    False if the answer is not in doubt (any more).
    """
    if arrived:
        return stands(reply)
    with transaction.atomic():
        sure = {"due_at": now(), "queued_at": now(), **_FRESH}
        if not _enter(reply, (Reply.State.UNKNOWN,), Reply.State.WAITING, **sure):
            return False
        in_doubt = ReplyStep.objects.filter(reply=reply, state=ReplyStep.State.SENT)
        in_doubt.update(state=ReplyStep.State.OPEN)
    return True


def cancel(reply: Reply) -> bool:
    """Take back what was not sent, or drop what failed. False where it may be out by now."""
    waiting = (Reply.State.WAITING, Reply.State.FAILED)
    return _enter(reply, waiting, Reply.State.CANCELLED, due_at=None, **_NO_REASON)


def last_to_answer(conversation: Conversation) -> Message | None:
    """What an answer in this conversation would be an answer to: the last thing that somebody wrote."""
    theirs = conversation.messages.filter(is_ours=False, deleted_at=None)
    return theirs.order_by("-created_at", "-pk").first()


def ring() -> None:
    """Have what is due sent now."""
    async_task("inbox.tasks.send_replies", cluster="default")


@transaction.atomic
def _enter(reply: Reply, states: tuple[Reply.State, ...], to: Reply.State, **columns: object) -> bool:
    """One UPDATE that names where it comes from; its fence makes whoever still works on it write nothing."""
    locked([reply.conversation_id])  # first, as whoever learns that an answer stands does
    rows = Reply.objects.filter(pk=reply.pk, state__in=states, fence=reply.fence)
    if not rows.update(state=to, fence=reply.fence + 1, **columns):
        return False
    reply.refresh_from_db()
    recount([reply.conversation_id])
    if to == Reply.State.WAITING:
        transaction.on_commit(partial(ring))
    return True
