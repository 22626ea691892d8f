"""A grant for several profiles, kept encrypted until the person has chosen among them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.connecting import ConnectionLost, Granted, connector
from accounts.models import PendingConnection, User
from platforms.content import Profile, Token
from platforms.registry import PLATFORMS


def postpone(grant: Granted) -> PendingConnection:
    """Keep a grant for several profiles until the person has chosen among them."""
    return PendingConnection.objects.create(
        user_id=grant.member.user_id,
        workspace_id=grant.member.workspace_id,
        platform_name=grant.platform.name,
        server=grant.server,
        kept={
            "token": _dump(grant.token),
            "profiles": [_dump_profile(profile) for profile in grant.profiles],
            "again": grant.again,
        },
    )


def resume(user: User, key: str) -> Granted:
    """The grant that waits for the person's choice. Raises ConnectionLost in words."""
    pending = PendingConnection.objects.filter(key=key, user=user).first()
    if pending is None or now() - pending.created_at > PendingConnection.LIFETIME:
        raise ConnectionLost(_("This connection was finished or has expired. Press Connect again."))
    kept = pending.kept
    return Granted(
        connector(user, pending.workspace_id),
        PLATFORMS[pending.platform_name],
        pending.server,
        _load(kept["token"]),
        tuple(_load_profile(profile) for profile in kept["profiles"]),
        kept["again"],
    )


def finish(key: str) -> None:
    """The choice is made; the token waits no longer."""
    PendingConnection.objects.filter(key=key).delete()


def _dump(token: Token) -> dict[str, Any]:
    return {
        "access": token.access,
        "refresh": token.refresh,
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
        "scopes": list(token.scopes),
        "extra": dict(token.extra),
    }


def _load(kept: Mapping[str, Any]) -> Token:
    expires_at = datetime.fromisoformat(kept["expires_at"]) if kept["expires_at"] else None
    return Token(kept["access"], kept["refresh"], expires_at, tuple(kept["scopes"]), kept["extra"])


def _dump_profile(profile: Profile) -> dict[str, Any]:
    kept = {name: getattr(profile, name) for name in ("remote_id", "handle", "name", "avatar_url", "url")}
    token = _dump(profile.token) if profile.token else None
    return kept | {"limits": dict(profile.limits), "token": token}


def _load_profile(kept: Mapping[str, Any]) -> Profile:
    profile = Profile(**{**kept, "token": None})
    return replace(profile, token=_load(kept["token"])) if kept["token"] else profile
