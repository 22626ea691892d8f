"""The twin refuses what X refuses, in X's words, and answers as X answers."""

import base64
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone
from PIL import Image

from platforms.sandbox import world
from platforms.sandbox.models import Client, Entry, Grant, Note, Person, Upload
from platforms.sandbox.x import arrive
from platforms.tests.files import film_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
ALL = [
    "tweet.read", "tweet.write", "users.read", "media.write", "offline.access", "tweet.moderate.write",
    "like.write", "dm.read", "dm.write",
]  # fmt: skip
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BASIC = "Basic " + base64.b64encode(b"sandbox:sandbox-secret").decode()
HOME = "/sandbox/x"


@pytest.fixture
def baker() -> Person:
    """On no plan."""
    move_in()
    person = Person.objects.get(network="x", handle="hafenbaecker")
    person.facts = {}
    person.save()
    return person


@pytest.fixture
def mina(baker: Person) -> Person:
    return Person.objects.get(network="x", handle="minaworks")


@pytest.fixture
def grant(baker: Person) -> Grant:
    return Grant.objects.create(
        network="x",
        person=baker,
        client_id="sandbox",
        scopes=ALL,
        access="access-1",
        access_expires_at=timezone.now() + timedelta(hours=2),
        refresh="refresh-1",
        refresh_expires_at=timezone.now() + timedelta(days=100),
    )


@pytest.fixture
def api(grant: Grant) -> Callable[..., Any]:
    """A request as the baker's app, and its answer."""

    def call(method: str, path: str, body: Any = None, **extra: Any) -> Any:
        headers = {"Authorization": f"Bearer {grant.access}", **extra.pop("headers", {})}
        if method in {"GET", "DELETE"}:
            return Browser().generic(method, HOME + path, headers=headers, query_params=body)
        kind = extra.pop("content_type", "application/json")
        send = Browser().put if method == "PUT" else Browser().post
        return send(HOME + path, body, content_type=kind, headers=headers)

    return call


@pytest.fixture
def form(api: Callable[..., Any], grant: Grant) -> Callable[..., Any]:
    """A multipart form, as uploads come."""

    def send(path: str, **fields: Any) -> Any:
        return Browser().post(HOME + path, fields, headers={"Authorization": f"Bearer {grant.access}"})

    return send


def image(kind: str = "PNG", side: int = 20) -> io.BytesIO:
    content = io.BytesIO()
    Image.new("RGB", (side, side), "#b4552d").save(content, kind)
    content.seek(0)
    content.name = "a file"
    return content


def message(answer: Any) -> str:
    return str(answer.json()["errors"][0]["message"])


# --- signing in ---


def authorize(**changes: str) -> Any:
    query = {
        "response_type": "code",
        "client_id": "sandbox",
        "redirect_uri": "http://127.0.0.1:9/callback",
        "scope": " ".join(ALL),
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    person = Person.objects.get(network="x", handle="hafenbaecker").pk
    asked = {name: value for name, value in {**query, **changes}.items() if value}
    return Browser().post(
        f"{HOME}/i/oauth2/authorize", {"person": person, "answer": "allow"}, query_params=asked
    )


def code_of(answer: Any) -> str:
    return parse_qs(urlsplit(answer["Location"]).query)["code"][0]


def token(code: str, basic: str = BASIC, **changes: str) -> Any:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:9/callback",
        "code_verifier": VERIFIER,
        **changes,
    }
    return Browser().post(f"{HOME}/2/oauth2/token", fields, headers={"Authorization": basic} if basic else {})


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example/"},
        {"response_type": "token"},
        {"state": ""},
        {"state": "s" * 501},
        {"code_challenge": ""},
        {"code_challenge_method": "S512"},
        {"scope": ""},
        {"scope": "tweet.read everything"},
    ],
)
def test_a_wrong_request_is_shown_and_not_sent_back(baker: Person, changes: dict[str, str]) -> None:
    answer = authorize(**changes)

    assert answer.status_code == 400
    assert "Location" not in answer


def test_a_code_becomes_a_token_once(baker: Person) -> None:
    code = code_of(authorize())

    first, second = token(code), token(code)

    assert first.status_code == 200
    assert set(first.json()) == {"token_type", "expires_in", "access_token", "scope", "refresh_token"}
    assert first.json()["token_type"] == "bearer"
    assert first.json()["expires_in"] == 7200
    assert second.status_code == 400
    assert second.json() == {
        "error": "invalid_request",
        "error_description": "Value passed for the token was invalid.",
    }


def test_a_plain_challenge_is_the_verifier_itself(baker: Person) -> None:
    code = code_of(authorize(code_challenge=VERIFIER, code_challenge_method="plain"))

    assert token(code).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "w" * 43}, {"code_verifier": "short"}, {"redirect_uri": "http://127.0.0.1:9/other"}],
)
def test_a_code_needs_its_verifier_and_redirect(baker: Person, changes: dict[str, str]) -> None:
    assert token(code_of(authorize()), **changes).status_code == 400


@pytest.mark.parametrize("basic", ["", "Basic nonsense", "Basic " + base64.b64encode(b"sandbox:no").decode()])
def test_a_client_with_a_secret_shows_it(baker: Person, basic: str) -> None:
    answer = token(code_of(authorize()), basic, client_id="sandbox")

    assert answer.status_code == 401
    assert answer.json() == {
        "error": "unauthorized_client",
        "error_description": "Missing valid authorization header",
    }


def test_a_public_client_names_itself_in_the_body(baker: Person) -> None:
    Client.objects.create(network="x", client_id="phone", client_secret="", name="Phone")

    answer = token(code_of(authorize(client_id="phone")), "", client_id="phone")

    assert answer.status_code == 200


def test_without_offline_access_there_is_no_refresh_token(baker: Person) -> None:
    assert "refresh_token" not in token(code_of(authorize(scope="tweet.read users.read"))).json()


