"""The twin refuses what Pinterest refuses, in Pinterest's words, and answers as Pinterest answers."""

import base64
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox.models import Call, Entry, Grant, Person, Upload
from platforms.sandbox.pinterest import WANTS
from platforms.tests.files import film_bytes, picture_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/pinterest"
BASIC = "Basic " + base64.b64encode(b"sandbox:sandbox-secret").decode()
BACK = "http://127.0.0.1:9/callback"
BREAD, SOURDOUGH, SECRET = "4101", "4111", "4103"
JOOSTS = "4301"
SCOPES = ["boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"]
DEAD = (401, {"code": 2, "message": "Authentication failed."})


@pytest.fixture
def baker() -> Person:
    move_in()
    return Person.objects.get(network="pinterest", handle="morgenrotbakery")


@pytest.fixture
def grant(baker: Person) -> Grant:
    now = timezone.now()
    return Grant.objects.create(
        network="pinterest",
        person=baker,
        client_id="sandbox",
        scopes=SCOPES,
        access="pina_1",
        access_expires_at=now + timedelta(days=30),
        refresh="pinr.1",
        refresh_expires_at=now + timedelta(days=60),
    )


@pytest.fixture
def api(grant: Grant) -> Callable[..., Any]:
    """A JSON request with the baker's token, and its answer."""

    def call(method: str, path: str, body: Any = None, token: str = grant.access) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        if method in {"GET", "DELETE"}:
            return Browser().generic(method, HOME + path, headers=headers, query_params=body)
        return Browser().generic(
            method, HOME + path, json.dumps(body), content_type="application/json", headers=headers
        )

    return call


def said(answer: Any) -> tuple[int, dict[str, Any]]:
    return answer.status_code, answer.json()


def encoded(size: tuple[int, int] = (60, 90), kind: str = "JPEG") -> dict[str, str]:
    data = base64.b64encode(picture_bytes(size, kind)).decode()
    return {"content_type": f"image/{kind.lower()}", "data": data}


def pin(source: Any = None, **fields: Any) -> dict[str, Any]:
    source = source or {"source_type": "image_base64", **encoded()}
    return {"board_id": BREAD, "media_source": source, **fields}


# --- signing in ---


def authorize(**changes: str) -> Any:
    query = {"response_type": "code", "client_id": "sandbox", "redirect_uri": BACK, "state": "s"}
    asked = {**query, "scope": ",".join(SCOPES), **changes}
    person = Person.objects.get(network="pinterest", handle="morgenrotbakery").pk
    return Browser().post(f"{HOME}/oauth/", {"person": person, "answer": "allow"}, query_params=asked)


def token(basic: str = BASIC, **fields: str) -> Any:
    return Browser().post(
        f"{HOME}/v5/oauth/token",
        "&".join(f"{name}={value}" for name, value in fields.items()),
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": basic} if basic else {},
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example/"},
        {"response_type": "token"},
        {"scope": ""},
        {"scope": "boards:read pins:read"},
        {"scope": "boards:read,everything"},
    ],
)
def test_a_wrong_request_is_shown_and_not_sent_back(baker: Person, changes: dict[str, str]) -> None:
    assert authorize(**changes).status_code == 400


