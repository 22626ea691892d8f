"""What shall happen, all of it from one seed: which posts go where and when, and what is broken when."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from platforms.base import Platform
from platforms.content import Json
from platforms.registry import PLATFORMS

Kind = Literal["words", "picture", "film"]
BlowKind = Literal[
    "kill worker", "kill cluster", "kill launcher", "stop worker", "cut connections", "database away", "fault"
]

SLOW_SECONDS = 46.0  # longer than the desk waits for an answer
STOPPED_SECONDS = 52.0  # longer than a lease
FAULTS = ("drop_before", "drop_after", "half", "html", "empty", "broken", "limited", "slow")
FAULT_WEIGHTS = (5, 8, 4, 4, 4, 4, 2, 1)
# Where "slow down" means a minute; elsewhere it holds an account for a quarter of an hour, or until midnight.
SOON_AGAIN = frozenset({"telegram", "google_business", "pinterest", "tiktok"})
LETTERS = "abc"
COMMENT = "k"


@dataclass(frozen=True)
class Order:
    """One delivery to come: how its parts are marked on the network, and what it says."""

    network: str
    number: int
    parts: int = 1
    has_comment: bool = False

    @property
    def marks(self) -> list[str]:
        """A word for each public piece: nothing else in the world contains it."""
        letters = LETTERS[: self.parts] + (COMMENT if self.has_comment else "")
        return [f"{self.word}{letter}" for letter in letters]

    @property
    def word(self) -> str:
        return f"zq{self.number:06d}"

    @property
    def text(self) -> str:
        pieces = [
            f"{mark}. The ovens are lit at four, and the first loaves leave them at six."
            for mark in self.marks[: self.parts]
        ]
        return "\n---\n".join(pieces)

    @property
    def comment(self) -> str:
        return f"{self.word}{COMMENT} is still warm." if self.has_comment else ""


@dataclass(frozen=True)
class Batch:
    """One post: its workspace, its media, when it is due, and where it goes."""

    workspace: int
    kind: Kind
    due: float  # seconds from the start
    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Blow:
    """One thing that is done to the desk or to a network, so many seconds from the start."""

    at: float
    kind: BlowKind
    machine: int = 0
    network: str = ""
    fault: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """What is asked for: how much, for how long, and which blows. `gentle`: nothing fails twice in a row."""

    seed: int
    deliveries: int
    kinds: tuple[BlowKind, ...]
    seconds: float
    machines: int = 1
    gentle: bool = False


@dataclass(frozen=True)
class Plan:
    wish: Wish
    workspaces: int
    batches: tuple[Batch, ...]
    blows: tuple[Blow, ...]

    @property
    def orders(self) -> list[Order]:
        return [order for batch in self.batches for order in batch.orders]


def make_plan(wish: Wish) -> Plan:
    """The same wish makes the same plan."""
    chance = random.Random(wish.seed)
    workspaces = max(2, min(8, wish.deliveries // 250))
    batches = tuple(_batches(chance, wish.deliveries, workspaces, wish.seconds))
    return Plan(wish, workspaces, batches, tuple(sorted(_blows(chance, wish), key=lambda blow: blow.at)))


# --- posts ---


def takes(platform: type[Platform], kind: Kind) -> bool:
    """Whether a network has a kind of post for such media."""
    rules = [known.rules for known in platform.post_kinds() if not known.by_choice and not known.option]
    if kind == "words":
        return any(not rule.media_at_least for rule in rules)
    if kind == "picture":
        return any(
            rule.images.at_most and rule.media_at_least <= 1 and not rule.needs_video for rule in rules
        )
    return any(rule.videos.at_most and rule.media_at_least <= 1 for rule in rules)


def _batches(chance: random.Random, deliveries: int, workspaces: int, seconds: float) -> Iterator[Batch]:
    """Posts to many networks at once, until every network has its share."""
    left = _shares(deliveries)
    number, bursts = 0, [chance.uniform(0.1, 0.9) * seconds for _ in range(3)]
    while any(left.values()):
        kind = _kind(chance, left)
        open_to = [name for name in left if left[name] > 0 and takes(PLATFORMS[name], kind)]
        chosen = chance.sample(sorted(open_to), k=chance.randint(1, len(open_to)))
        orders = []
        for name in chosen:
            left[name] -= 1
            number += 1
            orders.append(_order(chance, name, number, kind))
        due = chance.choice(bursts) if chance.random() < 0.3 else chance.uniform(0, seconds)
        yield Batch(number % workspaces, kind, round(due, 2), tuple(orders))


def _shares(deliveries: int) -> dict[str, int]:
    """As many for each network, and the rest for the first of them."""
    share, rest = divmod(deliveries, len(PLATFORMS))
    return {name: share + (number < rest) for number, name in enumerate(PLATFORMS)}


def _kind(chance: random.Random, left: Mapping[str, int]) -> Kind:
    kinds: tuple[tuple[Kind, float], ...] = (("words", 0.6), ("picture", 0.25), ("film", 0.15))
    fitting = [
        (kind, weight)
        for kind, weight in kinds
        if any(left[name] and takes(PLATFORMS[name], kind) for name in left)
    ]
    return chance.choices([kind for kind, _ in fitting], [weight for _, weight in fitting])[0]


def _order(chance: random.Random, name: str, number: int, kind: Kind) -> Order:
    platform = PLATFORMS[name]
    is_thread = kind == "words" and platform.rules.thread_at_most >= 3 and chance.random() < 0.25
    has_option = any(option.name == "first_comment" for option in platform.options)
    has_comment = has_option and kind != "film" and chance.random() < 0.2
    return Order(name, number, 3 if is_thread else 1, has_comment)


# --- blows ---


def _blows(chance: random.Random, wish: Wish) -> Iterator[Blow]:
    for kind in wish.kinds:
        for at in _moments(chance, max(1, round(wish.deliveries / EVERY[kind])), wish.seconds):
            if kind == "fault":
                yield _fault(chance, at, wish)
            else:
                yield Blow(at, kind, chance.randrange(wish.machines))


# One blow of a kind for so many deliveries.
EVERY: Mapping[BlowKind, float] = {
    "kill worker": 100,
    "kill cluster": 300,
    "kill launcher": 500,
    "stop worker": 500,
    "cut connections": 250,
    "database away": 700,
    "fault": 8,
}


def _moments(chance: random.Random, count: int, seconds: float) -> Iterator[float]:
    """One somewhere in each of so many equal stretches of time."""
    for number in range(count):
        yield round((number + chance.random()) * seconds / count, 2)


def _fault(chance: random.Random, at: float, wish: Wish) -> Blow:
    name = chance.choice(sorted(PLATFORMS))
    kind = chance.choices(FAULTS, FAULT_WEIGHTS)[0]
    if kind == "limited" and (wish.gentle or name not in SOON_AGAIN):
        kind = "broken"
    is_single = wish.gentle or kind in {"slow", "limited"}
    times, skip = chance.choice((1, 1, 2, 3)), chance.choice((0, 0, 1, 2))
    fault: dict[str, Json] = {"kind": kind, "times": 1 if is_single else times, "skip": skip}
    if kind == "slow":
        fault["seconds"] = SLOW_SECONDS
    return Blow(at, "fault", network=name, fault=fault)
