"""What Meta's networks share on the client's side: errors, limits, containers, lists, signatures."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from platforms._meta import (
    CONTAINER_LIVES,
    GRAPH_FAILURES,
    GraphPlatform,
    attempts,
    container,
    moment,
    processed,
    wire_value,
)
from platforms.base import Connection
from platforms.content import App, Incoming, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.transport import Answer, Transport


class Somewhere(GraphPlatform):
    name = "somewhere"
    label = "Somewhere"


def said(body: Any, status: int = 400, method: str = "POST", **headers: str) -> Answer:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(method, "https://graph.example/v26.0/me", status, headers, content)


def error(code: int, subcode: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "error": {"message": "No.", "code": code, **({"error_subcode": subcode} if subcode else {}), **more}
    }


class Lists(Transport):
    """Answers with the pages of a list and remembers what was asked."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        super().__init__()
        self.pages = list(pages)
        self.asked: list[Any] = []

    def request(self, method: str, url: str, **request: Any) -> Answer:  # type: ignore[override]
        self.asked.append((url, request))
        return Answer(method, url, 200, {}, json.dumps(self.pages.pop(0)).encode())


def client(transport: Transport | None = None, *, has_secret: bool = True) -> Somewhere:
    app = App("id", "secret" if has_secret else "", api_url="https://graph.example", webhook_secret="ours")
    return Somewhere(Connection(app, transport or Transport(), Token("token")))


# --- errors ---


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(error(190, 463)), TokenExpired),
        (said(error(190, 9999)), TokenExpired),
        (said(error(299)), PermissionMissing),  # each of 200 to 299 is one permission
        (said(error(101)), ClientRefused),
        (said(error(613)), RateLimited),
        (said(error(100, 77)), InvalidContent),
        (said(error(1)), OutcomeUnknown),
        (said(error(2), 500, "GET"), Unavailable),
        (said(error(100, is_transient=True)), OutcomeUnknown),
        (said(error(4, is_transient=True)), RateLimited),
        (said({"debug_info": {"type": "PartialRequestError", "retriable": True}}), Unavailable),
        (said({"debug_info": {"type": "NewError", "retriable": True}}), Unavailable),
        (said({"debug_info": {"type": "ProcessingFailedError", "retriable": False}}), MediaRejected),
        (said({"error": "not an object"}), InvalidContent),
        (said("<h1>Bad gateway</h1>", 502), OutcomeUnknown),
    ],
)
def test_what_an_answer_means(answer: Answer, kind: type[PlatformError]) -> None:
    assert type(Somewhere.classify(answer)) is kind


def test_the_sentence_for_people_is_preferred() -> None:
    told = error(100, 77, error_user_msg="The moon is full.")

    assert Somewhere.classify(said(told)).message == "Somewhere says: The moon is full."


def test_no_two_failures_have_the_same_code() -> None:
    codes = [failure.code for failure in GRAPH_FAILURES if failure.code]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(error(190, 460)), TokenExpired),
        (said(error(100, 36009)), TokenExpired),
        (said(error(101)), ClientRefused),
        (said(error(4)), RateLimited),
        (said(error(2), 500, "GET"), Unavailable),
        (said("<h1>Not here</h1>", 404, "GET"), Unavailable),
        (said("", 302, "GET", Location="https://portal.example/"), Unavailable),
    ],
)
def test_only_metas_own_word_ends_a_connection(answer: Answer, kind: type[PlatformError]) -> None:
    assert type(client().token_error(answer)) is kind


# --- limits ---


def test_a_limit_counts_as_used_up_at_ninety_percent() -> None:
    app_used = json.dumps({"call_count": 12, "total_time": 91, "total_cputime": 3})

    limit = Somewhere.rate_limit(said({}, 200, **{"X-App-Usage": app_used}))

    assert limit is not None
    assert limit.remaining == 0


