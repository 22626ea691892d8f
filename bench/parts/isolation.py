"""A network that never answers, with hundreds due, beside one that is well: how late is that one?"""

from django.utils.timezone import now

from bench import load
from bench.cluster import Cluster, published, wait_until
from bench.network import Network
from bench.values import Value, percentile

DEAD_POSTS = 500
AHEAD_SECONDS = 5.0  # the dead network's posts are due first: they have every thread they can get by then
GIVE_UP_SECONDS = 120.0
LEAST_RATIO = 0.5


def measure(network: Network, posts: int = 100) -> list[Value]:
    with Cluster():
        alone = batch(network, posts)
        network.behave("mastodon", "dead")
        dead = [account for _ in range(5) for account in load.workspace(10)]
        load.deliveries(dead, DEAD_POSTS, load.at(now()))
        beside = batch(network, posts, AHEAD_SECONDS)
        beside_broken = batch(network, posts)
    return [
        Value("p50 beside a dead network", percentile(beside, 50), "s", percentile(alone, 50)),
        Value(
            "p99 beside a dead network", percentile(beside, 99), "s", percentile(alone, 99), None, LEAST_RATIO
        ),
        Value("p99, another batch after it", percentile(beside_broken, 99), "s", percentile(alone, 99)),
        Value("not sent", 3 * posts - len(alone + beside + beside_broken), "", most=0),
    ]


def batch(network: Network, posts: int, wait: float = 2.0) -> list[float]:
    """The lateness of posts on the healthy network, all due at one instant."""
    accounts = [account for _ in range(5) for account in load.workspace(10, "telegram")]
    ids = load.deliveries(accounts, posts, load.at(load.soon(wait)))
    wait_until(lambda: published(ids) == posts, wait + GIVE_UP_SECONDS)
    texts = load.texts(ids)
    return load.lateness([arrival for arrival in network.arrivals() if arrival.text in texts])
