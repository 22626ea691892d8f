"""What the tests of Threads share: a connected client, drafts, and a look at what was sent and stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, Published, Token
from platforms.errors import NotReady
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Grant, Person
from platforms.tests.connected import app_at, way_out
from platforms.threads import Threads


def baker_of_threads() -> Person:
    """The first, who may do everything."""
    return Person.objects.get(network="threads", handle="morgenrot.bakery")


def client_of(url: str, person: Person, **facts: Any) -> Threads:
    """A client that was connected two days ago."""
    issued_at = (timezone.now() - timedelta(days=2)).isoformat()
    grant = Grant.objects.create(
        network="threads",
        person=person,
        client_id="sandbox",
        scopes=list(Threads.scopes),
        access=f"THQVJ-{person.pk}",
        access_expires_at=timezone.now() + timedelta(days=58),
        facts={"is_long": True, "issued_at": issued_at, **facts},
    )
    token = Token(grant.access, expires_at=grant.access_expires_at, scopes=Threads.scopes)
    limits = {"geo_gating": True}
    app, way = app_at(url, "threads"), way_out(url)
    return Threads(Connection(app, way, token, person.remote_id, person.handle, limits))


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
