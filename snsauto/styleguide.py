"""What the style guide shows: samples that are never saved."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import Account
from accounts.templatetags.interface import STATES
from platforms.registry import PLATFORMS
from publishing.models import State

SENTENCE = "The oven is on. Fresh sourdough from seven, and the first ten people get a cinnamon roll."


class SampleForm(forms.Form):
    """One field of each kind; given the values below, two of them complain."""

    name = forms.CharField(label="Name", help_text="How it is called in lists.")
    email = forms.EmailField(label="E-mail")
    password = forms.CharField(
        label="Password", widget=forms.PasswordInput, help_text="At least 10 characters."
    )
    link = forms.URLField(label="Link", required=False, assume_scheme="https")
    zone = forms.ChoiceField(
        label="Time zone", choices=[("Asia/Seoul", "Seoul"), ("Europe/Berlin", "Berlin")]
    )
    text = forms.CharField(label="Text", widget=forms.Textarea)
    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    audience = forms.ChoiceField(
        label="Who may see it",
        choices=[("all", "Everybody"), ("followers", "Followers")],
        widget=forms.RadioSelect,
    )
    remember = forms.BooleanField(label="Stay logged in on this computer", required=False)


def samples() -> dict[str, Any]:
    """The context of the style guide."""
    now = timezone.now()
    form = SampleForm({"name": "Autumn", "email": "not an address", "zone": "Asia/Seoul", "audience": "all"})
    return {
        "form": form,
        "sentence": SENTENCE,
        "accounts": [
            Account(platform_name=name, handle=f"@harbour.bakery{number}", name="Harbour Bakery")
            for number, name in enumerate(PLATFORMS, 1)
        ],
        "delivery_states": State.values,
        "other_states": [name for name in STATES if name not in State.values],
        "days": [now + timedelta(days=day) for day in range(14)],
        "soon": now + timedelta(minutes=3, seconds=30),
        "before": now - timedelta(hours=2),
        "icons": [
            "home",
            "calendar",
            "list-details",
            "photo",
            "flag",
            "plug-connected",
            "settings",
            "plus",
            "search",
        ],
    }
