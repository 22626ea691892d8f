"""Changing the encryption key: every encrypted column of every model, without ever reading it into a page."""

from collections.abc import Iterator

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Cast

from accounts.fields import EncryptedJSONField, fernet

Column = tuple[type[models.Model], str]


class UnreadableRows(Exception):
    """Some values open with none of the keys; they are left as they are, and no key may be dropped yet."""


def encrypted_columns() -> Iterator[Column]:
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field.name


def rotate() -> int:
    """Encrypt every value with the first key. Safe to run again, and while the product runs."""
    rotated, unreadable = 0, 0
    for model, column in encrypted_columns():
        for pk in list(model._default_manager.values_list("pk", flat=True)):
            try:
                rotated += _rotate_row(model, column, pk)
            except InvalidToken:
                unreadable += 1
    if unreadable:
        raise UnreadableRows(
            f"{rotated} secrets are encrypted with the first key, but {unreadable} open with no key. "
            "Add the key that they were written with and run this again."
        )
    return rotated


def _rotate_row(model: type[models.Model], column: str, pk: object) -> int:
    """One value, locked so that a token which is renewed at this moment is not overwritten by the old one."""
    with transaction.atomic():
        rows = model._default_manager.filter(pk=pk).select_for_update()
        # the ciphertext itself: reading the column as such would decrypt it
        stored = (
            rows.annotate(stored=Cast(column, models.TextField())).values_list("stored", flat=True).first()
        )
        if not stored:
            return 0
        fresh = models.Value(fernet().rotate(stored.encode()).decode(), models.TextField())
        return rows.update(**{column: fresh})
