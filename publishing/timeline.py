"""A post's deliveries as a story: what was done, what is being done, what is left, and what to press."""

import hashlib
from datetime import datetime, timedelta
from functools import cached_property

from django.utils.timezone import now
from django.utils.translation import gettext as _

from publishing.models import NEEDS_PERSON, TERMINAL, TEXT_STEP, Attempt, Delivery, Post, State, Step
from publishing.previews import Preview, stored_preview
from publishing.recent import can_list

SOON = timedelta(minutes=2)


class Story:
    """One delivery, told."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.steps: list[Step] = list(delivery.steps.all())
        self.attempts: list[Attempt] = list(delivery.attempts.all())

    @cached_property
    def preview(self) -> Preview:
        return stored_preview(self.delivery)

    @property
    def is_live(self) -> bool:
        """Whether it may change at any moment."""
        delivery = self.delivery
        if delivery.state == State.SCHEDULED:
            return delivery.due_at is not None and delivery.due_at < now() + SOON
        return delivery.state == State.PUBLISHING

    @property
    def is_due(self) -> bool:
        """Whether its time has come, and nobody has taken it up yet."""
        delivery = self.delivery
        return delivery.state == State.SCHEDULED and delivery.due_at is not None and delivery.due_at <= now()

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a later try, with nobody working on it."""
        delivery = self.delivery
        return delivery.state == State.PUBLISHING and delivery.lease_until is None and bool(delivery.reason)

    @property
    def sentence(self) -> str:
        """Where it stands, in a line that may be read aloud."""
        delivery = self.delivery
        return _("%(account)s: %(state)s. %(reason)s") % {
            "account": delivery.account.handle,
            "state": delivery.get_state_display(),
            "reason": delivery.reason,
        }

    @property
    def doubtful_step(self) -> Step | None:
        """The step of which nobody knows whether the network has it."""
        return next((step for step in self.steps if step.state == Step.State.SENT), None)

    @property
    def parts_missing(self) -> int:
        """How many parts of a thread were not even tried when a step came into doubt."""
        tried = sum(step.kind == Step.Kind.ONCE and step.state != Step.State.OPEN for step in self.steps)
        return max(0, len(self.preview.draft.parts) - tried) if self.doubtful_step else 0

    @property
    def parts(self) -> int:
        """How many parts the first try made of it; 0 before it."""
        texts = next((step.result for step in self.steps if step.name == TEXT_STEP), None)
        return len(texts) if isinstance(texts, list) else 0

    @property
    def next_part(self) -> int:
        """The number of the part with which a broken thread goes on; 0 where nothing of it stands yet.

        A part in doubt is passed over: it is there, or it is sent again by another button.
        """
        tried = sum(step.is_public for step in self.steps)
        return tried + 1 if 0 < tried < self.parts else 0

    @property
    def can_list(self) -> bool:
        """Whether the account's recent posts can be shown, to pick the one in doubt from."""
        return can_list(self.delivery)

    @property
    def can_retry(self) -> bool:
        return self.delivery.state in {State.FAILED, State.MISSED}

    @property
    def can_cancel(self) -> bool:
        delivery = self.delivery
        return delivery.state in {State.SCHEDULED, State.FAILED, State.MISSED, State.UNKNOWN} or (
            self.is_waiting and (self.is_standing or self.doubtful_step is None)
        )

    @property
    def is_short(self) -> bool:
        """Whether the post is out, and something beside it (a first comment, a playlist) is not."""
        return self.delivery.state == State.PUBLISHED and bool(self.delivery.reason_code)

    @property
    def is_standing(self) -> bool:
        """Whether the post is out, and only what belongs beside it is still worked on."""
        return self.delivery.state == State.PUBLISHING and bool(self.delivery.remote_id)

    @property
    def signature(self) -> tuple[object, ...]:
        """Changes whenever there is something new to tell."""
        delivery = self.delivery
        return (
            delivery.pk,
            delivery.state,
            delivery.due_at,
            delivery.reason,
            delivery.warning,
            delivery.lease_until is None,
            [(step.name, step.state, step.tries) for step in self.steps],
            [(attempt.number, attempt.outcome, attempt.finished_at) for attempt in self.attempts],
        )


class Timeline:
    """A post's page in four queries, however many accounts it is for."""

    def __init__(self, post: Post) -> None:
        self.post = post
        rows = (
            post.deliveries.select_related("account")
            .prefetch_related("steps", "attempts", "deliverymedia_set__media")
            .order_by("account__platform_name", "account__handle", "pk")
        )
        self.stories = [Story(delivery) for delivery in rows]
        for story in self.stories:
            story.delivery.post = post

    @property
    def is_live(self) -> bool:
        return any(story.is_live for story in self.stories)

    @property
    def is_open(self) -> bool:
        """Whether anything in it may still change by itself."""
        return any(story.delivery.state in {State.SCHEDULED, State.PUBLISHING} for story in self.stories)

    @property
    def every(self) -> int:
        """Seconds between looks."""
        return 2 if self.is_live else 30

    @property
    def is_editable(self) -> bool:
        return not self.stories or any(story.delivery.is_editable for story in self.stories)

    @property
    def is_deletable(self) -> bool:
        return all(story.delivery.is_editable for story in self.stories)

    @property
    def is_out(self) -> bool:
        """Whether it stands on a network, and so has numbers."""
        return any(story.delivery.state == State.PUBLISHED for story in self.stories)

    @property
    def is_publishable(self) -> bool:
        """Whether “Publish now” would do something."""
        states = {State.DRAFT, State.SCHEDULED}
        return any(story.delivery.state in states and story.delivery.is_editable for story in self.stories)

    @property
    def is_planned(self) -> bool:
        return any(story.delivery.state == State.SCHEDULED for story in self.stories)

    @property
    def done(self) -> int:
        return sum(story.delivery.state in TERMINAL for story in self.stories)

    @property
    def troubled(self) -> list[Story]:
        return [story for story in self.stories if story.delivery.state in NEEDS_PERSON]

    @property
    def goes_out_at(self) -> datetime | None:
        waiting = [story.delivery.due_at for story in self.stories if story.delivery.state == State.SCHEDULED]
        return min((moment for moment in waiting if moment), default=None)

    @property
    def sentence(self) -> str:
        """Everything in one breath, for a live region."""
        return " ".join(story.sentence for story in self.stories)

    @cached_property
    def version(self) -> str:
        story = repr([story.signature for story in self.stories])
        return hashlib.sha256(story.encode()).hexdigest()[:16]
