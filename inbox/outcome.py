"""That an answer stands on the network, whoever found it out: the network, the inbox, or a person."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from inbox import telling
from inbox.conversations import locked, recount
from inbox.models import Message, Reply
from platforms.content import Message as Told

PLACEHOLDER = "reply:"  # begins the id of an answer whose own id nobody knows (yet)
CLOCKS_DIFFER = timedelta(minutes=5)
IN_DOUBT = (Reply.State.SENDING, Reply.State.UNKNOWN)


@transaction.atomic
def stands(
    reply: Reply,
    told: Told | None = None,
    *,
    fence: int | None = None,
    found: Message | None = None,
    **columns: Any,
) -> bool:
    """Write down that it is there; `told` is what the network says, or `found` what came in by itself.

    `fence`: whoever sent it. Without one it is known from elsewhere, and only what is in doubt is settled.
    False if it was settled otherwise meanwhile.
    """
    rows = Reply.objects.filter(pk=reply.pk)
    rows = (
        rows.filter(state=Reply.State.UNKNOWN)
        if fence is None
        else rows.filter(fence=fence, state__in=IN_DOUBT)
    )
    locked([reply.conversation_id])
    if not rows.exists():
        return False
    answer = found or _message(reply, told)
    Reply.objects.filter(answer=answer).exclude(pk=reply.pk).update(answer=None)  # it was replaced there
    settled = rows.update(
        state=Reply.State.SENT,
        answer=answer,
        sent_at=now(),
        due_at=None,
        owner="",
        lease_until=None,
        fence=reply.fence + 1,
        **{"reason_code": "", "reason": "", "advice": "", **columns},
    )
    recount([reply.conversation_id])
    reply.refresh_from_db()
    telling.answered(reply)
    return settled == 1


def _message(reply: Reply, told: Told | None) -> Message:
    """The answer as a message of its conversation; it may have come in by itself already."""
    question = reply.message
    defaults = {
        "conversation_id": reply.conversation_id,
        "kind": question.kind,
        "is_ours": True,
        "text": told.text if told else reply.text,
        "created_at": told.created_at if told else now(),
        "read_at": now(),
        "permalink": told.permalink if told else "",
        "post_id": told.post_id if told else question.post_id,
        "parent_id": (told.parent_id if told else "") or question.remote_id,
        "thread_id": told.thread_id if told else question.thread_id,
        "extra": dict(told.extra) if told else {},
    }
    remote_id = told.remote_id if told else f"{PLACEHOLDER}{reply.key}"
    message, is_new = Message.objects.get_or_create(
        account_id=reply.conversation.account_id, remote_id=remote_id, defaults=defaults
    )
    known_here = ("conversation_id", "text", "created_at")
    sure = {name: defaults[name] for name in known_here}
    Message.objects.filter(pk=message.pk).update(user_id=reply.user_id, deleted_at=None, **sure)
    if not is_new and message.conversation_id != reply.conversation_id:
        recount([message.conversation_id])  # it came in by itself, and was taken for a word of its own
    return message
