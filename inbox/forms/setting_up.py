"""What a team sets its inbox up with: saved replies, labels, rules."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Membership, User
from accounts.permissions import GRANTED, Permission
from inbox.models import Kind, Label, ReplyRule, SavedReply
from inbox.variables import VARIABLES, named
from platforms.registry import PLATFORMS

COLOURS = [
    ("blue", gettext_lazy("Blue")),
    ("violet", gettext_lazy("Violet")),
    ("green", gettext_lazy("Green")),
    ("red", gettext_lazy("Red")),
    ("amber", gettext_lazy("Amber")),
    ("orange", gettext_lazy("Orange")),
    ("grey", gettext_lazy("Grey")),
]
PAUSES = [
    (0, gettext_lazy("always")),
    (1, gettext_lazy("once an hour")),
    (24, gettext_lazy("once a day")),
    (24 * 7, gettext_lazy("once a week")),
    (24 * 365, gettext_lazy("once a year")),
]
MOST_WORDS = 50


def known_variables(text: str) -> str:
    """A text whose words in braces are all variables of ours."""
    if unknown := [name for name in named(text) if name not in VARIABLES]:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        all_known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        sentence = _("%(names)s is no variable. There are %(known)s.")
        raise ValidationError(sentence % {"names": names, "known": all_known}, "unknown_variable")
    return text


class Named(forms.ModelForm):  # type: ignore[type-arg]
    """A row of one workspace whose name is told apart from the others' there."""

    taken = gettext_lazy("There is one of this name already.")

    def __init__(self, member: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.instance.workspace_id = member.workspace_id

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        model: type[Model] = type(self.instance)
        rows = model._default_manager.filter(workspace=self.member.workspace_id).exclude(pk=self.instance.pk)
        if rows.filter(name__iexact=name).exists():
            raise ValidationError(self.taken, "taken")
        return name


class SavedReplyForm(Named):
    class Meta:
        model = SavedReply
        fields = ["name", "text"]

    def clean_text(self) -> str:
        return known_variables(self.cleaned_data["text"])


class LabelForm(Named):
    colour = forms.ChoiceField(choices=COLOURS, label=gettext_lazy("Colour"))

    class Meta:
        model = Label
        fields = ["name", "colour"]


class RuleForm(Named):
    """What is done by itself, and with what. Empty conditions narrow nothing."""

    accounts = forms.ModelMultipleChoiceField(
        Account.objects.none(),
        required=False,
        label=gettext_lazy("On these accounts"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: on all of them."),
    )
    kinds = forms.MultipleChoiceField(
        choices=Kind.choices,
        required=False,
        label=gettext_lazy("With these kinds"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: with all of them."),
    )
    words = forms.CharField(
        required=False,
        label=gettext_lazy("Where one of these words is written"),
        help_text=gettext_lazy("Separated by commas, as whole words. Empty: whatever is written."),
    )
    most_stars = forms.TypedChoiceField(
        choices=[("", gettext_lazy("any"))] + [(n, str(n)) for n in range(1, 6)],
        coerce=int,
        empty_value=None,
        required=False,
        label=gettext_lazy("Reviews with at most so many stars"),
    )
    days = forms.TypedMultipleChoiceField(
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        label=gettext_lazy("On these days"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: on every day."),
    )
    pause = forms.TypedChoiceField(
        choices=PAUSES,
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial=24,
        label=gettext_lazy("Answers one person at most"),
    )

    class Meta:
        model = ReplyRule
        fields = [
            "name", "accounts", "kinds", "words", "most_stars", "days", "from_time", "until_time",
            "is_outside_hours", "reply", "pause", "label", "assignee", "closes",
        ]  # fmt: skip
        widgets = {
            "from_time": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "until_time": forms.TimeInput({"type": "time"}, format="%H:%M"),
        }
        labels = {
            "from_time": gettext_lazy("From"),
            "until_time": gettext_lazy("Until"),
            "is_outside_hours": gettext_lazy("Outside these hours instead"),
            "reply": gettext_lazy("Answer with"),
            "label": gettext_lazy("Give it the label"),
            "assignee": gettext_lazy("Give it to"),
        }
        help_texts = {
            "reply": gettext_lazy("{name}, {handle}, {account} and {link} are filled in. Empty: no answer."),
            "from_time": gettext_lazy("By the workspace's clock; an end before the start is over midnight."),
        }

    def __init__(self, member: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(member, *args, **kwargs)
        rows = Account.objects.visible_to(member).exclude(state=Account.State.DISCONNECTED)
        writers = [role for role, granted in GRANTED.items() if Permission.WRITE in granted]
        colleagues = Membership.objects.visible_to(member).filter(role__in=writers).values("user")
        fields: dict[str, Any] = self.fields
        fields["accounts"].queryset = rows.defer("credentials")
        fields["accounts"].label_from_instance = lambda one: (
            f"{one.handle} ({PLATFORMS[one.platform_name].label})"
        )
        fields["label"].queryset = Label.objects.visible_to(member)
        fields["assignee"].queryset = User.objects.filter(pk__in=colleagues, is_active=True)
        fields["label"].empty_label, fields["assignee"].empty_label = _("none"), _("nobody")
        self.initial["words"] = ", ".join(self.instance.words)
        self.initial["pause"] = int(self.instance.pause.total_seconds() // 3600)

    def clean_words(self) -> list[str]:
        words = [" ".join(word.split()) for word in self.cleaned_data["words"].split(",")]
        return [word[:80] for word in dict.fromkeys(words) if word][:MOST_WORDS]

    def clean_reply(self) -> str:
        return known_variables(self.cleaned_data["reply"])

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(asked.get("from_time")) != bool(asked.get("until_time")):
            self.add_error("until_time", _("Give both times, or none."))
        if asked.get("is_outside_hours") and not asked.get("from_time"):
            self.add_error("is_outside_hours", _("Say which hours are meant."))
        if not any(asked.get(name) for name in ("reply", "label", "assignee", "closes")) and not self.errors:
            raise ValidationError(
                _("Say what the rule does: answer, label, give to somebody or mark as done.")
            )
        return asked