def test_a_code_becomes_tokens_once(baker: Person) -> None:
    code = parse_qs(urlsplit(authorize()["Location"]).query)["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}

    first, second = token(**fields), token(**fields)

    body = first.json()
    assert body["access_token"].startswith("pina_")
    assert body["refresh_token"].startswith("pinr.")
    assert (body["expires_in"], body["refresh_token_expires_in"]) == (2_592_000, 5_184_000)
    assert (body["response_type"], body["token_type"]) == ("authorization_code", "bearer")
    assert body["scope"] == " ".join(SCOPES)
    assert second.status_code == 400
    assert second.json()["code"] == 1


@pytest.mark.parametrize(
    "basic", ["", "Bearer x", "Basic ???", "Basic " + base64.b64encode(b"sandbox:no").decode()]
)
def test_only_basic_opens_the_token_endpoint(grant: Grant, basic: str) -> None:
    assert said(token(basic, grant_type="refresh_token", refresh_token="pinr.1")) == DEAD


def test_tokens_come_in_forms_only(grant: Grant) -> None:
    answer = Browser().post(
        f"{HOME}/v5/oauth/token",
        json.dumps({"grant_type": "refresh_token"}),
        content_type="application/json",
        headers={"Authorization": BASIC},
    )

    assert answer.status_code == 400


def test_a_refresh_ends_what_was_before(grant: Grant, api: Callable[..., Any]) -> None:
    new = token(grant_type="refresh_token", refresh_token="pinr.1", scope="pins:read,boards:read").json()

    assert new["response_type"] == "refresh_token"
    assert new["scope"] == "pins:read boards:read"
    assert said(token(grant_type="refresh_token", refresh_token="pinr.1")) == DEAD
    assert said(api("GET", "/v5/boards")) == DEAD
    assert api("GET", "/v5/boards", token=new["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"grant_type": "password"},
        {"grant_type": "refresh_token", "refresh_token": "pinr.1", "scope": "ads:read"},
        {"grant_type": "refresh_token", "refresh_token": "pinr.1", "continuous_refresh": "yes"},
    ],
)
def test_a_wrong_token_request_is_refused(grant: Grant, fields: dict[str, str]) -> None:
    assert token(**fields).status_code == 400


def test_a_refresh_token_lives_sixty_days(grant: Grant) -> None:
    Grant.objects.update(refresh_expires_at=timezone.now())

    assert said(token(grant_type="refresh_token", refresh_token="pinr.1")) == DEAD


def test_each_need_has_its_scopes(grant: Grant, api: Callable[..., Any]) -> None:
    Grant.objects.update(scopes=["pins:read", "pins:write", "user_accounts:read"])

    refusal = (401, {"code": 3, "message": "Authorization failed."})
    assert said(api("POST", "/v5/pins", pin())) == refusal
    assert said(api("GET", "/v5/boards")) == refusal
    assert api("GET", "/v5/user_account").status_code == 200


def test_every_want_is_in_words_on_the_consent_page(baker: Person) -> None:
    query = {"response_type": "code", "client_id": "sandbox", "redirect_uri": BACK, "scope": ",".join(WANTS)}

    page = Browser().get(f"{HOME}/oauth/", query_params=query).content.decode()

    assert all(want in page for want in WANTS.values())


# --- boards ---


def test_secret_boards_are_for_apps_that_asked(grant: Grant, api: Callable[..., Any]) -> None:
    seen = [board["id"] for board in api("GET", "/v5/boards").json()["items"]]
    Grant.objects.update(scopes=[*SCOPES, "boards:read_secret"])
    all_seen = [board["id"] for board in api("GET", "/v5/boards").json()["items"]]

    assert SECRET not in seen
    assert SECRET in all_seen
    assert api("POST", "/v5/pins", pin(board_id=SECRET)).json()["code"] == 29


def test_lists_come_in_pages(api: Callable[..., Any]) -> None:
    first = api("GET", "/v5/boards", {"page_size": "2"}).json()
    rest = api("GET", "/v5/boards", {"page_size": "2", "bookmark": first["bookmark"]}).json()

    assert [board["name"] for board in first["items"] + rest["items"]] == [
        "Bread we bake",
        "Cakes for a feast",
        "Picnics by the lake",
    ]
    assert rest["bookmark"] is None


@pytest.mark.parametrize(
    "query", [{"page_size": "0"}, {"page_size": "251"}, {"bookmark": "?"}, {"privacy": "MINE"}]
)
def test_a_wrong_page_is_refused(api: Callable[..., Any], query: dict[str, str]) -> None:
    assert said(api("GET", "/v5/boards", query))[1]["code"] == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v5/boards/1", 404, 40),
        ("/v5/boards/abc", 400, 1),
        (f"/v5/boards/{JOOSTS}", 401, 7),
        (f"/v5/boards/{BREAD}/sections/1/pins", 404, 2031),
        ("/v5/pins/1", 404, 50),
        ("/v5/pins/1/analytics", 404, 50),
        ("/v5/media/1", 404, 50),
    ],
)
def test_what_is_not_there_is_named(api: Callable[..., Any], path: str, status: int, code: int) -> None:
    answer = api("GET", path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


# --- pins ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"board_id": "abc"}, "does not match '^\\d+$'"),
        ({"board_id": None}, "does not match"),
        ({"board_id": int(BREAD)}, "does not match"),
        ({"note": "x"}, "'note' was unexpected"),
        ({"title": "a" * 101}, "maxLength=100"),
        ({"title": 5}, "is not of type 'string'"),
        ({"description": "a" * 801}, "maxLength=800"),
        ({"alt_text": "a" * 501}, "maxLength=500"),
        ({"link": "morgenrot.example"}, "is not a valid URL"),
        ({"link": "https://a.example/" + "a" * 2048}, "maxLength=2048"),
        ({"dominant_color": "peru"}, "is not a colour"),
        ({"ai_disclosures": {"values": []}}, "AI_MODIFIED"),
        ({"ai_disclosures": ["AI_MODIFIED"]}, "AI_MODIFIED"),
        ({"media_source": None}, "source_type"),
        ({"media_source": {"source_type": "pin_url"}}, "source_type"),
    ],
)
def test_a_wrong_field_is_named(api: Callable[..., Any], change: dict[str, Any], words: str) -> None:
    answer = api("POST", "/v5/pins", {**pin(), **change})

    assert (answer.status_code, answer.json()["code"]) == (400, 1)
    assert words in answer.json()["message"]
    assert not Entry.objects.exists()


