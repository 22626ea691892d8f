"""Who may do what: the one place where a role is asked."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

P = ParamSpec("P")
R = TypeVar("R", bound=HttpRequest)
A = TypeVar("A", bound=HttpResponseBase)


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


class Permission(StrEnum):
    """What can be asked of a member."""

    VIEW = "view"  # see everything in the workspace
    WRITE = "write"  # write, schedule, publish, cancel, delete posts
    CONNECT = "connect"  # connect, pause, disconnect accounts
    MANAGE = "manage"  # change the workspace and its members
    OWN = "own"  # say who owns it, take all of its data away, delete it


GRANTED: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(Permission) - {Permission.OWN},
    Role.EDITOR: frozenset({Permission.VIEW, Permission.WRITE}),
    Role.VIEWER: frozenset({Permission.VIEW}),
}


def allows(role: str, permission: Permission) -> bool:
    """Whether a role carries a permission; an unknown role carries none."""
    return permission in GRANTED.get(role, frozenset())


def requires(
    permission: Permission,
) -> Callable[[Callable[Concatenate[R, P], A]], Callable[Concatenate[R, P], A]]:
    """A view for signed-in members whose role carries the permission; others get the log-in page or 403."""

    def decorate(
        view: Callable[Concatenate[R, P], A],
    ) -> Callable[Concatenate[R, P], A]:
        @wraps(view)
        def guarded(request: R, *args: P.args, **kwargs: P.kwargs) -> A:
            if not request.member.may(permission):  # type: ignore[attr-defined]
                raise PermissionDenied(_("Your role in this workspace does not allow that."))
            return view(request, *args, **kwargs)

        return login_required(guarded)  # type: ignore[return-value]

    return decorate
