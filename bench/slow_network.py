"""A network that takes its time: just enough of two networks' wire for their clients to publish a text.

A process of its own. `GET /arrivals` tells what came when; `POST /behaviour` says how it answers.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

POSTS_ALLOWED = 300  # of an account, told in the headers of every answer


@dataclass(frozen=True)
class Behaviour:
    """How a network answers: `ok`, `broken` (503 for everything) or `dead` (never), and after how long."""

    kind: str = "ok"
    seconds: float = 0.2


@dataclass(frozen=True)
class Arrival:
    """One request to publish: when it was here, and whether the same was here before."""

    network: str
    account: str
    text: str
    at: float
    is_repeated: bool


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    body: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float | None = 0.0  # None: never

    def encoded(self) -> bytes:
        body = json.dumps(self.body).encode()
        lines = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Date": formatdate(usegmt=True),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n{head}\r\n".encode() + body


class World:
    """What was posted, and how each network behaves."""

    def __init__(self) -> None:
        self.behaviour: dict[str, Behaviour] = {}
        self.arrivals: list[Arrival] = []
        self._posts: dict[tuple[str, str], dict[str, Any]] = {}
        self._of_account: dict[str, list[dict[str, Any]]] = {}

    def answer(self, request: Request) -> Reply:
        network, _slash, path = request.path.lstrip("/").partition("/")
        match network:
            case "arrivals":
                return Reply([asdict(arrival) for arrival in self.arrivals])
            case "behaviour":
                return self._behave(json.loads(request.body))
            case "forget":
                self.__init__()  # type: ignore[misc]
                return Reply({})
        behaviour = self.behaviour.get(network, Behaviour())
        networks: dict[str, Callable[[Request, str], Reply]] = {
            "mastodon": self._status,
            "telegram": self._message,
        }
        if behaviour.kind == "broken":
            return Reply({"error": "out of order"}, 503)
        reply = networks[network](request, path) if network in networks else Reply({"error": "not here"}, 404)
        seconds = behaviour.seconds if behaviour.kind == "ok" else None
        return Reply(reply.body, reply.status, reply.headers, seconds)

    def _behave(self, wanted: dict[str, Any]) -> Reply:
        network = wanted.pop("network")
        self.behaviour[network] = Behaviour(**wanted)
        return Reply({})

    def _status(self, request: Request, path: str) -> Reply:
        """https://docs.joinmastodon.org/methods/statuses/#create and /methods/accounts/#statuses"""
        account = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.method == "GET":
            return Reply([] if "max_id" in request.query else self._of_account.get(account, [])[::-1])
        sent = json.loads(request.body)
        status = self._post("mastodon", account, request.headers["idempotency-key"], sent["status"])
        left = POSTS_ALLOWED - len(self._of_account[account])
        resets_at = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
        limits = {"Limit": str(POSTS_ALLOWED), "Remaining": str(max(left, 1)), "Reset": resets_at}
        return Reply(status, headers={f"X-RateLimit-{name}": value for name, value in limits.items()})

    def _message(self, request: Request, path: str) -> Reply:
        """https://core.telegram.org/bots/api#sendmessage"""
        sent = json.loads(request.body)
        account = str(sent["chat_id"])
        made = self._post("telegram", account, f"{account} {sent['text']}", sent["text"])
        chat = {"id": sent["chat_id"], "type": "channel", "title": "Bench"}
        return Reply({"ok": True, "result": {"message_id": int(made["id"]), "date": 0, "chat": chat}})

    def _post(self, network: str, account: str, key: str, text: str) -> dict[str, Any]:
        known = self._posts.get((network, key))
        self.arrivals.append(Arrival(network, account, text, time.time(), known is not None))
        if known:
            return known
        number = len(self._posts) + 1
        made: dict[str, Any] = {
            "id": str(number),
            "url": f"https://social.example/{number}",
            "visibility": "public",
            "content": f"<p>{text}</p>",
            "created_at": datetime.now(UTC).isoformat(),
            "in_reply_to_id": None,
            "media_attachments": [],
        }
        self._posts[network, key] = made
        self._of_account.setdefault(account, []).append(made)
        return made


class Wire(asyncio.Protocol):
    """HTTP/1.1 as far as one client that sends one request at a time needs it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        request = self._whole()
        if request is None:
            return
        self._came = b""
        reply = self._world.answer(request)
        if reply.seconds is not None:
            asyncio.get_running_loop().call_later(reply.seconds, self._send, reply)

    def _whole(self) -> Request | None:
        head, end, body = self._came.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _colon, value in pairs}
        if not end or len(body) < int(headers.get("content-length", "0")):
            return None
        method, path, _version = first.split(" ")
        address = urlsplit(path)
        return Request(method, address.path, address.query, headers, body)

    def _send(self, reply: Reply) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply.encoded())


async def serve(announce: Callable[[int], None]) -> None:
    world = World()
    server = await asyncio.get_running_loop().create_server(lambda: Wire(world), "127.0.0.1", 0, backlog=1024)
    announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def say(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(say))
