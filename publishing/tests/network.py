"""A network for the engine's tests: a list stands for the public, and any request can go wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from platforms.base import Platform
from platforms.content import Draft, Json, Published, Standing, Token
from platforms.errors import InvalidContent
from platforms.ledger import Ledger
from platforms.options import Option
from platforms.quotas import Quota
from platforms.registry import PLATFORMS
from platforms.rules import Images, Rules, Text
from platforms.transport import refuse_late_writes


@dataclass
class World:
    """The other side: what stands there, and what happens to the next requests."""

    posts: list[str] = field(default_factory=list)
    uploads: int = 0
    looks: int = 0
    processed: bool = True
    findable: bool = True
    before: list[Exception | None] = field(default_factory=list)  # raised instead of accepting, one a request
    after: list[Exception | None] = field(default_factory=list)  # raised once it was accepted, one a request
    unsure: Exception | None = None  # raised by find
    asides: list[str] = field(default_factory=list)  # what was said beside posts
    aside: list[Exception | None] = field(default_factory=list)  # raised instead of saying it, one a request
    refreshed: list[Token] = field(default_factory=list)
    on_send: Callable[[str], None] = lambda _text: None  # just before it leaves
    on_stand: Callable[[str], None] = lambda _text: None  # just after it was accepted


class Wire(Platform):
    """Publishes pictures (repeatable), waits for processing, then each part once."""

    name = "wire"
    label = "Wire"
    icon = "broadcast"
    colour = "#555555"
    rules = Rules(text=Text(100, count=len), images=Images(at_most=4), thread_at_most=20)
    options = (Option("aside", "First comment", "text"),)
    world = World()

    @classmethod
    def allows(cls, *quotas: Quota) -> None:
        """Give it limits, until the test is over."""
        cls.quotas = quotas

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        ledger.repeat("picture", self._upload)
        ledger.wait("processed", lambda: self.world.processed, every=5, at_most=600)
        ids = [
            ledger.once(f"post {n}", lambda text=part.text: self._send(text), find=self._finder(part.text))
            for n, part in enumerate(draft.parts, 1)
        ]
        published = Published(ids[0], f"https://wire.example/{ids[0]}", tuple(ids))
        if draft.option("aside"):
            ledger.stands(published)
            ledger.once("aside", lambda: self._say(draft.option("aside")), find=lambda since: None)  # noqa: ARG005  (the protocol names it)
        return published

    def _say(self, text: str) -> Json:
        if self.world.aside and (error := self.world.aside.pop(0)):
            raise error
        self.world.asides.append(text)
        return text

    def refresh(self) -> Token:
        return self.world.refreshed.pop(0)

    def recognise(self, permalink: str) -> Json:
        text = permalink.removeprefix("https://wire.example/")
        if text not in self.world.posts:
            raise InvalidContent("This is not the address of a post.")
        return text

    def recent(self, since: datetime) -> list[Standing]:
        if self.world.unsure:
            raise self.world.unsure
        return [Standing(f"https://wire.example/{text}", text, since) for text in reversed(self.world.posts)]

    def _upload(self) -> Json:
        self.world.uploads += 1
        return self.world.uploads

    def _send(self, text: str) -> str:
        world = self.world
        world.on_send(text)
        refuse_late_writes()
        if world.before and (error := world.before.pop(0)):
            raise error
        world.posts.append(text)
        world.on_stand(text)
        if world.after and (error := world.after.pop(0)):
            raise error
        return text

    def _finder(self, text: str) -> Callable[[datetime], Json]:
        def find(since: datetime) -> Json:
            self.world.looks += 1
            if self.world.unsure:
                raise self.world.unsure
            return text if text in self.world.posts and self.world.findable else None

        return find


@contextmanager
def wired() -> Iterator[World]:
    """A fresh world behind the network `wire`."""
    Wire.world, Wire.quotas, Wire.currency = World(), (), ""
    PLATFORMS[Wire.name] = Wire
    try:
        yield Wire.world
    finally:
        del PLATFORMS[Wire.name]
