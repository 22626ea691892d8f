"""TikTok's client against its twin, over real HTTP."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms._tiktok_upload import PIECE, WHOLE
from platforms._tiktok_words import FAILURES, PRIVATE, PUBLIC
from platforms.base import Connection
from platforms.content import Draft, Incoming, MediaFile, Part, Published, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox import tiktok as twin
from platforms.sandbox.models import Call, Client, Entry, Fault, Grant, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.conftest import Shelf
from platforms.tests.connected import app_at, connected, token_of, way_out
from platforms.tests.files import film, medium, picture
from platforms.tests.tiktok_drafts import draft
from platforms.tiktok import SURELY_SHOWN, TikTok

pytestmark = pytest.mark.django_db(transaction=True)
INIT = "/v2/post/publish/video/init/"
PHOTO_INIT = "/v2/post/publish/content/init/"
INBOX_INIT = "/v2/post/publish/inbox/video/init/"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="tiktok", handle="morgenrot.bakery")


@pytest.fixture
def client(sandbox: str, baker: Person) -> TikTok:
    return cast(TikTok, connected("tiktok", sandbox, baker))


def publish(client: TikTok, post: Draft, ledger: MemoryLedger | None = None) -> Published:
    """Go on as often as TikTok asks us to come back."""
    ledger = ledger or MemoryLedger()
    for _ in range(8):
        try:
            return client.publish(post, ledger)
        except NotReady:
            continue
    raise AssertionError("it never ended")


def heavy(size: int) -> MediaFile:
    """A film that a box of zeros at its end makes as large as is wanted."""
    content = film().open().read()
    padding = size - len(content)
    content += padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    return replace(
        medium("oven.mp4", content, "video/mp4", (540, 960), seconds=3.0, fps=24.0, codecs=("h264", "aac"))
    )


def set_facts(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()


def fault(kind: str, path: str = "", **more: Any) -> None:
    Fault.objects.create(network="tiktok", kind=kind, path=path, **more)


def bodies(path: str) -> list[Any]:
    return list(
        Call.objects.filter(network="tiktok", path__endswith=path)
        .order_by("pk")
        .values_list("body", flat=True)
    )


def entries() -> list[Entry]:
    return list(Entry.objects.filter(network="tiktok", deleted_at=None))


# --- connecting ---


def test_a_person_connects_and_we_learn_what_they_may_do(client: TikTok, baker: Person) -> None:
    [profile] = client.profiles()

    assert (profile.remote_id, profile.handle, profile.name) == (baker.remote_id, baker.handle, baker.name)
    assert profile.url.endswith("/sandbox/tiktok/@morgenrot.bakery")
    assert requests.get(profile.avatar_url, timeout=5).headers["Content-Type"] == "image/png"
    assert profile.limits == {
        "choices": {
            "privacy": [
                [PUBLIC, "Everyone"],
                ["MUTUAL_FOLLOW_FRIENDS", "Friends (followers you follow back)"],
                [PRIVATE, "Only you"],
            ]
        },
        "unavailable": {},
        "max_video_seconds": 300,
    }


def test_a_plain_video_goes_out(client: TikTok) -> None:
    published = publish(client, draft(film()))

    [entry] = entries()
    assert published == Published(
        entry.remote_id, f"{client.app.auth_url}/@morgenrot.bakery/video/{entry.remote_id}"
    )
    assert bytes(entry.pictures[0].content) == film().open().read()
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_the_challenge_is_the_hash_in_hex(sandbox: str) -> None:
    client = TikTok(Connection(app_at(sandbox, "tiktok"), way_out(sandbox)))

    asked = client.authorize("state-1", {})

    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    assert query["code_challenge"] == hashlib.sha256(str(asked.kept["verifier"]).encode()).hexdigest()
    assert query["client_key"] == "sandbox"
    assert query["scope"] == ",".join(TikTok.scopes)
    assert "client_id" not in query


def test_a_person_who_says_no_is_not_connected(sandbox: str, baker: Person) -> None:
    client = TikTok(Connection(app_at(sandbox, "tiktok"), way_out(sandbox)))
    asked = client.authorize("state-1", {})

    with pytest.raises(PermissionMissing):
        client.exchange(allow(asked.url, baker, "deny"), asked.kept)


def test_a_refusal_inside_a_success_is_none_of_the_connection(sandbox: str, baker: Person) -> None:
    client = TikTok(Connection(app_at(sandbox, "tiktok"), way_out(sandbox)))
    asked = client.authorize("state-1", {})
    answer = allow(asked.url, baker)
    client.exchange(answer, asked.kept)

    with pytest.raises(TokenExpired) as error:
        client.exchange(answer, asked.kept)

    assert error.value.status == 200


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"client_secret": "wrong"}, ClientRefused, "client key"),
        ({"redirect_uri": "http://127.0.0.1/other/"}, ClientRefused, "return"),
    ],
)
def test_a_wrong_registration_is_the_operators_matter(
    sandbox: str, baker: Person, changes: dict[str, str], kind: type[PlatformError], words: str
) -> None:
    app = app_at(sandbox, "tiktok")
    asked = TikTok(Connection(app, way_out(sandbox))).authorize("state-1", {})
    answer = allow(asked.url, baker)

    with pytest.raises(kind, match=words):
        TikTok(Connection(replace(app, **changes), way_out(sandbox))).exchange(answer, asked.kept)


def test_a_refresh_brings_a_new_refresh_token_and_ends_the_old(client: TikTok) -> None:
    old = cast(Token, client.token)

    newer = client.refresh()

    assert newer.refresh not in {"", old.refresh}
    assert set(newer.scopes) == set(TikTok.scopes)
    assert newer.expires_at is not None
    assert newer.expires_at - datetime.now(UTC) > timedelta(minutes=119)
    with pytest.raises(TokenExpired):
        client.refresh()


def test_an_expired_token_says_so(client: TikTok) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1)), pytest.raises(TokenExpired):
        client.profiles()


@pytest.mark.parametrize(
    "kind", [Fault.Kind.BROKEN, Fault.Kind.HTML, Fault.Kind.EMPTY, Fault.Kind.DROP_BEFORE]
)
def test_a_passing_fault_of_a_refresh_ends_nothing(client: TikTok, kind: str) -> None:
    fault(kind, "/oauth/token/")

    with pytest.raises(Unavailable):
        client.refresh()


def test_a_connection_is_given_back_and_once_more_does_no_harm(client: TikTok) -> None:
    client.revoke()

    with pytest.raises(TokenExpired):
        client.profiles()
    client.revoke()


def test_without_a_permission_to_post_nobody_is_connected(sandbox: str, baker: Person) -> None:
    set_facts(baker, withholds=["video.publish", "video.upload"])

    with pytest.raises(PermissionMissing):
        connected("tiktok", sandbox, baker)


def test_an_account_that_allows_drafts_alone_is_told(sandbox: str, baker: Person) -> None:
    set_facts(baker, withholds=["video.publish", "user.info.stats"])
    client = connected("tiktok", sandbox, baker)

    findings = TikTok.check(draft(film()), client.connection.limits)

    assert client.connection.limits == client.account_limits() == {"only_drafts": True}
    assert {finding.code for finding in findings} == {"only_drafts", "option_invalid"}
    assert TikTok.check(draft(film(), text="", kind="draft"), client.connection.limits) == []
    assert publish(cast(TikTok, client), draft(film(), kind="draft")).permalink == ""


def test_an_account_that_is_full_for_today_connects_all_the_same(sandbox: str, baker: Person) -> None:
    set_facts(baker, refused="spam_risk_too_many_posts")

    client = connected("tiktok", sandbox, baker)

    assert client.connection.handle == "morgenrot.bakery"
    with pytest.raises(RateLimited):
        client.account_limits()


def test_a_private_account_has_other_audiences_and_no_duets(sandbox: str) -> None:
    client = connected("tiktok", sandbox, Person.objects.get(network="tiktok", handle="mina.makes"))

    limits = cast(dict[str, Any], client.account_limits())

    assert [value for value, _ in limits["choices"]["privacy"]] == [
        "FOLLOWER_OF_CREATOR",
        "MUTUAL_FOLLOW_FRIENDS",
        PRIVATE,
    ]
    assert set(limits["unavailable"]) == {"allow_duet", "allow_stitch"}
    assert limits["max_video_seconds"] == 180


# --- what leaves ---


def test_every_choice_of_a_video_leaves(client: TikTok) -> None:
    post = draft(
        film(),
        allow_comment=True,
        allow_stitch=True,
        disclose=True,
        your_brand=True,
        ai_generated=True,
        cover_time=1000,
    )

    publish(client, post)

    size = film().size
    [body] = bodies(INIT)
    assert body == {
        "post_info": {
            "title": "Fresh from the oven #bread",
            "privacy_level": PUBLIC,
            "disable_comment": False,
            "disable_duet": True,
            "disable_stitch": False,
            "brand_content_toggle": False,
            "brand_organic_toggle": True,
            "is_aigc": True,
            "video_cover_timestamp_ms": 1000,
        },
        "source_info": {
            "source": "FILE_UPLOAD",
            "video_size": size,
            "chunk_size": size,
            "total_chunk_count": 1,
        },
    }


def test_nothing_is_allowed_and_nothing_disclosed_by_itself(client: TikTok) -> None:
    publish(client, draft(film(), text="", your_brand=True, branded_content=True))

    assert bodies(INIT)[0]["post_info"] == {
        "privacy_level": PUBLIC,
        "disable_comment": True,
        "disable_duet": True,
        "disable_stitch": True,
        "brand_content_toggle": False,
        "brand_organic_toggle": False,
        "is_aigc": False,
    }


def test_a_video_that_tiktok_fetches(client: TikTok, shelf: Shelf) -> None:
    file = shelf(film())

    published = publish(client, draft(file, pull=True))

    [entry] = entries()
    assert bodies(INIT)[0]["source_info"] == {"source": "PULL_FROM_URL", "video_url": file.url}
    assert entry.body["publish_id"].startswith("v_pub_url~v2-1.")
    assert published.remote_id == entry.remote_id
    assert bytes(entry.pictures[0].content) == film().open().read()


def test_a_video_without_an_address_is_uploaded_whatever_was_chosen(client: TikTok) -> None:
    publish(client, draft(film(), pull=True))

    assert bodies(INIT)[0]["source_info"]["source"] == "FILE_UPLOAD"


def test_photos_with_their_choices(client: TikTok, shelf: Shelf) -> None:
    first, second = shelf(picture("one.jpg")), shelf(picture("two.webp", kind="WEBP"))
    post = draft(
        first,
        second,
        title="Two loaves",
        cover_photo=2,
        auto_music=True,
        ai_generated=True,
        disclose=True,
        branded_content=True,
    )

    published = publish(client, post)

    [entry] = entries()
    assert bodies(PHOTO_INIT) == [
        {
            "media_type": "PHOTO",
            "post_mode": "DIRECT_POST",
            "is_aigc": True,
            "post_info": {
                "title": "Two loaves",
                "description": "Fresh from the oven #bread",
                "privacy_level": PUBLIC,
                "disable_comment": True,
                "auto_add_music": True,
                "brand_content_toggle": True,
                "brand_organic_toggle": False,
            },
            "source_info": {
                "source": "PULL_FROM_URL",
                "photo_cover_index": 1,
                "photo_images": [first.url, second.url],
            },
        }
    ]
    assert published.permalink.endswith(f"/@morgenrot.bakery/photo/{entry.remote_id}")
    assert [picture.content_type for picture in entry.pictures] == ["image/jpeg", "image/webp"]
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_thirty_five_photos_are_one_post(client: TikTok, shelf: Shelf) -> None:
    photos = [shelf(picture(f"{n}.jpg")) for n in range(35)]

    publish(client, draft(*photos))

    assert len(entries()[0].pictures) == 35


def test_a_draft_of_a_video_waits_in_the_app(client: TikTok, shelf: Shelf) -> None:
    published = publish(client, draft(film(), kind="draft"))
    publish(client, draft(shelf(film()), kind="draft", pull=True))

    [pulled, sent] = entries()
    assert [list(body) for body in bodies(INBOX_INIT)] == [["source_info"], ["source_info"]]
    assert published == Published(sent.body["publish_id"], "")
    assert sent.body["publish_id"].startswith("v_inbox_file~v2.")
    assert pulled.body["publish_id"].startswith("v_inbox_url~v2.")
    assert bodies("creator_info/query/") == [{}]  # from connecting alone: drafts ask nobody's settings


def test_a_draft_of_photos_takes_its_words_along(client: TikTok, shelf: Shelf) -> None:
    publish(client, draft(shelf(picture()), kind="draft", title="Loaf", auto_music=True, ai_generated=True))

    [body] = bodies(PHOTO_INIT)
    assert body["post_mode"] == "MEDIA_UPLOAD"
    assert body["post_info"] == {"title": "Loaf", "description": "Fresh from the oven #bread"}
    assert set(body) == {"media_type", "post_mode", "post_info", "source_info"}


def test_requests_say_that_they_are_json_in_utf_8(client: TikTok, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    original = requests.Session.request

    def listen(self: requests.Session, method: str, url: str, **rest: Any) -> requests.Response:
        seen.append(f"{method} {rest['headers'].get('Content-Type')} {'Authorization' in rest['headers']}")
        return original(self, method, url, **rest)

    monkeypatch.setattr(requests.Session, "request", listen)
    publish(client, draft(film()))

    assert set(seen) == {"POST application/json; charset=UTF-8 True", "PUT video/mp4 False"}


# --- pieces ---


def statuses() -> list[int]:
    calls = Call.objects.filter(network="tiktok", method="PUT").order_by("pk")
    return [call.status for call in calls]


def test_a_large_video_goes_in_pieces(client: TikTok) -> None:
    file = heavy(WHOLE + 5_000_000)

    publish(client, draft(file))

    assert statuses() == [206, 201]
    assert bodies(INIT)[0]["source_info"] | {"source": ""} == {
        "source": "",
        "video_size": WHOLE + 5_000_000,
        "chunk_size": PIECE,
        "total_chunk_count": 2,
    }
    assert bytes(entries()[0].pictures[0].content) == file.open().read()


def test_an_upload_that_broke_off_goes_on_where_it_was(client: TikTok) -> None:
    file, ledger = heavy(WHOLE + PIECE), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "/upload/video/", skip=1)  # the second of three pieces

    with pytest.raises(Unavailable):
        client.publish(draft(file), ledger)
    publish(client, draft(file), ledger)

    # The first one again: TikTok says what it holds already, and the last goes on from there.
    assert statuses() == [206, 206, 416, 201]
    assert len(bodies(INIT)) == 1
    assert bytes(entries()[0].pictures[0].content) == file.open().read()


def test_an_upload_that_ran_out_begins_anew(client: TikTok) -> None:
    file, ledger = film(), MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "/upload/video/")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft(file), ledger)

    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        publish(client, draft(file), ledger)

    assert len(bodies(INIT)) == 2
    assert len(entries()) == 1
    assert set(ledger.results) >= {"upload", "post", "upload (2)", "post (2)", "outcome (2)"}


def test_an_upload_that_tiktok_calls_too_old_begins_anew(client: TikTok) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "/upload/video/")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft(film()), ledger)
    for upload in Upload.objects.filter(network="tiktok"):
        upload.created_at -= timedelta(hours=2)
        upload.save()

    publish(client, draft(film()), ledger)

    assert statuses() == [403, 201]
    assert len(entries()) == 1


# --- never twice ---


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *((path, Fault.Kind.DROP_AFTER) for path in ("creator_info/query/", INIT, "/status/fetch/")),
        *(
            ("/upload/video/", kind)
            for kind in Fault.Kind
            if kind.name.startswith(("DROP", "BROKEN", "HTML"))
        ),
        (INIT, Fault.Kind.HALF),
    ],
)
def test_an_upload_is_posted_once_wherever_the_line_breaks(client: TikTok, path: str, kind: str) -> None:
    ledger = MemoryLedger()
    fault(kind, path)

    for _ in range(4):
        try:
            published = publish(client, draft(film()), ledger)
            break
        except (Unavailable, OutcomeUnknown):
            continue

    [entry] = entries()
    assert published.remote_id == entry.remote_id


@pytest.mark.chaos
def test_an_upload_is_posted_once_whenever_the_worker_dies(client: TikTok) -> None:
    for moment in range(20):
        Entry.objects.filter(network="tiktok").delete()
        ledger = MortalLedger(moment)
        try:
            publish(client, draft(film()), ledger)
        except Killed:
            publish(client, draft(film()), ledger)
        else:
            break
        assert len(entries()) == 1, moment
    assert 5 < moment < 20


@pytest.mark.chaos
def test_photos_are_posted_once_whenever_the_worker_dies(client: TikTok, shelf: Shelf) -> None:
    post, in_doubt = draft(shelf(picture())), []
    for moment in range(20):
        Entry.objects.filter(network="tiktok").delete()
        Call.objects.all().delete()
        ledger = MortalLedger(moment)
        try:
            publish(client, post, ledger)
            break
        except Killed:
            pass
        try:
            publish(client, post, ledger)
        except OutcomeUnknown:  # the intent was written down, and nothing sent: a person is asked
            in_doubt.append((moment, bodies(PHOTO_INIT)))
        else:
            assert (len(entries()), len(bodies(PHOTO_INIT))) == (1, 1), moment
    assert 5 < moment < 20
    assert [sent for _, sent in in_doubt] == [[]]


@pytest.mark.parametrize("kind", [Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY])
def test_photos_whose_answer_was_lost_are_found_among_the_posts(
    client: TikTok, shelf: Shelf, kind: str
) -> None:
    post, ledger = draft(shelf(picture())), MemoryLedger()
    fault(kind, PHOTO_INIT)
    with pytest.raises(OutcomeUnknown):
        client.publish(post, ledger)

    published = client.publish(post, ledger)

    [entry] = entries()
    assert published.remote_id == entry.remote_id
    assert published.permalink.endswith(f"/photo/{entry.remote_id}")
    assert len(bodies(PHOTO_INIT)) == 1


@pytest.mark.parametrize("options", [{"privacy": PRIVATE}, {"text": ""}])
def test_what_the_public_cannot_see_is_left_to_a_person(client: TikTok, shelf: Shelf, options: Any) -> None:
    post, ledger = draft(shelf(picture()), **options), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, PHOTO_INIT)

    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.publish(post, ledger)

    assert len(bodies(PHOTO_INIT)) == 1


def test_a_draft_whose_answer_was_lost_is_sent_again(client: TikTok, shelf: Shelf) -> None:
    post, ledger = draft(shelf(picture()), kind="draft"), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, PHOTO_INIT)
    with pytest.raises(Unavailable):
        client.publish(post, ledger)

    publish(client, post, ledger)

    assert len(bodies(PHOTO_INIT)) == 2
    with pytest.raises(OutcomeUnknown):
        client.find(post, datetime.now(UTC))


def test_photos_that_are_not_listed_prove_nothing(client: TikTok, baker: Person, shelf: Shelf) -> None:
    post = draft(shelf(picture()))
    set_facts(baker, hides_photos=True)
    publish(client, post)

    with pytest.raises(OutcomeUnknown):
        client.find(post, datetime.now(UTC) - SURELY_SHOWN * 2)


def test_a_video_is_not_uploaded_while_its_fetching_is_in_doubt(client: TikTok, shelf: Shelf) -> None:
    post, ledger = draft(shelf(film()), pull=True), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, INIT)
    with pytest.raises(OutcomeUnknown):
        client.publish(post, ledger)

    published = publish(client, replace(post, parts=(Part(post.text, (film(),)),)), ledger)

    assert published.remote_id == entries()[0].remote_id
    assert len(entries()) == len(bodies(INIT)) == 1


def test_a_fetched_video_that_is_not_there_after_a_day_is_sent(client: TikTok, shelf: Shelf) -> None:
    post, ledger = draft(shelf(film()), pull=True), MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, INIT)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.publish(post, ledger)
    ledger.intents = {name: moment - SURELY_SHOWN for name, moment in ledger.intents.items()}

    publish(client, post, ledger)

    assert len(entries()) == 1


def test_no_step_keeps_a_secret_but_the_address_of_the_bytes(client: TikTok) -> None:
    ledger = MemoryLedger()

    publish(client, draft(film()), ledger)

    kept = json.dumps({name: result for name, result in ledger.results.items() if name != "upload"})
    assert "upload_token" not in kept
    assert all(len(name) <= 40 for name in ledger.results)


# --- what becomes of it ---


def test_processing_holds_no_worker(client: TikTok, baker: Person) -> None:
    set_facts(baker, looks=3)
    ledger = MemoryLedger()

    with pytest.raises(NotReady) as error:
        client.publish(draft(film()), ledger)

    assert timedelta(seconds=4) < error.value.retry_at - datetime.now(UTC) <= timedelta(seconds=5)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)), pytest.raises(NotReady) as error:
        client.publish(draft(film()), ledger)
    assert error.value.retry_at - datetime.now(UTC) > timedelta(minutes=10, seconds=59)


def test_a_post_stands_while_moderation_keeps_its_address(client: TikTok, baker: Person) -> None:
    set_facts(baker, moderation=9)
    ledger = MemoryLedger()
    for _ in range(2):
        with pytest.raises(NotReady):
            client.publish(draft(film()), ledger)
    standing = ledger.standing

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        published = client.publish(draft(film()), ledger)

    assert standing == published
    assert published.remote_id.startswith("v_pub_file~v2-1.")
    assert published.permalink == f"{client.app.auth_url}/@morgenrot.bakery"
    assert client.post_metrics(published).values == {}
    for _ in range(9):
        client.post_metrics(published)
    assert set(client.post_metrics(published).values) == set(TikTok.post_numbers)


def test_a_private_post_has_the_profiles_address(client: TikTok) -> None:
    published = publish(client, draft(film(), privacy=PRIVATE))

    assert published.remote_id == entries()[0].body["publish_id"]
    assert published.permalink == f"{client.app.auth_url}/@morgenrot.bakery"


def test_a_post_that_failed_says_why_and_a_retry_begins_anew(client: TikTok) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.PROCESSING_FAILS)

    with pytest.raises(MediaRejected, match="cannot read"):
        publish(client, draft(film()), ledger)
    published = publish(client, draft(film()), ledger)

    assert published.remote_id == entries()[0].remote_id
    assert len(bodies(INIT)) == 2


def test_photos_that_cannot_be_fetched_fail_in_words(client: TikTok) -> None:
    lost = picture(url="http://127.0.0.1:9/loaf.jpg")

    with pytest.raises(MediaRejected, match="could not fetch the photos"):
        publish(client, draft(lost))


def test_an_audience_that_is_no_longer_offered_is_refused_in_words(client: TikTok, baker: Person) -> None:
    set_facts(baker, is_private=True)

    with pytest.raises(InvalidContent, match=r"“Everyone”.*it offers “Followers”") as error:
        client.publish(draft(film()), MemoryLedger())

    assert "Retry" in error.value.action
    assert bodies(INIT) == []


def test_what_the_creator_switched_off_since_is_refused_in_words(client: TikTok, baker: Person) -> None:
    set_facts(baker, comment_disabled=True)

    with pytest.raises(InvalidContent, match="Comments are switched off"):
        client.publish(draft(film(), allow_comment=True), MemoryLedger())
    publish(client, draft(film()))


def test_a_video_that_is_too_long_by_now_is_refused_in_words(client: TikTok, baker: Person) -> None:
    set_facts(baker, max_seconds=2)

    with pytest.raises(InvalidContent, match="2 seconds at most"):
        client.publish(draft(film()), MemoryLedger())


def test_an_account_that_is_full_waits_an_hour(client: TikTok, baker: Person) -> None:
    set_facts(baker, limits={"posts": 1})
    publish(client, draft(film()))

    with pytest.raises(RateLimited, match="24 hours") as error:
        client.publish(draft(film()), MemoryLedger())

    assert error.value.retry_at is not None
    assert timedelta(minutes=59) < error.value.retry_at - datetime.now(UTC) <= timedelta(hours=1)


def test_an_app_without_audit_is_told_what_it_may(client: TikTok, baker: Person) -> None:
    set_facts(baker, unaudited=True)

    with pytest.raises(PermissionMissing, match="audited") as error:
        client.publish(draft(film()), MemoryLedger())

    assert "Only you" in error.value.action


def test_six_posts_a_minute(sandbox: str) -> None:
    person = Person.objects.get(network="tiktok", handle="tom_adeyemi")
    client = cast(TikTok, connected("tiktok", sandbox, person))
    for _ in range(6):
        with pytest.raises(NotReady):
            client.publish(draft(film()), MemoryLedger())

    with pytest.raises(RateLimited) as error:
        client.publish(draft(film()), MemoryLedger())

    assert error.value.retry_at is not None
    assert error.value.retry_at - datetime.now(UTC) <= timedelta(minutes=1)


# --- looking ---


def test_a_post_is_found_by_its_first_words(client: TikTok) -> None:
    text = "Sourdough 🥖 at four in the morning. " * 12
    post = draft(film(), text=text)
    published = publish(client, post)

    found = client.find(post, datetime.now(UTC) - timedelta(minutes=1))

    assert found == published
    with pytest.raises(OutcomeUnknown):
        client.find(draft(film(), text="Another one"), datetime.now(UTC) - timedelta(minutes=1))
    with pytest.raises(OutcomeUnknown):
        client.find(draft(film(), text=text[:400] + "!"), datetime.now(UTC) + timedelta(minutes=5))


def test_a_post_is_found_pages_back(client: TikTok, baker: Person) -> None:
    set_facts(baker, moderation=0)
    post = draft(film())
    published = publish(client, post)
    entry = entries()[0]
    for n in range(45):
        later = {"created_at": timezone.now() + timedelta(seconds=n + 1)}
        Entry.objects.create(
            network="tiktok", person=baker, remote_id=str(n), text=f"Loaf {n}", body=entry.body, **later
        ).attach(entry.pictures)

    found = client.find(post, datetime.now(UTC) - timedelta(minutes=1))

    assert found == published
    assert [body["max_count"] for body in bodies("/v2/video/list/")] == [20, 20, 20]


def test_an_address_is_recognised_as_the_accounts_own(client: TikTok) -> None:
    published = publish(client, draft(film()))

    assert client.recognise(published.permalink) == {
        "post_id": published.remote_id,
        "permalink": published.permalink,
    }
    assert client.recognise("https://www.tiktok.com/@Morgenrot.Bakery/photo/7261463769757501445?lang=en")


@pytest.mark.parametrize(
    "address",
    [
        "https://www.tiktok.com/@somebody/video/7261463769757501445",
        "https://www.tiktok.com/@morgenrot.bakery",
        "https://vm.tiktok.com/ZMabc/",
        "nonsense",
    ],
)
def test_other_addresses_are_refused(client: TikTok, address: str) -> None:
    with pytest.raises(Refused):
        client.recognise(address)


# --- numbers ---


def test_the_numbers_of_a_post_and_an_account(client: TikTok, baker: Person) -> None:
    published = publish(client, draft(film()))
    Entry.objects.update(created_at=timezone.now() - timedelta(days=3))

    post, account = client.post_metrics(published), client.account_metrics()

    assert set(post.values) == set(TikTok.post_numbers)
    assert post.values["views"] > post.values["likes"] > post.values["shares"] > 0
    assert post.raw["view_count"] == post.values["views"]
    assert account.values == {"followers": 18_400, "likes": post.values["likes"], "posts": 1}
    assert account.raw["following_count"] == 96


def test_a_post_that_is_gone_has_no_numbers(client: TikTok) -> None:
    published = publish(client, draft(film()))
    Entry.objects.update(deleted_at=timezone.now())

    with pytest.raises(NotFound):
        client.post_metrics(published)


# --- webhooks ---


def incoming(headers: dict[str, str], body: bytes) -> Incoming:
    lower = {name.lower(): value for name, value in headers.items()}
    return Incoming("POST", "https://desk.example/webhooks/tiktok/", lower, {}, body)


def test_a_webhook_tells_of_a_public_post(client: TikTok, baker: Person) -> None:
    published = publish(client, draft(film()))
    entry = entries()[0]
    request = incoming(*twin.webhook(None, "hook-secret"))

    [event] = client.parse_webhook(request)

    assert client.verify_webhook(request)
    assert (event.kind, event.account_id) == ("post_published", baker.remote_id)
    assert event.remote_id == entry.body["publish_id"]
    assert event.extra["post_id"] == published.remote_id


@pytest.mark.parametrize(
    ("event", "content", "kind"),
    [
        ("post.publish.failed", {"publish_id": "v_pub_url~v2-1.1", "reason": "spam_risk"}, "post_failed"),
        ("post.publish.complete", {"publish_id": "v_pub_url~v2-1.1"}, "post_published"),
        ("post.publish.inbox_delivered", {"publish_id": "v_inbox_url~v2.1"}, "other"),
        ("post.publish.no_longer_publicaly_available", {"publish_id": "v", "post_id": 7}, "other"),
        ("authorization.removed", {"reason": 1}, "revoked"),
    ],
)
def test_each_event_is_understood(client: TikTok, event: str, content: dict[str, Any], kind: str) -> None:
    app = Client.objects.get(network="tiktok")
    body = twin.notice(app, event, "open-id", content)

    [told] = client.parse_webhook(incoming(twin.signed(app, body, int(timezone.now().timestamp())), body))

    assert (told.kind, told.remote_id) == (kind, content.get("publish_id", ""))
    assert told.extra["event"] == event


def test_a_forged_or_replayed_webhook_is_not_tiktoks(client: TikTok) -> None:
    app = Client.objects.get(network="tiktok")
    body = twin.notice(app, "authorization.removed", "open-id", {"reason": 1})
    now = int(timezone.now().timestamp())
    good = twin.signed(app, body, now)

    assert client.verify_webhook(incoming(good, body))
    assert not client.verify_webhook(incoming(good, body + b" "))
    assert not client.verify_webhook(incoming({}, body))
    assert not client.verify_webhook(incoming({"TikTok-Signature": f"t={now},s=" + "0" * 64}, body))
    assert not client.verify_webhook(incoming({"TikTok-Signature": f"t={now},s=é"}, body))
    assert not client.verify_webhook(incoming(twin.signed(app, body, now - 301), body))
    moved = good["TikTok-Signature"].replace(f"t={now}", f"t={now + 1}")
    assert not client.verify_webhook(incoming({"TikTok-Signature": moved}, body))


# --- failures ---


def test_each_refusal_is_what_its_table_says(client: TikTok) -> None:
    for failure in FAILURES:
        fault(Fault.Kind.REFUSED, INIT, code=failure.code)
        expected = Unavailable if failure.kind is OutcomeUnknown else failure.kind

        with pytest.raises(expected) as error:
            client.publish(draft(film()), MemoryLedger())

        assert (type(error.value), error.value.message) == (expected, failure.message)
        assert error.value.action


def test_a_broken_answer_to_a_post_by_address_is_unknown(client: TikTok, shelf: Shelf) -> None:
    fault(Fault.Kind.REFUSED, PHOTO_INIT, code="internal_error")

    with pytest.raises(OutcomeUnknown):
        client.publish(draft(shelf(picture())), MemoryLedger())


def test_an_unknown_reason_is_a_refusal_in_tiktoks_words(client: TikTok) -> None:
    ledger = MemoryLedger()
    with pytest.raises(NotReady):
        client.publish(draft(film()), ledger)
    Upload.objects.filter(network="tiktok").update(
        facts={"state": "failed", "fail_reason": "the_moon", "source": "FILE_UPLOAD", "kind": "video"}
    )

    with pytest.raises(Refused, match="the_moon"):
        client.publish(draft(film()), ledger)


def test_the_client_never_shows_the_address_of_the_bytes(
    client: TikTok, caplog: pytest.LogCaptureFixture
) -> None:
    fault(Fault.Kind.BROKEN, "/upload/video/")

    with pytest.raises(OutcomeUnknown) as error:
        client.publish(draft(film()), MemoryLedger())

    assert not re.search("upload_token", f"{error.value.message} {error.value.detail} {caplog.text}")


def test_a_token_of_a_person_is_theirs_alone(sandbox: str, client: TikTok) -> None:
    other = token_of(TikTok, sandbox, Person.objects.get(network="tiktok", handle="mina.makes"))
    publish(client, draft(film()))
    stranger = TikTok(replace(client.connection, token=other))

    with pytest.raises(PermissionMissing, match="another account"):
        stranger.post_metrics(Published(entries()[0].body["publish_id"], ""))


def test_a_revoked_grant_fails_what_is_under_way(client: TikTok, sandbox: str, baker: Person) -> None:
    ledger = MemoryLedger()
    with pytest.raises(NotReady):
        client.publish(draft(film()), ledger)
    Grant.objects.update(revoked_at=timezone.now())

    with pytest.raises(TokenExpired):
        client.publish(draft(film()), ledger)
