"""What people type in the settings."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts import brand, timezones
from accounts.auditing import words
from accounts.forms import timezone_field
from accounts.models import AuditEvent, Membership, User, Webhook, Workspace
from accounts.models.people import WEEKDAYS
from accounts.permissions import Role
from accounts.scopes import AREAS, READ, SCOPES, WRITE, everything
from accounts.webhooks import EVENTS, validate_target

EVENT_WORDS = {
    "post.published": _("A post is out"),
    "post.failed": _("A post failed"),
    "post.unknown": _("Nobody knows whether a post is out"),
    "post.missed": _("A post was missed"),
    "message.received": _("Somebody wrote"),
    "message.answered": _("A message was answered"),
    "account.expiring": _("A connection will end"),
    "account.expired": _("A connection has ended"),
    "report.ready": _("A report is ready"),
}


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["name"]


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = timezone_field(help_text=_("Times are shown in this zone, and new posts are planned in it."))
    week_starts_on = forms.TypedChoiceField(label=_("Weeks start on"), choices=WEEKDAYS, coerce=int)
    minutes = forms.IntegerField(
        label=_("Still send after an outage of up to (minutes)"),
        help_text=_("A post that is later than this is not sent by itself; you are asked."),
        min_value=1,
        max_value=7 * 24 * 60,
    )
    field_order = ["name", "timezone", "week_starts_on", "minutes", "auto_reply"]

    class Meta:
        model = Workspace
        fields = ["name", "timezone", "week_starts_on", "auto_reply"]

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


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]
    """The colour and logo of reports and mails."""

    brand_colour = forms.CharField(
        label=_("Colour"),
        required=False,
        max_length=7,
        help_text=_("Six digits after #, such as #1b5e8c."),
        widget=forms.TextInput(
            attrs={"placeholder": "#1b5e8c", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG, WebP or GIF, at most 4 MB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )

    class Meta:
        model = Workspace
        fields = ["brand_colour"]

    def clean_logo(self) -> bytes | None:
        """Its content, of a size that can be looked at."""
        file = self.cleaned_data["logo"]
        if not file:
            return None
        if file.size > brand.MOST_BYTES:
            raise forms.ValidationError(_("This picture is larger than 4 MB."), code="too_large")
        content: bytes = file.read()
        return content


class InvitationForm(forms.Form):
    """Whom to ask in."""

    email = forms.EmailField(
        label=_("E-mail"), help_text=_("They get a mail with a link that is good for a week.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.EDITOR)

    def __init__(self, *args: Any, roles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class TokenForm(forms.Form):
    """A key for a program, and what it may do of what its owner may."""

    LIVES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")), ("0", _("no end"))]
    ALL, READING, CHOSEN = "all", "reading", "chosen"
    REACHES = [
        (ALL, _("All that I may do")),
        (READING, _("Read everything, change nothing")),
        (CHOSEN, _("Only what I choose")),
    ]

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What will use it?"))
    days = forms.ChoiceField(label=_("Good for"), choices=LIVES, initial="90")
    reach = forms.ChoiceField(
        label=_("It may"), choices=REACHES, initial=ALL, required=False, widget=forms.RadioSelect
    )
    scopes = forms.MultipleChoiceField(
        label=_("Chosen"),
        choices=[(scope, scope) for scope in SCOPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reach") == self.CHOSEN and not cleaned.get("scopes") and "scopes" not in self.errors:
            self.add_error("scopes", _("Choose at least one."))
        return cleaned

    @property
    def granted(self) -> list[str]:
        """The scopes that were chosen."""
        reach = self.cleaned_data["reach"] or self.ALL
        if reach == self.CHOSEN:
            return list(self.cleaned_data["scopes"])
        if reach == self.READING:
            return [f"{area}:{READ}" for area in AREAS]
        return everything()

    @property
    def areas(self) -> list[tuple[str, Any, list[tuple[str, bool]]]]:
        """Each area with its words and its two scopes, and whether they are ticked."""
        ticked = set(self["scopes"].value() or [])
        return [
            (area, words, [(f"{area}:{way}", f"{area}:{way}" in ticked) for way in (READ, WRITE)])
            for area, words in AREAS.items()
        ]

    @property
    def expires_at(self) -> datetime | None:
        days = int(self.cleaned_data["days"])
        return now() + timedelta(days=days) if days else None


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where to tell what."""

    url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="https",
        help_text=_("Messages are sent there by POST. It must be reachable from outside your network."),
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/hooks/desk", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Tell it when"),
        choices=[(event, EVENT_WORDS[event]) for event in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        initial=["post.published", "post.failed", "post.unknown", "post.missed"],
    )

    class Meta:
        model = Webhook
        fields = ["url", "events"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        validate_target(url)
        return url


class FarewellForm(forms.Form):
    """Something that is typed so that nothing is deleted by a slip."""

    typed = forms.CharField(max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, wanted: str, label: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted
        self.fields["typed"].label = label

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"].strip()
        if typed.casefold() != self.wanted.strip().casefold():
            raise forms.ValidationError(
                _("This is not “%(wanted)s”."), code="differs", params={"wanted": self.wanted}
            )
        return typed


class AuditFilter(forms.Form):
    """Which of what was done to show."""

    user = forms.ModelChoiceField(
        label=_("Who"), queryset=User.objects.none(), required=False, empty_label=_("Everybody")
    )
    action = forms.ChoiceField(label=_("What"), required=False)
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, member: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(memberships__workspace_id=member.workspace_id).order_by("name", "email")
        self.fields["user"].queryset = people  # type: ignore[attr-defined]
        actions = AuditEvent.objects.visible_to(member).order_by("action").values_list("action", flat=True)
        named = [(action, words(action)) for action in actions.distinct()]
        self.fields["action"].choices = [("", _("Everything")), *named]  # type: ignore[attr-defined]
