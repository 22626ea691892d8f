"""The social accounts that a workspace has connected, and connections under way."""

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedJSONField
from accounts.models.people import User, Workspace, WorkspaceQuerySet
from platforms.base import Platform
from platforms.content import Token
from platforms.registry import PLATFORMS

EXPIRY_WARNING = timedelta(days=7)


class AccountQuerySet(WorkspaceQuerySet["Account"]):
    def connected(self) -> Self:
        """Accounts that are there to post to (paused and expired ones too)."""
        return self.exclude(state=Account.State.DISCONNECTED)

    def due_for_refresh(self, now: datetime) -> Self:
        """Accounts whose token should be renewed now, well before it expires."""
        return self.filter(state=Account.State.CONNECTED, refresh_at__lte=now)


class Account(models.Model):
    """A connected social account: who it is, what it may do, and how it is doing."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("Connected")
        EXPIRED = "expired", _("Needs to be connected again")
        DISCONNECTED = "disconnected", _("Disconnected")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="accounts")
    platform_name = models.CharField(_("network"), max_length=20)
    remote_id = models.CharField(_("id at the network"), max_length=255)
    handle = models.CharField(_("handle"), max_length=255)
    name = models.CharField(_("name"), max_length=255, blank=True)
    avatar_url = models.URLField(_("picture"), max_length=1000, blank=True)
    picture_version = models.CharField(max_length=12, blank=True, editable=False)
    url = models.URLField(_("page"), max_length=1000, blank=True)
    server = models.CharField(
        _("server"), max_length=255, blank=True, help_text=_("The instance, where there are many.")
    )
    limits = models.JSONField(default=dict, blank=True)
    limits_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    credentials = EncryptedJSONField(null=False, blank=True, default=None, editable=False)
    scopes = models.JSONField(default=list, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.CONNECTED)
    trouble = models.CharField(_("trouble"), max_length=500, blank=True)
    is_paused = models.BooleanField(_("paused"), default=False)
    expires_at = models.DateTimeField(_("token expires"), null=True, blank=True)
    refresh_at = models.DateTimeField(_("refresh due"), null=True, blank=True)
    refreshed_at = models.DateTimeField(_("token granted"), null=True, blank=True, editable=False)
    refresh_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    refresh_lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    limited_until = models.DateTimeField(_("rate limited until"), null=True, blank=True)
    connected_at = models.DateTimeField(_("connected"), default=timezone.now)
    connected_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["platform_name", "handle", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "platform_name", "remote_id"], name="one_account_per_workspace"
            ),
        ]
        indexes = [
            # refresh_tokens: what is due, every minute
            models.Index(fields=["refresh_at"], condition=Q(state="connected"), name="account_refresh_due"),
        ]

    def __str__(self) -> str:
        return f"{self.handle} ({self.platform.label})"

    @property
    def platform(self) -> type[Platform]:
        """What the network can do and allows, as its client class declares it."""
        return PLATFORMS[self.platform_name]

    @property
    def token(self) -> Token | None:
        """The stored token, decrypted; None where the account was disconnected."""
        kept = self.credentials
        if not kept:
            return None
        return Token(
            access=kept["access"],
            refresh=kept["refresh"],
            expires_at=self.expires_at,
            scopes=tuple(self.scopes),
            extra=kept["extra"],
        )

    @property
    def can_publish(self) -> bool:
        return self.state == self.State.CONNECTED and not self.is_paused

    def set_paused(self, paused: bool) -> bool:
        """Hold the account back, or let it go on. False if it is so already, or is not connected."""
        rows = Account.objects.connected().filter(pk=self.pk, is_paused=not paused)
        return rows.update(is_paused=paused) == 1

    def disconnect(self) -> bool:
        """Forget the token; the row and its history stay. False if that was done already."""
        rows = Account.objects.connected().filter(pk=self.pk)
        changed = rows.update(
            state=self.State.DISCONNECTED,
            credentials=None,
            scopes=[],
            expires_at=None,
            refresh_at=None,
            refresh_lease_until=None,
            limited_until=None,
            is_paused=False,
            trouble="",
        )
        return changed == 1

    @property
    def is_limited(self) -> bool:
        """Whether the network has asked us to wait."""
        return bool(self.limited_until and self.limited_until > timezone.now())

    @property
    def expires_soon(self) -> bool:
        """Whether a token that cannot be renewed by itself ends within a week."""
        return bool(
            self.expires_at and not self.refresh_at and self.expires_at - timezone.now() < EXPIRY_WARNING
        )


class AccountPicture(models.Model):
    """A small copy of an account's picture, apart from the row that everybody reads."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="picture")
    image = models.BinaryField()

    def __str__(self) -> str:
        return str(self.account)


class AppCredential(models.Model):
    """Our registration at a network, entered by staff, or made by ourselves at one of many servers."""

    platform_name = models.CharField(_("network"), max_length=20)
    server = models.CharField(_("server"), max_length=255, blank=True)
    client_id = models.CharField(_("client id"), max_length=500)
    client_secret = EncryptedJSONField(_("client secret"), null=False, blank=True, default=None)
    redirect_uri = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform_name", "server"], name="one_app_per_server")]

    def __str__(self) -> str:
        return f"{self.platform_name} {self.server}".strip()


class OAuthState(models.Model):
    """One connection under way: hashed state, single use, ten minutes, bound to the person who began it."""

    LIFETIME = timedelta(minutes=10)

    state_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    platform_name = models.CharField(max_length=20)
    server = models.CharField(max_length=255, blank=True)
    kept = EncryptedJSONField(null=False, default=None)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="oauthstate_age")
        ]  # the daily sweep of abandoned ones

    def __str__(self) -> str:
        return f"{self.platform_name} for {self.user_id}"


class PendingConnection(models.Model):
    """A token that was granted for several profiles, until the person has chosen; unfinished ones expire."""

    LIFETIME = timedelta(minutes=30)

    key = models.CharField(max_length=43, unique=True, default=secrets.token_urlsafe)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    platform_name = models.CharField(max_length=20)
    server = models.CharField(max_length=255, blank=True)
    kept = EncryptedJSONField(null=False, default=None)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.platform_name} for {self.user_id}"
