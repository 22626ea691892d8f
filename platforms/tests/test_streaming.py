"""Large files pass through a worker without lying in its memory: 1 GB raises it by less than 64 MiB."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

GIGABYTE = 1_000_000_000
MOST_KIB = 64 * 1024

SENDER = f"""
import resource, sys
from platforms.chunks import chunks
from platforms.content import MediaFile
from platforms.transport import Transport

way, path, url = sys.argv[1:]
film = MediaFile("film.mp4", "video/mp4", {GIGABYTE}, 1080, 1920, open=lambda: open(path, "rb"))
transport = Transport(allow=frozenset({{"127.0.0.1"}}))
transport.request("POST", url, body=b"warm")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with film.open() as stream:
    if way == "multipart":
        files = {{"file": (film.name, stream, "video/mp4")}}
        transport.request("POST", url, form={{"title": "Loaves"}}, files=files)
    elif way == "body":
        transport.request("POST", url, body=stream)
    else:
        for chunk in chunks(film, 8_000_000):
            transport.request("PUT", url, body=chunk.content)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


class Drain(BaseHTTPRequestHandler):
    """Reads what comes and counts it."""

    protocol_version = "HTTP/1.1"
    received = 0

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(piece := self.rfile.read(min(left, 1 << 20)))
            Drain.received += len(piece)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def drain() -> Iterator[str]:
    Drain.received = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Drain)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.desk
@pytest.mark.parametrize("way", ["multipart", "body", "chunks"])
def test_a_gigabyte_raises_memory_by_less_than_64_mib(way: str, drain: str, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(GIGABYTE)

    sent = subprocess.run(
        [sys.executable, "-c", SENDER, way, str(film), drain], capture_output=True, text=True, check=True
    )

    assert Drain.received >= GIGABYTE
    assert int(sent.stdout) < MOST_KIB
