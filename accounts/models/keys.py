"""Keys of programs, and the answers that a repeated request gets again."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Membership, User, Workspace, WorkspaceQuerySet


def digest(secret: str) -> str:
    """What is stored of a secret that only needs to be recognised."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(models.Model):
    """A program's key to one workspace. Only its hash is stored; the key itself is shown once."""

    PREFIX = "sns_"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_expired(self) -> bool:
        return bool(self.expires_at and self.expires_at <= timezone.now())

    @classmethod
    def issue(
        cls, membership: Membership, name: str, expires_at: datetime | None = None
    ) -> tuple["ApiToken", str]:
        """A new token and its key, which cannot be read again."""
        key = cls.PREFIX + secrets.token_urlsafe(32)
        token = cls.objects.create(
            user=membership.user,
            workspace=membership.workspace,
            name=name,
            key_hash=digest(key),
            hint=key[:8] + "…",
            expires_at=expires_at,
        )
        return token, key


class IdempotentRequest(models.Model):
    """The answer to a request that carried an Idempotency-Key, kept for a day."""

    LIFETIME = timedelta(hours=24)

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)  # None: still being worked on
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key
