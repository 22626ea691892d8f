"""What networks told our webhook: kept first, worked off after.

A receipt is worked off in one transaction with what it leads to. One that stops us (a fault of ours) is tried
alone the third time, so that it stops no other, and is put aside in words after five.
"""

from collections.abc import Iterable, Sequence
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
from platforms.content import Event, Incoming
from platforms.registry import PLATFORMS
from publishing import bell
from publishing.models import Delivery, State

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
BATCH = 200
ALONE_FROM, MOST_TRIES = 2, 5
TOLD = frozenset({"message", "message_edited", "message_deleted"})


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
    told: dict[int, list[Event]] = {}
    accounts: dict[int, Account] = {}
    for row in rows:
        for account, events in _events(row):
            accounts[account.pk] = account
            told.setdefault(account.pk, []).extend(events)
    for pk in sorted(told):
        follow(accounts[pk], told[pk])
    done = Receipt.objects.filter(pk__in=[row.pk for row in rows])
    done.update(due_at=None, lease_until=None)


def _events(row: Receipt) -> list[tuple[Account, list[Event]]]:
    """What a receipt tells each account that it is about, as that account's own client reads it."""
    platform = PLATFORMS[row.platform_name]
    call = Incoming("POST", "", {}, {}, row.body.encode())
    try:
        if platform.hooks_name_account:
            named = {event.account_id for event in client_for(platform).parse_webhook(call)}
        else:
            named = set()
        found = [
            (account, _own(platform_client(account).parse_webhook(call), account, alone=is_alone))
            for account, is_alone in _accounts(row, platform, named)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = _("It cannot be read: %(error)s") % {"error": f"{type(error).__name__} {error}"}
        Receipt.objects.filter(pk=row.pk).update(problem=problem[:300])
        log.error("a verified call cannot be read", receipt=row.pk, network=row.platform_name, exc_info=error)
        return []
    return [(account, events) for account, events in found if events]


def _own(events: Iterable[Event], account: Account, *, alone: bool) -> list[Event]:
    """Those that are about this account; `alone`: what names no account can only be for this one."""
    return [
        event for event in events if event.account_id == account.remote_id or (alone and not event.account_id)
    ]


def _accounts(row: Receipt, platform: type[Platform], named: Iterable[str]) -> list[tuple[Account, bool]]:
    """The accounts that a call may be about, and of each whether what names none is its own."""
    names = [platform.name, *(other.name for other in PLATFORMS.values() if other.app_of == platform.name)]
    rows = Account.objects.connected().filter(platform_name__in=names).select_related("workspace")
    if platform.hooks_name_account:
        return [(account, False) for account in rows.filter(remote_id__in=[name for name in named if name])]
    if row.account_id is not None:
        return [(account, True) for account in rows.filter(pk=row.account_id)]
    found = list(rows)
    return [(account, len(found) == 1) for account in found]


# --- following ---


def follow(account: Account, events: Sequence[Event]) -> None:
    """Do what was told of one account, in its order: what was written, what was deleted, all the rest."""
    heard_from = _heard(account) if any(event.kind in TOLD for event in events) else now()
    written = [event.message for event in events if event.message is not None]
    arrivals.take(account, written, heard_from=heard_from)
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


def _heard(account: Account) -> datetime:
    """Its webhook is alive. What was written before we first listened is history."""
    feed, _is_new = Feed.objects.get_or_create(account=account)
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
