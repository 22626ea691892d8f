"""Asking the networks what people wrote: one feed an account, each with a cursor and a clock of its own.

A look is taken under a lease; what it brings and the new cursor are written in one transaction that names the
fence, so a look that was cut off, or came late, has never been. Reading holds no post back: a limit that it
meets moves the feed's own clock, and what answers say of limits is not passed on.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account
from accounts.tokens import ensure_fresh
from inbox import arrivals
from inbox.models import Feed, Message
from platforms.content import Inbox, Published
from platforms.errors import PlatformError, RateLimited, Refused, TokenExpired, Unavailable
from platforms.registry import PLATFORMS
from publishing.ledger import LostLease
from publishing.models import Delivery, State

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)  # longer than a task may run, and than clocks may differ
HISTORY = timedelta(days=30)
NEWS = timedelta(hours=1)
MOST_POSTS = 25  # whose comments are asked for in one look
BACKLOG_POSTS = 10  # of the history, in one look
LISTED_FOR = timedelta(hours=1)  # how long a list of posts that were written elsewhere is good
LIMITED_FOR = timedelta(minutes=15)
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(minutes=1), timedelta(minutes=30)
NEEDS_PERSON = timedelta(hours=6)  # until a refusal is tried again by itself
FAILURES_BEFORE_NEXT_NETWORK = 2

# How long after the last thing happened on an account it is asked again after which time.
RHYTHM = (
    (timedelta(minutes=15), timedelta(minutes=1)),
    (timedelta(hours=2), timedelta(minutes=3)),
    (timedelta(days=1), timedelta(minutes=10)),
)
QUIET = timedelta(minutes=20)
SLOWER, SLOWEST = 3, timedelta(minutes=30)  # where a webhook tells us
HOOK_IS_ALIVE = timedelta(days=1)


# --- which, and when ---


def ensure() -> int:
    """A feed for each connected account that can be read. Of two names of one account, one is read."""
    shared = {platform.name: platform.app_of for platform in PLATFORMS.values() if platform.app_of}
    readable = [platform.name for platform in PLATFORMS.values() if platform.can("messages")]
    accounts = Account.objects.filter(state=Account.State.CONNECTED, platform_name__in=readable, feed=None)
    for name, origin in shared.items():
        same = Account.objects.connected().filter(
            workspace=OuterRef("workspace"), remote_id=OuterRef("remote_id"), platform_name=origin
        )
        accounts = accounts.exclude(Q(platform_name=name) & Q(Exists(same)))
    columns = accounts.values_list("pk", "connected_at")
    rows = [Feed(account_id=pk, begun_at=begun_at(connected_at)) for pk, connected_at in columns]
    Feed.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def begun_at(connected_at: datetime) -> datetime:
    """Since when what is written is news: since the connection, unless we were not there to listen then."""
    return max(connected_at, now() - NEWS)


def due(moment: datetime) -> list[Feed]:
    """Feeds to be asked now, the longest waiting first. One that a new connection mends waits no longer."""
    is_time = Q(due_at__lte=moment)
    is_mended = ~Q(problem="") & Q(account__connected_at__gt=F("looked_at"))
    free = Q(lease_until=None) | Q(lease_until__lte=moment)
    rows = Feed.objects.filter(free, is_time | is_mended, account__state=Account.State.CONNECTED)
    return list(rows.select_related("account__workspace").order_by("due_at", "pk"))


def claim(feed: Feed) -> bool:
    """Take a feed under a lease. False where somebody else has it."""
    moment = now()
    free = Q(lease_until=None) | Q(lease_until__lte=moment)
    taken = Feed.objects.filter(free, pk=feed.pk, fence=feed.fence)
    if not taken.update(fence=F("fence") + 1, lease_until=moment + LEASE, looked_at=moment):
        return False
    feed.fence += 1
    return True


def sync(budget_seconds: float) -> int:
    """Ask every feed whose time has come; a network that fails does not hold up the others. How many."""
    end = time.monotonic() + budget_seconds
    failures: Counter[tuple[str, str]] = Counter()
    asked = 0
    for feed in due(now()):
        network = (feed.account.platform_name, feed.account.server)
        if time.monotonic() > end:
            break
        if failures[network] >= FAILURES_BEFORE_NEXT_NETWORK or not claim(feed):
            continue
        asked += 1
        failures[network] += not work(feed)
    return asked


# --- one look ---


@dataclass(frozen=True)
class Look:
    """What a look has brought, and where the feed stands after it."""

    inbox: Inbox
    cursor: dict[str, object]
    backlog: list[str] | None


def work(feed: Feed) -> bool:
    """Ask for one claimed account, and write down what it brings. False where the network failed."""
    with structlog.contextvars.bound_contextvars(feed=feed.pk, network=feed.account.platform_name):
        try:
            _write(feed, _look(feed))
        except LostLease:
            log.warning("lease lost: somebody else reads it")
        except PlatformError as error:
            _failed(feed, error)
            return isinstance(error, Refused | TokenExpired)
        except Exception:
            log.exception("a fault of ours: this account is asked again later, the others now")
            _failed(feed, Unavailable(_("What people wrote could not be read, by a fault of ours.")))
        return True


def _look(feed: Feed) -> Look:
    """Ask the network; a token that it does not take any more is renewed once."""
    account = ensure_fresh(feed.account)
    try:
        return _ask(feed, account)
    except TokenExpired:
        return _ask(feed, ensure_fresh(account, force=True))


def _ask(feed: Feed, account: Account) -> Look:
    """News since the cursor; or the next part of the history, whose first look makes the cursor."""
    client = platform_client(account)
    if account.platform.asks_by_post and _is_old(feed):
        _list_posts(feed, account)
    posts = posts_of(feed)
    if feed.backfilled_at is not None:
        inbox = client.messages(feed.cursor, posts[:MOST_POSTS])
        return Look(inbox, dict(inbox.cursor), [])
    waiting = [post.remote_id for post in posts] if feed.backlog is None else list(feed.backlog)
    part = set(waiting[:BACKLOG_POSTS])
    inbox = client.messages({}, [post for post in posts if post.remote_id in part])
    cursor = dict(inbox.cursor) if feed.backlog is None else {**inbox.cursor, **feed.cursor}
    rest = waiting[BACKLOG_POSTS:] if account.platform.asks_by_post else []
    return Look(inbox, cursor, rest)


def _is_old(feed: Feed) -> bool:
    return feed.posts_at is None or feed.posts_at < now() - LISTED_FOR


def _list_posts(feed: Feed, account: Account) -> None:
    """Learn of posts that were written elsewhere: people comment on them as well."""
    moment = now()
    try:
        listed = platform_client(account).recent(moment - HISTORY)
    except Refused:  # the network lists none for this kind of account
        listed = []
    feed.posts = [[one.remote_id, one.at.isoformat()] for one in listed if one.remote_id]
    feed.posts_at = moment


def posts_of(feed: Feed) -> list[Published]:
    """The account's posts of the last thirty days, newest first, whoever published them."""
    since = now() - HISTORY
    ours = Delivery.objects.filter(
        account=feed.account, state=State.PUBLISHED, published_at__gte=since
    ).exclude(remote_id="")
    found = [(row.published_at or since, row.published) for row in ours.order_by("-published_at")]
    known = {part for _at, post in found for part in (post.remote_id, *post.part_ids)}
    for remote_id, at in feed.posts:
        if remote_id not in known and datetime.fromisoformat(at) >= since:
            found.append((datetime.fromisoformat(at), Published(remote_id, "", (remote_id,))))
    return [post for _at, post in sorted(found, key=lambda pair: pair[0], reverse=True)]


