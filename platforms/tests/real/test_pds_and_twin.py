"""The twin answers as the real server does: the same requests to both, the same status, name and sentence."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from platforms._atproto import Prover, new_key
from platforms.sandbox.bluesky import APP_PASSWORD, people
from platforms.tests.bluesky_world import REDIRECT, picture
from platforms.tests.real.conftest import Pds, move_in
from platforms.transport import Answer, Transport

pytestmark = pytest.mark.real

KEY = "3m5xabcdefg2f"
POST = {"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-11-21T02:00:00.000Z"}
BLOB = {
    "$type": "blob",
    "ref": {"$link": "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"},
    "mimeType": "image/jpeg",
    "size": 677,
}


@dataclass
class Server:
    """One of the two, and somebody who lives there."""

    url: str
    handle: str
    password: str
    did: str = ""
    access: str = ""
    refresh: str = ""

    def log_in(self) -> "Server":
        body = {"identifier": self.handle, "password": self.password}
        session = self.call("POST", "com.atproto.server.createSession", body).json()
        self.did, self.access, self.refresh = session["did"], session["accessJwt"], session["refreshJwt"]
        return self

    def call(self, method: str, nsid: str, body: object = None, **request: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {request.pop('token', self.access)}"}
        headers = {**headers, **request.pop("headers", {})}
        if not self.access or headers["Authorization"] == "Bearer ":
            del headers["Authorization"]
        url = f"{self.url}/xrpc/{nsid}"
        return requests.request(method, url, json=body, headers=headers, timeout=20, **request)

    def put(self, record: Mapping[str, Any], **more: Any) -> requests.Response:
        body = {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": KEY, "record": record, **more}
        return self.call("POST", "com.atproto.repo.putRecord", body)

    def plain(self, answer: requests.Response | Answer) -> tuple[int, Any]:
        """An answer without what differs between any two servers."""
        status = answer.status_code if isinstance(answer, requests.Response) else answer.status
        said = answer.text.replace(self.did or "-", "DID").replace(self.handle, "HANDLE")
        body = json.loads(said) if said else None
        if isinstance(body, dict) and "commit" in body:
            body["commit"] = sorted(body["commit"])
        return status, body


@pytest.fixture(scope="module")
def real(pds: Pds) -> Server:
    cleo = move_in(pds, "cleo.test")
    return Server(pds.url, cleo.handle, cleo.app_password).log_in()


@pytest.fixture
def both(real: Server, live_server: LiveServer) -> tuple[Server, Server]:
    people()
    twin = Server(f"{live_server.url}/sandbox/bluesky", "moonrise.test", APP_PASSWORD).log_in()
    key = {"repo": real.did, "collection": "app.bsky.feed.post", "rkey": KEY}
    real.call("POST", "com.atproto.repo.deleteRecord", key)
    return real, twin


def image(**blob: Any) -> dict[str, Any]:
    return {"alt": "", "image": {**BLOB, **blob}}


def with_images(*images: Mapping[str, Any]) -> dict[str, Any]:
    return {**POST, "embed": {"$type": "app.bsky.embed.images", "images": list(images)}}


def with_feature(**feature: Any) -> dict[str, Any]:
    return {**POST, "facets": [{"index": {"byteStart": 0, "byteEnd": 3}, "features": [feature]}]}


def with_embed(kind: str, **fields: Any) -> dict[str, Any]:
    return {**POST, "embed": {"$type": f"app.bsky.embed.{kind}", **fields}}


REFERENCE = {
    "uri": f"at://did:plc:wzu4fxjgi4da7gn6pb5mmace/app.bsky.feed.post/{KEY}",
    "cid": "bafyreih7xgyx2yk52t6otng65fg4pxvgw22ogp45rr746sffbuzy6hybmq",
}
CARD = {"uri": "https://bread.example/rye", "title": "Rye", "description": "Three days."}
FACET = "app.bsky.richtext.facet"
RECORDS: dict[str, dict[str, Any]] = {
    "a post": POST,
    "too many graphemes": {**POST, "text": "x" * 301},
    "too many bytes": {**POST, "text": "👩‍👩‍👧‍👦" * 200},
    "300 graphemes of four bytes": {**POST, "text": "🥐" * 300},
    "no text": {"$type": POST["$type"], "createdAt": POST["createdAt"]},
    "a number as text": {**POST, "text": 5},
    "a date without a time": {**POST, "createdAt": "2026-11-21"},
    "another type": {**POST, "$type": "app.bsky.feed.like"},
    "four languages": {**POST, "langs": ["en", "de", "fr", "it"]},
    "no language": {**POST, "langs": ["english!"]},
    "a mention of nobody": with_feature(**{"$type": f"{FACET}#mention", "did": "x"}),
    "a link to nothing": with_feature(**{"$type": f"{FACET}#link", "uri": "x"}),
    "a long tag": with_feature(**{"$type": f"{FACET}#tag", "tag": "a" * 65}),
    "a good tag": with_feature(**{"$type": f"{FACET}#tag", "tag": "brot"}),
    "a place before the text": {
        **POST,
        "facets": [{"index": {"byteStart": -1, "byteEnd": 3}, "features": []}],
    },
    "no features": {**POST, "facets": [{"index": {"byteStart": 0, "byteEnd": 3}}]},
    "five images": with_images(*[image()] * 5),
    "a blob that is not there": with_images(image()),
    "a blob of text": with_images(image(mimeType="text/plain")),
    "an image without alt": with_images({"image": BLOB}),
    "no width": with_images({**image(), "aspectRatio": {"width": 0, "height": 1}}),
    "eleven labels": {
        **POST,
        "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "x"}] * 11},
    },
    "a reply without cid": {**POST, "reply": {"root": {"uri": "at://did:plc:x/a.b.c/d"}, "parent": {}}},
    "a card": with_embed("external", external=CARD),
    "a card without words": with_embed("external", external={"uri": "https://a.example"}),
    "a card that leads nowhere": with_embed("external", external={**CARD, "uri": "here"}),
    "a quote": with_embed("record", record=REFERENCE),
    "a quote without cid": with_embed("record", record={"uri": REFERENCE["uri"]}),
    "a quote of what is no post": with_embed("record", record={**REFERENCE, "uri": "https://a.example"}),
    "a quote with a card": with_embed(
        "recordWithMedia",
        record={"$type": "app.bsky.embed.record", "record": REFERENCE},
        media={"$type": "app.bsky.embed.external", "external": CARD},
    ),
    "a video that is not there": with_embed("video", video={**BLOB, "mimeType": "video/mp4"}),
    "a video that is a picture": with_embed("video", video=BLOB),
    "nine tags": {**POST, "tags": ["x"] * 9},
    "a label": {
        **POST,
        "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]},
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_judged_alike(both: tuple[Server, Server], name: str) -> None:
    real, twin = both

    assert twin.plain(twin.put(RECORDS[name])) == real.plain(real.put(RECORDS[name]))


GATE, POSTGATE = "app.bsky.feed.threadgate", "app.bsky.feed.postgate"
MOMENT = POST["createdAt"]
BESIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "nobody may reply": (GATE, {"post": REFERENCE["uri"], "allow": []}),
    "a rule": (GATE, {"post": REFERENCE["uri"], "allow": [{"$type": f"{GATE}#mentionRule"}]}),
    "six rules": (GATE, {"post": REFERENCE["uri"], "allow": [{"$type": f"{GATE}#mentionRule"}] * 6}),
    "a gate to nothing": (GATE, {"post": "here"}),
    "a hidden reply that is none": (GATE, {"post": REFERENCE["uri"], "hiddenReplies": ["here"]}),
    "no quotes": (
        POSTGATE,
        {"post": REFERENCE["uri"], "embeddingRules": [{"$type": f"{POSTGATE}#disableRule"}]},
    ),
    "a like": ("app.bsky.feed.like", {"subject": REFERENCE}),
    "a like of nothing": ("app.bsky.feed.like", {}),
    "a repost": ("app.bsky.feed.repost", {"subject": REFERENCE}),
}


@pytest.mark.parametrize("name", BESIDE)
def test_records_beside_posts_are_judged_alike(both: tuple[Server, Server], name: str) -> None:
    real, twin = both
    collection, fields = BESIDE[name]
    record = {"$type": collection, "createdAt": MOMENT, **fields}

    def put(server: Server) -> tuple[int, Any]:
        key = "3m5xbes2defg" + "abcdefghij"[list(BESIDE).index(name)]
        return server.plain(server.put(record, collection=collection, rkey=key))

    assert put(twin) == put(real)


def test_several_writes_at_once_are_judged_alike(both: tuple[Server, Server]) -> None:
    def twice(server: Server) -> list[Any]:
        kind = "com.atproto.repo.applyWrites"
        gate = {"$type": GATE, "createdAt": MOMENT, "post": REFERENCE["uri"]}
        writes = [
            {"$type": f"{kind}#create", "collection": collection, "rkey": KEY, "value": value}
            for collection, value in (("app.bsky.feed.post", POST), (GATE, gate))
        ]
        body = {"repo": server.did, "writes": writes}
        answers = [server.call("POST", kind, body) for _ in range(2)]
        for collection in ("app.bsky.feed.post", GATE):
            place = {"repo": server.did, "collection": collection, "rkey": KEY}
            server.call("POST", "com.atproto.repo.deleteRecord", place)
        return [(answer.status_code, shape(answer)) for answer in answers]

    real, twin = both

    assert twice(twin) == twice(real)


TICKETS: dict[str, dict[str, Any]] = {
    "for an hour and more": {"lxm": "com.atproto.repo.uploadBlob", "exp": 7200},
    "in the past": {"lxm": "com.atproto.repo.uploadBlob", "exp": -10},
    "for everything, too long": {"exp": 300},
    "for messages that the password is not good for": {"lxm": "chat.bsky.convo.listConvos", "exp": 60},
}


@pytest.mark.parametrize("name", TICKETS)
def test_tickets_for_other_services_are_judged_alike(both: tuple[Server, Server], name: str) -> None:
    def ask(server: Server) -> tuple[int, Any]:
        ends = int(time.time()) + TICKETS[name]["exp"]
        asked = {**TICKETS[name], "exp": ends, "aud": "did:web:video.bsky.app"}
        return server.plain(server.call("GET", "com.atproto.server.getServiceAuth", params=asked))

    real, twin = both

    assert ask(twin) == ask(real)


PUTS: dict[str, dict[str, Any]] = {
    "only if new": {"swapRecord": None},
    "with a key that is no TID": {"rkey": "my-key"},
    "with a key that is none": {"rkey": "my key"},
    "as somebody unknown": {"repo": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"},
}


@pytest.mark.parametrize("name", PUTS)
def test_writes_are_judged_alike(both: tuple[Server, Server], name: str) -> None:
    real, twin = both

    assert twin.plain(twin.put(POST, **PUTS[name])) == real.plain(real.put(POST, **PUTS[name]))


def test_repeats_are_judged_alike(both: tuple[Server, Server]) -> None:
    def repeats(server: Server) -> list[Any]:
        create = {"repo": server.did, "collection": "app.bsky.feed.post", "rkey": KEY, "record": POST}
        key = {"repo": server.did, "collection": "app.bsky.feed.post", "rkey": KEY}
        answers = [
            server.put(POST, swapRecord=None),
            server.put(POST, swapRecord=None),
            server.put({**POST, "text": "other"}, swapRecord=None),
            server.call("POST", "com.atproto.repo.createRecord", create),
            server.call("GET", "com.atproto.repo.getRecord", params=key),
            server.call("POST", "com.atproto.repo.deleteRecord", key),
            server.call("POST", "com.atproto.repo.deleteRecord", key),
            server.call("GET", "com.atproto.repo.getRecord", params=key),
        ]
        return [(answer.status_code, shape(answer)) for answer in answers]

    real, twin = both

    assert repeats(twin) == repeats(real)


def shape(answer: requests.Response) -> object:
    """The fields of a success, the name of a failure."""
    body = answer.json()
    return body.get("error") or sorted(body)


SESSIONS: dict[str, Callable[[Server], requests.Response]] = {
    "a wrong password": lambda server: server.call(
        "POST",
        "com.atproto.server.createSession",
        {"identifier": server.handle, "password": "x"},
    ),
    "no password": lambda server: server.call(
        "POST", "com.atproto.server.createSession", {"identifier": server.handle}
    ),
    "no token": lambda server: server.call("GET", "com.atproto.server.getSession", token=""),
    "a token that is none": lambda server: server.call("GET", "com.atproto.server.getSession", token="abc"),
    "a refresh token as access": lambda server: server.call(
        "GET", "com.atproto.server.getSession", token=server.refresh
    ),
    "an access token as refresh": lambda server: server.call("POST", "com.atproto.server.refreshSession"),
    "refresh with nothing": lambda server: server.call("POST", "com.atproto.server.refreshSession", token=""),
    "nobody's handle": lambda server: server.call(
        "GET", "com.atproto.identity.resolveHandle", params={"handle": "nobody.test"}
    ),
    "no handle": lambda server: server.call(
        "GET", "com.atproto.identity.resolveHandle", params={"handle": "not a handle"}
    ),
    "an unknown DPoP token": lambda server: server.call(
        "GET", "com.atproto.server.getSession", headers={"Authorization": "DPoP abc"}
    ),
    "JSON that is none": lambda server: server.call(
        "POST", "com.atproto.repo.putRecord", headers={"Content-Type": "text/plain"}, data="x"
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_are_judged_alike(both: tuple[Server, Server], name: str) -> None:
    real, twin = both

    assert twin.plain(SESSIONS[name](twin)) == real.plain(SESSIONS[name](real))


def test_a_session_that_was_ended_answers_alike(both: tuple[Server, Server]) -> None:
    def end(server: Server) -> list[Any]:
        again = Server(server.url, server.handle, server.password).log_in()
        answers = [
            again.call("POST", f"com.atproto.server.{name}", token=again.refresh)
            for name in ("deleteSession", "deleteSession", "refreshSession")
        ]
        alive = again.call("GET", "com.atproto.server.getSession")
        return [*(again.plain(answer) for answer in answers), alive.status_code]

    real, twin = both

    assert end(twin) == end(real)


def test_bytes_get_the_same_name(both: tuple[Server, Server]) -> None:
    with picture("bun.png").open() as stream:
        png = stream.read()

    def upload(server: Server, kind: str) -> Any:
        headers = {"Content-Type": kind}
        answer = server.call("POST", "com.atproto.repo.uploadBlob", data=png, headers=headers)
        return server.plain(answer)

    real, twin = both

    assert upload(twin, "image/png") == upload(real, "image/png")
    assert upload(twin, "image/jpeg") == upload(real, "image/jpeg")


PUSHED = {
    "response_type": "code",
    "redirect_uri": REDIRECT,
    "scope": "atproto transition:generic",
    "state": "a-state",
    "code_challenge": "a" * 43,
    "code_challenge_method": "S256",
}
REQUESTS: dict[str, dict[str, str]] = {
    "plain PKCE": {"code_challenge_method": "plain"},
    "another redirect": {"redirect_uri": "http://127.0.0.1:8000/other"},
    "no atproto": {"scope": "transition:generic"},
    "a scope that was not declared": {"scope": "atproto transition:email"},
    "an implicit grant": {"response_type": "token"},
}


def pushed(server: Server, **changes: str) -> Answer:
    client_id = f"http://localhost?redirect_uri={REDIRECT}&scope=atproto+transition%3Ageneric"
    transport = Transport(allow=frozenset({server.url.split("/")[2]}))
    form = {**PUSHED, "client_id": client_id, **changes}
    return Prover(transport, new_key()).request("POST", f"{server.url}/oauth/par", form=form)


@pytest.mark.parametrize("name", REQUESTS)
def test_authorisation_requests_are_judged_alike(both: tuple[Server, Server], name: str) -> None:
    real, twin = both

    assert twin.plain(pushed(twin, **REQUESTS[name])) == real.plain(pushed(real, **REQUESTS[name]))


def test_a_good_authorisation_request_is_kept_by_both(both: tuple[Server, Server]) -> None:
    for server in both:
        answer = pushed(server)

        assert answer.status == 201
        assert re.fullmatch(r"urn:ietf:params:oauth:request_uri:req-[0-9a-f]{32}", answer.json["request_uri"])
