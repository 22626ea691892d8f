"""The bot tells what is due: a message each, or one that counts where much has gathered.

A message is sent at least once: its row is taken before and marked after. Only a process that dies, or loses
the answer, between the network's yes and the mark has it sent again.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils.timezone import now

from accounts.models import ChatLink, ChatMessage
from platforms.chatting import ChatBot
from platforms.errors import NotFound, PermissionMissing, PlatformError, RateLimited, Refused
from snsauto.bot.alerts import dressed, together
from snsauto.bot.pace import Pace

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
AGAIN = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30))
APART = 3  # more that waits for one chat is told together
BATCH = 200


def send_due(bot: ChatBot, pace: Pace) -> int:
    """Say what is due in every chat that may be spoken to just now. How many rows are done with."""
    return sum(_send(bot, pace, rows) for rows in _taken(pace).values())


def _taken(pace: Pace) -> dict[str, list[ChatMessage]]:
    """What is ours to send, by chat."""
    moment = now()
    chats: dict[str, list[ChatMessage]] = defaultdict(list)
    if not ChatMessage.objects.due(moment).exists():  # asked first: taking would lock a small database
        return chats
    with transaction.atomic():
        due = ChatMessage.objects.due(moment).select_for_update(of=("self",), skip_locked=True)
        rows = [
            row
            for row in due.select_related("workspace").order_by("due_at", "pk")[:BATCH]
            if pace.is_free(row.chat)
        ]
        ChatMessage.objects.filter(pk__in=[row.pk for row in rows]).update(taken_until=moment + LEASE)
    for row in rows:
        chats[row.chat].append(row)
    return chats


def _send(bot: ChatBot, pace: Pace, rows: Sequence[ChatMessage]) -> int:
    """One chat's: changes of what stands there, then what is new."""
    done = 0
    new = [row for row in rows if not row.remote_id]
    batches = [[row] for row in rows if row.remote_id] + (
        [new] if len(new) > APART else [[row] for row in new]
    )
    for batch in batches:
        if not pace.is_free(batch[0].chat):
            _release(batch)
            continue
        done += _say(bot, pace, batch)
    return done


def _say(bot: ChatBot, pace: Pace, batch: list[ChatMessage]) -> int:
    first = batch[0]
    said = dressed(first) if len(batch) == 1 else together(batch)
    pace.spend(first.chat)
    try:
        is_changed = bool(first.remote_id) and _change(bot, first)
        remote_id = first.remote_id if is_changed else bot.say(first.chat, said)
    except RateLimited as error:
        pace.hold(first.chat, error.retry_at)
        _release(batch)
        return 0
    except PermissionMissing as error:
        _shut_out(batch, error)
        return 0
    except PlatformError as error:
        _put_off(batch, error)
        return 0
    _mark(batch, remote_id)
    return len(batch)


def _change(bot: ChatBot, row: ChatMessage) -> bool:
    """Whether the message could be changed; what somebody deleted is said anew."""
    beside = list(
        ChatMessage.objects.filter(chat=row.chat, remote_id=row.remote_id).select_related("workspace")
    )
    said = dressed(row) if len(beside) < 2 else together(beside)  # it may tell of other things as well
    try:
        bot.change(row.chat, row.remote_id, said)
    except NotFound:
        return False
    return True


def _mark(batch: Sequence[ChatMessage], remote_id: str) -> None:
    """Done with, unless the text has grown meanwhile."""
    for row in batch:
        same = ChatMessage.objects.filter(pk=row.pk, text=row.text)
        marks = {"sent_at": now(), "remote_id": remote_id, "taken_until": None, "tries": 0}
        if not same.update(due_at=None, **marks):
            ChatMessage.objects.filter(pk=row.pk).update(due_at=now(), **marks)


def _release(batch: Sequence[ChatMessage]) -> None:
    ChatMessage.objects.filter(pk__in=[row.pk for row in batch]).update(taken_until=None)


def _shut_out(batch: Sequence[ChatMessage], error: PlatformError) -> None:
    """They have blocked the bot, or it was removed: nothing more is sent until they let it in again."""
    log.warning("shut out of a chat", code=error.code)
    ChatMessage.objects.filter(chat=batch[0].chat, due_at__isnull=False).update(due_at=None, taken_until=None)
    ChatLink.objects.filter(chat=batch[0].chat).update(blocked_at=now())


def _put_off(batch: Sequence[ChatMessage], error: PlatformError) -> None:
    """Again later, a few times; what the network refuses for good is left."""
    tries = batch[0].tries
    is_over = isinstance(error, Refused) or tries >= len(AGAIN)
    due_at = None if is_over else now() + AGAIN[tries]
    log.warning("not told in the chat", code=error.code, tries=tries + 1, given_up=is_over)
    rows = ChatMessage.objects.filter(pk__in=[row.pk for row in batch])
    rows.update(due_at=due_at, taken_until=None, tries=tries + 1)
