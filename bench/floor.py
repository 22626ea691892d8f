"""The floor: a plain pool of threads that makes the same calls of the same client, without a database.

No publisher that sends one request per post and thread can be faster. It runs in a process of its own.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bench.network import Network
from bench.processes import peak_mib, processor_seconds
from platforms.base import Connection
from platforms.content import App, Draft, Part, Token
from platforms.ledger import MemoryLedger
from platforms.registry import PLATFORMS
from platforms.transport import Transport


@dataclass(frozen=True)
class Floor:
    seconds: float
    mib: float
    processor_ms: float  # of each post
    begun_at: float


def measure(url: str, *, threads: int, posts: int, every: float = 0.0) -> Floor:
    """In a process of its own: `posts` posts on `threads` threads, at once or one every `every` seconds."""
    command = [sys.executable, "-m", "bench.floor", url, str(threads), str(posts), str(every)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Floor(**json.loads(done.stdout))


def lateness(network: Network, threads: int, posts: int, every: float) -> list[float]:
    """How long after its time each of some posts was at the network, in seconds."""
    begun_at = measure(network.url, threads=threads, posts=posts, every=every).begun_at
    came = {arrival.text: arrival.at for arrival in network.arrivals()}
    network.forget()
    return [came[text(number)] - begun_at - number * every for number in range(posts)]


def text(number: int) -> str:
    return f"Floor post {number}"


def run(url: str, threads: int, posts: int, every: float) -> Floor:
    transport = way_out(url)
    begin = time.time() + (every and 1.0)
    with ThreadPoolExecutor(threads) as pool:
        for number in range(posts):
            time.sleep(max(begin + number * every - time.time(), 0.0))
            pool.submit(publish, url, transport, number, text(number))
    seconds = time.time() - begin
    return Floor(seconds, peak_mib(), processor_seconds(os.getpid()) / posts * 1000, begin)


def way_out(url: str) -> Transport:
    return Transport(allow=frozenset({urlsplit(url).netloc}))


def publish(url: str, transport: Transport, number: int, words: str) -> None:
    connection = Connection(
        app=App(client_id="", client_secret="", api_url=f"{url}/mastodon"),
        transport=transport,
        token=Token(access=f"floor-{number % 50}"),
        remote_id=f"{number % 50}@social.example",
    )
    draft = Draft(key=f"floor-{number}", created_at=datetime.now(UTC), parts=(Part(words),))
    PLATFORMS["mastodon"](connection).publish(draft, MemoryLedger())


if __name__ == "__main__":
    address, threads, posts, every = sys.argv[1:]
    sys.stdout.write(json.dumps(asdict(run(address, int(threads), int(posts), float(every)))))