def refresh(value: str) -> Any:
    fields = {"grant_type": "refresh_token", "refresh_token": value}
    return Browser().post(f"{HOME}/2/oauth2/token", fields, headers={"Authorization": BASIC})


def test_a_refresh_rotates_and_the_old_tokens_stop_at_once(api: Callable[..., Any]) -> None:
    answer = refresh("refresh-1")

    assert answer.json()["refresh_token"] != "refresh-1"
    assert refresh("refresh-1").status_code == 400
    assert api("GET", "/2/users/me").status_code == 401


@pytest.mark.parametrize("value", ["", "nonsense"])
def test_a_refresh_needs_a_living_token(grant: Grant, value: str) -> None:
    assert refresh(value).status_code == 400


@pytest.mark.parametrize("value", ["access-1", "refresh-1"])
def test_revoking_either_token_ends_the_grant(api: Callable[..., Any], value: str) -> None:
    answer = Browser().post(f"{HOME}/2/oauth2/revoke", {"token": value}, headers={"Authorization": BASIC})

    assert answer.json() == {"revoked": True}
    assert api("GET", "/2/users/me").status_code == 401
    assert refresh("refresh-1").status_code == 400


# --- tokens, scopes, limits ---


def test_a_request_without_a_token_is_unauthorized(api: Callable[..., Any]) -> None:
    answer = api("GET", "/2/users/me", headers={"Authorization": "Bearer nobody"})

    assert answer.status_code == 401
    assert answer.json() == {
        "title": "Unauthorized",
        "detail": "Unauthorized",
        "type": "about:blank",
        "status": 401,
    }


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/2/users/me", "users.read"),
        ("POST", "/2/tweets", "tweet.write"),
        ("DELETE", "/2/tweets/1", "tweet.write"),
        ("GET", "/2/tweets", "tweet.read"),
        ("POST", "/2/media/upload", "media.write"),
        ("POST", "/2/media/upload/initialize", "media.write"),
        ("POST", "/2/media/metadata", "media.write"),
        ("PUT", "/2/tweets/1/hidden", "tweet.moderate.write"),
        ("POST", "/2/users/1/likes", "like.write"),
        ("GET", "/2/dm_events", "dm.read"),
        ("POST", "/2/dm_conversations/with/1/messages", "dm.write"),
        ("DELETE", "/2/dm_events/1", "dm.write"),
        ("GET", "/2/users/by", "users.read"),
        ("GET", "/2/media/analytics", "tweet.read"),
    ],
)
def test_a_missing_scope_is_forbidden(
    api: Callable[..., Any], grant: Grant, method: str, path: str, scope: str
) -> None:
    grant.scopes = [other for other in ALL if other != scope]
    grant.save()

    answer = api(method, path)

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/problems/unsupported-authentication")


def test_calls_are_counted_in_buckets_of_fifteen_minutes(
    api: Callable[..., Any], baker: Person, time_machine: Any
) -> None:
    baker.facts = {"limits": {"GET /2/users/me": 2}}
    baker.save()
    time_machine.move_to(timezone.now(), tick=False)

    answers = [api("GET", "/2/users/me") for _ in range(3)]
    time_machine.shift(timedelta(minutes=15))
    later = api("GET", "/2/users/me")

    assert [answer["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer["x-rate-limit-limit"] for answer in answers} == {"2"}
    assert answers[2].status_code == 429
    assert answers[2].json()["title"] == "Too Many Requests"
    assert later["x-rate-limit-remaining"] == "1"


def test_a_refused_call_counts_too(api: Callable[..., Any]) -> None:
    first = api("POST", "/2/tweets", {"bogus": 1})
    second = api("POST", "/2/tweets", {"text": "One"})

    assert first.status_code == 400
    assert (first["x-rate-limit-remaining"], second["x-rate-limit-remaining"]) == ("99", "98")


# --- posting ---


def test_a_post_is_created_at_its_own_address(api: Callable[..., Any], baker: Person) -> None:
    answer = api("POST", "/2/tweets", {"text": "Rye & wheat https://example.com/a?b=1&c=2"})

    entry = Entry.objects.get()
    post = answer.json()["data"]
    assert answer.status_code == 201
    assert answer["location"].endswith(f"/2/tweets/{entry.remote_id}")
    assert post["id"] == entry.remote_id
    assert post["edit_history_tweet_ids"] == [entry.remote_id]
    assert post["text"].startswith("Rye &amp; wheat https://t.co/")
    assert "example.com" not in post["text"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "must not be empty"),
        ({"text": ""}, "must not be empty"),
        ({"text": 5}, "string expected"),
        ({"text": "a", "bogus": 1}, "does not allow additional properties"),
        ({"text": "a", "reply": {"bogus": "1"}}, "does not allow additional properties"),
        ({"text": "a", "reply": {}}, "is missing but it is required"),
        ({"text": "a", "reply": {"in_reply_to_tweet_id": 5}}, "regex pattern"),
        ({"text": "a", "reply_settings": "everyone"}, "enumeration"),
        ({"text": "a", "media": {"media_ids": []}}, "1 to 4 items"),
        ({"text": "a", "media": {"media_ids": ["1", "2", "3", "4", "5"]}}, "1 to 4 items"),
        ({"text": "a", "media": {"media_ids": ["1"]}}, "Your media IDs are invalid."),
        ({"text": "a", "poll": {"options": ["y"], "duration_minutes": 5}}, "2 to 4 items"),
        ({"text": "a", "poll": {"options": ["y", "n"], "duration_minutes": 4}}, "between 5 and 10080"),
        ({"text": "a", "poll": {"options": ["y", "n" * 26], "duration_minutes": 5}}, "1 to 25"),
        (
            {
                "text": "a",
                "media": {"media_ids": ["1"]},
                "poll": {"options": ["y", "n"], "duration_minutes": 5},
            },
            "mutually exclusive",
        ),
        ({"text": "a", "quote_tweet_id": "1", "card_uri": "card://1"}, "mutually exclusive"),
        ({"text": "a", "made_with_ai": "yes"}, "boolean expected"),
        ({"text": "a\ufeff"}, "not allowed"),
    ],
)
def test_a_wrong_body_is_refused_by_name(api: Callable[..., Any], body: dict[str, Any], words: str) -> None:
    answer = api("POST", "/2/tweets", body)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/problems/invalid-request")
    assert words in message(answer)
    assert not Entry.objects.exists()


