"""What the Bluesky twin refuses of videos, direct messages and gates, and how its posts look."""

import time
from typing import Any

import pytest

from platforms.sandbox.bluesky import CHAT_PASSWORD, arrive, people
from platforms.sandbox.bluesky_sessions import CHAT
from platforms.sandbox.bluesky_store import LAMP_KEY
from platforms.sandbox.bluesky_wire import did_for
from platforms.sandbox.models import Entry, Note, Person, Upload
from platforms.sandbox.tests.test_bluesky_twin import DID, KEY, POST, ROOT, Browserless, said
from platforms.tests.files import film_bytes

LAMP = f"at://{did_for('tomas.test')}/app.bsky.feed.post/{LAMP_KEY}"
VIDEO = "app.bsky.video"
SERVER = "did:web:testserver"
UPLOAD, LIMITS = "com.atproto.repo.uploadBlob", f"{VIDEO}.getUploadLimits"
GATE = "app.bsky.feed.threadgate"
MOMENT = POST["createdAt"]


@pytest.fixture
def twin(db: None) -> Browserless:
    people()
    return Browserless().log_in()


def ticket(twin: Browserless, audience: str = SERVER, method: str = UPLOAD) -> str:
    ends = str(int(time.time()) + 1800)
    answer = twin.get("com.atproto.server.getServiceAuth", aud=audience, lxm=method, exp=ends)
    return str(answer.json()["token"])


def send(
    twin: Browserless, content: bytes = b"", token: str | None = None, kind: str = "video/mp4", **query: str
) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in ({"did": DID, "name": "a.mp4"} | query).items())
    return twin.django.post(
        f"{ROOT}/xrpc/{VIDEO}.uploadVideo?{asked}",
        content or film_bytes(),
        content_type=kind,
        headers={"Authorization": f"Bearer {ticket(twin) if token is None else token}"},
    )


# --- tokens for other services ---


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"lxm": UPLOAD, "exp": "7200"}, "BadExpiration"),
        ({"lxm": UPLOAD, "exp": "-10"}, "BadExpiration"),
        ({"exp": "300"}, "BadExpiration"),
        ({"aud": "video.bsky.app"}, "InvalidRequest"),
    ],
)
def test_a_ticket_is_for_one_thing_and_for_an_hour_at_most(
    twin: Browserless, asked: dict[str, str], error: str
) -> None:
    if "exp" in asked:
        asked = {**asked, "exp": str(int(time.time()) + int(asked["exp"]))}

    answer = twin.get("com.atproto.server.getServiceAuth", **{"aud": SERVER, **asked})

    assert said(answer) == (400, error)


def test_a_ticket_for_something_else_uploads_nothing(twin: Browserless) -> None:
    assert said(send(twin, token="")) == (401, "AuthMissing")
    assert said(send(twin, token=twin.access)) == (401, "BadJwt")
    assert said(send(twin, token=ticket(twin, "did:web:elsewhere"))) == (401, "BadJwtAudience")
    assert said(send(twin, token=ticket(twin, SERVER, LIMITS))) == (401, "BadJwtLexiconMethod")
    assert said(send(twin, did=did_for("inga.test"))) == (401, "BadJwt")
    assert not Upload.objects.exists()


# --- videos ---


def test_what_is_no_video_is_refused(twin: Browserless) -> None:
    assert said(send(twin, b"x" * 100)) == (400, "UnsupportedContentType")
    assert said(send(twin, kind="video/x-msvideo")) == (400, "UnsupportedContentType")


def test_so_many_videos_in_a_day(twin: Browserless) -> None:
    person = Person.objects.get(remote_id=DID)
    Person.objects.filter(pk=person.pk).update(facts={**person.facts, "daily_videos": 1})

    first, second = send(twin), send(twin, film_bytes(fps=12))
    limits = twin.get(LIMITS, token=ticket(twin, "did:web:video.bsky.app", LIMITS)).json()

    assert first.json()["jobStatus"]["state"] == "JOB_STATE_CREATED"
    assert said(second) == (400, "DailyLimitExceeded")
    assert limits == {"canUpload": False, "remainingDailyVideos": 0, "remainingDailyBytes": 0}


