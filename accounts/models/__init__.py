"""People, workspaces, roles, and the social accounts that a workspace has connected."""

from accounts.models.audit import AuditEvent
from accounts.models.connected import (
    EXPIRY_WARNING,
    Account,
    AccountPicture,
    AccountQuerySet,
    AppCredential,
    OAuthState,
    PendingConnection,
)
from accounts.models.hooks import Dispatch, Happening, Webhook
from accounts.models.joining import DataExport, Invitation
from accounts.models.keys import ApiToken, IdempotentRequest, digest
from accounts.models.notices import Notification, NotificationQuerySet
from accounts.models.people import (
    Membership,
    User,
    UserManager,
    Workspace,
    WorkspaceLogo,
    WorkspaceQuerySet,
    validate_timezone,
)

__all__ = [
    "EXPIRY_WARNING",
    "Account",
    "AccountPicture",
    "AccountQuerySet",
    "ApiToken",
    "AppCredential",
    "AuditEvent",
    "DataExport",
    "Dispatch",
    "Happening",
    "IdempotentRequest",
    "Invitation",
    "Membership",
    "Notification",
    "NotificationQuerySet",
    "OAuthState",
    "PendingConnection",
    "User",
    "UserManager",
    "Webhook",
    "Workspace",
    "WorkspaceLogo",
    "WorkspaceQuerySet",
    "digest",
    "validate_timezone",
]
