"""What a person says about one delivery."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ConfirmForm(forms.Form):
    """“It is there”, and where."""

    permalink = forms.URLField(
        required=False, label=_("Its address, if you have it"), max_length=1000, assume_scheme="https"
    )
