"""What comes into the library."""

from django import forms
from django.utils.translation import gettext_lazy as _


class UploadForm(forms.Form):
    """One picture; what it really is, is found out from its content."""

    file = forms.FileField(
        label=_("Picture"),
        allow_empty_file=True,
        error_messages={"required": _("Choose a picture."), "invalid": _("Choose a picture.")},
    )