LIAR = {**encoded(kind="PNG"), "content_type": "image/jpeg"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            {"source_type": "image_base64", **encoded(kind="WEBP")},
            "The format of the image is not supported.",
        ),
        ({"source_type": "image_base64", **LIAR}, "The format of the image is not supported."),
        ({"source_type": "image_base64", "content_type": "image/png", "data": "data:,"}, "does not match"),
        ({"source_type": "image_base64", "content_type": "image/png", "data": "AAA"}, "is not base64"),
        ({"source_type": "image_base64", "data": "AAAA"}, "content_type"),
        ({"source_type": "image_base64", **encoded(), "url": "x"}, "'url' was unexpected"),
        ({"source_type": "image_url"}, "'url' is a required property"),
        ({"source_type": "image_url", "url": "http://127.0.0.1:9/x.jpg"}, "Unable to reach the URL"),
        ({"source_type": "multiple_image_base64", "items": [encoded()]}, "minItems=2"),
        ({"source_type": "multiple_image_base64", "items": [encoded()] * 6}, "maxItems=5"),
        ({"source_type": "multiple_image_base64", "items": "two"}, "'array'"),
        (
            {"source_type": "multiple_image_base64", "items": [encoded(), encoded((60, 60))]},
            "same dimensions",
        ),
        ({"source_type": "multiple_image_base64", "items": [encoded()] * 2, "index": 2}, "index"),
        ({"source_type": "video_id", "media_id": "5", "cover_image_key_frame_time": 0}, "media_id"),
    ],
)
def test_a_wrong_medium_is_named(api: Callable[..., Any], source: dict[str, Any], words: str) -> None:
    answer = api("POST", "/v5/pins", pin(source))

    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert not Entry.objects.exists()
    assert not Upload.objects.exists()


