"""Connecting an account: the way to the network and back, choosing a profile, and letting go again.

A connection is one transaction: it stands whole or not at all, and what is unfinished expires.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.connections import app_for, client_for, platform_client, redirect_uri
from accounts.fields import Undecryptable
from accounts.models import (
    Account,
    AppCredential,
    AuditEvent,
    Membership,
    OAuthState,
    User,
    digest,
)
from accounts.permissions import Permission
from accounts.tokens import token_columns
from platforms.base import Platform
from platforms.content import Profile, Token
from platforms.errors import (
    ClientRefused,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    Unavailable,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Granted:
    """What a network gave a member: a token, and who it may post as. `again`: the account to be renewed."""

    member: Membership
    platform: type[Platform]
    server: str
    token: Token
    profiles: tuple[Profile, ...]
    again: int | None = None


class ConnectionLost(Exception):
    """What came back belongs to no connection that this person has under way; says why, in words."""


def in_words(error: PlatformError) -> str:
    """What went wrong with a connection, and what to do about it."""
    if isinstance(error, Unavailable | RateLimited | OutcomeUnknown):
        return f"{error.message} {_('Try again in a moment.')}"
    has_own_advice = "action" in vars(error) or isinstance(error, PermissionMissing)
    return f"{error.message} {error.action}" if has_own_advice else error.message


# --- there ---


def start(member: Membership, platform: type[Platform], fields: Mapping[str, str], again: int | None) -> str:
    """Where to send the person: the network's consent page. Raises PlatformError in words."""
    server = platform.server_of(fields)
    ensure_registered(platform, server, fields)
    state = secrets.token_urlsafe(32)
    authorization = client_for(platform, server).authorize(state, fields)
    OAuthState.objects.create(
        state_hash=digest(state),
        user_id=member.user_id,
        workspace_id=member.workspace_id,
        platform_name=platform.name,
        server=server,
        kept={"kept": dict(authorization.kept), "again": again},
    )
    return authorization.url


def ensure_registered(platform: type[Platform], server: str, fields: Mapping[str, str]) -> None:
    """Register at one of many servers, once; and again where the server has forgotten us or we have moved."""
    if not platform.can("register"):
        return
    address = redirect_uri(platform.name)
    known = AppCredential.objects.filter(platform_name=platform.name, server=server)
    credential = known.first()
    if credential and (credential.redirect_uri != address or _is_forgotten(platform, server)):
        known.filter(client_id=credential.client_id).delete()
        credential = None
    if credential is None:
        app = client_for(platform, server).register(fields, address)
        AppCredential.objects.get_or_create(
            platform_name=platform.name,
            server=server,
            defaults={
                "client_id": app.client_id,
                "client_secret": app.client_secret or None,
                "redirect_uri": address,
            },
        )


def _is_forgotten(platform: type[Platform], server: str) -> bool:
    return platform.can("is_registered") and not client_for(platform, server).is_registered()


# --- and back ---


def come_back(user: User, platform: type[Platform], answer: Mapping[str, str]) -> Granted:
    """What the network's answer grants. Raises ConnectionLost or PlatformError in words."""
    state = take_state(user, platform, answer.get("state", ""))
    member = connector(user, state.workspace_id)
    try:
        token = client_for(platform, state.server).exchange(answer, state.kept["kept"])
    except ClientRefused:
        if platform.can("register"):  # forgotten meanwhile: the next try registers again
            client_id = app_for(platform.name, state.server).client_id
            AppCredential.objects.filter(
                platform_name=platform.name, server=state.server, client_id=client_id
            ).delete()
        raise
    return granted(member, platform, state.server, token, state.kept["again"])


def connector(user: User, workspace_id: int) -> Membership:
    """The person's membership in the workspace where a connection was begun, if it may still connect."""
    member = user.memberships.select_related("workspace").filter(workspace_id=workspace_id).first()
    if member is None or not member.may(Permission.CONNECT):
        raise ConnectionLost(_("Your role in that workspace does not allow connecting accounts any more."))
    return member


