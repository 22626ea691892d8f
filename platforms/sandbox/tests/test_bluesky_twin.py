"""The Bluesky twin refuses what the network refuses; platforms/tests/real compares it with a real server."""

import hashlib
import json
import time
from datetime import timedelta
from typing import Any

import libipld
import pytest
import requests
import responses
import time_machine
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from platforms.sandbox import bluesky_dpop, cids
from platforms.sandbox.bluesky import APP_PASSWORD, people
from platforms.sandbox.bluesky_wire import did_for
from platforms.sandbox.models import Entry, Fault, Grant, Person, Upload

ROOT = "/sandbox/bluesky"
DID = did_for("moonrise.test")
KEY = "3m5xabcdefg2f"
POST = {"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-11-21T02:00:00.000Z"}


class Browserless:
    """Speaks to the twin without a network, with the right headers."""

    def __init__(self) -> None:
        self.django = Client()
        self.access = self.refresh = ""

    def log_in(self, handle: str = "moonrise.test") -> "Browserless":
        body = self.post("com.atproto.server.createSession", {"identifier": handle, "password": APP_PASSWORD})
        self.access, self.refresh = body.json()["accessJwt"], body.json()["refreshJwt"]
        return self

    def post(self, nsid: str, body: object = None, *, token: str | None = None, **headers: str) -> Any:
        bearer = self.access if token is None else token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        content = b"" if body is None else json.dumps(body)
        return self.django.post(
            f"{ROOT}/xrpc/{nsid}", content, content_type="application/json", headers=headers
        )

    def get(self, nsid: str, token: str | None = None, **params: str) -> Any:
        bearer = self.access if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.django.get(f"{ROOT}/xrpc/{nsid}", params, headers=headers)

    def put(self, record: object = POST, **changes: object) -> Any:
        body = {"repo": DID, "collection": "app.bsky.feed.post", "rkey": KEY, "record": record, **changes}
        return self.post("com.atproto.repo.putRecord", body)


@pytest.fixture
def twin(db: None) -> Browserless:
    people()
    return Browserless().log_in()


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


# --- names of content ---


def test_records_get_the_name_that_a_real_server_gave() -> None:
    assert cids.record_cid(POST) == "bafyreih7xgyx2yk52t6otng65fg4pxvgw22ogp45rr746sffbuzy6hybmq"
    assert cids.blob_cid(b"hello") == "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_encoding_is_the_one_of_an_independent_library(value: Any) -> None:
    assert cids.encode(value) == libipld.encode_dag_cbor(value)


# --- sessions ---


def test_a_session_ends_with_its_hours(twin: Browserless) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=121)):
        assert said(twin.get("com.atproto.server.getSession")) == (400, "ExpiredToken")


def test_a_refresh_token_ends_with_its_days(twin: Browserless) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        answer = twin.post("com.atproto.server.refreshSession", token=twin.refresh)

    assert said(answer) == (400, "ExpiredToken")


def test_a_used_refresh_token_has_one_successor_for_two_hours(twin: Browserless) -> None:
    first = twin.post("com.atproto.server.refreshSession", token=twin.refresh).json()
    second = twin.post("com.atproto.server.refreshSession", token=twin.refresh).json()
    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=1)):
        late = twin.post("com.atproto.server.refreshSession", token=twin.refresh)

    assert first["refreshJwt"] == second["refreshJwt"] != twin.refresh
    assert said(late) == (400, "ExpiredToken")
    assert late.json()["message"] == "Token has been revoked"


@pytest.mark.parametrize(
    ("status", "error"), [("takendown", (401, "AccountTakedown")), ("deactivated", (200, ""))]
)
def test_an_account_that_is_not_active(twin: Browserless, status: str, error: tuple[int, str]) -> None:
    Person.objects.filter(remote_id=DID).update(facts={"app_password": APP_PASSWORD, "status": status})

    answer = twin.post(
        "com.atproto.server.createSession", {"identifier": DID, "password": APP_PASSWORD}, token=""
    )

    assert said(answer) == error
    assert twin.put().status_code == 401


