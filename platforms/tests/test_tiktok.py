"""TikTok's client against its twin, over real HTTP."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms._tiktok_upload import PIECE, WHOLE, Plan
from platforms._tiktok_words import FAILURES, PRIVATE, PUBLIC
from platforms.base import Connection
from platforms.content import Draft, Incoming, Json, MediaFile, Part, Published, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure
from platforms.ledger import MemoryLedger
from platforms.sandbox import tiktok as twin
from platforms.sandbox.models import Call, Client, Entry, Fault, Grant, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.conftest import Shelf
from platforms.tests.connected import app_at, connected, token_of, way_out
from platforms.tests.files import film, medium, picture
from platforms.tiktok import SURELY_SHOWN, TikTok

pytestmark = pytest.mark.django_db(transaction=True)
INIT = "/v2/post/publish/video/init/"
PHOTO_INIT = "/v2/post/publish/content/init/"
INBOX_INIT = "/v2/post/publish/inbox/video/init/"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="tiktok", handle="morgenrot.bakery")


@pytest.fixture
def client(sandbox: str, baker: Person) -> TikTok:
    return cast(TikTok, connected("tiktok", sandbox, baker))


def draft(*media: MediaFile, text: str = "Fresh from the oven #bread", kind: str = "", **options: Json) -> Draft:
    """A post for everyone, unless options say otherwise."""
    chosen = {option.name: option.default for option in TikTok.options} | {"privacy": PUBLIC} | options
    if kind == "draft":
        chosen["kind"] = kind
    name = TikTok.kind_for(media, chosen).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), chosen, name)


def publish(client: TikTok, post: Draft, ledger: MemoryLedger | None = None) -> Published:
    """Go on as often as TikTok asks us to come back."""
    ledger = ledger or MemoryLedger()
    for _ in range(8):
        try:
            return client.publish(post, ledger)
        except NotReady:
            continue
    raise AssertionError("it never ended")


def heavy(size: int) -> MediaFile:
    """A film that a box of zeros at its end makes as large as is wanted."""
    content = film().open().read()
    padding = size - len(content)
    content += padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    return replace(medium("oven.mp4", content, "video/mp4", (540, 960), seconds=3.0, fps=24.0, codecs=("h264", "aac")))


def set_facts(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()


def fault(kind: str, path: str = "", **more: Any) -> None:
    Fault.objects.create(network="tiktok", kind=kind, path=path, **more)


def bodies(path: str) -> list[Any]:
    return list(
        Call.objects.filter(network="tiktok", path__endswith=path).order_by("pk").values_list("body", flat=True)
    )


def entries() -> list[Entry]:
    return list(Entry.objects.filter(network="tiktok", deleted_at=None))


# --- connecting ---


def test_a_person_connects_and_we_learn_what_they_may_do(client: TikTok, baker: Person) -> None:
    [profile] = client.profiles()

    assert (profile.remote_id, profile.handle, profile.name) == (baker.remote_id, baker.handle, baker.name)
    assert profile.url.endswith("/sandbox/tiktok/@morgenrot.bakery")
    assert requests.get(profile.avatar_url, timeout=5).headers["Content-Type"] == "image/png"
    assert profile.limits == {
        "choices": {
            "privacy": [
                [PUBLIC, "Everyone"],
                ["MUTUAL_FOLLOW_FRIENDS", "Friends (followers you follow back)"],
                [PRIVATE, "Only you"],
            ]
        },
        "unavailable": {},
        "max_video_seconds": 300,
    }


def test_a_plain_video_goes_out(client: TikTok) -> None:
    published = publish(client, draft(film()))

    [entry] = entries()
    assert published == Published(entry.remote_id, f"{client.app.auth_url}/@morgenrot.bakery/video/{entry.remote_id}")
    assert bytes(entry.pictures[0].content) == film().open().read()
    assert requests.get(published.permalink, timeout=5).status_code == 200
