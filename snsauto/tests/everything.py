"""A row in every table that leads to a workspace, made from the models alone: none is ever missed."""

import uuid
from datetime import date, time
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core.files.base import ContentFile
from django.db import IntegrityError, models, transaction
from django.utils.timezone import now

from accounts.exporting import PASSING, tables
from accounts.fields import EncryptedJSONField
from accounts.models import Membership, User, Workspace

HUSH = "hush-hush"  # what stands in every column that is secret
SECRET = ("secret", "_hash", "password", "link_key", "credentials")
Rows = dict[type[models.Model], models.Model]


def fill(owner: User, workspace: Workspace) -> Rows:
    """The rows by model; the workspace's own is among them. References that may be empty are set as well."""
    rows: Rows = {
        User: owner,
        Workspace: workspace,
        Membership: Membership.objects.get(user=owner, workspace=workspace),
    }
    passing = [model for model in apps.get_models() if model._meta.model_name in PASSING]
    belonging = {table.model for table in tables()}
    waiting = {model: _needed(model, belonging) for model in (*belonging, *passing) if model not in rows}
    shared = (
        {field.related_model for needed in waiting.values() for field in needed} - set(waiting) - set(rows)
    )
    rows |= {model: _make(model, [], rows) for model in shared}  # of no workspace
    while waiting:
        model = next(
            one for one, needed in waiting.items() if all(field.related_model in rows for field in needed)
        )
        rows[model] = _make(model, waiting.pop(model), rows)
    for row in rows.values():
        _refer(row, rows)
    return {model: row for model, row in rows.items() if model is not User and model not in shared}


def _needed(model: type[models.Model], belonging: set[Any]) -> list[Any]:
    """The references that a row cannot be without: where none leads to a workspace for sure, one that may.

    Only one of those: some rows are of one thing or of another.
    """
    keys = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    needed = [field for field in keys if not field.null]
    if any(field.related_model in belonging for field in needed):
        return needed
    return [*needed, next(field for field in keys if field.null and field.related_model in belonging)]


def _make(model: type[models.Model], needed: list[Any], rows: Rows) -> models.Model:
    fields = [field for field in model._meta.concrete_fields if not field.is_relation and _is_asked(field)]
    return model._default_manager.create(
        **{field.name: rows[field.related_model] for field in needed},
        **{field.name: _value(field) for field in fields},
    )


def _is_asked(field: Any) -> bool:
    is_secret = any(word in field.name for word in SECRET)
    return not field.primary_key and (is_secret or not (field.has_default() or field.null))


def _value(field: Any) -> Any:
    if isinstance(field, EncryptedJSONField):
        return {"access": HUSH}
    if isinstance(field, models.JSONField):
        return {"rows": [1]}
    if isinstance(field, models.FileField):
        return ContentFile(b"a file", name="file.png")
    if isinstance(field, models.CharField | models.TextField):
        if field.name == "platform_name":
            return "mastodon"
        text = uuid.uuid4().hex
        if any(word in field.name for word in SECRET):
            text = f"{HUSH}-{text}"
        return field.choices[0][0] if field.choices else text[: field.max_length]
    return _plain(field)


def _plain(field: Any) -> Any:
    kinds: list[tuple[type[Any], Any]] = [
        (models.DateTimeField, now()),
        (models.DateField, date(2026, 3, 1)),
        (models.TimeField, time(9)),
        (models.DecimalField, Decimal(1)),
        (models.BinaryField, b"bytes"),
        (models.UUIDField, uuid.uuid4()),
        (models.BooleanField, False),
    ]
    return next((value for kind, value in kinds if isinstance(field, kind)), 1)


def _refer(row: models.Model, rows: Rows) -> None:
    """Set references that may be empty, where no constraint forbids it."""
    for field in row._meta.concrete_fields:
        made = rows.get(field.related_model) if isinstance(field, models.ForeignKey) else None
        if made is None or made is row or getattr(row, field.attname) is not None:
            continue
        try:
            with transaction.atomic():
                type(row)._default_manager.filter(pk=row.pk).update(**{field.name: made})
        except IntegrityError:
            continue
