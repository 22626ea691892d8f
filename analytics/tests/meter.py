"""A network for the tests of numbers: it tells what it is given to tell, and any question can go wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from platforms.base import Platform
from platforms.content import Metrics, Published, Token
from platforms.quotas import Quota
from platforms.registry import PLATFORMS
from platforms.rules import Rules, Text


@dataclass
class World:
    """What the network tells next: of posts by their id, and of the account."""

    posts: dict[str, dict[str, float]] = field(default_factory=dict)
    account: dict[str, float] = field(default_factory=lambda: {"followers": 40.0})
    failures: list[Exception | None] = field(default_factory=list)  # raised instead, one a question
    asked: list[str] = field(default_factory=list)

    def answer(self, what: str) -> None:
        self.asked.append(what)
        if self.failures and (error := self.failures.pop(0)):
            raise error


class Meter(Platform):
    name = "meter"
    label = "Meter"
    icon = "broadcast"
    colour = "#3355aa"
    rules = Rules(text=Text(100, count=len))
    post_numbers = ("views", "likes", "comments", "clicks")
    account_numbers = ("followers",)
    world = World()

    def post_metrics(self, published: Published) -> Metrics:
        self.world.answer(published.remote_id)
        values = self.world.posts.get(published.remote_id, {})
        return Metrics(values, {f"meter_{name}": value for name, value in values.items()})  # type: ignore[arg-type]

    def account_metrics(self) -> Metrics:
        self.world.answer("account")
        return Metrics(self.world.account, dict(self.world.account))  # type: ignore[arg-type]

    def refresh(self) -> Token:
        return Token("new", "newer")


@contextmanager
def metered() -> Iterator[World]:
    """A fresh world behind the network `meter`."""
    Meter.world, Meter.quotas, Meter.reading = World(), (), {}
    PLATFORMS[Meter.name] = Meter
    try:
        yield Meter.world
    finally:
        del PLATFORMS[Meter.name]


def limits(*quotas: Quota, **reading: float) -> None:
    """Give it quotas, and what a look takes of them, until the test is over."""
    Meter.quotas, Meter.reading = quotas, reading
