"""Liking, hiding and deleting what somebody wrote, where the network lets us."""

from typing import cast

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account, AuditEvent, User
from accounts.tokens import ensure_fresh
from inbox.conversations import locked, recount
from inbox.models import Message
from inbox.replying import Refused
from inbox.values import told_of
from platforms.base import Moderation
from platforms.content import MessageKind
from platforms.errors import TokenExpired

# What each does to our row, once the network has done it.
EFFECTS: dict[Moderation, dict[str, object]] = {
    "like": {"is_liked": True},
    "unlike": {"is_liked": False},
    "hide": {"is_hidden": True},
    "unhide": {"is_hidden": False},
    "delete": {"text": "", "attachments": [], "earlier": []},
}


def actions_for(message: Message) -> tuple[Moderation, ...]:
    """What the network lets us do with a message now, in the order in which it is offered."""
    if message.deleted_at is not None:
        return ()
    offered = message.account.platform.moderation.get(cast(MessageKind, message.kind), ())
    pointless: set[Moderation] = {
        "unlike" if not message.is_liked else "like",
        "unhide" if not message.is_hidden else "hide",
    }
    return tuple(action for action in offered if action not in pointless)


def moderate(message: Message, action: Moderation, user: User | None) -> None:
    """Do it on the network now, and write down that it was done. Done already is done.

    Refused where the network offers no such thing; PlatformError where it did not do it.
    """
    account = message.account
    if action not in account.platform.moderation.get(cast(MessageKind, message.kind), ()):
        words = {"network": account.platform.label}
        raise Refused("cannot_moderate", _("%(network)s does not offer that here.") % words)
    if message.deleted_at is not None and action != "delete":
        raise Refused("gone", _("This was deleted on the network."))
    _act(account, message, action)
    with transaction.atomic():
        locked([message.conversation_id])
        effects = EFFECTS[action] | ({"deleted_at": now()} if action == "delete" else {})
        Message.objects.filter(pk=message.pk).update(**effects)
        recount([message.conversation_id])
        AuditEvent.objects.create(
            workspace_id=account.workspace_id,
            user=user,
            action=f"message.{action}",
            subject=str(message)[:255],
            details={"message": message.pk, "conversation": message.conversation_id},
        )
    message.refresh_from_db()


def _act(account: Account, message: Message, action: Moderation) -> None:
    """A token that expired under way is renewed once."""
    account = ensure_fresh(account)
    try:
        platform_client(account).moderate(told_of(message), action)
    except TokenExpired:
        platform_client(ensure_fresh(account, force=True)).moderate(told_of(message), action)
