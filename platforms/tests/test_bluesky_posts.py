"""Bluesky: videos, link cards, quotes, who may answer, and what else is said about a post."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from pytest_django.live_server_helper import LiveServer

from platforms.bluesky import Bluesky
from platforms.content import Json, MediaFile, Part, Token
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox.bluesky import METHODS
from platforms.sandbox.bluesky_store import LAMP_KEY
from platforms.sandbox.bluesky_video import upload_video
from platforms.sandbox.bluesky_wire import did_for
from platforms.sandbox.models import Call, Entry, Fault, Note, Person, Upload
from platforms.tests.bluesky_world import client, draft, home, in_time, log_in, picture, sign_in
from platforms.tests.files import film, medium
from platforms.tests.files import picture as photo

DID = did_for("moonrise.test")
TOMAS = did_for("tomas.test")
LAMP = f"at://{TOMAS}/app.bsky.feed.post/{LAMP_KEY}"
GATE, POSTGATE = "app.bsky.feed.threadgate", "app.bsky.feed.postgate"
Shelf = Callable[[MediaFile], MediaFile]


@pytest.fixture
def server(live_server: LiveServer) -> str:
    return home(live_server)


@pytest.fixture
def bluesky(server: str) -> Bluesky:
    """On a server of one's own."""
    return client(server, log_in(server))


@pytest.fixture(params=["oauth", "password"])
def token(request: pytest.FixtureRequest, server: str) -> Token:
    return sign_in(server) if request.param == "oauth" else log_in(server)


@pytest.fixture
def served(server: str) -> Bluesky:
    """Where there is a video service."""
    return client(server, log_in(server), video_service=server)


def fault(kind: Fault.Kind, path: str, **more: int) -> Fault:
    return Fault.objects.create(network="bluesky", kind=kind, path=path, **more)


def standing() -> list[Entry]:
    return list(Entry.objects.filter(network="bluesky", deleted_at=None).order_by("pk"))


def body() -> dict[str, Any]:
    [entry] = standing()
    return dict(entry.body)


def records(collection: str) -> list[dict[str, Any]]:
    """What the account keeps beside its posts."""
    kept = Person.objects.get(remote_id=DID).facts.get("records", {})
    return [{"uri": uri, **fact["body"]} for uri, fact in kept.items() if f"/{collection}/" in uri]


def video(alt: str = "Loaves in an oven") -> Part:
    return Part("From our oven", (film(alt=alt),))


# --- videos ---


def test_a_video_goes_through_the_service_and_stands_as_it_was_made_there(server: str, token: Token) -> None:
    desk, books = client(server, token, video_service=server), MemoryLedger()

    with pytest.raises(NotReady):
        desk.publish(draft(video()), books)
    published = desk.publish(draft(video()), books)

    [entry] = standing()
    embed = entry.body["embed"]
    assert published.remote_id == entry.remote_id
    assert (embed["$type"], embed["alt"]) == ("app.bsky.embed.video", "Loaves in an oven")
    assert embed["aspectRatio"] == {"width": 540, "height": 960}
    assert embed["video"]["mimeType"] == "video/mp4"
    assert embed["video"]["size"] == film().size + 8
    [shown] = entry.pictures
    assert bytes(shown.content).startswith(film().open().read())
    assert shown.alt == "Loaves in an oven"
    assert Call.objects.filter(path__endswith="uploadVideo").count() == 1


def test_what_the_service_may_do_is_one_thing_on_the_accounts_server(served: Bluesky) -> None:
    in_time(served, draft(video()))

    asked = Call.objects.filter(path__endswith="getServiceAuth")
    assert asked.count() == 2
    sent = Call.objects.get(path__endswith="uploadVideo")
    assert sent.status == 200
    assert sent.body["?did"] == DID
    assert sent.body["?name"].endswith(".mp4")


