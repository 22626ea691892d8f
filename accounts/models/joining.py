"""Invitations, and the copies of its data that a workspace has asked for."""

import secrets
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User, Workspace, WorkspaceQuerySet
from accounts.permissions import Role


class Invitation(models.Model):
    """Somebody may join a workspace, once, with a code of which only the hash is kept.

    `mail_due_at`: when it is to be mailed (again); None: that is done. The code is made as the mail leaves,
    so that the one before stops working.
    """

    LIFETIME = timedelta(days=7)

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.EDITOR)
    code_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(_("ends"))
    mail_due_at = models.DateTimeField(null=True, blank=True, default=timezone.now, editable=False)
    mail_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    mailed_at = models.DateTimeField(_("mailed"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email"], name="one_invitation_per_address")
        ]
        # every minute: what is to be mailed
        indexes = [
            models.Index(
                fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="invitation_unmailed"
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class DataExport(models.Model):
    """A copy of all that a workspace holds, made in the background. `due_at` is its clock; None: over."""

    LIFETIME = timedelta(days=7)

    class State(models.TextChoices):
        WAITING = "waiting", _("Being made")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Failed")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.CharField(max_length=43, unique=True, default=secrets.token_urlsafe, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    rows = models.PositiveIntegerField(default=0)
    files_left_out = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.workspace} {self.created_at:%Y-%m-%d}"

    @property
    def path(self) -> str:
        """Where it lies among the stored files, under a name that nobody can guess."""
        return f"exports/{self.key}.zip"
