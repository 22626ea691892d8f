"""Puts the person's membership in their current workspace on the request, read only when asked for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.models import Membership, User
from accounts.workspaces import current_membership


class MemberRequest(HttpRequest):
    """A request of a signed-in member."""

    user: User
    member: Membership


class MemberMiddleware:
    """Sets `request.member`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.member = SimpleLazyObject(lambda: current_membership(request.user))  # type: ignore[attr-defined]
        return self.get_response(request)
