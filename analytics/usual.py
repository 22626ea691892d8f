"""How a post did beside what is usual on its account, so that accounts of any size can be compared."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median
from typing import Generic, TypeVar

from analytics.metrics import Number

LEAST = 4  # posts of an account, before anything is usual there
MOST_TIMES = 5.0  # a single hit does not decide about an hour or a hashtag

T = TypeVar("T")


@dataclass(frozen=True)
class Did(Generic[T]):
    """What people did with one post, or how often it was seen; `what` is what is asked about."""

    account_id: int
    published_at: datetime
    engagements: Number
    views: Number
    what: T


@dataclass(frozen=True)
class Indexed(Generic[T]):
    """1.0: as usual on its account; 2.0: twice of that."""

    index: float
    did: Did[T]


def indexed(posts: Iterable[Did[T]]) -> Iterator[Indexed[T]]:
    """Each post by its account's own median (its mean, where the median is 0).

    An account is measured by engagements where most of its posts have them, else by views. One with fewer
    than four posts says nothing, and neither does one on which nobody ever did anything.
    """
    accounts: dict[int, list[Did[T]]] = defaultdict(list)
    for post in posts:
        accounts[post.account_id].append(post)
    for mine in accounts.values():
        done = [(post, post.engagements) for post in mine if post.engagements is not None]
        seen = [(post, post.views) for post in mine if post.views is not None]
        yield from _by_median(done if len(done) >= len(seen) else seen)


def _by_median(posts: Sequence[tuple[Did[T], float]]) -> Iterator[Indexed[T]]:
    if len(posts) < LEAST:
        return
    numbers = [number for _post, number in posts]
    usual = median(numbers) or mean(numbers)
    if usual > 0:
        for post, number in posts:
            yield Indexed(min(number / usual, MOST_TIMES), post)


def shrunk(indices: Sequence[float], prior: float) -> float:
    """Their mean, drawn towards 1.0 as if `prior` usual posts stood beside them."""
    return (sum(indices) + prior) / (len(indices) + prior)
