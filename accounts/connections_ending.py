"""Connections that have ended, or will within a week or a day: who can mend them is told in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import notices, webhooks
from accounts.models import EXPIRY_WARNING, Account
from accounts.permissions import Permission

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Ending:
    """One thing to say about a connection; the key changes when the account is connected again."""

    account: Account
    kind: str
    key: str
    sentence: str

    @property
    def text(self) -> str:
        return self.sentence % {"account": self.account.handle, "network": self.account.platform.label}

    def emit(self) -> None:
        """The same to webhooks."""
        account = self.account
        webhooks.emit(
            account.workspace_id,
            "account.expired" if account.state == Account.State.EXPIRED else "account.expiring",
            self.key,
            {
                "account": account.pk,
                "platform": account.platform_name,
                "handle": account.handle,
                "expires_at": account.expires_at.isoformat() if account.expires_at else None,
                "detail": self.text,
            },
        )


def tell(moment: datetime) -> int:
    """Tell what nobody was told yet. How many connections that were."""
    endings = list(_endings(moment))
    untold = notices.untold([ending.key for ending in endings])
    new = [ending for ending in endings if ending.key in untold]
    for ending in new:
        with transaction.atomic():  # people and programs, or nobody yet
            notices.tell(
                notices.able(ending.account.workspace_id, Permission.CONNECT),
                kind=ending.kind,
                key=ending.key,
                text=ending.text,
                url=reverse("accounts:account-list"),
                workspace=ending.account.workspace,
            )
            ending.emit()
    return len(new)


def _endings(moment: datetime) -> Iterator[Ending]:
    ended = Q(state=Account.State.EXPIRED)
    ends = Q(state=Account.State.CONNECTED, refresh_at=None, expires_at__lte=moment + EXPIRY_WARNING)
    rows = Account.objects.filter(ended | ends).select_related("workspace").defer("credentials")
    for account in rows.order_by("pk"):
        yield _ending(account, moment)


def _ending(account: Account, moment: datetime) -> Ending:
    since = f"connection:{account.pk}:{account.connected_at:%Y%m%d%H%M%S}"
    if account.state == Account.State.EXPIRED:
        return Ending(
            account,
            "connection_expired",
            f"{since}:ended",
            _("The connection of %(account)s (%(network)s) has ended: nothing goes out. Connect it again."),
        )
    if account.expires_at and account.expires_at <= moment + A_DAY:
        return Ending(
            account,
            "connection_expiring",
            f"{since}:day",
            _("The connection of %(account)s (%(network)s) ends within a day. Connect it again before."),
        )
    return Ending(
        account,
        "connection_expiring",
        f"{since}:week",
        _("The connection of %(account)s (%(network)s) ends within a week. Connect it again before."),
    )
