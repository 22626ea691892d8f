"""What an account may do and choose at its network: read when it is connected, and again when it matters."""

from collections.abc import Mapping

from django.utils.timezone import now

from accounts.connections import platform_client
from accounts.models import Account
from accounts.tokens import ensure_fresh
from platforms.content import Json


def read_limits(account: Account) -> Mapping[str, Json]:
    """Ask the network and keep its answer. Raises PlatformError in words; then what was known stays."""
    if not account.platform.can("account_limits"):
        return dict(account.limits)
    account = ensure_fresh(account)
    limits: dict[str, Json] = {**account.limits, **platform_client(account).account_limits()}
    Account.objects.filter(pk=account.pk).update(limits=limits, limits_read_at=now())
    account.limits = limits
    return limits
