"""People in a chat with the desk's own bot: who they are here, and what the bot has to tell them."""

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.keys import digest
from accounts.models.notices import Notification
from accounts.models.people import User, Workspace


class ChatLink(models.Model):
    """A person's chat with the bot; whoever writes there has this person's rights.

    `person` and `chat` are the network's ids; `blocked_at`: they shut the bot out, and nothing is sent.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="chat_link")
    person = models.CharField(max_length=64, unique=True)
    chat = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True)
    linked_at = models.DateTimeField(default=timezone.now)
    blocked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} as {self.name or self.person}"


class ChatCode(models.Model):
    """What a person brings along to the bot to be known there: hashed, used once, ten minutes."""

    LIFETIME = timedelta(minutes=10)

    code_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"for {self.user_id}"

    @classmethod
    def issue(cls, user: User) -> str:
        """A new code, which cannot be read again; those made before it are worth nothing now."""
        code = secrets.token_urlsafe(24)
        cls.objects.filter(user=user).delete()
        cls.objects.create(user=user, code_hash=digest(code))
        return code

    @classmethod
    def use(cls, code: str) -> User | None:
        """Whose code it is, once; None where it is unknown, used, or too old."""
        fresh = cls.objects.filter(
            code_hash=digest(code), created_at__gt=timezone.now() - cls.LIFETIME, user__is_active=True
        )
        row = fresh.select_related("user").first()
        if row is None or not cls.objects.filter(pk=row.pk).delete()[0]:
            return None
        return row.user


class ChatMessageQuerySet(models.QuerySet["ChatMessage"]):
    def due(self, moment: datetime) -> Self:
        """What shall be sent or changed now, and nobody is at it."""
        free = Q(taken_until=None) | Q(taken_until__lte=moment)
        return self.filter(free, due_at__lte=moment)


class ChatMessage(models.Model):
    """Something that the bot tells a chat, once a `key`. `due_at` is its clock; None: it is over.

    Sent already (`remote_id`) and due again: its text has grown, and the message in the chat is changed.
    `about` names the rows that its buttons act upon. Without a `link` it is for the operators' chat.
    """

    LIFETIME = timedelta(days=90)

    link = models.ForeignKey(ChatLink, null=True, on_delete=models.CASCADE, related_name="messages")
    notification = models.ForeignKey(
        Notification, null=True, on_delete=models.CASCADE, related_name="chat_messages"
    )
    chat = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=300, blank=True)
    about = models.JSONField(default=dict)
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    taken_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=64, blank=True)

    objects = ChatMessageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["chat", "key"], name="chat_told_once")]
        indexes = [
            # what the bot has to send, several times a second
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="chat_message_due"),
            # whose buttons were pressed, or what was answered
            models.Index(fields=["chat", "remote_id"], condition=~Q(remote_id=""), name="chat_message_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.key} to {self.chat}"
