"""What stands in the address of every page of numbers: which days, and whose."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import QueryDict
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Membership
from analytics.reading import Range
from platforms.registry import PLATFORMS

PRESETS = (7, 28, 90)
USUAL = 28
LONGEST = 732  # days: two years


class RangeForm(forms.Form):
    """`days`, or `from` and `to`; `accounts` and `networks` as often as wanted, or with commas between.

    Codes: range_ends_before_it_starts, range_in_the_future, range_too_long, unknown_account, unknown_network.
    """

    def __init__(self, member: Membership, query: QueryDict) -> None:
        super().__init__(query)
        self.zone = member.workspace.zone
        self.today = now().astimezone(self.zone).date()
        # the edition comes along, so that a page whose numbers are kept asks for nothing more
        rows = Account.objects.visible_to(member).annotate(edition=F("workspace__edition__token"))
        self.everyone = list(rows.defer("credentials", "limits"))
        day = forms.DateInput({"type": "date", "class": "input", "max": self.today.isoformat()})
        self.fields["days"] = forms.IntegerField(required=False, min_value=1, max_value=LONGEST)
        self.fields["from"] = forms.DateField(label=_("From"), required=False, widget=day)
        self.fields["to"] = forms.DateField(label=_("to"), required=False, widget=day)

    # --- what is asked ---

    def _words(self, name: str) -> list[str]:
        """The values of a repeated field, also where commas stand between them."""
        given = self.data.getlist(name) if isinstance(self.data, QueryDict) else []
        return [word.strip() for text in given for word in text.split(",") if word.strip()]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self._check_days(cleaned)
        known = {str(account.pk): account.pk for account in self.everyone}
        chosen = self._words("accounts")
        if any(word not in known for word in chosen):
            raise ValidationError(_("There is no such account in this workspace."), code="unknown_account")
        cleaned["accounts"] = [known[word] for word in dict.fromkeys(chosen)]
        cleaned["networks"] = list(dict.fromkeys(self._words("networks")))
        if any(name not in PLATFORMS for name in cleaned["networks"]):
            raise ValidationError(_("There is no such network."), code="unknown_network")
        return cleaned

    def _check_days(self, cleaned: dict[str, Any]) -> None:
        first, last = self._ends(cleaned)
        if first > last and cleaned.get("from") and cleaned.get("to"):
            message, code = _("The range ends before it starts."), "range_ends_before_it_starts"
            self.add_error("to", ValidationError(message, code=code))
        elif first > self.today:
            message, code = _("This day is still to come."), "range_in_the_future"
            self.add_error("from", ValidationError(message, code=code))
        elif (last - first).days >= LONGEST:
            message, code = _("A range has at most two years."), "range_too_long"
            self.add_error("from", ValidationError(message, code=code))
        cleaned["first"], cleaned["last"] = first, max(first, min(last, self.today))

    def _ends(self, cleaned: dict[str, Any]) -> tuple[date, date]:
        length = timedelta(days=(cleaned.get("days") or USUAL) - 1)
        first, last = cleaned.get("from"), cleaned.get("to")
        if first and not last:
            last = self.today
        last = last or self.today
        return first or last - length, last

    # --- what it says ---

    @property
    def chosen(self) -> "Chosen":
        """The choice; the usual one where the address cannot be understood."""
        if not self.is_valid():
            span = Range(self.today - timedelta(days=USUAL - 1), self.today, self.zone)
            return Chosen(span, self.everyone, False, USUAL, [], [])
        cleaned = self.cleaned_data
        ids, networks = cleaned["accounts"], cleaned["networks"]
        accounts = [
            account
            for account in self.everyone
            if (not ids or account.pk in ids) and (not networks or account.platform_name in networks)
        ]
        span = Range(cleaned["first"], cleaned["last"], self.zone)
        is_preset = not cleaned.get("from") and not cleaned.get("to")
        days = (cleaned.get("days") or USUAL) if is_preset else 0
        return Chosen(span, accounts, bool(ids or networks), days, ids, networks)


@dataclass(frozen=True)
class Chosen:
    """A range of days and the accounts that are looked at. `days`: 0 where the range is an own one."""

    span: Range
    accounts: list[Account]
    is_narrowed: bool
    days: int
    account_ids: list[int]
    networks: list[str]

    @property
    def edition(self) -> UUID | None:
        """Which state of the workspace's numbers this is."""
        return next((getattr(account, "edition", None) for account in self.accounts), None)

    @property
    def ids(self) -> list[int]:
        return [account.pk for account in self.accounts]

    def query(self, **other: object) -> str:
        """The address of the same choice, with something else in it."""
        fixed = {"from": self.span.first.isoformat(), "to": self.span.last.isoformat()}
        asked: dict[str, object] = {"days": self.days} if self.days else {**fixed}
        asked |= {"accounts": self.account_ids, "networks": self.networks}
        if "days" in other:
            asked.pop("from", None), asked.pop("to", None)
        return urlencode({name: value for name, value in {**asked, **other}.items() if value}, doseq=True)

    @property
    def whose(self) -> str:
        """The same without the days."""
        asked = {"accounts": self.account_ids, "networks": self.networks}
        return urlencode({name: value for name, value in asked.items() if value}, doseq=True)
