"""Single posts at random instants, to a cluster that has nothing else to do: how late each is."""

import random
from datetime import timedelta

from django.conf import settings

from bench import floor, load
from bench.cluster import Cluster, published, wait_until
from bench.network import Network
from bench.values import Value, percentile

EVERY_SECONDS = 0.5
FLOOR_POSTS = 40
FLOOR_SECONDS = 0.1
MOST_SECONDS = 1.0


def measure(network: Network, posts: int = 200) -> list[Value]:
    least = floor.lateness(network, settings.PUBLISHING_THREADS, FLOOR_POSTS, FLOOR_SECONDS)
    accounts = [account for _ in range(5) for account in load.workspace(10)]
    with Cluster():
        begin = load.soon(2.0)
        offsets = [EVERY_SECONDS * (number + random.random()) for number in range(posts)]
        load.deliveries(accounts, posts, lambda number: begin + timedelta(seconds=offsets[number]))
        wait_until(lambda: published() == posts, EVERY_SECONDS * posts + 60)
    late = load.lateness(network.arrivals())
    return [
        Value("p50", percentile(late, 50), "s", percentile(least, 50)),
        Value("p99", percentile(late, 99), "s", percentile(least, 99), MOST_SECONDS),
        Value("latest", max(late), "s", max(least)),
        Value("not sent", posts - len(late), "", most=0),
    ]