def test_a_form_is_not_a_post(form: Callable[..., Any]) -> None:
    assert "application/json" in message(form("/2/tweets", text="One"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": "a" * 281}, "not permitted to perform"),
        ({"text": "漢" * 141}, "not permitted to perform"),
        ({"text": "Buy $RYE and $OATS"}, "one cashtag"),
        ({"text": "a", "quote_tweet_id": "1"}, "Quoting this post"),
        ({"text": "a", "community_id": "1"}, "not permitted to perform"),
        ({"text": "a", "reply": {"in_reply_to_tweet_id": "1"}}, "deleted or not visible"),
    ],
)
def test_what_the_account_may_not_do_is_forbidden(
    api: Callable[..., Any], body: dict[str, Any], words: str
) -> None:
    answer = api("POST", "/2/tweets", body)

    assert answer.status_code == 403
    assert words in answer.json()["detail"]
    assert answer.json()["type"] == "about:blank"


@pytest.mark.parametrize("text", ["a" * 280, "漢" * 140, f"{'a' * 256} https://example.com/{'b' * 200}"])
def test_a_text_that_just_fits_goes_through(api: Callable[..., Any], text: str) -> None:
    assert api("POST", "/2/tweets", {"text": text}).status_code == 201


def test_a_subscriber_may_write_long(api: Callable[..., Any], baker: Person) -> None:
    baker.facts = {"subscription_type": "Premium"}
    baker.save()

    assert api("POST", "/2/tweets", {"text": "long " * 5000}).status_code == 201
    assert api("POST", "/2/tweets", {"text": "longer" * 5000}).status_code == 403


def test_the_same_text_again_is_a_duplicate_until_a_day_later(
    api: Callable[..., Any], grant: Grant, time_machine: Any
) -> None:
    Grant.objects.update(access_expires_at=None)
    time_machine.move_to(timezone.now())
    api("POST", "/2/tweets", {"text": "One"})

    again = api("POST", "/2/tweets", {"text": " One "})
    time_machine.shift(timedelta(days=1, seconds=1))
    later = api("POST", "/2/tweets", {"text": "One"})

    assert later.status_code == 201
    assert again.status_code == 403
    assert again.json() == {
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
    }


def test_a_reply_to_a_stranger_is_not_allowed(api: Callable[..., Any], mina: Person) -> None:
    body = {"conversation_id": "5", "text": "Hi", "entities": {}, "note": None, "reply_settings": "everyone"}
    Entry.objects.create(network="x", person=mina, remote_id="5", text="Hi", body=body)
    Entry.objects.create(network="x", person=mina, remote_id="6", text="Hi @Hafenbaecker", body=body)

    stranger = api("POST", "/2/tweets", {"text": "a", "reply": {"in_reply_to_tweet_id": "5"}})
    asked = api("POST", "/2/tweets", {"text": "b", "reply": {"in_reply_to_tweet_id": "6"}})

    assert "Reply to this conversation is not allowed" in stranger.json()["detail"]
    assert asked.status_code == 201


# --- media ---


def test_a_picture_in_one_piece(form: Callable[..., Any]) -> None:
    answer = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")

    data = answer.json()["data"]
    assert answer.status_code == 200
    assert data["media_key"] == f"3_{data['id']}"
    assert data["image"] == {"w": 20, "h": 20, "image_type": "image/png"}
    assert "processing_info" not in data
    assert data["size"] == len(image().read())


def test_a_picture_in_json(api: Callable[..., Any]) -> None:
    body = {"media": base64.b64encode(image().read()).decode(), "media_category": "tweet_image"}

    assert api("POST", "/2/media/upload", body).status_code == 200


def test_a_picture_by_the_three_paths(api: Callable[..., Any], form: Callable[..., Any]) -> None:
    content = image().read()
    wanted = {"media_type": "image/png", "media_category": "tweet_image", "total_bytes": len(content)}
    media_id = api("POST", "/2/media/upload/initialize", wanted).json()["data"]["id"]
    path = f"/2/media/upload/{media_id}"

    form(f"{path}/append", segment_index="1", media=io.BytesIO(content[40:]))
    form(f"{path}/append", segment_index="0", media=io.BytesIO(b"a broken try"))
    early = api("POST", f"{path}/finalize", {})
    again = form(f"{path}/append", segment_index="0", media=io.BytesIO(content[:40]))
    last = api("POST", f"{path}/finalize", {})
    late = form(f"{path}/append", segment_index="2", media=io.BytesIO(b"x"))

    assert early.status_code == 400
    assert again.json()["data"]["expires_at"] > timezone.now().timestamp()
    assert last.json()["data"]["image"]["w"] == 20
    assert bytes(Upload.objects.get().content) == content
    assert late.status_code == 400


def test_a_picture_by_commands(form: Callable[..., Any], api: Callable[..., Any]) -> None:
    content = image("JPEG").read()
    kind = {"media_type": "image/jpeg", "media_category": "tweet_image", "total_bytes": str(len(content))}
    media_id = form("/2/media/upload", command="INIT", **kind).json()["data"]["id"]

    form("/2/media/upload", command="APPEND", media_id=media_id, segment_index="0", media=io.BytesIO(content))
    form("/2/media/upload", command="FINALIZE", media_id=media_id)
    status = api("GET", "/2/media/upload", {"command": "STATUS", "media_id": media_id})

    assert status.json()["data"]["image"]["image_type"] == "image/jpeg"
    assert "processing_info" not in status.json()["data"]


