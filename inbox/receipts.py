"""What networks told our webhook: kept first, worked off after.

A receipt is worked off in one transaction with what it leads to. One that stops us (a fault of ours) is tried
alone the third time, so that it stops no other, and is put aside in words after five.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.connections import client_for, platform_client
from accounts.models import Account
from inbox import arrivals, feeds
from inbox.models import Feed, Receipt
from platforms.base import Platform
from platforms.content import Event, Incoming, Message
from platforms.registry import PLATFORMS
from publishing import bell
from publishing.models import Delivery, State

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
BATCH = 200
ALONE_FROM, MOST_TRIES = 2, 5
WRITTEN = frozenset({"message", "message_edited"})
TOLD = WRITTEN | {"message_deleted"}


# --- keeping ---


def keep(platform: type[Platform], body: str, digest: str, account: Account | None = None) -> bool:
    """Write a verified call down. False where it is known: the same call again tells nothing new."""
    try:
        with transaction.atomic():
            row = Receipt.objects.create(
                platform_name=platform.name, body=body, digest=digest, account=account
            )
    except IntegrityError:
        return False
    # Where another one waits, its bell rings for both: whoever works it off goes on until nothing is left.
    others = Receipt.objects.filter(due_at__isnull=False, lease_until=None).exclude(pk=row.pk)
    if not others.filter(received_at__gt=now() - timedelta(seconds=30)).exists():
        ring()
    return True


def ring() -> None:
    """Have what was told worked off now."""
    async_task("inbox.tasks.work_off", cluster="default")


# --- working off ---


def work_off(at_most: int = BATCH) -> int:
    """Take the oldest receipts and do what they tell. How many were taken."""
    taken = claim(at_most)
    if not taken:
        return 0
    for row in [row for row in taken if row.tries > MOST_TRIES]:
        _put_aside(row)
    _follow([row for row in taken if row.tries <= MOST_TRIES])
    return len(taken)


def claim(at_most: int) -> list[Receipt]:
    """The oldest that are due and free, under a lease; one alone where it has stopped us before."""
    moment = now()
    free = Q(lease_until=None) | Q(lease_until__lte=moment)
    due = Receipt.objects.filter(free, due_at__lte=moment).order_by("due_at", "pk")
    rows = list(due[:at_most])
    if rows and rows[0].tries >= ALONE_FROM:
        rows = rows[:1]
    else:
        rows = [row for row in rows if row.tries < ALONE_FROM]
    for row in rows:
        row.tries += 1
    pks = [row.pk for row in rows]
    with transaction.atomic():
        held = Receipt.objects.filter(free, pk__in=pks, due_at__lte=moment).select_for_update(
            skip_locked=True
        )
        mine = set(held.values_list("pk", flat=True))
        Receipt.objects.filter(pk__in=mine).update(lease_until=moment + LEASE, tries=F("tries") + 1)
    return [row for row in rows if row.pk in mine]


def _put_aside(row: Receipt) -> None:
    problem = _("It stopped our workers five times.")
    Receipt.objects.filter(pk=row.pk).update(due_at=None, lease_until=None, problem=problem)
    log.error("a receipt was put aside", receipt=row.pk, network=row.platform_name)


@transaction.atomic
def _follow(rows: Sequence[Receipt]) -> None:
    """Do what some receipts tell, account by account, and mark them as worked off."""
    for name in sorted({row.platform_name for row in rows}):
        reader = _Reader(PLATFORMS[name], [row for row in rows if row.platform_name == name])
        for account, events in reader.told():
            follow(account, events)
    done = Receipt.objects.filter(pk__in=[row.pk for row in rows])
    done.update(due_at=None, lease_until=None)


class _Reader:
    """Reads the receipts of one network: what they tell each account, read by its own client."""

    def __init__(self, platform: type[Platform], rows: Sequence[Receipt]) -> None:
        self._rows = rows
        self._client = client_for(platform)
        names = [platform.name, *(one.name for one in PLATFORMS.values() if one.app_of == platform.name)]
        connected = Account.objects.connected().filter(platform_name__in=names).select_related("workspace")
        if platform.hooks_name_account:
            self._named = {row.pk: self._ids(row) for row in rows}
            ids = set().union(*self._named.values())
            self._accounts = list(connected.filter(remote_id__in=ids).order_by("pk"))
        else:
            self._named = {}
            self._accounts = list(connected.order_by("pk"))
        self._clients: dict[int, Platform] = {}

    def told(self) -> Iterator[tuple[Account, list[Event]]]:
        """Each account with its events, in their order."""
        for account in self._accounts:
            events = [event for row in self._rows for event in self._events(row, account)]
            if events:
                yield account, events

    def _ids(self, row: Receipt) -> set[str]:
        """The accounts that a call names."""
        return {event.account_id for event in _parsed(row, self._client) if event.account_id}

    def _events(self, row: Receipt, account: Account) -> list[Event]:
        """Those of a call that are about this account; what names none can be about the only one."""
        if self._named and account.remote_id not in self._named[row.pk]:
            return []
        if row.account_id not in (None, account.pk):
            return []
        is_alone = not self._named and (row.account_id == account.pk or len(self._accounts) == 1)
        events = _parsed(row, self._client_of(account))
        return [
            event
            for event in events
            if event.account_id == account.remote_id or (is_alone and not event.account_id)
        ]

    def _client_of(self, account: Account) -> Platform:
        if account.pk not in self._clients:
            self._clients[account.pk] = platform_client(account, app=self._client.app)
        return self._clients[account.pk]


def _parsed(row: Receipt, client: Platform) -> list[Event]:
    """What a call tells, nothing where it cannot be read; its receipt says so then."""
    try:
        return client.parse_webhook(Incoming("POST", "", {}, {}, row.body.encode()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = _("It cannot be read: %(error)s") % {"error": f"{type(error).__name__} {error}"}
        Receipt.objects.filter(pk=row.pk).update(problem=problem[:300])
        log.error("a verified call cannot be read", receipt=row.pk, network=row.platform_name, exc_info=error)
        return []


# --- following ---


def follow(account: Account, events: Sequence[Event]) -> None:
    """Do what was told of one account, in its order: what was written, what was deleted, all the rest."""
    heard_from = _heard(account) if any(event.kind in TOLD for event in events) else now()
    written = [event.message for event in events if event.message and event.kind in WRITTEN]
    for messages in _rounds(written):
        arrivals.take(account, messages, heard_from=heard_from)
    gone = [event.remote_id for event in events if event.kind == "message_deleted"]
    if gone:
        arrivals.remove(account, gone)
    kinds = {event.kind for event in events}
    if "revoked" in kinds:
        _revoked(account)
    if kinds & {"post_published", "post_failed"}:
        _look_at_posts(account)
    if any(event.message is None and event.kind in {"message", "other"} for event in events):
        feeds.look_soon([account.pk])


def _rounds(written: Iterable[Message]) -> list[list[Message]]:
    """The messages in their order, a new list whenever one comes again: it was edited in between."""
    rounds: list[list[Message]] = []
    seen: set[str] = set()
    for message in written:
        if message.remote_id in seen or not rounds:
            rounds.append([])
            seen = set()
        rounds[-1].append(message)
        seen.add(message.remote_id)
    return rounds


def _heard(account: Account) -> datetime:
    """Its webhook is alive. What was written before we first listened is history."""
    begun_at = feeds.begun_at(account.connected_at)
    feed, _is_new = Feed.objects.get_or_create(account=account, defaults={"begun_at": begun_at})
    Feed.objects.filter(pk=feed.pk).update(hooked_at=now())
    return feed.begun_at


def _revoked(account: Account) -> None:
    """Somebody took our permission back on the network."""
    trouble = _("The permission was taken back on %(network)s.") % {"network": account.platform.label}
    still = Account.objects.filter(pk=account.pk, state=Account.State.CONNECTED)
    still.update(state=Account.State.EXPIRED, trouble=trouble, refresh_at=None)


def _look_at_posts(account: Account) -> None:
    """Something became of a post: those that wait for the network are looked at now."""
    waiting = Delivery.objects.filter(
        account=account, state=State.PUBLISHING, reason_code="processing", due_at__gt=now()
    )
    if waiting.update(due_at=now()):
        bell.ring()
