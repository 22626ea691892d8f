"""People, workspaces, roles, and the social accounts that a workspace has connected."""

from accounts.models.audit import AuditEvent
from accounts.models.chat import ChatCode, ChatLink, ChatMessage
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
from accounts.models.preferences import Digest, NoticePreference, preferences_of

__all__ = [
    "EXPIRY_WARNING",
    "Account",
    "AccountPicture",
    "AccountQuerySet",
    "ApiToken",
    "AppCredential",
    "AuditEvent",
    "ChatCode",
    "ChatLink",
    "ChatMessage",
    "DataExport",
    "Digest",
    "Dispatch",
    "Happening",
    "IdempotentRequest",
    "Invitation",
    "Membership",
    "NoticePreference",
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
    "preferences_of",
    "validate_timezone",
]
