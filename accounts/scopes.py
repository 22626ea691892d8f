"""What a program's key may be limited to: areas of the API, to read or to write. `write` includes `read`."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

EVERYTHING = "*"
ANY = "any"  # the scope of a view that every key may read: who it speaks for
READ, WRITE = "read", "write"

# Every area, in the order in which pages list them.
AREAS: dict[str, Promise] = {
    "posts": gettext_lazy("Posts and deliveries, queue and calendar"),
    "media": gettext_lazy("Library"),
    "templates": gettext_lazy("Templates"),
    "campaigns": gettext_lazy("Campaigns"),
    "accounts": gettext_lazy("Accounts"),
    "platforms": gettext_lazy("Networks"),
    "inbox": gettext_lazy("Inbox"),
    "analytics": gettext_lazy("Analytics"),
    "reports": gettext_lazy("Reports"),
    "ai": gettext_lazy("Writing help"),
    "notifications": gettext_lazy("Notices"),
    "settings": gettext_lazy("Settings"),
    "webhooks": gettext_lazy("Webhooks"),
    "workspace": gettext_lazy("Workspace, members and keys"),
}
SCOPES = tuple(f"{area}:{way}" for area in AREAS for way in (READ, WRITE))


def everything() -> list[str]:
    """The scopes of a key that is limited by its owner's role alone."""
    return [EVERYTHING]


def grants(scopes: Iterable[str], wanted: str) -> bool:
    """Whether a key with these scopes may do what a scope names."""
    area = wanted.partition(":")[0]
    return not {EVERYTHING, wanted, f"{area}:{WRITE}"}.isdisjoint(scopes)


def validate_scopes(scopes: list[str]) -> None:
    """ValidationError where a list names no scope, or one that does not exist."""
    if not scopes:
        raise ValidationError(_("Choose at least one."), code="required")
    for scope in scopes:
        if scope not in {*SCOPES, EVERYTHING}:
            raise ValidationError(
                _("“%(scope)s” is not a scope."), code="unknown_scope", params={"scope": scope}
            )
