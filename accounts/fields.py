"""A column that is encrypted at rest: JSON in, ciphertext in the table, JSON out."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext as _

from platforms.errors import Unavailable


class Undecryptable(Unavailable):
    """None of ENCRYPTION_KEYS opens this value. Nothing is handed out in its place, and nothing was sent."""

    action = "Ask whoever runs this installation: a key is missing in ENCRYPTION_KEYS."


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """The first of ENCRYPTION_KEYS encrypts, all of them decrypt."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


@dataclass(frozen=True)
class Sealed:
    """What the table holds, as long as nobody has asked for what it says."""

    ciphertext: str
    column: str

    def opened(self) -> Any:
        try:
            return json.loads(fernet().decrypt(self.ciphertext))
        except InvalidToken as error:
            said = _("The desk has no key that opens the stored secret.")
            raise Undecryptable(said, detail=f"{self.column}: no key in ENCRYPTION_KEYS opens it.") from error


class Opening(DeferredAttribute):
    """Decrypts where the value is read, and not before: a list of a hundred rows opens no secret."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = value.opened()
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value  # without this Python would never ask __get__


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON value that the table holds encrypted. An empty value is stored as empty text."""

    description = "encrypted JSON"
    descriptor_class = Opening
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        return Sealed(value, f"{self.model.__name__}.{self.name}") if value else None

    def get_prep_value(self, value: Any) -> str:
        if isinstance(value, Sealed):  # taken from one row to another as it lies there
            return value.ciphertext
        return fernet().encrypt(json.dumps(value).encode()).decode() if value is not None else ""

    def to_python(self, value: Any) -> Any:
        return value
