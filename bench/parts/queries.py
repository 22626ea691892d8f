"""How often the database is asked for one delivery, and whether that grows with their number."""

import sys

from django.conf import settings

from bench import load
from bench.network import Network
from bench.queries import counted
from bench.values import Value
from publishing.pump import Pump

MOST_QUERIES = 8.0  # PRAGMAs and BEGINs of SQLite are none
MOST_GROWTH = 1.1


def measure(network: Network, posts: int = 2000) -> list[Value]:
    network.behave("mastodon", seconds=0.05)
    few, many = (per_delivery(number) for number in (posts // 10, posts))
    return [
        Value(f"queries per delivery, {posts // 10} due", few, ""),
        Value(f"queries per delivery, {posts} due", many, "", most=MOST_QUERIES),
        Value("growth", many / few, "", most=MOST_GROWTH),
    ]


def per_delivery(posts: int) -> float:
    accounts = [account for _ in range(5) for account in load.workspace(10)]
    load.deliveries(accounts, posts, load.at(load.soon(-1.0)))
    with counted() as seen:
        assert Pump(settings.PUBLISHING_THREADS).once() == posts
    for statement, times in seen.most_common():
        sys.stderr.write(f"{times / posts:6.2f} {statement}\n")
    return sum(seen.values()) / posts
