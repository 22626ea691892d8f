"""What a library is put in order by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace, WorkspaceQuerySet


class MediaLabel(models.Model):
    """A word that a team sorts its media by; gone once nothing carries it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="media_labels")
    name = models.CharField(_("name"), max_length=40)
    media = models.ManyToManyField("publishing.Media", related_name="labels")

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_media_label_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name
