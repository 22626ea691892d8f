"""What a member may do through the API: the same question as in the dashboard."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Membership
from accounts.permissions import Permission


class MemberPermission(BasePermission):
    """Reading asks for `view`, writing for what the view states in `permission` (or WRITE)."""

    def has_permission(self, request: Request, view: object) -> bool:
        member = request.auth
        if not isinstance(member, Membership):
            return False
        if request.method in SAFE_METHODS:
            return member.may(Permission.VIEW)
        return member.may(getattr(view, "permission", Permission.WRITE))
