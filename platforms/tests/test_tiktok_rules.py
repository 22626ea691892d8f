"""What TikTok's client says before it sends: findings, notices, and how a file is cut."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from platforms._tiktok_post import limits_of
from platforms._tiktok_upload import PIECE, WHOLE, Plan, send
from platforms._tiktok_words import PRIVATE, PUBLIC
from platforms.content import Draft, Json
from platforms.errors import MediaRejected, OutcomeUnknown, PlatformError, RateLimited, Unavailable
from platforms.tests.files import film, medium, picture
from platforms.tests.tiktok_drafts import draft
from platforms.tiktok import TikTok
from platforms.transport import Answer

CREATOR: dict[str, Json] = {
    "privacy_level_options": [PUBLIC, "MUTUAL_FOLLOW_FRIENDS", PRIVATE],
    "comment_disabled": False,
    "duet_disabled": False,
    "stitch_disabled": False,
    "max_video_post_duration_sec": 300,
}
LIMITS = limits_of(CREATOR)


@pytest.mark.parametrize(
    ("size", "piece", "count"),
    [
        (1, 1, 1),
        (4_999_999, 4_999_999, 1),
        (WHOLE - 1, WHOLE - 1, 1),
        (WHOLE, PIECE, 2),
        (29_999_999, PIECE, 2),
        (50_000_123, PIECE, 5),
        (4_294_967_296, PIECE, 429),
    ],
)
def test_the_rest_is_merged_into_the_last_piece(size: int, piece: int, count: int) -> None:
    plan = Plan(size)

    assert (plan.piece, plan.count) == (piece, count)
    assert count == 1 or size - plan.last < 2 * PIECE


# --- before sending ---


def told(status: int, stored: str = "") -> Answer:
    """What the host of the bytes answers."""
    headers = {"Content-Range": stored} if stored else {}
    return Answer("PUT", "https://open-upload.tiktokapis.com/video/", status, headers, b"")


@pytest.mark.parametrize("stored", [PIECE, PIECE - 1])
def test_what_is_stored_is_understood_as_a_count_or_an_index(stored: int) -> None:
    answer = told(416, f"bytes 0-{stored}/{WHOLE}")

    assert Plan(WHOLE).stored(answer) == PIECE
    assert Plan(WHOLE).stored(told(416)) is None
    assert Plan(WHOLE).stored(told(416, "bytes 0-77/100")) is None


@pytest.mark.parametrize("stored", ["", "bytes 0-0/1000", "bytes 0-77/1000"])
def test_an_upload_that_tiktok_cannot_place_is_left_for_later(stored: str) -> None:
    with pytest.raises(Unavailable):
        send(medium("oven.mp4", bytes(1000), "video/mp4"), lambda _chunk: told(416, stored), 0, 1000)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, MediaRejected), (429, RateLimited), (500, OutcomeUnknown), (503, Unavailable)],
)
def test_a_refused_piece_is_told_apart(status: int, kind: type[PlatformError]) -> None:
    with pytest.raises(kind):
        send(medium("oven.mp4", bytes(1000), "video/mp4"), lambda _chunk: told(status), 0, 1000)


def codes(post: Draft) -> dict[str, str]:
    return {finding.code: finding.field for finding in TikTok.check(post, LIMITS)}


def test_a_whole_post_has_nothing_against_it() -> None:
    assert codes(draft(film())) == {}
    assert codes(draft(picture(url="https://desk.example/1.jpg"))) == {}


@pytest.mark.parametrize(
    ("post", "code", "field"),
    [
        (lambda: draft(film(), privacy=""), "option_required", "options.privacy"),
        (lambda: draft(film(), privacy="FOLLOWER_OF_CREATOR"), "option_invalid", "options.privacy"),
        (draft, "media_required", "media"),
        (lambda: draft(film(), picture(url="https://desk.example/1.jpg")), "too_many_images", "media"),
        (lambda: draft(film(), text="🥖" * 1101), "text_too_long", "text"),
        (lambda: draft(picture()), "media_unreachable", "media"),
        (lambda: draft(film(seconds=1, size=(320, 960))), "media_too_small", "media"),
        (lambda: draft(replace(film(), seconds=301.0)), "video_length", "media"),
        (lambda: draft(film(), disclose=True), "disclosure_incomplete", "options.disclose"),
        (
            lambda: draft(film(), disclose=True, branded_content=True, privacy=PRIVATE),
            "branded_private",
            "options.privacy",
        ),
        (lambda: draft(film(), cover_time=4000), "cover_missing", "options.cover_time"),
        (
            lambda: draft(picture(url="https://desk.example/1.jpg"), cover_photo=2),
            "cover_missing",
            "options.cover_photo",
        ),
        (
            lambda: draft(picture(url="https://desk.example/1.jpg"), title="🥖" * 46),
            "option_too_long",
            "options.title",
        ),
        (lambda: draft(film(), kind="draft"), "text_not_sent", "text"),
    ],
)
def test_what_tiktok_would_refuse_is_said_before(post: Callable[[], Draft], code: str, field: str) -> None:
    assert codes(post()).get(code) == field


def test_thirty_six_photos_are_too_many() -> None:
    photos = [picture(url="https://desk.example/1.jpg")] * 36

    assert "too_many_images" in codes(draft(*photos))


def test_a_draft_is_free_of_the_accounts_choices() -> None:
    post = draft(replace(film(), seconds=500.0), text="", kind="draft", privacy="", disclose=True)

    assert codes(post) == {}


def test_what_the_creator_switched_off_cannot_be_allowed() -> None:
    limits = limits_of({**CREATOR, "comment_disabled": True, "duet_disabled": True})

    findings = TikTok.check(draft(film(), allow_comment=True, allow_duet=True), limits)

    assert {finding.field for finding in findings} == {"options.allow_comment", "options.allow_duet"}
    assert all("switched off" in finding.message for finding in findings)


def test_nothing_is_chosen_beforehand() -> None:
    assert {option.name: option.default for option in TikTok.options if option.default} == {}


@pytest.mark.parametrize(
    ("options", "label", "links"),
    [
        ({}, "", ["Music Usage Confirmation"]),
        ({"disclose": True, "your_brand": True}, "Promotional content", ["Music Usage Confirmation"]),
        (
            {"disclose": True, "your_brand": True, "branded_content": True},
            "Paid partnership",
            ["Branded Content Policy", "Music Usage Confirmation"],
        ),
        ({"branded_content": True}, "", ["Music Usage Confirmation"]),
    ],
)
def test_people_read_what_tiktok_wants_them_to(
    options: dict[str, Json], label: str, links: list[str]
) -> None:
    notices = TikTok.notices(options)

    assert [words for notice in notices for words, _ in notice.links] == links
    assert f"“{label}”" in notices[0].text if label else "agree" in notices[0].text
    assert all(address.startswith("https://www.tiktok.com/legal/") for n in notices for _, address in n.links)
    assert "few minutes" in notices[-1].text


def test_whoever_sends_a_draft_agrees_to_nothing_here() -> None:
    [notice] = TikTok.notices({"kind": "draft"})

    assert "inbox" in notice.text
    assert notice.links == ()
