"""Clients that are connected to the sandbox as a person would connect them: over HTTP, by consent."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from platforms.base import Connection, Platform
from platforms.content import App, RateLimit, Token
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Client, Person
from platforms.sandbox.visitor import allow
from platforms.sandbox.world import credentials
from platforms.transport import Transport

WEBHOOK_SECRET = "hook-secret"


def app_at(url: str, name: str) -> App:
    """Our registration at the sandbox's network `name`; `url` is where the server runs."""
    address = f"{url}/sandbox/{name}"
    return App(
        client_id="sandbox",
        client_secret="sandbox-secret",
        redirect_uri=f"{url}/accounts/callback/{name}/",
        api_url=address,
        auth_url=address,
        upload_url=address,
        webhook_secret=WEBHOOK_SECRET,
    )


def typed(person: Person) -> dict[str, str]:
    """What a person types before connecting."""
    return {"handle": person.handle, "server": "sandbox.example", **credentials(person)}


def known_at(url: str, platform: type[Platform]) -> App:
    """Our registration; made first where each server registers us by itself."""
    app = app_at(url, platform.name)
    if not platform.can("register"):
        return app
    registered = Client.objects.filter(network=platform.name, redirect_uris=[app.redirect_uri]).first()
    if registered:
        return replace(app, client_id=registered.client_id, client_secret=registered.client_secret)
    return platform(Connection(app, way_out(url))).register({"server": "sandbox.example"}, app.redirect_uri)


def way_out(url: str) -> Transport:
    """A transport that may reach the server at an address, and nothing else that is private."""
    return Transport(allow=frozenset({urlsplit(url).netloc}))


def token_of(platform: type[Platform], url: str, person: Person) -> Token:
    """What the network grants when a person says yes (or types what is asked for)."""
    client, fields = platform(Connection(known_at(url, platform), way_out(url))), typed(person)
    if not platform.can("authorize"):
        return client.login(fields)
    method = next(method for method in platform.connect_methods if method.asks_consent)
    asked = client.authorize("state-of-the-test", {**method.told({}), **fields})
    return client.exchange(allow(asked.url, person), asked.kept)


def connected(
    name: str,
    url: str,
    person: Person | None = None,
    observe: Callable[[RateLimit], None] = lambda _limit: None,
) -> Platform:
    """The network's client, speaking for a person of the sandbox (the first, if none is named)."""
    platform = PLATFORMS[name]
    person = person or Person.objects.filter(network=name).order_by("pk")[0]
    token = token_of(platform, url, person)
    app, transport = known_at(url, platform), way_out(url)
    profiles = platform(Connection(app, transport, token)).profiles()
    profile = next((found for found in profiles if found.handle == person.handle), profiles[0])
    return platform(
        Connection(
            app, transport, profile.token or token, profile.remote_id, profile.handle, profile.limits, observe
        )
    )