def test_the_thirty_first_login_in_five_minutes_waits(twin: Browserless) -> None:
    wrong = {"identifier": "moonrise.test", "password": "wrong"}
    answers = [twin.post("com.atproto.server.createSession", wrong, token="") for _ in range(30)]

    assert [answer.status_code for answer in answers] == [401] * 29 + [429]
    assert answers[0].headers["RateLimit-Policy"] == "30;w=300"
    assert answers[-1].headers["RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answers[-1].headers
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert twin.log_in().access


# --- input ---


@pytest.mark.parametrize(
    ("nsid", "body", "error"),
    [
        ("com.atproto.server.createSession", {"identifier": "x"}, 'Missing required key "password" at $'),
        ("com.atproto.server.createSession", {"identifier": "x", "password": "y", "otp": "1"}, "otp"),
        ("com.atproto.server.createSession", {"identifier": 5, "password": "y"}, "$.identifier"),
        ("com.atproto.repo.deleteRecord", {"repo": DID}, 'Missing required key "collection" at $'),
        ("com.atproto.repo.applyWrites", {"repo": DID, "writes": [{"$type": "x"}]}, "$.writes"),
    ],
)
def test_input_is_checked_by_name_and_type(twin: Browserless, nsid: str, body: object, error: str) -> None:
    answer = twin.post(nsid, body)

    assert said(answer) == (400, "InvalidRequest")
    assert error in answer.json()["message"]


def test_unknown_methods_and_wrong_verbs_are_refused(twin: Browserless) -> None:
    assert said(twin.get("com.example.nothing")) == (501, "MethodNotImplemented")
    assert said(twin.get("com.atproto.server.createSession")) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "record",
    [
        {**POST, "visibility": "public"},
        {**POST, "embed": {"$type": "app.bsky.embed.poll"}},
        {**POST, "labels": {"values": []}},
        {**POST, "langs": "en"},
        {**POST, "tags": ["x"] * 9},
        "text",
    ],
)
def test_a_record_that_no_schema_knows_is_refused(twin: Browserless, record: object) -> None:
    assert said(twin.put(record)) == (400, "InvalidRequest")
    assert not Entry.objects.exists()


def test_a_post_belongs_in_ones_own_repository(twin: Browserless) -> None:
    assert said(twin.put(repo=did_for("inga.test"))) == (401, "AuthenticationRequired")
    assert said(twin.put(collection="app.bsky.feed.like")) == (400, "InvalidRequest")


def test_a_put_that_expects_another_version_is_refused(twin: Browserless) -> None:
    first = twin.put().json()["cid"]

    assert said(twin.put({**POST, "text": "b"}, swapRecord=cids.record_cid({}))) == (400, "InvalidSwap")
    assert twin.put({**POST, "text": "b"}, swapRecord=first).status_code == 200
    assert Entry.objects.get().text == "b"


def test_several_writes_are_all_or_none(twin: Browserless) -> None:
    kind = "com.atproto.repo.applyWrites"
    good = {"$type": f"{kind}#create", "collection": "app.bsky.feed.post", "rkey": KEY, "value": POST}
    bad = {
        "$type": f"{kind}#create",
        "collection": "app.bsky.feed.post",
        "value": {**POST, "text": "x" * 301},
    }

    refused = twin.post(kind, {"repo": DID, "writes": [good, bad]})
    assert refused.status_code == 400
    assert not Entry.objects.exists()
    made = twin.post(kind, {"repo": DID, "writes": [good]})
    gone = {"$type": f"{kind}#delete", "collection": "app.bsky.feed.post", "rkey": KEY}
    ended = twin.post(kind, {"repo": DID, "writes": [gone]})

    assert made.json()["results"][0]["uri"] == f"at://{DID}/app.bsky.feed.post/{KEY}"
    assert ended.json()["results"] == [{"$type": f"{kind}#deleteResult"}]
    assert not Entry.objects.filter(deleted_at=None).exists()


