"""The twin refuses what LinkedIn refuses, in LinkedIn's words, and answers as LinkedIn answers."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox import linkedin
from platforms.sandbox.linkedin import WANTS
from platforms.sandbox.linkedin_wire import little
from platforms.sandbox.models import Client, Entry, Grant, Person, Upload
from platforms.tests.files import film_bytes, picture_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/linkedin"
PAGE, JANA = "urn:li:organization:2414183", "urn:li:person:782bbtaQ"
GUILD, AIKO = "urn:li:organization:5583111", "urn:li:person:Kd71Lm02Xz"
HEADERS = {"LinkedIn-Version": "202609", "X-Restli-Protocol-Version": "2.0.0"}
CALLBACK = "http://127.0.0.1:9/callback"
Call = Callable[..., Any]


@pytest.fixture
def grant(db: None) -> Grant:
    move_in()
    return Grant.objects.create(
        network="linkedin",
        person=person(JANA),
        client_id="sandbox",
        scopes=list(WANTS),
        access="access-1",
        access_expires_at=timezone.now() + timedelta(days=60),
        refresh="refresh-1",
        refresh_expires_at=timezone.now() + timedelta(days=365),
    )


@pytest.fixture
def api(grant: Grant) -> Call:
    """A request as Jana's app, and its answer. A header given as '' is left out."""

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": "Bearer access-1", **HEADERS, **named}
        return Browser().generic(
            method,
            HOME + path,
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={name: value for name, value in sent.items() if value},
        )

    return call


def person(remote_id: str) -> Person:
    return Person.objects.get(network="linkedin", remote_id=remote_id)


def set_scopes(grant: Grant, *scopes: str) -> None:
    grant.scopes = list(scopes)
    grant.save()


def a_post(**changes: Any) -> dict[str, Any]:
    whole = {
        "author": PAGE,
        "commentary": "Rye",
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED"},
        "lifecycleState": "PUBLISHED",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def code(answer: Any) -> str:
    body = answer.json()
    errors = body.get("errorDetails", {}).get("inputErrors") or [body]
    return str(errors[0]["code"])


def enc(urn: str) -> str:
    return quote(urn, safe="")


# --- signing in ---


def authorize(**changes: str) -> Any:
    query = {
        "response_type": "code",
        "client_id": "sandbox",
        "redirect_uri": CALLBACK,
        "scope": "openid profile w_member_social",
        "state": "s",
        **changes,
    }
    asked = {name: value for name, value in query.items() if value}
    pressed = {"person": person(PAGE).pk, "answer": "allow"}
    return Browser().post(f"{HOME}/oauth/v2/authorization", pressed, query_params=asked)


def token(**changes: str) -> Any:
    fields = {"client_id": "sandbox", "client_secret": "sandbox-secret", "redirect_uri": CALLBACK, **changes}
    return Browser().post(f"{HOME}/oauth/v2/accessToken", fields)


def fresh_code() -> str:
    return parse_qs(urlsplit(authorize()["Location"]).query)["code"][0]


def test_who_picks_a_page_signs_in_as_whoever_runs_it(grant: Grant) -> None:
    answer = token(grant_type="authorization_code", code=fresh_code()).json()

    assert Grant.objects.get(access=answer["access_token"]).person == person(JANA)
    assert answer["scope"] == "openid,profile,w_member_social"
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (5_184_000, 31_535_999)


def test_a_scope_that_the_app_does_not_own_never_reaches_the_consent_page(grant: Grant) -> None:
    Client.objects.filter(network="linkedin").update(scopes=["openid"])

    answer = parse_qs(urlsplit(authorize()["Location"]).query)

    assert answer["error"] == ["unauthorized_scope_error"]
    assert answer["state"] == ["s"]


@pytest.mark.parametrize("missing", ["response_type", "state", "scope", "client_id", "redirect_uri"])
def test_an_incomplete_question_is_shown_and_not_sent_back(grant: Grant, missing: str) -> None:
    assert authorize(**{missing: ""}).status_code == 400


def test_a_code_works_once_and_for_half_an_hour(grant: Grant) -> None:
    used, old = fresh_code(), fresh_code()
    token(grant_type="authorization_code", code=used)

    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        late = token(grant_type="authorization_code", code=old)

    again = token(grant_type="authorization_code", code=used)
    assert (again.status_code, late.status_code) == (400, 400)
    assert again.json()["error"] == "invalid_request"
    assert "authorization code expired" in again.json()["error_description"]


def test_a_client_is_known_by_the_body(grant: Grant) -> None:
    wrong = token(grant_type="refresh_token", refresh_token="refresh-1", client_secret="wrong")

    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


def test_a_refresh_keeps_the_refresh_token_and_its_end(grant: Grant) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=100)):
        answer = token(grant_type="refresh_token", refresh_token="refresh-1").json()

    assert answer["refresh_token"] == "refresh-1"
    assert 264 <= answer["refresh_token_expires_in"] / 86_400 <= 265
    assert token(grant_type="refresh_token", refresh_token="other").json()["error"] == "invalid_grant"
    assert token(grant_type="password").json()["error"] == "invalid_request"


