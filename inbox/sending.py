"""Sending answers. The guarantee is that of posts: an answer is tried until it stands, is refused, or is too
late, and never while the outcome of an earlier try is unknown.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import cast

import structlog
from django.db import connection, transaction
from django.db.models import Case, Exists, F, Q, Value, When
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account
from accounts.tokens import ensure_fresh
from inbox import outcome, telling, windows
from inbox.conversations import recount
from inbox.models import Reply, ReplyStep
from inbox.reply_ledger import LEASE, ReplyLedger
from inbox.values import told_of
from platforms.content import Message as Told
from platforms.errors import (
    NotFound,
    NotReady,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from publishing import clock, insisting, leases
from publishing.engine import LOOK_AFTER, MOST_CRASHES, RETRY_AFTER, may_stand
from publishing.engine_rows import Switch
from publishing.insisting import AWAY, insist, writing
from publishing.ledger import LostLease, NothingMore

log = structlog.get_logger(__name__)

GIVEN_UP_AFTER = timedelta(hours=24)
CLOCKS_DIFFER = timedelta(seconds=2)  # an answer that was written just now is due, whoever's clock is behind
LIMITED_FOR = timedelta(minutes=2)  # where a network says "slow down" and not until when
State = Reply.State
Settle = Callable[[Reply], None]


def claim(owner: str, at_most: int = 1) -> list[Reply]:
    """Take answers whose time has come, oldest first, under a lease."""
    moment, since = clock.moment(), leases.seconds()
    with writing(), transaction.atomic():
        due = Reply.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=moment),
            ~held_back(),
            state__in=(State.WAITING, State.SENDING),
            due_at__lte=moment + CLOCKS_DIFFER,
        )
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        related = ("conversation__account__workspace", "message__person", "message__account", "rule")
        rows = list(due.select_related(*related).order_by("due_at", "pk")[:at_most])
        Reply.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.SENDING,
            fence=F("fence") + 1,
            crashes=F("crashes") + Case(When(lease_until=None, then=Value(0)), default=Value(1)),
            owner=owner,
            lease_until=moment + LEASE,
        )
    for row in rows:
        row.crashes += row.lease_until is not None
        row.state, row.fence, row.owner = State.SENDING, row.fence + 1, owner
        leases.begin(row, since, LEASE)
    return rows


def held_back() -> Q:
    """Answers of an account, workspace or desk that somebody has paused, or that the network holds back."""
    account = "conversation__account__"
    return (
        Q(**{f"{account}limited_until__gt": clock.moment(), f"{account}limited_until__isnull": False})
        | Q(**{f"{account}is_paused": True})
        | Q(conversation__workspace__is_paused=True)
        | Q(Exists(Switch.objects.filter(is_stopped=True)))
    )


def work(reply: Reply) -> None:
    """Do what a claimed answer needs next, and write down what became of it."""
    with structlog.contextvars.bound_contextvars(reply=reply.pk):
        try:
            settle = _try(reply)
            insist(partial(settle, reply))
        except LostLease:
            log.warning("lease lost: somebody else goes on with the answer")
        except AWAY as error:
            log.warning("the database went away under an answer", error=str(error).strip())
            insisting.lost()
            insist(partial(_let_go, reply))
        finally:
            leases.end(reply)


def _try(reply: Reply) -> Settle:
    """One try: the way to settle it."""
    obstacle = _obstacle(reply)
    if obstacle is not None and not may_stand(reply.conversation.account, reply.crashes, reply.steps.all()):
        return _settle_error(obstacle)
    try:
        return partial(sent, told=_send(reply, may_send=obstacle is None))
    except NothingMore:
        return _settle_error(cast(PlatformError, obstacle))
    except PlatformError as error:
        return _settle_error(error)


def _settle_error(error: PlatformError) -> Settle:
    """Which way a failure is settled."""
    if isinstance(error, NotReady):
        return partial(_later, error=error, until=error.retry_at)
    if isinstance(error, RateLimited):
        until = clock.never_early(error.retry_at) if error.retry_at else clock.moment() + LIMITED_FOR
        return partial(_later, error=error, until=until)
    if isinstance(error, OutcomeUnknown):
        return partial(unknown, error=error)
    if isinstance(error, Unavailable):
        return partial(again, error=error)
    return partial(refused, error=error)


def _obstacle(reply: Reply) -> PlatformError | None:
    """What stands in the way before the network is even asked."""
    if reply.crashes >= MOST_CRASHES:
        words = {"count": reply.crashes}
        return Refused(_("The worker was cut off %(count)s times.") % words, action=_("Press Retry."))
    if clock.moment() > reply.queued_at + GIVEN_UP_AFTER:
        return Refused(_("It did not get through within a day."), action=_("Press Retry, or leave it."))
    if reply.conversation.account.state == Account.State.DISCONNECTED:
        advice = _("Connect it again, then press Retry.")
        return TokenExpired(_("The account was disconnected."), action=advice)
    if reply.message.deleted_at is not None:
        return NotFound(_("What it answers was deleted on the network."), action=_("Nothing to do."))
    if windows.is_closed(reply.conversation):
        return Refused(windows.why_closed(reply.conversation), action=_("Wait until they write again."))
    return None


def _send(reply: Reply, *, may_send: bool) -> Told:
    """Run the network's recipe; a token that expired under way is renewed once, and the recipe goes on."""
    ledger = ReplyLedger(reply, may_send=may_send)
    question = told_of(reply.message)
    last_in = reply.conversation.last_in_at
    if question.kind == "direct" and last_in is not None:
        # Windows count from what the person wrote last, whichever of their messages is answered.
        question = replace(question, created_at=max(question.created_at, last_in))
    account = ensure_fresh(reply.conversation.account)
    try:
        return platform_client(account).reply(question, reply.text, ledger)
    except TokenExpired:
        account = ensure_fresh(account, force=True)
    return platform_client(account).reply(question, reply.text, ledger)


