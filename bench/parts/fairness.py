"""One workspace has a thousand posts due; single posts of other workspaces come due meanwhile."""

from datetime import timedelta

from bench import load
from bench.cluster import Cluster, published, wait_until
from bench.network import Network
from bench.values import Value, percentile

SINGLES = 10
EVERY_SECONDS = 0.3
MOST_SECONDS = 2.0
GIVE_UP_SECONDS = 180.0


def measure(network: Network, posts: int = 1000) -> list[Value]:
    with Cluster():
        alone = singles(network, 2.0)
        crowd = load.deliveries(load.workspace(50), posts, load.at(load.soon(1.0 + posts / 2000)))
        beside = singles(network, 2.0)
        wait_until(lambda: published(crowd) == posts, GIVE_UP_SECONDS)
    return [
        Value(
            "p50 beside a thousand of another workspace", percentile(beside, 50), "s", percentile(alone, 50)
        ),
        Value("latest", max(beside), "s", max(alone), MOST_SECONDS),
        Value("not sent", posts - published(crowd), "", most=0),
    ]


def singles(network: Network, wait: float) -> list[float]:
    """The lateness of one post each of several workspaces, one after the other."""
    begin = load.soon(wait)
    ids: list[int] = []
    for number in range(SINGLES):
        due_at = begin + timedelta(seconds=EVERY_SECONDS * number)
        ids += load.deliveries(load.workspace(1), 1, load.at(due_at))
    wait_until(lambda: published(ids) == SINGLES, GIVE_UP_SECONDS)
    texts = load.texts(ids)
    return load.lateness([arrival for arrival in network.arrivals() if arrival.text in texts])
