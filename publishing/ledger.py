"""The books of one delivery: each step's intent is committed before it is done, and its result after.

A worker may die at any line. What it leaves behind tells the next one exactly what is known:
OPEN: surely not done. SENT: the network may have it; look before repeating. DONE: never done again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar, cast

from django.db import transaction
from django.utils.timezone import now

from platforms.content import Json, Published
from platforms.errors import Duplicate, NotReady, OutcomeUnknown, PlatformError, Unavailable
from platforms.ledger import Find, must_find, repeatable
from publishing.models import Delivery, State, Step

J = TypeVar("J", bound=Json)

LEASE = timedelta(seconds=45)


class LostLease(Exception):
    """Somebody else holds this delivery now: stop at once and write nothing."""


class DeliveryLedger:
    """Implements `platforms.ledger.Ledger` on the Step rows of one claimed delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._steps = {step.name: step for step in delivery.steps.all()}

    def repeat(self, name: str, do: Callable[[], J]) -> J:
        step = self._step(name, Step.Kind.REPEAT)
        if step.state != Step.State.DONE:
            self._begin(step, Step.State.OPEN)
            self._done(step, repeatable(do))
        return cast(J, step.result)

    def once(self, name: str, do: Callable[[], J], *, find: Find) -> J:
        step = self._step(name, Step.Kind.ONCE)
        if step.state == Step.State.SENT:
            found = find(cast(datetime, step.first_sent_at))
            if found is not None:
                self._done(step, found)
        if step.state != Step.State.DONE:
            self._done(step, self._send(step, do, find))
        return cast(J, step.result)

    def wait(self, name: str, ready: Callable[[], bool], *, every: float, at_most: float) -> None:
        step = self._step(name, Step.Kind.WAIT)
        if step.state == Step.State.DONE:
            return
        if step.first_sent_at is None:
            self._begin(step, Step.State.OPEN)
        if ready():
            self._done(step, True)
        elif now() - cast(datetime, step.first_sent_at) < timedelta(seconds=at_most):
            raise NotReady("The network is still processing.", retry_at=now() + timedelta(seconds=every))
        else:
            Step.objects.filter(pk=step.pk).update(first_sent_at=None)
            raise Unavailable("The network did not finish processing in time.")

    def stands(self, published: Published) -> None:
        Delivery.objects.filter(pk=self._delivery.pk, fence=self._delivery.fence).update(
            remote_id=published.remote_id,
            permalink=published.permalink,
            part_ids=list(published.part_ids or (published.remote_id,)),
        )

    def _step(self, name: str, kind: Step.Kind) -> Step:
        return self._steps.setdefault(name, Step(delivery=self._delivery, name=name, kind=kind))

    def _send(self, step: Step, do: Callable[[], Json], find: Find) -> Json:
        earlier = step.first_sent_at if step.state == Step.State.SENT else None
        self._begin(step, Step.State.SENT)
        try:
            return do()
        except OutcomeUnknown:
            raise
        except Duplicate as error:
            if earlier is None:
                self._reopen(step)
                raise
            return must_find(find, earlier, error)
        except PlatformError:
            self._reopen(step)
            raise

    def _begin(self, step: Step, state: Step.State) -> None:
        """Commit that this is about to be done, and that we still hold the delivery."""
        started = now()
        with transaction.atomic():
            self._hold(started + LEASE)
            # What was begun before is surely absent, else nothing would be sent: look from here on.
            step.first_sent_at = started
            step.state = state
            step.sent_at = started
            step.tries += 1
            step.save()

    def _hold(self, until: datetime) -> None:
        mine = Delivery.objects.filter(
            pk=self._delivery.pk, fence=self._delivery.fence, state=State.PUBLISHING
        )
        if not mine.update(lease_until=until):
            raise LostLease

    def _done(self, step: Step, result: Json) -> None:
        """Store what the network said: true whoever holds the delivery now, so no fence is asked."""
        step.state, step.result, step.done_at = Step.State.DONE, result, now()
        fresh = Step.objects.filter(pk=step.pk).exclude(state=Step.State.DONE)
        if not fresh.update(state=step.state, result=result, done_at=step.done_at):
            step.refresh_from_db()

    def _reopen(self, step: Step) -> None:
        """Surely not done: the next try needs no looking."""
        step.state = Step.State.OPEN
        Step.objects.filter(pk=step.pk, state=Step.State.SENT).update(state=step.state)
