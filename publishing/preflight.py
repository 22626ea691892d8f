"""The preflight: what can be known to be wrong before anything is sent, by the publisher's own rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Account
from platforms.content import Draft
from platforms.rules import Finding
from platforms.transport import is_private_host
from publishing.drafts import make_draft, tags_for
from publishing.models import Delivery
from publishing.renditions import unfitted


@dataclass(frozen=True)
class Obstacle:
    """A finding and whose it is; without an account it concerns the post as a whole."""

    finding: Finding
    account: Account | None = None

    def __str__(self) -> str:
        return f"{self.account}: {self.finding.message}" if self.account else self.finding.message


class Refusal(Exception):
    """Nothing was done. The obstacles say what stands in the way."""

    def __init__(self, *obstacles: Obstacle) -> None:
        super().__init__(" ".join(str(obstacle) for obstacle in obstacles))
        self.obstacles = obstacles

    @classmethod
    def because(cls, code: str, message: str, field: str = "") -> "Refusal":
        """Refuse the post as a whole."""
        return cls(Obstacle(Finding(code, message, field)))

    @property
    def codes(self) -> set[str]:
        return {obstacle.finding.code for obstacle in self.obstacles}


def examine(account: Account, draft: Draft) -> list[Finding]:
    """What the account's state and the network's rules have to say about a draft."""
    return [
        *_examine_account(account),
        *_examine_reach(account, draft),
        *account.platform.check(draft, account.limits),
    ]


def _examine_reach(account: Account, draft: Draft) -> Iterable[Finding]:
    """Some networks read media from our address, which must then be a public one."""
    platform = account.platform
    if not (platform.must_fetch(draft) and is_private(settings.SITE_URL)):
        return
    if not is_private(settings.NETWORKS[platform.name]["api_url"]):
        message = _("%(network)s fetches media from this site, and %(site)s cannot be reached from outside.")
        yield Finding(
            "site_not_public",
            message % {"network": platform.label, "site": settings.SITE_URL},
            "media",
        )


def is_private(url: str) -> bool:
    """Whether an address is plainly not a public one."""
    return is_private_host(urlsplit(url).netloc)


def _examine_account(account: Account) -> Iterable[Finding]:
    if account.state == Account.State.DISCONNECTED:
        yield Finding(
            "account_disconnected", _("The account was disconnected. Connect it again first."), "account"
        )
    elif account.state == Account.State.EXPIRED:
        yield Finding("account_expired", _("The account must be connected again first."), "account")
    elif account.is_paused:
        yield Finding(
            "account_paused",
            _("The account is paused: nothing goes out before it is resumed."),
            "account",
            severity="warning",
        )


def examine_deliveries(deliveries: Iterable[Delivery]) -> list[Obstacle]:
    """What each delivery would meet."""
    return [
        Obstacle(finding, delivery.account)
        for delivery in deliveries
        for finding in examine(delivery.account, stored_draft(delivery))
    ]


def stored_draft(delivery: Delivery) -> Draft:
    """A delivery's draft with pictures as they lie in the library: nothing is read, nothing rendered."""
    return make_draft(
        key=str(delivery.pk),
        created_at=delivery.post.created_at,
        account=delivery.account,
        text=delivery.effective_text,
        media=unfitted(delivery.pictures),
        options=delivery.options,
        tags=tags_for(delivery),
    )


def refuse_errors(obstacles: Iterable[Obstacle]) -> None:
    """Raise Refusal with all errors among them; warnings pass."""
    errors = [obstacle for obstacle in obstacles if obstacle.finding.severity == "error"]
    if errors:
        raise Refusal(*errors)