def test_a_video_seen_before_is_refused_with_its_job(twin: Browserless) -> None:
    job = send(twin).json()["jobStatus"]["jobId"]

    again = send(twin)

    assert said(again) == (409, "already_exists")
    assert again.json()["jobId"] == job


def test_a_job_that_is_none(twin: Browserless) -> None:
    assert said(twin.get(f"{VIDEO}.getJobStatus", jobId="job-0")) == (400, "InvalidRequest")


# --- records beside posts ---


def record(collection: str, **fields: Any) -> dict[str, Any]:
    return {"$type": collection, "createdAt": MOMENT, **fields}


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        (GATE, {"post": "here"}),
        (GATE, {"post": LAMP, "allow": [{"$type": f"{GATE}#friendRule"}]}),
        (GATE, {"post": LAMP, "hiddenReplies": ["x"]}),
        ("app.bsky.feed.postgate", {"post": LAMP, "embeddingRules": [{}]}),
        ("app.bsky.feed.like", {"subject": {"uri": LAMP}}),
        ("app.bsky.actor.profile", {}),
    ],
)
def test_records_that_no_schema_knows_are_refused(
    twin: Browserless, collection: str, fields: dict[str, Any]
) -> None:
    assert said(twin.put(record(collection, **fields), collection=collection)) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.example"}},
        {"$type": "app.bsky.embed.record", "record": {"uri": LAMP, "cid": "x"}},
        {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {}}, "media": {}},
        {"$type": "app.bsky.embed.video", "video": {"$type": "blob"}},
    ],
)
def test_what_is_embedded_is_checked(twin: Browserless, embed: dict[str, Any]) -> None:
    assert said(twin.put({**POST, "embed": embed})) == (400, "InvalidRequest")
    assert not Entry.objects.exists()


def test_a_key_that_is_taken_breaks_the_server_and_writes_nothing(twin: Browserless) -> None:
    twin.put()
    kind = "com.atproto.repo.applyWrites"
    writes = [
        {"$type": f"{kind}#create", "collection": collection, "rkey": KEY, "value": value}
        for collection, value in (
            (GATE, record(GATE, post=LAMP)),
            ("app.bsky.feed.post", {**POST, "text": "again"}),
        )
    ]

    answer = twin.post(kind, {"repo": DID, "writes": writes})

    assert said(answer) == (500, "InternalServerError")
    listed = twin.get("com.atproto.repo.listRecords", repo=DID, collection=GATE).json()
    assert listed["records"] == []


# --- direct messages ---


def chat(twin: Browserless, name: str, body: Any = None, proxy: str = CHAT, **params: str) -> Any:
    headers = {"atproto-proxy": proxy, "Authorization": f"Bearer {twin.access}"}
    url = f"{ROOT}/xrpc/chat.bsky.convo.{name}"
    if body is None:
        return twin.django.get(url, params, headers=headers)
    return twin.django.post(url, body, content_type="application/json", headers=headers)


@pytest.fixture
def privileged(twin: Browserless) -> Browserless:
    session = {"identifier": DID, "password": CHAT_PASSWORD}
    answer = twin.post("com.atproto.server.createSession", session, token="")
    twin.access = answer.json()["accessJwt"]
    return twin


def test_messages_want_the_right_service_and_a_password_that_may(twin: Browserless) -> None:
    refused = chat(twin, "listConvos")

    assert said(refused) == (400, "InvalidRequest")
    assert "insufficient access" in refused.json()["message"]
    assert said(chat(twin, "listConvos", proxy="did:web:elsewhere#bsky_chat")) == (
        501,
        "MethodNotImplemented",
    )


