"""A thousand deliveries due at the same instant, against a network that answers after 200 ms."""

from django.conf import settings
from django.db import connection
from django.db.models import Max

from bench import floor, load
from bench.cluster import Cluster, published, wait_until
from bench.network import Network
from bench.values import Value
from publishing.models import Delivery

WORKSPACES, ACCOUNTS = 5, 10
MOST_SECONDS = {"postgresql": 10.0, "sqlite": 20.0}
MOST_MIB = 250.0
GIVE_UP_SECONDS = 180.0


def measure(network: Network, posts: int = 1000) -> list[Value]:
    least = floor.measure(network.url, threads=settings.PUBLISHING_THREADS, posts=posts)
    network.forget()
    accounts = [account for _ in range(WORKSPACES) for account in load.workspace(ACCOUNTS)]
    with Cluster() as cluster:
        due_at = load.soon(3.0 + posts / 2000)
        load.deliveries(accounts, posts, load.at(due_at))
        before = cluster.processor_seconds()
        wait_until(lambda: published() == posts, GIVE_UP_SECONDS)
        memory, spent = cluster.peak_mib(), cluster.processor_seconds() - before
    last = Delivery.objects.aggregate(last=Max("published_at"))["last"]
    arrivals = network.arrivals()
    at_network = max(arrival.at for arrival in arrivals) + 0.2 - due_at.timestamp()
    seconds = (last - due_at).total_seconds() if published() == posts else GIVE_UP_SECONDS
    return [
        Value("all out", seconds, "s", least.seconds, MOST_SECONDS[connection.vendor], 0.5),
        Value("last answer by the network", at_network, "s", least.seconds),
        Value("processor time of a post", spent / posts * 1000, "ms", least.processor_ms),
        Value("not sent", posts - published(), "", most=0),
        Value("sent twice", sum(arrival.is_repeated for arrival in arrivals), "", most=0),
        Value("worker memory", memory, "MiB", least.mib, MOST_MIB),
    ]
