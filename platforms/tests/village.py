"""The sandbox's people, moved in quickly: what `seed` asks for row by row is copied in a few statements."""

from copy import copy

from django.db.models import Model
from django.db.models.base import ModelState

from platforms.sandbox.models import Client, Grant, Person
from platforms.sandbox.world import seed

VILLAGE: list[list[Model]] = []


def move_in() -> None:
    """The people, apps and grants that `seed` makes; in an empty world, after the first time, as copies."""
    models = (Person, Client, Grant)
    if any(model.objects.exists() for model in models):
        seed()
    elif not VILLAGE:
        seed()
        VILLAGE.extend(list(model.objects.all()) for model in models)
    else:
        _copy_in()


def _copy_in() -> None:
    moved: dict[tuple[type[Model], object], object] = {}
    for rows in VILLAGE:
        copies = [copy(row) for row in rows]
        for row in copies:
            row.pk, row._state = None, ModelState()
            for field in row._meta.concrete_fields:
                if field.is_relation and getattr(row, field.attname) is not None:
                    setattr(row, field.attname, moved[field.related_model, getattr(row, field.attname)])
        made = type(rows[0])._default_manager.bulk_create(copies) if rows else []
        moved.update({(type(old), old.pk): new.pk for old, new in zip(rows, made, strict=True)})