def test_without_a_service_the_accounts_server_takes_the_video(bluesky: Bluesky) -> None:
    bluesky.publish(draft(video(alt="")), MemoryLedger())

    embed = body()["embed"]
    assert embed["video"]["size"] == film().size
    assert "alt" not in embed
    assert not Call.objects.filter(path__contains="app.bsky.video").exists()


def test_the_companys_servers_have_the_service() -> None:
    token = Token("x", extra={"did": DID, "pds": "https://morel.us-east.host.bsky.network"})
    elsewhere = replace(token, extra={"did": DID, "pds": "https://pds.example.org"})

    assert client("https://bsky.social", token).has_video_service
    assert not client("https://bsky.social", elsewhere, video_service=Bluesky.upload_url).has_video_service


def test_a_video_that_the_service_has_seen_is_not_sent_for_nothing(served: Bluesky) -> None:
    in_time(served, draft(video(), key="one"))

    in_time(served, draft(video(), key="two"))

    assert [call.status for call in Call.objects.filter(path__endswith="uploadVideo")] == [200, 409]
    assert len(standing()) == 2


@pytest.mark.parametrize("second", [None, Fault.Kind.HALF, Fault.Kind.EMPTY, Fault.Kind.HTML])
def test_an_upload_whose_answer_was_lost_is_one_video(served: Bluesky, second: Fault.Kind | None) -> None:
    books = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "uploadVideo")

    with pytest.raises(Unavailable):
        served.publish(draft(video()), books)
    if second:  # what says that the video is known already comes broken too
        fault(second, "uploadVideo")
        with pytest.raises(Unavailable):
            served.publish(draft(video()), books)
    in_time(served, draft(video()), books)

    assert Upload.objects.filter(content_type="video/job").count() == 1
    assert len(standing()) == 1


def test_a_video_that_failed_is_told_once_and_sent_anew_by_the_next_try(served: Bluesky) -> None:
    books = MemoryLedger()
    fault(Fault.Kind.PROCESSING_FAILS, "uploadVideo")

    with pytest.raises(MediaRejected, match="make sense of the video") as told:
        in_time(served, draft(video()), books)
    in_time(served, draft(video()), books)

    assert told.value.action
    assert len(standing()) == 1


