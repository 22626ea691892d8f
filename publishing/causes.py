"""Failures by what mends them, so that one press tries them all again. Unclear ones are never among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Case, Count, F, Q, Value, When
from django.http import QueryDict

from accounts.connections import LOST_CODES
from accounts.models import Account, Membership
from publishing.models import Delivery, DeliveryQuerySet, State

MOST = 10  # causes shown


class Remedy(StrEnum):
    """What has to happen before trying again is of use."""

    RECONNECTED = "reconnected"  # it has happened: the account was connected again since
    CONNECT = "connect"
    ANY = "any"  # whatever the reason says


@dataclass(frozen=True)
class Owner:
    """An account, as far as a list shows it."""

    pk: int
    handle: str
    network: str


@dataclass(frozen=True)
class Cause:
    """Why some posts failed, on which accounts, and how many they are."""

    remedy: Remedy
    code: str
    reason: str
    accounts: tuple[Owner, ...]
    count: int

    @property
    def account(self) -> int | str:
        """The account to which a press is confined, where there is one alone."""
        return self.accounts[0].pk if self.remedy == Remedy.CONNECT else ""


IS_LOST = Q(reason_code__in=LOST_CODES)
IS_BACK = Q(account__state=Account.State.CONNECTED, due_at__lt=F("account__connected_at"))
NEEDS = {Remedy.RECONNECTED: IS_LOST & IS_BACK, Remedy.CONNECT: IS_LOST & ~IS_BACK, Remedy.ANY: ~IS_LOST}


def failures(member: Membership) -> DeliveryQuerySet:
    """What failed in the workspace."""
    rows: DeliveryQuerySet = Delivery.objects.visible_to(member)
    return rows.filter(state=State.FAILED)


def causes(member: Membership) -> list[Cause]:
    """Reconnected accounts first, as one; then each lost connection; then the same words several times."""
    whens = [When(needs, then=Value(remedy.value)) for remedy, needs in NEEDS.items()]
    rows = (
        failures(member)
        .annotate(remedy=Case(*whens), handle=F("account__handle"), network=F("account__platform_name"))
        .values("remedy", "reason_code", "reason", "account_id", "handle", "network")
    )
    groups: dict[tuple[object, ...], list[Mapping[str, Any]]] = {}
    for row in rows.annotate(count=Count("pk")).order_by("-count", "account_id"):
        groups.setdefault(_key(row), []).append(row)
    found = [_cause(rows) for rows in groups.values()]
    telling = [cause for cause in found if cause.count > 1 or cause.remedy == Remedy.RECONNECTED]
    order = list(Remedy)
    return sorted(telling, key=lambda cause: (order.index(cause.remedy), -cause.count))[:MOST]


def _key(row: Mapping[str, Any]) -> tuple[object, ...]:
    """What makes failures one: the remedy; the account that must be connected; else the words."""
    if row["remedy"] == Remedy.RECONNECTED:
        return (Remedy.RECONNECTED,)
    if row["remedy"] == Remedy.CONNECT:
        return (Remedy.CONNECT, row["account_id"])
    return (Remedy.ANY, row["reason_code"], row["reason"])


def _cause(rows: list[Mapping[str, Any]]) -> Cause:
    owners = {row["account_id"]: Owner(row["account_id"], row["handle"], row["network"]) for row in rows}
    first = rows[0]
    count = sum(row["count"] for row in rows)
    return Cause(
        Remedy(first["remedy"]), first["reason_code"], first["reason"], tuple(owners.values()), count
    )


def asked_for(member: Membership, sent: QueryDict) -> DeliveryQuerySet:
    """The failures that a press of “Retry these” means; none where it names no cause."""
    rows = failures(member)
    account, remedy = sent.get("account", ""), sent.get("remedy", "")
    if remedy in {Remedy.RECONNECTED, Remedy.CONNECT}:
        rows = rows.filter(NEEDS[Remedy(remedy)])
    elif sent.get("reason_code"):
        rows = rows.filter(reason_code=sent["reason_code"], reason=sent.get("reason", ""))
    else:
        return rows.none()
    if not account:
        return rows
    return rows.filter(account_id=account) if account.isdecimal() and len(account) < 19 else rows.none()
