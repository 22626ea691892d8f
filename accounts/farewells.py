"""Leaving for good: a person's account, or a whole workspace, after days in which it can be taken back."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Count, ProtectedError, Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import notices
from accounts.exporting import forget_file, tables
from accounts.members import NotAllowed
from accounts.models import AuditEvent, DataExport, Invitation, Membership, User, Workspace
from accounts.permissions import Permission, Role
from platforms.errors import PlatformError

log = structlog.get_logger(__name__)

GRACE = timedelta(days=7)


class StillNeeded(NotAllowed):
    """The person is the only owner where others work."""

    def __init__(self, workspaces: list[Workspace]) -> None:
        names = ", ".join(workspace.name for workspace in workspaces)
        super().__init__(
            _("You are the only owner of %(names)s, where others work. Make somebody else an owner first.")
            % {"names": names}
        )


# --- a workspace ---


def ask_for_workspace(actor: Membership) -> datetime:
    """Delete the workspace in a week. Until then nothing of it goes out, and every owner may keep it."""
    moment, workspace = now() + GRACE, actor.workspace
    with transaction.atomic():
        workspace.set_paused(True, actor.user)
        Workspace.objects.filter(pk=workspace.pk).update(deletes_at=moment)
        AuditEvent.record(actor, "workspace.deletion_asked", workspace, at=moment.isoformat())
        notices.tell(
            notices.able(workspace.pk, Permission.VIEW),
            kind="farewell",
            key=f"farewell:{workspace.pk}:{moment:%Y%m%d%H%M%S}",
            text=_(
                "%(who)s has asked to delete %(workspace)s, in seven days. An owner can keep it until then."
            )
            % {"who": actor.user, "workspace": workspace},
            url=reverse("accounts:data"),
            workspace=workspace,
        )
    workspace.deletes_at = moment
    return moment


def keep_workspace(actor: Membership) -> bool:
    """Take it back; it stays paused until somebody resumes it. False if it was not to be deleted."""
    with transaction.atomic():
        kept = (
            Workspace.objects.filter(pk=actor.workspace_id).exclude(deletes_at=None).update(deletes_at=None)
        )
        if kept:
            AuditEvent.record(actor, "workspace.kept", actor.workspace)
    actor.workspace.deletes_at = None
    return kept == 1


# --- a person ---


def ask_for_user(user: User) -> datetime:
    """Delete the person's account in a week. Raises StillNeeded."""
    refuse_needed(user)
    moment = now() + GRACE
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(deletes_at=moment)
        notices.tell(
            [user],
            kind="farewell",
            key=f"farewell:me:{moment:%Y%m%d%H%M%S}",
            text=_("Your account will be deleted in seven days, as was asked. You can keep it until then."),
            url=reverse("accounts:data"),
        )
    user.deletes_at = moment
    return moment


def keep_user(user: User) -> bool:
    """Take it back. False if it was not to be deleted."""
    user.deletes_at = None
    return User.objects.filter(pk=user.pk).exclude(deletes_at=None).update(deletes_at=None) == 1


def refuse_needed(user: User) -> None:
    shared = _owned_alone(user).filter(members_count__gt=1)
    if shared:
        raise StillNeeded(list(shared))


def _owned_alone(user: User) -> Any:
    """The workspaces of which nobody else is an owner, with how many people are in each."""
    owners = Count("memberships", filter=Q(memberships__role=Role.OWNER), distinct=True)
    mine = Membership.objects.filter(user=user, role=Role.OWNER).values("workspace_id")
    rows = Workspace.objects.filter(pk__in=mine).annotate(
        owners=owners, members_count=Count("memberships", distinct=True)
    )
    return rows.filter(owners=1)


# --- when the time has come ---


def delete_due(moment: datetime) -> int:
    """Delete whose time of grace is over. How many people and workspaces."""
    gone = 0
    for workspace in Workspace.objects.filter(deletes_at__lte=moment):
        gone += delete_workspace(workspace, due=moment)
    for user in User.objects.filter(deletes_at__lte=moment):
        if User.objects.filter(pk=user.pk, deletes_at__lte=moment).exists():  # not kept meanwhile
            gone += delete_user(user)
    return gone


def delete_user(user: User) -> bool:
    """The person, and workspaces in which nobody else is. What they wrote elsewhere stays, without a name."""
    try:
        refuse_needed(user)
    except StillNeeded:
        log.warning("a person who is to go is the only owner where others work", user=user.pk)
        return False
    for workspace in _owned_alone(user):
        if not delete_workspace(workspace):
            return False
    with transaction.atomic():
        named = AuditEvent.objects.filter(action__startswith="member.", subject__in=[str(user), user.email])
        named.update(subject="")
        Invitation.objects.filter(email__iexact=user.email).delete()
        user.delete()
    log.info("person deleted", user=user.pk)
    return True


def delete_workspace(workspace: Workspace, due: datetime | None = None) -> bool:
    """All its rows, then its files: a file that stays behind is better than a row without its file.

    `due`: only if it is still to go at that moment; an owner may have kept it while others were deleted.
    """
    files = _stored_files(workspace)
    exports = list(DataExport.objects.filter(workspace=workspace))
    number = workspace.pk
    try:
        with transaction.atomic():
            held = Workspace.objects.select_for_update().filter(pk=number)
            if due is not None and not held.filter(deletes_at__lte=due):
                return False
            _delete_rows(workspace)
    except ProtectedError as error:
        log.error("workspace cannot be deleted", workspace=number, by=str(error)[:300])
        return False
    for name in files:
        try:
            default_storage.delete(name)
        except (OSError, PlatformError):
            log.warning("a file that nobody needs stays behind", file=name)
    for export in exports:
        forget_file(export)
    log.info("workspace deleted", workspace=number, files=len(files))
    return True


def _stored_files(workspace: Workspace) -> list[str]:
    return [
        name
        for table in tables()
        for column in table.files
        for name in table.rows(workspace).values_list(column, flat=True)
        if name
    ]


def _delete_rows(workspace: Workspace) -> None:
    """Rows that protect others go first: they belong to the same workspace."""
    owned = {table.model: table for table in tables()}
    for model in apps.get_models():
        protects = any(
            isinstance(field, models.ForeignKey) and field.remote_field.on_delete is models.PROTECT
            for field in model._meta.concrete_fields
        )
        if protects and model in owned:
            owned[model].rows(workspace).delete()
    AuditEvent.objects.filter(workspace=workspace).delete()
    workspace.delete()
