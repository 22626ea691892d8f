"""A copy of all that a workspace holds, to take away: every table that leads to it, and its files.

Which tables those are is read from the models themselves, so that nothing new is forgotten. Secrets (tokens,
keys, hashes of codes) are no data to take away.
"""

import csv
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import IO, Any

import structlog
from django.apps import apps
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts import notices
from accounts.auditing import plain
from accounts.fields import EncryptedJSONField
from accounts.models import AuditEvent, DataExport, Membership, User, Workspace
from platforms.errors import PlatformError

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=6)  # longer than a task may take
TRIES = 5
FILES_SECONDS = 150.0  # for files; those that are left out are listed
CHUNK = 500
COPY_BYTES = 1_000_000
SECRET = ("key_hash", "code_hash", "state_hash", "password", "link_key")
# what only machines say to each other, for minutes or a day
PASSING = {"oauthstate", "pendingconnection", "idempotentrequest", "dataexport", "version"}
PERSON = ("id", "email", "name", "date_joined", "last_login")


class AlreadyAsked(Exception):
    """A copy is being made just now."""

    def __init__(self) -> None:
        super().__init__(_("A copy is being made already. You are told when it is there."))


@dataclass(frozen=True)
class Table:
    """A model whose rows belong to a workspace, and the ways there, as lookups: one of them leads."""

    model: type[models.Model]
    paths: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.model._meta.app_label}.{self.model._meta.model_name}"

    def rows(self, workspace: Workspace) -> models.QuerySet[models.Model]:
        ways = reduce(or_, (Q(**{path: workspace.pk}) for path in self.paths))
        return self.model._default_manager.filter(ways).order_by("pk")

    @property
    def columns(self) -> "list[models.Field[Any, Any]]":
        """All columns but secrets and what lies in the table as bytes."""
        return [
            field
            for field in self.model._meta.concrete_fields
            if not isinstance(field, (EncryptedJSONField, models.BinaryField)) and field.name not in SECRET
        ]

    @property
    def files(self) -> list[str]:
        return [field.name for field in self.columns if isinstance(field, models.FileField)]

    @property
    def bytes_columns(self) -> list[str]:
        return [
            field.name for field in self.model._meta.concrete_fields if isinstance(field, models.BinaryField)
        ]


def tables() -> list[Table]:
    """Every table that leads to a workspace by foreign keys, nearest first."""
    found: dict[type[models.Model], tuple[str, ...]] = {Workspace: ("pk",)}
    for takes_empty in (False, True):  # first all that lead there for sure
        grew = True
        while grew:
            grew = False
            for model in apps.get_models(include_auto_created=True):
                if model in found or model is User or model._meta.model_name in PASSING:
                    continue
                sure, perhaps = _ways(model, found)
                if paths := sure or (perhaps if takes_empty else ()):
                    found[model] = paths
                    grew = True
    return [Table(model, paths) for model, paths in found.items()]


