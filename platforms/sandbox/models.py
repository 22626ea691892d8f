"""The sandbox's world: people, apps, grants, media and posts on every network that it plays."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class Person(models.Model):
    """An identity on one network, with the password of its log-in page."""

    network = models.CharField(max_length=20)
    remote_id = models.CharField(max_length=255)
    handle = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    about = models.TextField(blank=True)
    colour = models.CharField(max_length=7, default="#5b6cff")
    facts = models.JSONField(
        default=dict
    )  # what only this network knows of a person (plan, instance, did document)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "remote_id"], name="sandbox_one_person"),
            models.UniqueConstraint(fields=["network", "handle"], name="sandbox_one_handle"),
        ]

    def __str__(self) -> str:
        return f"{self.handle} on {self.network}"


class Client(models.Model):
    """A registered application."""

    network = models.CharField(max_length=20)
    client_id = models.CharField(max_length=255, default=new_secret)
    client_secret = models.CharField(max_length=255, default=new_secret)
    name = models.CharField(max_length=255, blank=True)
    redirect_uris = models.JSONField(default=list)  # empty: any on this machine
    scopes = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "client_id"], name="sandbox_one_client")]

    def __str__(self) -> str:
        return self.name or self.client_id


class Grant(models.Model):
    """What a person allowed a client: a code, then tokens; `facts` hold the rest of the dialect."""

    network = models.CharField(max_length=20)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="grants")
    client_id = models.CharField(max_length=1000)
    redirect_uri = models.CharField(max_length=1000, blank=True)
    scopes = models.JSONField(default=list)
    challenge = models.CharField(max_length=128, blank=True)
    code = models.CharField(max_length=255, blank=True, db_index=True)
    code_expires_at = models.DateTimeField(null=True)
    access = models.CharField(max_length=2000, blank=True, db_index=True)
    access_expires_at = models.DateTimeField(null=True)
    refresh = models.CharField(max_length=2000, blank=True, db_index=True)
    refresh_expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.client_id} for {self.person}"

    @property
    def is_alive(self) -> bool:
        now = timezone.now()
        return not self.revoked_at and (self.access_expires_at is None or self.access_expires_at > now)


class Upload(models.Model):
    """A medium on its way into a post: bytes, kind, processing state."""

    network = models.CharField(max_length=20)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="uploads")
    remote_id = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100, blank=True)
    content = models.BinaryField(default=b"")
    alt = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "remote_id", "person"], name="sandbox_one_upload")
        ]

    def __str__(self) -> str:
        return self.remote_id


class Entry(models.Model):
    """A post that the public sees, as the network keeps it (`body` in the network's own words)."""

    network = models.CharField(max_length=20)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="entries")
    remote_id = models.CharField(max_length=255)
    text = models.TextField(blank=True)
    parent_id = models.CharField(max_length=255, blank=True, db_index=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    body = models.JSONField(default=dict)
    uploads = models.ManyToManyField(Upload, related_name="entries")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["network", "remote_id", "person"],
                condition=Q(deleted_at=None),
                name="sandbox_one_entry",
            )
        ]
        indexes = [models.Index(fields=["network", "person", "-created_at"], name="sandbox_timeline")]

    def __str__(self) -> str:
        return self.text[:60]

    def attach(self, uploads: Iterable[Upload]) -> None:
        """Show these with the post, in this order."""
        for upload in uploads:
            self.uploads.add(upload)

    @property
    def pictures(self) -> list[Upload]:
        """What is shown with the post, in order."""
        rows = self.uploads.through.objects.filter(entry=self).select_related("upload").order_by("pk")
        return [row.upload for row in rows]


class Note(models.Model):
    """What somebody wrote to a person of a network: a comment, a mention, a review or a direct message."""

    network = models.CharField(max_length=20)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="written")
    kind = models.CharField(max_length=10)
    remote_id = models.CharField(max_length=255)
    text = models.TextField(blank=True)
    entry = models.ForeignKey(Entry, null=True, on_delete=models.CASCADE, related_name="notes")
    parent_id = models.CharField(max_length=255, blank=True)
    body = models.JSONField(default=dict)
    likes = models.PositiveIntegerField(default=0)
    is_hidden = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["network", "remote_id"], name="sandbox_one_note")]

    def __str__(self) -> str:
        return self.text[:60]


class Fault(models.Model):
    """Something that goes wrong the next `times` times a matching request comes in."""

    class Kind(models.TextChoices):
        SLOW = "slow", "answers late"
        LIMITED = "limited", "429"
        BROKEN = "broken", "500"
        DROP_BEFORE = "drop_before", "connection dropped before anything was done"
        DROP_AFTER = "drop_after", "connection dropped after it was done"
        HTML = "html", "answers an HTML page"
        HALF = "half", "answers half a JSON"
        EMPTY = "empty", "answers nothing"
        REVOKED = "revoked", "the token was revoked"
        PROCESSING_FAILS = "processing_fails", "media processing fails"
        REFUSED = "refused", "refuses with the code"

    network = models.CharField(max_length=20, blank=True)  # empty: every network
    kind = models.CharField(max_length=20, choices=Kind.choices)
    path = models.CharField(max_length=255, blank=True)  # a part of the path; empty: every path that writes
    method = models.CharField(max_length=8, blank=True)
    times = models.PositiveIntegerField(default=1)
    skip = models.PositiveIntegerField(default=0)  # matching requests let through first
    seconds = models.FloatField(default=1.0)
    code = models.CharField(max_length=100, blank=True)  # what it refuses with, in the network's own words

    def __str__(self) -> str:
        return f"{self.network} {self.kind} ×{self.times}"


class Call(models.Model):
    """A request as it came in, without secrets, for whoever wants to see what was sent."""

    network = models.CharField(max_length=20)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField()
    body: Any = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"
