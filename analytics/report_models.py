"""Reports: numbers of a range as they stood when it was made, and plans that make them by the clock."""

import secrets
import uuid
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Membership, Workspace, WorkspaceQuerySet
from campaigns.models import Campaign

LINK_LIFETIME = timedelta(days=30)


class Kind(models.TextChoices):
    """How often; the range follows from it."""

    DAILY = "daily", gettext_lazy("Daily")
    WEEKLY = "weekly", gettext_lazy("Weekly")
    MONTHLY = "monthly", gettext_lazy("Monthly")


class Weekday(models.IntegerChoices):
    MONDAY = 0, gettext_lazy("Monday")
    TUESDAY = 1, gettext_lazy("Tuesday")
    WEDNESDAY = 2, gettext_lazy("Wednesday")
    THURSDAY = 3, gettext_lazy("Thursday")
    FRIDAY = 4, gettext_lazy("Friday")
    SATURDAY = 5, gettext_lazy("Saturday")
    SUNDAY = 6, gettext_lazy("Sunday")


class ReportPlanQuerySet(WorkspaceQuerySet["ReportPlan"]):
    def due(self, moment: datetime) -> Self:
        """Those whose time has come."""
        return self.filter(is_on=True, due_at__lte=moment)

    def moved(self) -> Self:
        """Those whose workspace has another clock than the one their next time was counted by."""
        return self.exclude(zone=F("workspace__timezone"))


class ReportPlan(models.Model):
    """A report that makes itself at a time of the workspace's clock. `due_at` is its only clock.

    `zone`: by which clock `due_at` was counted. Members are told in the desk, by mail and wherever else they
    want to be told; `addresses` get a mail with the files.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="report_plans")
    name = models.CharField(gettext_lazy("name"), max_length=80)
    kind = models.CharField(
        gettext_lazy("how often"), max_length=10, choices=Kind.choices, default=Kind.WEEKLY
    )
    weekday = models.PositiveSmallIntegerField(
        gettext_lazy("on"), choices=Weekday.choices, default=Weekday.MONDAY
    )
    month_day = models.PositiveSmallIntegerField(
        gettext_lazy("on day"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
    )
    at = models.TimeField(gettext_lazy("at"), default=time(8, 0))
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.CASCADE, related_name="report_plans"
    )
    accounts = models.ManyToManyField(Account, blank=True, related_name="+")
    members = models.ManyToManyField(Membership, blank=True, related_name="report_plans")
    addresses = models.JSONField(default=list, blank=True)
    with_pdf = models.BooleanField(gettext_lazy("PDF"), default=True)
    with_csv = models.BooleanField(gettext_lazy("CSV"), default=False)
    is_on = models.BooleanField(gettext_lazy("on"), default=True)
    due_at = models.DateTimeField(editable=False)
    zone = models.CharField(max_length=64, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now, editable=False)

    objects = ReportPlanQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        # every minute: which plans are due
        indexes = [models.Index(fields=["due_at"], condition=Q(is_on=True), name="reportplan_due")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reports:plan-edit", args=[self.pk])

    def set_due(self, after: datetime) -> None:
        """Count the next time by the workspace's clock; the caller saves."""
        self.zone = self.workspace.timezone
        self.due_at = self.next_after(after)

    def follow_clock(self, moment: datetime) -> None:
        """Count anew where the workspace's clock was changed; a period that was to come is not left out,
        though its time has passed by the new clock. The caller saves.
        """
        owed = self.days_before(self.due_at)[1]
        self.set_due(moment)
        latest = self.latest_until(moment)
        if self.days_before(latest)[1] >= owed:
            self.due_at = latest

    def next_after(self, moment: datetime) -> datetime:
        """The first time after a moment."""
        clock = ZoneInfo(self.zone)
        day = moment.astimezone(clock).date() - timedelta(days=1)
        while True:
            if self._is_on_day(day) and (at := exact(day, self.at, clock)) > moment:
                return at
            day += timedelta(days=1)

    def latest_until(self, moment: datetime) -> datetime:
        """The last time that has come: after an outage one report is made, not one for each missed time."""
        clock = ZoneInfo(self.zone)
        day = moment.astimezone(clock).date() + timedelta(days=1)
        while not (self._is_on_day(day) and exact(day, self.at, clock) <= moment):
            day -= timedelta(days=1)
        return exact(day, self.at, clock)

    def _is_on_day(self, day: date) -> bool:
        if self.kind == Kind.WEEKLY:
            return day.weekday() == self.weekday
        return self.kind == Kind.DAILY or day.day == self.month_day

    def days_before(self, moment: datetime) -> tuple[date, date]:
        """The first and last day that the report of a moment is about: all of them are over."""
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        yesterday = today - timedelta(days=1)
        if self.kind == Kind.DAILY:
            return yesterday, yesterday
        if self.kind == Kind.WEEKLY:
            return today - timedelta(days=7), yesterday
        end = today.replace(day=1) - timedelta(days=1)
        return end.replace(day=1), end


def exact(day: date, at: time, clock: ZoneInfo) -> datetime:
    """A wall time as a moment: the first of two in autumn, and in spring as much later as the clock skips."""
    return datetime.combine(day, at, clock).astimezone(UTC)


