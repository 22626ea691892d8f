"""What can be known an hour before: what would keep a delivery from going out, the gravest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from platforms.content import Draft
from publishing.buckets import amount_of
from publishing.duplicates import Seeker, Twin, twins
from publishing.engine_rows import Circuit, Switch
from publishing.forecast import Forecast
from publishing.models import LATE, Delivery, Media
from publishing.pacing import amount_words
from publishing.preflight import examine, stored_draft
from publishing.renditions import order_again, prepared, rules_of
from publishing.times import clock_time

FAILURES = 3  # this often not renewed is no blip
# What the preflight says about an account, in the words of somebody who has an hour left.
MENDING = {
    "account_expired": gettext_lazy("The connection has ended. Connect it again."),
    "account_disconnected": gettext_lazy("The account was disconnected. Connect it again."),
    "account_paused": gettext_lazy("The account is paused. Resume it."),
}


@dataclass(frozen=True)
class Trouble:
    """One thing that was found. `stops`: as it stands the post will not go out at its time.

    `is_wide`: it is not about one account, so people are told once for all of a workspace.
    """

    code: str
    message: str
    stops: bool = True
    is_wide: bool = False


@dataclass(frozen=True)
class Facts:
    """What is the same for many deliveries, read once."""

    switch: Switch | None
    circuits: dict[tuple[str, str], Circuit]
    twins: dict[Seeker, Twin]
    forecast: Forecast


def gather(rows: Sequence[Delivery], moment: datetime) -> Facts:
    """In some queries, the same for any number of deliveries."""
    silent = Circuit.objects.filter(opened_at__lte=moment - LATE)
    return Facts(
        switch=Switch.objects.filter(is_stopped=True).first(),
        circuits={(row.platform_name, row.server): row for row in silent},
        twins=twins((_seeker(row) for row in rows), only_earlier=True),
        forecast=_forecast(rows, moment),
    )


def _forecast(rows: Sequence[Delivery], moment: datetime) -> Forecast:
    """By the days of UTC: what is looked at belongs to many workspaces."""
    days = [(row.due_at or moment).astimezone(UTC).date() for row in rows] or [moment.date()]
    accounts = {row.account_id: row.account for row in rows}
    return Forecast(accounts.values(), min(days), max(days), ZoneInfo("UTC"))


def worst(delivery: Delivery, facts: Facts) -> Trouble | None:
    """The gravest thing that can be known about a delivery; None where all is well."""
    draft = stored_draft(delivery)
    searches = (
        _held_back(delivery, facts),
        _of_connection(delivery, draft),
        _of_rules(delivery, draft),
        _of_media(delivery),
        _of_allowance(delivery, facts),
        _of_network(delivery, facts),
        _of_twin(delivery, facts),
    )
    return next((trouble for search in searches for trouble in search), None)


def _held_back(delivery: Delivery, facts: Facts) -> Iterator[Trouble]:
    if facts.switch:
        message = " ".join((_("Nothing is sent for anybody just now."), facts.switch.reason)).strip()
        yield Trouble("desk_stopped", message, is_wide=True)
    if delivery.post.workspace.is_paused:
        yield Trouble("workspace_paused", _("The workspace is paused. Resume it."), is_wide=True)


def _of_connection(delivery: Delivery, draft: Draft) -> Iterator[Trouble]:
    """Whether the token will be good then, and allows it."""
    account = delivery.account
    if account.state != Account.State.CONNECTED:
        return  # the preflight says so
    ends = account.expires_at if account.expires_at and delivery.due_at else None
    if ends and delivery.due_at and ends <= delivery.due_at:
        told = {"when": clock_time(ends, delivery.post.workspace.zone), "count": account.refresh_failures}
        if account.refresh_at is None:
            message = _("The connection ends at %(when)s, before that. Connect it again.")
            yield Trouble("connection_ends", message % told)
        elif account.refresh_failures >= FAILURES:
            message = _("The connection ends at %(when)s and could not be renewed. Connect it again.")
            yield Trouble("connection_not_renewed", message % told)
    missing = account.platform.missing_scopes(draft, account.scopes)
    if missing:
        message = _("The connection does not allow it (%(scopes)s). Connect it again and allow all.")
        yield Trouble("scope_missing", message % {"scopes": ", ".join(missing)})


def _of_rules(delivery: Delivery, draft: Draft) -> Iterator[Trouble]:
    """What the preflight has to say now: rules, limits or the account may have changed since it was saved."""
    for finding in examine(delivery.account, draft):
        if finding.severity == "error" or finding.code in MENDING:
            yield Trouble(finding.code, str(MENDING.get(finding.code, finding.message)))


def _of_media(delivery: Delivery) -> Iterator[Trouble]:
    """Whether each file lies in storage and is fit for the network; what is not made yet is ordered."""
    rules = rules_of(delivery)
    for media in delivery.pictures:
        found = prepared(media, rules)
        if found.problem:
            yield Trouble("media_unusable", _about(media, found.problem))
        elif found.file is None:
            order_again(delivery.post_id)
        file = found.file or media.file
        if not file.storage.exists(cast("str", file.name)):
            yield Trouble("media_missing", _about(media, _("The file is gone. Upload it again.")))


def _about(media: Media, sentence: str) -> str:
    return f"{media.name}: {sentence}"


def _of_allowance(delivery: Delivery, facts: Facts) -> Iterator[Trouble]:
    """Whether more is planned for the day than the network allows."""
    if delivery.due_at is None:
        return
    for use in facts.forecast.on(delivery.account, delivery.due_at.astimezone(UTC).date()):
        if use.used + use.reserved > use.quota.limit:
            message = _("More is planned for this day than the network allows (%(limit)s %(what)s).") % {
                "limit": amount_words(amount_of(use.quota.limit)),
                "what": use.quota.what,
            }
            yield Trouble("quota_full", message, stops=False)


def _of_network(delivery: Delivery, facts: Facts) -> Iterator[Trouble]:
    circuit = facts.circuits.get((delivery.account.platform_name, delivery.account.server))
    if circuit and circuit.opened_at:
        told = {
            "network": delivery.account.platform.label,
            "when": clock_time(circuit.opened_at, delivery.post.workspace.zone),
        }
        message = _("%(network)s has not answered since %(when)s. It goes out as soon as it does.")
        yield Trouble("network_silent", message % told, stops=False)


def _of_twin(delivery: Delivery, facts: Facts) -> Iterator[Trouble]:
    twin = facts.twins.get(_seeker(delivery))
    if twin:
        yield Trouble("same_text", twin.sentence, stops=False)


def _seeker(delivery: Delivery) -> Seeker:
    assert delivery.due_at is not None  # noqa: S101  (a constraint: what waits for its time has one)
    return Seeker(delivery.account_id, delivery.fingerprint, delivery.due_at, delivery.post_id)
