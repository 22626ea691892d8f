"""A column that is encrypted at rest: JSON in, ciphertext in the table, JSON out."""

import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class Undecryptable(Exception):
    """None of ENCRYPTION_KEYS opens this value. Nothing is handed out in its place."""


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """The first of ENCRYPTION_KEYS encrypts, all of them decrypt."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON value that the table holds encrypted. An empty value is stored as empty text."""

    description = "encrypted JSON"
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        if not value:
            return None
        try:
            return json.loads(fernet().decrypt(value))
        except InvalidToken as error:
            raise Undecryptable(
                f"{self.model.__name__}.{self.name}: no key in ENCRYPTION_KEYS opens it."
            ) from error

    def get_prep_value(self, value: Any) -> str:
        return fernet().encrypt(json.dumps(value).encode()).decode() if value is not None else ""

    def to_python(self, value: Any) -> Any:
        return value