@pytest.mark.parametrize(("app", "account", "each"), [(95, 40, "app"), (40, 95, "account"), (90, 90, "app")])
def test_a_limit_names_whose_is_the_fuller_one(app: int, account: int, each: str) -> None:
    business = {"106": [{"type": "pages", "call_count": account}]}
    headers = {
        "X-App-Usage": json.dumps({"call_count": app}),
        "X-Business-Use-Case-Usage": json.dumps(business),
    }

    limit = Somewhere.rate_limit(said({}, 200, **headers))

    assert limit is not None
    assert (limit.remaining, limit.each) == (0, each)


@pytest.mark.parametrize(("code", "each"), [(4, "app"), (17, "account"), (32, "account"), (80001, "account")])
def test_a_refusal_names_who_is_to_wait(code: int, each: str) -> None:
    caught = Somewhere.classify(said(error(code)))

    assert isinstance(caught, RateLimited)
    assert caught.each == each


def test_the_longest_wait_that_headers_tell_is_kept() -> None:
    rows = [{"type": "pages", "estimated_time_to_regain_access": n} for n in (0, 20)]
    headers = {"X-Business-Use-Case-Usage": json.dumps({"106": rows}), "X-App-Usage": "half{"}

    caught = Somewhere.classify(said(error(80001), **headers))

    assert isinstance(caught, RateLimited)
    assert caught.retry_at is not None
    assert timedelta(minutes=19) < caught.retry_at - datetime.now(UTC) <= timedelta(minutes=20)
    assert Somewhere.rate_limit(said({}, 200)) is None


# --- speaking ---


def test_lists_are_read_page_by_page_with_a_proof_for_the_token_of_the_call() -> None:
    paging = {"cursors": {"after": "A"}, "next": "https://graph.example/next"}
    transport = Lists(
        {"data": [{"id": 1}], "paging": paging}, {"data": [{"id": 2}], "paging": {"cursors": {}}}
    )

    rows = client(transport).pages_of("me/things", token="another", limit=1)

    proof = hmac.new(b"secret", b"another", hashlib.sha256).hexdigest()
    assert rows == [{"id": 1}, {"id": 2}]
    assert transport.asked[1][0] == "https://graph.example/v26.0/me/things"
    assert transport.asked[1][1]["params"] == {"limit": "1", "after": "A", "appsecret_proof": proof}
    assert transport.asked[1][1]["headers"]["Authorization"] == "Bearer another"


def test_values_go_as_graph_reads_them() -> None:
    assert [wire_value(value) for value in ("a", True, 3, [{"ü": 1}])] == ["a", "true", "3", '[{"ü":1}]']


@pytest.mark.parametrize("written", ["2026-08-07T12:34:56+0000", 1786106096, "1786106096", 1786106096000])
def test_times_are_read_as_meta_writes_them(written: Any) -> None:
    assert moment(written) == datetime(2026, 8, 7, 12, 34, 56, tzinfo=UTC)


# --- containers ---


def test_a_container_is_made_once_and_anew_when_it_is_old() -> None:
    ledger, ids = MemoryLedger(), iter("abc")

    def make() -> str:
        return next(ids)

    assert [container(ledger, "photo", make) for _ in range(2)] == [("a", "photo"), ("a", "photo")]

    old = (datetime.now(UTC) - CONTAINER_LIVES).isoformat()
    ledger.results["photo"] = {"id": "a", "at": old}
    assert container(ledger, "photo", make) == ("b", "photo (2)")
    assert attempts(ledger, "photo", make) == [("a", "photo"), ("b", "photo (2)")]


def test_processing_is_waited_for_without_a_worker() -> None:
    ledger, looks = MemoryLedger(), iter([False, True])

    with pytest.raises(NotReady):
        processed(ledger, "reel", lambda: next(looks))
    processed(ledger, "reel", lambda: next(looks))


# --- webhooks ---


def test_a_signature_is_right_only_with_a_secret() -> None:
    def signed(secret: str) -> Incoming:
        digest = hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()
        return Incoming("POST", "/", {"x-hub-signature-256": f"sha256={digest}"}, {}, b"{}")

    assert client().verify_webhook(signed("secret"))
    assert not client().verify_webhook(signed("other"))
    assert not client(has_secret=False).verify_webhook(signed(""))