def test_a_video_that_waited_too_long_for_its_post_is_sent_anew(served: Bluesky) -> None:
    books = MemoryLedger()
    fault(Fault.Kind.LIMITED, "putRecord")
    with pytest.raises(RateLimited):
        in_time(served, draft(video()), books)
    made = books.results["video made"]
    assert isinstance(made, dict)
    made["at"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()

    in_time(served, draft(video()), books)

    assert "video (2)" in books.results
    assert len(standing()) == 1


def test_a_video_that_stands_is_not_sent_anew(served: Bluesky) -> None:
    """A thread may take hours where a limit holds it up."""
    books, sent = MemoryLedger(), draft(video(), "And warm")
    fault(Fault.Kind.LIMITED, "putRecord", skip=1)
    with pytest.raises(RateLimited):
        in_time(served, sent, books)
    made = books.results["video of post 1 made"]
    assert isinstance(made, dict)
    made["at"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()

    in_time(served, sent, books)

    assert Call.objects.filter(path__endswith="uploadVideo").count() == 1
    assert len(standing()) == 2


def test_a_video_that_the_server_forgot_waits_for_the_next_try(served: Bluesky) -> None:
    books = MemoryLedger()
    fault(Fault.Kind.LIMITED, "putRecord")
    with pytest.raises(RateLimited):
        in_time(served, draft(video()), books)
    Upload.objects.filter(content_type="video/mp4").delete()

    with pytest.raises(Unavailable, match="forgotten the video"):
        served.publish(draft(video()), books)

    assert standing() == []


@pytest.mark.parametrize(
    ("facts", "kind"),
    [({"daily_videos": 0}, RateLimited), ({"unconfirmed": True}, PermissionMissing)],
)
def test_the_accounts_limits_are_asked_before_anything_is_sent(
    served: Bluesky, facts: dict[str, Json], kind: type[Exception]
) -> None:
    person = Person.objects.get(remote_id=DID)
    Person.objects.filter(pk=person.pk).update(facts={**person.facts, **facts})

    with pytest.raises(kind):
        served.publish(draft(video()), MemoryLedger())

    assert not Call.objects.filter(path__endswith="uploadVideo").exists()


def test_the_job_may_stand_at_the_top_of_the_answer_too(
    served: Bluesky, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the official app reads it; the documents put it one level down."""

    def flat(request: HttpRequest) -> HttpResponse:
        return JsonResponse(json.loads(upload_video(request).content)["jobStatus"])

    monkeypatch.setitem(METHODS, "app.bsky.video.uploadVideo", ("POST", flat))

    in_time(served, draft(video()))

    assert len(standing()) == 1


def test_small_servers_say_what_they_take(server: str, bluesky: Bluesky, served: Bluesky) -> None:
    [alone], [company] = bluesky.profiles(), served.profiles()

    assert alone.limits == {"video_bytes": 5 * 1024 * 1024}
    assert company.limits == {}
    rules = Bluesky.rules_with(alone.limits, {}, [film()])
    assert rules.videos.max_bytes == 5 * 1024 * 1024


# --- link cards ---


@pytest.fixture
def page(shelf: Shelf) -> str:
    html = (
        '<title>Bread</title><meta property="og:title" content="Rye, from the start">'
        '<meta name="description" content="Three days of patience.">'
        f'<meta property="og:image" content="{shelf(photo()).url}">'
    )
    return shelf(medium("bread.html", html.encode(), "text/html")).url


def test_a_link_has_a_card_that_we_made(server: str, token: Token, page: str) -> None:
    desk = client(server, token, also_reaches=page)

    desk.publish(draft(f"Read {page} today", card=True), MemoryLedger())

    embed = body()["embed"]
    assert embed["$type"] == "app.bsky.embed.external"
    card = embed["external"]
    assert (card["uri"], card["title"]) == (page, "Rye, from the start")
    assert card["description"] == "Three days of patience."
    assert card["thumb"]["mimeType"] == "image/jpeg"
    assert standing()[0].pictures == []


def test_a_card_is_frozen_at_the_first_try(server: str, shelf: Shelf) -> None:
    texts = [b"<title>Before</title>"]
    page = shelf(replace(medium("p.html", b"", "text/html"), open=lambda: io.BytesIO(texts[0])))
    desk, books = client(server, log_in(server), also_reaches=page.url), MemoryLedger()
    sent = draft(f"Read {page.url}", card=True)
    fault(Fault.Kind.DROP_BEFORE, "putRecord")
    with pytest.raises(OutcomeUnknown):
        desk.publish(sent, books)
    texts[0] = b"<title>After</title>"

    desk.publish(sent, books)

    assert body()["embed"]["external"]["title"] == "Before"


def test_a_page_that_cannot_be_read_is_just_a_link(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Read http://127.0.0.1:9/nothing today", card=True), MemoryLedger())

    assert set(body()) == {"$type", "text", "createdAt", "facets"}


def test_no_card_where_it_is_switched_off_or_there_are_pictures(server: str, page: str) -> None:
    desk = client(server, log_in(server), also_reaches=page)

    desk.publish(draft(f"Read {page}", card=False, key="one"), MemoryLedger())
    desk.publish(draft(Part(f"Read {page}", (picture(),)), card=True, key="two"), MemoryLedger())

    plain, pictured = standing()
    assert "embed" not in plain.body
    assert pictured.body["embed"]["$type"] == "app.bsky.embed.images"


def test_a_card_whose_picture_was_forgotten_goes_without_it(server: str, page: str) -> None:
    desk, books = client(server, log_in(server), also_reaches=page), MemoryLedger()
    sent = draft(f"Read {page}", card=True)
    fault(Fault.Kind.LIMITED, "putRecord")
    with pytest.raises(RateLimited):
        desk.publish(sent, books)
    Upload.objects.all().delete()

    desk.publish(sent, books)

    card = body()["embed"]["external"]
    assert card["title"] == "Rye, from the start"
    assert "thumb" not in card


# --- quotes ---


@pytest.mark.parametrize("actor", ["tomas.test", TOMAS])
def test_a_quote_names_the_post_and_its_version(server: str, token: Token, actor: str) -> None:
    address = f"https://bsky.app/profile/{actor}/post/{LAMP_KEY}"

    client(server, token).publish(draft("What a lamp", quote=address), MemoryLedger())

    embed = body()["embed"]
    assert embed["$type"] == "app.bsky.embed.record"
    assert embed["record"]["uri"] == LAMP
    assert embed["record"]["cid"].startswith("bafyrei")
    assert Note.objects.get(kind="quote").person.remote_id == TOMAS


def test_a_quote_stands_beside_pictures(bluesky: Bluesky) -> None:
    address = f"https://bsky.app/profile/tomas.test/post/{LAMP_KEY}"

    bluesky.publish(draft(Part("What a lamp", (picture(),)), "More", quote=address), MemoryLedger())

    first, second = standing()
    assert first.body["embed"]["$type"] == "app.bsky.embed.recordWithMedia"
    assert first.body["embed"]["record"]["record"]["uri"] == LAMP
    assert len(first.body["embed"]["media"]["images"]) == 1
    assert len(first.pictures) == 1
    assert "embed" not in second.body


@pytest.mark.parametrize(
    "address",
    [
        "https://bsky.app/profile/nobody.test/post/3lamp22222222",
        "https://bsky.app/profile/tomas.test/post/3lamp22222223",
        "https://bsky.app/profile/tomas.test",
    ],
)
def test_a_quote_of_nothing_is_refused(bluesky: Bluesky, address: str) -> None:
    with pytest.raises(InvalidContent):
        bluesky.publish(draft("What a lamp", quote=address), MemoryLedger())

    assert standing() == []


def test_a_post_is_recognised_by_its_address(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("Mine"), MemoryLedger())

    known = bluesky.recognise(published.permalink)

    assert isinstance(known, dict)
    assert known["uri"] == published.remote_id
    with pytest.raises(InvalidContent, match="another account's"):
        bluesky.recognise(f"https://bsky.app/profile/tomas.test/post/{LAMP_KEY}")


# --- who may answer and quote ---


@pytest.mark.parametrize(
    ("chosen", "rules"),
    [
        ("nobody", []),
        ("mentioned", ["mentionRule"]),
        ("followers", ["followerRule"]),
        ("following", ["followingRule"]),
    ],
)
def test_who_can_reply_stands_beside_the_post(bluesky: Bluesky, chosen: str, rules: list[str]) -> None:
    published = bluesky.publish(draft("Quiet, please", "and more", replies=chosen), MemoryLedger())

    [gate] = records(GATE)
    assert gate["uri"] == published.remote_id.replace("app.bsky.feed.post", GATE)
    assert gate["post"] == published.remote_id
    assert [rule["$type"] for rule in gate["allow"]] == [f"{GATE}#{rule}" for rule in rules]


def test_every_part_may_be_closed_to_quotes(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("One", "Two", allow_quotes=False), MemoryLedger())

    gates = records(POSTGATE)
    assert [gate["post"] for gate in gates] == list(published.part_ids)
    assert gates[0]["embeddingRules"] == [{"$type": f"{POSTGATE}#disableRule"}]


def test_nothing_stands_beside_a_post_that_is_open_to_all(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Come in", replies="", allow_quotes=True), MemoryLedger())

    assert not records(GATE)
    assert not records(POSTGATE)


def test_the_post_and_its_gates_are_made_at_once_and_once(server: str, token: Token) -> None:
    sent, books = draft("Quiet", replies="nobody", allow_quotes=False), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "applyWrites")
    if "key" in token.extra:
        Fault.objects.update(skip=1)  # the first call only learns the nonce

    with pytest.raises(OutcomeUnknown):
        client(server, token).publish(sent, books)
    first = client(server, token).publish(sent, books)
    with_lost_books = client(server, token).publish(sent, MemoryLedger())

    assert first == with_lost_books
    assert len(standing()) == len(records(GATE)) == len(records(POSTGATE)) == 1


def test_a_server_that_broke_over_the_gates_is_asked_what_stands(bluesky: Bluesky) -> None:
    fault(Fault.Kind.BROKEN, "applyWrites")

    with pytest.raises(OutcomeUnknown):
        bluesky.publish(draft("Quiet", replies="nobody"), MemoryLedger())

    assert standing() == []


def test_deleting_takes_the_gates_too(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("One", "Two", replies="nobody", allow_quotes=False), MemoryLedger())

    bluesky.delete(published)

    assert (standing(), records(GATE), records(POSTGATE)) == ([], [], [])


# --- what else is said ---


def test_languages_and_tags_go_with_the_post(bluesky: Bluesky) -> None:
    options: dict[str, Json] = {
        "language": "de",
        "languages": ["fr", "de", " pt-BR "],
        "tags": ["#brot", "pain au levain", ""],
    }

    bluesky.publish(draft("Brot, pain, pão", "zwei", **options), MemoryLedger())

    first, second = standing()
    assert first.body["langs"] == second.body["langs"] == ["de", "fr", "pt-BR"]
    assert first.body["tags"] == ["brot", "pain au levain"]
    assert "tags" not in second.body


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"quote": "https://example.org/post"}, "quote_invalid"),
        ({"languages": ["english!"]}, "language_invalid"),
        ({"languages": ["fr", "de", "it"]}, "option_too_many"),
        ({"tags": ["x" * 65]}, "tag_too_long"),
        ({"tags": [f"tag{n}" for n in range(9)]}, "option_too_many"),
        ({"replies": "friends"}, "option_invalid"),
    ],
)
def test_options_are_checked_before_sending(options: dict[str, Json], code: str) -> None:
    findings = Bluesky.check(draft("Warm bread", **options), {})

    assert [finding.code for finding in findings] == [code]


def test_a_good_draft_has_no_findings() -> None:
    address = "https://bsky.app/profile/tomas.test/post/3lamp22222222"
    sent = draft("Warm", languages=["fr"], language="de", tags=["brot"], quote=address, replies="nobody")

    assert Bluesky.check(sent, {}) == []


def test_pictures_and_a_video_make_two_kinds() -> None:
    kinds = {kind.name: kind.rules for kind in Bluesky.post_kinds()}

    assert Bluesky.kind_for([film()], {}).name == "video"
    assert Bluesky.kind_for([photo()] * 4, {}).name == "post"
    assert kinds["video"].videos.seconds == (0.0, 600.0)
    mixed = Bluesky.check(draft(Part("x", (film(), photo()))), {})
    assert {finding.code for finding in mixed} >= {"mixed_media"}


def test_a_connection_of_before_still_names_the_client_that_asked_for_it() -> None:
    """The id of a client on one's own machine holds what it asked for; a renewal must use the same id."""
    here = "http://127.0.0.1:8000/back/"
    old = Token("x", scopes=("atproto", "transition:generic"), extra={"did": DID, "pds": "x", "key": {}})

    before = client("https://bsky.social", old, redirect_uri=here).client_id
    now = client("https://bsky.social", redirect_uri=here).client_id

    assert before.endswith("scope=atproto+transition%3Ageneric")
    assert now.endswith("transition%3Achat.bsky")
