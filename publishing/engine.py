"""The engine. Its guarantee: a delivery is tried until it is published, refused, or too late, and never while
the outcome of an earlier try is unknown.

The row is the truth and workers may die at any line: `claim` takes due rows under a lease and raises their
fence, every later write names that fence, and the ledger knows which step may have reached the network.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account
from accounts.tokens import ensure_fresh
from platforms.content import Draft, Json, Part, Published, RateLimit
from platforms.errors import (
    NotReady,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from publishing import circuits, claims, clock, insisting, leases, pacing
from publishing.backlog import Backlog
from publishing.circuits import Circuits
from publishing.claims import mark_missed
from publishing.drafts import draft_for, keep_tags
from publishing.durable import DurableStep
from publishing.insisting import AWAY, insist, writing
from publishing.ledger import DeliveryLedger, LostLease, NothingMore
from publishing.models import TEXT_STEP, Attempt, Delivery, State, Step
from publishing.worklog import Worklog

log = structlog.get_logger(__name__)

RETRY_AFTER = (timedelta(seconds=30), timedelta(minutes=5))  # before the second and the third attempt
LOOK_AFTER = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=4))
MOST_CRASHES = 5
HOPELESS = 2 * MOST_CRASHES  # whatever was sent, no worker lives to find out what became of it
NOT_TRIED = Refused("")  # the network was not even asked


def claim(owner: str, at_most: int, moment: datetime | None = None) -> list[Delivery]:
    """Take up to `at_most` of what is due, for a worker that has no other."""
    moment = moment or clock.moment()
    mark_missed(moment)
    return Backlog(owner, is_alone=True).take(at_most, Counter(), moment=moment)


# --- working ---


def work(delivery: Delivery, known: Circuits | None = None) -> bool:
    """Do what a claimed delivery needs next, and write down what became of it. False: the network failed."""
    with Worklog(delivery.pk, delivery.account.platform_name):
        try:
            return _work(delivery, known)
        except LostLease:
            log.warning("lease lost: somebody else goes on with it")
        except AWAY as error:
            log.warning("the database went away under the work", error=str(error).strip())
            insisting.lost()
            insist(partial(claims.let_go, delivery))
        finally:
            leases.end(delivery)
    return True  # it was not the network that failed


def _work(delivery: Delivery, known: Circuits | None) -> bool:
    settle, error = _try(delivery)
    insist(partial(settle, delivery, delivery.attempt))
    if error is not NOT_TRIED:
        insist(partial(circuits.note, delivery.account, error, known, is_probe=delivery.is_probe))
    elif delivery.is_probe:
        insist(partial(circuits.give_probe_back, circuits.key_of(delivery.account)))
    return error is None or not circuits.is_failure(error)


Settle = Callable[[Delivery, Attempt], None]


def _try(delivery: Delivery) -> tuple[Settle, PlatformError | None]:
    """One try: the way to settle it, and what the network failed with."""
    obstacle = _obstacle(delivery)
    if obstacle is not None and not may_stand(delivery.account, delivery.crashes, delivery.steps.all()):
        return obstacle, NOT_TRIED
    try:
        published = _publish(delivery, may_send=obstacle is None)
    except NothingMore:
        return cast(Settle, obstacle), NOT_TRIED
    except NotReady as error:
        return (obstacle, NOT_TRIED) if obstacle else (_settle_error(error), error)
    except PlatformError as error:
        return _settle_error(error), error
    return partial(published_as, published=published), None


def _obstacle(delivery: Delivery) -> Settle | None:
    """What stands in the way before the network is even asked."""
    account = delivery.account
    if delivery.crashes >= MOST_CRASHES:
        return crashed_too_often
    if delivery.give_up_at and clock.moment() > delivery.give_up_at:
        return too_late
    if account.state == Account.State.DISCONNECTED:
        error = TokenExpired(_("The account was disconnected."))
        return partial(refused, error=error, advice=_("Connect it again, then press Retry."))
    return None


def may_stand(account: Account, crashes: int, steps: Iterable[DurableStep]) -> bool:
    """Whether something of it reached the network: it is not given up before somebody looked."""
    can_look = account.state != Account.State.DISCONNECTED and crashes < HOPELESS
    return can_look and any(step.is_public for step in steps)


def _publish(delivery: Delivery, *, may_send: bool) -> Published:
    """Run the network's recipe; a token that expired under way is renewed once, and the recipe goes on."""
    ledger = DeliveryLedger(delivery, may_send=may_send)
    keep_tags(delivery)
    draft = frozen(draft_for(delivery), ledger)
    account = ensure_fresh(delivery.account)
    try:
        return platform_client(account, _observer(account), delivery.app).publish(draft, ledger)
    except TokenExpired:
        account = ensure_fresh(account, force=True)
    return platform_client(account, _observer(account), delivery.app).publish(draft, ledger)


