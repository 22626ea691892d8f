from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from inbox import search_index


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        post_migrate.connect(_prepare_search, sender=self)


def _prepare_search(using: str, **_rest: Any) -> None:
    """A migration that changes the table of messages takes SQLite's triggers with it: put them back."""
    search_index.prepare(connections[using])
