"""What people type about a campaign."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from campaigns.models import Campaign


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """A campaign of one workspace; its name is told apart from the others' there."""

    class Meta:
        model = Campaign
        fields = ["name", "goal", "colour", "starts_on", "ends_on"]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {"goal": _("One sentence: what should it bring?")}

    def __init__(self, workspace: Workspace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.workspace = workspace

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Campaign.objects.filter(workspace=self.instance.workspace).exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is a campaign of this name already."), code="taken")
        return name

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        starts_on, ends_on = fields.get("starts_on"), fields.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", _("The end must not be before the start."))
        return fields
