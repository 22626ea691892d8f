"""Counting on the networks: what stands there, not what our own tables say, decides."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bench.chaos.plan import COMMENT, Order
from platforms.sandbox.models import Call, Entry, Note
from publishing.models import NEEDS_PERSON, TERMINAL, Delivery, State, Step

MARK = re.compile(r"zq\d{6}[a-z]")
Verdict = Literal["published", "unclear", "failed", "missed", "stuck"]
VERDICTS: dict[str, Verdict] = {
    State.PUBLISHED: "published",
    State.UNKNOWN: "unclear",
    State.FAILED: "failed",
    State.MISSED: "missed",
}
OVER = (*TERMINAL, *NEEDS_PERSON)

# Here a lost answer cannot always be told from a request that never arrived: a person is asked, and nothing
# is sent twice. The contract tests (MAY_ASK in platforms/tests/contract) name TikTok's photos; a Telegram bot
# cannot read a channel, and knows what it sent only as long as nothing newer stands there.
MAY_ASK = frozenset({"tiktok", "telegram"})


@dataclass(frozen=True)
class Outcome:
    """What became of one delivery, as we say and as the network shows."""

    order: Order
    pk: int
    verdict: Verdict
    reason: str
    standing: tuple[int, ...]  # how often each of its marks stands
    late: float | None = None

    @property
    def is_duplicate(self) -> bool:
        return any(count > 1 for count in self.standing)

    @property
    def is_lost(self) -> bool:
        """Said to be published and not there, in whole or in part; or all there and said to have failed."""
        if self.verdict == "published":
            return not all(count for count, _mark in self._told)
        return self.verdict in {"failed", "missed"} and all(self.standing[: self.order.parts])

    @property
    def _told(self) -> list[tuple[int, str]]:
        """What must stand: a first comment that failed is told beside the post and need not."""
        pieces = list(zip(self.standing, self.order.marks, strict=True))
        return [piece for piece in pieces if not (self.reason and piece[1].endswith(COMMENT))]

    @property
    def is_stuck(self) -> bool:
        return self.verdict == "stuck"

    @property
    def is_wrong(self) -> bool:
        return self.is_duplicate or self.is_lost or self.is_stuck


@dataclass
class Tally:
    """One network's line of the table."""

    deliveries: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    duplicates: int = 0
    lost: int = 0
    stuck: int = 0
    lates: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.deliveries += 1
        self.verdicts[outcome.verdict] += 1
        self.duplicates += outcome.is_duplicate
        self.lost += outcome.is_lost
        self.stuck += outcome.is_stuck
        if outcome.late is not None:
            self.lates.append(outcome.late)


def open_deliveries() -> int:
    """How many are neither over nor with a person."""
    return Delivery.objects.exclude(state__in=OVER).count()


def standing() -> Counter[tuple[str, str]]:
    """How often each mark stands on each network: posts, replies and comments that nobody has taken down."""
    found: Counter[tuple[str, str]] = Counter()
    for model in (Entry, Note):
        rows = model.objects.using("networks").filter(deleted_at=None)
        for network, text, body in rows.values_list("network", "text", "body"):
            # A network that shows what is answered keeps those words beside the text: they do not count.
            for mark in set(MARK.findall(text) or MARK.findall(json.dumps(body))):
                found[network, mark] += 1
    return found


def outcomes(orders: Iterable[Order]) -> list[Outcome]:
    """Each delivery as we say, beside what the networks show."""
    shown, ours = standing(), _ours()
    return [_outcome(order, ours[order.word], shown) for order in orders]


def _ours() -> dict[str, Delivery]:
    rows = Delivery.objects.select_related("account")
    return {str(row.text)[:8]: row for row in rows}


def _outcome(order: Order, row: Delivery, shown: Counter[tuple[str, str]]) -> Outcome:
    late = (
        (row.published_at - row.planned_at).total_seconds()
        if row.state == State.PUBLISHED and row.published_at and row.planned_at
        else None
    )
    counts = tuple(shown[order.network, mark] for mark in order.marks)
    return Outcome(order, row.pk, VERDICTS.get(row.state, "stuck"), row.reason, counts, late)


def tallies(results: Iterable[Outcome]) -> dict[str, Tally]:
    lines: dict[str, Tally] = defaultdict(Tally)
    for outcome in results:
        lines[outcome.order.network].add(outcome)
    return dict(lines)


# --- what happened to one ---


def story(outcome: Outcome) -> Iterator[str]:
    """Everything that is known of a delivery that went wrong: ours first, then the network's."""
    row, order = Delivery.objects.get(pk=outcome.pk), outcome.order
    yield f"{order.network} #{row.pk} {order.word}: {outcome.verdict}, stands {outcome.standing}"
    yield f"  {row.state} due {row.due_at} lease {row.lease_until} fence {row.fence} crashes {row.crashes}"
    yield f"  looks {row.looks} attempts left {row.attempts_left} {row.reason_code} {row.reason}"
    for step in Step.objects.filter(delivery=row):
        when = f"begun {step.first_sent_at} done {step.done_at}"
        yield f"  step {step.name}: {step.state} ×{step.tries} {when} {step.result}"
    for attempt in row.attempts.all():
        yield (
            f"  try {attempt.number} {attempt.started_at:%H:%M:%S} {attempt.owner} fence {attempt.fence}: "
            f"{attempt.outcome} {attempt.error_code} {attempt.message} {attempt.detail[:200]}"
        )
    for call in Call.objects.using("networks").filter(network=order.network).order_by("pk"):
        if order.word in json.dumps(call.body):
            yield f"  call {call.created_at:%H:%M:%S.%f} {call.method} {call.path} {call.status}"
