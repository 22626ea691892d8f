"""Campaigns: what several posts have in common."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace, WorkspaceQuerySet


class Campaign(models.Model):
    """A goal with a name, a colour and dates, that posts belong to."""

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
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_campaign_of_a_name")]

    def __str__(self) -> str:
        return self.name
