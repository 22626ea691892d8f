"""The sandbox's people and apps: made once, the same on every machine."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from django.db import transaction

from platforms.sandbox.models import Client, Person


@dataclass(frozen=True)
class Network:
    """A network that the sandbox plays. `has_app`: its apps are registered by hand, so one is there already."""

    name: str
    label: str
    has_app: bool = False

    @property
    def twin(self) -> ModuleType:
        return import_module(f"platforms.sandbox.{self.name}")


NETWORKS = (Network("x", "X", has_app=True), Network("bluesky", "Bluesky"), Network("mastodon", "Mastodon"))
LABELS = {network.name: network.label for network in NETWORKS}


@transaction.atomic
def seed() -> None:
    """Everybody who lives in the sandbox, and the app of the default settings; a second run changes nothing."""
    for network in NETWORKS:
        if network.has_app:
            Client.objects.get_or_create(
                network=network.name,
                client_id="sandbox",
                defaults={"client_secret": "sandbox-secret", "name": "SNS Auto"},
            )
        network.twin.people()


def person(network: str, remote_id: str, handle: str, name: str, **rest: Any) -> Person:
    """One who lives on a network, made where missing; `rest` are further fields (about, colour, facts)."""
    found, _ = Person.objects.get_or_create(
        network=network, remote_id=remote_id, defaults={"handle": handle, "name": name, **rest}
    )
    return found
