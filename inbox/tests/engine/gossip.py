"""A network for the tests of reading: a list of what people wrote, and any question can go wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now

from platforms.base import Platform
from platforms.content import Author, Inbox, Json, Message, Published, Standing, Token
from platforms.errors import TokenExpired
from platforms.registry import PLATFORMS
from platforms.rules import Images, Rules, Text


@dataclass
class World:
    """The other side: what was written, what was asked, and what goes wrong next."""

    written: list[Message] = field(default_factory=list)
    elsewhere: list[Standing] = field(default_factory=list)
    asked: list[tuple[dict[str, Json], list[str]]] = field(default_factory=list)
    trouble: list[Exception | None] = field(default_factory=list)
    while_asked: Callable[[], None] = lambda: None
    refreshes: int = 0
    gone: bool = False

    def write(self, remote_id: str, post: str = "", age: timedelta = timedelta(0), **rest: Any) -> None:
        fields: dict[str, Any] = {"kind": "comment", "author": Author("24", "mia", "Mia"), **rest}
        self.written.append(
            Message(
                remote_id=remote_id, text=f"Rye? {remote_id}", created_at=now() - age, post_id=post, **fields
            )
        )


class Gossip(Platform):
    """Comments are asked for post by post; the cursor is the time of the last look."""

    name = "gossip"
    label = "Gossip"
    icon = "ear"
    colour = "#333333"
    rules = Rules(text=Text(100, count=len), images=Images(at_most=4))
    message_kinds = ("comment", "direct")
    replies_to = ("comment",)
    asks_by_post = True
    world = World()

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        world = self.world
        world.asked.append((dict(cursor), [post.remote_id for post in posts]))
        world.while_asked()
        if trouble := world.trouble.pop(0) if world.trouble else None:
            raise trouble
        since = datetime.fromisoformat(str(cursor["at"])) if cursor else None
        ids = {post.remote_id for post in posts}
        found = [
            one
            for one in world.written
            if (not one.post_id or one.post_id in ids) and (since is None or one.created_at >= since)
        ]
        return Inbox(tuple(found), {"at": now().isoformat()})

    def recent(self, since: datetime) -> list[Standing]:
        return [one for one in self.world.elsewhere if one.at >= since]

    def refresh(self) -> Token:
        if self.world.gone:
            raise TokenExpired("Gossip no longer accepts this connection.")
        self.world.refreshes += 1
        return Token(f"access-{self.world.refreshes}", "refresh", now() + timedelta(hours=2))


@contextmanager
def heard() -> Iterator[World]:
    """The network, before a fresh world."""
    Gossip.world = World()
    PLATFORMS[Gossip.name] = Gossip
    try:
        yield Gossip.world
    finally:
        del PLATFORMS[Gossip.name]
