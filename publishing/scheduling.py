"""How a post gets its time and how a person decides about a delivery: the one path for pages, API and admin.

A function about one delivery answers False where somebody, or the engine, was faster; then nothing was done.
"""

from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account
from platforms.content import Json
from platforms.errors import PlatformError
from publishing.bell import ring
from publishing.duplicates import stamp
from publishing.models import TEXT_STEP, Delivery, Post, State, Step
from publishing.pacing import costs_of
from publishing.preflight import Refusal, examine_deliveries, refuse_errors
from publishing.renditions import order
from publishing.validators import future_time
from publishing.writing import locked_deliveries

ATTEMPTS = 3
CONFIRMED = "confirmed"  # stands for the network's id where a person saw the post and gave no address
NO_REASON: dict[str, object] = {"reason_code": "", "reason": "", "advice": ""}
FRESH_START: dict[str, object] = {
    "attempts_left": ATTEMPTS,
    "crashes": 0,
    "looks": 0,
    "give_up_at": None,
    "owner": "",
    "lease_until": None,
    **NO_REASON,
}


def schedule(post: Post, at: datetime) -> list[Delivery]:
    """Everything in the post that is still open goes out at a moment, or Refusal says why nothing does."""
    due_at = _due(at)
    with transaction.atomic():
        deliveries = locked_deliveries(post)
        chosen = [row for row in deliveries if row.is_editable and row.state != State.CANCELLED]
        _refuse_nothing(post, deliveries, chosen)
        refuse_errors(examine_deliveries(chosen))
        for delivery in chosen:
            delivery.move(
                State.SCHEDULED, due_at=due_at, planned_at=due_at, costs=costs_of(delivery), **FRESH_START
            )
        stamp(chosen)
        if len(chosen) == len([row for row in deliveries if row.state != State.CANCELLED]):
            Post.objects.filter(pk=post.pk).update(scheduled_at=due_at)
        _get_going(post, due_at)
    return chosen


def publish_now(post: Post) -> list[Delivery]:
    """Everything in the post that is still open goes out at once, or Refusal says why nothing does."""
    return schedule(post, now())


def _due(at: datetime) -> datetime:
    try:
        return future_time(at)
    except ValidationError as error:
        raise Refusal.because(error.code or "invalid", str(error.message), "time") from error


def _refuse_nothing(post: Post, deliveries: list[Delivery], chosen: list[Delivery]) -> None:
    if chosen:
        return
    if any(delivery.state != State.CANCELLED for delivery in deliveries):
        raise Refusal.because("nothing_open", _("Everything in this post is out already, or on its way."))
    has_some = Account.objects.filter(workspace=post.workspace_id).connected().exists()
    sentence = _("Choose at least one account.") if has_some else _("Connect an account first.")
    raise Refusal.because("no_accounts", sentence, "accounts")


def _get_going(post: Post, due_at: datetime) -> None:
    if due_at <= now():
        ring()
    if post.media.exists():
        transaction.on_commit(partial(order, post.pk))


def unschedule(post: Post) -> int:
    """Back to a draft: what waits for its time waits no longer. How many deliveries that were."""
    with transaction.atomic():
        waiting = [row for row in locked_deliveries(post) if row.state == State.SCHEDULED]
        return sum(delivery.move(State.DRAFT, due_at=None, planned_at=None) for delivery in waiting)


def cancel(delivery: Delivery) -> bool:
    """It shall not go out. Also while it waits between tries, as long as nothing may be on the network.

    Where the post stands and only what belongs beside it waits, that is left, and the post is published.
    """
    if delivery.state != State.PUBLISHING:
        return delivery.move(State.CANCELLED, **NO_REASON)
    waiting = Delivery.objects.filter(
        pk=delivery.pk, fence=delivery.fence, state=State.PUBLISHING, lease_until=None
    )
    if delivery.remote_id:
        out_since = Coalesce("published_at", Value(now()))
        return waiting.update(state=State.PUBLISHED, published_at=out_since) == 1
    undoubted = waiting.filter(remote_id="").exclude(steps__state=Step.State.SENT)
    return undoubted.update(state=State.CANCELLED, **NO_REASON) == 1


