"""Everybody has a workspace, and exactly one of theirs is the current one."""

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, User, Workspace
from accounts.permissions import Role


def current_membership(user: User | AnonymousUser) -> Membership:
    """The membership a person works in just now; one is made for somebody who has none."""
    if not isinstance(user, User):
        raise PermissionDenied(_("Log in first."))
    if user.here and user.here.workspace_id == user.current_workspace_id:
        return user.here
    memberships = list(user.memberships.select_related("workspace", "user").order_by("pk"))
    for membership in memberships:
        if membership.workspace_id == user.current_workspace_id:
            return membership
    return memberships[0] if memberships else create_workspace(user, str(user), "UTC")


def create_workspace(user: User, name: str, timezone_name: str) -> Membership:
    """A new workspace owned by the person, and made their current one."""
    with transaction.atomic():
        workspace = Workspace.objects.create(name=name, timezone=timezone_name)
        membership = Membership.objects.create(user=user, workspace=workspace, role=Role.OWNER)
        User.objects.filter(pk=user.pk).update(current_workspace=workspace)
    user.current_workspace = workspace
    return membership


def switch_workspace(user: User, workspace_id: int) -> Membership:
    """Make one of the person's workspaces the current one, or raise Membership.DoesNotExist."""
    membership = user.memberships.select_related("workspace").get(workspace_id=workspace_id)
    User.objects.filter(pk=user.pk).update(current_workspace_id=workspace_id)
    return membership