def test_processing_is_told_look_by_look(
    form: Callable[..., Any], api: Callable[..., Any], baker: Person
) -> None:
    baker.facts = {"processing": 2}
    baker.save()
    answer = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")
    media_id = answer.json()["data"]["id"]
    look = {"command": "STATUS", "media_id": media_id}

    unready = api("POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media_id]}})
    states = [
        api("GET", "/2/media/upload", look).json()["data"]["processing_info"]["state"] for _ in range(2)
    ]
    ready = api("POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media_id]}})

    assert answer.json()["data"]["processing_info"] == {"state": "pending", "check_after_secs": 1}
    assert states == ["pending", "succeeded"]
    assert (unready.status_code, ready.status_code) == (400, 201)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"media_category": "tweet_image", "media_type": "image/jpeg"}, "media type unrecognized"),
        ({"media_category": "tweet_gif", "media_type": "image/png"}, "does not go with"),
        ({"media_category": "banner", "media_type": "image/png"}, "does not go with"),
        ({"media_type": "image/png"}, "does not go with"),
        ({"media_category": "tweet_image", "alt": "x"}, "additional properties"),
        ({"command": "STOP"}, "is not one of"),
    ],
)
def test_a_wrong_upload_is_refused(form: Callable[..., Any], fields: dict[str, str], words: str) -> None:
    answer = form("/2/media/upload", media=image(), **fields)

    assert answer.status_code == 400
    assert words in message(answer)


def test_a_picture_over_five_megabytes_is_refused(api: Callable[..., Any]) -> None:
    wanted = {"media_type": "image/png", "media_category": "tweet_image", "total_bytes": 5 * 1024 * 1024 + 1}

    assert "File size" in message(api("POST", "/2/media/upload/initialize", wanted))


def test_a_segment_over_the_limit_is_too_large(api: Callable[..., Any], form: Callable[..., Any]) -> None:
    wanted = {"media_type": "image/gif", "media_category": "tweet_gif", "total_bytes": 9_000_000}
    media_id = api("POST", "/2/media/upload/initialize", wanted).json()["data"]["id"]

    large = io.BytesIO(b"x" * (5 * 1024 * 1024 + 1))

    assert form(f"/2/media/upload/{media_id}/append", segment_index="0", media=large).status_code == 413


def test_somebody_elses_media_and_old_media_are_invalid(
    form: Callable[..., Any], api: Callable[..., Any], mina: Person
) -> None:
    ids = []
    for _ in range(2):
        answer = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")
        ids.append(answer.json()["data"]["id"])
    Upload.objects.filter(remote_id=ids[0]).update(person=mina)
    old = Upload.objects.get(remote_id=ids[1])
    old.facts["expires_at"] -= 86_401
    old.save()

    answers = [
        api("POST", "/2/tweets", {"text": "a", "media": {"media_ids": [media_id]}}) for media_id in ids
    ]

    assert [message(answer) for answer in answers] == ["Your media IDs are invalid."] * 2


def test_a_gif_stands_alone(form: Callable[..., Any], api: Callable[..., Any]) -> None:
    gif = form("/2/media/upload", media=image("GIF"), media_category="tweet_gif", media_type="image/gif")
    png = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")
    ids = [answer.json()["data"]["id"] for answer in (gif, png)]

    both = api("POST", "/2/tweets", {"text": "a", "media": {"media_ids": ids}})
    alone = api("POST", "/2/tweets", {"media": {"media_ids": ids[:1]}})

    assert gif.json()["data"]["media_key"].startswith("16_")
    assert (both.status_code, alone.status_code) == (400, 201)


def test_pictures_keep_the_order_in_which_they_are_named(
    form: Callable[..., Any], api: Callable[..., Any]
) -> None:
    kind = {"media_category": "tweet_image", "media_type": "image/png"}
    ids = [form("/2/media/upload", media=image(), **kind).json()["data"]["id"] for _ in range(3)]
    wanted = [ids[2], ids[0], ids[1]]

    post = api("POST", "/2/tweets", {"media": {"media_ids": wanted}}).json()["data"]["id"]
    answer = api("GET", f"/2/tweets/{post}", {"tweet.fields": "attachments"}).json()

    assert answer["data"]["attachments"]["media_keys"] == [f"3_{media_id}" for media_id in wanted]


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"alt_text": {"text": "A loaf"}}, 200),
        ({"alt_text": {"text": "a" * 1000}}, 200),
        ({"alt_text": {"text": "a" * 1001}}, 400),
        ({"alt_text": "A loaf"}, 400),
        ({"alt": {"text": "A loaf"}}, 400),
        ({}, 400),
    ],
)
def test_alternative_text_has_one_shape(
    form: Callable[..., Any], api: Callable[..., Any], metadata: dict[str, Any], status: int
) -> None:
    answer = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")
    media_id = answer.json()["data"]["id"]

    answer = api("POST", "/2/media/metadata", {"id": media_id, "metadata": metadata})

    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"data": {"id": media_id, "associated_metadata": metadata}}


# --- reading ---


@pytest.fixture
def thread(api: Callable[..., Any], form: Callable[..., Any]) -> list[str]:
    """A post with a link and a picture, and its continuation; their ids."""
    upload = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")
    media_id = upload.json()["data"]["id"]
    api("POST", "/2/media/metadata", {"id": media_id, "metadata": {"alt_text": {"text": "A loaf"}}})
    text = "Rye & #oats by @minaworks: example.com/a?b=1"
    first = api("POST", "/2/tweets", {"text": text, "media": {"media_ids": [media_id]}}).json()["data"]["id"]
    reply = {"in_reply_to_tweet_id": first}
    second = api("POST", "/2/tweets", {"text": "Two", "reply": reply}).json()["data"]["id"]
    return [first, second]