# --- the door ---


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"LinkedIn_Version": ""}, 400, "VERSION_MISSING"),
        ({"LinkedIn_Version": "202510"}, 426, "NONEXISTENT_VERSION"),
        ({"LinkedIn_Version": "209901"}, 426, "NONEXISTENT_VERSION"),
        ({"X_Restli_Protocol_Version": ""}, 400, "INVALID_INPUT"),
        ({"Authorization": "Bearer wrong"}, 401, "INVALID_ACCESS_TOKEN"),
    ],
)
def test_headers_are_looked_at_first(api: Call, headers: dict[str, str], status: int, said: str) -> None:
    answer = api("POST", "/rest/posts", a_post(), **headers)

    assert (answer.status_code, code(answer)) == (status, said)


def test_no_token_and_dead_tokens(api: Call, grant: Grant) -> None:
    assert api("GET", "/v2/me", Authorization="").json() == {
        "status": 401,
        "serviceErrorCode": 65604,
        "message": "Empty oauth2_access_token",
    }
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        assert api("GET", "/v2/me").json()["serviceErrorCode"] == 65602
    grant.revoked_at = timezone.now()
    grant.save()
    assert api("GET", "/v2/me").json()["serviceErrorCode"] == 65601


def test_the_older_door_asks_for_no_version(api: Call) -> None:
    assert api("GET", "/v2/me", LinkedIn_Version="").status_code == 200


def test_a_day_has_an_end(api: Call) -> None:
    jana = person(JANA)
    jana.facts["calls_a_day"] = 1
    jana.save()

    assert api("GET", "/v2/me").status_code == 200
    assert api("GET", "/v2/me").json() == {
        "status": 429,
        "serviceErrorCode": 101,
        "code": "TOO_MANY_REQUESTS",
        "message": "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource "
        "is reached.",
    }
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert api("GET", "/v2/me").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v2/userinfo", "openid"),
        ("GET", "/v2/me", "r_basicprofile"),
        ("GET", "/rest/organizationAcls?q=roleAssignee", "rw_organization_admin"),
        ("POST", "/rest/posts", "w_organization_social"),
        ("GET", f"/rest/posts?q=author&author={enc(PAGE)}", "r_organization_social"),
        ("GET", "/rest/memberFollowersCount?q=me", "r_member_profileAnalytics"),
    ],
)
def test_each_address_asks_for_its_scope(api: Call, grant: Grant, method: str, path: str, scope: str) -> None:
    set_scopes(grant, *(known for known in WANTS if known not in {scope, "r_organization_admin"}))

    answer = api(method, path, a_post() if method == "POST" else None)

    assert (answer.status_code, answer.json()["serviceErrorCode"]) == (403, 100)
    assert answer.json()["message"].startswith("Not enough permissions to access: ")


