"""What a person says about one delivery."""

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _


class ConfirmForm(forms.Form):
    """“It is there”, and where."""

    permalink = forms.CharField(
        required=False,
        label=_("Its address, if you have it"),
        max_length=1000,
        validators=[URLValidator(schemes=["http", "https"])],
    )