def test_a_post_reads_back_in_the_old_words(
    api: Callable[..., Any], thread: list[str], baker: Person
) -> None:
    asked = {
        "tweet.fields": "created_at,entities,referenced_tweets,public_metrics,conversation_id",
        "expansions": "author_id,attachments.media_keys,referenced_tweets.id",
        "media.fields": "url,alt_text,width",
        "user.fields": "verified_type",
    }

    first = api("GET", f"/2/tweets/{thread[0]}", asked).json()
    second = api("GET", f"/2/tweets/{thread[1]}", asked).json()

    post = first["data"]
    link, picture = post["entities"]["urls"]
    assert post["edit_history_tweet_ids"] == [thread[0]]
    assert link["expanded_url"] == "http://example.com/a?b=1"
    assert link["display_url"] == "example.com/a?b=1"
    assert post["text"][link["start"] : link["end"]] == link["url"]
    assert picture["display_url"].startswith("pic.x.com/")
    assert post["text"] == f"Rye &amp; #oats by @minaworks: {link['url']} {picture['url']}"
    assert post["entities"]["hashtags"][0]["tag"] == "oats"
    assert post["entities"]["mentions"][0]["username"] == "minaworks"
    assert post["public_metrics"]["retweet_count"] == 0
    [media] = first["includes"]["media"]
    assert (media["media_key"], media["alt_text"], media["width"]) == (picture["media_key"], "A loaf", 20)
    assert Browser().get(urlsplit(media["url"]).path)["Content-Type"] == "image/png"
    assert first["includes"]["users"][0] == {
        "id": baker.remote_id,
        "name": baker.name,
        "username": baker.handle,
        "verified_type": "none",
    }
    assert second["data"]["referenced_tweets"] == [{"type": "replied_to", "id": thread[0]}]
    assert second["data"]["conversation_id"] == thread[0]
    assert second["includes"]["tweets"][0]["id"] == thread[0]


def test_a_post_reads_back_in_the_new_words(api: Callable[..., Any], thread: list[str]) -> None:
    asked = {"post.fields": "public_metrics", "expansions": "referenced_posts"}

    answer = api("GET", f"/2/tweets/{thread[1]}", asked).json()

    assert answer["data"]["edit_history_post_ids"] == [thread[1]]
    assert answer["data"]["referenced_posts"] == [{"type": "replied_to", "id": thread[0]}]
    assert "repost_count" in answer["data"]["public_metrics"]
    assert answer["includes"]["posts"][0]["id"] == thread[0]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"tweet.fields": "created_at,bogus"}, "tweet.fields"),
        ({"post.fields": "author_id"}, "post.fields"),
        ({"expansions": "everything"}, "expansions"),
        ({"bogus": "1"}, "bogus"),
        ({"max_results": "4"}, "max_results"),
        ({"max_results": "101"}, "max_results"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "2999-01-01T00:00:00Z"}, "start_time"),
        ({"pagination_token": "x"}, "pagination_token"),
    ],
)
def test_a_wrong_parameter_is_named(
    api: Callable[..., Any], baker: Person, query: dict[str, str], name: str
) -> None:
    answer = api("GET", f"/2/users/{baker.remote_id}/tweets", query)

    assert answer.status_code == 400
    assert list(answer.json()["errors"][0]["parameters"]) == [name]


@pytest.mark.parametrize(("spoken", "refused"), [("tweet", "post.fields"), ("post", "tweet.fields")])
def test_a_server_may_speak_one_vocabulary_only(
    api: Callable[..., Any], baker: Person, spoken: str, refused: str
) -> None:
    baker.facts = {"vocabulary": spoken}
    baker.save()

    answer = api("GET", f"/2/users/{baker.remote_id}/tweets", {refused: "created_at"})

    assert answer.status_code == 400
    assert list(answer.json()["errors"][0]["parameters"]) == [refused]


def test_a_timeline_is_newest_first_and_paged(api: Callable[..., Any], baker: Person) -> None:
    ids = [api("POST", "/2/tweets", {"text": f"Post {n}"}).json()["data"]["id"] for n in range(7)]
    path = f"/2/users/{baker.remote_id}/tweets"

    first = api("GET", path, {"max_results": "5"}).json()
    rest = api("GET", path, {"max_results": "5", "pagination_token": first["meta"]["next_token"]}).json()

    assert [post["id"] for post in first["data"] + rest["data"]] == ids[::-1]
    assert first["meta"]["result_count"] == 5
    assert "next_token" not in rest["meta"]


def test_an_empty_timeline_has_no_data(api: Callable[..., Any], baker: Person) -> None:
    assert api("GET", f"/2/users/{baker.remote_id}/tweets").json() == {"meta": {"result_count": 0}}


def test_a_timeline_shows_a_new_post_late_where_it_lags(
    api: Callable[..., Any], baker: Person, thread: list[str]
) -> None:
    baker.facts = {"index_lag": 30}
    baker.save()
    path = f"/2/users/{baker.remote_id}/tweets"

    fresh = api("GET", path).json()
    Entry.objects.update(created_at=timezone.now() - timedelta(seconds=31))
    later = api("GET", path).json()

    assert fresh["meta"]["result_count"] == 0
    assert later["meta"]["result_count"] == 2


def test_replies_can_be_left_out(api: Callable[..., Any], baker: Person, thread: list[str]) -> None:
    answer = api("GET", f"/2/users/{baker.remote_id}/tweets", {"exclude": "replies"}).json()

    assert [post["id"] for post in answer["data"]] == thread[:1]


