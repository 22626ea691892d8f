"""What the cluster `default` runs for people and accounts. Tasks take nothing or ids, and may run twice."""

import time
from collections import Counter
from datetime import datetime

import structlog
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import connections_ending, exporting, farewells, invitations, notices, webhook_sending
from accounts.limits import read_limits
from accounts.models import (
    Account,
    ChatCode,
    ChatMessage,
    Happening,
    IdempotentRequest,
    Notification,
    OAuthState,
    PendingConnection,
    Webhook,
)
from accounts.pictures import fetch_picture
from accounts.tokens import renew_due
from platforms.errors import PlatformError, TokenExpired

log = structlog.get_logger(__name__)

# Minutes between runs; the launcher makes the schedules from this.
SCHEDULES = {
    "refresh tokens": ("accounts.tasks.refresh_tokens", 1),
    "tell of connections": ("accounts.tasks.tell_of_connections", 1),
    "mail notices": ("accounts.tasks.mail_notices", 1),
    "mail invitations": ("accounts.tasks.mail_invitations", 1),
    "send webhooks": ("accounts.tasks.send_webhooks", 1),
    "copy data": ("accounts.tasks.export_data", 1),
    "delete what is to go": ("accounts.tasks.say_farewell", 60),
    "read limits": ("accounts.tasks.read_all_limits", 60),
    "sweep what has expired": ("accounts.tasks.sweep", 24 * 60),
}

BUDGET_SECONDS = 240.0  # a task of the cluster is ended after 300
FAILURES_BEFORE_NEXT_NETWORK = 2


def refresh_tokens() -> int:
    """Renew every token that is due, oldest first; a network that is down does not hold up the others."""
    end = time.monotonic() + BUDGET_SECONDS
    failures: Counter[tuple[str, str]] = Counter()
    renewed = 0
    expire(now())
    for account in Account.objects.due_for_refresh(now()).defer("credentials").order_by("refresh_at"):
        network = (account.platform_name, account.server)
        if time.monotonic() > end:
            break
        if failures[network] >= FAILURES_BEFORE_NEXT_NETWORK:
            continue
        try:
            renew_due(account)
            renewed += 1
        except TokenExpired:
            continue  # said on the accounts page
        except PlatformError:
            failures[network] += 1
    return renewed


def read_all_limits() -> int:
    """Read afresh what accounts may do and choose, the longest unread first; a failure changes nothing."""
    end = time.monotonic() + BUDGET_SECONDS
    read = 0
    stale = Account.objects.filter(state=Account.State.CONNECTED).defer("credentials")
    for account in stale.order_by(F("limits_read_at").asc(nulls_first=True)):
        if time.monotonic() > end:
            break
        if not account.platform.can("account_limits"):
            continue
        try:
            read_limits(account)
            read += 1
        except PlatformError as error:
            log.info("limits not read", account=account.pk, code=error.code)
    return read


def expire(moment: datetime) -> int:
    """Mark what ended and cannot be renewed by itself."""
    ended = Account.objects.filter(state=Account.State.CONNECTED, refresh_at=None, expires_at__lte=moment)
    return ended.update(state=Account.State.EXPIRED, trouble=_("The connection has ended."))


def tell_of_connections() -> int:
    """Tell those who can mend it of connections that have ended or soon will."""
    return connections_ending.tell(now())


def mail_notices() -> int:
    """Mail what people were told and have not been mailed."""
    return notices.mail_unmailed()


def mail_invitations() -> int:
    """Mail the invitations that are due."""
    return invitations.mail_due()


def send_webhooks() -> int:
    """Send what webhooks are to be told of now."""
    return webhook_sending.send_due()


def export_data() -> int:
    """Make the copies of workspaces' data that were asked for."""
    return exporting.make_due()


def say_farewell() -> int:
    """Delete the people and workspaces whose time of grace is over."""
    return farewells.delete_due(now())


def fetch_pictures(ids: list[int]) -> None:
    """Copy the pictures of accounts that were connected just now."""
    for account in Account.objects.filter(pk__in=ids).defer("credentials"):
        fetch_picture(account)


def sweep() -> int:
    """Delete unfinished connections, answers that nobody will ask for again, old notices and news."""
    moment = now()
    deleted = 0
    for model, age in (
        (OAuthState, OAuthState.LIFETIME),
        (PendingConnection, PendingConnection.LIFETIME),
        (IdempotentRequest, IdempotentRequest.LIFETIME),
        (Notification, Notification.LIFETIME),
        (Happening, Happening.LIFETIME),
        (ChatCode, ChatCode.LIFETIME),
        (ChatMessage, ChatMessage.LIFETIME),
    ):
        deleted += model.objects.filter(created_at__lt=moment - age).delete()[0]
    Webhook.objects.filter(old_secret_until__lte=moment).update(old_secret=None, old_secret_until=None)
    log.info("swept", rows=deleted)
    return deleted
