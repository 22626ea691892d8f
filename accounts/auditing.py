"""What was done in a workspace, as people read it and as a sheet."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent

# What is done, in words; what has none is shown by its name.
WORDS: dict[str, str | Promise] = {
    "account.connected": _("connected an account"),
    "account.reconnected": _("connected an account again"),
    "account.disconnected": _("disconnected an account"),
    "account.paused": _("paused an account"),
    "account.resumed": _("resumed an account"),
    "member.invited": _("invited somebody"),
    "member.uninvited": _("withdrew an invitation"),
    "member.link_made": _("made a link to join"),
    "member.joined": _("joined"),
    "member.left": _("left"),
    "member.removed": _("removed a member"),
    "member.role_changed": _("changed a role"),
    "member.added": _("added a member"),
    "token.created": _("made a key"),
    "token.revoked": _("revoked a key"),
    "webhook.created": _("made a webhook"),
    "webhook.changed": _("changed a webhook"),
    "webhook.deleted": _("deleted a webhook"),
    "webhook.redelivered": _("sent a message to a webhook again"),
    "webhook.secret_changed": _("changed a webhook's secret"),
    "workspace.changed": _("changed the workspace"),
    "workspace.paused": _("paused the workspace"),
    "workspace.resumed": _("resumed the workspace"),
    "workspace.logo_set": _("set the logo"),
    "workspace.logo_removed": _("removed the logo"),
    "workspace.export_asked": _("asked for a copy of the data"),
    "workspace.export_taken": _("took a copy of the data"),
    "workspace.deletion_asked": _("asked to delete the workspace"),
    "workspace.kept": _("kept the workspace"),
    "deliveries.retried": _("tried posts again"),
}
COLUMNS = ("when", "who", "email", "action", "subject", "details")
CHUNK = 500
FORMULAS = frozenset("=+-@\t\r")


def words(action: str) -> str:
    return str(WORDS.get(action, action.replace(".", ": ").replace("_", " ")))


def details(event: AuditEvent) -> list[tuple[str, str]]:
    """What is known of it beyond its subject, without lists of numbers that nobody reads."""
    return [
        (name.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in event.details.items()
        if value not in ("", None, []) and not (isinstance(value, list) and len(value) > 10)
    ]


def sheet(events: QuerySet[AuditEvent]) -> Iterator[str]:
    """The lines of a CSV, oldest bytes first, without holding all of them."""
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for event in events.select_related("user").iterator(CHUNK):
        yield writer.writerow(plain(_row(event)))


def _row(event: AuditEvent) -> list[Any]:
    who = event.user
    return [
        event.created_at.isoformat(),
        str(who) if who else "",
        who.email if who else "",
        event.action,
        event.subject,
        json.dumps(event.details, ensure_ascii=False) if event.details else "",
    ]


def plain(cells: Iterable[Any]) -> list[Any]:
    """Cells that no spreadsheet takes for formulas."""
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in FORMULAS else cell for cell in cells]


class Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line
