"""The books of a delivery (or answer): each step's intent is committed before it is done, its result after.

A worker may die at any line. What it leaves behind tells the next one exactly what is known:
OPEN: surely not done. SENT: the network may have it; look before repeating. DONE: never done again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar, cast

from django.db import models, transaction

from platforms.content import Json, Published
from platforms.errors import Duplicate, NotReady, OutcomeUnknown, PlatformError, Unavailable
from platforms.ledger import Find, must_find, repeatable
from platforms.transport import writing_while
from publishing import clock, leases
from publishing.durable import DurableStep
from publishing.insisting import insist, writing
from publishing.models import Delivery, State, Step

J = TypeVar("J", bound=Json)


class NothingMore(Exception):
    """Something is left to be sent, and it is too late for that."""


class LostLease(Exception):
    """Somebody else holds this row now: stop at once and write nothing."""


@dataclass(frozen=True)
class Books:
    """Where the steps of one kind of work are kept, and in which state a row of it is worked on."""

    rows: type[models.Model]
    steps: type[DurableStep]
    owner: str  # the name under which a step knows its row
    working: str
    lease: timedelta = leases.LEASE  # for each step; shorter than a request only where a pump renews it


class StepLedger:
    """Implements `platforms.ledger.Ledger` on the durable steps of one claimed row.

    Where nothing may be sent any more a recipe still finds out what became of what it sent, and goes on to
    its end if all of that stands; else NothingMore.
    """

    books: ClassVar[Books]

    def __init__(self, row: Any, known: Iterable[DurableStep], *, may_send: bool = True) -> None:
        self._row = row
        self._may_send = may_send
        self._steps = {step.name: step for step in known}
        self._unwritten: list[DurableStep] = []

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
            self._rows_of_steps.filter(pk=step.pk).update(first_sent_at=None)
            raise Unavailable("The network did not finish processing in time.")

    def stands(self, published: Published) -> None:
        """Only what may have something beside it needs to know."""

    @property
    def _rows_of_steps(self) -> models.QuerySet[Any]:
        return self.books.steps._default_manager.all()

    def _ours(self) -> models.QuerySet[Any]:
        """The row, as long as nobody has taken it from us."""
        return self.books.rows._default_manager.filter(pk=self._row.pk, fence=self._row.fence)

    def _step(self, name: str, kind: Step.Kind) -> DurableStep:
        new = partial(self.books.steps, name=name, kind=kind, **{self.books.owner: self._row})
        return self._steps.get(name) or self._steps.setdefault(name, new())

    def _send(self, step: DurableStep, do: Callable[[], Json], find: Find) -> Json:
        earlier = step.first_sent_at if step.state == Step.State.SENT else None
        if not self._may_send:
            self._reopen(step)  # it was looked for, and surely is not there
            raise NothingMore
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
        """Do it, and let nothing leave once somebody else may have taken the row."""
        with writing_while(partial(leases.is_held, self._row)):
            return do()

    def _begin(self, step: DurableStep, state: Step.State) -> None:
        """Commit that this is about to be done, and that we still hold the row."""
        started, since = clock.moment(), leases.seconds()
        # What was begun before is surely absent, else nothing would be sent: look from here on.
        step.first_sent_at = step.sent_at = started
        step.state = state
        step.tries += 1
        with writing(durable=True), transaction.atomic():
            self._hold(started + self.books.lease)
            self._write(step)
        leases.begin(self._row, since, self.books.lease)

    def _write(self, step: DurableStep) -> None:
        new = [*self._unwritten, *([] if step.pk else [step])]
        if step.pk:
            step.save()
        if new:
            self.books.steps._default_manager.bulk_create(new)
            self._unwritten = []

    def _hold(self, until: datetime) -> None:
        if not self._ours().filter(state=self.books.working).update(lease_until=until):
            raise LostLease

    def _done(self, step: DurableStep, result: Json) -> None:
        """Store what the network said: true whoever holds the row now, so no fence is asked."""
        step.state, step.result, step.done_at = Step.State.DONE, result, clock.moment()
        insist(partial(self._store, step))

    def _store(self, step: DurableStep) -> None:
        fresh = self._rows_of_steps.filter(pk=step.pk).exclude(state=Step.State.DONE)
        with writing():
            stored = fresh.update(state=step.state, result=step.result, done_at=step.done_at)
        if not stored:
            step.refresh_from_db()

    def _reopen(self, step: DurableStep) -> None:
        """Surely not done: no look is needed. What another worker has begun since stays in doubt."""
        step.state = Step.State.OPEN
        ours = self._rows_of_steps.filter(pk=step.pk, state=Step.State.SENT, sent_at=step.sent_at)
        insist(partial(ours.update, state=step.state))


class DeliveryLedger(StepLedger):
    """The books of one claimed delivery."""

    books = Books(Delivery, Step, "delivery", State.PUBLISHING)

    def __init__(self, delivery: Delivery, *, may_send: bool = True) -> None:
        known = delivery.steps.all() if delivery.known_steps is None else delivery.known_steps
        super().__init__(delivery, known, may_send=may_send)

    def stands(self, published: Published) -> None:
        insist(
            partial(
                self._ours().update,
                remote_id=published.remote_id,
                permalink=published.permalink,
                part_ids=list(published.part_ids or (published.remote_id,)),
            )
        )
