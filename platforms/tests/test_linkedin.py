"""LinkedIn's client against its twin, over real HTTP: as a page, and as a profile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms import _linkedin_media
from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, Published
from platforms.errors import (
    Duplicate,
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
from platforms.ledger import MemoryLedger
from platforms.linkedin import LinkedIn
from platforms.sandbox.linkedin_wire import VERSIONS
from platforms.sandbox.models import Call, Client, Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import app_at, connected, way_out
from platforms.tests.files import film, paper, picture

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, JANA = "urn:li:organization:2414183", "urn:li:person:782bbtaQ"


@pytest.fixture
def page(sandbox: str) -> LinkedIn:
    return connected("linkedin", sandbox)  # type: ignore[return-value]


@pytest.fixture
def profile(sandbox: str) -> LinkedIn:
    return connected("linkedin", sandbox, person(JANA))  # type: ignore[return-value]


@pytest.fixture
def alone(sandbox: str) -> LinkedIn:
    """A profile that is connected by a self-serve app."""
    return self_serve(sandbox)


def self_serve(sandbox: str) -> LinkedIn:
    Client.objects.filter(network="linkedin").update(scopes=["openid", "profile", "w_member_social"])
    client = LinkedIn(Connection(app_at(sandbox, "linkedin"), way_out(sandbox)))
    asked = client.authorize("state", {"access": "profile"})
    token = client.exchange(allow(asked.url, person(JANA)), asked.kept)
    return LinkedIn(Connection(client.app, client.connection.transport, token, JANA))


def person(remote_id: str) -> Person:
    return Person.objects.get(network="linkedin", remote_id=remote_id)


def set_fact(remote_id: str, **facts: Any) -> None:
    found = person(remote_id)
    found.facts = {**found.facts, **facts}
    found.save()


def draft(text: str = "", *media: MediaFile, **options: Json) -> Draft:
    kind = LinkedIn.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), options, kind)


def calls(path: str, method: str = "POST") -> list[Call]:
    found = Call.objects.filter(network="linkedin", method=method, path__contains=path)
    return list(found.order_by("pk"))


def body() -> Any:
    return calls("/rest/posts")[-1].body


def publish(client: LinkedIn, wanted: Draft, books: MemoryLedger | None = None) -> Published:
    """To the end, looking again whenever LinkedIn is still processing."""
    books = books or MemoryLedger()
    for minutes in range(30):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True):
            try:
                return client.publish(wanted, books)
            except NotReady:
                continue
    raise AssertionError("never ready")


def fault(kind: Fault.Kind, path: str, **rest: Any) -> None:
    Fault.objects.create(network="linkedin", kind=kind, path=path, **rest)


def aged(books: MemoryLedger, seconds: float) -> None:
    """As if what is in doubt had been sent so long ago."""
    for name in books.intents:
        books.intents[name] = datetime.now(UTC) - timedelta(seconds=seconds)


# --- connecting ---


def test_a_member_connects_with_the_pages_that_she_may_post_to(page: LinkedIn) -> None:
    [jana, bakery] = page.profiles()

    assert (jana.remote_id, jana.handle, jana.name) == (JANA, "jana-lindqvist", "Jana Lindqvist")
    assert (bakery.remote_id, bakery.handle, bakery.name) == (PAGE, "morgenrot-bakery", "Morgenrot Bakery")
    assert (jana.limits, bakery.limits) == ({"kind": "member"}, {"kind": "organization"})
    assert jana.avatar_url.endswith("/@jana-lindqvist/avatar.png")
    assert bakery.avatar_url.endswith("/@morgenrot-bakery/avatar.png")
    assert page.token is not None
    assert set(page.token.scopes) == set(LinkedIn.scopes)
    assert page.token.refresh


def test_a_text_goes_out(page: LinkedIn) -> None:
    published = publish(page, draft("Rye (fresh) & warm #brot @ nine_ish"))

    entry = Entry.objects.get()
    assert entry.text == "Rye (fresh) & warm #brot @ nine_ish"
    assert published.remote_id == entry.remote_id
    assert published.permalink.endswith(f"/feed/update/{entry.remote_id}/")
    assert body() == {
        "author": PAGE,
        "commentary": r"Rye \(fresh\) & warm #brot \@ nine\_ish",
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
