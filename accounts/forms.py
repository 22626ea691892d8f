"""What people type about themselves, their workspace and the accounts they connect."""

from datetime import datetime, timedelta
from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts import timezones
from accounts.models import User, Workspace
from accounts.permissions import Role
from accounts.workspaces import create_workspace
from platforms.base import ConnectMethod, Field


def timezone_field(**options: Any) -> forms.ChoiceField:
    """A select of time zones; `timezone.js` chooses the browser's own where it says `data-guess`."""
    return forms.ChoiceField(label=_("Time zone"), choices=timezones.choices, **options)


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    """Logging in, in this product's words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {"login": _("E-mail"), "password": _("Password"), "remember": _("Stay logged in")}
        for name, label in words.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Asking for a new password, in this product's words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        self.fields["email"].widget.attrs.pop("placeholder", None)


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]
    """A person and their first workspace, made together or not at all."""

    field_order = ["name", "email", "password1", "password2", "workspace_name", "timezone"]

    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    workspace_name = forms.CharField(
        label=_("Workspace"),
        max_length=80,
        help_text=_("Your team, company or project. You can change it later."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    timezone = timezone_field(
        initial="UTC",
        help_text=_("Times are shown and planned in this zone."),
        widget=forms.Select(attrs={"data-guess": "timezone"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("email", "password1"):
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.fields["email"].label = _("E-mail")
        self.fields["password1"].help_text = _("At least 10 characters.")

    def save(self, request: HttpRequest) -> User:
        with transaction.atomic():
            user: User = super().save(request)
        return user

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        create_workspace(user, self.cleaned_data["workspace_name"], self.cleaned_data["timezone"])


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["name"]


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = timezone_field(help_text=_("Times are shown in this zone, and new posts are planned in it."))
    minutes = forms.IntegerField(
        label=_("Still send after an outage of up to (minutes)"),
        help_text=_("A post that is later than this is not sent by itself; you are asked."),
        min_value=1,
        max_value=7 * 24 * 60,
    )

    class Meta:
        model = Workspace
        fields = ["name", "timezone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["minutes"].initial = int(self.instance.tolerance.total_seconds() // 60)
        zone = self.instance.timezone
        if zone not in timezones.names():
            return
        field = self.fields["timezone"]
        if isinstance(field, forms.ChoiceField) and not field.valid_value(zone):
            field.choices = [(zone, zone), *timezones.choices()]

    def save(self, commit: bool = True) -> Workspace:
        self.instance.tolerance = timedelta(minutes=self.cleaned_data["minutes"])
        workspace: Workspace = super().save(commit)
        return workspace


class MemberForm(forms.Form):
    """Somebody who signed up here already, by e-mail address."""

    email = forms.EmailField(
        label=_("E-mail"), help_text=_("The person must have signed up here before you can add them.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.EDITOR)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if not User.objects.filter(email=email, is_active=True).exists():
            raise forms.ValidationError(
                _("Nobody has signed up here with this address. Ask them to sign up first."), code="unknown"
            )
        return email


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class TokenForm(forms.Form):
    """A key for a program."""

    LIVES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")), ("0", _("no end"))]

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What will use it?"))
    days = forms.ChoiceField(label=_("Good for"), choices=LIVES, initial="90")

    @property
    def expires_at(self) -> datetime | None:
        days = int(self.cleaned_data["days"])
        return now() + timedelta(days=days) if days else None


class ConnectForm(forms.Form):
    """What a network asks before connecting, as its client declares it."""

    def __init__(self, method: ConnectMethod, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in method.fields:
            self.fields[field.name] = _form_field(field)


def _form_field(field: Field) -> forms.CharField:
    attributes = {"placeholder": field.placeholder, "autocapitalize": "none", "spellcheck": "false"}
    widget = (
        forms.PasswordInput(attrs=attributes | {"autocomplete": "off"})
        if field.secret
        else forms.TextInput(attrs=attributes)
    )
    return forms.CharField(
        label=field.label,
        help_text=field.help,
        initial=field.default,
        required=field.required,
        max_length=500,
        widget=widget,
    )
