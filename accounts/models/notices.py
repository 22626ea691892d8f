"""What people are told."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import Membership, User, Workspace


class NotificationQuerySet(models.QuerySet["Notification"]):
    """What people are told; everybody sees only what was told to them."""

    def told_to(self, user: User) -> Self:
        """All that the person wants to see here, in whichever workspace: the bell."""
        return self.filter(user_id=user.pk, is_shown=True)

    def visible_to(self, member: Membership) -> Self:
        """What the person was told about the desk and the workspace they are in just now."""
        about = Q(workspace_id=member.workspace_id) | Q(workspace_id=None)
        return self.filter(about, user_id=member.user_id, is_shown=True)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def to_mail(self, moment: datetime) -> Self:
        """What is to be mailed by now and nobody is mailing. A day after its time a mail would be no news."""
        free = Q(mailing_at=None) | Q(mailing_at__lte=moment - Notification.MAILING)
        return self.filter(free, mailed_at=None, mail_at__lte=moment, mail_at__gt=moment - Notification.NEWS)


class Notification(models.Model):
    """Something that one person is told, once a `key`: in the desk, by mail, in the chat, as they want it.

    `is_shown`: in the desk. `mail_at`: when it shall be mailed, None where it shall not. `mailing_at`:
    somebody has begun to; where no `mailed_at` follows in time, somebody else does.
    """

    LIFETIME = timedelta(days=90)
    MAILING = timedelta(minutes=10)  # longer than a task may take
    NEWS = timedelta(days=1)

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    workspace = models.ForeignKey(
        Workspace, null=True, on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=200)
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    is_shown = models.BooleanField(default=True)
    mail_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    mailing_at = models.DateTimeField(null=True, blank=True, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="told_once")]
        indexes = [
            # the bell on every page
            models.Index(
                fields=["user"], condition=Q(read_at=None, is_shown=True), name="notification_unseen"
            ),
            # the page of notices
            models.Index(fields=["user", "-created_at"], name="notification_of_person"),
            # the post, every minute
            models.Index(fields=["mail_at"], condition=Q(mailed_at=None), name="notification_to_mail"),
        ]

    def __str__(self) -> str:
        return self.text