def take_state(user: User, platform: type[Platform], state: str) -> OAuthState:
    """The connection under way, used up by this call: of several answers exactly one gets it."""
    row = (
        OAuthState.objects.filter(state_hash=digest(state)).select_related("user").first() if state else None
    )
    if row is None:
        raise ConnectionLost(_("This connection was finished or given up already. Press Connect again."))
    if row.user_id != user.pk:
        raise ConnectionLost(
            _("This connection was begun by somebody else. Log in as the same person, or press Connect.")
        )
    deleted, _rows = OAuthState.objects.filter(pk=row.pk).delete()
    if not deleted:
        raise ConnectionLost(_("This connection was finished or given up already. Press Connect again."))
    if row.platform_name != platform.name:
        raise ConnectionLost(_("The answer came from another network than the one you chose."))
    if now() - row.created_at > OAuthState.LIFETIME:
        raise ConnectionLost(_("That took longer than ten minutes, so it was given up. Press Connect again."))
    return row


def log_in(
    member: Membership, platform: type[Platform], fields: Mapping[str, str], again: int | None
) -> Granted:
    """What typed credentials grant; they are not kept. Raises PlatformError in words."""
    server = platform.server_of(fields)
    return granted(member, platform, server, client_for(platform, server).login(fields), again)


def granted(
    member: Membership, platform: type[Platform], server: str, token: Token, again: int | None
) -> Granted:
    """Ask whom a fresh token may post as. An account to be renewed is picked where it is among them."""
    profiles = tuple(client_for(platform, server, token).profiles())
    if not profiles:
        raise Refused(
            _("%(network)s did not name any profile that may be posted to.") % {"network": platform.label}
        )
    accounts = Account.objects.visible_to(member).filter(platform_name=platform.name).defer("credentials")
    account = accounts.filter(pk=again).first() if again else None
    same = tuple(profile for profile in profiles if account and profile.remote_id == account.remote_id)
    return Granted(member, platform, server, token, same or profiles, account.pk if account else None)


# --- keeping ---


def keep(grant: Granted, profiles: tuple[Profile, ...]) -> list[Account]:
    """Connect the profiles, all or none; an account that was there before keeps its history."""
    with transaction.atomic():
        accounts = [_keep(grant, profile) for profile in profiles]
        async_task("accounts.tasks.fetch_pictures", [account.pk for account in accounts])
    return accounts


def _keep(grant: Granted, profile: Profile) -> Account:
    member = grant.member
    account, created = Account.objects.defer("credentials").update_or_create(
        workspace_id=member.workspace_id,
        platform_name=grant.platform.name,
        remote_id=profile.remote_id,
        defaults={
            "handle": profile.handle,
            "name": profile.name,
            "avatar_url": profile.avatar_url,
            "url": profile.url,
            "server": grant.server,
            "limits": dict(profile.limits),
            "state": Account.State.CONNECTED,
            "connected_at": now(),
            "connected_by_id": member.user_id,
            **token_columns(grant.platform, profile.token or grant.token),
        },
    )
    AuditEvent.record(member, "account.connected" if created else "account.reconnected", account)
    return account


# --- letting go ---


def disconnect(member: Membership, account: Account) -> None:
    """Forget the account's token at once and give it back to the network; posts and history stay."""
    client = _client_or_none(account)
    is_shared = _shares_token(account)
    if account.disconnect():
        AuditEvent.record(member, "account.disconnected", account)
    if client is None or is_shared or not client.can("revoke"):
        return
    try:
        client.revoke()
    except PlatformError as error:
        log.warning("token not revoked", account=account.pk, network=account.platform_name, code=error.code)


def _shares_token(account: Account) -> bool:
    """Whether another account lives on the same token: one consent may have connected several pages."""
    mine = _token_or_none(account)
    others = Account.objects.connected().filter(platform_name=account.platform_name).exclude(pk=account.pk)
    return mine is not None and any(
        (theirs := _token_or_none(other)) is not None and theirs.access == mine.access for other in others
    )


def _token_or_none(account: Account) -> Token | None:
    try:
        return account.token
    except Undecryptable:
        return None


def _client_or_none(account: Account) -> Platform | None:
    try:
        return platform_client(account) if account.token else None
    except Undecryptable:
        return None