def test_a_pin_is_answered_as_in_the_documents(api: Callable[..., Any]) -> None:
    answer = api("POST", "/v5/pins", pin(title="Rye", board_section_id=SOURDOUGH, alt_text="A loaf"))

    body = answer.json()
    assert answer.status_code == 201
    assert body["id"].isdecimal()
    assert body["media"]["images"]["600x"]["width"] == 600
    assert body["media"]["images"]["600x"]["height"] == 900
    picture = Browser().get(urlsplit(body["media"]["images"]["600x"]["url"]).path)
    assert picture["Content-Type"] == "image/jpeg"
    assert {name: body[name] for name in ("title", "description", "link", "creative_type", "is_owner")} == {
        "title": "Rye",
        "description": None,
        "link": None,
        "creative_type": "REGULAR",
        "is_owner": True,
    }
    assert body == api("GET", f"/v5/pins/{body['id']}").json()
    assert answer["x-ratelimit-limit"] == (
        '100, 100;w=1;name="safety_net_app_id_user_id", 100;w=60;name="org_write_app_id_user_id"'
    )
    assert (answer["x-ratelimit-remaining"], answer["x-pinterest-rid"].isdecimal()) == ("99", True)


def test_calls_are_kept_without_their_pictures(api: Callable[..., Any]) -> None:
    api("POST", "/v5/pins", pin())

    kept = Call.objects.get(network="pinterest").body["media_source"]
    assert len(kept["data"]) == 27


def test_a_carousel_is_shown_slide_by_slide(api: Callable[..., Any]) -> None:
    items = [{**encoded(), "title": "Dough"}, {**encoded(), "link": "https://morgenrot.example/"}]

    body = api("POST", "/v5/pins", pin({"source_type": "multiple_image_base64", "items": items})).json()

    assert body["media"]["media_type"] == "multiple_images"
    assert [item["title"] for item in body["media"]["items"]] == ["Dough", None]
    assert [item["link"] for item in body["media"]["items"]] == [None, "https://morgenrot.example/"]


def test_an_app_on_trial_makes_no_pins(api: Callable[..., Any], baker: Person) -> None:
    baker.facts["is_trial"] = True
    baker.save()

    status, body = said(api("POST", "/v5/pins", pin()))

    assert (status, body["code"]) == (403, 29)
    assert body["message"].startswith("Apps with Trial access may not create Pins in production")


def test_a_minute_has_so_many_requests(api: Callable[..., Any], baker: Person) -> None:
    baker.facts["limits"] = {"org_write": 1}
    baker.save()
    api("POST", "/v5/pins", pin())

    answer = api("POST", "/v5/pins", pin())

    assert said(answer)[1]["code"] == 8
    assert answer.status_code == 429
    assert answer["x-ratelimit-remaining"] == "0"
    assert 0 < int(answer["x-ratelimit-reset"]) <= 61
    assert api("GET", "/v5/pins").status_code == 200


# --- the way of a video ---


def send(registered: dict[str, Any], content: bytes, *, first: bool = False, **changes: str) -> Any:
    """The form, with the file last (or first)."""
    fields: list[tuple[str, Any]] = list({**registered["upload_parameters"], **changes}.items())
    file = io.BytesIO(content)
    file.name = "oven.mp4"
    fields = [("file", file), *fields] if first else [*fields, ("file", file)]
    return Browser().post(urlsplit(registered["upload_url"]).path, dict(fields))


@pytest.fixture
def registered(api: Callable[..., Any]) -> dict[str, Any]:
    answer = api("POST", "/v5/media", {"media_type": "video"})
    assert answer.status_code == 201
    return dict(answer.json())


def test_a_video_is_done_at_the_second_look(api: Callable[..., Any], registered: dict[str, Any]) -> None:
    path = f"/v5/media/{registered['media_id']}"

    states = [api("GET", path).json()["status"]]
    sent = send(registered, film_bytes(seconds=4))
    states += [api("GET", path).json()["status"] for _ in range(3)]

    assert (sent.status_code, sent.content) == (204, b"")
    assert states == ["registered", "processing", "succeeded", "succeeded"]
    assert api("GET", "/v5/media").json()["items"] == [
        {"media_id": registered["media_id"], "media_type": "video", "status": "succeeded"}
    ]