# --- posts ---


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"author": None}, "MISSING_FIELD"),
        ({"commentary": None}, "MISSING_FIELD"),
        ({"visibility": None}, "MISSING_FIELD"),
        ({"distribution": None}, "MISSING_FIELD"),
        ({"lifecycleState": None}, "MISSING_FIELD"),
        ({"commentary": " "}, "MISSING_FIELD"),
        ({"text": "x"}, "INVALID_INPUT"),
        ({"author": "urn:li:organization:1"}, "INVALID_URN_ID"),
        ({"author": GUILD}, "ACCESS_DENIED"),
        ({"author": AIKO}, "ACCESS_DENIED"),
        ({"visibility": "CONNECTIONS"}, "INVALID_VALUE_FOR_FIELD"),
        ({"lifecycleState": "DRAFT"}, "INVALID_VALUE_FOR_FIELD"),
        ({"distribution": {"feedDistribution": "ALL"}}, "INVALID_VALUE_FOR_FIELD"),
        ({"commentary": "a" * 3001}, "FIELD_LENGTH_TOO_LONG"),
        ({"content": {}}, "INVALID_VALUE_FOR_FIELD"),
        ({"content": {"article": {"source": "https://example.com"}}}, "MISSING_FIELD"),
        ({"content": {"article": {"source": "x", "title": "t"}}}, "INVALID_VALUE_FOR_FIELD"),
        ({"content": {"article": {"source": "https://x.de", "title": "t" * 401}}}, "FIELD_LENGTH_TOO_LONG"),
        ({"content": {"media": {"id": "urn:li:image:none"}}}, "INVALID_URN_ID"),
        ({"content": {"media": {"id": "urn:li:video:none"}}}, "INVALID_VIDEO_ID"),
        ({"content": {"media": {"id": "urn:li:share:1"}}}, "INVALID_URN_TYPE"),
        ({"content": {"media": {"id": "urn:li:document:none"}}}, "MISSING_FIELD"),
        ({"content": {"multiImage": {"images": [{"id": "urn:li:image:1"}]}}}, "INVALID_VALUE_FOR_FIELD"),
        ({"content": {"poll": {"question": "?", "options": []}}}, "INVALID_VALUE_FOR_FIELD"),
        ({"reshareContext": {"parent": "urn:li:activity:1"}}, "INVALID_URN_TYPE"),
        ({"reshareContext": {"parent": "urn:li:share:1"}}, "NOT_FOUND"),
    ],
)
def test_a_post_that_is_not_right_is_refused(api: Call, changes: dict[str, Any], said: str) -> None:
    answer = api("POST", "/rest/posts", a_post(**changes))

    assert answer.status_code in {400, 403, 404, 422}
    assert code(answer) == said
    assert not Entry.objects.exists()


def test_the_same_text_names_the_post_that_stands(api: Call) -> None:
    first = api("POST", "/rest/posts", a_post())
    urn = first["x-restli-id"]

    assert (first.status_code, first.content) == (201, b"")
    assert api("POST", "/rest/posts", a_post()).json() == {
        "errorDetailType": "com.linkedin.common.error.BadRequest",
        "message": "com.linkedin.content.common.exception.BadRequestResponseException: "
        f"Content is a duplicate of {urn}",
        "errorDetails": {
            "inputErrors": [
                {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}
            ]
        },
        "status": 422,
    }
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert api("POST", "/rest/posts", a_post()).status_code == 201


