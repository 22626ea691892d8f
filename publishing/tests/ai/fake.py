"""A server that speaks the Messages API over real HTTP: it streams, breaks off, refuses, is slow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

USAGE = {"input_tokens": 900, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 200}


@dataclass
class Reply:
    """What the server says to one question. `breaks_after`: so many words, then the connection is gone."""

    text: str = "Fresh rye."
    stop_reason: str = "end_turn"
    status: int = 200
    breaks_after: int | None = None
    pauses_after: int | None = None  # so many words, then it waits until `go_on`
    error_event: str = ""
    is_silent: bool = False  # a stream that ends before it has begun
    output_tokens: int = 40


@dataclass
class FakeClaude:
    """What it will say, and what it was asked."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)
    hung_up: Event = field(default_factory=Event)

    def says(self, *replies: Reply | str) -> None:
        self.replies += [Reply(reply) if isinstance(reply, str) else reply for reply in replies]

    def system_of(self, number: int = -1) -> str:
        return "\n".join(block["text"] for block in self.asked[number]["system"])

    def question(self, number: int = -1) -> str:
        content = self.asked[number]["messages"][-1]["content"]
        return content if isinstance(content, str) else content[-1]["text"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        self.claude = self.server.claude
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.claude.asked.append(asked)
        self.claude.headers.append({name.lower(): value for name, value in self.headers.items()})
        reply = self.claude.replies.pop(0) if self.claude.replies else Reply()
        if self.path != "/v1/messages":
            reply = Reply(status=404)
        if reply.status != 200:
            self._refuse(reply.status)
        elif asked.get("stream"):
            self._stream(asked["model"], reply)
        else:
            self._plain(asked["model"], reply)

    def _refuse(self, status: int) -> None:
        body = {"type": "error", "error": {"type": "some_error", "message": f"status {status}"}}
        self._send(status, body, {"retry-after-ms": "1"})

    def _plain(self, model: str, reply: Reply) -> None:
        usage = {**USAGE, "output_tokens": reply.output_tokens}
        content = [{"type": "text", "text": reply.text}] if reply.text else []
        self._send(200, _message(model, usage, content, reply.stop_reason), {})

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, model: str, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._events(model, reply)
        except OSError:
            self.claude.hung_up.set()
            self.close_connection = True

    def _events(self, model: str, reply: Reply) -> None:
        usage = {**USAGE, "output_tokens": 1}
        if reply.is_silent:
            self._chunk(b"")
            return
        self._event("message_start", message=_message(model, usage, [], None))
        if reply.error_event:
            self._event("error", error={"type": reply.error_event, "message": "later"})
            self._chunk(b"")
            return
        self._event("ping")
        self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for number, word in enumerate(reply.text.split(" ")):
            if number == reply.breaks_after:
                self.close_connection = True
                self.connection.close()
                return
            if number == reply.pauses_after:
                self._wait(word)
            delta = {"type": "text_delta", "text": word if number == 0 else f" {word}"}
            self._event("content_block_delta", index=0, delta=delta)
        self._event("content_block_stop", index=0)
        self._event(
            "message_delta",
            delta={"stop_reason": reply.stop_reason, "stop_sequence": None},
            usage={"output_tokens": reply.output_tokens},
        )
        self._event("message_stop")
        self._chunk(b"")

    def _wait(self, word: str) -> None:
        """Goes on when told to, saying nothing; notices where the other side is gone."""
        while not self.claude.go_on.wait(0.02):
            self._event("ping")

    def _event(self, name: str, **content: Any) -> None:
        self._chunk(f"event: {name}\ndata: {json.dumps({'type': name, **content})}\n\n".encode())

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        """Says nothing."""


def _message(
    model: str, usage: dict[str, int], content: list[Any], stop_reason: str | None
) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


class Server(ThreadingHTTPServer):
    """One for all tests of a process, so that the client's connections and certificates are made once."""

    daemon_threads = True
    claude: FakeClaude


@cache
def _server() -> Server:
    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def running() -> Iterator[FakeClaude]:
    """The server, with nothing asked and nothing to say yet."""
    server = _server()
    claude = server.claude = FakeClaude(f"http://127.0.0.1:{server.server_port}")
    try:
        yield claude
    finally:
        claude.go_on.set()