def frozen(draft: Draft, ledger: DeliveryLedger) -> Draft:
    """The draft with the parts of the first try: a thread never changes its shape while it goes out."""
    texts: list[Json] = ledger.freeze(TEXT_STEP, lambda: [part.text for part in draft.parts])
    return replace(
        draft, parts=tuple(Part(str(text), draft.media if n == 0 else ()) for n, text in enumerate(texts))
    )


def _observer(account: Account) -> Callable[[RateLimit], None]:
    """Hears what the network says of its limits while a delivery goes out."""
    return partial(pacing.observe, account)


# --- settling: one UPDATE that names the fence, then the history ---


def _settle_error(error: PlatformError) -> Settle:
    """Which way a failure is settled; the order matters, as some kinds are special cases of others."""
    if isinstance(error, NotReady):
        return partial(waiting, error=error)
    if isinstance(error, RateLimited):
        return partial(limited, error=error)
    if isinstance(error, OutcomeUnknown):
        return partial(unknown, error=error)
    if isinstance(error, Unavailable):
        return partial(retry, error=error)
    return partial(refused, error=error)


def published_as(delivery: Delivery, attempt: Attempt, published: Published) -> None:
    """It stands on the network."""
    _settle(
        delivery,
        attempt,
        Attempt.Outcome.PUBLISHED,
        State.PUBLISHED,
        remote_id=published.remote_id,
        part_ids=list(published.part_ids or (published.remote_id,)),
        permalink=published.permalink,
        published_at=delivery.published_at or clock.moment(),
    )


def stands(delivery: Delivery, attempt: Attempt, error: PlatformError) -> bool:
    """Whether the post is out and only what belongs beside it failed: told, and never called a failure."""
    row = Delivery.objects.only("remote_id", "permalink", "part_ids").get(pk=delivery.pk)
    if not row.remote_id:
        return False
    out_since = delivery.published_at or clock.moment()
    _settle(delivery, attempt, Attempt.Outcome.PUBLISHED, State.PUBLISHED, error, published_at=out_since)
    return True


def waiting(delivery: Delivery, attempt: Attempt, error: NotReady) -> None:
    """The network is processing; no failure, only a later time."""
    _settle(delivery, attempt, Attempt.Outcome.WAITING, State.PUBLISHING, error, due_at=error.retry_at)


def limited(delivery: Delivery, attempt: Attempt, error: RateLimited) -> None:
    """Nothing was sent; the whole account waits until the network allows more."""
    until = pacing.limited(delivery.account, error)
    _settle(delivery, attempt, Attempt.Outcome.WAITING, State.PUBLISHING, error, due_at=until)


def retry(delivery: Delivery, attempt: Attempt, error: PlatformError) -> None:
    """Surely not done: again later, until the attempts are used up."""
    left = max(delivery.attempts_left - 1, 0)
    if left == 0:
        refused(delivery, attempt, error, _("Press Retry when the network is back."))
        return
    pause = RETRY_AFTER[max(len(RETRY_AFTER) - left, 0)]
    _settle(
        delivery,
        attempt,
        Attempt.Outcome.RETRY,
        State.PUBLISHING,
        error,
        attempts_left=left,
        due_at=clock.moment() + pause * random.uniform(0.9, 1.2),  # noqa: S311  (spreads the load, guards nothing)
    )


