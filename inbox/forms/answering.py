"""What a person types and presses beside a conversation."""

import uuid
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, User
from inbox.models import Conversation, ConversationQuerySet, Label, Message
from inbox.variables import unfilled

LONGEST = 10_000
MORNING = time(9)
MOST_TICKED = 200


class ReplyForm(forms.Form):
    """An answer. `message`: what it answers, else the last one. `key`: one form, one answer."""

    text = forms.CharField(
        max_length=LONGEST,
        strip=True,
        label=gettext_lazy("Answer"),
        error_messages={"required": gettext_lazy("Write something first.")},
    )
    message = forms.ModelChoiceField(
        Message.objects.none(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("That message is not here any more.")},
    )
    key = forms.UUIDField(required=False)

    def __init__(self, conversation: Conversation, sent: Any = None, **initial: Any) -> None:
        super().__init__(sent, initial=initial, auto_id="reply_%s")
        theirs = Message.objects.filter(conversation=conversation, is_ours=False, deleted_at=None)
        self.fields["message"].queryset = theirs  # type: ignore[attr-defined]
        self.theirs = theirs

    @property
    def fresh_key(self) -> str:
        """What makes one answer of this form, however often it is sent."""
        sent = str(self.data.get("key", "")) if self.is_bound else ""
        return sent if sent and "key" not in self.errors else str(uuid.uuid4())

    def clean_text(self) -> str:
        """A variable that nobody filled in is not sent."""
        text: str = self.cleaned_data["text"]
        if missing := unfilled(text):
            names = ", ".join(f"{{{name}}}" for name in missing)
            raise ValidationError(
                _("%(names)s is not filled in. Write it by hand.") % {"names": names}, "missing"
            )
        return text

    def clean_key(self) -> uuid.UUID:
        return self.cleaned_data.get("key") or uuid.uuid4()

    def clean_message(self) -> Message:
        chosen: Message | None = self.cleaned_data.get("message")
        chosen = chosen or self.theirs.order_by("-created_at", "-pk").first()
        if chosen is None:
            raise ValidationError(_("There is nothing here to answer."), "message_gone")
        return chosen


class NoteForm(forms.Form):
    """What the team should know."""

    text = forms.CharField(
        max_length=4000, error_messages={"required": gettext_lazy("Write something first.")}
    )


class PersonForm(forms.Form):
    """What the team should know about somebody; empty: nothing."""

    note = forms.CharField(max_length=4000, required=False)


class SnoozeForm(forms.Form):
    """Until when: one of a few moments that fit, or a date and time by the workspace's clock."""

    preset = forms.ChoiceField(required=False)
    until = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    def __init__(self, zone: ZoneInfo, sent: Any = None) -> None:
        super().__init__(sent)
        self.zone = zone
        self.moments = presets(zone)
        self.fields["preset"].choices = [(name, label) for name, label, _at in self.moments]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        chosen = {name: at for name, _label, at in self.moments}.get(self.cleaned_data.get("preset") or "")
        typed = self.cleaned_data.get("until")
        until = chosen or (typed.replace(tzinfo=self.zone) if typed else None)
        if until is None:
            raise ValidationError(_("Choose until when."), "required")
        if until <= now():
            raise ValidationError(_("That moment is over. Choose a later one."), "past")
        return {"until": until}


def presets(zone: ZoneInfo) -> list[tuple[str, str, datetime]]:
    """Moments to come back at: name, words, moment."""
    here = now().astimezone(zone)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), MORNING, zone)
    monday = datetime.combine(here.date() + timedelta(days=7 - here.weekday()), MORNING, zone)
    return [
        ("hours", _("In 3 hours"), here + timedelta(hours=3)),
        ("tomorrow", _("Tomorrow"), tomorrow),
        ("monday", _("Next Monday"), monday),
    ]


def colleague(member: Membership, named: str) -> User | None:
    """Whom to give a conversation to: 'me', a member's id, or '' for nobody. ValidationError for all else."""
    if named == "me":
        return member.user
    if not named:
        return None
    rows = Membership.objects.visible_to(member).filter(user__is_active=True).select_related("user")
    found = rows.filter(user=int(named)).first() if named.isdecimal() and len(named) < 19 else None
    if found is None:
        raise ValidationError(_("That person is not in this workspace any more."), "invalid_choice")
    return found.user


def labels_of(member: Membership, named: Iterable[str]) -> list[Label]:
    """The labels that are named by their ids; those of another workspace do not exist."""
    ids = [int(each) for each in named if each.isdecimal() and len(each) < 19]
    return list(Label.objects.visible_to(member).filter(pk__in=ids))


class Press:
    """What is pressed below a list: a button's name says what, the ticked rows for which."""

    ACTIONS = ("done", "reopen", "assign", "label", "read")

    def __init__(self, member: Membership, sent: QueryDict) -> None:
        """ValidationError where no button of ours was pressed, or nothing was ticked."""
        self.action = next((name for name in self.ACTIONS if sent.get("press") == name), "")
        if not self.action:
            raise ValidationError(_("Choose what shall happen."), "required")
        ids = [
            int(each)
            for each in map(str, sent.getlist("conversation"))
            if each.isdecimal() and len(each) < 19
        ]
        if not ids:
            raise ValidationError(_("Tick the conversations first."), "required")
        self.ids = ids[:MOST_TICKED]
        self.assignee = colleague(member, sent.get("assignee", "")) if self.action == "assign" else None
        self.label = next(iter(labels_of(member, [sent.get("label", "")])), None)
        if self.action == "label" and self.label is None:
            raise ValidationError(_("Choose a label."), "required")

    def narrow(self, rows: ConversationQuerySet) -> ConversationQuerySet:
        return rows.filter(pk__in=self.ids)
