"""Templates as people type them, and what they are asked when they use one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Membership
from campaigns.models import Campaign
from platforms.base import Platform
from platforms.content import Json
from platforms.registry import PLATFORMS
from publishing import post_templates
from publishing.forms.fields import LinesField
from publishing.forms.shares import PictureForm
from publishing.models import Media
from publishing.post_templates import BUILT_IN, LONGEST_VALUE, Filling, Part, TemplateInput, variables_in
from publishing.template_rows import Template


@dataclass(frozen=True)
class PartField:
    """One network's own text as the form draws it, and how many options the template keeps for it."""

    platform: type[Platform]
    field: forms.BoundField
    options: Mapping[str, Json]


class TemplateForm(forms.Form):
    """A whole template: its text, what differs per network, pictures, campaign."""

    name = forms.CharField(label=_("Name"), max_length=80)
    text = LinesField(
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_(
            "Write {product} for what changes: it is asked for when the template is used. {date}, {weekday},"
            " {account} and {campaign} are filled in by themselves; {{ and }} give plain braces."
        ),
    )
    hashtags = forms.CharField(
        required=False, label=_("Hashtags"), max_length=300, help_text=_("They stand at the end of the text.")
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(), required=False, label=_("Campaign"), empty_label=_("No campaign")
    )

    def __init__(
        self, member: Membership, template: Template | None = None, data: QueryDict | None = None
    ) -> None:
        self.member = member
        self.template = template
        self.parts = {part.platform_name: part for part in template.parts.all()} if template else {}
        super().__init__(data, initial=self._stored(), auto_id="id_%s", label_suffix="")
        self.fields["campaign"].queryset = Campaign.objects.visible_to(member)  # type: ignore[attr-defined]
        for name in self.networks:
            self.fields[f"part-{name}"] = LinesField(
                label=_("Text for %(network)s") % {"network": PLATFORMS[name].label},
                initial=self.parts[name].text if name in self.parts else "",
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def _stored(self) -> dict[str, Any]:
        template = self.template
        if template is None:
            return {}
        return {
            "name": template.name,
            "text": template.text,
            "hashtags": template.hashtags,
            "campaign": template.campaign_id,
        }

    @property
    def networks(self) -> list[str]:
        """Those that are connected, and those that the template has something for."""
        connected = Account.objects.visible_to(self.member).connected()
        names = {*connected.values_list("platform_name", flat=True), *self.parts}
        return [name for name in PLATFORMS if name in names]

    @property
    def part_fields(self) -> list[PartField]:
        return [
            PartField(
                PLATFORMS[name.removeprefix("part-")],
                self[name],
                self.parts[network].options if (network := name.removeprefix("part-")) in self.parts else {},
            )
            for name in self.fields
            if name.startswith("part-")
        ]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "text", "hashtags")]

    @property
    def pictures(self) -> list[PictureForm]:
        """In their order, as far as they are in the library."""
        if not self.is_bound:
            return [PictureForm(media) for media in self.template.pictures] if self.template else []
        order = dict.fromkeys(self.data.getlist("media"))  # type: ignore[attr-defined]
        wanted = [int(pk) for pk in order if pk.isdecimal() and len(pk) < 19]
        found = Media.objects.visible_to(self.member).in_bulk(wanted)
        return [PictureForm(found[pk], self.data) for pk in wanted if pk in found]

    def clean_hashtags(self) -> str:
        words = self.cleaned_data["hashtags"].split()
        return " ".join(word if word.startswith(("#", "{")) else f"#{word}" for word in words)

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        own = [said.get(name, "") for name in self.fields if name.startswith("part-")]
        if not any(text.strip() for text in (said.get("text", ""), *own)) and not self.pictures:
            self.add_error("text", _("Write a text or add a picture."))
        return said

    def template_input(self) -> TemplateInput:
        said = self.cleaned_data
        parts = [
            Part(
                row.platform.name, said[row.field.name] if said[row.field.name].strip() else None, row.options
            )
            for row in self.part_fields
        ]
        media = [picture.row for picture in self.pictures]
        return TemplateInput(said["name"], said["text"], said["hashtags"], parts, media, said["campaign"])

    def save(self) -> Template | None:
        """Store it. None where another template has its name, which the form then says."""
        try:
            saved = post_templates.save_template(self.member, self.template_input(), self.template)
        except ValidationError as error:
            self.add_error(None, error)
            return None
        for picture in self.pictures:
            picture.save()
        return saved


class UseForm(forms.Form):
    """What a template asks when it is used: its variables and, on a page of its own, for whom and when."""

    def __init__(
        self,
        member: Membership,
        template: Template,
        data: QueryDict | None = None,
        *,
        is_whole: bool = False,
    ) -> None:
        self.member, self.template = member, template
        self.names = post_templates.asked_for(template)
        super().__init__(data, auto_id="id_%s", label_suffix="")
        for number, name in enumerate(self.names):
            self.fields[f"var-{number}"] = self._variable(name)
        if is_whole:
            self._ask_for_whom()

    def _variable(self, name: str) -> forms.Field:
        """Campaigns are chosen, all else is typed."""
        missing = {"required": _("Say what {%(name)s} is.") % {"name": name}}
        if name == "campaign":
            return forms.ModelChoiceField(
                Campaign.objects.visible_to(self.member), label=_("Campaign"), error_messages=missing
            )
        return forms.CharField(label=name, max_length=LONGEST_VALUE, error_messages=missing)

    def _ask_for_whom(self) -> None:
        accounts = Account.objects.visible_to(self.member).connected()
        suited = post_templates.suited_accounts(self.member, self.template)
        self.fields["accounts"] = forms.ModelMultipleChoiceField(
            accounts, required=False, initial=suited, widget=forms.CheckboxSelectMultiple, label=_("Accounts")
        )
        if {"date", "weekday"} & set(variables_in(f"{self.template.text} {self.template.hashtags}")):
            self.fields["day"] = forms.DateField(
                required=False,
                label=_("Day"),
                help_text=_("For {date} and {weekday}; empty: today."),
                widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            )

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[f"var-{number}"] for number in range(len(self.names))]

    @property
    def known(self) -> list[str]:
        """What is filled in by itself, and stands in the template."""
        names = variables_in(f"{self.template.text} {self.template.hashtags}")
        return [name for name in names if name in BUILT_IN and name not in self.names]

    def filling(self) -> Filling:
        said = self.cleaned_data
        values = {name: str(said[f"var-{number}"]) for number, name in enumerate(self.names)}
        chosen = next((said[f"var-{n}"] for n, name in enumerate(self.names) if name == "campaign"), None)
        return Filling(values, list(said.get("accounts") or []), said.get("day"), chosen)
