"""Somebody else's program over real HTTP: it takes what webhooks are sent, and answers as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook as Verifier


@dataclass
class Target:
    """What arrived, and what is answered to the next requests (200 once the list is empty)."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def netloc(self) -> str:
        return self.url.split("/")[2]

    def verified(self, secret: str, number: int = -1) -> dict[str, object]:
        """A message, checked by the package of Standard Webhooks."""
        headers, body = self.received[number]
        return dict(Verifier(secret).verify(body, headers))


@contextmanager
def listening() -> Iterator[Target]:
    target = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target.received.append((dict(self.headers.items()), body))
            time.sleep(target.seconds)
            self.send_response(target.answers.pop(0) if target.answers else 200)
            for name, value in target.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"seen")

        def log_message(self, *_args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    target.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()
