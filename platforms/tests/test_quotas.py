"""What posts take out of the networks' quotas, and how windows roll."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from platforms.content import Draft, MediaFile, Part
from platforms.errors import RateLimited
from platforms.quotas import DAY, MINUTE, Cost, Quota
from platforms.registry import PLATFORMS
from platforms.tests.files import medium
from platforms.transport import Answer

NIGHT = datetime(2030, 5, 6, 6, 59, tzinfo=UTC)  # a minute before midnight in California


def picture(alt: str = "") -> MediaFile:
    return medium("cake.jpg", b"", "image/jpeg", (1080, 1080), alt=alt)


def film() -> MediaFile:
    return medium("oven.mp4", b"", "video/mp4", (1080, 1920), seconds=9.0)


def draft(*texts: str, media: tuple[MediaFile, ...] = (), kind: str = "post", **options: Any) -> Draft:
    first, *rest = texts or ("Bread",)
    parts = (Part(first, media), *(Part(text) for text in rest))
    return Draft("key", NIGHT, parts, options, kind)


@pytest.mark.parametrize(
    ("network", "post", "costs"),
    [
        ("x", draft(), {"posts": 1, "USD": 0.015}),
        ("x", draft("Read https://example.org", "and this"), {"posts": 2, "USD": 0.215}),
        ("x", draft(media=(picture("A cake"), picture())), {"posts": 1, "USD": 0.02}),
        ("linkedin", draft(kind="text"), {"requests": 1}),
        ("facebook", draft(kind="text"), {}),
        ("facebook", draft(kind="reel", media=(film(),)), {"reels": 1}),
        (
            "facebook",
            draft(kind="reel", media=(film(),), collaborator="12"),
            {"reels": 1, "reel invitations": 1},
        ),
        ("instagram", draft(kind="image", media=(picture(),)), {"posts": 1, "containers": 1}),
        ("instagram", draft(kind="carousel", media=(picture(),) * 3), {"posts": 1, "containers": 4}),
        (
            "instagram",
            draft(kind="image", media=(picture(),), first_comment="#bread"),
            {"posts": 1, "containers": 1, "comments": 1},
        ),
        (
            "instagram",
            draft(kind="story", media=(picture(),), first_comment="#bread"),
            {"posts": 1, "containers": 1},
        ),
        ("threads", draft(kind="text"), {"posts": 1}),
        ("threads", draft("1", "2", "3", kind="text", first_comment="4"), {"posts": 1, "replies": 3}),
        ("tiktok", draft(kind="video", media=(film(),)), {"uploads": 1, "posts": 1}),
        ("tiktok", draft(kind="draft", media=(film(),)), {"uploads": 1, "drafts": 1}),
        ("youtube", draft(kind="video", media=(film(),)), {"videos": 1, "units": 10}),
        (
            "youtube",
            draft(kind="video", media=(film(), picture()), playlist="PL1", first_comment="Hi"),
            {"videos": 1, "units": 162},
        ),
        ("youtube_shorts", draft(kind="short", media=(film(),)), {"videos": 1, "units": 10}),
        ("pinterest", draft(kind="image", media=(picture(),)), {"writes": 1}),
        ("pinterest", draft(kind="video", media=(film(),)), {"writes": 2}),
        ("bluesky", draft("1", "2"), {"points": 6}),
        ("bluesky", draft(replies="nobody"), {"points": 6}),
        ("mastodon", draft(media=(picture(), picture())), {"requests": 7, "posts": 1, "uploads": 2}),
        ("telegram", draft("1", "2", kind="photo", media=(picture(),) * 4), {"messages": 5}),
        ("google_business", draft(kind="update"), {"requests": 3, "edits": 1}),
    ],
)
def test_what_a_post_costs(network: str, post: Draft, costs: dict[str, float]) -> None:
    assert PLATFORMS[network].costs(post) == costs


@pytest.mark.parametrize("network", list(PLATFORMS))
def test_every_window_on_one_count_costs_the_same(network: str) -> None:
    costs: dict[str, set[tuple[Cost, ...]]] = {}
    for quota in PLATFORMS[network].quotas:
        costs.setdefault(quota.what, set()).add(quota.cost)

    assert all(len(known) == 1 for known in costs.values())


@pytest.mark.parametrize("network", list(PLATFORMS))
def test_names_of_what_is_counted_say_no_numbers(network: str) -> None:
    for quota in PLATFORMS[network].quotas:
        assert quota.what.replace(" ", "").replace("-", "").isalpha()


def test_most_windows_roll() -> None:
    quota = Quota("posts", 6, MINUTE)

    assert quota.since(NIGHT) == NIGHT - MINUTE
    assert quota.frees(NIGHT) == NIGHT + MINUTE


def test_a_day_may_begin_at_a_networks_own_midnight() -> None:
    quota = Quota("videos", 100, DAY, zone="America/Los_Angeles")
    midnight = datetime(2030, 5, 6, 7, tzinfo=UTC)

    assert quota.frees(NIGHT) == midnight
    assert quota.since(NIGHT) < midnight - DAY <= quota.since(NIGHT) + timedelta(seconds=1)
    assert quota.since(midnight) < midnight
    assert quota.frees(midnight) == midnight + DAY


# --- what refusals and headers say of the whole app ---


def refusal(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Answer(
        "POST", "https://network.example/2/tweets", status, headers or {}, json.dumps(body).encode()
    )


GOOGLE = {"error": {"code": 403, "message": "Out.", "errors": [{"reason": "quotaExceeded"}]}}
LINKEDIN = {"status": 429, "code": "TOO_MANY_REQUESTS"}
CAPPED = {
    "title": "UsageCapExceeded",
    "type": "https://api.twitter.com/2/problems/usage-capped",
    "status": 429,
}
THROTTLE = "Resource level throttle {} limit for calls to this resource is reached."


@pytest.mark.parametrize(
    ("network", "answer", "each"),
    [
        ("youtube", refusal(403, GOOGLE), "app"),
        ("x", refusal(429, CAPPED), "app"),
        ("x", refusal(429, {"title": "Too Many Requests", "status": 429}), "account"),
        ("linkedin", refusal(429, {**LINKEDIN, "message": THROTTLE.format("APPLICATION DAY")}), "app"),
        (
            "linkedin",
            refusal(429, {**LINKEDIN, "message": THROTTLE.format("APPLICATION_AND_MEMBER DAY")}),
            "account",
        ),
        ("tiktok", refusal(429, {"error": {"code": "rate_limit_exceeded"}}), "account"),
    ],
)
def test_a_refusal_for_too_much_says_who_is_to_wait(network: str, answer: Answer, each: str) -> None:
    error = PLATFORMS[network].classify(answer)

    assert isinstance(error, RateLimited)
    assert error.each == each


@pytest.mark.parametrize(
    ("prefix", "each"),
    [("x-rate-limit", "account"), ("x-user-limit-24hour", "account"), ("x-app-limit-24hour", "app")],
)
def test_xs_headers_say_whose_limit_they_tell_of(prefix: str, each: str) -> None:
    headers = {f"{prefix}-limit": "100", f"{prefix}-remaining": "0", f"{prefix}-reset": "1900000000"}

    limit = PLATFORMS["x"].rate_limit(refusal(201, {}, headers))

    assert limit is not None
    assert (limit.endpoint, limit.remaining, limit.each) == ("POST /2/tweets", 0, each)
    assert [q.limit for q in PLATFORMS["x"].quotas if (q.endpoint, q.each) == (limit.endpoint, each)] != []
