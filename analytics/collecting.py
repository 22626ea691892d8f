"""Asking networks for numbers, on a rhythm that follows a post's life.

The row says what is asked next (`Look.due_at`), so a worker may die at any line: its lease ends, and the next
one asks again. A snapshot and all that follows from it are written in one transaction under the look's fence.
"""

import time
from collections import Counter
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account
from accounts.tokens import ensure_fresh
from analytics import allowance, keeping
from analytics.models import Look
from analytics.rhythm import next_look_at_account, next_look_at_post
from platforms.base import Platform
from platforms.content import Metrics
from platforms.errors import (
    ClientRefused,
    NotFound,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.quotas import Each
from publishing.models import Delivery, State
from publishing.scheduling import CONFIRMED

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=10)
BATCH = 20
MOST_FAILURES = 3  # of a network in one turn
ANSWERED, DOWN, NOT_NOW, ACCOUNT_WAITS, APP_WAITS = "answered", "down", "not now", "account", "app"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)
LIMITED_FOR = timedelta(minutes=15)  # where a network does not say until when
LEAST_LIMIT = timedelta(minutes=1)  # clocks differ, and what may be asked at once is asked in a circle
GONE_SURELY = 2  # so often a post is not found before it is taken as gone
ASK_AGAIN = timedelta(hours=1)

Network = tuple[str, str]


# --- whom to ask ---


def find_new(since: datetime | None = None) -> int:
    """Posts and accounts that nobody asks yet. `since`: only posts that were due after it."""
    out = Delivery.objects.filter(state=State.PUBLISHED, published_at__isnull=False, look=None)
    if since:
        out = out.filter(due_at__gte=since)
    posts = list(out.select_related("account__workspace"))
    accounts = list(Account.objects.connected().filter(look=None).select_related("workspace"))
    with transaction.atomic():
        Look.objects.bulk_create(
            [
                *(_look_at_account(account) for account in accounts),
                *(_look_at_post(delivery) for delivery in posts),
            ],
            ignore_conflicts=True,
        )
        keeping.touch_posts(posts)
    return len(posts) + len(accounts)


def _look_at_account(account: Account) -> Look:
    asks = account.platform.can("account_metrics")
    return Look(account=account, due_at=now() if asks else None, zone=account.workspace.timezone)


def _look_at_post(delivery: Delivery) -> Look:
    """Its first look; one that should have been long ago is made now."""
    published_at = delivery.published_at or now()
    if not delivery.account.platform.can("post_metrics"):
        return Look(delivery=delivery, due_at=None, problem_code="not_offered")
    if delivery.remote_id == CONFIRMED:
        return Look(delivery=delivery, due_at=None, problem_code="no_address")
    first = next_look_at_post(published_at, published_at)
    return Look(delivery=delivery, due_at=max(first or now(), now()))


def claim(moment: datetime, most: int = BATCH, skipped: frozenset[Network] = frozenset()) -> list[Look]:
    """Looks that are due, ours for ten minutes. What cannot be asked (account expired, limited) waits."""
    with transaction.atomic():
        due = Look.objects.due(moment).filter(
            _reachable("account__", moment) | _reachable("delivery__account__", moment)
        )
        for name, server in skipped:
            due = due.exclude(
                Q(account__platform_name=name, account__server=server)
                | Q(delivery__account__platform_name=name, delivery__account__server=server)
            )
        due = due.order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(of=("self",), skip_locked=True)
        ids = [look.pk for look in due[:most]]
        Look.objects.filter(pk__in=ids).update(lease_until=moment + LEASE, fence=F("fence") + 1)
    rows = Look.objects.filter(pk__in=ids).order_by("due_at", "pk")
    return list(rows.select_related("account__workspace", "delivery__account__workspace", "delivery__post"))


def _reachable(path: str, moment: datetime) -> Q:
    free = Q(**{f"{path}limited_until": None}) | Q(**{f"{path}limited_until__lte": moment})
    return free & Q(**{f"{path}state": Account.State.CONNECTED})


# --- asking ---


def collect(seconds: float = 50.0) -> int:
    """Ask what is due, until nothing is or the time is over; how many answers there were."""
    end = time.monotonic() + seconds
    turn = Turn()
    while time.monotonic() < end and (looks := claim(now(), skipped=turn.down)):
        for look in looks:
            if time.monotonic() < end and turn.may(look):
                turn.note(look, ask(look))
            else:
                look.settle()  # not asked after all; whoever comes next may have it
    return turn.answers


