"""Where programs of others are told what happens here, and what they were told."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedJSONField
from accounts.models.people import Membership, User, Workspace, WorkspaceQuerySet


class Webhook(models.Model):
    """An address that is told of chosen events. `secret` signs what is sent (Standard Webhooks).

    `old_secret`: after a change it signs beside the new one until `old_secret_until`.
    `failing_since`: when it last began to fail without a break; after days of it, it is switched off.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(_("address"), max_length=500)
    events = models.JSONField(_("events"), default=list)
    secret = EncryptedJSONField(null=False, default=None, editable=False)
    old_secret = EncryptedJSONField(null=False, blank=True, default=None, editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    is_on = models.BooleanField(_("on"), default=True)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.url


class Happening(models.Model):
    """Something that webhooks are told of, once a `key`."""

    LIFETIME = timedelta(days=30)

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    payload = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="happens_once")]

    def __str__(self) -> str:
        return f"{self.event} {self.key}"


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    """What is on its way."""

    def visible_to(self, member: Membership) -> Self:
        return self.filter(webhook__workspace_id=member.workspace_id)

    def due(self, moment: datetime) -> Self:
        """What may be sent: its time has come, and nobody is sending it."""
        free = Q(lease_until=None) | Q(lease_until__lte=moment)
        return self.filter(free, state=Dispatch.State.WAITING, due_at__lte=moment)


class Dispatch(models.Model):
    """One happening on its way to one webhook. `due_at` is its clock; None: it is over.

    `history`: the tries so far, each with `at`, `status`, `answer` and `milliseconds`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Delivered")
        FAILED = "failed", _("Not delivered")

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="dispatches")
    happening = models.ForeignKey(Happening, on_delete=models.CASCADE, related_name="dispatches")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0)
    http_status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True)
    history = models.JSONField(default=list, editable=False)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "happening"], name="one_dispatch_per_happening")
        ]
        # what is to be sent now
        indexes = [models.Index(fields=["due_at"], condition=Q(state="waiting"), name="dispatch_due")]

    def __str__(self) -> str:
        return f"{self.happening} → {self.webhook}"
