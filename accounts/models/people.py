"""People, workspaces, and who may do what in which of them."""

import re
import zoneinfo
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts import timezones
from accounts.permissions import Permission, Role, allows

if TYPE_CHECKING:
    from accounts.models.connected import Account

WEEKDAYS = (
    (0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")), (4, _("Friday")),
    (5, _("Saturday")), (6, _("Sunday")),
)  # fmt: skip
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
PAUSED, RESUMED = "workspace.paused", "workspace.resumed"  # what the audit log calls it


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
    deletes_at = models.DateTimeField(_("will be deleted"), null=True, blank=True, editable=False)
    current_workspace = models.ForeignKey(
        "Workspace", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    here: "Membership | None" = None  # where they work, if it was read along with them (backends.py)

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


def validate_colour(value: str) -> None:
    if not COLOUR.fullmatch(value):
        raise ValidationError(
            _("“%(value)s” is not a colour such as #1b5e8c."), code="colour", params={"value": value}
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
    week_starts_on = models.PositiveSmallIntegerField(_("week starts on"), choices=WEEKDAYS, default=0)
    brand_colour = models.CharField(_("colour"), max_length=7, blank=True, validators=[validate_colour])
    logo_version = models.CharField(max_length=12, blank=True, editable=False)
    is_paused = models.BooleanField(_("paused"), default=False)
    deletes_at = models.DateTimeField(_("will be deleted"), null=True, blank=True, editable=False)
    auto_reply = models.BooleanField(
        _("answer by rules"),
        default=True,
        help_text=_("Off: no rule of the inbox answers by itself; the rules stay."),
    )
    # campaigns tag the links of their posts, but never those to these hosts; one a line
    untagged_hosts = models.TextField(_("hosts whose links stay as they are"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def logo_image(self) -> bytes | None:
        """The logo as PNG, for pages, mails and reports; asked of the database each time."""
        if not self.logo_version:
            return None
        kept = WorkspaceLogo.objects.filter(workspace=self).values_list("image", flat=True).first()
        return bytes(kept) if kept is not None else None

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @transaction.atomic
    def set_paused(self, paused: bool, user: User) -> bool:
        """Send nothing of this workspace, or let it go on. False if it is so already."""
        changed = Workspace.objects.filter(pk=self.pk, is_paused=not paused).update(is_paused=paused)
        self.is_paused = paused
        if changed:
            self.audit_events.create(user=user, action=PAUSED if paused else RESUMED, subject=self.name)
        return changed == 1


class WorkspaceLogo(models.Model):
    """The logo, apart from the row that everybody reads: a PNG made by us."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="logo")
    image = models.BinaryField()

    def __str__(self) -> str:
        return str(self.workspace)


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

    @cached_property
    def accounts(self) -> "list[Account]":
        """All accounts of the workspace without their secrets, read once for all parts of a page."""
        return list(self.workspace.accounts.defer("credentials"))

    @property
    def may_write(self) -> bool:
        return self.may(Permission.WRITE)

    @property
    def may_connect(self) -> bool:
        return self.may(Permission.CONNECT)

    @property
    def may_manage(self) -> bool:
        return self.may(Permission.MANAGE)

    @property
    def may_own(self) -> bool:
        return self.may(Permission.OWN)