def test_what_is_missing_is_told_inside_a_success(api: Callable[..., Any], thread: list[str]) -> None:
    answer = api("GET", "/2/tweets", {"ids": f"{thread[0]},99"})

    assert answer.status_code == 200
    assert [post["id"] for post in answer.json()["data"]] == thread[:1]
    assert answer.json()["errors"][0]["type"].endswith("/resource-not-found")
    assert "errors" in api("GET", "/2/tweets/99").json()


def test_a_long_post_is_cut_and_whole_in_its_note(api: Callable[..., Any], baker: Person) -> None:
    baker.facts = {"subscription_type": "PremiumPlus"}
    baker.save()
    text = "word " * 100
    post = api("POST", "/2/tweets", {"text": text}).json()["data"]

    answer = api("GET", f"/2/tweets/{post['id']}", {"post.fields": "note_post"}).json()

    assert post["text"].endswith("…")
    assert len(post["text"]) <= 280
    assert answer["data"]["note_post"]["text"] == text.strip()


def test_me_tells_what_is_asked(api: Callable[..., Any], baker: Person) -> None:
    bare = api("GET", "/2/users/me").json()["data"]
    asked = {"user.fields": "subscription_type,profile_image_url,public_metrics"}
    full = api("GET", "/2/users/me", asked).json()["data"]

    assert bare == {"id": baker.remote_id, "name": baker.name, "username": baker.handle}
    assert full["subscription_type"] == "None"
    assert full["public_metrics"]["tweet_count"] == 0
    picture = Browser().get(urlsplit(full["profile_image_url"]).path)
    assert picture["Content-Type"] == "image/png"


# --- deleting ---


def test_a_deleted_post_is_gone_everywhere(api: Callable[..., Any], thread: list[str]) -> None:
    answer = api("DELETE", f"/2/tweets/{thread[0]}")

    assert answer.json() == {"data": {"deleted": True}}
    assert "errors" in api("GET", f"/2/tweets/{thread[0]}").json()
    assert api("DELETE", f"/2/tweets/{thread[0]}").status_code == 404


def test_only_ones_own_posts_can_be_deleted(api: Callable[..., Any], mina: Person) -> None:
    Entry.objects.create(network="x", person=mina, remote_id="5", text="Hi")

    answer = api("DELETE", "/2/tweets/5")

    assert answer.status_code == 403
    assert Entry.objects.filter(deleted_at=None).exists()


def test_seeding_twice_changes_nothing(baker: Person) -> None:
    before = list(Person.objects.filter(network="x").values())

    world.seed()

    assert list(Person.objects.filter(network="x").values()) == before
    assert len(before) == 3


# --- videos ---


@pytest.fixture
def video(api: Callable[..., Any], form: Callable[..., Any]) -> Callable[..., Any]:
    """Uploads a film in one segment; the answer to finalize."""

    def send(content: bytes = b"", category: str = "tweet_video", kind: str = "video/mp4") -> Any:
        content = content or film_bytes()
        wanted = {"media_type": kind, "media_category": category, "total_bytes": len(content)}
        path = f"/2/media/upload/{api('POST', '/2/media/upload/initialize', wanted).json()['data']['id']}"
        form(f"{path}/append", segment_index="0", media=io.BytesIO(content))
        return api("POST", f"{path}/finalize", {})

    return send


def states(api: Callable[..., Any], media_id: str, looks: int) -> list[dict[str, Any]]:
    look = {"command": "STATUS", "media_id": media_id}
    return [api("GET", "/2/media/upload", look).json()["data"]["processing_info"] for _ in range(looks)]


def test_a_video_is_processed_look_by_look(api: Callable[..., Any], video: Callable[..., Any]) -> None:
    told = video().json()["data"]

    looks = states(api, told["id"], 2)
    post = api("POST", "/2/tweets", {"text": "a", "media": {"media_ids": [told["id"]]}}).json()["data"]["id"]
    asked = {
        "expansions": "attachments.media_keys",
        "media.fields": "duration_ms,variants,public_metrics,width",
    }
    read = api("GET", f"/2/tweets/{post}", asked).json()

    assert told["media_key"] == f"7_{told['id']}"
    assert told["video"] == {"video_type": "video/mp4"}
    assert told["processing_info"] == {"state": "pending", "check_after_secs": 1}
    assert [look["state"] for look in looks] == ["in_progress", "succeeded"]
    [media] = read["includes"]["media"]
    assert (media["type"], media["duration_ms"], media["width"]) == ("video", 3000, 540)
    assert set(media["public_metrics"]) == {"view_count"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: b"no film", "format"),
        (lambda: film_bytes(codec="mpeg4"), "codec"),
        (lambda: film_bytes(size=(1600, 400)), "ratio"),
        (lambda: film_bytes(size=(2048, 1024), seconds=1), "dimensions"),
    ],
)
def test_a_video_of_another_kind_fails_in_processing(
    api: Callable[..., Any], video: Callable[..., Any], content: Callable[[], bytes], words: str
) -> None:
    told = video(content()).json()["data"]

    last = states(api, told["id"], 2)[-1]
    post = api("POST", "/2/tweets", {"text": "a", "media": {"media_ids": [told["id"]]}})

    assert last["state"] == "failed"
    assert last["error"]["name"] == "InvalidMedia"
    assert words in last["error"]["message"]
    assert message(post) == "Your media IDs are invalid."


def test_a_video_does_not_go_in_one_piece_nor_beside_a_picture(
    api: Callable[..., Any], form: Callable[..., Any], video: Callable[..., Any]
) -> None:
    film = io.BytesIO(film_bytes())
    whole = form("/2/media/upload", media=film, media_category="tweet_video", media_type="video/mp4")
    media_id = video().json()["data"]["id"]
    states(api, media_id, 2)
    png = form("/2/media/upload", media=image(), media_category="tweet_image", media_type="image/png")
    ids = [media_id, png.json()["data"]["id"]]

    assert whole.status_code == 400
    assert api("POST", "/2/tweets", {"media": {"media_ids": ids}}).status_code == 400


