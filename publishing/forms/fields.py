"""Form fields that several forms share."""

from typing import Any

from django import forms

from platforms.rules import Option

MOST_CHARACTERS = 100_000


class LinesField(forms.CharField):
    """Text whose lines end as they do everywhere but in a browser's form."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, strip=False, max_length=MOST_CHARACTERS, **options)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


def option_field(option: Option) -> forms.Field:
    """The form field of an option that a network declares."""
    if option.kind == "flag":
        return forms.BooleanField(required=False, label=option.label, help_text=option.help)
    if option.kind == "choice":
        return forms.ChoiceField(
            choices=option.choices, required=False, label=option.label, help_text=option.help
        )
    return forms.CharField(
        required=False, max_length=option.max_length, label=option.label, help_text=option.help
    )
