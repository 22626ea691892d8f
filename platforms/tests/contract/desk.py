"""How a contract test publishes: waiting without waiting, dying and going on, and looking at what stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

from platforms.base import Platform
from platforms.content import Draft, Published
from platforms.errors import NotReady, OutcomeUnknown, RateLimited, TokenExpired, Unavailable
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Client, Entry, Fault, Grant, Person, Upload
from platforms.tests.village import move_in

MOST_TRIES = 40
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def publish(client: Platform, draft: Draft, ledger: MemoryLedger) -> Published:
    """Publish as the engine does: what is being processed is looked at again, until it is done."""
    for _ in range(MOST_TRIES):
        try:
            return client.publish(draft, ledger)
        except NotReady:
            continue
    raise AssertionError("it was never ready")


def persevere(client: Platform, draft: Draft, ledger: MemoryLedger) -> Published | None:
    """Publish through what the engine rides out; None where only a person can tell what became of it."""
    for _ in range(6):
        try:
            return publish(client, draft, ledger)
        except (OutcomeUnknown, RateLimited, TokenExpired, Unavailable):
            age(ledger)
    return None


def looked_up(client: Platform, draft: Draft) -> Published | None:
    """What a look finds; some networks show a post a little late."""
    for _ in range(4):
        try:
            return client.find(draft, draft.created_at - timedelta(hours=1))
        except OutcomeUnknown:
            continue
    return None


def age(ledger: MemoryLedger) -> None:
    """Ten minutes pass on every clock that a look waits for."""
    for books in (ledger.intents, ledger.waits):
        for name in books:
            books[name] -= timedelta(minutes=10)


def standing(name: str) -> int:
    """How much stands on a network."""
    return Entry.objects.filter(network=name, deleted_at=None).count()


def writes(name: str) -> list[Call]:
    """The requests of a network that changed something, in order."""
    return list(Call.objects.filter(network=name, method__in=WRITES).order_by("pk"))


def first_person(name: str) -> Person:
    return Person.objects.filter(network=name).order_by("pk")[0]


def twin_of(name: str) -> ModuleType:
    return import_module(f"platforms.sandbox.{name}")


def clear() -> None:
    """An empty world with its people in it: no posts, no grants, no caps used up."""
    for model in (Entry, Upload, Grant, Call, Fault, Person, Client):
        model.objects.all().delete()
    move_in()


@contextmanager
def fault(name: str, kind: str, **rest: Any) -> Iterator[Fault]:
    """Something that goes wrong meanwhile."""
    made = Fault.objects.create(network=name, kind=kind, **rest)
    try:
        yield made
    finally:
        Fault.objects.filter(pk=made.pk).delete()