class ReportQuerySet(WorkspaceQuerySet["Report"]):
    def to_make(self, moment: datetime) -> Self:
        """Those that nobody makes and that are not given up."""
        free = Q(lease_until=None) | Q(lease_until__lte=moment)
        return self.filter(free, state=Report.State.WAITING)

    def shared(self, key: str) -> Self:
        return self.filter(link_key=key) if key else self.none()


class Report(models.Model):
    """The numbers of a range of days as they stood when it was made; `rows` never change afterwards.

    Who has its link sees it without logging in, until `link_until` and as long as nobody takes the link back.
    """

    class State(models.TextChoices):
        WAITING = "waiting", gettext_lazy("Being made")
        READY = "ready", gettext_lazy("Ready")
        FAILED = "failed", gettext_lazy("Failed")

    MAKING = timedelta(minutes=6)  # longer than a task of the cluster may take
    MOST_TRIES = 3

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="reports")
    plan = models.ForeignKey(
        ReportPlan, null=True, blank=True, on_delete=models.SET_NULL, related_name="reports"
    )
    name = models.CharField(gettext_lazy("name"), max_length=80)
    first_day = models.DateField(gettext_lazy("from"))
    last_day = models.DateField(gettext_lazy("until"))
    zone = models.CharField(max_length=64)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="reports"
    )
    account_ids = models.JSONField(default=list, blank=True)  # of those that it is about; empty: all
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    rows = models.JSONField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    fence = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    link_key = models.CharField(max_length=43, blank=True, editable=False)
    link_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now, editable=False)
    made_at = models.DateTimeField(null=True, blank=True)
    key = models.UUIDField(default=uuid.uuid4, editable=False)  # the same form sent twice is one

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "last_day"], name="one_report_of_a_plan_and_period"),
            models.UniqueConstraint(fields=["workspace", "key"], name="one_report_of_a_form"),
            models.UniqueConstraint(
                fields=["link_key"], condition=~Q(link_key=""), name="one_report_of_a_link"
            ),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="report_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(rows__isnull=False), name="ready_report_has_rows"
            ),
        ]
        indexes = [
            # the page of reports
            models.Index(fields=["workspace", "-created_at"], name="report_of_workspace"),
            # every minute: what is to be made
            models.Index(fields=["created_at"], condition=Q(state="waiting"), name="report_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.days}"

    def get_absolute_url(self) -> str:
        return reverse("reports:report-detail", args=[self.pk])

    @property
    def days(self) -> str:
        """“24 – 30 Nov 2026”, as short as it can be said."""
        first, last = self.first_day, self.last_day
        if first == last:
            return date_format(first, "j M Y")
        if (first.year, first.month) == (last.year, last.month):
            if first.day == 1 and last.day == monthrange(last.year, last.month)[1]:
                return date_format(first, "F Y")
            return f"{first.day} – {date_format(last, 'j M Y')}"
        start = date_format(first, "j M" if first.year == last.year else "j M Y")
        return f"{start} – {date_format(last, 'j M Y')}"

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY

    @property
    def is_shared(self) -> bool:
        """Whether its link works just now."""
        return bool(self.link_key) and self.link_until is not None and self.link_until > now()

    @property
    def link(self) -> str:
        """The address that needs no log-in; nothing where there is none."""
        if not self.link_key:
            return ""
        return f"{settings.SITE_URL}{reverse('shared-report', args=[self.link_key])}"

    def share(self) -> None:
        """A new link, for thirty days; one that was there before works no longer."""
        self.link_key, self.link_until = secrets.token_urlsafe(32), now() + LINK_LIFETIME
        self.save(update_fields=["link_key", "link_until"])

    def unshare(self) -> None:
        """Whoever has the link sees nothing any more."""
        self.link_key, self.link_until = "", None
        self.save(update_fields=["link_key", "link_until"])

    def settle(self, **changes: Any) -> bool:
        """Write what came of making it and let go. False: the lease ran out and somebody else has it."""
        mine = Report.objects.filter(pk=self.pk, fence=self.fence, state=self.State.WAITING)
        return mine.update(lease_until=None, **changes) == 1

    def call(self) -> str:
        """What a mail and a notice say."""
        return _("The report “%(name)s” for %(days)s is ready.") % {"name": self.name, "days": self.days}


class ReportMailQuerySet(models.QuerySet["ReportMail"]):
    def to_send(self, moment: datetime) -> Self:
        """Mails that nobody is sending. After a day a report is no news."""
        free = Q(mailing_at=None) | Q(mailing_at__lte=moment - ReportMail.MAILING)
        return self.filter(free, mailed_at=None, created_at__gt=moment - ReportMail.NEWS)


class ReportMail(models.Model):
    """One report to one address, once: marked before the mail leaves and after (see accounts/notices.py)."""

    MAILING = timedelta(minutes=10)
    NEWS = timedelta(days=1)

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="mails")
    address = models.EmailField()
    with_pdf = models.BooleanField(default=True)
    with_csv = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    mailing_at = models.DateTimeField(null=True, blank=True, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = ReportMailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "address"], name="one_mail_of_a_report_and_address")
        ]
        indexes = [
            # every minute: what is to be sent
            models.Index(fields=["created_at"], condition=Q(mailed_at=None), name="reportmail_unmailed")
        ]

    def __str__(self) -> str:
        return self.address
