"""Templates of posts: a text with {variables}, what is different per network, pictures, a campaign."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace, WorkspaceQuerySet
from campaigns.models import Campaign

if TYPE_CHECKING:
    from publishing.models import Media


class TemplateQuerySet(WorkspaceQuerySet["Template"]):
    def whole(self) -> Self:
        """With parts, pictures and campaign, in three queries for any number of templates."""
        return self.select_related("campaign").prefetch_related("parts", "templatemedia_set__media")

    def search(self, words: str) -> Self:
        """Those whose name or text has the words."""
        if not words:
            return self
        return self.filter(models.Q(name__icontains=words) | models.Q(text__icontains=words))


class Template(models.Model):
    """A post to be written again and again. `{name}` in its texts is asked for when it is used."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="templates")
    name = models.CharField(_("name"), max_length=80)
    text = models.TextField(_("text"), blank=True)
    hashtags = models.CharField(_("hashtags"), max_length=300, blank=True)
    media = models.ManyToManyField("publishing.Media", through="TemplateMedia", related_name="templates")
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="templates"
    )
    created_from = models.ForeignKey(
        "publishing.Post", null=True, blank=True, on_delete=models.SET_NULL, related_name="templates"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            # the list, by name, is read along this
            models.UniqueConstraint(fields=["workspace", "name"], name="one_template_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("publishing:template-edit", args=[self.pk])

    @property
    def pictures(self) -> "list[Media]":
        """In their order; prefetch `templatemedia_set__media` where there are many templates."""
        return [row.media for row in self.templatemedia_set.all()]


class TemplatePart(models.Model):
    """What is different on one network: a text of its own (None: the template's), and options."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="parts")
    platform_name = models.CharField(_("network"), max_length=20)
    text = models.TextField(_("own text"), null=True, blank=True)  # noqa: DJ001  (None is not "")
    options = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["platform_name"]
        constraints = [
            models.UniqueConstraint(fields=["template", "platform_name"], name="one_part_per_network")
        ]

    def __str__(self) -> str:
        return f"{self.template} · {self.platform_name}"


class TemplateMedia(models.Model):
    """A picture's place in a template."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE)
    media = models.ForeignKey("publishing.Media", on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["template", "position"], name="one_template_picture_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} #{self.position}"
