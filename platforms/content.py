"""What crosses the border between the product and a network: frozen values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True)
class MediaFile:
    """One picture, ready to be sent: `open()` gives its bytes as a stream, as often as it is called."""

    name: str
    content_type: str
    size: int
    width: int
    height: int
    open: Callable[[], BinaryIO] = field(repr=False, compare=False)
    alt: str = ""


@dataclass(frozen=True)
class Part:
    """One element of a thread; a plain post is a thread of one."""

    text: str
    media: tuple[MediaFile, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What shall stand on the network. `key` and `created_at` are the same in every try of a delivery."""

    key: str
    created_at: datetime
    parts: tuple[Part, ...]
    options: Mapping[str, Json] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """A chosen option as text, '' where nothing was chosen."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Published:
    """Where a post stands. `part_ids` names each element of a thread in order; `remote_id` is the first."""

    remote_id: str
    permalink: str
    part_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Token:
    """What a network gave us to act for an account; all of it is secret. `extra` is the client's own."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict, repr=False)

    def successor(self, new: "Token") -> "Token":
        """The token after a refresh: what the answer leaves out (refresh token, scopes, extras) is kept."""
        return replace(
            new,
            refresh=new.refresh or self.refresh,
            scopes=new.scopes or self.scopes,
            extra={**self.extra, **new.extra},
        )


@dataclass(frozen=True)
class Profile:
    """One identity that a token may post as; `limits` are its own (an instance's, a paid plan's)."""

    remote_id: str
    handle: str
    name: str
    avatar_url: str = ""
    url: str = ""
    limits: Mapping[str, Json] = field(default_factory=dict)
    token: Token | None = None  # where the network gives each profile a token of its own


@dataclass(frozen=True)
class App:
    """Our registration at a network and where the network lives."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""
    api_url: str = ""
    auth_url: str = ""
    upload_url: str = ""


@dataclass(frozen=True)
class Authorization:
    """Where to send the person, and what must be kept (secret) until they come back."""

    url: str
    kept: Mapping[str, Json] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class RateLimit:
    """A network's own word on a limit, read off its headers."""

    endpoint: str
    limit: int
    remaining: int
    resets_at: datetime