def test_a_message_is_checked(privileged: Browserless) -> None:
    arrive("direct", Person.objects.get(remote_id=DID), Person.objects.get(handle="inga.test"), "Hello")
    [convo] = chat(privileged, "listConvos").json()["convos"]

    long = chat(privileged, "sendMessage", {"convoId": convo["id"], "message": {"text": "x" * 1001}})
    odd = chat(privileged, "sendMessage", {"convoId": convo["id"], "message": {"text": "x", "image": 1}})
    nowhere = chat(privileged, "sendMessage", {"convoId": "x", "message": {"text": "x"}})

    assert convo["status"] == "request"
    assert {said(answer) for answer in (long, odd, nowhere)} == {(400, "InvalidRequest")}
    assert Note.objects.filter(kind="direct").count() == 1


# --- the view of the network ---


def test_questions_are_checked(twin: Browserless) -> None:
    assert said(twin.get("app.bsky.notification.listNotifications", limit="101")) == (400, "InvalidRequest")
    assert said(twin.get("app.bsky.notification.listNotifications", reasons="gossip")) == (
        400,
        "InvalidRequest",
    )
    assert said(twin.get("app.bsky.feed.getPostThread", uri=f"{LAMP}x")) == (400, "NotFound")


def test_what_is_deleted_is_nobodys_news(twin: Browserless) -> None:
    inga = Browserless().log_in("inga.test")
    twin.put()
    post = {"uri": f"at://{DID}/app.bsky.feed.post/{KEY}", "cid": twin.put().json()["cid"]}
    answer = {**POST, "text": "How early?", "reply": {"root": post, "parent": post}}
    place = {"repo": did_for("inga.test"), "collection": "app.bsky.feed.post"}
    made = inga.post("com.atproto.repo.createRecord", {**place, "record": answer}).json()
    before = twin.get("app.bsky.notification.getUnreadCount").json()

    inga.post("com.atproto.repo.deleteRecord", {**place, "rkey": made["uri"].rpartition("/")[2]})

    assert before == {"count": 1}
    assert twin.get("app.bsky.notification.getUnreadCount").json() == {"count": 0}


# --- how it looks ---


def test_a_post_shows_its_card_its_quote_and_who_may_answer(twin: Browserless) -> None:
    reference = {"uri": LAMP, "cid": twin.get("app.bsky.feed.getPosts", uris=LAMP).json()["posts"][0]["cid"]}
    card = {"uri": "https://bread.example/rye", "title": "Rye, from the start", "description": "Patience."}
    embed = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"$type": "app.bsky.embed.record", "record": reference},
        "media": {"$type": "app.bsky.embed.external", "external": card},
    }
    twin.put({**POST, "embed": embed, "tags": ["brot"], "langs": ["de"]})
    uri = f"at://{DID}/app.bsky.feed.post/{KEY}"
    twin.put(record(GATE, post=uri, allow=[]), collection=GATE)

    page = twin.django.get(f"{ROOT}/@moonrise.test/{uri}/").text

    for shown in ("Rye, from the start", "bread.example", "old light", "Nobody can reply", "#brot"):
        assert shown in page
    assert 'aria-label="Likes: ' in page


def test_a_quoted_post_that_is_closed_to_quotes_is_not_shown(twin: Browserless) -> None:
    tomas = Browserless().log_in("tomas.test")
    gate = record("app.bsky.feed.postgate", post=LAMP)
    place = {"repo": did_for("tomas.test"), "collection": "app.bsky.feed.postgate", "rkey": LAMP_KEY}
    reference = {"uri": LAMP, "cid": twin.get("app.bsky.feed.getPosts", uris=LAMP).json()["posts"][0]["cid"]}
    twin.put({**POST, "embed": {"$type": "app.bsky.embed.record", "record": reference}})

    tomas.post("com.atproto.repo.putRecord", {**place, "record": gate})

    page = twin.django.get(f"{ROOT}/@moonrise.test/").text
    assert "cannot be shown" in page
    assert "old light" not in page
