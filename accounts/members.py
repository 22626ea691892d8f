"""Who belongs to a workspace. It always has an owner, and only owners say who owns it."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiToken, AuditEvent, Invitation, Membership, Notification, User, Workspace
from accounts.permissions import Permission, Role, allows


class NotAllowed(Exception):
    """Something about members cannot be done; the sentence says why."""


class LastOwner(NotAllowed):
    """A workspace cannot be left without an owner."""

    def __init__(self) -> None:
        super().__init__(_("A workspace needs an owner. Make somebody else an owner first."))


class OwnersMatter(NotAllowed):
    """Only owners make owners, and change or remove them."""

    def __init__(self) -> None:
        super().__init__(_("Only an owner can do this to an owner, or make somebody one."))


def roles_to_give(actor: Membership) -> list[tuple[str, str]]:
    """The roles that a member may give to others."""
    return [(role.value, str(role.label)) for role in Role if may_give(actor, role)]


def may_give(actor: Membership, role: str) -> bool:
    return actor.may(needed_to_give(role))


def needed_to_give(role: str) -> Permission:
    return Permission.OWN if role == Role.OWNER else Permission.MANAGE


def change_role(actor: Membership, membership: Membership, role: str) -> None:
    """Give a member another role. Raises NotAllowed."""
    with transaction.atomic():
        _refuse_last_owner(membership, stays=role == Role.OWNER)
        membership.refresh_from_db(fields=["role"])
        if not (may_give(actor, role) and may_give(actor, membership.role)):
            raise OwnersMatter
        changed = Membership.objects.filter(pk=membership.pk).exclude(role=role).update(role=role)
        if changed:
            _withdraw_invitations(membership, role)
            AuditEvent.record(
                actor, "member.role_changed", membership.user, role=role, before=membership.role
            )


def remove_member(actor: Membership, membership: Membership) -> None:
    """Take a person out of the workspace, with their programs' keys and notices. Raises NotAllowed.

    Everybody may leave.
    """
    with transaction.atomic():
        _refuse_last_owner(membership, stays=False)
        membership.refresh_from_db(fields=["role"])
        leaves = membership.user_id == actor.user_id
        if not leaves and not may_give(actor, membership.role):
            raise OwnersMatter
        theirs = {"user_id": membership.user_id, "workspace_id": membership.workspace_id}
        ApiToken.objects.filter(**theirs).delete()
        _withdraw_invitations(membership, "")
        Notification.objects.filter(**theirs).delete()
        Invitation.objects.filter(workspace_id=membership.workspace_id, email=membership.user.email).delete()
        User.objects.filter(pk=membership.user_id, current_workspace_id=membership.workspace_id).update(
            current_workspace=None
        )
        AuditEvent.record(actor, "member.left" if leaves else "member.removed", membership.user)
        Membership.objects.filter(pk=membership.pk).delete()


def _withdraw_invitations(membership: Membership, role: str) -> None:
    """Whom a person has asked in does not come in by what they may no longer give: they may have a link."""
    beyond = [one for one in Role if not allows(role, needed_to_give(one))]
    mine = Invitation.objects.filter(workspace_id=membership.workspace_id, invited_by=membership.user_id)
    mine.filter(role__in=beyond).delete()


def _refuse_last_owner(membership: Membership, *, stays: bool) -> None:
    """Two owners who remove each other at one moment queue up here."""
    Workspace.objects.select_for_update().get(pk=membership.workspace_id)
    owners = Membership.objects.filter(workspace_id=membership.workspace_id, role=Role.OWNER)
    if not stays and not owners.exclude(pk=membership.pk).exists():
        raise LastOwner
