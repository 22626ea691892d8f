"""Facebook's twin refuses what Facebook refuses, with the same bodies."""

import hashlib
import hmac
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox import facebook as twin
from platforms.sandbox.models import Entry, Fault, Grant, Note, Person, Upload
from platforms.tests.files import film_bytes, picture_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/facebook/v26.0"
BAKERY, CAFE = "104872165938412", "104218859077316"
ASK = {
    "client_id": "sandbox",
    "redirect_uri": "http://localhost/back",
    "state": "s",
    "response_type": "code",
    "scope": "pages_show_list,pages_manage_posts",
}


@pytest.fixture
def bakery() -> Person:
    move_in()
    return Person.objects.get(network="facebook", remote_id=BAKERY)


@pytest.fixture
def user(bakery: Person) -> Grant:
    """What the person allowed: everything."""
    return Grant.objects.create(
        network="facebook",
        person=bakery,
        client_id="sandbox",
        scopes=list(twin.oauth.SCOPES),
        access="user-token",
        access_expires_at=timezone.now() + timedelta(days=60),
    )


@pytest.fixture
def grant(user: Grant, bakery: Person) -> Grant:
    """The Page's token, from the person's."""
    return Grant.objects.create(
        network="facebook",
        person=bakery,
        client_id="sandbox",
        scopes=user.scopes,
        access="page-token",
        facts={"under": user.pk, "is_long": True},
    )


def call(method: str, path: str, bearer: str = "page-token", **fields: Any) -> tuple[int, dict[str, Any]]:
    """What the twin answers; fields go as the body of a POST, else as the query."""
    browser = Browser(headers={"authorization": f"Bearer {bearer}"})
    answer = browser.generic(method, f"{HOME}/{path}") if method == "DELETE" else None
    if method == "GET":
        answer = browser.get(f"{HOME}/{path}", fields)
    if method == "POST":
        answer = browser.post(f"{HOME}/{path}", fields)
    assert answer is not None
    return answer.status_code, answer.json()


def refused(method: str, path: str, bearer: str = "page-token", **fields: Any) -> tuple[int, int, int]:
    """Status, code and subcode of a refusal in Graph's shape."""
    status, body = call(method, path, bearer, **fields)
    assert set(body["error"]) >= {"message", "type", "code", "fbtrace_id"}
    return status, body["error"]["code"], body["error"].get("error_subcode", 0)


def photo(**fields: Any) -> str:
    made = call("POST", f"{BAKERY}/photos", source=io.BytesIO(picture_bytes()), published="false", **fields)
    return str(made[1]["id"])


# --- logging in ---


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"scope": "pages_fly"}, "Invalid Scopes: pages_fly"), ({"client_id": "other"}, "not registered")],
)
def test_the_dialog_shows_what_the_app_got_wrong(bakery: Person, wrong: dict[str, str], said: str) -> None:
    page = Browser().get(f"{HOME}/dialog/oauth", {**ASK, **wrong})

    assert page.status_code == 400
    assert said in page.content.decode()


@pytest.mark.parametrize(
    ("wrong", "code", "subcode"),
    [
        ({"client_secret": "wrong"}, 101, 0),
        ({"redirect_uri": "http://localhost/other"}, 100, 36008),
        ({"code": "wrong"}, 100, 36009),
        ({"grant_type": "password"}, 100, 0),
    ],
)
def test_a_code_is_given_a_token_only_for_the_right_app(
    bakery: Person, wrong: dict[str, str], code: int, subcode: int
) -> None:
    Grant.objects.create(
        network="facebook",
        person=bakery,
        client_id="sandbox",
        redirect_uri="http://localhost/back",
        code="good",
    )
    fields = {"client_id": "sandbox", "client_secret": "sandbox-secret", "code": "good"}

    told = refused(
        "GET", "oauth/access_token", "", **{**fields, "redirect_uri": ASK["redirect_uri"], **wrong}
    )

    assert told == (400, code, subcode)


def test_an_old_code_says_that_it_is_old(bakery: Person) -> None:
    past = timezone.now() - timedelta(hours=2)
    where = "http://localhost/back"
    Grant.objects.create(
        network="facebook", person=bakery, redirect_uri=where, code="old", code_expires_at=past
    )
    fields = {"client_id": "sandbox", "client_secret": "sandbox-secret", "redirect_uri": where, "code": "old"}

    assert refused("GET", "oauth/access_token", "", **fields) == (400, 100, 36007)


