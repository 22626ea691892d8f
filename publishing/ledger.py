"""The books of one delivery: each step's intent is committed before it is done, and its result after.

A worker may die at any line. What it leaves behind tells the next one exactly what is known:
OPEN: surely not done. SENT: the network may have it; look before repeating. DONE: never done again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar, cast

from django.db import transaction

from platforms.content import Json, Published
from platforms.errors import Duplicate, NotReady, OutcomeUnknown, PlatformError, Unavailable
from platforms.ledger import Find, must_find, repeatable
from platforms.transport import writing_while
from publishing import clock, leases
from publishing.insisting import insist, writing
from publishing.models import Delivery, State, Step

J = TypeVar("J", bound=Json)


class LostLease(Exception):
    """Somebody else holds this delivery now: stop at once and write nothing."""


class DeliveryLedger:
    """Implements `platforms.ledger.Ledger` on the Step rows of one claimed delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        known = delivery.steps.all() if delivery.known_steps is None else delivery.known_steps
        self._steps = {step.name: step for step in known}
        self._unwritten: list[Step] = []

    def freeze(self, name: str, make: Callable[[], J]) -> J:
        """A value that stays what it was at the first try. It is written with the first step: before that
        nothing has happened that could depend on it."""
        step = self._step(name, Step.Kind.REPEAT)
        if step.state != Step.State.DONE:
            step.state, step.result, step.tries = Step.State.DONE, make(), 1
            step.sent_at = step.first_sent_at = step.done_at = clock.moment()
            self._unwritten.append(step)
        return cast(J, step.result)

    def repeat(self, name: str, do: Callable[[], J]) -> J:
        step = self._step(name, Step.Kind.REPEAT)
        if step.state != Step.State.DONE:
            self._begin(step, Step.State.OPEN)
            self._done(step, self._while_held(partial(repeatable, do)))
        return cast(J, step.result)

    def once(self, name: str, do: Callable[[], J], *, find: Find) -> J:
        step = self._step(name, Step.Kind.ONCE)
        if step.state == Step.State.SENT:
            found = self._look(find, cast(datetime, step.first_sent_at))
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
        elif clock.moment() - cast(datetime, step.first_sent_at) < timedelta(seconds=at_most):
            later = clock.moment() + timedelta(seconds=every)
            raise NotReady("The network is still processing.", retry_at=later, by_network=True)
        else:
            Step.objects.filter(pk=step.pk).update(first_sent_at=None)
            raise Unavailable("The network did not finish processing in time.")

    def stands(self, published: Published) -> None:
        mine = Delivery.objects.filter(pk=self._delivery.pk, fence=self._delivery.fence)
        insist(
            partial(
                mine.update,
                remote_id=published.remote_id,
                permalink=published.permalink,
                part_ids=list(published.part_ids or (published.remote_id,)),
            )
        )

    def _step(self, name: str, kind: Step.Kind) -> Step:
        return self._steps.setdefault(name, Step(delivery=self._delivery, name=name, kind=kind))

    def _send(self, step: Step, do: Callable[[], Json], find: Find) -> Json:
        earlier = step.first_sent_at if step.state == Step.State.SENT else None
        self._begin(step, Step.State.SENT)
        try:
            return self._while_held(do)
        except OutcomeUnknown:
            raise
        except Duplicate as error:
            if earlier is None:
                self._reopen(step)
                raise
            return must_find(partial(self._look, find), earlier, error)
        except PlatformError:
            self._reopen(step)
            raise

    @staticmethod
    def _look(find: Find, since: datetime) -> Json:
        """Ask the network; `since` is a moment of the shared clock, and clients count by ours."""
        try:
            return find(clock.ours(since))
        except OutcomeUnknown as error:
            error.by_looking = True
            raise

    def _while_held(self, do: Callable[[], J]) -> J:
        """Do it, and let nothing leave once somebody else may have taken the delivery."""
        with writing_while(partial(leases.is_held, self._delivery)):
            return do()

    def _begin(self, step: Step, state: Step.State) -> None:
        """Commit that this is about to be done, and that we still hold the delivery."""
        started, since = clock.moment(), leases.seconds()
        # What was begun before is surely absent, else nothing would be sent: look from here on.
        step.first_sent_at = step.sent_at = started
        step.state = state
        step.tries += 1
        with writing(durable=True), transaction.atomic():
            self._hold(started + leases.LEASE)
            self._write(step)
        leases.begin(self._delivery, since)

    def _write(self, step: Step) -> None:
        new = [*self._unwritten, *([] if step.pk else [step])]
        if step.pk:
            step.save()
        if new:
            Step.objects.bulk_create(new)
            self._unwritten = []

    def _hold(self, until: datetime) -> None:
        mine = Delivery.objects.filter(
            pk=self._delivery.pk, fence=self._delivery.fence, state=State.PUBLISHING
        )
        if not mine.update(lease_until=until):
            raise LostLease

    def _done(self, step: Step, result: Json) -> None:
        """Store what the network said: true whoever holds the delivery now, so no fence is asked."""
        step.state, step.result, step.done_at = Step.State.DONE, result, clock.moment()
        insist(partial(self._store, step))

    @staticmethod
    def _store(step: Step) -> None:
        fresh = Step.objects.filter(pk=step.pk).exclude(state=Step.State.DONE)
        with writing():
            stored = fresh.update(state=step.state, result=step.result, done_at=step.done_at)
        if not stored:
            step.refresh_from_db()

    def _reopen(self, step: Step) -> None:
        """Surely not done: no look is needed. What another worker has begun since stays in doubt."""
        step.state = Step.State.OPEN
        ours = Step.objects.filter(pk=step.pk, state=Step.State.SENT, sent_at=step.sent_at)
        insist(partial(ours.update, state=step.state))
