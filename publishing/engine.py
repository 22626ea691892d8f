"""The engine. Its guarantee: a delivery is tried until it is published, refused, or too late, and never while
the outcome of an earlier try is unknown.

The row is the truth and workers may die at any line: `claim` takes due rows under a lease and raises their
fence, every later write names that fence, and the ledger knows which step may have reached the network.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import connection, transaction
from django.db.models import DateTimeField as DateTime
from django.db.models import ExpressionWrapper, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils.timezone import now
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
from platforms.ledger import Ledger
from publishing import pacing
from publishing.drafts import draft_for
from publishing.ledger import LEASE, DeliveryLedger, LostLease
from publishing.models import TEXT_STEP, Attempt, Delivery, State, Step

log = structlog.get_logger(__name__)

RETRY_AFTER = (timedelta(seconds=30), timedelta(minutes=5))  # before the second and the third attempt
LOOK_AFTER = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=3))
MOST_CRASHES = 5
TOO_LATE = timedelta(hours=24)  # after the first try, or after a person pressed Retry


# --- claiming ---


def mark_missed(moment: datetime) -> int:
    """What nobody could send in time goes to a person, not out: the workspace says how late is too late."""
    latest = ExpressionWrapper(F("due_at") + F("post__workspace__tolerance"), output_field=DateTime())
    late = Delivery.objects.annotate(latest=latest).filter(
        Q(account__limited_until=None) | Q(account__limited_until__lt=F("due_at")),
        state=State.SCHEDULED,
        due_at__lt=moment,
        latest__lt=moment,
    )
    ids = list(late.values_list("pk", flat=True)[:1000])
    return Delivery.objects.filter(pk__in=ids, state=State.SCHEDULED).update(
        state=State.MISSED,
        fence=F("fence") + 1,
        reason_code="missed",
        reason=_("It could not be sent in time."),
        advice=_("Send it now, choose another time, or leave it."),
    )


def claim(owner: str, at_most: int, moment: datetime | None = None) -> list[Delivery]:
    """Take up to `at_most` due deliveries in one short transaction, in turns between workspaces."""
    moment = moment or now()
    due = Delivery.objects.due(moment)
    if not due.exists():
        return []
    turn = Window(
        RowNumber(), partition_by=[F("post__workspace_id")], order_by=[F("due_at").asc(), F("pk").asc()]
    )
    fair = due.annotate(turn=turn).order_by("turn", "due_at", "pk").values_list("pk", flat=True)
    with transaction.atomic():
        mark_missed(moment)
        ids = list(fair[:at_most])
        held = Delivery.objects.due(moment).filter(pk__in=ids)
        if connection.features.has_select_for_update_skip_locked:
            held = held.select_for_update(skip_locked=True, of=("self",))
        rows = list(held.select_related("post__workspace", "account"))
        rows = pacing.admit(sorted(rows, key=lambda row: ids.index(row.pk)), moment)
        _take(rows, owner, moment)
    return rows


def _take(rows: list[Delivery], owner: str, moment: datetime) -> None:
    """Raise the fences and start the leases. A lease still written down belonged to a worker that died."""
    for row in rows:
        row.crashes += row.lease_until is not None
        row.state, row.fence, row.owner, row.lease_until = (
            State.PUBLISHING,
            row.fence + 1,
            owner,
            moment + LEASE,
        )
        row.started_at = row.started_at or moment
        row.give_up_at = row.give_up_at or moment + TOO_LATE
    taken = ["state", "fence", "owner", "lease_until", "started_at", "give_up_at", "crashes"]
    Delivery.objects.bulk_update(rows, taken)
    Attempt.objects.filter(delivery__in=rows, outcome="").update(
        outcome=Attempt.Outcome.CRASHED, finished_at=moment
    )


def renew(owner: str, ids: Iterable[int]) -> int:
    """Prolong the leases of what an owner is working on. What it has dropped runs out."""
    mine = Delivery.objects.filter(pk__in=ids, owner=owner, state=State.PUBLISHING, lease_until__isnull=False)
    return mine.update(lease_until=now() + LEASE)


# --- working ---


def work(delivery: Delivery) -> None:
    """Do what a claimed delivery needs next, and write down what became of it."""
    with structlog.contextvars.bound_contextvars(
        delivery=delivery.pk, network=delivery.account.platform_name
    ):
        attempt = _open_attempt(delivery)
        try:
            settle = _try(delivery)
            settle(delivery, attempt)
        except LostLease:
            log.warning("lease lost: somebody else goes on with it")


Settle = Callable[[Delivery, Attempt], None]


def _try(delivery: Delivery) -> Settle:
    """One try, and the way to settle it."""
    obstacle = _obstacle(delivery)
    if obstacle is not None:
        return obstacle
    try:
        published = _publish(delivery)
    except PlatformError as error:
        return _settle_error(error)
    return lambda row, attempt: published_as(row, attempt, published)


def _obstacle(delivery: Delivery) -> Settle | None:
    """What stands in the way before the network is even asked."""
    account = delivery.account
    if delivery.crashes >= MOST_CRASHES:
        return crashed_too_often
    if delivery.give_up_at and now() > delivery.give_up_at:
        return too_late
    if account.state == Account.State.DISCONNECTED:
        return lambda row, attempt: refused(
            row,
            attempt,
            Refused(_("The account was disconnected.")),
            _("Connect it again, then press Retry."),
        )
    if account.is_paused:
        return lambda row, attempt: waiting(
            row, attempt, NotReady(_("The account is paused."), retry_at=now())
        )
    return None


def _publish(delivery: Delivery) -> Published:
    """Run the network's recipe; a token that expired under way is renewed once, and the recipe goes on."""
    ledger = DeliveryLedger(delivery)
    draft = frozen(draft_for(delivery), ledger)
    account = ensure_fresh(delivery.account)
    try:
        return platform_client(account, observe=_observer(account)).publish(draft, ledger)
    except TokenExpired:
        account = ensure_fresh(account, force=True)
    return platform_client(account, observe=_observer(account)).publish(draft, ledger)