def test_a_token_says_what_it_is(grant: Grant) -> None:
    look = {"input_token": "page-token", "access_token": "sandbox|sandbox-secret"}

    data = call("GET", "debug_token", "", **look)[1]["data"]

    assert (data["type"], data["profile_id"], data["expires_at"]) == ("PAGE", BAKERY, 0)
    assert call("GET", "debug_token", "", **{**look, "input_token": "x"})[1]["data"]["is_valid"] is False


def test_dead_tokens_are_refused_each_in_its_way(grant: Grant, user: Grant) -> None:
    assert refused("GET", "me", "nobody's") == (401, 190, 0)

    Grant.objects.filter(pk=user.pk).update(access_expires_at=timezone.now() - timedelta(1))
    assert refused("GET", "me", "user-token") == (401, 190, 463)
    assert call("GET", "me", "page-token")[0] == 200  # it outlives the person's

    Grant.objects.filter(pk=user.pk).update(revoked_at=timezone.now())
    assert refused("GET", "me", "page-token") == (401, 190, 460)


def test_a_wrong_proof_is_refused_and_a_right_one_is_not(grant: Grant) -> None:
    right = hmac.new(b"sandbox-secret", b"page-token", hashlib.sha256).hexdigest()

    assert call("GET", "me", appsecret_proof=right)[0] == 200
    status, body = call("GET", "me", appsecret_proof="wrong")
    assert (status, body["error"]["type"]) == (400, "GraphMethodException")


def test_a_permission_that_is_missing_is_named(grant: Grant) -> None:
    Grant.objects.filter(pk=grant.pk).update(scopes=["pages_show_list"])

    status, body = call("POST", f"{BAKERY}/feed", message="Rye")

    assert (status, body["error"]["code"]) == (403, 200)
    assert "pages_manage_posts" in body["error"]["message"]


def test_a_person_cannot_post_as_themselves(user: Grant) -> None:
    assert refused("POST", f"{BAKERY}/feed", "user-token", message="Rye") == (400, 210, 0)
    assert refused("POST", f"{BAKERY}_1/comments", "user-token", message="Rye") == (400, 1705, 0)


def test_another_page_is_not_there(grant: Grant) -> None:
    assert refused("POST", f"{CAFE}/feed", message="Rye") == (400, 100, 33)


# --- posts ---


@pytest.mark.parametrize(
    ("fields", "code", "subcode"),
    [
        ({}, 197, 0),
        ({"message": "x" * 63_207}, 100, 0),
        ({"message": "Rye", "mesage": "Rye"}, 100, 0),
        ({"link": "morgenrot"}, 1500, 0),
        ({"link": "https://www.facebook.com/me"}, 100, 1609008),
        ({"message": "Rye", "place": "1"}, 100, 0),
        ({"message": "Rye", "targeting": '{"age_min":17}'}, 100, 0),
        ({"message": "Rye", "targeting": '{"geo_locations":{"countries":["de"]}}'}, 100, 0),
        ({"message": "Rye", "targeting": "{"}, 100, 0),
        ({"link": "https://a.example/", "call_to_action": '{"type":"JUMP","value":{"link":"x"}}'}, 100, 0),
        ({"message": "Rye", "attached_media": '[{"media_fbid":"1"}]'}, 100, 0),
        ({"message": "Rye", "published": "maybe"}, 100, 0),
        ({"message": "Rye", "published": "false"}, 100, 0),
    ],
)
def test_a_post_is_refused(grant: Grant, fields: dict[str, str], code: int, subcode: int) -> None:
    assert refused("POST", f"{BAKERY}/feed", **fields) == (400, code, subcode)
    assert not Entry.objects.exists()


def test_the_same_text_twice_in_a_row_is_refused(grant: Grant) -> None:
    call("POST", f"{BAKERY}/feed", message="Rye")

    assert refused("POST", f"{BAKERY}/feed", message="Rye ") == (400, 506, 0)