@pytest.mark.parametrize("ghosts", [True, False])
def test_a_deleted_post_may_haunt_the_next(api: Call, ghosts: bool) -> None:
    bakery = person(PAGE)
    bakery.facts["ghosts"] = ghosts
    bakery.save()
    urn = api("POST", "/rest/posts", a_post())["x-restli-id"]

    for _ in range(2):
        assert api("DELETE", f"/rest/posts/{enc(urn)}", X_RestLi_Method="DELETE").status_code == 204
    assert api("GET", f"/rest/posts/{enc(urn)}").status_code == 404
    assert api("POST", "/rest/posts", a_post()).status_code == (422 if ghosts else 201)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"a \(b\) c", "a (b) c"),
        ("a (b) c", "a "),
        ("one_two", "one"),
        ("#rye bread", "#rye bread"),
        (r"{hashtag|\#|rye\_bread} now", "#rye_bread now"),
        ("@[Jana Lindqvist](urn:li:person:782bbtaQ) bakes", "Jana Lindqvist bakes"),
        ("@jana bakes", ""),
        (r"\\ \| \{ \} \@ \[ \] \< \> \# \* \_ \~", r"\ | { } @ [ ] < > # * _ ~"),
    ],
)
def test_little_text_breaks_off_where_it_is_not_escaped(written: str, shown: str) -> None:
    assert little(written).shown == shown


def test_a_post_reads_back(api: Call) -> None:
    urn = api("POST", "/rest/posts", a_post(commentary=r"Rye \(new\) #brot"))["x-restli-id"]

    read = api("GET", f"/rest/posts/{enc(urn)}").json()
    [listed] = api("GET", f"/rest/posts?q=author&author={enc(PAGE)}", X_RestLi_Method="FINDER").json()[
        "elements"
    ]
    batch = api("GET", f"/rest/posts?ids=List({enc(urn)})", X_RestLi_Method="BATCH_GET").json()

    assert read == listed == batch["results"][urn]
    assert (read["id"], read["author"], read["lifecycleState"]) == (urn, PAGE, "PUBLISHED")
    assert read["commentary"] == r"Rye \(new\) {hashtag|\#|brot}"
    assert read["lifecycleStateInfo"] == {"isEditedByAuthor": False}


@pytest.mark.parametrize(
    "query",
    [f"q=author&author={PAGE}", "q=author", f"author={enc(PAGE)}", "ids=List(urn:li:share:1)", "ids=1,2"],
)
def test_queries_are_written_as_restli_wants_them(api: Call, query: str) -> None:
    method = "BATCH_GET" if query.startswith("ids") else "FINDER"

    assert api("GET", f"/rest/posts?{query}", X_RestLi_Method=method).status_code == 400


def test_members_posts_are_shown_to_nobody(api: Call, grant: Grant) -> None:
    urn = api("POST", "/rest/posts", a_post(author=JANA))["x-restli-id"]

    assert api("GET", f"/rest/posts/{enc(urn)}").status_code == 403
    path = f"/rest/posts?q=author&author={enc(JANA)}"
    assert api("GET", path, X_RestLi_Method="FINDER").status_code == 403


def test_only_the_text_can_be_changed(api: Call) -> None:
    path = f"/rest/posts/{enc(api('POST', '/rest/posts', a_post())['x-restli-id'])}"
    new = {"patch": {"$set": {"commentary": "Wheat"}}}

    assert api("POST", path, new).status_code == 400
    assert api("POST", path, new, X_RestLi_Method="PARTIAL_UPDATE").status_code == 204
    wrong = {"patch": {"$set": {"visibility": "PUBLIC"}}}
    assert code(api("POST", path, wrong, X_RestLi_Method="PARTIAL_UPDATE")) == "INVALID_VALUE_FOR_FIELD"
    assert api("GET", path).json()["lifecycleStateInfo"] == {"isEditedByAuthor": True}


# --- media ---


def begin(api: Call, kind: str, **request: Any) -> Any:
    body = {"initializeUploadRequest": {"owner": PAGE, **request}}
    return api("POST", f"/rest/{kind}?action=initializeUpload", body)


def put(url: str, content: bytes, **headers: str) -> Any:
    parts = urlsplit(url)
    return Browser().generic(
        "PUT", f"{parts.path}?{parts.query}", content, "application/octet-stream", headers=headers
    )