def test_the_length_of_a_video_is_refused_when_it_is_posted(
    api: Callable[..., Any], video: Callable[..., Any], baker: Person
) -> None:
    baker.facts = {"video_seconds": 120}
    baker.save()
    media_id = video().json()["data"]["id"]
    states(api, media_id, 2)
    row = Upload.objects.get(remote_id=media_id)
    row.facts["seconds"] = 121
    row.save()

    answer = api("POST", "/2/tweets", {"media": {"media_ids": [media_id]}})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "This user is not allowed to post a video longer than 2 minutes."


# --- polls, quotes, versions ---


def test_a_poll_reads_back_with_its_votes(api: Callable[..., Any]) -> None:
    poll = {"options": ["Rye", "Spelt"], "duration_minutes": 60}
    post = api("POST", "/2/tweets", {"text": "Which?", "poll": poll}).json()["data"]["id"]
    asked = {"expansions": "attachments.poll_ids", "poll.fields": "voting_status,duration_minutes"}

    answer = api("GET", f"/2/tweets/{post}", asked).json()

    [read] = answer["includes"]["polls"]
    assert answer["data"]["attachments"] == {"poll_ids": [read["id"]]}
    assert read["options"][0] == {"position": 1, "label": "Rye", "votes": 0}
    assert (read["voting_status"], read["duration_minutes"]) == ("open", 60)


def test_a_quote_is_for_apps_with_a_larger_plan(api: Callable[..., Any], baker: Person) -> None:
    wanted = {"text": "a", "quote_tweet_id": "1860412340998877185"}
    refused = api("POST", "/2/tweets", wanted)
    baker.facts = {"access": "enterprise"}
    baker.save()
    post = api("POST", "/2/tweets", wanted).json()["data"]

    read = api(
        "GET", f"/2/tweets/{post['id']}", {"post.fields": "entities", "expansions": "referenced_posts"}
    )

    assert refused.json()["detail"] == "Quoting this post is not allowed."
    assert read.json()["data"]["referenced_posts"] == [{"type": "quoted", "id": "1860412340998877185"}]
    assert read.json()["data"]["entities"]["urls"][0]["expanded_url"].endswith("/status/1860412340998877185")


def test_a_version_has_an_id_of_its_own_and_the_history_of_all(
    api: Callable[..., Any], baker: Person
) -> None:
    baker.facts = {"subscription_type": "Premium"}
    baker.save()
    first = api("POST", "/2/tweets", {"text": "Ry"}).json()["data"]["id"]
    changed = api("POST", "/2/tweets", {"text": "Rye", "edit_options": {"previous_post_id": first}})
    stale = api("POST", "/2/tweets", {"text": "Oats", "edit_options": {"previous_post_id": first}})

    second = changed.json()["data"]["id"]
    reads = [
        api("GET", f"/2/tweets/{i}", {"post.fields": "edit_controls"}).json()["data"] for i in (first, second)
    ]
    api("DELETE", f"/2/tweets/{first}")

    assert changed.json()["data"]["edit_history_tweet_ids"] == [first, second]
    assert [read["text"] for read in reads] == ["Ry", "Rye"]
    assert [read["edit_history_post_ids"] for read in reads] == [[first, second]] * 2
    assert reads[1]["edit_controls"]["edits_remaining"] == 4
    assert stale.status_code == 403
    assert "errors" in api("GET", f"/2/tweets/{second}").json()


def test_an_hour_later_nothing_can_be_changed(api: Callable[..., Any], baker: Person) -> None:
    baker.facts = {"subscription_type": "Premium"}
    baker.save()
    post = api("POST", "/2/tweets", {"text": "Ry"}).json()["data"]["id"]
    Entry.objects.update(created_at=timezone.now() - timedelta(minutes=61))

    answer = api("POST", "/2/tweets", {"text": "Rye", "edit_options": {"previous_post_id": post}})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "You are not permitted to perform this action."


# --- people ---


def test_mentions_are_told_newest_first_and_since_an_id(
    api: Callable[..., Any], baker: Person, mina: Person, thread: list[str]
) -> None:
    notes = [
        arrive("comment", baker, mina, "Warm?", Entry.objects.get(remote_id=thread[0])),
        arrive("mention", baker, mina, "Hello @hafenbaecker"),
    ]
    path = f"/2/users/{baker.remote_id}/mentions"
    asked = {
        "tweet.fields": "referenced_tweets,in_reply_to_user_id,conversation_id",
        "expansions": "author_id",
    }

    every = api("GET", path, asked).json()
    newer = api("GET", path, {"since_id": notes[0].remote_id}).json()
    none = api("GET", path, {"since_id": notes[1].remote_id}).json()

    mention, comment = every["data"]
    assert comment["text"] == "@hafenbaecker Warm?"
    assert comment["referenced_tweets"] == [{"type": "replied_to", "id": thread[0]}]
    assert comment["conversation_id"] == thread[0]
    assert comment["in_reply_to_user_id"] == baker.remote_id
    assert mention["text"] == "Hello @hafenbaecker"
    assert [user["username"] for user in every["includes"]["users"]] == ["minaworks"]
    assert every["meta"]["newest_id"] == notes[1].remote_id
    assert [post["id"] for post in newer["data"]] == [notes[1].remote_id]
    assert none == {"meta": {"result_count": 0}}