def test_a_staged_photo_serves_one_post_and_for_one_day(grant: Grant) -> None:
    used, old = photo(), photo()
    call("POST", f"{BAKERY}/feed", attached_media=f'[{{"media_fbid":"{used}"}}]')
    Upload.objects.filter(remote_id=old).update(created_at=timezone.now() - timedelta(hours=25))

    media = [f'[{{"media_fbid":"{one}"}}]' for one in (used, old)]
    assert refused("POST", f"{BAKERY}/feed", attached_media=media[0]) == (400, 100, 1366051)
    assert refused("POST", f"{BAKERY}/feed", attached_media=media[1]) == (400, 100, 0)


def test_a_photo_must_be_one(grant: Grant) -> None:
    webp = io.BytesIO(picture_bytes(kind="WEBP"))

    assert refused("POST", f"{BAKERY}/photos") == (400, 100, 0)
    assert refused("POST", f"{BAKERY}/photos", source=io.BytesIO(b"no picture")) == (400, 324, 0)
    assert refused("POST", f"{BAKERY}/photos", source=webp) == (400, 100, 1366046)
    assert refused("POST", f"{BAKERY}/photos", url="http://127.0.0.1:9/x.jpg") == (400, 324, 0)


def test_a_photo_can_be_a_post_of_its_own_or_be_taken_away_before(grant: Grant) -> None:
    status, made = call("POST", f"{BAKERY}/photos", source=io.BytesIO(picture_bytes()), message="Fresh")
    staged = photo()

    assert (status, set(made)) == (200, {"id", "post_id"})
    assert call("DELETE", staged) == (200, {"success": True})
    assert refused("DELETE", staged) == (400, 100, 33)
    assert refused("DELETE", made["id"]) == (400, 100, 33)


def test_a_post_that_is_gone_is_not_found(grant: Grant) -> None:
    made = call("POST", f"{BAKERY}/feed", message="Rye")[1]["id"]

    assert call("DELETE", made) == (200, {"success": True})
    assert refused("DELETE", made) == (400, 100, 33)
    assert refused("GET", made) == (400, 100, 33)


def test_lists_come_in_pages_and_in_a_time(grant: Grant) -> None:
    for text in "abc":
        call("POST", f"{BAKERY}/feed", message=text)

    first = call("GET", f"{BAKERY}/published_posts", fields="message", limit="2")[1]
    after = first["paging"]["cursors"]["after"]
    last = call("GET", f"{BAKERY}/published_posts", fields="message", limit="2", after=after)[1]
    later = str(int(timezone.now().timestamp()) + 60)

    assert [row["message"] for row in first["data"] + last["data"]] == ["c", "b", "a"]
    assert f"after={after}" in first["paging"]["next"]
    assert "next" not in last["paging"]
    assert call("GET", f"{BAKERY}/published_posts", since=later)[1] == {"data": []}
    assert refused("GET", f"{BAKERY}/published_posts", limit="many") == (400, 100, 0)


# --- videos ---


def test_windows_are_taken_in_their_order_only(grant: Grant) -> None:
    path, content = f"{BAKERY}/videos", film_bytes()
    begun = call("POST", path, upload_phase="start", file_size=str(len(content)))[1]
    session = begun["upload_session_id"]
    finish = {"upload_phase": "finish", "upload_session_id": session}

    piece = {"upload_phase": "transfer", "upload_session_id": session, "start_offset": "5"}
    status, body = call("POST", path, **piece, video_file_chunk=io.BytesIO(content[5:]))
    assert (status, body["error"]["error_subcode"]) == (400, 1363037)
    assert body["error"]["error_data"] == {"start_offset": "0", "end_offset": str(len(content))}
    assert refused("POST", path, **finish) == (400, 6000, 1363031)

    call("POST", path, **{**piece, "start_offset": "0"}, video_file_chunk=io.BytesIO(content))
    assert call("POST", path, **finish) == (200, {"success": True})
    assert refused("POST", path, **finish) == (400, 100, 0)


@pytest.mark.parametrize(
    ("edge", "fields"),
    [
        ("videos", {"upload_phase": "start"}),
        ("videos", {"upload_phase": "transfer", "upload_session_id": "1"}),
        ("videos", {"upload_phase": "jump"}),
        ("video_reels", {"upload_phase": "transfer"}),
        ("video_reels", {"upload_phase": "finish", "video_id": "1"}),
        ("video_stories", {"upload_phase": "finish", "video_id": "1"}),
    ],
)
def test_a_phase_is_refused(grant: Grant, edge: str, fields: dict[str, str]) -> None:
    assert refused("POST", f"{BAKERY}/{edge}", **fields) == (400, 100, 0)


