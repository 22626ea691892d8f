"""Keeping tokens alive: one refresh at a time per account, saved before use, and no blip disconnects.

The row is the lock: `refresh_lease_until` says that somebody asks the network just now, `refreshed_at` is the
version that a late answer must still find.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.connections import platform_client
from accounts.models import Account
from platforms.base import Platform
from platforms.content import Token
from platforms.errors import (
    NotReady,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)

log = structlog.get_logger(__name__)

GOOD_FOR = timedelta(minutes=3)  # what a token must still have before work begins
LEASE = timedelta(minutes=5)  # longer than any refresh can take
LOOK_AGAIN = timedelta(seconds=2)  # while somebody else renews
LEAST_INTERVAL = timedelta(seconds=30)  # a token that was renewed a moment ago is not renewed again
SHARE_OF_LIFE = 2 / 3  # a token of two hours is renewed after 80 minutes
FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(minutes=30)


def ensure_fresh(account: Account, *, force: bool = False) -> Account:
    """The account with a token that is good for some minutes. `force`: the network just refused its token.

    Raises TokenExpired where a person must connect again; Unavailable, RateLimited or NotReady where it goes
    on later.
    """
    if account.state != Account.State.CONNECTED:
        raise TokenExpired(account.trouble or _("The connection has ended."))
    if not force and _is_good(account):
        return account
    if force:
        refused = account.token.access if account.token else ""
        return _renew(account.pk, partial(_is_another, refused=refused))
    try:
        return _renew(account.pk, _is_good)
    except (Unavailable, RateLimited, Refused, NotReady):
        if _is_good(account, timedelta(0)):
            return account  # not renewed, but not over yet either
        raise


def renew_due(account: Account) -> None:
    """Renew a token whose time has come, unless somebody else is at it. Raises PlatformError."""
    with suppress(NotReady):
        _renew(account.pk, _is_not_due)


def refresh_at(platform: type[Platform], token: Token, moment: datetime) -> datetime | None:
    """When a token should be renewed: well before it ends; None where that is not needed or possible."""
    if token.expires_at is None or not token.refresh or not platform.can("refresh"):
        return None
    return moment + (token.expires_at - moment) * SHARE_OF_LIFE


def token_columns(platform: type[Platform], token: Token) -> dict[str, object]:
    """The columns that hold a token which was granted just now."""
    moment = now()
    return {
        "credentials": {"access": token.access, "refresh": token.refresh, "extra": dict(token.extra)},
        "scopes": list(token.scopes),
        "expires_at": token.expires_at,
        "refresh_at": refresh_at(platform, token, moment),
        "refreshed_at": moment,
        "refresh_failures": 0,
        "refresh_lease_until": None,
        "trouble": "",
    }


def _is_good(account: Account, remaining: timedelta = GOOD_FOR) -> bool:
    return account.expires_at is None or account.expires_at - now() > remaining


def _is_not_due(account: Account) -> bool:
    return account.refresh_at is None or account.refresh_at > now()


def _is_another(account: Account, refused: str) -> bool:
    """Whether the row holds another token than the one that the network has just refused."""
    if account.token is not None and account.token.access != refused:
        return _is_good(account, timedelta(0))
    if account.refreshed_at and now() - account.refreshed_at < LEAST_INTERVAL:
        raise Unavailable(_("The connection was renewed a moment ago; the network does not accept it yet."))
    return False


def _renew(pk: int, is_settled: Callable[[Account], bool]) -> Account:
    """Renew under the account's lock, unless the row, read again under it, shows that it is settled."""
    lease = _take_lease(pk)
    account = Account.objects.select_related("workspace").get(pk=pk)
    if account.state != Account.State.CONNECTED:
        raise TokenExpired(account.trouble or _("The connection has ended."))
    try:
        if is_settled(account):
            return account
        if lease is None:
            raise NotReady(_("The connection is being renewed just now."), retry_at=now() + LOOK_AGAIN)
        return _ask_network(account)
    finally:
        if lease:
            Account.objects.filter(pk=pk, refresh_lease_until=lease).update(refresh_lease_until=None)


def _take_lease(pk: int) -> datetime | None:
    """The lock, as the moment until which it is ours; None where somebody else holds it."""
    moment = now()
    free = Q(refresh_lease_until=None) | Q(refresh_lease_until__lte=moment)
    taken = Account.objects.filter(free, pk=pk, state=Account.State.CONNECTED).update(
        refresh_lease_until=moment + LEASE
    )
    return moment + LEASE if taken else None


def _ask_network(account: Account) -> Account:
    """Ask for a newer token and save it before anybody uses it."""
    old = account.token or Token("")
    try:
        token = old.successor(platform_client(account).refresh())
    except NotImplementedError:
        raise _give_up(account, TokenExpired(_("The network gave no way to renew the connection."))) from None
    except TokenExpired as error:
        raise _give_up(account, error) from error
    except PlatformError as error:
        raise _postpone(account, error) from error
    if not _save(account, **token_columns(account.platform, token)):
        raise Unavailable(_("The connection was changed while it was being renewed."))
    log.info("token renewed", account=account.pk, network=account.platform_name)
    account.refresh_from_db()
    return account


def _save(account: Account, **columns: object) -> bool:
    """Write only where nobody renewed, reconnected or disconnected the account since it was read."""
    same = Account.objects.filter(
        pk=account.pk, state=Account.State.CONNECTED, refreshed_at=account.refreshed_at
    )
    return same.update(**columns) == 1


def _give_up(account: Account, error: TokenExpired) -> PlatformError:
    """Only the network's definite word ends a connection."""
    if not _save(account, state=Account.State.EXPIRED, trouble=error.message[:500], refresh_at=None):
        return Unavailable(_("The connection was changed while it was being renewed."))
    log.warning("connection ended", account=account.pk, network=account.platform_name, status=error.status)
    return error


def _postpone(account: Account, error: PlatformError) -> PlatformError:
    """Stay connected and try later: 1, 2, 4 ... 30 minutes, or when the network says."""
    pause = min(FIRST_BACKOFF * 2 ** min(account.refresh_failures, 10), LONGEST_BACKOFF)
    wanted = error.retry_at if isinstance(error, RateLimited) else None
    _save(
        account,
        refresh_at=wanted or now() + pause,
        refresh_failures=account.refresh_failures + 1,
    )
    log.warning(
        "token not renewed",
        account=account.pk,
        network=account.platform_name,
        code=error.code,
        status=error.status,
    )
    return (
        Unavailable(error.message, status=error.status, detail=error.detail)
        if isinstance(error, OutcomeUnknown)
        else error
    )
