"""LinkedIn's words: what is found before sending, its options, little text, and how long a limit holds."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from platforms._linkedin_text import little, made_at, plain, post_at, quoted
from platforms.content import Draft, Json, MediaFile, Part
from platforms.errors import RateLimited
from platforms.linkedin import LinkedIn
from platforms.tests.files import film, paper, picture
from platforms.transport import Answer


def draft(text: str, *media: MediaFile, **options: Json) -> Draft:
    kind = LinkedIn.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), options, kind)


# --- before sending ---


def findings(limits: dict[str, Json] | None = None, *media: MediaFile, **options: Json) -> list[str]:
    text = str(options.pop("text", "Rye"))
    found = LinkedIn.check(draft(text, *media, **options), limits or {"kind": "organization"})
    return sorted(f"{finding.field}: {finding.code}" for finding in found)


ANSWERS: list[Json] = ["Rye", "Wheat"]
MEMBER: dict[str, Json] = {"kind": "member"}


@pytest.mark.parametrize(
    ("limits", "media", "options", "found"),
    [
        (None, (), {}, []),
        (None, (), {"text": "a" * 3001}, ["text: text_too_long"]),
        (None, (), {"text": ""}, ["text: empty"]),
        (None, (picture(),) * 20, {}, []),
        (None, (picture(),) * 21, {}, ["media: too_many_images"]),
        (None, (picture(), film()), {}, ["media: mixed_media", "media: too_many_videos"]),
        (None, (film(seconds=1),), {}, ["media: video_length"]),
        (None, (paper(),), {"title": "Menu"}, []),
        (None, (), {"poll_question": "Rye?", "poll_options": ANSWERS}, []),
        (None, (), {"poll_question": "Rye?"}, ["options.poll_options: option_required"]),
        (
            None,
            (),
            {"poll_question": "Rye?", "poll_options": ["Yes"]},
            ["options.poll_options: option_too_few"],
        ),
        (
            None,
            (picture(),),
            {"poll_question": "Rye?", "link": "https://example.com"},
            ["options.link: option_conflict", "options.poll_question: option_conflict"],
        ),
        (None, (), {"reshare": "https://www.linkedin.com/feed/update/urn:li:share:7000000000000000001/"}, []),
        (None, (), {"reshare": "https://example.com/"}, ["options.reshare: option_invalid"]),
        (
            None,
            (),
            {"no_comments": True, "first_comment": "More"},
            ["options.first_comment: option_conflict"],
        ),
        (None, (), {"visibility": "CONNECTIONS"}, ["options.visibility: option_invalid"]),
        (MEMBER, (), {"visibility": "CONNECTIONS"}, []),
        (None, (), {"audience": ["urn:li:geo:1"]}, []),
        (None, (), {"audience": ["Berlin"]}, ["options.audience: option_invalid"]),
        (MEMBER, (), {"audience": ["urn:li:geo:1"]}, ["options.audience: option_invalid"]),
    ],
)
def test_what_linkedin_would_refuse_is_found_before(
    limits: dict[str, Json] | None, media: tuple[MediaFile, ...], options: dict[str, Any], found: list[str]
) -> None:
    assert findings(limits, *media, **options) == found


@pytest.mark.parametrize("option", LinkedIn.options, ids=lambda option: option.name)
def test_every_options_example_is_one(option: Any) -> None:
    assert list(option.problems(option.example, {})) == []


# --- little text ---


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Plain text.", "Plain text."),
        (r"\ | { } @ [ ] ( ) < > # * _ ~", r"\\ \| \{ \} \@ \[ \] \( \) \< \> \# \* \_ \~"),
        ("#rye and #1 and a#b", r"#rye and \#1 and a\#b"),
        ("#two_words", r"{hashtag|\#|two\_words}"),
        ("@[Ann (Lee)](urn:li:person:a-B_1)", r"@[Ann \(Lee\)](urn:li:person:a-B_1)"),
        ("@[Nobody](https://example.com)", r"\@\[Nobody\]\(https://example.com\)"),
        ("https://example.com/a_b?c=(d)#e", r"https://example.com/a\_b?c=\(d\)\#e"),
    ],
)
def test_reserved_characters_are_escaped_and_markup_stays(text: str, written: str) -> None:
    assert little(text) == written
    assert plain(written) == text


def test_urns_in_addresses() -> None:
    urn = "urn:li:share:7000000000000000001"

    assert quoted("urn:li:comment:(urn:li:activity:1,5)") == (
        "urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A1%2C5%29"
    )
    assert post_at(f"https://www.linkedin.com/feed/update/{quoted(urn)}?a=b") == urn
    assert post_at("https://www.linkedin.com/in/jana-2024") == ""
    assert made_at(urn).year == 2022


def test_a_minutes_limit_holds_for_a_minute() -> None:
    said = {"status": 429, "code": "TOO_MANY_REQUESTS", "message": "Throttle MEMBER MINUTE limit is reached."}
    error = LinkedIn.classify(Answer("POST", "https://api.linkedin.com", 429, {}, json.dumps(said).encode()))

    assert isinstance(error, RateLimited)
    assert error.retry_at is not None
    assert timedelta(seconds=50) < error.retry_at - datetime.now(UTC) <= timedelta(seconds=60)