def stream(address: str, content: bytes, offset: int = 0, scheme: str = "OAuth") -> dict[str, Any]:
    headers = {"authorization": f"{scheme} page-token", "offset": str(offset)}
    path = address[address.index("/sandbox") :]
    answer = Browser(headers=headers).post(path, content, content_type="application/octet-stream")
    return dict(answer.json())


def test_a_stream_needs_its_own_kind_of_token_and_the_right_place(grant: Grant) -> None:
    begun = call("POST", f"{BAKERY}/video_reels", upload_phase="start")[1]
    address, content = begun["upload_url"], film_bytes()

    assert stream(address, content, scheme="Bearer")["debug_info"]["type"] == "NotAuthorizedError"
    assert stream(address, content, offset=5)["debug_info"]["type"] == "OffsetInvalidError"
    assert stream(address, content) == {"success": True}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: b"no film", 2069019),
        (lambda: film_bytes(seconds=2), 1363128),
        (lambda: film_bytes(size=(270, 480)), 1363127),
        (lambda: film_bytes(size=(960, 960)), 1363040),
        (lambda: film_bytes(fps=15), 1363129),
    ],
)
def test_a_reel_fails_while_it_is_processed(grant: Grant, content: Callable[[], bytes], code: int) -> None:
    begun = call("POST", f"{BAKERY}/video_reels", upload_phase="start")[1]
    stream(begun["upload_url"], content())
    finish = {"upload_phase": "finish", "video_id": begun["video_id"], "video_state": "PUBLISHED"}
    assert call("POST", f"{BAKERY}/video_reels", **finish) == (200, {"success": True})

    looks = [call("GET", begun["video_id"], fields="status")[1]["status"] for _ in range(2)]

    assert [look["video_status"] for look in looks] == ["processing", "error"]
    assert looks[1]["processing_phase"]["errors"][0]["code"] == code
    assert not Entry.objects.exists()


def test_too_many_reels_a_day(grant: Grant, bakery: Person) -> None:
    bakery.facts["reels_a_day"] = 0
    bakery.save()
    begun = call("POST", f"{BAKERY}/video_reels", upload_phase="start")[1]
    stream(begun["upload_url"], film_bytes())
    finish = {"upload_phase": "finish", "video_id": begun["video_id"], "video_state": "PUBLISHED"}

    assert refused("POST", f"{BAKERY}/video_reels", **finish) == (400, 368, 1390008)


# --- what people write ---


@pytest.fixture
def note(bakery: Person, grant: Grant) -> Note:
    call("POST", f"{BAKERY}/feed", message="Rye")
    return twin.arrive("comment", bakery, Person.objects.get(handle="jonas.feld"), "Lovely")


def test_comments_have_two_levels_and_need_words(note: Note) -> None:
    below = call("POST", f"{note.remote_id}/comments", message="Thank you")[1]["id"]

    assert refused("POST", f"{below}/comments", message="And you") == (400, 100, 0)
    assert refused("POST", f"{note.remote_id}/comments") == (400, 100, 0)
    assert refused("POST", "1_2/comments", message="Hello") == (400, 100, 33)


def test_only_the_words_of_others_are_hidden_and_only_ours_are_changed(note: Note) -> None:
    own = call("POST", f"{note.remote_id}/comments", message="Thank you")[1]["id"]

    assert refused("POST", own, is_hidden="true") == (400, 200, 0)
    assert refused("POST", note.remote_id, message="Lousy") == (400, 200, 0)
    assert call("POST", own, message="Thanks") == (200, {"success": True})


def test_who_wrote_is_told_only_with_the_permission(note: Note, grant: Grant) -> None:
    path = f"{Entry.objects.get().remote_id}/comments"
    assert "from" in call("GET", path, fields="message,from")[1]["data"][0]

    grant.scopes = [scope for scope in grant.scopes if scope != "pages_read_user_content"]
    grant.save()

    assert "from" not in call("GET", path, fields="message,from")[1]["data"][0]


