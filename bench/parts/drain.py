"""Ten thousand due at once: neither memory nor the time of a thousand grows while they go out."""

import time

from bench import load
from bench.cluster import Cluster, published, wait_until
from bench.network import Network
from bench.values import Value

MARKS = (0.2, 0.5, 1.0)  # where memory is looked at, as shares of the whole
MOST_MIB = 250.0
LEAST_RATIO = 0.8
GIVE_UP_SECONDS = 600.0


def measure(_network: Network, posts: int = 10_000) -> list[Value]:
    accounts = [account for _ in range(5) for account in load.workspace(20)]
    marks = [round(posts * share) for share in MARKS]
    with Cluster() as cluster:
        due_at = load.soon(3.0 + posts / 2000)
        load.deliveries(accounts, posts, load.at(due_at))
        wait_until(lambda: load.soon(0.0) >= due_at, GIVE_UP_SECONDS)
        begin = time.time()
        seconds, memory = [], []
        for mark in marks:
            wait_until(lambda mark=mark: published() >= mark, GIVE_UP_SECONDS)  # type: ignore[misc]
            seconds.append(time.time() - begin)
            memory.append(cluster.held_mib())
    first = seconds[0] / marks[0] * 1000
    last = (seconds[2] - seconds[1]) / (marks[2] - marks[1]) * 1000
    return [
        Value("seconds per thousand, first fifth", first, "s"),
        Value("seconds per thousand, second half", last, "s", first, None, LEAST_RATIO),
        Value(f"memory after {marks[0]}", memory[0], "MiB"),
        Value(f"memory after {marks[2]}", memory[2], "MiB", memory[0], MOST_MIB, LEAST_RATIO),
        Value("not sent", posts - published(), "", most=0),
    ]
