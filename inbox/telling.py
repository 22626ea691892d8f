"""Who is told of what comes in and what was answered: people by notices, programs by webhooks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import notices, webhooks
from accounts.models import Account, Webhook
from accounts.permissions import Permission
from inbox.models import Message, Reply
from platforms.content import Json

QUARTER = timedelta(minutes=15)
EXCERPT = 80


def received(account: Account, messages: Sequence[Message]) -> None:
    """Tell whoever may answer; a quarter of an hour on one account is one notice, whose count grows."""
    if not messages:
        return
    start = _quarter(now())
    fresh = Message.objects.filter(account=account, is_ours=False, read_at=None, received_at__gte=start)
    count = max(fresh.count(), len(messages))
    last = messages[-1]
    if count == 1:
        text = _("%(who)s wrote to %(handle)s on %(network)s: “%(text)s”") % {
            "who": last.person or _("Somebody"),
            "handle": account.handle,
            "network": account.platform.label,
            "text": excerpt(last.text),
        }
        url = last.conversation.get_absolute_url()
    else:
        sentence = ngettext(
            "%(count)d new message to %(handle)s on %(network)s.",
            "%(count)d new messages to %(handle)s on %(network)s.",
            count,
        )
        text = sentence % {"count": count, "handle": account.handle, "network": account.platform.label}
        url = reverse("inbox:conversation-list")
    notices.tell(
        notices.able(account.workspace_id, Permission.WRITE),
        kind="message_received",
        key=f"message_received:{account.pk}:{start:%Y%m%d%H%M}",
        text=text,
        url=url,
        workspace=account.workspace,
        grows=True,
    )
    if Webhook.objects.filter(workspace_id=account.workspace_id, is_on=True).exists():
        for message in messages:
            _emit(account.workspace_id, "message.received", message.pk, payload(account, message))


def answered(reply: Reply) -> None:
    """Tell programs that a message has its answer."""
    account = reply.conversation.account
    answer = reply.answer
    told = payload(account, reply.message) | {
        "reply": reply.pk,
        "answer": reply.text,
        "answer_id": answer.remote_id if answer else "",
        "by_rule": reply.rule_id is not None,
    }
    _emit(account.workspace_id, "message.answered", reply.pk, told)


def _emit(workspace_id: int, event: str, pk: int, told: dict[str, Json]) -> None:
    webhooks.emit(workspace_id, event, f"{event}:{pk}", told)


def payload(account: Account, message: Message) -> dict[str, Json]:
    """A message as programs are told of it."""
    person = message.person
    return {
        "message": message.pk,
        "conversation": message.conversation_id,
        "account": account.pk,
        "network": account.platform_name,
        "kind": message.kind,
        "text": message.text,
        "from": {"name": person.name, "handle": person.handle} if person else None,
        "rating": message.rating,
        "permalink": message.permalink,
        "created_at": message.created_at.isoformat(),
    }


def excerpt(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else f"{words[:EXCERPT].rstrip()}…"


def _quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
