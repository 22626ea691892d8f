"""The way to the networks: our registration, the account's token, and one guarded way out per process."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from accounts.models import Account, AppCredential
from platforms.base import Connection, Platform
from platforms.content import App, RateLimit, Token
from platforms.errors import PermissionMissing, TokenExpired
from platforms.registry import PLATFORMS
from platforms.transport import Transport

# failures that connecting the account again may mend
LOST_CODES = (TokenExpired.code, PermissionMissing.code)
ADDRESSES = ("api_url", "auth_url", "upload_url")


def platform_client(
    account: Account, observe: Callable[[RateLimit], None] | None = None, app: App | None = None
) -> Platform:
    """The network's client, ready to speak for an account with its stored token. `app`: if known already."""
    return PLATFORMS[account.platform_name](
        Connection(
            app=app or app_for(account.platform_name, account.server),
            transport=transport(),
            token=account.token,
            remote_id=account.remote_id,
            handle=account.handle,
            limits=account.limits,
            observe=observe or _nobody_listens,
        )
    )


def client_for(platform: type[Platform], server: str = "", token: Token | None = None) -> Platform:
    """The network's client before there is an account: to register, to authorise, to list profiles."""
    return platform(Connection(app=app_for(platform.name, server), transport=transport(), token=token))


def app_for(platform_name: str, server: str = "") -> App:
    """Our registration at a network (what is stored wins over settings) and where the network lives."""
    network = settings.NETWORKS[platform_name]
    stored = AppCredential.objects.filter(platform_name=platform_name, server=server).first()
    registers = PLATFORMS[platform_name].can("register")
    return App(
        client_id=stored.client_id if stored else "" if registers else network["client_id"],
        client_secret=(stored.client_secret or "")
        if stored
        else ""
        if registers
        else network["client_secret"],
        redirect_uri=redirect_uri(platform_name),
        webhook_secret=network.get("webhook_secret", ""),
        **{name: network[name].replace("{server}", server) for name in ADDRESSES},
    )


def redirect_uri(platform_name: str) -> str:
    """Where a network sends people back to; the address to enter in its developer pages."""
    return str(settings.SITE_URL) + reverse("accounts:account-callback", args=[platform_name])


@dataclass(frozen=True)
class Offer:
    """A network that may be connected; `missing` names the settings that an operator must give first."""

    platform: type[Platform]
    missing: tuple[str, ...]

    @property
    def redirect_uri(self) -> str:
        return redirect_uri(self.platform.name)


def offers() -> dict[str, Offer]:
    """Every network by its name, with what is missing before it can be connected."""
    stored = set(AppCredential.objects.filter(server="").values_list("platform_name", flat=True))
    return {
        name: Offer(platform, () if name in stored else missing_settings(platform))
        for name, platform in PLATFORMS.items()
    }


def missing_settings(platform: type[Platform]) -> tuple[str, ...]:
    """The environment names that are needed and not set."""
    if not platform.needs_client_id or platform.can("register"):
        return ()
    return (
        ()
        if settings.NETWORKS[platform.name]["client_id"]
        else (f"{platform.name.upper()}_CLIENT_ID", f"{platform.name.upper()}_CLIENT_SECRET")
    )


def transport() -> Transport:
    """The process's way out. What the operator configured may be private; what a person typed may not."""
    return _transport(frozenset(settings.OUTBOUND_ALLOW) | _configured_hosts())


@cache
def _transport(allow: frozenset[str]) -> Transport:
    return Transport(allow=allow)


def _configured_hosts() -> frozenset[str]:
    urls: Iterable[str] = (network[name] for network in settings.NETWORKS.values() for name in ADDRESSES)
    return frozenset(urlsplit(url).netloc for url in urls if url and "{server}" not in url)


def _nobody_listens(limit: RateLimit) -> None:
    """The account page does not pace anything."""