def _ways(
    model: type[models.Model], found: dict[type[models.Model], tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The shortest way by keys that are never empty, and all by keys that may be."""
    sure, perhaps = list[str](), list[str]()
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey) or field.related_model not in found:
            continue
        if field.related_model is Workspace:
            sure.append(field.name)
        else:
            ways = [f"{field.name}__{path}" for path in found[field.related_model]]
            (perhaps if field.null or len(ways) > 1 else sure).extend(ways)
    return tuple(sorted(sure, key=lambda way: way.count("__"))[:1]), tuple(perhaps)


def of_person(user: User) -> dict[str, Any]:
    """What the desk knows about a person apart from what workspaces hold."""
    return {
        "person": User.objects.filter(pk=user.pk).values(*PERSON).get(),
        "workspaces": list(user.memberships.values("workspace_id", "workspace__name", "role", "created_at")),
        "keys": list(
            user.api_tokens.values("workspace_id", "name", "hint", "created_at", "expires_at", "last_used_at")
        ),
        "notices": list(user.notifications.values("kind", "text", "url", "created_at", "read_at")),
        "did": list(
            AuditEvent.objects.filter(user=user).values("workspace_id", "action", "subject", "created_at")
        ),
    }


# --- asking ---


def ask(actor: Membership) -> DataExport:
    """Have a copy made. Raises AlreadyAsked."""
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace_id)
        mine = DataExport.objects.filter(workspace_id=actor.workspace_id)
        if mine.filter(state=DataExport.State.WAITING).exists():
            raise AlreadyAsked
        export = DataExport.objects.create(workspace_id=actor.workspace_id, asked_by=actor.user)
        AuditEvent.record(actor, "workspace.export_asked", actor.workspace)
        transaction.on_commit(ring)
    return export


def ring() -> None:
    async_task("accounts.tasks.export_data", cluster="default")


# --- making ---


def make_due() -> int:
    """Make the copies that are due, and delete those that have lain for a week. How many were made."""
    forget_old()
    made = 0
    due = DataExport.objects.filter(state=DataExport.State.WAITING, due_at__lte=now())
    for export in due.select_related("workspace", "asked_by").order_by("due_at")[:1]:
        made += _make(export)
    return made


def _make(export: DataExport) -> bool:
    lease = now() + LEASE
    mine = DataExport.objects.filter(pk=export.pk, due_at=export.due_at, state=DataExport.State.WAITING)
    if export.tries >= TRIES:
        mine.update(state=DataExport.State.FAILED, due_at=None, done_at=now())
        return False
    if not mine.update(due_at=lease, tries=export.tries + 1):
        return False  # somebody else makes it
    try:
        made = _store(export)
    except (OSError, PlatformError) as error:
        log.warning("copy not made", export=export.pk, error=type(error).__name__)
        return False  # tried again once the lease is over
    with transaction.atomic():
        held = DataExport.objects.filter(pk=export.pk, due_at=lease)
        if not held.update(state=DataExport.State.DONE, due_at=None, done_at=now(), **made):
            return False
        _tell(export)
    return True


def _store(export: DataExport) -> dict[str, int]:
    """Write the archive on this machine's disk, then put it among the stored files."""
    with tempfile.TemporaryFile() as disk:
        rows, left_out = write(export.workspace, disk)
        size = disk.seek(0, io.SEEK_END)
        disk.seek(0)
        default_storage.delete(export.path)  # of a try that died
        default_storage.save(export.path, File(disk))
    return {"rows": rows, "files_left_out": left_out, "size": size}


def write(workspace: Workspace, target: IO[bytes]) -> tuple[int, int]:
    """The archive: how many rows are in it, and how many files could not be put in."""
    count, files = 0, list[tuple[str, FieldFile]]()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tables():
            count += _write_table(archive, table, workspace)
            files += _files_of(table, workspace)
        count += _write_people(archive, workspace)
        left_out = _write_files(archive, files)
        if left_out:
            archive.writestr("files_left_out.txt", "\n".join(left_out) + "\n")
    return count, len(left_out)


def _write_table(archive: zipfile.ZipFile, table: Table, workspace: Workspace) -> int:
    """A table twice: `.json` with all, `.csv` for spreadsheets; and its bytes as files."""
    names = [column.attname for column in table.columns]
    rows = list(table.rows(workspace).values(*names))
    _write_rows(archive, table.name, names, rows)
    for column in table.bytes_columns:
        for pk, kept in table.rows(workspace).values_list("pk", column):
            archive.writestr(f"files/{table.name}/{pk}", bytes(kept))
    return len(rows)


def _write_people(archive: zipfile.ZipFile, workspace: Workspace) -> int:
    """Who the numbers of people in the other tables are: the members."""
    people = list(User.objects.filter(memberships__workspace=workspace).order_by("pk").values(*PERSON))
    _write_rows(archive, "accounts.user", list(PERSON), people)
    return len(people)


def _write_rows(archive: zipfile.ZipFile, name: str, columns: list[str], rows: list[dict[str, Any]]) -> None:
    archive.writestr(f"{name}.json", json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(columns)
    writer.writerows(plain(_cell(row[column]) for column in columns) for row in rows)
    archive.writestr(f"{name}.csv", "\ufeff" + sheet.getvalue())


def _cell(value: Any) -> Any:
    """What has parts of its own, in one cell."""
    return (
        json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
        if isinstance(value, (dict, list))
        else value
    )


def _files_of(table: Table, workspace: Workspace) -> Iterator[tuple[str, FieldFile]]:
    for name in table.files:
        for row in table.rows(workspace).only("pk", name).iterator(CHUNK):
            kept: FieldFile = getattr(row, name)
            if kept:
                yield f"files/{kept.name}", kept


def _write_files(archive: zipfile.ZipFile, files: list[tuple[str, FieldFile]]) -> list[str]:
    """The stored files, as they are; those for which there was no time, or which are gone, by name."""
    end, left_out = time.monotonic() + FILES_SECONDS, list[str]()
    for name, kept in files:
        if time.monotonic() > end:
            left_out.append(name)
            continue
        try:
            with kept.storage.open(str(kept.name), "rb") as source:
                _copy(archive, name, source)
        except (OSError, PlatformError):
            left_out.append(name)
    return left_out


def _copy(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> None:
    info = zipfile.ZipInfo(name, now().timetuple()[:6])
    with archive.open(info, "w", force_zip64=True) as target:
        while piece := source.read(COPY_BYTES):
            target.write(piece)


def _tell(export: DataExport) -> None:
    if export.asked_by is None:
        return
    notices.tell(
        [export.asked_by],
        kind="export_ready",
        key=f"export:{export.pk}",
        text=_("The copy of the data of %(workspace)s is ready. It can be downloaded for seven days.")
        % {"workspace": export.workspace},
        url=reverse("accounts:data"),
        workspace=export.workspace,
    )


def forget_old() -> int:
    """Delete copies that have lain for a week, files first."""
    old = DataExport.objects.filter(Q(done_at__lt=now() - DataExport.LIFETIME))
    for export in old:
        forget_file(export)
    return old.delete()[0]


def forget_file(export: DataExport) -> None:
    try:
        default_storage.delete(export.path)
    except (OSError, PlatformError) as error:
        log.warning("a copy stays behind", path=export.path, error=type(error).__name__)