class Turn:
    """What was learnt while asking: who is down, and who wants to be left alone for a while."""

    def __init__(self) -> None:
        self.answers = 0
        self._failures: Counter[Network] = Counter()
        self._limited: set[int | Network] = set()

    @property
    def down(self) -> frozenset[Network]:
        return frozenset(name for name, count in self._failures.items() if count >= MOST_FAILURES)

    def may(self, look: Look) -> bool:
        network = network_of(look)
        is_limited = network in self._limited or account_of(look).pk in self._limited
        return network not in self.down and not is_limited

    def note(self, look: Look, outcome: str) -> None:
        self.answers += outcome == ANSWERED
        self._failures[network_of(look)] += outcome == DOWN
        if outcome == ACCOUNT_WAITS:
            self._limited.add(account_of(look).pk)
        elif outcome == APP_WAITS:
            self._limited.add(network_of(look))


def account_of(look: Look) -> Account:
    if look.account:
        return look.account
    assert look.delivery is not None  # noqa: S101  (a constraint of the table)
    return look.delivery.account


def network_of(look: Look) -> Network:
    account = account_of(look)
    return account.platform_name, account.server


def ask(look: Look) -> str:
    """One look, and what came of it."""
    account, moment = account_of(look), now()
    room_at = allowance.room_at(account, moment)
    if room_at > moment:
        look.settle(due_at=room_at)
        return NOT_NOW
    allowance.take(account, moment)
    try:
        is_kept = keeping.keep(look, _metrics(look, account), now(), due_at=_next(look, now()))
    except PlatformError as error:
        return _failed(look, account, error)
    except Exception:
        log.exception("a fault of ours: this is asked again later, the others now", look=look.pk)
        _failed(look, account, Unavailable(_("It could not be read, by a fault of ours.")))
        return NOT_NOW
    if not is_kept:
        log.info("somebody else asked", look=look.pk)
    return ANSWERED


def _metrics(look: Look, account: Account) -> Metrics:
    """The answer; a token that expired is renewed once."""
    delivery = look.delivery

    def told_by(client: Platform) -> Metrics:
        return client.post_metrics(delivery.published) if delivery else client.account_metrics()

    account = ensure_fresh(account)
    try:
        return told_by(platform_client(account))
    except TokenExpired:
        return told_by(platform_client(ensure_fresh(account, force=True)))


def _next(look: Look, moment: datetime) -> datetime | None:
    if look.account:
        return next_look_at_account(look.account.pk, look.account.workspace.zone, moment)
    published_at = look.delivery.published_at if look.delivery else None
    return next_look_at_post(published_at or moment, moment)


# --- what comes of a failure ---


def _failed(look: Look, account: Account, error: PlatformError) -> str:
    """When to ask again, and the sentence that the page shows until then."""
    moment = now()
    log.info("numbers not read", look=look.pk, network=account.platform_name, code=error.code)
    outcome, due_at = NOT_NOW, look.due_at
    if isinstance(error, RateLimited):
        outcome = ACCOUNT_WAITS if error.each == "account" else APP_WAITS
        due_at = max(error.retry_at or moment + LIMITED_FOR, moment + LEAST_LIMIT)
        _postpone(account, error.each, due_at)
    elif isinstance(error, TokenExpired):
        # The account says that it is to be connected again; the look stays due, and is made after that.
        is_over = not Account.objects.filter(pk=account.pk, state=Account.State.CONNECTED).exists()
        due_at = look.due_at if is_over else moment + LONGEST_PAUSE
    elif isinstance(error, ClientRefused):
        # Our own registration is wrong there: all that is asked for this account would be refused as well.
        outcome, due_at = ACCOUNT_WAITS, moment + LONGEST_PAUSE
        _postpone(account, "account", due_at)
    elif isinstance(error, NotFound) and look.delivery:
        due_at = _not_found(look, moment)
    elif isinstance(error, Refused):
        due_at = max(_next(look, moment) or moment, moment + LONGEST_PAUSE)
    else:
        outcome, due_at = DOWN, moment + min(FIRST_PAUSE * 2 ** min(look.failures, 10), LONGEST_PAUSE)
    look.settle(
        due_at=due_at,
        failures=look.failures + 1,
        problem_code=error.code,
        problem=error.message[:500],
    )
    return outcome


def _not_found(look: Look, moment: datetime) -> datetime | None:
    """Networks are slow to show what is new, so it must be missing twice; then it is asked no more."""
    is_gone = look.problem_code == NotFound.code and look.failures + 1 >= GONE_SURELY
    return None if is_gone else moment + ASK_AGAIN


def _postpone(account: Account, each: Each, until: datetime) -> None:
    """All that is concerned waits: the account, or everybody whom our app speaks for there."""
    if each == "account":
        whose = Q(account=account) | Q(delivery__account=account)
    else:
        same = {"platform_name": account.platform_name, "server": account.server}
        whose = Q(**{f"account__{name}": value for name, value in same.items()}) | Q(
            **{f"delivery__account__{name}": value for name, value in same.items()}
        )
    Look.objects.filter(whose, due_at__lt=until).update(due_at=until)
