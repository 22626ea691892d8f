"""What people type when they log in, sign up, and connect accounts."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import invitations, timezones
from accounts.models import User
from accounts.workspaces import create_workspace
from platforms.base import ConnectMethod, Field

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def timezone_field(**options: Any) -> forms.ChoiceField:
    """A select of time zones; `timezone.js` chooses the browser's own where it says `data-guess`."""
    return forms.ChoiceField(label=_("Time zone"), choices=timezones.choices, **options)


class OurWords(forms.Form):
    """A form of allauth's in this product's words; no placeholder repeats a label."""

    words: "ClassVar[dict[str, StrPromise]]" = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.words.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)


class LoginForm(OurWords, allauth_forms.LoginForm):  # type: ignore[misc]
    """Logging in."""

    words = {"login": _("E-mail"), "password": _("Password"), "remember": _("Stay logged in")}


class ResetPasswordForm(OurWords, allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Asking for a new password."""

    words = {"email": _("E-mail")}


class AddEmailForm(OurWords, allauth_forms.AddEmailForm):  # type: ignore[misc]
    """One more address to log in with."""

    words = {"email": _("E-mail")}


class ChangePasswordForm(OurWords, allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """Another password, for somebody who knows the one of now."""

    words = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }


class ResetPasswordKeyForm(OurWords, allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """Another password, for somebody who was mailed a link."""

    words = {"password1": _("New password"), "password2": _("New password again")}


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]
    """A person and their first workspace, made together or not at all; or somebody who was invited."""

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
        self.invitation = invitations.held_by(context.request)
        if self.invitation:
            self.fields["email"].initial = self.invitation.email
            self.fields["email"].disabled = True  # who is invited is known
            del self.fields["workspace_name"], self.fields["timezone"]

    def save(self, request: HttpRequest) -> User:
        with transaction.atomic():
            user: User = super().save(request)
        return user

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        if self.invitation:
            if self.invitation.mailed_at:  # the code came by mail: so the address is theirs
                get_adapter().stash_verified_email(request, self.invitation.email)
            invitations.accept(invitations.let_go(request), user)
            return
        create_workspace(user, self.cleaned_data["workspace_name"], self.cleaned_data["timezone"])


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey, which opens the desk without a password unless one wants it as a second step only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("Where it lives: “Work laptop”, “Blue key”.")
        self.fields["passwordless"].label = _("Log in with it alone, without the password")
        self.fields["passwordless"].help_text = _("Your device then asks for a PIN, a finger or your face.")
        self.fields["passwordless"].initial = True


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
