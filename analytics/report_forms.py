"""What people type about a report, and about a plan that makes reports by itself."""

import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Membership
from analytics.report_models import Report, ReportPlan
from campaigns.models import Campaign

RANGES = (
    ("7", gettext_lazy("The last 7 days")),
    ("30", gettext_lazy("The last 30 days")),
    ("90", gettext_lazy("The last 90 days")),
    ("month", gettext_lazy("Last month")),
    ("campaign", gettext_lazy("The whole campaign")),
    ("own", gettext_lazy("Other days")),
)
LONGEST = timedelta(days=366)
MOST_ADDRESSES = 20


def days_of(asked: str, today: date, campaign: Campaign | None = None) -> tuple[date, date] | None:
    """The days that a choice means, all of them over (of a campaign, until today). None: they are typed."""
    yesterday = today - timedelta(days=1)
    if asked.isdecimal():
        return today - timedelta(days=int(asked)), yesterday
    if asked == "month":
        end = today.replace(day=1) - timedelta(days=1)
        return end.replace(day=1), end
    if asked == "campaign" and campaign is not None:
        begin = campaign.starts_on or campaign.created_at.astimezone(campaign.workspace.zone).date()
        end = min(campaign.ends_on or today, today)
        return max(min(begin, end), end - LONGEST + timedelta(days=1)), end
    return None


def fault_of_days(first: date, last: date, today: date) -> str:
    """What is wrong with days that somebody typed; nothing where all is well."""
    if last < first:
        return _("The end must not be before the start.")
    if last > today:
        return _("There are no numbers of days that are still to come.")
    if last - first >= LONGEST:
        return _("A report covers a year at most.")
    return ""


def typed_addresses(typed: str) -> list[str]:
    """Addresses, one a line or with commas between, each once. ValidationError names one that is none."""
    found = list(dict.fromkeys(word.strip().lower() for word in typed.replace(",", " ").split()))
    for address in found:
        try:
            validate_email(address)
        except ValidationError as error:
            raise ValidationError(
                _("“%(word)s” is not an e-mail address."), code="not_an_address", params={"word": address}
            ) from error
    if len(found) > MOST_ADDRESSES:
        raise ValidationError(
            _("%(count)d addresses at most."), code="too_many", params={"count": MOST_ADDRESSES}
        )
    return found


class ReportForm(forms.Form):
    """A report that is made now."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    days = forms.ChoiceField(label=gettext_lazy("Days"), choices=RANGES, initial="30")
    first_day = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    last_day = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput({"type": "date"})
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        label=gettext_lazy("Campaign"),
        required=False,
        empty_label=gettext_lazy("All posts"),
    )
    accounts = forms.ModelMultipleChoiceField(
        Account.objects.none(),
        label=gettext_lazy("Accounts"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all of them."),
    )

    def __init__(self, member: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        for name in ("first_day", "last_day"):
            self.fields[name].is_needed = True  # type: ignore[attr-defined]  # wherever they are asked at all
        rows = Campaign.objects.visible_to(member).select_related("workspace")
        self.fields["campaign"].queryset = rows  # type: ignore[attr-defined]
        self.fields["accounts"].queryset = accounts_of(member)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        campaign = fields.get("campaign")
        today = now().astimezone(self.member.workspace.zone).date()
        meant = days_of(str(fields.get("days", "")), today, campaign)
        if fields.get("days") == "campaign" and campaign is None and "campaign" not in self.errors:
            self.add_error("campaign", ValidationError(_("Choose the campaign."), code="required"))
        elif fields.get("days") == "own":
            self._clean_own_days(fields, today)
        elif meant:
            fields["first_day"], fields["last_day"] = meant
        return fields

    def _clean_own_days(self, fields: dict[str, Any], today: date) -> None:
        first, last = fields.get("first_day"), fields.get("last_day")
        for name in ("first_day", "last_day"):
            if fields.get(name) is None and name not in self.errors:
                self.add_error(name, ValidationError(_("Choose a day."), code="required"))
        if first and last and (fault := fault_of_days(first, last, today)):
            self.add_error("last_day", ValidationError(fault, code="invalid_days"))

    def save(self) -> Report:
        """The report, to be made; the same form sent twice is one."""
        fields, member = self.cleaned_data, self.member
        report, _is_new = Report.objects.get_or_create(
            key=fields["key"],
            workspace=member.workspace,
            defaults={
                "name": fields["name"],
                "first_day": fields["first_day"],
                "last_day": fields["last_day"],
                "zone": member.workspace.timezone,
                "campaign": fields["campaign"],
                "account_ids": sorted(account.pk for account in fields["accounts"]),
                "created_by": member.user,
            },
        )
        return report


def accounts_of(member: Membership) -> Any:
    """The accounts that reports may be about; what was disconnected has numbers too."""
    rows = Account.objects.visible_to(member).defer("credentials")
    return rows.order_by("platform_name", "handle", "pk")


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]
    """A plan: how often, when, about what, to whom."""

    addresses = forms.CharField(
        label=gettext_lazy("Other e-mail addresses"),
        required=False,
        widget=forms.Textarea({"rows": 2, "placeholder": "client@example.com"}),
        help_text=gettext_lazy("One a line. They get the files and need no account here."),
    )

    class Meta:
        model = ReportPlan
        fields = [
            "name",
            "kind",
            "weekday",
            "month_day",
            "at",
            "campaign",
            "accounts",
            "members",
            "addresses",
            "with_pdf",
            "with_csv",
        ]
        widgets = {
            "at": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "accounts": forms.CheckboxSelectMultiple,
            "members": forms.CheckboxSelectMultiple,
        }
        labels = {
            "accounts": gettext_lazy("Accounts"),
            "members": gettext_lazy("People here"),
            "campaign": gettext_lazy("Campaign"),
        }
        help_texts = {
            "accounts": gettext_lazy("None chosen: all of them."),
            "members": gettext_lazy("They get the files by mail, and a notice wherever they want notices."),
            "month_day": gettext_lazy("The report is about the month before."),
        }

    def __init__(self, member: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.instance.workspace = member.workspace
        fields: dict[str, Any] = self.fields
        fields["campaign"].queryset = Campaign.objects.visible_to(member)
        fields["campaign"].empty_label = _("All posts")
        fields["accounts"].queryset = accounts_of(member)
        people = Membership.objects.visible_to(member).filter(user__is_active=True).select_related("user")
        fields["members"].queryset = people.order_by("pk")
        fields["members"].label_from_instance = lambda row: f"{row.user} ({row.user.email})"
        self.initial["addresses"] = "\n".join(self.instance.addresses)

    def clean_addresses(self) -> list[str]:
        return typed_addresses(self.cleaned_data["addresses"])

    @transaction.atomic
    def save(self, commit: bool = True) -> ReportPlan:
        """The plan, with its next time counted afresh."""
        self.instance.set_due(now())
        if self.instance.pk is None:
            self.instance.created_by = self.member.user
        plan: ReportPlan = super().save(commit)
        return plan
