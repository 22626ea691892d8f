"""One account's share of a post, and one picture's description."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from platforms.content import Json
from platforms.options import Option
from publishing.forms.fields import LinesField, option_field
from publishing.models import Delivery, Media
from publishing.writing import Target


@dataclass(frozen=True)
class OptionField:
    """An option as its network declares it, and as the form draws it."""

    option: Option
    field: forms.BoundField

    @property
    def shown_with(self) -> str:
        """The name of the field without which this one means nothing."""
        named = self.option.shown_with
        return str(self.field.form[f"option-{named}"].html_name) if named else ""


class ShareForm(forms.Form):
    """What one account gets: a text of its own where wanted, and its network's options."""

    own = forms.BooleanField(required=False, label=_("Different text for this account"))
    text = LinesField(label=_("Text for this account"))

    def __init__(
        self,
        account: Account,
        delivery: Delivery | None,
        data: QueryDict | None,
        wished: Mapping[str, str] | None = None,
    ) -> None:
        self.account = account
        self.delivery = delivery
        self.wished = self._understood(wished or {})
        self.is_wanted = bool(self.wished)  # somebody opens it just now
        super().__init__(
            data, prefix=f"share-{account.pk}", initial=self._stored(), auto_id="id_%s", label_suffix=""
        )
        for option in self.options:
            self.fields[f"option-{option.name}"] = option_field(option, account.limits)

    @property
    def is_open(self) -> bool:
        """Whether the page holds the card's fields: a card that nobody opened keeps what is stored."""
        if self.is_bound:
            return any(name.startswith(f"{self.prefix}-") for name in self.data)
        return self.is_wanted or bool(
            self.delivery and (self.delivery.options or self.delivery.text is not None)
        )

    def _stored(self) -> dict[str, Any]:
        own_text = self.delivery.text if self.delivery else None
        options = {
            f"option-{option.name}": self._kept.get(option.name, option.default) for option in self.options
        }
        return {"own": own_text is not None, "text": own_text or "", **options}

    def _understood(self, wished: Mapping[str, str]) -> dict[str, Json]:
        """What a link asks for, as far as this network offers it to choose from."""
        offered = {option.name: dict(option.choices) for option in self.options if option.kind == "choice"}
        return {name: value for name, value in wished.items() if value in offered.get(name, {})}

    @property
    def _kept(self) -> Mapping[str, Json]:
        return self.delivery.options if self.delivery else self.wished

    @property
    def options(self) -> tuple[Option, ...]:
        return self.account.platform.options

    @property
    def option_fields(self) -> list[OptionField]:
        """Each option with its field; pages show those that the kind of post has."""
        return [OptionField(option, self[f"option-{option.name}"]) for option in self.options]

    @property
    def listed_fields(self) -> list[OptionField]:
        """The options that choose from the account's own lists."""
        return [row for row in self.option_fields if row.option.choices_from]

    @property
    def has_own_text(self) -> bool:
        """Whether the switch for an own text is on, whatever else is wrong."""
        return bool(self["own"].value() if self.is_open else self._stored()["own"])

    def target(self) -> Target:
        """What was chosen, as far as it can be read; a default that nobody touched stays unsaid."""
        if not self.is_open:
            return self.stored_target()
        self.full_clean()
        chosen = {option.name: self.cleaned_data.get(f"option-{option.name}") for option in self.options}
        said: dict[str, Json] = {
            option.name: chosen[option.name] or option.default
            if option.kind == "choice"
            else chosen[option.name]
            for option in self.options
            if option.name in self._kept or chosen[option.name] not in (option.default, None, "", [])
        }
        text = self.cleaned_data.get("text", "") if self.cleaned_data.get("own") else None
        return Target(self.account, text, said)

    def is_valid(self) -> bool:
        return not self.is_open or super().is_valid()

    def stored_target(self) -> Target:
        """What is written down already."""
        return Target(self.account, self.delivery.text if self.delivery else None, dict(self._kept))


class PictureForm(forms.Form):
    """A picture's description for people who cannot see it."""

    alt_text = forms.CharField(
        required=False,
        label=_("Description"),
        max_length=Media._meta.get_field("alt_text").max_length,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, media: Media, data: Mapping[str, Any] | None = None) -> None:
        self.row = media
        prefix = f"picture-{media.pk}"
        known = data is not None and f"{prefix}-alt_text" in data
        super().__init__(
            data if known else None, prefix=prefix, initial={"alt_text": media.alt_text}, auto_id="id_%s"
        )

    def described(self) -> Media:
        """The picture with its new description, which is not stored yet."""
        if self.is_bound and self.is_valid():
            self.row.alt_text = self.cleaned_data["alt_text"]
        return self.row

    def save(self) -> None:
        """Store the description where it changed."""
        if self.is_bound and self.is_valid() and self.has_changed():
            Media.objects.filter(pk=self.row.pk).update(alt_text=self.cleaned_data["alt_text"])
