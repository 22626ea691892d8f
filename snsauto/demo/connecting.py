"""The bakery's accounts, connected as a person would: through each network's consent page, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
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
    """Serves without a line for every request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the standard library's name)
        pass


class QuietServer(ThreadedWSGIServer):
    """Connections that the sandbox drops on purpose are not worth a traceback."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def served() -> Iterator[None]:
    """The sandbox answers at its address: by a desk that runs already, or by ourselves for this while."""
    if not ports.is_free(settings.BIND, settings.PORT):
        yield
        return
    server: BaseServer = QuietServer((settings.BIND, settings.PORT), QuietHandler, ipv6=":" in settings.BIND)
    server.set_app(get_wsgi_application())  # type: ignore[attr-defined]
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
    """The bakery on a network; where it has no identity prepared, the first who lives there stands in."""
    if platform.name not in bakery.IDENTITIES:
        return Person.objects.filter(network=platform.name).order_by("pk")[0]
    remote_id, handle = bakery.IDENTITIES[platform.name]
    return world.person(
        platform.name, remote_id, handle, bakery.WORKSPACE, about=bakery.ABOUT, colour=bakery.COLOUR
    )


def connect(member: Membership, platform: type[Platform], again: int | None = None) -> Account:
    """Ask, allow, come back, keep."""
    person = identity(platform)
    fields = {"handle": person.handle, "server": bakery.SERVER}
    answer = allow(connecting.start(member, platform, fields, again), person)
    grant = connecting.come_back(member.user, platform, answer)
    return connecting.keep(grant, grant.profiles[:1])[0]
