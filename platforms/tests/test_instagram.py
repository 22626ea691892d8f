"""Instagram's client against its twin, over real HTTP: connecting, publishing, never twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, Published
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.instagram import Instagram
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import app_at, connected, way_out
from platforms.tests.conftest import Shelf
from platforms.tests.files import film, picture

pytestmark = pytest.mark.django_db(transaction=True)

TALL = (1080, 1350)


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="instagram", handle="morgenrot.bakery")


@pytest.fixture
def by_facebook(sandbox: str, bakery: Person) -> Instagram:
    """Connected through Facebook, with the token of the Page."""
    return connected("instagram", sandbox, bakery)  # type: ignore[return-value]


@pytest.fixture
def client(sandbox: str, bakery: Person) -> Instagram:
    """Connected through Instagram itself."""
    return by_instagram(sandbox, bakery)


def stranger(sandbox: str) -> Instagram:
    return Instagram(Connection(app_at(sandbox, "instagram"), way_out(sandbox)))


def by_instagram(sandbox: str, person: Person) -> Instagram:
    asked = stranger(sandbox).authorize("state-1", {"flavour": "instagram"})
    token = stranger(sandbox).exchange(allow(asked.url, person), asked.kept)
    client = Instagram(replace(stranger(sandbox).connection, token=token))
    [profile] = client.profiles()
    return Instagram(
        replace(client.connection, remote_id=profile.remote_id, handle=profile.handle, limits=profile.limits)
    )


def draft(text: str, *media: MediaFile, key: str = "key", **options: Json) -> Draft:
    kind = Instagram.kind_for(media, options).name
    return Draft(key, datetime.now(UTC), (Part(text, media),), options, kind)


def settled(client: Instagram, wanted: Draft, ledger: MemoryLedger | None = None) -> Published:
    """Publish as the engine does: again and again while the network is processing."""
    books = ledger or MemoryLedger()
    for _ in range(12):
        try:
            return client.publish(wanted, books)
        except NotReady:
            continue
    raise AssertionError("it is never ready")


def the_post() -> Entry:
    return Entry.objects.get(network="instagram", deleted_at=None)


def sent(path: str) -> list[Any]:
    calls = Call.objects.filter(network="instagram", path__endswith=path, method="POST").order_by("pk")
    return [call.body for call in calls]


# --- connecting ---


def test_person_connects_through_instagram(sandbox: str, bakery: Person) -> None:
    asked = stranger(sandbox).authorize("state-1", {"flavour": "instagram"})
    query = parse_qs(urlsplit(asked.url).query)

    client = by_instagram(sandbox, bakery)
    [profile] = client.profiles()

    assert query["scope"] == [",".join(Instagram.scopes)]
    assert urlsplit(asked.url).path == "/sandbox/instagram/oauth/authorize"
    assert (profile.remote_id, profile.handle, profile.name) == (
        bakery.remote_id,
        "morgenrot.bakery",
        bakery.name,
    )
    assert client.token is not None
    assert client.token.extra == {"flavour": "instagram"}
    assert set(client.token.scopes) == set(Instagram.scopes)
    assert client.token.expires_at is not None
    assert client.token.expires_at > datetime.now(UTC) + timedelta(days=59)
    assert requests.get(profile.url, timeout=5).status_code == 200


def test_picture_goes_out(client: Instagram, shelf: Shelf) -> None:
    published = settled(client, draft("Rye at nine #sourdough", shelf(picture(size=TALL))))

    entry = the_post()
    assert (entry.text, entry.remote_id) == ("Rye at nine #sourdough", published.remote_id)
    assert entry.pictures[0].alt == "A loaf"
    assert requests.get(published.permalink, timeout=5).status_code == 200