def test_a_picture_is_taken_with_the_token_and_processed_in_looks(api: Call) -> None:
    value = begin(api, "images").json()["value"]
    bearer = {"Authorization": "Bearer access-1"}
    media = {"media": {"id": value["image"]}}

    assert put(value["uploadUrl"], picture_bytes()).status_code == 401
    assert code(api("POST", "/rest/posts", a_post(content=media))) == "MEDIA_ASSET_WAITING_UPLOAD"
    assert put(value["uploadUrl"], b"no loaf", **bearer).status_code == 415
    assert put(value["uploadUrl"], picture_bytes(), **bearer).status_code == 201
    looks = [api("GET", f"/rest/images/{enc(value['image'])}").json()["status"] for _ in range(2)]
    assert looks == ["PROCESSING", "AVAILABLE"]
    assert api("POST", "/rest/posts", a_post(content=media)).status_code == 201


def test_a_picture_is_its_owners(api: Call) -> None:
    value = begin(api, "images", owner=JANA).json()["value"]
    put(value["uploadUrl"], picture_bytes(), Authorization="Bearer access-1")

    assert api("GET", f"/rest/images/{enc(value['image'])}").status_code == 403
    media = {"media": {"id": value["image"]}}
    assert code(api("POST", "/rest/posts", a_post(content=media))) == "ACCESS_DENIED"
    assert api("POST", "/rest/posts", a_post(content=media, author=JANA)).status_code == 201


@pytest.mark.parametrize("request_", [{"fileSizeBytes": "1"}, {"fileSizeBytes": 0}, {}, {"colour": 1}])
def test_a_video_is_announced_properly(api: Call, request_: dict[str, Any]) -> None:
    assert begin(api, "videos", **request_).status_code == 400


def test_a_video_is_taken_in_parts_without_the_token(api: Call) -> None:
    film = film_bytes()
    value = begin(api, "videos", fileSizeBytes=len(film)).json()["value"]
    [part] = value["uploadInstructions"]
    whole = {"video": value["video"], "uploadToken": "", "uploadedPartIds": ["x"]}
    finish = "/rest/videos?action=finalizeUpload"

    assert (part["firstByte"], part["lastByte"]) == (0, len(film) - 1)
    assert put(part["uploadUrl"], film, Authorization="Bearer access-1").status_code == 400
    assert put(part["uploadUrl"], film[:-1]).status_code == 400
    etag = put(part["uploadUrl"], film)["ETag"].strip('"')
    assert code(api("POST", finish, {"finalizeUploadRequest": whole})) == "UPDATING_ASSET_FAILED"
    whole["uploadedPartIds"] = [etag]
    assert api("POST", finish, {"finalizeUploadRequest": whole}).status_code == 200
    assert code(api("POST", finish, {"finalizeUploadRequest": whole})) == "UPDATING_ASSET_FAILED"
    assert bytes(Upload.objects.get().content) == film


def test_an_address_of_an_upload_ends(api: Call) -> None:
    value = begin(api, "images").json()["value"]

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        late = put(value["uploadUrl"], picture_bytes(), Authorization="Bearer access-1")

    assert code(late) == "EXPIRED_UPLOAD_URL"


# --- below posts ---


@pytest.fixture
def entry(api: Call) -> Entry:
    return Entry.objects.get(remote_id=api("POST", "/rest/posts", a_post())["x-restli-id"])


def comment(entry: Entry, **changes: Any) -> dict[str, Any]:
    return {"actor": PAGE, "object": entry.remote_id, "message": {"text": "Thanks"}, **changes}


