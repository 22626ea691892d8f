"""What a person says about how they want to be told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts import chats, timezones
from accounts.events import CHANNELS, CHAT, DESK, EVENTS, MAIL, Event, Words
from accounts.models import NoticePreference

GRID = "tell"  # the boxes of the grid: “failed:mail”


@dataclass(frozen=True)
class Cell:
    """One box: an event in a channel."""

    value: str
    label: Words
    is_on: bool


@dataclass(frozen=True)
class Row:
    """An event and its boxes; `programs`: how many webhooks of the workspace are told of it."""

    event: Event
    cells: list[Cell]
    programs: int | None


def channel_labels() -> dict[str, Words]:
    """The channels there are on this desk, as people call them."""
    labels: dict[str, Words] = {DESK: _("In the desk"), MAIL: _("E-mail")}
    return labels | {CHAT: chats.label()} if chats.is_there() else labels


class NoticePreferenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The grid, quiet hours and digests: all of one person's, on one page."""

    timezone = forms.ChoiceField(
        label=_("Your time zone"), required=False, help_text=_("Quiet hours and digests follow this clock.")
    )

    class Meta:
        model = NoticePreference
        fields = ["timezone", "quiet_from", "quiet_until", "digest", "digest_at", "digest_on"]
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("quiet_from", "quiet_until", "digest_at")
        }
        help_texts = {
            "digest": _("What is not urgent waits for the digest. What is urgent is mailed at once."),
            "digest_on": _("For the weekly digest."),
        }

    def __init__(self, *args: Any, webhooks: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._webhooks = webhooks
        zones = self.fields["timezone"]
        assert isinstance(zones, forms.ChoiceField)  # noqa: S101  (declared above)
        zones.choices = [("", _("That of the workspace")), *timezones.choices()]
        self.fields["digest_at"].required = self.fields["digest_on"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begin, end = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if "quiet_from" in cleaned and "quiet_until" in cleaned:
            if (begin is None) != (end is None):
                empty = "quiet_from" if begin is None else "quiet_until"
                self.add_error(empty, _("Quiet hours need both ends. Leave both empty for none."))
            elif begin is not None and begin == end:
                self.add_error("quiet_until", _("This is when they begin. Mute yourself to be told nothing."))
        unknown = self.ticked - {f"{name}:{channel}" for name in EVENTS for channel in CHANNELS}
        if unknown:
            self.add_error(None, _("There is no such event or channel."))
        return cleaned

    @property
    def ticked(self) -> set[str]:
        """The boxes that are ticked: as sent, else as stored."""
        if isinstance(self.data, QueryDict) and self.is_bound:
            return set(self.data.getlist(GRID))
        return {
            f"{event.name}:{channel}"
            for event in EVENTS.values()
            for channel in self.instance.channels(event)
        }

    def save(self, commit: bool = True) -> NoticePreference:
        shown = set(channel_labels())
        wanted = {
            event.name: {channel for channel in shown if f"{event.name}:{channel}" in self.ticked}
            | (self.instance.channels(event) - shown)  # what this desk cannot do now stays as it was
            for event in EVENTS.values()
        }
        self.instance.choose(wanted, EVENTS)
        preference: NoticePreference = super().save(commit)
        return preference

    @property
    def labels(self) -> dict[str, Words]:
        return channel_labels()

    @property
    def groups(self) -> Iterator[tuple[Words, list[Row]]]:
        """The grid, in the order of the list of events."""
        ticked, labels = self.ticked, channel_labels()
        for group, events in groupby(EVENTS.values(), key=lambda event: event.group):
            yield group, [self._row(event, ticked, labels) for event in events]

    def _row(self, event: Event, ticked: set[str], labels: Mapping[str, Words]) -> Row:
        cells = [
            Cell(value := f"{event.name}:{channel}", label, value in ticked)
            for channel, label in labels.items()
        ]
        return Row(event, cells, self._webhooks.get(event.webhook, 0) if event.webhook else None)
