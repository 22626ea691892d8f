"""What Threads' client knows without asking: what refusals mean, and what would be refused."""

import json
from typing import Any

import pytest

from platforms.base import Connection
from platforms.content import App, MediaFile, Part
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure
from platforms.rules import Finding
from platforms.sandbox.threads import DIALECT
from platforms.tests.files import film, picture
from platforms.tests.threads_world import draft
from platforms.threads import Threads
from platforms.transport import Answer, Transport

LIMITS = {"geo_gating": True}


def answer(status: int, body: Any, method: str = "POST") -> Answer:
    return Answer(method, "https://graph.threads.net/v1.0/me/threads", status, {}, json.dumps(body).encode())


# --- its refusals ---


@pytest.mark.parametrize("failure", Threads.failures, ids=lambda failure: failure.code or failure.words)
def test_each_refusal_is_understood(failure: Failure) -> None:
    assert DIALECT.refuse is not None
    refusal = DIALECT.refuse(failure.code or failure.words)

    error = Threads.classify(answer(refusal.status, refusal.body))

    assert type(error) is failure.kind
    assert error.message == failure.message
    assert failure.action in error.action


CASES: list[tuple[int, dict[str, Any], type[PlatformError]]] = [
    (400, {"error": {"code": 100, "message": "(#100) Param metric must be one of"}}, InvalidContent),
    (400, {"error": {"code": 100, "error_subcode": 33, "message": "Unsupported"}}, NotFound),
    (500, {"error": {"code": 1, "message": "unknown"}}, OutcomeUnknown),
    (500, {"error": {"code": 1, "error_subcode": 2207052, "message": "…"}}, MediaRejected),
    (400, {"error": {"code": 368, "message": "blocked"}}, RateLimited),
    (401, {"error": {"code": 190, "error_subcode": 463, "message": "expired"}}, TokenExpired),
    (403, {"error": {"code": 10, "message": "no"}}, PermissionMissing),
    (429, {}, RateLimited),
]


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
def test_a_refusal_is_read_by_its_numbers(
    status: int, body: dict[str, Any], kind: type[PlatformError]
) -> None:
    assert type(Threads.classify(answer(status, body))) is kind


@pytest.mark.parametrize("status", [401, 403, 502])
def test_a_proxys_page_ends_no_connection(status: int) -> None:
    app = App("sandbox", api_url="https://graph.threads.net")
    page = Answer("GET", "https://graph.threads.net/refresh_access_token", status, {}, b"<h1>No</h1>")

    assert type(Threads(Connection(app, Transport())).token_error(page)) is Unavailable


def test_a_fault_of_threads_while_reading_is_no_doubt() -> None:
    error = Threads.classify(answer(500, {"error": {"code": 2, "message": "retry"}}, "GET"))

    assert type(error) is Unavailable


# --- before sending ---


def findings(*parts: str | Part, media: tuple[MediaFile, ...] = (), **options: Any) -> list[Finding]:
    limits = options.pop("limits", LIMITS)
    found = Threads.check(draft(*parts, media=media, **options), limits)
    return [finding for finding in found if finding.severity == "error"]


def codes(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.field) for finding in found]


def test_each_kind_is_recognised_by_what_it_carries() -> None:
    loaf, oven = picture(), film(seconds=1)

    assert draft("Hi.").kind == "text"
    assert draft("Hi.", media=(loaf,)).kind == "image"
    assert draft("Hi.", media=(oven,)).kind == "video"
    assert draft("Hi.", media=(loaf, oven)).kind == "carousel"
    assert draft("Hi.", poll=["a", "b"]).kind == "poll"
    assert draft("Hi.", kind="ghost").kind == "ghost"


def test_an_emoji_counts_its_bytes() -> None:
    assert findings("🥖" * 125) == []
    assert codes(findings("🥖" * 125 + "a")) == [("text_too_long", "text")]


def test_five_different_links_are_allowed_with_the_card_and_the_long_text() -> None:
    text = " ".join(f"https://example.org/{n}" for n in range(4)) + " https://example.org/0"

    assert findings(text, link="https://example.org/card") == []
    assert codes(findings(text, link="https://example.org/card", long_text="https://example.org/long")) == [
        ("too_many_links", "text")
    ]


@pytest.mark.parametrize(
    ("options", "field", "says"),
    [
        ({"topic": "bread & butter"}, "topic", "no full stop and no &"),
        ({"topic": "x" * 51}, "topic", "50 characters"),
        ({"poll": ["only one"]}, "poll", "2 at least"),
        ({"poll": ["x" * 26, "b"]}, "poll", "25 characters"),
        ({"poll": ["a", " "]}, "poll", "empty"),
        (
            {"poll": ["a", "b"], "link": "https://example.org"},
            "link",
            "does not go with this kind of post (Poll)",
        ),
        ({"kind": "ghost", "reply_approvals": True}, "reply_approvals", "(Ghost post)"),
        ({"gif": "https://giphy.com/"}, "gif", "giphy.com"),
        ({"countries": ["Germany"]}, "countries", "2 characters"),
        ({"countries": ["D1"]}, "countries", "two letters"),
        ({"first_comment": "🥖" * 126}, "first_comment", "counts its bytes"),
        ({"spoiler_words": ["a"]}, "spoiler_words", "10 places"),
    ],
)
def test_an_option_that_would_be_refused_is_found(options: dict[str, Any], field: str, says: str) -> None:
    found = findings("a banana, an avocado, a papaya", **options)

    assert [finding.field for finding in found if says in finding.message] == [f"options.{field}"]


def test_countries_are_for_accounts_that_may_choose() -> None:
    assert findings("Hi.", countries=["DE"]) == []
    assert codes(findings("Hi.", countries=["DE"], limits={})) == [("option_invalid", "options.countries")]


def test_a_word_to_hide_that_is_not_there_is_worth_a_look() -> None:
    [finding] = Threads.check(draft("Bread.", spoiler_words=["cake"]), {})

    assert (finding.severity, finding.field) == ("warning", "options.spoiler_words")


def test_each_part_of_a_thread_has_the_rules_of_its_kind() -> None:
    trio = tuple(picture(f"{n}.jpg") for n in range(3))

    assert findings("One.", Part("Two.", trio), Part("Three.", (film(seconds=1, alt="Oven"),))) == []
    [long] = findings("One.", "x" * 501)
    assert (long.code, long.part) == ("text_too_long", 2)
    many = findings("One.", Part("Two.", trio * 7))
    assert {(finding.field, finding.part) for finding in many} == {("media", 2)}
    assert codes(findings(*["."] * 100)) == [("thread_too_long", "text")]
    assert codes(findings("One.", "Two.", kind="ghost")) == [("thread_too_long", "text")]


def test_shape_and_length_are_found() -> None:
    assert codes(findings("", media=(picture(size=(1100, 100)),))) == [("media_ratio", "media")]
    long = MediaFile("long.mp4", "video/mp4", 9, 540, 960, film(seconds=1).open, alt="x", seconds=301.0)
    assert codes(findings("", media=(long,))) == [("video_length", "media")]
    assert codes(findings("")) == [("empty", "text")]


@pytest.mark.parametrize("option", Threads.options, ids=lambda option: option.name)
def test_each_example_is_fit_to_be_sent(option: Any) -> None:
    assert list(option.problems(option.example, LIMITS)) == []
