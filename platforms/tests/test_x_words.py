"""What X's client knows without asking X: what its refusals mean, and what it would refuse."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

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
