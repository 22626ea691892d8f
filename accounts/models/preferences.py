"""How a person wants to be told."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.events import CHANNELS, DESK, MAIL, Event
from accounts.hours import after_quiet, next_digest
from accounts.models.people import User, validate_timezone

if TYPE_CHECKING:
    from collections.abc import Mapping


class Digest(models.TextChoices):
    """Whether what is not urgent is mailed at once, or gathered."""

    OFF = "off", _("At once")
    DAILY = "daily", _("Once a day")
    WEEKLY = "weekly", _("Once a week")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class NoticePreference(models.Model):
    """What a person wants to be told, where, and when not. Who has no row gets what the events declare.

    `choices` holds only what the person has decided: the channels of an event by its name.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="notice_preference")
    choices = models.JSONField(default=dict, blank=True)
    timezone = models.CharField(
        _("your time zone"), max_length=64, blank=True, validators=[validate_timezone]
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)
    digest = models.CharField(_("mails"), max_length=6, choices=Digest.choices, default=Digest.OFF)
    digest_at = models.TimeField(_("at"), default=time(8))
    digest_on = models.PositiveSmallIntegerField(_("on"), choices=Weekday.choices, default=Weekday.MONDAY)
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_two_ends",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}"

    def channels(self, event: Event) -> frozenset[str]:
        """Where the person wants to be told of an event."""
        chosen = self.choices.get(event.name)
        return event.channels if chosen is None else frozenset(chosen) & frozenset(CHANNELS)

    def choose(self, wanted: "Mapping[str, Iterable[str]]", events: "Mapping[str, Event]") -> None:
        """Remember the channels of some events; what equals the declaration follows it in future too."""
        for name, channels in wanted.items():
            if frozenset(channels) == events[name].channels:
                self.choices.pop(name, None)
            else:
                self.choices[name] = [channel for channel in CHANNELS if channel in set(channels)]

    @property
    def zone(self) -> ZoneInfo:
        """The person's own zone, else that of the workspace they are in."""
        if self.timezone:
            return ZoneInfo(self.timezone)
        workspace = self.user.current_workspace
        return workspace.zone if workspace else ZoneInfo("UTC")

    def when(self, event: Event, channel: str, moment: datetime) -> datetime:
        """When an event of this moment is told there: urgent ones wait for nothing but the end of a mute."""
        if channel == DESK:
            return moment
        at = max(moment, self.muted_until) if self.muted_until else moment
        if event.is_urgent:
            return at
        if channel == MAIL and self.digest != Digest.OFF:
            weekday = self.digest_on if self.digest == Digest.WEEKLY else None
            return next_digest(at, self.digest_at, self.zone, weekday)
        if self.quiet_from is not None and self.quiet_until is not None:
            return after_quiet(at, self.quiet_from, self.quiet_until, self.zone)
        return at


def preferences_of(users: Iterable[User]) -> dict[int, NoticePreference]:
    """Everybody's preferences by the key of the user, in one query; who has none gets an unsaved row."""
    people = {user.pk: user for user in users}
    rows = NoticePreference.objects.filter(user__in=people).select_related("user__current_workspace")
    found = {row.user_id: row for row in rows}
    return {pk: found.get(pk) or NoticePreference(user=user) for pk, user in people.items()}
