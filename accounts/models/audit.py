"""Who did what, when."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.people import PAUSED, Membership, Workspace, WorkspaceQuerySet
from platforms.content import Json


class AuditEvent(models.Model):
    """Who did what, when. Rows are only ever added."""

    WORKSPACE_PAUSED = PAUSED

    workspace = models.ForeignKey(
        Workspace, null=True, on_delete=models.SET_NULL, related_name="audit_events"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=255, blank=True)
    details = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @classmethod
    def record(cls, member: Membership, action: str, subject: object = "", **details: Json) -> "AuditEvent":
        return cls.objects.create(
            workspace_id=member.workspace_id,
            user_id=member.user_id,
            action=action,
            subject=str(subject)[:255],
            details=details,
        )