@pytest.mark.parametrize("content", [b"no film", picture_bytes((60, 90)), film_bytes(seconds=1)], ids=len)
def test_what_is_no_fit_video_fails_without_a_reason(
    api: Callable[..., Any], registered: dict[str, Any], content: bytes
) -> None:
    send(registered, content)

    states = [api("GET", f"/v5/media/{registered['media_id']}").json()["status"] for _ in range(2)]

    assert states == ["processing", "failed"]


def test_the_store_wants_what_it_signed(registered: dict[str, Any], baker: Person) -> None:
    wrong = send(registered, b"x", **{"x-amz-signature": "00"})
    other = send(registered, b"x", key="uploads/elsewhere:5")
    extra = send(registered, b"x", acl="public-read")

    assert b"<Code>SignatureDoesNotMatch</Code>" in wrong.content
    assert b"<Code>AccessDenied</Code>" in other.content
    assert [answer.status_code for answer in (wrong, other, extra)] == [403] * 3
    assert wrong["Content-Type"] == "application/xml"


def test_the_store_wants_the_file_last_and_no_token(registered: dict[str, Any]) -> None:
    early = send(registered, b"x", first=True)
    bearer = Browser().post(
        urlsplit(registered["upload_url"]).path, {}, headers={"Authorization": "Bearer pina_1"}
    )

    assert b"<Code>InvalidArgument</Code>" in early.content
    assert b"Only one auth mechanism allowed" in bearer.content


def test_the_store_has_a_limit(registered: dict[str, Any], baker: Person) -> None:
    baker.facts["video_bytes"] = 5
    baker.save()

    assert b"<Code>EntityTooLarge</Code>" in send(registered, b"123456").content


