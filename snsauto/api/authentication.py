"""Who is asking: a program with a token, or a person who is logged in."""

from datetime import timedelta
from typing import cast

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, Membership, User, digest

USED = timedelta(minutes=1)  # how exactly a token's last use is kept
SCHEMES = (b"token", b"bearer")


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Token …` (or `Bearer …`): the token names the person and the workspace."""

    def authenticate(self, request: Request) -> tuple[User, Membership] | None:
        scheme, _space, key = authentication.get_authorization_header(request).partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        token, membership = self.membership(key.decode("ascii", "replace").strip())
        request._request.member = membership  # type: ignore[attr-defined]
        request._request.token = token  # type: ignore[attr-defined]
        return membership.user, membership

    def authenticate_header(self, request: Request) -> str:
        return "Token"

    @staticmethod
    def membership(key: str) -> tuple[ApiToken, Membership]:
        """The token of a live key, and the membership it stands for."""
        moment = now()
        token = (
            ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=moment), key_hash=digest(key))
            .select_related("user")
            .first()
        )
        membership = token and (
            Membership.objects.select_related("workspace", "user")
            .filter(user=token.user_id, workspace=token.workspace_id, user__is_active=True)
            .first()
        )
        if not token or not membership:
            raise AuthenticationFailed(_("This token is not valid."), code="invalid_token")
        if token.last_used_at is None or moment - token.last_used_at > USED:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=moment)
        return token, membership


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of the dashboard, with its CSRF check."""

    def authenticate(self, request: Request) -> tuple[User, Membership] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        return found[0], request._request.member  # type: ignore[attr-defined]


def member_of(request: Request) -> Membership:
    """Who is asking, in which workspace; the permission class has let nobody else through."""
    return cast("Membership", request.auth)


def token_of(request: Request) -> ApiToken | None:
    """The token that asks; None where it is a person's session, which may do all that its role allows."""
    return getattr(request._request, "token", None)
