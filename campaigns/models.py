"""Campaigns: what several posts have in common."""

from datetime import date
from decimal import Decimal
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace, WorkspaceQuerySet


class Metric(models.TextChoices):
    """What a campaign can be after: numbers that posts bring, under the names that analytics uses."""

    VIEWS = "views", _("Views")
    ENGAGEMENTS = "engagements", _("Engagements")
    CLICKS = "clicks", _("Link clicks")
    COMMENTS = "comments", _("Comments")
    SHARES = "shares", _("Shares")
    SAVES = "saves", _("Saves")
    POSTS = "posts", _("Posts published")


class Currency(models.TextChoices):
    EUR = "EUR", "EUR"
    USD = "USD", "USD"
    GBP = "GBP", "GBP"
    KRW = "KRW", "KRW"
    JPY = "JPY", "JPY"
    CNY = "CNY", "CNY"
    CHF = "CHF", "CHF"
    SEK = "SEK", "SEK"
    NOK = "NOK", "NOK"
    DKK = "DKK", "DKK"
    PLN = "PLN", "PLN"
    CZK = "CZK", "CZK"
    HUF = "HUF", "HUF"
    RON = "RON", "RON"
    TRY = "TRY", "TRY"
    UAH = "UAH", "UAH"
    INR = "INR", "INR"
    SGD = "SGD", "SGD"
    HKD = "HKD", "HKD"
    TWD = "TWD", "TWD"
    THB = "THB", "THB"
    VND = "VND", "VND"
    IDR = "IDR", "IDR"
    AUD = "AUD", "AUD"
    NZD = "NZD", "NZD"
    CAD = "CAD", "CAD"
    MXN = "MXN", "MXN"
    BRL = "BRL", "BRL"
    ZAR = "ZAR", "ZAR"
    AED = "AED", "AED"


WHOLE_ONLY = frozenset({Currency.KRW, Currency.JPY, Currency.VND})  # currencies without cents


class Phase(models.TextChoices):
    """Where a campaign is in its time."""

    PLANNED = "planned", _("Planned")
    RUNNING = "running", _("Running")
    OVER = "over", _("Over")
    ARCHIVED = "archived", _("Archived")


class CampaignQuerySet(WorkspaceQuerySet["Campaign"]):
    """Campaigns as lists want them."""

    def open(self) -> Self:
        """Those that posts may be put into."""
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)


class Campaign(models.Model):
    """A goal with a name, a colour, dates and money, that posts belong to.

    Where `tags_links` is on, links of its posts get the five `utm_` values when they go out: see links.py.
    """

    class Colour(models.TextChoices):
        BLUE = "blue", _("Blue")
        GREEN = "green", _("Green")
        AMBER = "amber", _("Amber")
        ROSE = "rose", _("Rose")
        VIOLET = "violet", _("Violet")
        TEAL = "teal", _("Teal")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(_("name"), max_length=80)
    goal = models.CharField(_("goal"), max_length=300, blank=True)
    colour = models.CharField(_("colour"), max_length=10, choices=Colour.choices, default=Colour.BLUE)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)

    goal_metric = models.CharField(_("counted in"), max_length=20, choices=Metric.choices, blank=True)
    goal_target = models.PositiveBigIntegerField(
        _("target"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    budget = models.DecimalField(
        _("budget"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    spent = models.DecimalField(
        _("spent so far"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR, blank=True
    )

    tags_links = models.BooleanField(_("mark the links of its posts"), default=False)
    utm_source = models.CharField(_("utm_source"), max_length=100, blank=True)
    utm_medium = models.CharField(_("utm_medium"), max_length=100, blank=True)
    utm_campaign = models.CharField(_("utm_campaign"), max_length=100, blank=True)
    utm_term = models.CharField(_("utm_term"), max_length=100, blank=True)
    utm_content = models.CharField(_("utm_content"), max_length=100, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_campaign_of_a_name"),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("campaigns:campaign-detail", args=[self.pk])

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def phase(self) -> Phase:
        """Where it is today, as a clock in the workspace counts days; select the workspace in lists."""
        return self.phase_on(now().astimezone(self.workspace.zone).date())

    def phase_on(self, day: date) -> Phase:
        if self.is_archived:
            return Phase.ARCHIVED
        if self.starts_on and day < self.starts_on:
            return Phase.PLANNED
        if self.ends_on and day > self.ends_on:
            return Phase.OVER
        return Phase.RUNNING

    @property
    def time_percent(self) -> int | None:
        """How much of its days has passed, today counted; None without both dates."""
        if not (self.starts_on and self.ends_on):
            return None
        today = now().astimezone(self.workspace.zone).date()
        passed = (min(today, self.ends_on) - self.starts_on).days + 1
        return max(0, passed) * 100 // ((self.ends_on - self.starts_on).days + 1)

    @property
    def days_left(self) -> int | None:
        """How many days are left, today counted; None without an end or once that is past."""
        if self.ends_on is None:
            return None
        left = (self.ends_on - now().astimezone(self.workspace.zone).date()).days + 1
        return left if left > 0 else None

    def archive(self) -> bool:
        """Out of the way: no new post is put into it, those it has stay. False if it is so already."""
        self.archived_at = now()
        rows = Campaign.objects.filter(pk=self.pk, archived_at=None)
        return rows.update(archived_at=self.archived_at) == 1

    def restore(self) -> bool:
        """Take it out of the archive. False if it was not there."""
        self.archived_at = None
        return Campaign.objects.filter(pk=self.pk).archived().update(archived_at=None) == 1
