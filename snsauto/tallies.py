"""How many attempts came to what, ever: counted once and kept as sums; no question reads them all."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Count, QuerySet

from publishing import clock
from publishing.models import Attempt
from snsauto.models import Tally

SETTLED = timedelta(minutes=10)  # by then whatever ended has been written down
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
UNDER_WAY = ("", Attempt.Outcome.WAITING)  # may still come to something else

Sums = Counter[tuple[str, str]]  # by network and outcome


def totals() -> Sums:
    """All attempts by network and outcome, in two queries."""
    tally = Tally.objects.filter(pk=1).first()
    if tally is None:
        return _counted(_ended())
    return _kept(tally) + _counted(_ended().filter(finished_at__gte=tally.until))


@transaction.atomic
def roll_up() -> None:
    """Add what has ended since the last time to the sums. May run twice: the row says until when."""
    Tally.objects.get_or_create(pk=1, defaults={"until": FIRST})
    tally = Tally.objects.select_for_update().get(pk=1)
    until = clock.moment() - SETTLED
    if until <= tally.until:
        return
    new = _counted(_ended().filter(finished_at__gte=tally.until, finished_at__lt=until))
    sums = _kept(tally) + new
    tally.totals = [[network, outcome, count] for (network, outcome), count in sorted(sums.items())]
    tally.until = until
    tally.save()


def _ended() -> QuerySet[Attempt]:
    return Attempt.objects.filter(finished_at__isnull=False).exclude(outcome__in=UNDER_WAY).order_by()


def _counted(rows: QuerySet[Attempt]) -> Sums:
    counts = rows.values_list("delivery__account__platform_name", "outcome").annotate(count=Count("pk"))
    return Counter({(network, outcome): count for network, outcome, count in counts})


def _kept(tally: Tally) -> Sums:
    return Counter({(network, outcome): count for network, outcome, count in tally.totals})
