"""What YouTube's client knows without asking: what is wrong before sending, what refusals mean, push."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from platforms._google import next_day
from platforms.base import Connection
from platforms.content import App, Draft, Event, Incoming
from platforms.errors import (
    Duplicate,
    MediaRejected,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Unavailable,
)
from platforms.failures import Failure
from platforms.sandbox import youtube as twin
from platforms.sandbox.models import Entry, Note, Person
from platforms.tests.files import film, picture
from platforms.tests.youtube_drafts import draft, wide
from platforms.transport import Answer, Transport
from platforms.youtube import YouTube
from platforms.youtube_shorts import YouTubeShorts


@pytest.fixture
def client() -> YouTube:
    return YouTube(Connection(App("sandbox", webhook_secret="hook-secret"), Transport()))


# --- before sending ---


def codes(platform: type[YouTube], wanted: Draft, limits: Any = None) -> set[str]:
    return {found.code for found in platform.check(wanted, limits or {})}


def test_what_is_right_has_no_findings() -> None:
    everything = {option.name: option.example for option in YouTube.options}
    limits = {
        "choices": {
            "categories": [["26", "Howto & Style"]],
            "playlists": [["PLmorgenrotOven", "At the oven"]],
        }
    }

    assert codes(YouTube, draft(wide(), picture(), **everything), limits) == set()


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        (draft(made_for_kids=""), "option_required", "options.made_for_kids"),
        (draft(text="<b>Rye</b>"), "forbidden_characters", "text"),
        (draft(title="Rye > wheat"), "forbidden_characters", "options.title"),
        (draft(title="x" * 101), "option_too_long", "options.title"),
        (draft(text="", title=""), "title_required", "options.title"),
        (draft(text="é" * 2501), "text_too_long", "text"),
        (draft(text=" ".join(f"#tag{n}" for n in range(61))), "many_hashtags", "text"),
        (draft(tags=["a b" * 50, "c" * 348]), "tags_too_long", "options.tags"),
        (draft(tags=["<"]), "forbidden_characters", "options.tags"),
        (draft(brand_partner="the mill"), "option_invalid", "options.brand_partner"),
        (draft(first_comment="Hi", privacy="private"), "comment_impossible", "options.first_comment"),
        (draft(first_comment="Hi", made_for_kids="yes"), "comment_impossible", "options.first_comment"),
        (draft(playlist="PLgone"), "option_invalid", "options.playlist"),
        (draft(picture()), "video_required", "media"),
        (draft(wide(), wide()), "too_many_videos", "media"),
        (draft(wide(), picture(), picture()), "too_many_images", "media"),
        (draft(replace(wide(), seconds=43_300.0)), "video_length", "media"),
    ],
)
def test_what_youtube_would_refuse_is_found_before(wanted: Draft, code: str, field: str) -> None:
    assert (code, field) in {(found.code, found.field) for found in YouTube.check(wanted, {})}


def test_a_channel_that_is_not_verified_has_fifteen_minutes() -> None:
    long = draft(replace(wide(), seconds=1000.0))

    assert codes(YouTube, long, {"long_uploads": "allowed"}) == set()
    assert codes(YouTube, long, {"long_uploads": "eligible"}) == {"video_length"}


def test_tags_count_as_youtube_counts_them() -> None:
    assert codes(YouTube, draft(tags=["a" * 249, "b" * 250])) == set()  # 249 + 1 + 250
    assert codes(YouTube, draft(tags=["a" * 249, "b " + "b" * 248])) == {"tags_too_long"}  # and two quotes


def test_a_video_that_lies_or_is_too_long_is_no_short() -> None:
    lying, long = draft(wide()), draft(replace(film(), seconds=181.0))

    assert "media_ratio" in codes(YouTubeShorts, lying)
    assert "video_length" in codes(YouTubeShorts, long)
    assert codes(YouTubeShorts, draft(film())) == set()
    assert codes(YouTubeShorts, draft(film(), picture(size=(960, 540)))) == {"thumbnail_shape"}
    assert codes(YouTubeShorts, draft(replace(film(), width=700, height=700))) == set()


def test_a_vertical_video_is_told_to_become_a_short() -> None:
    assert codes(YouTube, draft(film())) == {"becomes_short"}
    assert codes(YouTube, draft(replace(film(), seconds=200.0))) == set()


# --- what its refusals mean ---


def refusal(code: str, method: str = "GET") -> Answer:
    """As the twin refuses with a code."""
    assert twin.DIALECT.refuse is not None
    refused = twin.DIALECT.refuse(code)
    return Answer(
        method, "https://youtube.googleapis.com/", refused.status, {}, json.dumps(refused.body).encode()
    )


@pytest.mark.parametrize("failure", YouTube.failures, ids=lambda failure: failure.code)
def test_every_refusal_is_understood(failure: Failure) -> None:
    answer = refusal(failure.code)

    error = YouTube.classify(answer)

    assert type(error) is failure.kind
    assert error.message == failure.message
    assert error.action


def test_a_quota_of_a_day_holds_until_midnight_in_california() -> None:
    error = YouTube.classify(refusal("quotaExceeded"))

    assert isinstance(error, RateLimited)
    assert error.retry_at == next_day()
    assert "<a" not in YouTube.said(refusal("quotaExceeded")).sentence


@pytest.mark.parametrize("code", ["internalError", "somethingNew"])
def test_what_broke_off_is_unknown_for_writes_only(code: str) -> None:
    read, written = refusal(code), refusal(code, "POST")

    if read.status == 500:
        assert isinstance(YouTube.classify(read), Unavailable)
        assert isinstance(YouTube.classify(written), OutcomeUnknown)
    else:
        assert "Bad Request" in YouTube.classify(written).message


@pytest.mark.parametrize(
    ("state", "reason", "kind", "words"),
    [
        ("rejected", "duplicate", Duplicate, "has this very video"),
        ("rejected", "length", MediaRejected, "too long for this channel"),
        ("rejected", "uploaderAccountSuspended", PermissionMissing, "suspended"),
        ("failed", "codec", MediaRejected, "codec"),
        ("failed", "somethingNew", MediaRejected, "somethingNew"),
    ],
)
def test_a_video_that_is_thrown_out_says_why(
    state: str, reason: str, kind: type[PlatformError], words: str
) -> None:
    name = "rejectionReason" if state == "rejected" else "failureReason"

    with pytest.raises(kind, match=words) as error:
        YouTube._refuse_thrown_out({"uploadStatus": state, name: reason})

    assert error.value.action


# --- push ---


def incoming(body: bytes = b"", headers: dict[str, str] | None = None, **query: str) -> Incoming:
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    asked = {name.replace("_", ".", 1): value for name, value in query.items()}
    return Incoming("POST" if body else "GET", "https://desk.example/hook", lower, asked, body)


TOPIC = "https://www.youtube.com/xml/feeds/videos.xml?channel_id=UCmorgenrotBakery0000001"


def test_the_hub_is_greeted_where_it_asks_for_a_feed_of_youtube(client: YouTube) -> None:
    asked = {"hub_mode": "subscribe", "hub_topic": TOPIC, "hub_challenge": "4711"}

    assert client.greet_webhook(incoming(**asked)) == "4711"
    assert client.greet_webhook(incoming(**asked, hub_verify_token="hook-secret")) == "4711"
    assert client.greet_webhook(incoming(**asked, hub_verify_token="guessed")) is None
    assert client.greet_webhook(incoming(**{**asked, "hub_topic": "https://evil.example/"})) is None
    assert client.greet_webhook(incoming()) is None


@pytest.fixture
def video() -> Entry:
    baker = Person(network="youtube", remote_id="UCmorgenrotBakery0000001", name="Morgenrot Bakery")
    return Entry(
        person=baker,
        remote_id="dQw4w9WgXcQ",
        body={"snippet": {"title": "Rye & oats"}},
        created_at=timezone.now(),
    )


def test_a_notification_tells_of_a_video(client: YouTube, video: Entry) -> None:
    headers, body = twin.webhook(Note(entry=video), "hook-secret")

    request = incoming(body, headers)
    [event] = client.parse_webhook(request)

    assert client.verify_webhook(request)
    assert (event.kind, event.account_id, event.remote_id) == (
        "post_published",
        "UCmorgenrotBakery0000001",
        "dQw4w9WgXcQ",
    )
    assert event.extra["title"] == "Rye & oats"


def test_a_notification_that_comes_twice_tells_the_same(client: YouTube, video: Entry) -> None:
    request = incoming(twin.notification(video))

    assert client.parse_webhook(request) == client.parse_webhook(request)


def test_a_forged_notification_is_refused(client: YouTube, video: Entry) -> None:
    body = twin.notification(video)
    signature = hmac.new(b"other", body, hashlib.sha1).hexdigest()
    nobody = YouTube(Connection(App("sandbox"), Transport()))
    empty = hmac.new(b"", body, hashlib.sha1).hexdigest()

    assert not client.verify_webhook(incoming(body, {"X-Hub-Signature": f"sha1={signature}"}))
    assert not client.verify_webhook(incoming(body))
    assert not nobody.verify_webhook(incoming(body, {"X-Hub-Signature": f"sha1={empty}"}))


def test_a_deletion_is_told(client: YouTube) -> None:
    body = (
        b'<feed xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">'
        b'<at:deleted-entry ref="yt:video:dQw4w9WgXcQ" when="2026-11-20T10:00:00+00:00"><at:by><name>B</name>'
        b"<uri>https://www.youtube.com/channel/UC1</uri></at:by></at:deleted-entry></feed>"
    )

    [event] = client.parse_webhook(incoming(body))

    assert event == Event("other", "UC1", "dQw4w9WgXcQ", extra={"what": "deleted"})


@pytest.mark.parametrize("body", [b"<feed", b'<!DOCTYPE a [<!ENTITY b "c">]><feed>&b;</feed>', b"<feed/>"])
def test_what_is_no_feed_tells_nothing(client: YouTube, body: bytes) -> None:
    assert client.parse_webhook(incoming(body)) == []
