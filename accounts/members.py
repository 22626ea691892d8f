"""Who belongs to a workspace. It always has an owner."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiToken, AuditEvent, Membership, Notification, User, Workspace
from accounts.permissions import Role


class LastOwner(Exception):
    """A workspace cannot be left without an owner."""

    def __init__(self) -> None:
        super().__init__(_("A workspace needs an owner. Make somebody else an owner first."))


def add_member(actor: Membership, email: str, role: str) -> tuple[Membership, bool]:
    """Give a person who has signed up a role; whoever is in already keeps the role they have."""
    user = User.objects.get(email=email)
    with transaction.atomic():
        membership, created = Membership.objects.get_or_create(
            user=user, workspace_id=actor.workspace_id, defaults={"role": role}
        )
        if created:
            AuditEvent.record(actor, "member.added", user, role=role)
    return membership, created


def change_role(actor: Membership, membership: Membership, role: str) -> None:
    """Give a member another role. Raises LastOwner."""
    with transaction.atomic():
        _refuse_last_owner(membership, stays=role == Role.OWNER)
        changed = Membership.objects.filter(pk=membership.pk).exclude(role=role).update(role=role)
        if changed:
            AuditEvent.record(
                actor, "member.role_changed", membership.user, role=role, before=membership.role
            )


def remove_member(actor: Membership, membership: Membership) -> None:
    """Take a person out of the workspace, with their programs' keys and notices. Raises LastOwner."""
    with transaction.atomic():
        _refuse_last_owner(membership, stays=False)
        theirs = {"user_id": membership.user_id, "workspace_id": membership.workspace_id}
        ApiToken.objects.filter(**theirs).delete()
        Notification.objects.filter(**theirs).delete()
        User.objects.filter(pk=membership.user_id, current_workspace_id=membership.workspace_id).update(
            current_workspace=None
        )
        AuditEvent.record(actor, "member.removed", membership.user)
        Membership.objects.filter(pk=membership.pk).delete()


def _refuse_last_owner(membership: Membership, *, stays: bool) -> None:
    """Two owners who remove each other at one moment queue up here."""
    Workspace.objects.select_for_update().get(pk=membership.workspace_id)
    owners = Membership.objects.filter(workspace_id=membership.workspace_id, role=Role.OWNER)
    if not stays and not owners.exclude(pk=membership.pk).exists():
        raise LastOwner
