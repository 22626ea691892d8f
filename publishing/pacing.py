"""Pacing: nothing is sent that a network's own limits forbid. What must wait has a turn, and says when it is.

Every network declares its quotas, and every delivery knows what it takes out of them (`costs`). Due rows are
admitted in their order as far as there is room (`buckets.py` counts it); what finds none is given the first
moment at which there will be some. That moment is taken: nobody who comes later gets it, so no turn is lost.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Account
from platforms.content import RateLimit
from platforms.errors import RateLimited
from platforms.quotas import Each
from platforms.registry import PLATFORMS
from publishing import clock
from publishing.buckets import QUOTA, Counts, Turn, key_of, wishes_of
from publishing.engine_rows import Bucket, Circuit, Spend
from publishing.models import Delivery, State
from publishing.preflight import stored_draft

LIMITED_FOR = timedelta(minutes=15)  # where a network says "slow down" and not until when
LONGEST_WAIT = timedelta(hours=25)  # after its time: a day's window, and a little; then a person decides
SPREAD = (1.0, 3.0)  # seconds after the first moment: clocks differ, and not all go out at once
KEPT = timedelta(days=40)  # of spends: money is counted by the month


def costs_of(delivery: Delivery) -> dict[str, float]:
    """What a delivery takes out of its network's quotas, as it stands now."""
    return delivery.account.platform.costs(stored_draft(delivery))


# --- admitting ---


def admit(rows: list[Delivery], moment: datetime) -> list[Delivery]:
    """Those among due rows, in their order, that the networks' limits allow now; the others get a later time.

    Called within the claim's transaction, with locked rows. A constant number of queries; none where nothing
    costs anything. Waiting uses up no attempt.
    """
    wishes = {row.pk: wishes_of(row) for row in rows}
    if not any(wishes.values()):
        return rows
    counts = Counts(rows, wishes, moment)
    waiting = [row for row in rows if not _takes_its_turn(row, counts, moment)]
    counts.write()
    _put_off(waiting)
    admitted = [row for row in rows if row not in waiting]
    _forget_reasons([row for row in admitted if row.reason_code == QUOTA])
    return admitted


def _takes_its_turn(row: Delivery, counts: Counts, moment: datetime) -> bool:
    """Whether a delivery may go out now; else it has its turn, or a person has it."""
    turn = counts.turn(row)
    if turn.quota is None:
        counts.take(row, moment)
        return True
    turn = replace(turn, at=turn.at + timedelta(seconds=random.uniform(*SPREAD)))  # noqa: S311  (spreads the load, guards nothing)
    _wait(row, turn)
    if row.state != State.MISSED:
        counts.take(row, turn.at)
    return False


# --- waiting ---


def _wait(row: Delivery, turn: Turn) -> None:
    """Put a delivery's turn down in words; a turn more than a day late goes to a person."""
    first = row.planned_at or row.due_at or turn.at
    if row.state == State.SCHEDULED and turn.at > first + LONGEST_WAIT:
        row.state, row.fence, row.reason_code = State.MISSED, row.fence + 1, "missed"
        row.advice = _("Send it another day, or leave it.")
    else:
        row.due_at, row.reason_code, row.advice = turn.at, QUOTA, ""
    row.reason = _sentence(row, turn)[:500]


def _sentence(row: Delivery, turn: Turn) -> str:
    """“15 of 15 posts a day on Wire are used. It goes out at 14:10.”"""
    quota = turn.quota
    if quota is None:
        return ""
    used = _("%(used)s of %(limit)s %(what)s %(within)s on %(network)s are used.") % {
        "used": amount_words(turn.used),
        "limit": amount_words(Decimal(quota.limit)),
        "what": quota.what,
        "within": within_words(quota.within),
        "network": row.account.platform.label,
    }
    if turn.used < quota.limit:
        used += " " + _("This takes %(count)s.") % {"count": amount_words(turn.takes)}
    if row.state == State.MISSED:
        return f"{used} " + _("There is no room within a day of its time.")
    return f"{used} " + _("It goes out %(when)s.") % {"when": _when(row, turn)}