def test_records_are_listed_newest_first_in_pages(twin: Browserless) -> None:
    keys = [f"3m5xabcdefg2{last}" for last in "abcde"]
    for key in keys:
        twin.put(rkey=key)
    where = {"repo": DID, "collection": "app.bsky.feed.post", "limit": "3"}

    page = twin.get("com.atproto.repo.listRecords", **where).json()
    rest = twin.get("com.atproto.repo.listRecords", **where, cursor=page["cursor"]).json()
    oldest = twin.get("com.atproto.repo.listRecords", **where, reverse="true").json()

    def listed(answer: dict[str, Any]) -> list[str]:
        return [record["uri"].rpartition("/")[2] for record in answer["records"]]

    assert listed(page) + listed(rest) == keys[::-1]
    assert listed(oldest) == keys[:3]
    assert said(twin.get("com.atproto.repo.listRecords", **{**where, "limit": "101"})) == (
        400,
        "InvalidRequest",
    )


def test_bytes_over_the_cap_are_refused(twin: Browserless) -> None:
    answer = twin.django.post(
        f"{ROOT}/xrpc/com.atproto.repo.uploadBlob",
        b"x" * (5 * 1024 * 1024 + 1),
        content_type="image/png",
        headers={"Authorization": f"Bearer {twin.access}"},
    )

    assert said(answer) == (413, "PayloadTooLarge")
    assert not Upload.objects.exists()


def test_points_are_counted_and_run_out(twin: Browserless) -> None:
    Person.objects.filter(remote_id=DID).update(facts={"points": 3})

    first, second = twin.put(rkey="3m5xabcdefg22"), twin.put(rkey="3m5xabcdefg23")

    assert first.headers["RateLimit-Remaining"] == "1"
    assert first.headers["RateLimit-Policy"] == "3;w=3600"
    assert said(second) == (429, "RateLimitExceeded")
    assert int(second.headers["RateLimit-Reset"]) > time.time()


def test_a_fault_answers_in_the_networks_words(twin: Browserless) -> None:
    Fault.objects.create(network="bluesky", kind=Fault.Kind.LIMITED, path="putRecord")
    Fault.objects.create(network="bluesky", kind=Fault.Kind.BROKEN, path="putRecord")

    assert said(twin.put()) == (429, "RateLimitExceeded")
    assert said(twin.put()) == (500, "InternalServerError")
    assert twin.put().status_code == 200


def test_the_registry_knows_who_lives_here(twin: Browserless) -> None:
    known = twin.django.get(f"{ROOT}/{DID}").json()
    unknown = twin.django.get(f"{ROOT}/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")

    assert known["alsoKnownAs"] == ["at://moonrise.test"]
    assert known["service"][0]["serviceEndpoint"] == "http://testserver/sandbox/bluesky"
    assert unknown.status_code == 404


def test_a_permalink_leads_to_the_public_page(twin: Browserless) -> None:
    twin.put({**POST, "text": "Warm bread at seven."})

    answer = twin.django.get(f"{ROOT}/profile/{DID}/post/{KEY}")

    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"/@moonrise.test/at://{DID}/app.bsky.feed.post/{KEY}/")
    page = twin.django.get(answer.headers["Location"].removeprefix("http://testserver"))
    assert "Warm bread at seven." in page.text


# --- proofs ---

ADDRESS = "http://testserver/sandbox/bluesky/oauth/par"


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256")


def proof(key: ECKey, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {
        "jti": f"{time.time_ns()}",
        "htm": "POST",
        "htu": ADDRESS,
        "iat": int(time.time()),
        "nonce": bluesky_dpop.nonce(),
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    shown = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False), **(header or {})}
    return jwt.encode(shown, claims, key)


def verify(sent: str, access: str = "") -> str:
    request = RequestFactory().post("/sandbox/bluesky/oauth/par", headers={"DPoP": sent})
    return bluesky_dpop.verify(request, ADDRESS, access)


