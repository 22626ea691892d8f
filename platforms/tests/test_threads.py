"""Threads' client against its twin, over real HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms.content import Draft, Json, MediaFile, Part, Published, Token
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Grant, Person, Upload
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import connected, token_of
from platforms.tests.conftest import Shelf
from platforms.tests.files import film, picture
from platforms.threads import Threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="threads", handle="morgenrot.bakery")


@pytest.fixture
def client(sandbox: str, baker: Person) -> Threads:
    return cast(Threads, connected("threads", sandbox, baker))


def draft(*parts: str | Part, media: tuple[MediaFile, ...] = (), **options: Json) -> Draft:
    """A draft as the product makes it: the kind follows from media and options."""
    first, *rest = [part if isinstance(part, Part) else Part(part) for part in parts]
    if media:
        first = Part(first.text, media)
    kind = Threads.kind_for(first.media, options).name
    return Draft("key", datetime.now(UTC), (first, *rest), options, kind)


def publish(client: Threads, wanted: Draft, ledger: MemoryLedger | None = None) -> Published:
    """Publish, looking again at once wherever the network is still processing."""
    ledger = ledger or MemoryLedger()
    for _ in range(60):
        try:
            return client.publish(wanted, ledger)
        except NotReady:
            continue
    raise AssertionError("It never became ready.")


def sent(path: str) -> list[Any]:
    """The bodies that came in at an address, oldest first."""
    calls = Call.objects.filter(network="threads", method="POST", path__endswith=path, status=200)
    return [call.body for call in calls.order_by("pk")]


def standing() -> list[Entry]:
    return list(Entry.objects.filter(network="threads", deleted_at=None).order_by("pk"))


def age(ledger: MemoryLedger, seconds: float = 120) -> None:
    """As if the open tries had been some time ago."""
    ledger.intents = {name: at - timedelta(seconds=seconds) for name, at in ledger.intents.items()}


def fault(kind: str, path: str, **more: Any) -> None:
    Fault.objects.create(network="threads", kind=kind, path=path, **more)


# --- every kind of post ---


def test_a_text_is_published(client: Threads, baker: Person) -> None:
    published = publish(client, draft("Good morning."))

    [entry] = standing()
    assert sent("me/threads") == [{"media_type": "TEXT", "text": "Good morning."}]
    assert published == Published(entry.remote_id, published.permalink, (entry.remote_id,))
    assert published.permalink.endswith(f"/@morgenrot.bakery/post/{entry.body['shortcode']}")
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_a_picture_is_fetched_from_us(client: Threads, shelf: Shelf) -> None:
    loaf = shelf(picture())

    publish(client, draft("Rye.", media=(loaf,)))

    [entry] = standing()
    assert sent("me/threads") == [
        {"media_type": "IMAGE", "image_url": loaf.url, "alt_text": "A loaf", "text": "Rye."}
    ]
    assert [bytes(upload.content) for upload in entry.pictures] == [loaf.open().read()]


def test_a_video_waits_until_it_is_processed(client: Threads, shelf: Shelf) -> None:
    oven, ledger = shelf(film(alt="The oven")), MemoryLedger()

    with pytest.raises(NotReady):
        client.publish(draft("Watch.", media=(oven,)), ledger)
    publish(client, draft("Watch.", media=(oven,)), ledger)

    [entry] = standing()
    assert entry.body["media_type"] == "VIDEO"
    assert sent("me/threads") == [
        {"media_type": "VIDEO", "video_url": oven.url, "alt_text": "The oven", "text": "Watch."}
    ]


def test_a_carousel_mixes_pictures_and_videos_in_their_order(client: Threads, shelf: Shelf) -> None:
    files = (shelf(picture("one.jpg")), shelf(film()), shelf(picture("three.png", kind="PNG")))

    publish(client, draft("Three.", media=files))

    [entry] = standing()
    *children, parent = sent("me/threads")
    assert [child["is_carousel_item"] for child in children] == ["true"] * 3
    assert parent["media_type"] == "CAROUSEL"
    assert [upload.remote_id for upload in entry.pictures] == parent["children"].split(",")
    assert [upload.content_type for upload in entry.pictures] == ["image/jpeg", "video/mp4", "image/png"]