def cancel_post(post: Post) -> int:
    """What is not out shall not go out. How many deliveries that were."""
    with transaction.atomic():
        return sum(cancel(row) for row in locked_deliveries(post) if row.is_editable)


def retry(delivery: Delivery) -> bool:
    """Send it now after it failed or was missed. Steps that are done stay done."""
    return _again(delivery, (State.FAILED, State.MISSED))


def go_on(delivery: Delivery) -> bool:
    """Try again what belongs beside a published post and failed: the one way back from published.

    Steps that are done stay done; if it fails again the post is published as before, with the reason.
    """
    stands = Delivery.objects.filter(pk=delivery.pk, state=State.PUBLISHED, fence=delivery.fence)
    short = stands.exclude(reason_code="")  # without a reason there is nothing to mend
    again = {**FRESH_START, "state": State.PUBLISHING, "fence": delivery.fence + 1, "due_at": now()}
    reopened = short.update(**again) == 1
    if reopened:
        ring()
    return reopened


def look_again(delivery: Delivery) -> bool:
    """Have the network searched once more for what may be there; it is sent only if it surely is not."""
    return _again(delivery, (State.UNKNOWN,))


def send_again(delivery: Delivery) -> bool:
    """A person has looked: it is not there. The step in doubt counts as not done."""
    with transaction.atomic():
        if not _again(delivery, (State.UNKNOWN,)):
            return False
        delivery.steps.filter(state=Step.State.SENT).update(state=Step.State.OPEN)
    return True


def _again(delivery: Delivery, states: tuple[State, ...]) -> bool:
    """Due now, with all attempts. What may be on the network stays `publishing`: it cannot be cancelled."""
    if delivery.state not in states:
        return False
    to = State.PUBLISHING if delivery.state == State.UNKNOWN else State.SCHEDULED
    moved = delivery.move(to, due_at=now(), **FRESH_START)
    if moved:
        ring()
    return moved


def confirm_published(delivery: Delivery, permalink: str = "") -> bool:
    """A person has looked: it is there. A thread goes on after it; a single post is settled.

    Raises Refusal where the address is needed to go on, or is none of the account's posts.
    """
    if delivery.state != State.UNKNOWN:
        return False
    result = _recognised(delivery, permalink)
    if result is None and _is_unfinished(delivery):
        raise Refusal.because(
            "address_needed", _("Give the address of the post, so that the rest can follow it."), "permalink"
        )
    with transaction.atomic():
        if result is None:
            moved = delivery.move(
                State.PUBLISHED,
                remote_id=delivery.remote_id or permalink[:255] or CONFIRMED,
                permalink=permalink,
                published_at=now(),
                emitted_fence=0,  # news under the fence under which it was unclear
                **NO_REASON,
            )
        else:
            moved = _again(delivery, (State.UNKNOWN,))
        if moved:
            in_doubt = delivery.steps.filter(state=Step.State.SENT)
            in_doubt.update(state=Step.State.DONE, done_at=now(), result=result)
    return moved


def _recognised(delivery: Delivery, permalink: str) -> Json:
    """What the step in doubt would have stored, for the address that the person gave."""
    client = platform_client(delivery.account)
    if not permalink or not client.can("recognise"):
        return None
    try:
        return client.recognise(permalink)
    except PlatformError as error:
        raise Refusal.because(error.code, error.message, "permalink") from error


def _is_unfinished(delivery: Delivery) -> bool:
    """Whether elements of a thread wait behind the one in doubt."""
    once = delivery.steps.filter(kind=Step.Kind.ONCE).count()
    texts = delivery.steps.filter(name=TEXT_STEP).values_list("result", flat=True).first()
    return len(texts or []) > once