def test_a_proof_names_its_key(key: ECKey) -> None:
    assert verify(proof(key)) == key.thumbprint()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"htm": "GET"}, "htm"),
        ({"htu": "http://testserver/elsewhere"}, "htu"),
        ({"jti": None}, "jti"),
        ({"iat": 1}, "iat"),
        ({"iat": None}, "iat"),
        ({"nonce": None}, "requires nonce"),
        ({"nonce": "old"}, "nonce"),
    ],
)
def test_a_proof_of_something_else_does_not_count(key: ECKey, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(bluesky_dpop.BadProof, match=words):
        verify(proof(key, **changes))


def test_a_proof_counts_once(key: ECKey) -> None:
    sent = proof(key)
    verify(sent)

    with pytest.raises(bluesky_dpop.BadProof, match="replayed"):
        verify(sent)


def test_a_proof_signed_by_another_key_does_not_count(key: ECKey) -> None:
    other = ECKey.generate_key("P-256")

    with pytest.raises(bluesky_dpop.BadProof, match="Failed to verify"):
        verify(proof(other, {"jwk": key.as_dict(private=False)}))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"jwk": {}}])
def test_a_proof_with_an_odd_header_does_not_count(key: ECKey, header: dict[str, Any]) -> None:
    with pytest.raises(bluesky_dpop.BadProof, match="Failed to verify"):
        verify(proof(key, header))


def test_a_proof_that_shows_its_private_key_does_not_count(key: ECKey) -> None:
    with pytest.raises(bluesky_dpop.BadProof, match="Failed to verify"):
        verify(proof(key, {"jwk": key.as_dict(private=True)}))


def test_garbage_is_no_proof() -> None:
    with pytest.raises(bluesky_dpop.BadProof, match="Failed to verify"):
        verify("abc")


def test_a_proof_is_bound_to_its_token(key: ECKey) -> None:
    bound = bluesky_dpop.base64url(hashlib.sha256(b"token").digest())

    assert verify(proof(key, ath=bound), "token") == key.thumbprint()
    with pytest.raises(bluesky_dpop.BadProof, match="ath"):
        verify(proof(key, ath=bound), "another token")


def test_a_nonce_lasts_some_minutes(key: ECKey) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sent = bluesky_dpop.nonce()
        clock.shift(timedelta(minutes=3))
        assert verify(proof(key, nonce=sent))
        clock.shift(timedelta(minutes=6))

        with pytest.raises(bluesky_dpop.BadProof) as old:
            verify(proof(key, nonce=sent))

    assert old.value.wants_nonce


# --- the sign-in server ---


def grant(key: ECKey, **changes: Any) -> Grant:
    """A session that was allowed, as the consent page leaves it."""
    fields = {
        "network": "bluesky",
        "person": Person.objects.get(remote_id=DID),
        "client_id": "http://localhost",
        "scopes": ["atproto", "transition:generic"],
        "refresh": "ref-1",
        "facts": {"kind": "oauth", "jkt": key.thumbprint(), "public": True},
        **changes,
    }
    return Grant.objects.create(**fields)


def renew(key: ECKey, refresh: str = "ref-1", **changes: str) -> Any:
    address = "http://testserver/sandbox/bluesky/oauth/token"
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh,
        "client_id": "http://localhost",
        **changes,
    }
    headers = {"DPoP": proof(key, htu=address)}
    return Client().post("/sandbox/bluesky/oauth/token", {**form, **changes}, headers=headers)


def test_refresh_rotates_and_a_replay_ends_the_session(twin: Browserless, key: ECKey) -> None:
    grant(key)

    newer = renew(key)
    replay, after = renew(key), renew(key, newer.json()["refresh_token"])

    assert newer.json()["token_type"] == "DPoP"
    assert newer.headers["DPoP-Nonce"]
    assert replay.json() == {"error": "invalid_grant", "error_description": "Refresh token replayed"}
    assert after.json() == {"error": "invalid_grant", "error_description": "Invalid refresh token"}


