"""YouTube's client against its twin, over real HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from platforms.content import Draft, Json, MediaFile, Part
from platforms.errors import NotReady
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Person
from platforms.tests.connected import connected
from platforms.tests.files import film, picture
from platforms.youtube import YouTube

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="youtube", handle="morgenrotbakery")


@pytest.fixture
def client(sandbox: str, baker: Person) -> YouTube:
    found = connected("youtube", sandbox, baker)
    assert isinstance(found, YouTube)
    return found


def draft(text: str = "Rye at five\n\nFrom the oven.", *media: MediaFile, **options: Json) -> Draft:
    chosen = {"made_for_kids": "no", **options}
    return Draft("key-1", datetime.now(UTC), (Part(text, media or (film(),)),), chosen, "video")


def publish(client: YouTube, wanted: Draft, ledger: MemoryLedger | None = None) -> Any:
    """Publish as the engine does: what is processed is looked at again."""
    ledger = ledger or MemoryLedger()
    for _ in range(5):
        try:
            return client.publish(wanted, ledger)
        except NotReady:
            continue
    raise AssertionError("It is processed for ever.")


def test_a_video_goes_out(client: YouTube, baker: Person) -> None:
    published = publish(client, draft())

    entry = Entry.objects.get()
    assert entry.remote_id == published.remote_id
    assert bytes(entry.pictures[0].content) == film().open().read()
