"""Who is logged in, read together with the workspace they work in: one query for every page."""

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import F

from accounts.models import Membership, User


class DeskBackend(AuthenticationBackend):  # type: ignore[misc]
    """Log-in by e-mail address and password; what a session's person and their place cost is one query."""

    def get_user(self, user_id: int) -> User | None:
        """The person, with their current membership as `user.here` where they have one."""
        places = Membership.objects.select_related("user", "workspace")
        here = places.filter(user=user_id, workspace=F("user__current_workspace")).first()
        user: User | None = here.user if here else User.objects.filter(pk=user_id).first()
        if user is None or not self.user_can_authenticate(user):
            return None
        user.here = here
        return user