def _when(row: Delivery, turn: Turn) -> str:
    """“at 14:10” today, “on Tue 24 Nov, 14:10” later; to the second where it is a matter of minutes."""
    zone = row.post.zone
    local, today = turn.at.astimezone(zone), clock.moment().astimezone(zone).date()
    if turn.quota and turn.quota.within < timedelta(hours=1):
        return _("at %(time)s") % {"time": date_format(local, "H:i:s", use_l10n=False)}
    local += timedelta(seconds=59)  # never promised too early
    if local.date() == today:
        return _("at %(time)s") % {"time": date_format(local, "H:i", use_l10n=False)}
    return _("on %(day)s") % {"day": date_format(local, "D j M, H:i", use_l10n=False)}


def amount_words(amount: Decimal) -> str:
    """“15”, “10,000”, “0.2”."""
    return f"{amount.normalize():,f}"


def within_words(within: timedelta) -> str:
    """A window in words: “a day”, “in 15 minutes”."""
    units = (
        (timedelta(days=1), _("a day"), _("in %(count)d days")),
        (timedelta(hours=1), _("an hour"), _("in %(count)d hours")),
        (timedelta(minutes=1), _("a minute"), _("in %(count)d minutes")),
    )
    for unit, one, many in units:
        if within == unit:
            return one
        if within % unit == timedelta(0):
            return many % {"count": within // unit}
    return _("in %(count)d seconds") % {"count": within.total_seconds()}


def _put_off(rows: Sequence[Delivery]) -> None:
    if rows:
        Delivery.objects.bulk_update(rows, ["state", "fence", "due_at", "reason_code", "reason", "advice"])


def _forget_reasons(rows: Sequence[Delivery]) -> None:
    """Whose turn has come waits no longer."""
    for row in rows:
        row.reason_code = row.reason = row.advice = ""
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(reason_code="", reason="", advice="")


# --- the networks' own word ---


def observe(account: Account, limit: RateLimit) -> None:
    """Heed what an answer's headers say: write down what is left, and wait where that is nothing."""
    if limit.remaining * 2 <= limit.limit:  # what is plentiful paces nobody
        _note(account, limit)
    if limit.remaining <= 0:
        hold_back(account, clock.never_early(limit.resets_at), limit.each)


def _note(account: Account, limit: RateLimit) -> None:
    known = (
        quota
        for quota in account.platform.quotas
        if quota.endpoint == limit.endpoint and quota.each == limit.each
    )
    what = next((quota.what for quota in known), limit.endpoint)
    bucket = Bucket(
        key=key_of(account, what, limit.each),
        limit=limit.limit,
        remaining=limit.remaining,
        resets_at=limit.resets_at,
        observed_at=clock.moment(),
    )
    Bucket.objects.bulk_create(
        [bucket],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["limit", "remaining", "resets_at", "observed_at"],
    )


def limited(account: Account, error: RateLimited) -> datetime:
    """Heed a refusal for too much: until when whom it concerns waits."""
    until = clock.never_early(error.retry_at) if error.retry_at else clock.moment() + LIMITED_FOR
    hold_back(account, until, error.each)
    return until


def hold_back(account: Account, until: datetime, each: Each = "account") -> None:
    """Nothing of this account, or of our whole app at its server, is claimed before then. Never shortened."""
    sooner = Q(limited_until=None) | Q(limited_until__lt=until)
    if each == "account":
        same = Account.objects.filter(
            platform_name=account.platform_name, server=account.server, remote_id=account.remote_id
        )
        same.filter(sooner).update(limited_until=until)
        return
    app = account.platform.app_of or account.platform_name
    names = [platform.name for platform in PLATFORMS.values() if app in (platform.name, platform.app_of)]
    circuits = [Circuit(platform_name=name, server=account.server) for name in names]
    Circuit.objects.bulk_create(circuits, ignore_conflicts=True)
    held = Circuit.objects.filter(platform_name__in=names, server=account.server)
    held.filter(sooner).update(limited_until=until)


def prune(moment: datetime) -> int:
    """Forget what no window and no month counts any more."""
    return Spend.objects.filter(at__lt=moment - KEPT).delete()[0]
