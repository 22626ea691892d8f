"""Two networks for the tests of connecting: one place with rotating tokens, and one of many servers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.timezone import now

from platforms.base import ConnectMethod, Field, Platform
from platforms.content import App, Authorization, Json, Profile, Token
from platforms.errors import ClientRefused, InvalidContent, PermissionMissing, TokenExpired
from platforms.registry import PLATFORMS
from platforms.rules import Images, Rules, Text

NOWHERE = {
    "client_id": "village-app",
    "client_secret": "village-secret",
    "api_url": "https://api.village.example",
    "auth_url": "https://village.example",
    "upload_url": "",
}


@dataclass
class World:
    """The other side: who lives there, which refresh token is good, and what goes wrong next."""

    people: list[Profile] = field(default_factory=lambda: [Profile("1", "ada", "Ada's Bakery")])
    refresh_token: str = "refresh-1"
    refreshes: int = 0
    revoked: list[str] = field(default_factory=list)
    registered: int = 0
    forgotten: bool = False
    trouble: Exception | None = None
    life: timedelta | None = timedelta(hours=2)
    rotates: bool = True
    while_asked: Callable[[], None] = lambda: None

    def fail(self) -> None:
        if self.trouble:
            raise self.trouble


class Village(Platform):
    """A network that is one place: two-hour tokens, and a new refresh token at every refresh."""

    name = "village"
    label = "Village"
    icon = "home"
    colour = "#3b7d4f"
    rules = Rules(text=Text(100, count=len), images=Images(at_most=4))
    connect_methods = (
        ConnectMethod("oauth", "Connect Village"),
        ConnectMethod(
            "password",
            "Use a password",
            fields=(Field("handle", "Handle"), Field("password", "Password", secret=True)),
        ),
    )
    world = World()

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        self.world.fail()
        return Authorization(f"{self.app.auth_url}/consent?state={state}", {"verifier": "kept-secret"})

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        if "error" in answer:
            raise PermissionMissing("Village was not allowed to connect.")
        assert kept["verifier"] == "kept-secret"
        self.world.fail()
        return self._token()

    def login(self, fields: Mapping[str, str]) -> Token:
        if fields["password"] != "open sesame":
            raise InvalidContent("Handle or password is wrong.")
        return self._token()

    def refresh(self) -> Token:
        self.world.while_asked()
        self.world.fail()
        if self.token is None or self.token.refresh != self.world.refresh_token:
            raise TokenExpired("Village no longer accepts this connection.")
        self.world.refreshes += 1
        if self.world.rotates:
            self.world.refresh_token = f"refresh-{self.world.refreshes + 1}"
        return self._token()

    def revoke(self) -> None:
        self.world.fail()
        self.world.revoked.append(self.token.access if self.token else "")

    def profiles(self) -> list[Profile]:
        return self.world.people

    def _token(self) -> Token:
        world = self.world
        return Token(
            access=f"access-{world.refreshes + 1}",
            refresh=world.refresh_token if world.rotates or not world.refreshes else "",
            expires_at=now() + world.life if world.life else None,
            scopes=("write",),
        )


class Hamlet(Village):
    """A network of many servers, at each of which we register."""

    name = "hamlet"
    label = "Hamlet"
    connect_methods = (ConnectMethod("oauth", "Connect Hamlet", fields=(Field("server", "Server"),)),)

    @classmethod
    def server_of(cls, fields: Mapping[str, str]) -> str:
        if " " in fields["server"]:
            raise InvalidContent("This is not a server's address.")
        return fields["server"].lower().removeprefix("https://").rstrip("/")

    def register(self, fields: Mapping[str, str], redirect_uri: str) -> App:
        self.world.fail()
        self.world.registered += 1
        return App(f"client-{self.world.registered}", "hamlet-secret", redirect_uri)

    def is_registered(self) -> bool:
        return not self.world.forgotten

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        if self.world.forgotten:
            raise ClientRefused("Hamlet does not know this installation.")
        return super().exchange(answer, kept)


@contextmanager
def settled() -> Iterator[World]:
    """Both networks, before a fresh world."""
    Village.world = Hamlet.world = World()
    PLATFORMS.update({Village.name: Village, Hamlet.name: Hamlet})
    try:
        yield Village.world
    finally:
        del PLATFORMS[Village.name], PLATFORMS[Hamlet.name]
