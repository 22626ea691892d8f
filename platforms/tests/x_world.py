"""X's client, connected to the sandbox, and the people there."""

from typing import Any

from platforms.sandbox.models import Call, Person
from platforms.tests.connected import connected
from platforms.x import X


def named(handle: str) -> Person:
    return Person.objects.get(network="x", handle=handle)


def speaking_for(person: Person, sandbox: str) -> X:
    """A client with nothing said yet."""
    found = connected("x", sandbox, person)
    assert isinstance(found, X)
    Call.objects.all().delete()
    return found


def set_fact(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()
