"""What Facebook's client says before sending and after a refusal; nothing is sent here."""

from datetime import UTC, datetime

import pytest

from platforms.content import Draft, Json, MediaFile, Part
from platforms.errors import OutcomeUnknown, Unavailable
from platforms.facebook import Facebook
from platforms.failures import Failure
from platforms.sandbox import facebook as twin
from platforms.sandbox.wire import answer as answered
from platforms.tests.files import film, picture
from platforms.transport import Answer

CAFE = "104218859077316"


def draft(text: str = "", *media: MediaFile, **options: Json) -> Draft:
    kind = Facebook.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), options, kind)


# --- before sending ---


def codes(drafted: Draft) -> list[str]:
    return [finding.code for finding in Facebook.check(drafted, {})]


def test_what_is_in_order_has_no_findings() -> None:
    options: dict[str, Json] = {
        option.name: option.example
        for option in Facebook.options
        if option.example and "text" in option.kinds
    }

    assert codes(draft("Rye", **options)) == []
    assert codes(draft("Rye", picture())) == []
    assert codes(draft("Crumb", film(), kind="reel", collaborator=CAFE)) == []
    assert codes(draft("", film(), kind="story")) == []


@pytest.mark.parametrize(
    ("drafted", "code"),
    [
        (draft("x" * 63_207), "text_too_long"),
        (draft("x" * 2201, film(), kind="reel"), "text_too_long"),
        (draft("", kind="story"), "media_required"),
        (draft("Crumb", film(seconds=2), kind="reel"), "video_length"),
        (draft("Crumb", film(size=(960, 540)), kind="reel"), "media_ratio"),
        (draft("", film(), picture(), kind="story"), "mixed_media"),
        (draft("", picture(), kind="story", first_comment="Hello"), None),
        (draft("Both", picture(), film()), "mixed_media"),
        (draft("Many", *[picture()] * 11), "too_many_images"),
        (draft("Rye", picture(), link="https://a.example/"), "link_beside_media"),
        (draft("Rye", link="https://www.facebook.com/a"), "link_to_facebook"),
        (draft("Baking", film(), button="SHOP_NOW"), "option_required"),
        (draft("Rye", place="Freiburg"), "option_invalid"),
        (draft("Rye", countries=["Germany"]), "option_invalid"),
        (draft("Not shown", picture(), kind="story"), "text_left_out"),
    ],
)
def test_what_facebook_would_refuse_is_found_before(drafted: Draft, code: str | None) -> None:
    assert (code in codes(drafted)) if code else codes(drafted) == []


# --- failures ---


@pytest.mark.parametrize("failure", Facebook.failures, ids=lambda failure: failure.code or failure.words)
def test_every_refusal_is_understood(failure: Failure) -> None:
    refusal = twin.DIALECT.refuse(failure.code or failure.words)  # type: ignore[misc]
    response = answered(refusal)
    given = Answer("POST", "/", response.status_code, dict(response.headers), response.content)

    error = Facebook.classify(given)

    assert (type(error), error.message) == (failure.kind, failure.message)


def test_a_number_of_seven_digits_is_known_as_a_code_too() -> None:
    body = b'{"error":{"message":"Links to Facebook","code":1609008}}'

    assert "links to itself" in Facebook.classify(Answer("POST", "/", 400, {}, body)).message


def test_what_meta_calls_passing_is_in_doubt_after_a_write_and_nothing_after_a_read() -> None:
    body = b'{"error":{"message":"Try later","code":100,"is_transient":true}}'

    assert type(Facebook.classify(Answer("POST", "/", 400, {}, body))) is OutcomeUnknown
    assert type(Facebook.classify(Answer("GET", "/", 400, {}, body))) is Unavailable
