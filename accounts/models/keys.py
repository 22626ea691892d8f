"""Keys of programs, and the answers that a repeated request gets again."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import scopes as areas
from accounts.models.people import Membership, User, Workspace, WorkspaceQuerySet

OVERLAP = timedelta(minutes=1)  # how long a replaced key still works: the answer may have been lost


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
    scopes = models.JSONField(
        _("may"), default=areas.everything, help_text=_("Of what its owner's role allows.")
    )
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

    def grants(self, scope: str) -> bool:
        """Whether it may do what a scope names."""
        return areas.grants(self.scopes, scope)

    @classmethod
    def issue(
        cls,
        membership: Membership,
        name: str,
        expires_at: datetime | None = None,
        scopes: Sequence[str] = (areas.EVERYTHING,),
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
            scopes=list(scopes),
        )
        return token, key

    def replace(self, membership: Membership) -> tuple["ApiToken", str]:
        """A token like this one with a new key and the same time to live; this one works a minute longer."""
        moment = timezone.now()
        ends = self.expires_at and moment + (self.expires_at - self.created_at)
        fresh = ApiToken.issue(membership, self.name, ends, self.scopes)
        leaving = ApiToken.objects.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=moment + OVERLAP)
        )
        leaving.filter(pk=self.pk).update(expires_at=moment + OVERLAP)
        return fresh


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
