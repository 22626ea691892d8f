"""What people type about a campaign, and about links that no campaign may touch."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from campaigns.links import MEDIUM, VARIABLE
from campaigns.models import Campaign
from campaigns.validators import faults, wrong_hosts

ABOUT = ("name", "goal", "colour", "starts_on", "ends_on")
GOAL = ("goal_metric", "goal_target")
MONEY = ("budget", "spent", "currency")
TAGS = ("tags_links", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """A campaign of one workspace; its name is told apart from the others' there."""

    class Meta:
        model = Campaign
        fields = [*ABOUT, *GOAL, *MONEY, *TAGS]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "goal_target": forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"}),
        }
        help_texts = {
            "goal": gettext_lazy("One sentence: what should it bring?"),
            "spent": gettext_lazy("You type it; no network is asked what it cost."),
            "tags_links": gettext_lazy(
                "Links that begin with https:// get these values when a post goes out. You see them in the "
                "preview. Links that have utm_ values of their own stay as they are."
            ),
            "utm_source": gettext_lazy("{platform} becomes the name of the network."),
        }

    def __init__(self, workspace: Workspace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.workspace = workspace
        for name, word in (("goal_metric", _("No target")), ("currency", _("None"))):
            choices: list[Any] = self.fields[name].choices  # type: ignore[attr-defined]
            self.fields[name].choices = [("", word), *((value, said) for value, said in choices if value)]  # type: ignore[attr-defined]
        for name in ("budget", "spent"):
            self.fields[name].error_messages["min_value"] = _("Money is not less than nothing.")
        for name, default in self._defaults().items():
            self.fields[name].widget.attrs["placeholder"] = default

    def _defaults(self) -> dict[str, str]:
        """What is taken where nothing is typed."""
        campaign = slugify(self.instance.name, allow_unicode=True) or _("from the name")
        return {"utm_source": VARIABLE, "utm_medium": MEDIUM, "utm_campaign": campaign}

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        for name, (code, sentence) in faults(self.instance.workspace, fields, self.instance.pk).items():
            if name not in self.errors:
                self.add_error(name, forms.ValidationError(sentence, code=code))
        return fields

    # --- the groups in which the page shows the fields ---

    @property
    def about(self) -> list[forms.BoundField]:
        return [self[name] for name in ABOUT[:3]]

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[name] for name in ABOUT[3:]]

    @property
    def target(self) -> list[forms.BoundField]:
        return [self[name] for name in GOAL]

    @property
    def money(self) -> list[forms.BoundField]:
        return [self[name] for name in MONEY]

    @property
    def tags(self) -> list[forms.BoundField]:
        return [self[name] for name in TAGS[1:]]

    @property
    def shows_tags(self) -> bool:
        """Whether the part about links opens with the form."""
        return bool(self["tags_links"].value()) or any(name in self.errors for name in TAGS)


class LinksForm(forms.ModelForm):  # type: ignore[type-arg]
    """Hosts whose links no campaign may touch."""

    class Meta:
        model = Workspace
        fields = ["untagged_hosts"]
        widgets = {"untagged_hosts": forms.Textarea(attrs={"rows": 4, "placeholder": "t.me\nexample.org"})}
        help_texts = {
            "untagged_hosts": gettext_lazy("One a line, without https://. What lies under a host counts too.")
        }

    def clean_untagged_hosts(self) -> str:
        typed: str = self.cleaned_data["untagged_hosts"]
        if wrong := wrong_hosts(typed):
            raise forms.ValidationError(
                _("“%(word)s” is not the name of a host. Leave out https:// and what follows it."),
                code="not_a_host",
                params={"word": wrong[0]},
            )
        return typed