def test_a_signed_form_grows_old(registered: dict[str, Any]) -> None:
    policy = {"expiration": "2020-01-01T00:00:00.000Z", "conditions": []}
    upload = Upload.objects.get(remote_id=registered["media_id"])
    upload.facts["form"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    upload.save()

    answer = send({**registered, "upload_parameters": upload.facts["form"]}, b"x")

    assert b"Policy expired" in answer.content


@pytest.mark.parametrize(
    ("cover", "words"),
    [
        ({}, "cover_image_url or cover_image_content_type"),
        (
            {"cover_image_key_frame_time": 0, "cover_image_url": "https://a.example/a.jpg"},
            "cover_image_url or",
        ),
        ({"cover_image_key_frame_time": 9}, "lies outside the video"),
        ({"cover_image_key_frame_time": "0"}, "lies outside the video"),
        (
            {"cover_image_data": encoded()["data"], "cover_image_content_type": "image/webp"},
            "format of the image",
        ),
    ],
)
def test_a_video_needs_one_good_cover(
    api: Callable[..., Any], registered: dict[str, Any], cover: dict[str, Any], words: str
) -> None:
    source = {"source_type": "video_id", "media_id": registered["media_id"]}
    early = api("POST", "/v5/pins", pin({**source, "cover_image_key_frame_time": 0}))
    send(registered, film_bytes(seconds=4))
    for _ in range(2):
        api("GET", f"/v5/media/{registered['media_id']}")

    answer = api("POST", "/v5/pins", pin({**source, **cover}))

    assert "media_id" in early.json()["message"]
    assert answer.status_code == 400
    assert words in answer.json()["message"]


# --- changing ---


@pytest.fixture
def made(api: Callable[..., Any]) -> str:
    return str(
        api("POST", "/v5/pins", pin(title="Rye", description="Old", link="https://a.example/")).json()["id"]
    )


def test_what_is_named_changes_and_null_takes_away(api: Callable[..., Any], made: str) -> None:
    body = api("PATCH", f"/v5/pins/{made}", {"title": None, "board_section_id": SOURDOUGH}).json()

    assert (body["title"], body["description"], body["link"]) == (None, "Old", "https://a.example/")
    assert (body["board_id"], body["board_section_id"]) == (BREAD, SOURDOUGH)


@pytest.mark.parametrize(
    "change",
    [{"media_source": {}}, {"dominant_color": "#ffffff"}, {"carousel_slots": []}, {"title": "a" * 101}],
)
def test_media_and_wrong_words_do_not_change(
    api: Callable[..., Any], made: str, change: dict[str, Any]
) -> None:
    assert api("PATCH", f"/v5/pins/{made}", change).status_code == 400


def test_a_pin_is_deleted_once_and_by_its_owner(api: Callable[..., Any], made: str, baker: Person) -> None:
    lina = Person.objects.get(network="pinterest", handle="linas.table")
    Entry.objects.update(person=lina)
    foreign = api("DELETE", f"/v5/pins/{made}")
    Entry.objects.update(person=baker)

    first, second = (api("DELETE", f"/v5/pins/{made}") for _ in range(2))

    assert said(foreign)[1]["code"] == 7
    assert (first.status_code, first.content) == (204, b"")
    assert said(second) == (404, {"code": 50, "message": "Pin not found."})


# --- numbers ---


def asked(**changes: str) -> dict[str, str]:
    today = timezone.now().date()
    first = today - timedelta(days=10)
    query = {
        "start_date": first.isoformat(),
        "end_date": today.isoformat(),
        "metric_types": "IMPRESSION,SAVE,LIFETIME",
    }
    return {name: value for name, value in {**query, **changes}.items() if value}


def test_days_say_whether_they_count(api: Callable[..., Any], made: str) -> None:
    Entry.objects.update(created_at=timezone.now() - timedelta(days=4))

    told = api("GET", f"/v5/pins/{made}/analytics", asked(metric_types="IMPRESSION,TOTAL_REACTIONS")).json()[
        "all"
    ]

    states = [day["data_status"] for day in told["daily_metrics"]]
    assert states == ["BEFORE_PIN_CREATED"] * 6 + ["READY"] * 3 + ["PROCESSING"] * 2
    assert (
        sum(day["metrics"]["IMPRESSION"] for day in told["daily_metrics"])
        == told["summary_metrics"]["IMPRESSION"]
    )
    assert set(told["lifetime_metrics"]) == {"TOTAL_REACTIONS"}


@pytest.mark.parametrize(
    "changes",
    [
        {"start_date": ""},
        {"start_date": "2020-01-01"},
        {"end_date": "2020-01-01"},
        {"metric_types": ""},
        {"metric_types": "VIDEO_START"},
    ],
)
def test_a_wrong_question_has_no_numbers(api: Callable[..., Any], made: str, changes: dict[str, str]) -> None:
    assert api("GET", f"/v5/pins/{made}/analytics", asked(**changes)).status_code == 400


def test_numbers_are_for_businesses(api: Callable[..., Any], made: str, baker: Person) -> None:
    baker.facts["account_type"] = "PINNER"
    baker.save()

    assert said(api("GET", "/v5/user_account/analytics", asked()))[1]["code"] == 403
    assert api("GET", "/v5/user_account").json()["business_name"] is None


# --- what people see ---


def test_a_pin_has_a_page_with_its_board_and_where_it_leads(api: Callable[..., Any]) -> None:
    fields = {"title": "Rye <b>", "link": "https://www.morgenrot.example/rye", "board_section_id": SOURDOUGH}
    made = api("POST", "/v5/pins", pin(**fields, ai_disclosures={"values": ["AI_MODIFIED"]})).json()["id"]

    page = Browser().get(f"{HOME}/pin/{made}/")
    wall = Browser().get(f"{HOME}/morgenrotbakery/")

    text = page.content.decode()
    assert (page.status_code, wall.status_code) == (200, 200)
    assert "Rye &lt;b&gt;" in text
    assert "Bread we bake" in text
    assert "Sourdough" in text
    assert ">morgenrot.example " in text
    assert "AI modified" in text
    assert "css/sandbox/pinterest.css" in text
    assert Browser().get(f"{HOME}/pin/5/").status_code == 404
