"""The sandbox's people and apps: made once, the same on every machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from django.db import transaction

from platforms.sandbox.models import Client, Entry, Person


@dataclass(frozen=True)
class Network:
    """A network that the sandbox plays. `has_app`: apps are registered by hand there, so one is waiting.

    `kinds`: what people write there; `tells`: it calls webhooks about that.
    """

    name: str
    label: str
    has_app: bool = False
    kinds: tuple[str, ...] = ()
    tells: bool = False

    @property
    def twin(self) -> ModuleType:
        return import_module(f"platforms.sandbox.{self.name}")


@dataclass(frozen=True)
class Face:
    """What a network shows around a post; a twin says it with `face(entry)`."""

    warning: str = ""  # shown in place of the text until somebody opens it
    covers_pictures: bool = False
    note: str = ""  # beside the time
    facts: Mapping[str, Any] = field(default_factory=dict)  # for the network's own template


TALK = ("comment", "mention", "direct")
NETWORKS = (
    Network("x", "X", has_app=True, kinds=TALK, tells=True),
    Network("bluesky", "Bluesky", kinds=TALK),
    Network("mastodon", "Mastodon", kinds=TALK),
    Network("pinterest", "Pinterest", has_app=True),
    Network("tiktok", "TikTok", has_app=True),
    Network("youtube", "YouTube", has_app=True, kinds=("comment",)),
    Network("youtube_shorts", "YouTube Shorts", has_app=True),
    Network("google_business", "Google Business Profile", has_app=True, kinds=("review",), tells=True),
    Network("threads", "Threads", has_app=True, kinds=("comment", "mention"), tells=True),
    Network("instagram", "Instagram", has_app=True, kinds=TALK, tells=True),
    Network("facebook", "Facebook", has_app=True, kinds=(*TALK, "review"), tells=True),
    Network("linkedin", "LinkedIn", has_app=True, kinds=("comment", "mention"), tells=True),
    Network("telegram", "Telegram", kinds=TALK, tells=True),
)
LABELS = {network.name: network.label for network in NETWORKS}


def by_name(name: str) -> Network:
    """What is played under a name; a network that nobody plays has no kinds."""
    return next((network for network in NETWORKS if network.name == name), Network(name, name))


@transaction.atomic
def seed() -> None:
    """Everybody who lives in the sandbox, and the app that settings name; a second run changes nothing."""
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


def face(entry: Entry) -> Face:
    """What the entry's network shows around it."""
    twin = import_module(f"platforms.sandbox.{entry.network}")
    shown: Face = twin.face(entry) if hasattr(twin, "face") else Face()
    return shown


def credentials(person: Person) -> dict[str, str]:
    """What somebody types where a network asks for it before connecting."""
    twin = import_module(f"platforms.sandbox.{person.network}")
    typed: dict[str, str] = twin.credentials(person) if hasattr(twin, "credentials") else {}
    return typed