def unknown(delivery: Delivery, attempt: Attempt, error: OutcomeUnknown) -> None:
    """It may be there: look again a few times, then ask a person."""
    if delivery.looks < len(LOOK_AFTER):
        _settle(
            delivery,
            attempt,
            Attempt.Outcome.UNKNOWN,
            State.PUBLISHING,
            error,
            looks=delivery.looks + 1,
            due_at=clock.moment() + LOOK_AFTER[delivery.looks],
        )
    elif not stands(delivery, attempt, error):
        _settle(delivery, attempt, Attempt.Outcome.UNKNOWN, State.UNKNOWN, error)


def refused(delivery: Delivery, attempt: Attempt, error: PlatformError, advice: str = "") -> None:
    """A person must act. What stands, or may have reached the network, is never called failed."""
    if stands(delivery, attempt, error):
        return
    if in_doubt(delivery):
        state, advice = State.UNKNOWN, OutcomeUnknown.action
    else:
        state = State.FAILED
    _settle(delivery, attempt, Attempt.Outcome.REFUSED, state, error, advice=advice or error.action)


def crashed_too_often(delivery: Delivery, attempt: Attempt) -> None:
    """Something in this delivery stops our workers: leave it to a person."""
    error = Refused(_("The worker was cut off %(count)s times.") % {"count": delivery.crashes})
    _give_up(delivery, attempt, error, _("Press Retry; if it happens again, tell your administrator."))


def too_late(delivery: Delivery, attempt: Attempt) -> None:
    """A day of waiting is enough."""
    error = Refused(_("It did not get through within a day."))
    _give_up(delivery, attempt, error, _("Press Retry, or leave it."))


def _give_up(delivery: Delivery, attempt: Attempt, error: PlatformError, advice: str) -> None:
    """It was not the network that said no: what may yet appear there is not called failed."""
    nobody_can_look = delivery.crashes >= HOPELESS and delivery.is_partly_out
    if nobody_can_look or is_coming_out(delivery):
        _settle(
            delivery, attempt, Attempt.Outcome.UNKNOWN, State.UNKNOWN, error, advice=OutcomeUnknown.action
        )
    else:
        refused(delivery, attempt, error, advice)


def in_doubt(delivery: Delivery) -> bool:
    """Whether a step may have reached the network and nobody knows."""
    return delivery.steps.filter(state=Step.State.SENT).exists()


def is_coming_out(delivery: Delivery) -> bool:
    """Whether the network has taken it and is still at it (it processes a video that is public by then)."""
    steps = delivery.steps.all()
    waits = steps.filter(kind=Step.Kind.WAIT, first_sent_at__isnull=False).exclude(state=Step.State.DONE)
    return waits.exists() and steps.filter(kind=Step.Kind.ONCE, state=Step.State.DONE).exists()


def _settle(
    delivery: Delivery,
    attempt: Attempt,
    outcome: Attempt.Outcome,
    state: State,
    error: PlatformError | None = None,
    **changes: object,
) -> None:
    """Leave the delivery in its next state, release it, and close the attempt."""
    reason: dict[str, object] = {
        "reason_code": error.code if error else "",
        "reason": error.message[:500] if error else "",
        "advice": error.action if error else "",
    }
    with writing(), transaction.atomic():
        if not delivery.move(state, owner="", lease_until=None, **{**reason, **changes}):
            raise LostLease
        attempt.outcome = outcome
        attempt.finished_at = clock.moment()
        if error is not None:
            attempt.error_code = error.code
            attempt.message = error.message[:500]
            attempt.detail = error.detail
            attempt.http_status = error.status
        attempt.save()
    log.info("settled", outcome=str(outcome), state=str(state), error=error.code if error else "")
