"""Form fields that several forms share."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils.timezone import make_naive

from platforms.content import Json
from platforms.options import Option

MOST_CHARACTERS = 100_000


class LinesField(forms.CharField):
    """Text whose lines end as they do everywhere but in a browser's form."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "strip": False, "max_length": MOST_CHARACTERS, **options})

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class ItemsField(LinesField):
    """A list, an item a line; empty lines are left out."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return [line.strip() for line in super().to_python(value).split("\n") if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class MomentField(forms.DateTimeField):
    """A wall time as the network takes it: "2026-12-24T18:00", in no zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> str:  # type: ignore[override]
        moment = super().to_python(value)
        return make_naive(moment).isoformat(timespec="minutes") if moment else ""


def option_field(option: Option, limits: Mapping[str, Json]) -> forms.Field:
    """The form field of an option that a network declares, with what the account may choose.

    An option that a post cannot do without is still optional in a draft: `is_needed` only says so.
    """
    field = _option_field(option, limits)
    field.is_needed = option.required  # type: ignore[attr-defined]
    return field


def _option_field(option: Option, limits: Mapping[str, Json]) -> forms.Field:
    closed = cast(Mapping[str, str], limits.get("unavailable") or {}).get(option.name, "")
    words: dict[str, Any] = {
        "required": False,
        "label": option.label,
        "help_text": closed or option.help,
        "disabled": bool(closed),
    }
    match option.kind:
        case "flag":
            return forms.BooleanField(**words)
        case "choice":
            choices = option.choices_for(limits)
            unchosen = [] if any(value == "" for value, _label in choices) else [("", "—")]
            return forms.ChoiceField(choices=[*unchosen, *choices], **words)
        case "number":
            return forms.IntegerField(min_value=option.least, max_value=option.most, **words)
        case "list":
            return ItemsField(widget=forms.Textarea(attrs={"rows": 3}), **words)
        case "lines":
            return LinesField(widget=forms.Textarea(attrs={"rows": 2}), **words)
        case "url":
            return forms.CharField(
                max_length=option.max_length or 2000,
                widget=forms.URLInput(attrs={"placeholder": "https://"}),
                **words,
            )
        case "moment":
            return MomentField(**words)
        case _:
            return forms.CharField(max_length=option.max_length, **words)
