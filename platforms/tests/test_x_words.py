"""What X's client knows without asking X: what its refusals mean, and what it would refuse."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from platforms._x_rules import post_id_of
from platforms.content import Draft, Json, MediaFile, Part
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
from platforms.transport import Answer
from platforms.x import X


def picture(name: str = "loaf.png", alt: str = "", size: int = 40) -> MediaFile:
    content = io.BytesIO()
    Image.new("RGB", (size, size), "#b4552d").save(content, "PNG")
    raw = content.getvalue()
    return MediaFile(name, "image/png", len(raw), size, size, lambda: io.BytesIO(raw), alt)


def draft(*texts: str, media: tuple[MediaFile, ...] = (), **options: Json) -> Draft:
    parts = tuple(Part(text, media if n == 0 else ()) for n, text in enumerate(texts))
    return Draft("key", datetime.now(UTC), parts, options)


# --- its refusals ---

PROBLEMS = "https://api.x.com/2/problems/"
DETAILS: list[tuple[int, dict[str, Any] | str, type[PlatformError], str]] = [
    (
        400,
        {"type": PROBLEMS + "invalid-request", "errors": [{"message": "$.foo: no"}]},
        InvalidContent,
        "$.foo: no",
    ),
    (400, {"detail": "The Tweet contains an invalid URL."}, InvalidContent, "link"),
    (403, {"detail": "Posts are limited to a maximum of one cashtag."}, InvalidContent, "cashtag"),
    (401, {"title": "Unauthorized", "type": "about:blank", "status": 401}, TokenExpired, "no longer"),
    (
        402,
        {"title": "CreditsDepleted", "type": "https://api.twitter.com/2/problems/credits"},
        PermissionMissing,
        "credits",
    ),
    (402, {"title": "Payment Required", "type": PROBLEMS + "credits-depleted"}, PermissionMissing, "credits"),
    (403, {"type": PROBLEMS + "unsupported-authentication"}, PermissionMissing, "permission"),
    (
        403,
        {"type": PROBLEMS + "client-forbidden", "reason": "client-not-enrolled"},
        PermissionMissing,
        "this app",
    ),
    (403, {"detail": "You are not permitted to perform this action."}, InvalidContent, "too long"),
    (
        403,
        {"detail": "Reply to this conversation is not allowed because you have not"},
        PermissionMissing,
        "reply",
    ),
    (403, {"detail": "Quoting this post is not allowed."}, PermissionMissing, "quote"),
    (
        403,
        {"detail": "You attempted to reply to a Tweet that is deleted or not visible to you."},
        NotFound,
        "not there",
    ),
    (
        403,
        {"detail": "This user is not allowed to post a video longer than 2 minutes."},
        MediaRejected,
        "too long",
    ),
    (403, {"detail": "Your account is not permitted to access this feature"}, PermissionMissing, "may not"),
    (
        403,
        {"detail": "Your account is suspended and is not permitted to access this feature."},
        PermissionMissing,
        "suspended",
    ),
    (
        403,
        {
            "errors": [
                {
                    "code": 326,
                    "message": "To protect our users from spam and other malicious activity, this "
                    "account is temporarily locked.",
                }
            ]
        },
        PermissionMissing,
        "locked",
    ),
    (
        403,
        {"detail": "This request looks like it might be automated. To protect our users from spam"},
        PermissionMissing,
        "robot",
    ),
    (404, {"type": PROBLEMS + "resource-not-found"}, NotFound, "any more"),
    (403, {"type": PROBLEMS + "not-authorized-for-resource"}, NotFound, "not show"),
    (409, {"title": "Conflict"}, Unavailable, "busy"),
    (413, {"title": "Payload Too Large"}, MediaRejected, "Payload"),
    (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, RateLimited, "slow down"),
    (429, {"title": "UsageCapExceeded", "type": PROBLEMS + "usage-capped"}, RateLimited, "slow down"),
    (500, {"type": PROBLEMS + "internal-error"}, OutcomeUnknown, "500"),
    (503, "<h1>Service Unavailable</h1>", OutcomeUnknown, "503"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), DETAILS)
def test_what_x_says_is_understood(
    status: int, body: dict[str, Any] | str, kind: type[PlatformError], words: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    answer = Answer("POST", "https://api.x.com/2/tweets", status, {}, content.encode())

    error = X.classify(answer)

    assert type(error) is kind
    assert words in error.message
    assert error.status == status
    assert error.action


def test_a_day_that_is_used_up_counts_over_the_quarter_of_an_hour() -> None:
    headers = {
        "x-rate-limit-limit": "100", "x-rate-limit-remaining": "40", "x-rate-limit-reset": "2000000000",
        "x-user-limit-24hour-limit": "50", "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": "2000050000",
    }  # fmt: skip

    error = X.classify(Answer("POST", "https://api.x.com/2/tweets", 429, headers, b""))

    assert isinstance(error, RateLimited)
    assert error.retry_at == datetime.fromtimestamp(2_000_050_000, UTC)


# --- before sending ---


def codes(plan: Draft, **limits: Json) -> set[tuple[str, int, str]]:
    return {(finding.code, finding.part, finding.severity) for finding in X.check(plan, limits)}


def test_a_plain_post_has_no_findings() -> None:
    assert codes(draft("Rye")) == set()


def test_every_part_of_a_thread_holds_something() -> None:
    assert codes(draft("One", " ")) == {("empty", 2, "error")}
    assert codes(draft("", "")) == {("empty", 1, "error")}


def test_length_is_weighted_and_larger_for_subscribers() -> None:
    assert ("text_too_long", 1, "error") in codes(draft("漢" * 141))
    assert codes(draft("漢" * 140)) == set()
    assert codes(draft("漢" * 141), subscription_type="Premium") == set()
    assert ("text_too_long", 1, "error") in codes(draft("a" * 25_001), subscription_type="PremiumPlus")
    assert ("text_too_long", 1, "error") in codes(draft("a" * 281), subscription_type="None")


def test_forbidden_characters_are_found_where_they_are() -> None:
    assert codes(draft("One", "Two\ufeff")) == {("forbidden_characters", 2, "error")}


def test_a_second_cashtag_is_a_warning() -> None:
    assert codes(draft("Buy $RYE and $OATS")) == {("many_cashtags", 1, "warning")}
    assert codes(draft("It costs $5 or $6, buy $RYE")) == set()


def test_a_link_is_said_to_cost_more() -> None:
    assert codes(draft("See https://example.com")) == {("link_costs", 1, "warning")}


def test_five_pictures_are_too_many() -> None:
    assert ("too_many_images", 1, "error") in codes(draft("x", media=(picture(alt="x"),) * 5))


def test_an_unknown_choice_is_found() -> None:
    assert codes(draft("x", reply_settings="nobody")) == {("option_invalid", 1, "error")}


def film(seconds: float = 3, size: tuple[int, int] = (540, 960)) -> MediaFile:
    return MediaFile("oven.mp4", "video/mp4", 9, *size, io.BytesIO, seconds=seconds)


@pytest.mark.parametrize(
    ("media", "options", "kind"),
    [
        ((), {}, "post"),
        ((picture(),), {}, "post"),
        ((film(),), {}, "video"),
        ((), {"poll": ["a", "b"]}, "poll"),
        ((), {"poll": []}, "post"),
    ],
)
def test_the_kind_follows_from_media_and_poll(
    media: tuple[MediaFile, ...], options: dict[str, Json], kind: str
) -> None:
    assert X.kind_for(media, options).name == kind


def said(plan: Draft, **limits: Json) -> dict[str, str]:
    """What the preflight says, by field."""
    plan = replace(plan, kind=X.kind_for(plan.media, plan.options).name)
    return {finding.field: finding.message for finding in X.check(plan, limits)}


@pytest.mark.parametrize(
    ("plan", "field", "words"),
    [
        (draft("x", media=(picture(alt="x"),), poll=["a", "b"]), "options.poll", "without pictures"),
        (draft("", poll=["a", "b"]), "options.poll", "needs a question"),
        (draft("x", poll=["a"]), "options.poll", "2 at least"),
        (draft("x", poll=["a", "b", "c", "d", "e"]), "options.poll", "4 at most"),
        (draft("x", poll=["a", "漢" * 13]), "options.poll", "1 to 25"),
        (draft("x", poll=["a", "b"], poll_minutes=4), "options.poll_minutes", "5 at least"),
        (draft("x", poll=["a", "b"], poll_minutes=10_081), "options.poll_minutes", "10080 at most"),
        (draft("x", quote="1", media=(picture(alt="x"),)), "options.quote", "beside media"),
        (draft("x", quote="1", poll=["a", "b"]), "options.quote", "a poll"),
        (draft("x", quote="https://example.com"), "options.quote", "address of a post"),
        (draft("x", tagged=["mina"]), "options.tagged", "Add a picture"),
        (draft("x", tagged=["two words"], media=(picture(alt="x"),)), "options.tagged", "15 letters"),
        (draft("x", community="bakers"), "options.community", "address of a community"),
        (draft("x", media=(film(1300),)), "media", "20 min at most"),
        (draft("x", media=(film(0.3),)), "media", "at least"),
        (draft("x", media=(film(size=(400, 1600)),)), "media", "too narrow"),
        (draft("x", media=(film(141),)), "media", "140 seconds"),
    ],
)
def test_what_x_would_refuse_is_found_before(plan: Draft, field: str, words: str) -> None:
    assert words in said(plan)[field]


def test_subscribers_post_longer_videos() -> None:
    assert "media" not in said(draft("x", media=(film(7000),)), subscription_type="Premium")
    assert "2 h 5 min" in said(draft("x", media=(film(7600),)), subscription_type="Premium")["media"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("123", "123"),
        ("https://x.com/bob/status/123?s=20", "123"),
        ("https://twitter.com/i/web/status/123", "123"),
        ("https://x.com/bob", ""),
        ("bob 123", ""),
    ],
)
def test_a_post_is_named_by_address_or_id(written: str, found: str) -> None:
    assert post_id_of(written) == found
