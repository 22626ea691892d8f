"""What a person asks the queue and the calendar for; all of it stands in the address."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from campaigns.models import Campaign
from platforms.registry import PLATFORMS
from publishing.models import NEEDS_PERSON, Delivery, Post, State

SHOWN: dict[str, tuple[State, ...]] = {
    "planned": (State.SCHEDULED, State.PUBLISHING),
    "trouble": NEEDS_PERSON,
    "drafts": (State.DRAFT,),
    "published": (State.PUBLISHED,),
    "cancelled": (State.CANCELLED,),
    "all": (),
}
LABELS = {
    "planned": _("Planned"),
    "trouble": _("Needs you"),
    "drafts": _("Drafts"),
    "published": _("Published"),
    "cancelled": _("Cancelled"),
    "all": _("All"),
}


class PlanFilter(forms.Form):
    """Which posts to show. A value that makes no sense narrows nothing."""

    network = forms.ChoiceField(required=False, label=_("Network"))
    account = forms.TypedChoiceField(required=False, label=_("Account"), coerce=int, empty_value=None)
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(), required=False, label=_("Campaign"), empty_label=_("All campaigns")
    )

    def __init__(self, member: Membership, data: Any) -> None:
        self.member = member
        super().__init__(data, auto_id="filter_%s", label_suffix="")
        self.fields["account"].choices = self._accounts  # type: ignore[attr-defined]
        self.fields["campaign"].queryset = Campaign.objects.visible_to(member)  # type: ignore[attr-defined]
        networks = [(name, platform.label) for name, platform in PLATFORMS.items()]
        self.fields["network"].choices = [("", _("All networks")), *networks]  # type: ignore[attr-defined]

    def _accounts(self) -> list[tuple[int | str, Any]]:
        """The choices, read where they are asked for."""
        return [("", _("All accounts")), *[(account.pk, str(account)) for account in self.member.accounts]]

    def posts(self) -> QuerySet[Post]:
        """The workspace's posts that are asked for, in no order yet."""
        self.is_valid()
        posts: QuerySet[Post] = Post.objects.visible_to(self.member)
        wanted = self._deliveries()
        if wanted:
            posts = posts.filter(Exists(Delivery.objects.filter(post=OuterRef("pk"), **wanted)))
        if self.cleaned_data.get("campaign"):
            posts = posts.filter(campaign=self.cleaned_data["campaign"])
        return posts

    def _deliveries(self) -> dict[str, Any]:
        chosen = {
            "account": self.cleaned_data.get("account"),
            "account__platform_name": self.cleaned_data.get("network"),
        }
        return {name: value for name, value in chosen.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in self.fields if name != "show")


class QueueFilter(PlanFilter):
    """The queue's questions."""

    show = forms.ChoiceField(required=False, choices=list(LABELS.items()), widget=forms.HiddenInput)
    q = forms.CharField(required=False, max_length=200, label=_("Search"))
    day = forms.DateField(
        required=False, label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    field_order = ["q", "network", "account", "campaign", "day", "show"]

    @property
    def shown(self) -> str:
        """The tab."""
        return self.cleaned_data.get("show") or "planned"

    def _deliveries(self) -> dict[str, Any]:
        states = SHOWN[self.shown]
        return {**super()._deliveries(), **({"state__in": states} if states else {})}

    def posts(self) -> QuerySet[Post]:
        posts = super().posts()
        if self.cleaned_data.get("q"):
            posts = posts.filter(text__icontains=self.cleaned_data["q"])
        if self.cleaned_data.get("day"):
            zone = self.member.workspace.zone
            posts = posts.on_days(self.cleaned_data["day"], self.cleaned_data["day"], zone)  # type: ignore[attr-defined]
        return posts.order_by(*self._order())

    def _order(self) -> tuple[str, ...]:
        match self.shown:
            case "planned":
                return ("scheduled_at", "pk")
            case "drafts":
                return ("-updated_at", "-pk")
        return ("-scheduled_at", "-pk")