def test_only_answers_in_ones_own_conversation_are_hidden(
    api: Callable[..., Any], baker: Person, mina: Person, thread: list[str]
) -> None:
    comment = arrive("comment", baker, mina, "Warm?", Entry.objects.get(remote_id=thread[0]))
    mention = arrive("mention", baker, mina, "Hello @hafenbaecker")

    hidden = api("PUT", f"/2/tweets/{comment.remote_id}/hidden", {"hidden": True})
    wrong = api("PUT", f"/2/tweets/{comment.remote_id}/hidden", {"hidden": "yes"})
    elsewhere = api("PUT", f"/2/tweets/{mention.remote_id}/hidden", {"hidden": True})

    assert hidden.json() == {"data": {"hidden": True}}
    assert (wrong.status_code, elsewhere.status_code) == (400, 403)
    assert Note.objects.get(pk=comment.pk).is_hidden


def test_likes_are_ones_own_and_for_larger_plans(
    api: Callable[..., Any], baker: Person, mina: Person
) -> None:
    note = arrive("mention", baker, mina, "Hello @hafenbaecker")
    likes, wanted = f"/2/users/{baker.remote_id}/likes", {"tweet_id": note.remote_id}
    refused = api("POST", likes, wanted)
    baker.facts = {"access": "enterprise"}
    baker.save()

    given = api("POST", likes, wanted)
    others = api("POST", f"/2/users/{mina.remote_id}/likes", wanted)
    missing = api("POST", likes, {"tweet_id": "99"})
    back = api("DELETE", f"{likes}/{note.remote_id}")

    assert given.json() == {"data": {"liked": True}}
    assert back.json() == {"data": {"liked": False}}
    assert [answer.status_code for answer in (refused, others, missing)] == [403, 400, 404]


def test_a_message_has_the_fields_that_are_asked_for(
    api: Callable[..., Any], baker: Person, mina: Person
) -> None:
    note = arrive("direct", baker, mina, "Hi https://example.com")
    bare = api("GET", "/2/dm_events").json()
    asked = {"dm_event.fields": "sender_id,dm_conversation_id,created_at", "expansions": "sender_id"}
    full = api("GET", f"/2/dm_events/{note.remote_id}", asked).json()

    assert set(bare["data"][0]) == {"id", "event_type", "text"}
    assert bare["data"][0]["text"].startswith("Hi https://t.co/")
    assert full["data"]["sender_id"] == mina.remote_id
    assert full["data"]["dm_conversation_id"] == f"{baker.remote_id}-{mina.remote_id}"
    assert full["includes"]["users"][0]["username"] == "minaworks"


@pytest.mark.parametrize(
    ("conversation", "body", "status"),
    [
        ("with/1185364920117854208", {"text": "Hi"}, 201),
        ("1072250532645998596-1185364920117854208", {"text": "Hi"}, 201),
        ("1185364920117854208-1072250532645998596", {"text": "Hi"}, 400),
        ("with/1", {"text": "Hi"}, 400),
        ("with/1072250532645998596", {"text": "Hi"}, 400),
        ("with/1185364920117854208", {"text": ""}, 400),
        ("with/1185364920117854208", {"text": "a" * 10_001}, 400),
        ("with/1185364920117854208", {"text": "Hi", "to": "x"}, 400),
        ("with/1185364920117854208", {"attachments": [{"media_id": "5"}]}, 400),
    ],
)
def test_a_message_goes_to_one_other_person(
    api: Callable[..., Any], conversation: str, body: dict[str, Any], status: int
) -> None:
    answer = api("POST", f"/2/dm_conversations/{conversation}/messages", body)

    assert answer.status_code == status
    if status == 201:
        assert set(answer.json()["data"]) == {"dm_conversation_id", "dm_event_id"}


def test_messages_reach_thirty_days_back(api: Callable[..., Any], baker: Person, mina: Person) -> None:
    arrive("direct", baker, mina, "Old")
    Note.objects.update(created_at=timezone.now() - timedelta(days=31))

    assert api("GET", "/2/dm_events").json() == {"meta": {"result_count": 0}}


def test_people_are_looked_up_by_their_handles(api: Callable[..., Any], mina: Person) -> None:
    answer = api("GET", "/2/users/by", {"usernames": "MinaWorks,nobody"}).json()

    assert answer["data"] == [{"id": mina.remote_id, "name": "Mina Works", "username": "minaworks"}]
    assert answer["errors"][0]["resource_id"] == "nobody"
    assert api("GET", "/2/users/by", {"usernames": "a b"}).status_code == 400


# --- numbers ---


def test_the_owners_numbers_are_for_the_owner_and_for_thirty_days(
    api: Callable[..., Any], mina: Person, thread: list[str]
) -> None:
    asked = {"ids": ",".join(thread), "post.fields": "public_metrics,non_public_metrics"}
    Entry.objects.filter(remote_id=thread[0]).update(created_at=timezone.now() - timedelta(days=31))

    answer = api("GET", "/2/tweets", asked).json()

    old, young = answer["data"]
    assert "non_public_metrics" not in old
    assert set(young["non_public_metrics"]) == {
        "impression_count", "url_link_clicks", "user_profile_clicks", "engagements",
    }  # fmt: skip
    [error] = answer["errors"]
    assert error["type"].endswith("/not-authorized-for-field")
    assert old["public_metrics"]["like_count"] > 0


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"granularity": "hourly"}, "granularity"),
        ({"start_time": "x"}, "start_time"),
        ({"media_analytics.fields": "likes"}, "media_analytics.fields"),
        ({"bogus": "1"}, "bogus"),
    ],
)
def test_the_numbers_of_videos_want_exact_questions(
    api: Callable[..., Any], change: dict[str, str], name: str
) -> None:
    asked = {
        "media_keys": "7_1",
        "start_time": "2026-01-01T00:00:00Z",
        "end_time": "2026-01-02T00:00:00Z",
        "granularity": "total",
        "media_analytics.fields": "watch_time_ms",
    }

    assert "errors" in api("GET", "/2/media/analytics", asked).json()
    answer = api("GET", "/2/media/analytics", {**asked, **change})
    assert answer.status_code == 400
    assert list(answer.json()["errors"][0]["parameters"]) == [name]