def frozen(draft: Draft, ledger: Ledger) -> Draft:
    """The draft with the parts of the first try: a thread never changes its shape while it goes out."""
    texts: list[Json] = ledger.repeat(TEXT_STEP, lambda: [part.text for part in draft.parts])
    return replace(
        draft, parts=tuple(Part(str(text), draft.media if n == 0 else ()) for n, text in enumerate(texts))
    )


def _observer(account: Account) -> Callable[[RateLimit], None]:
    """Hears what the network says of its limits while a delivery goes out."""
    return partial(pacing.observe, account)


def _open_attempt(delivery: Delivery) -> Attempt:
    """A new attempt; one that only waited goes on as the same."""
    last = delivery.attempts.order_by("-number").first()
    if last is not None and last.outcome == Attempt.Outcome.WAITING:
        last.outcome, last.fence, last.owner = "", delivery.fence, delivery.owner
        last.save(update_fields=["outcome", "fence", "owner"])
        return last
    number = last.number + 1 if last else 1
    return Attempt.objects.create(
        delivery=delivery, number=number, fence=delivery.fence, owner=delivery.owner
    )


# --- settling: one UPDATE that names the fence, then the history ---


def _settle_error(error: PlatformError) -> Settle:
    """Which way a failure is settled; the order matters, as some kinds are special cases of others."""
    if isinstance(error, NotReady):
        return lambda row, attempt: waiting(row, attempt, error)
    if isinstance(error, RateLimited):
        return lambda row, attempt: limited(row, attempt, error)
    if isinstance(error, OutcomeUnknown):
        return lambda row, attempt: unknown(row, attempt, error)
    if isinstance(error, Unavailable):
        return lambda row, attempt: retry(row, attempt, error)
    return lambda row, attempt: refused(row, attempt, error)


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
        published_at=now(),
    )


def stands(delivery: Delivery, attempt: Attempt, error: PlatformError) -> bool:
    """Whether the post is out and only what belongs beside it failed: told, and never called a failure."""
    row = Delivery.objects.only("remote_id", "permalink", "part_ids").get(pk=delivery.pk)
    if not row.remote_id:
        return False
    _settle(delivery, attempt, Attempt.Outcome.PUBLISHED, State.PUBLISHED, error, published_at=now())
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
        due_at=now() + pause * random.uniform(0.9, 1.2),  # noqa: S311  (spreads the load, guards nothing)
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
            due_at=now() + LOOK_AFTER[delivery.looks],
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
    refused(delivery, attempt, error, _("Press Retry; if it happens again, tell your administrator."))


def too_late(delivery: Delivery, attempt: Attempt) -> None:
    """A day of waiting is enough."""
    refused(
        delivery, attempt, Refused(_("It did not get through within a day.")), _("Press Retry, or leave it.")
    )


def in_doubt(delivery: Delivery) -> bool:
    """Whether a step may have reached the network and nobody knows."""
    return delivery.steps.filter(state=Step.State.SENT).exists()


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
    with transaction.atomic():
        if not delivery.move(state, owner="", lease_until=None, **{**reason, **changes}):
            raise LostLease
        attempt.outcome = outcome
        attempt.finished_at = now()
        if error is not None:
            attempt.error_code = error.code
            attempt.message = error.message[:500]
            attempt.detail = error.detail
            attempt.http_status = error.status
        attempt.save()
    log.info("settled", outcome=str(outcome), state=str(state), error=error.code if error else "")
