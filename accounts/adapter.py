"""How allauth's sign-up fits this product."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts import invitations


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The one gate for making users by themselves: with SIGNUP_OPEN=off only who was invited comes in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN) or invitations.held_by(request) is not None
