"""Failures, named by what the caller does next.

`Unavailable`, `RateLimited`: surely not done, repeat later. `TokenExpired`: refresh, then repeat. `Refused`
and its kinds: a person must act. `OutcomeUnknown`: it may have happened; look before repeating.
"""

from datetime import datetime
from typing import ClassVar, Literal


class PlatformError(Exception):
    """A network did not do as asked. `message` is a sentence for the person, `detail` the network's words."""

    code: ClassVar[str] = "platform_error"
    action: str = ""  # what the person does now; a failure may know better than its kind
    by_looking = False  # the network answered: it was asked what stands there, and that could not tell

    def __init__(
        self, message: str, *, status: int | None = None, detail: str = "", action: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.detail = detail[:2000]
        if action:
            self.action = action


class Unavailable(PlatformError):
    """Surely not done; the same call may succeed later."""

    code = "unavailable"
    action = "Nothing to do: it is tried again."


class RateLimited(PlatformError):
    """Surely not done; not before `retry_at` (None: the network did not say).

    `each`: whether the account is to wait, or all accounts of our app there.
    """

    code = "rate_limited"
    action = "Nothing to do: it goes out when the network allows it."

    def __init__(
        self,
        message: str,
        *,
        retry_at: datetime | None = None,
        status: int | None = None,
        detail: str = "",
        each: Literal["account", "app"] = "account",
    ) -> None:
        super().__init__(message, status=status, detail=detail)
        self.retry_at = retry_at
        self.each = each


class NotReady(PlatformError):
    """Something is still being made ready; look again at `retry_at`.

    `by_network`: the network was asked, and answered that it is still processing.
    """

    code = "processing"

    def __init__(self, message: str, *, retry_at: datetime, by_network: bool = False) -> None:
        super().__init__(message)
        self.retry_at = retry_at
        self.by_network = by_network


class TokenExpired(PlatformError):
    """The access token is no longer accepted. Raised by a refresh, it means that the connection is gone."""

    code = "token_expired"
    action = "Connect the account again."


class Refused(PlatformError):
    """The network said no, and will say no again until a person changes something."""

    code = "refused"
    action = "Change the post and try again."


class PermissionMissing(Refused):
    code = "permission_missing"
    action = "Connect the account again and allow everything that is asked."


class ClientRefused(PermissionMissing):
    """The network does not know this installation: its registration is wrong or was removed."""

    code = "client_refused"
    action = "Ask whoever runs this installation to check its client id and secret."


class InvalidContent(Refused):
    code = "invalid_content"
    action = "Change the text or the options and try again."


class MediaRejected(Refused):
    code = "media_rejected"
    action = "Change the picture and try again."


class Duplicate(Refused):
    """The network holds the same post already."""

    code = "duplicate"
    action = "Change the text, or leave it: the same text stands on the network already."


class NotFound(Refused):
    code = "not_found"
    action = "Look on the network: it may have been deleted there."


class OutcomeUnknown(PlatformError):
    """The request may have been accepted. Never repeat it blindly."""

    code = "outcome_unknown"
    action = "Look on the network, then say whether it is there."