def test_another_key_renews_nothing(twin: Browserless, key: ECKey) -> None:
    grant(key)

    assert said(renew(ECKey.generate_key("P-256"))) == (400, "invalid_grant")
    assert renew(key).status_code == 200


def test_a_public_session_ends_after_two_weeks(twin: Browserless, key: ECKey) -> None:
    past = (timezone.now() - timedelta(seconds=1)).timestamp()
    grant(key, facts={"kind": "oauth", "jkt": key.thumbprint(), "public": True, "ends": past})

    assert said(renew(key)) == (400, "invalid_grant")


def test_an_unknown_grant_type_is_refused(twin: Browserless, key: ECKey) -> None:
    assert said(renew(key, grant_type="password")) == (400, "unsupported_grant_type")


def test_a_token_of_one_key_is_no_bearer_token(twin: Browserless, key: ECKey) -> None:
    grant(key)
    access = renew(key).json()["access_token"]

    assert said(twin.get("com.atproto.server.getSession", token=access)) == (400, "InvalidToken")


def test_a_token_without_its_key_is_refused(twin: Browserless, key: ECKey) -> None:
    grant(key)
    access = renew(key).json()["access_token"]
    address = "http://testserver/sandbox/bluesky/xrpc/com.atproto.server.getSession"
    bound = bluesky_dpop.base64url(hashlib.sha256(access.encode()).digest())

    def ask(holder: ECKey) -> Any:
        sent = proof(holder, htm="GET", htu=address, ath=bound)
        headers = {"Authorization": f"DPoP {access}", "DPoP": sent}
        return Client().get(f"{ROOT}/xrpc/com.atproto.server.getSession", headers=headers)

    stranger = ask(ECKey.generate_key("P-256"))

    assert said(stranger) == (401, "invalid_dpop_proof")
    assert 'error="invalid_dpop_proof"' in stranger.headers["WWW-Authenticate"]
    assert stranger.headers["DPoP-Nonce"]
    assert ask(key).json()["did"] == DID


@pytest.mark.parametrize(
    "client_id",
    ["desk", "http://desk.example.org/client.json", "https://desk.example.org:8443/client.json", ""],
)
def test_a_client_that_cannot_be_looked_up_is_refused(twin: Browserless, key: ECKey, client_id: str) -> None:
    answer = renew(key, client_id=client_id)

    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_client_metadata", "invalid_client"}


@pytest.mark.parametrize("name", ["req-0", ""])
def test_a_request_that_is_not_kept_shows_a_page(twin: Browserless, name: str) -> None:
    uri = f"urn:ietf:params:oauth:request_uri:{name}"

    answer = Client().get(f"{ROOT}/oauth/authorize", {"client_id": "http://localhost", "request_uri": uri})

    assert answer.status_code == 400
    assert "expired" in answer.text


def test_a_pushed_request_is_no_code(twin: Browserless, key: ECKey) -> None:
    """What was asked is not yet what was allowed."""
    grant(key, person=None, refresh="", facts={"pushed": "req-1", "jkt": key.thumbprint(), "public": True})

    answer = renew(key, grant_type="authorization_code", code="req-1", redirect_uri="", code_verifier="")

    assert said(answer) == (400, "invalid_grant")


def test_the_metadata_of_a_client_must_be_its_own(twin: Browserless, key: ECKey) -> None:
    address = "https://desk.example.org/client.json"
    with responses.RequestsMock() as web:
        web.get(address, json={"client_id": "https://other.example.org/", "dpop_bound_access_tokens": True})
        impostor = renew(key, client_id=address)
        web.replace("GET", address, body=requests.ConnectionError())
        unreachable = renew(key, client_id=address)

    assert said(impostor) == (400, "invalid_client_metadata")
    assert said(unreachable) == (400, "invalid_client_metadata")
