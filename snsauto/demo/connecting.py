"""The bakery's accounts, connected as a person would: through each network's consent page, over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from accounts import connecting
from accounts.models import Account, Membership
from platforms.base import Platform
from platforms.registry import PLATFORMS
from platforms.sandbox import world
from platforms.sandbox.models import Person
from platforms.sandbox.visitor import allow
from snsauto import ports
from snsauto.demo import bakery


class QuietHandler(WSGIRequestHandler):
    """Serves without a line for every request, and without waiting between an answer's head and body."""

    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the standard library's name)
        pass


class QuietServer(ThreadedWSGIServer):
    """Serves on an open port; connections that the sandbox drops on purpose are not worth a traceback."""

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler], listener: socket) -> None:
        super().__init__(address, handler, bind_and_activate=False, ipv6=":" in address[0])
        self.socket.close()
        self.socket = listener.dup()
        self.server_name, self.server_port = address
        self.setup_environ()
        self.set_app(get_wsgi_application())

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def served(listener: socket | None = None) -> Iterator[None]:
    """The sandbox answers at its address meanwhile: on the launcher's open port, or by a desk that runs."""
    listener = listener or ports.listen(settings.BIND, settings.PORT, seconds=0)
    if listener is None:
        yield
        return
    server = QuietServer((settings.BIND, settings.PORT), QuietHandler, listener)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def played() -> list[type[Platform]]:
    """The networks that the sandbox plays for us; where settings name a real host, the demo stays away."""
    ours = f"{settings.SITE_URL}/sandbox/"
    return [
        PLATFORMS[network.name]
        for network in world.NETWORKS
        if network.name in PLATFORMS
        and all(
            settings.NETWORKS[network.name][url].startswith(ours)
            for url in ("api_url", "auth_url", "upload_url")
        )
    ]


def identity(platform: type[Platform]) -> Person:
    """The bakery on a network; where it has no identity prepared, the first who lives there becomes it."""
    if platform.name not in bakery.IDENTITIES:
        first = Person.objects.filter(network=platform.name).order_by("pk")[0]
        facts = json.dumps(first.facts, ensure_ascii=False)
        for elsewhere, here in {first.name: bakery.WORKSPACE, **bakery.PLACES}.items():
            facts = facts.replace(elsewhere, here)
        first.facts = json.loads(facts)
        first.name, first.about, first.colour = bakery.WORKSPACE, bakery.ABOUT, bakery.COLOUR
        first.handle = bakery.HANDLES.get(platform.name, bakery.HANDLE)
        first.save(update_fields=["name", "about", "colour", "handle", "facts"])
        return first
    remote_id, handle = bakery.IDENTITIES[platform.name]
    return world.person(
        platform.name,
        remote_id,
        handle,
        bakery.WORKSPACE,
        about=bakery.ABOUT,
        colour=bakery.COLOUR,
        facts={"followers": bakery.FOLLOWERS[platform.name]},
    )


def connect(member: Membership, platform: type[Platform], again: int | None = None) -> Account:
    """Ask, allow, come back, keep."""
    person = identity(platform)
    return connect_as(member, platform, person, bakery.SERVER, again)


def connect_as(
    member: Membership, platform: type[Platform], person: Person, server: str, again: int | None = None
) -> Account:
    """Connect what one of the sandbox's people owns: they say yes, or their credentials are typed."""
    fields = {"handle": person.handle, "server": server, **world.credentials(person)}
    if platform.can("authorize"):
        method = next(method for method in platform.connect_methods if method.asks_consent)
        url = connecting.start(member, platform, {**method.told({}), **fields}, again)
        grant = connecting.come_back(member.user, platform, allow(url, person))
    else:
        grant = connecting.log_in(member, platform, fields, again)
    mine = [profile for profile in grant.profiles if profile.handle == person.handle] or grant.profiles
    return connecting.keep(grant, tuple(mine[:1]))[0]
