"""What a person asks the inbox for; all of it stands in the address."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from inbox.models import Conversation, ConversationQuerySet, Kind
from inbox.search import matching
from platforms.registry import PLATFORMS

State = Conversation.State
SHOWN: dict[str, Any] = {
    "open": _("Open"),
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "snoozed": _("Snoozed"),
    "done": _("Done"),
    "all": _("All"),
}
ME, NOBODY = "me", "none"
LARGEST = 2**63 - 1


class ConversationFilter(forms.Form):
    """Which conversations to show. A value that makes no sense narrows nothing."""

    show = forms.ChoiceField(required=False, choices=list(SHOWN.items()))
    q = forms.CharField(required=False, max_length=200, label=_("Search"))
    network = forms.ChoiceField(
        required=False, choices=[(name, platform.label) for name, platform in PLATFORMS.items()]
    )
    account = forms.IntegerField(required=False, min_value=1, max_value=LARGEST)
    kind = forms.ChoiceField(required=False, choices=Kind.choices)
    label = forms.IntegerField(required=False, min_value=1, max_value=LARGEST)
    assignee = forms.RegexField(rf"^({ME}|{NOBODY}|\d{{1,18}})$", required=False)
    unread = forms.BooleanField(required=False)
    waiting = forms.BooleanField(required=False)
    field_order = ["show", "q", "network", "account", "kind", "label", "assignee", "waiting", "unread"]

    def __init__(self, member: Membership, asked: Any) -> None:
        self.member = member
        super().__init__(asked)
        self.fields["network"].choices = [  # type: ignore[attr-defined]
            (name, platform.label) for name, platform in PLATFORMS.items()
        ]
        self.is_valid()

    @property
    def shown(self) -> str:
        """The tab."""
        return self.cleaned_data.get("show") or "open"

    @property
    def asked(self) -> dict[str, str]:
        """What narrows, as it stands in an address."""
        told = {name: self.cleaned_data.get(name) for name in self.fields if name != "show"}
        return {name: "1" if value is True else str(value) for name, value in told.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.asked)

    def conversations(self) -> ConversationQuerySet:
        """The workspace's conversations that are asked for, newest first."""
        rows: ConversationQuerySet = Conversation.objects.visible_to(self.member)
        rows = rows.filter(self._tab(), **self._narrowed()).filter(self._assigned())
        return matching(rows, self.cleaned_data.get("q", "")).order_by("-last_at", "-pk")

    def _tab(self) -> Q:
        is_open = Q(state=State.OPEN)
        match self.shown:
            case "all":
                return Q()
            case "mine":
                return is_open & Q(assignee=self.member.user_id)
            case "unassigned":
                return is_open & Q(assignee=None)
        return Q(state=self.shown)

    def _narrowed(self) -> dict[str, Any]:
        asked = self.cleaned_data
        wanted = {
            "account__platform_name": asked.get("network"),
            "account_id": asked.get("account"),
            "kind": asked.get("kind"),
            "labels": asked.get("label"),
            "unread__gt": 0 if asked.get("unread") else None,
            "needs_answer": asked.get("waiting") or None,
        }
        return {name: value for name, value in wanted.items() if value is not None and value != ""}

    def _assigned(self) -> Q:
        match self.cleaned_data.get("assignee"):
            case None | "":
                return Q()
            case "me":
                return Q(assignee=self.member.user_id)
            case "none":
                return Q(assignee=None)
        return Q(assignee=int(self.cleaned_data["assignee"]))


def cursor_of(row: Conversation) -> str:
    """Where a page of the list ended."""
    return f"{row.last_at.isoformat()}~{row.pk}"


def read_cursor(text: str) -> tuple[datetime, int] | None:
    """The row after which a page begins; None for what is no cursor of ours."""
    moment, _tilde, pk = text.partition("~")
    try:
        at = parse_datetime(moment)
    except ValueError:
        return None
    return (at, int(pk)) if at and at.tzinfo and pk.isdecimal() and len(pk) < 19 else None


def after(rows: ConversationQuerySet, cursor: tuple[datetime, int]) -> ConversationQuerySet:
    """What stands below a row of the list."""
    at, pk = cursor
    return rows.filter(Q(last_at__lt=at) | Q(last_at=at, pk__lt=pk))