# --- settling ---


def sent(reply: Reply, told: Told) -> None:
    """It stands on the network."""
    if not outcome.stands(reply, told, fence=reply.fence):
        raise LostLease
    log.info("answered", network=reply.conversation.account.platform_name)


def _later(reply: Reply, error: PlatformError, until: object) -> None:
    """No failure: the network wants to be asked again at that time."""
    _settle(reply, State.SENDING, error, due_at=until)


def again(reply: Reply, error: PlatformError) -> None:
    """Surely not done: again later, until the attempts are used up."""
    left = max(reply.attempts_left - 1, 0)
    if left == 0:
        error.action = _("Press Retry when the network is back.")
        refused(reply, error)
        return
    pause = RETRY_AFTER[max(len(RETRY_AFTER) - left, 0)]
    spread = random.uniform(0.9, 1.2)  # noqa: S311  (spreads the load, guards nothing)
    _settle(reply, State.SENDING, error, attempts_left=left, due_at=clock.moment() + pause * spread)


def unknown(reply: Reply, error: OutcomeUnknown) -> None:
    """It may be there: look again a few times, then ask a person."""
    if reply.looks < len(LOOK_AFTER):
        due_at = clock.moment() + LOOK_AFTER[reply.looks]
        _settle(reply, State.SENDING, error, looks=reply.looks + 1, due_at=due_at)
    else:
        _settle(reply, State.UNKNOWN, error, due_at=None)


def refused(reply: Reply, error: PlatformError) -> None:
    """A person must act. What may have reached the network is never called failed."""
    if in_doubt(reply):
        error.action = OutcomeUnknown.action
        _settle(reply, State.UNKNOWN, error, due_at=None)
    else:
        _settle(reply, State.FAILED, error, due_at=None)


def in_doubt(reply: Reply) -> bool:
    """Whether it may have reached the network and nobody knows."""
    return reply.steps.filter(state=ReplyStep.State.SENT).exists()


def _settle(reply: Reply, state: Reply.State, error: PlatformError, **changes: object) -> None:
    """Leave the answer in its next state and release it."""
    with writing(), transaction.atomic():
        mine = Reply.objects.filter(pk=reply.pk, fence=reply.fence, state=State.SENDING)
        settled = mine.update(
            state=state,
            owner="",
            lease_until=None,
            reason_code=error.code,
            reason=error.message[:500],
            advice=error.action[:300],
            **changes,
        )
        if not settled:
            raise LostLease
        recount([reply.conversation_id])
        if state in {State.FAILED, State.UNKNOWN}:
            reply.refresh_from_db(fields=["state", "reason"])
            telling.trouble(reply)
    log.info("answer settled", state=str(state), error=error.code, status=error.status)


def _let_go(reply: Reply) -> None:
    """The database went away under the work: nobody need wait for our lease to run out."""
    mine = Reply.objects.filter(pk=reply.pk, fence=reply.fence, state=State.SENDING)
    mine.update(lease_until=None, owner="", due_at=clock.moment() + timedelta(seconds=2))