@transaction.atomic
def _write(feed: Feed, look: Look) -> None:
    """Messages, cursor and clock stand together, or none of them does."""
    moment = now()
    earliest = feed.begun_at - HISTORY
    told = [message for message in look.inbox.messages if message.created_at >= earliest]
    is_done = not look.backlog
    mine = Feed.objects.filter(pk=feed.pk, fence=feed.fence)
    standing = {
        "cursor": look.cursor,
        "backlog": look.backlog,
        "posts": feed.posts,
        "posts_at": feed.posts_at,
        "backfilled_at": feed.backfilled_at or (moment if is_done else None),
    }
    if not mine.update(lease_until=None, failures=0, problem="", **standing):
        raise LostLease
    arrivals.take(feed.account, told, heard_from=feed.begun_at)
    mine.update(due_at=moment + pause(feed) if is_done else moment)


def _failed(feed: Feed, error: PlatformError) -> None:
    """Say why, and when it is asked again. What is limited or expired is no failure of the network."""
    failures = min(feed.failures + 1, 100)
    wait = min(FIRST_BACKOFF * 2 ** min(failures - 1, 10), LONGEST_BACKOFF)
    if isinstance(error, RateLimited):
        until = error.retry_at or now() + LIMITED_FOR
    elif isinstance(error, Refused | TokenExpired):
        until = now() + NEEDS_PERSON
    else:
        until = now() + wait
    if isinstance(error, TokenExpired) and not Account.objects.filter(
        pk=feed.account_id, state=Account.State.CONNECTED
    ):
        until = now()  # it is asked as soon as somebody has connected it again
    mine = Feed.objects.filter(pk=feed.pk, fence=feed.fence)
    mine.update(lease_until=None, failures=failures, problem=_sentence(error), due_at=until)
    log.info("not read", error=error.code, status=error.status, until=until.isoformat())


def _sentence(error: PlatformError) -> str:
    words = f"{error.message} {error.action}".strip()
    return (words or _("The network did not say what people wrote."))[:300]


# --- rhythm ---


def pause(feed: Feed) -> timedelta:
    """How long to leave an account alone: a minute while something happens, longer where it is quiet."""
    if settings.INBOX_SECONDS and not feed.account.platform.hooked_kinds:
        return timedelta(seconds=settings.INBOX_SECONDS)
    moment = now()
    idle = moment - max(_last(feed), default=moment - HISTORY)
    usual = next((wait for within, wait in RHYTHM if idle < within), QUIET)
    is_told = feed.hooked_at is not None and feed.hooked_at > moment - HOOK_IS_ALIVE
    return min(usual * SLOWER, SLOWEST) if is_told else usual


def _last(feed: Feed) -> Sequence[datetime]:
    """When somebody last wrote there, and when we last published."""
    written = Message.objects.filter(account=feed.account_id).aggregate(at=Max("created_at"))["at"]
    published = Delivery.objects.filter(account=feed.account_id).aggregate(at=Max("published_at"))["at"]
    return [at for at in (written, published) if at is not None]


def look_soon(accounts: Sequence[int]) -> None:
    """A webhook says that something happened, and not what: have it read, a minute after the last look."""
    moment = now()
    soon = Feed.objects.filter(account__in=accounts, due_at__gt=moment, problem="")
    soon.filter(Q(looked_at=None) | Q(looked_at__lt=moment - RHYTHM[0][1])).update(due_at=moment)
    later = soon.filter(due_at__gt=moment + RHYTHM[0][1])
    later.update(due_at=moment + RHYTHM[0][1])
