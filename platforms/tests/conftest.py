"""What the tests of the networks share."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from platforms.content import MediaFile

Shelf = Callable[[MediaFile], MediaFile]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """Puts a file where networks can fetch it, and gives it back with its address."""
    files: dict[str, MediaFile] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = files.get(self.path)
            content = file.open().read() if file else b""
            self.send_response(200 if file else 404)
            self.send_header("Content-Type", file.content_type if file else "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def put(file: MediaFile) -> MediaFile:
        path = f"/{len(files)}/{file.name}"
        files[path] = file
        return replace(file, url=f"http://127.0.0.1:{server.server_port}{path}")

    yield put
    server.shutdown()
    server.server_close()
    thread.join()