def test_messenger_is_open_for_a_day_and_to_who_wrote(bakery: Person, grant: Grant) -> None:
    note = twin.arrive("direct", bakery, Person.objects.get(handle="jonas.feld"), "Open?")
    person = note.body["with"]
    fields = {"messaging_type": "RESPONSE", "message": '{"text":"Yes"}'}

    known = {**fields, "recipient": f'{{"id":"{person}"}}'}
    assert refused("POST", f"{BAKERY}/messages", **fields, recipient='{"id":"1"}') == (400, 100, 2018001)
    assert refused("POST", f"{BAKERY}/messages", **{**known, "messaging_type": "TAG"}) == (400, 100, 0)
    assert refused("POST", f"{BAKERY}/messages", **{**known, "message": '{"text":""}'}) == (400, 100, 0)
    assert call("POST", f"{BAKERY}/messages", **known)[1]["recipient_id"] == person

    Note.objects.filter(pk=note.pk).update(created_at=timezone.now() - timedelta(hours=25))
    assert refused("POST", f"{BAKERY}/messages", **known) == (403, 10, 2018278)


def test_webhooks_are_subscribed_to_fields_that_there_are(grant: Grant) -> None:
    path = f"{BAKERY}/subscribed_apps"

    assert refused("POST", path, subscribed_fields="weather") == (400, 100, 0)
    call("POST", path, subscribed_fields="feed,messages")
    assert call("GET", path)[1]["data"][0]["subscribed_fields"] == ["feed", "messages"]


# --- numbers and limits ---


def test_a_metric_that_is_gone_spoils_the_list(grant: Grant) -> None:
    status, body = call("GET", f"{BAKERY}/insights", metric="page_media_view,page_impressions")

    assert (status, body["error"]["message"]) == (400, "(#100) The value must be a valid insights metric")
    assert refused("GET", f"{BAKERY}/insights") == (400, 3001, 1504028)


def test_without_the_permission_there_are_no_numbers_and_no_error(grant: Grant) -> None:
    Grant.objects.filter(pk=grant.pk).update(scopes=["pages_read_engagement"])

    assert call("GET", f"{BAKERY}/insights", metric="page_media_view") == (200, {"data": []})


def test_answers_tell_how_much_of_the_limit_is_used(grant: Grant) -> None:
    Fault.objects.create(network="facebook", kind="limited", path="/feed")
    browser = Browser(headers={"authorization": "Bearer page-token"})

    limited = browser.post(f"{HOME}/{BAKERY}/feed", {"message": "Rye"})
    served = browser.post(f"{HOME}/{BAKERY}/feed", {"message": "Rye"})

    assert (limited.status_code, limited.json()["error"]["code"]) == (400, 4)
    assert '"estimated_time_to_regain_access": 12' in limited["X-Business-Use-Case-Usage"]
    assert '"call_count": 3' in served["X-App-Usage"]
    assert served["facebook-api-version"] == "v26.0"


# --- what people open ---


def test_every_address_of_a_post_opens(grant: Grant, bakery: Person) -> None:
    made = call("POST", f"{BAKERY}/feed", message="Rye today", link="https://morgenrot.example/bread")[1][
        "id"
    ]
    own = made.partition("_")[2]

    for path in (f"{BAKERY}/posts/{own}", made):
        page = Browser().get(f"/sandbox/facebook/{path}", follow=True)
        assert page.status_code == 200
        assert "Rye today" in page.content.decode()
        assert "morgenrot.example" in page.content.decode()
    assert bakery.name in Browser().get(f"/sandbox/facebook/{BAKERY}", follow=True).content.decode()
    assert Browser().get("/sandbox/facebook/1/posts/2").status_code == 404
    assert Browser().get("/sandbox/facebook/nobody").status_code == 404


def test_a_post_looks_like_one_on_facebook(grant: Grant, bakery: Person) -> None:
    made = call("POST", f"{BAKERY}/feed", message="Rye", place=CAFE)[1]["id"]
    twin.arrive("comment", bakery, Person.objects.get(handle="jonas.feld"), "Lovely")
    Entry.objects.update(created_at=timezone.now() - timedelta(days=2))

    page = Browser().get(f"/sandbox/facebook/{made}", follow=True).content.decode()

    assert "Morgenrot Café am Markt" in page
    assert "1 comment" in page
    assert "Jonas Feld" in page
