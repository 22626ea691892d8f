"""What the tests of Instagram share: clients of both flavours, drafts, and a publisher that is patient."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, Published
from platforms.errors import NotReady
from platforms.instagram import Instagram
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Person
from platforms.sandbox.visitor import allow
from platforms.tests.connected import app_at, way_out


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


def set_fact(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()
