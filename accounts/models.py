"""People, workspaces, roles, and the social accounts that a workspace has connected."""

import hashlib
import secrets
import zoneinfo
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import timezones
from accounts.fields import EncryptedJSONField
from accounts.permissions import Permission, Role, allows
from platforms.base import Platform
from platforms.content import Json, Token
from platforms.registry import PLATFORMS

EXPIRY_WARNING = timedelta(days=7)


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    current_workspace = models.ForeignKey(
        "Workspace", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.partition("@")[0]

    def get_full_name(self) -> str:
        return str(self)


def validate_timezone(value: str) -> None:
    if value not in timezones.names():
        raise ValidationError(
            _("“%(value)s” is not a time zone."), code="unknown_timezone", params={"value": value}
        )


class Workspace(models.Model):
    """What a team shares: accounts, posts, media, and one clock."""

    name = models.CharField(_("name"), max_length=80)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    tolerance = models.DurationField(
        _("how late a post may still go out by itself"),
        default=timedelta(minutes=30),
        help_text=_("After a longer outage a person decides."),
    )
    is_paused = models.BooleanField(_("paused"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @transaction.atomic
    def set_paused(self, paused: bool, user: User) -> bool:
        """Send nothing of this workspace, or let it go on. False if it is so already."""
        changed = Workspace.objects.filter(pk=self.pk, is_paused=not paused).update(is_paused=paused)
        self.is_paused = paused
        if changed:
            action = AuditEvent.WORKSPACE_PAUSED if paused else "workspace.resumed"
            AuditEvent.objects.create(workspace=self, user=user, action=action, subject=self.name)
        return changed == 1


M = TypeVar("M", bound=models.Model)


class WorkspaceQuerySet(models.QuerySet[M]):
    """Rows that belong to a workspace. Every query of a page or the API starts here."""

    def visible_to(self, member: "Membership") -> Self:
        """The rows of the workspace that the member is in just now."""
        return self.filter(workspace_id=member.workspace_id)


class Membership(models.Model):
    """One person's role in one workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.EDITOR)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "workspace"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.user} – {self.workspace}"

    def may(self, permission: Permission) -> bool:
        return allows(self.role, permission)

    @property
    def may_write(self) -> bool:
        return self.may(Permission.WRITE)

    @property
    def may_connect(self) -> bool:
        return self.may(Permission.CONNECT)

    @property
    def may_manage(self) -> bool:
        return self.may(Permission.MANAGE)


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


def digest(secret: str) -> str:
    """What is stored of a secret that only needs to be recognised."""
    return hashlib.sha256(secret.encode()).hexdigest()


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


class AuditEvent(models.Model):
    """Who did what, when. Rows are only ever added."""

    WORKSPACE_PAUSED = "workspace.paused"

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


class NotificationQuerySet(models.QuerySet["Notification"]):
    """What people are told; everybody sees only what was told to them."""

    def told_to(self, user: User) -> Self:
        """All that the person was told, in whichever workspace: the bell."""
        return self.filter(user_id=user.pk)

    def visible_to(self, member: Membership) -> Self:
        """What the person was told about the desk and the workspace they are in just now."""
        about = Q(workspace_id=member.workspace_id) | Q(workspace_id=None)
        return self.filter(about, user_id=member.user_id)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def to_mail(self, moment: datetime) -> Self:
        """What nobody has mailed and nobody is mailing. After a day a mail would be no news."""
        free = Q(mailing_at=None) | Q(mailing_at__lte=moment - Notification.MAILING)
        return self.filter(free, mailed_at=None, created_at__gt=moment - Notification.NEWS)


class Notification(models.Model):
    """Something that one person is told, once a `key`: in the desk, and by mail.

    `mailing_at`: somebody has begun to mail it; where no `mailed_at` follows in time, somebody else does.
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
    mailing_at = models.DateTimeField(null=True, blank=True, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="told_once")]
        indexes = [
            # the bell on every page
            models.Index(fields=["user"], condition=Q(read_at=None), name="notification_unread"),
            # the page of notices
            models.Index(fields=["user", "-created_at"], name="notification_of_person"),
            # the post, every minute
            models.Index(fields=["created_at"], condition=Q(mailed_at=None), name="notification_unmailed"),
        ]

    def __str__(self) -> str:
        return self.text