def test_a_self_serve_app_comments_by_the_older_door_only(api: Call, grant: Grant) -> None:
    set_scopes(grant, "w_member_social")
    urn = api("POST", "/rest/posts", a_post(author=JANA))["x-restli-id"]
    body = {"actor": JANA, "object": urn, "message": {"text": "Thanks"}}

    newer = api("POST", f"/rest/socialActions/{enc(urn)}/comments", body)
    older = api("POST", f"/v2/socialActions/{enc(urn)}/comments", body, LinkedIn_Version="")

    assert newer.json()["message"] == (
        "Not enough permissions to access: partnerApiSocialActions.CREATE.202609"
    )
    assert (older.status_code, older["x-restli-id"]) == (201, older.json()["id"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"message": {}}, "MISSING_FIELD"),
        ({"message": {"text": "a" * 1251}}, "FIELD_LENGTH_TOO_LONG"),
        ({"actor": GUILD}, "ACCESS_DENIED"),
        ({"object": "urn:li:share:1"}, "NOT_FOUND"),
        ({"colour": "red"}, "INVALID_INPUT"),
    ],
)
def test_a_comment_that_is_not_right_is_refused(
    api: Call, entry: Entry, changes: dict[str, Any], said: str
) -> None:
    path = f"/rest/socialActions/{enc(entry.remote_id)}/comments"

    assert code(api("POST", path, comment(entry, **changes))) == said


def test_comments_are_one_level_deep_and_listed(api: Call, entry: Entry) -> None:
    path = f"/rest/socialActions/{enc(entry.remote_id)}/comments"
    first = api("POST", path, comment(entry)).json()
    below = f"/rest/socialActions/{enc(first['commentUrn'])}/comments"
    second = api("POST", below, comment(entry, message={"text": "And"})).json()

    deeper = f"/rest/socialActions/{enc(second['commentUrn'])}/comments"
    assert code(api("POST", deeper, comment(entry))) == "INVALID_VALUE_FOR_FIELD"
    [listed] = api("GET", path).json()["elements"]
    assert listed["commentsSummary"] == {"totalFirstLevelComments": 1, "aggregatedTotalComments": 1}
    assert api("GET", below).json()["elements"][0]["parentComment"] == first["commentUrn"]


def test_closing_comments_takes_them_away(api: Call, entry: Entry) -> None:
    linkedin.arrive("comment", person(PAGE), person(AIKO), "Nice", entry)
    path = f"/rest/socialMetadata/{enc(entry.remote_id)}"
    closed = {"patch": {"$set": {"commentsState": "CLOSED"}}}

    shut = api("POST", f"{path}?actor={enc(PAGE)}", closed, X_RestLi_Method="PARTIAL_UPDATE")

    assert shut.status_code == 202
    told = api("GET", path).json()
    assert (told["commentsState"], told["commentSummary"]["count"]) == ("CLOSED", 0)
    refused = api("POST", f"/rest/socialActions/{enc(entry.remote_id)}/comments", comment(entry))
    assert refused.status_code == 403


def test_the_public_look_of_every_kind(api: Call) -> None:
    poll = {
        "question": "Rye or wheat?",
        "options": [{"text": "Rye"}, {"text": "Wheat"}],
        "settings": {"duration": "ONE_DAY", "voteSelectionType": "SINGLE_VOTE"},
    }
    card = {"source": "https://example.com/bread", "title": "Three days of patience"}
    api("POST", "/rest/posts", a_post(content={"poll": poll}, commentary="Vote"))
    api("POST", "/rest/posts", a_post(content={"article": card}, commentary="Read <b>"))
    api("POST", "/rest/posts", a_post(isReshareDisabledByAuthor=True, commentary="Text"))

    page = Browser().get(f"{HOME}/@morgenrot-bakery/").content.decode()

    for words in ("Rye or wheat?", "Three days of patience", "example.com", "Reposts off", "4218 followers"):
        assert words in page


def test_the_pages_logo_is_a_picture(api: Call) -> None:
    told = api("GET", f"/rest/images/{enc(person(PAGE).facts['logo'])}").json()

    avatar = Browser().get(urlsplit(told["downloadUrl"]).path)

    assert avatar.content.startswith(b"\x89PNG")
