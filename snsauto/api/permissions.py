"""What may be done through the API: what the role allows, and of that what the token was made for."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Membership
from accounts.permissions import Permission
from accounts.scopes import ANY, READ, WRITE
from snsauto.api.authentication import token_of


class ScopeMissing(PermissionDenied):
    """The role would allow it; this token was made for less."""

    default_code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(_("This token lacks the scope %(scope)s.") % {"scope": scope})


class MemberPermission(BasePermission):
    """Reading asks for `view`, writing for what the view states in `permission` (or WRITE).

    A token must have the view's `scope` as well: `<scope>:read` or `<scope>:write`. What a view without one
    shows is for tokens that may do everything.
    """

    def has_permission(self, request: Request, view: object) -> bool:
        member = request.auth
        if not isinstance(member, Membership):
            return False
        self._check_scope(request, getattr(view, "scope", ""))
        if request.method in SAFE_METHODS:
            return member.may(Permission.VIEW)
        return member.may(getattr(view, "permission", Permission.WRITE))

    @staticmethod
    def _check_scope(request: Request, area: str) -> None:
        if area != ANY:
            require_scope(request, f"{area}:{READ if request.method in SAFE_METHODS else WRITE}")


def require_scope(request: Request, scope: str) -> None:
    """For what an action does beyond its view's own area. Raises ScopeMissing."""
    token = token_of(request)
    if token and not token.grants(scope):
        raise ScopeMissing(scope)
