"""The twin refuses what TikTok refuses, in TikTok's words, and answers as TikTok answers."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox import tiktok as twin
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.tests.files import film_bytes, picture_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/tiktok"
CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = "v" * 43
CHALLENGE = hashlib.sha256(VERIFIER.encode()).hexdigest()
PUBLIC, PRIVATE = "PUBLIC_TO_EVERYONE", "SELF_ONLY"
POST = "/v2/post/publish/"
INIT, INBOX, CONTENT = f"{POST}video/init/", f"{POST}inbox/video/init/", f"{POST}content/init/"
PULL = {"source": "PULL_FROM_URL", "video_url": "http://127.0.0.1:9/oven.mp4"}
PHOTOS = {"source": "PULL_FROM_URL", "photo_images": ["http://127.0.0.1:9/1.jpg"], "photo_cover_index": 0}

Api = Callable[..., Any]


@pytest.fixture
def tom(db: None) -> Person:
    """He has the limits that TikTok gives everybody."""
    move_in()
    return Person.objects.get(network="tiktok", handle="tom_adeyemi")


@pytest.fixture
def grant(tom: Person) -> Grant:
    return Grant.objects.create(
        network="tiktok",
        person=tom,
        client_id="sandbox",
        scopes=list(twin.WANTS),
        access="act.1",
        access_expires_at=timezone.now() + timedelta(hours=2),
        refresh="rft.1",
        refresh_expires_at=timezone.now() + timedelta(days=180),
    )


@pytest.fixture
def api(grant: Grant) -> Api:
    """A request as Tom's app: the status of the answer, its code, and its data."""

    def call(path: str, body: Any = None, method: str = "POST", **extra: Any) -> tuple[int, str, Any]:
        headers = {"Authorization": f"Bearer {grant.access}"}
        given = extra.pop("content_type", "application/json; charset=UTF-8")
        sent = b"" if body is None else json.dumps(body).encode()
        answer = Browser().generic(method, HOME + path, sent, content_type=given, headers=headers, **extra)
        told = answer.json()
        assert set(told) == {"data", "error"}
        assert set(told["error"]) == {"code", "message", "log_id"}
        return answer.status_code, told["error"]["code"], told["data"]

    return call


def set_facts(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()


def upload_info(size: int, piece: int | None = None, count: int = 1) -> dict[str, Any]:
    return {
        "source": "FILE_UPLOAD",
        "video_size": size,
        "chunk_size": piece or size,
        "total_chunk_count": count,
    }


def video(source: dict[str, Any] | None = None, **post: Any) -> dict[str, Any]:
    return {"post_info": {"privacy_level": PUBLIC, **post}, "source_info": source or PULL}


def photos(mode: str = "DIRECT_POST", source: Any = None, **post: Any) -> dict[str, Any]:
    told = {"privacy_level": PUBLIC, **post} if mode == "DIRECT_POST" else post
    return {"media_type": "PHOTO", "post_mode": mode, "post_info": told, "source_info": source or PHOTOS}


def put(url: str, content: bytes, first: int, total: int, **headers: str) -> Any:
    parts = urlsplit(url)
    sent = {"Content-Range": f"bytes {first}-{first + len(content) - 1}/{total}", **headers}
    kind = sent.pop("Content-Type", "video/mp4")
    return Browser().put(f"{parts.path}?{parts.query}", content, content_type=kind, headers=sent)


# --- OAuth ---


def consented(person: Person, **query: str) -> dict[str, str]:
    asked = {
        "client_key": "sandbox",
        "scope": "user.info.basic,video.publish",
        "redirect_uri": CALLBACK,
        "state": "s-1",
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **query,
    }
    answer = Browser().post(
        f"{HOME}/v2/auth/authorize/", {"person": person.pk, "answer": "allow"}, query_params=asked
    )
    if answer.status_code != 302:
        return {"status": str(answer.status_code), **answer.json()}
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def token(**fields: str) -> Any:
    form = {"client_key": "sandbox", "client_secret": "sandbox-secret", **fields}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    return Browser().post(f"{HOME}/v2/oauth/token/", body, content_type="application/x-www-form-urlencoded")


def by_code(code: str, **fields: str) -> Any:
    form = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, **fields}
    return token(grant_type="authorization_code", code=code, **form)


def test_consent_and_tokens_are_flat(tom: Person) -> None:
    back = consented(tom)

    told = by_code(back["code"]).json()

    assert (back["state"], back["scopes"]) == ("s-1", "user.info.basic,video.publish")
    assert {
        name: told[name] for name in ("expires_in", "refresh_expires_in", "token_type", "scope", "open_id")
    } == {
        "expires_in": 7200,
        "refresh_expires_in": 15_552_000,
        "token_type": "Bearer",
        "scope": "user.info.basic,video.publish",
        "open_id": tom.remote_id,
    }
    assert told["access_token"].startswith("act.")
    assert told["refresh_token"].startswith("rft.")


@pytest.mark.parametrize(
    "query",
    [
        {"scope": "user.info.basic video.publish"},
        {"scope": "everything"},
        {"code_challenge": "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"state": ""},
        {"redirect_uri": "https://elsewhere.example/"},
        {"client_key": "nobody"},
    ],
)
def test_consent_refuses_what_is_not_tiktoks(tom: Person, query: dict[str, str]) -> None:
    assert consented(tom, **query)["status"] == "400"


def test_a_code_works_once_and_says_so_inside_a_success(tom: Person) -> None:
    code = consented(tom)["code"]
    by_code(code)

    again = by_code(code)

    assert again.status_code == 200
    assert again.json()["error"] == "invalid_grant"
    assert again.json()["error_description"] == "Authorization code is expired."


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"redirect_uri": "http://127.0.0.1:9/other"}, 400, "invalid_request"),
        ({"code_verifier": "w" * 43}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_a_code_is_for_whoever_asked(tom: Person, fields: dict[str, str], status: int, code: str) -> None:
    answer = by_code(consented(tom)["code"], **fields)

    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert set(answer.json()) == {"error", "error_description", "log_id"}


def test_each_refresh_token_works_once(grant: Grant) -> None:
    first = token(grant_type="refresh_token", refresh_token="rft.1")
    again = token(grant_type="refresh_token", refresh_token="rft.1")

    assert first.json()["refresh_token"] not in {"", "rft.1"}
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_other_grants_and_other_encodings_are_refused(grant: Grant) -> None:
    as_json = Browser().post(f"{HOME}/v2/oauth/token/", "{}", content_type="application/json")

    assert token(grant_type="password").json()["error"] == "unsupported_grant_type"
    assert as_json.json()["error"] == "invalid_request"


def test_a_revoked_token_is_dead(api: Api) -> None:
    body = "client_key=sandbox&client_secret=sandbox-secret&token=act.1"
    form = "application/x-www-form-urlencoded"

    answers = [Browser().post(f"{HOME}/v2/oauth/revoke/", body, content_type=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].json() == {}
    assert api("/v2/user/info/?fields=open_id", method="GET")[:2] == (401, "access_token_invalid")


# --- who it is ---


def test_fields_are_asked_for_by_name_and_by_scope(api: Api, grant: Grant) -> None:
    grant.scopes = ["user.info.basic"]
    grant.save()

    assert api("/v2/user/info/?fields=open_id,display_name", method="GET")[2] == {
        "user": {"open_id": grant.person.remote_id, "display_name": "Tom Adeyemi"}
    }
    assert api("/v2/user/info/?fields=username", method="GET")[:2] == (401, "scope_not_authorized")
    assert api("/v2/user/info/?fields=shoe_size", method="GET")[:2] == (400, "invalid_params")
    assert api("/v2/user/info/", method="GET")[:2] == (400, "invalid_params")


def test_creator_info_tells_what_was_switched_off(api: Api) -> None:
    status, code, told = api(f"{POST}creator_info/query/")

    assert (status, code) == (200, "ok")
    assert told == {
        "creator_avatar_url": "http://testserver/sandbox/tiktok/@tom_adeyemi/avatar.png",
        "creator_username": "tom_adeyemi",
        "creator_nickname": "Tom Adeyemi",
        "privacy_level_options": [PUBLIC, "MUTUAL_FOLLOW_FRIENDS", PRIVATE],
        "comment_disabled": True,
        "duet_disabled": True,
        "stitch_disabled": False,
        "max_video_post_duration_sec": 600,
    }


@pytest.mark.parametrize(
    "code", ["spam_risk_too_many_posts", "spam_risk_user_banned_from_posting", "reached_active_user_cap"]
)
def test_creator_info_refuses_inside_a_success(api: Api, tom: Person, code: str) -> None:
    set_facts(tom, refused=code)

    assert api(f"{POST}creator_info/query/")[:2] == (200, code)
    assert api(INIT, video())[:2] == (403, code)


# --- starting ---


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (video(privacy_level="FOLLOWER_OF_CREATOR"), 403, "privacy_level_option_mismatch"),
        ({"post_info": {}, "source_info": PULL}, 400, "invalid_params"),
        ({"source_info": PULL}, 400, "invalid_params"),
        (video(title="🥖" * 1101), 400, "invalid_params"),
        (video(title=None), 400, "invalid_params"),
        (video(description="no such field here"), 400, "invalid_params"),
        (video(disable_duet="false"), 400, "invalid_params"),
        (video(video_cover_timestamp_ms=True), 400, "invalid_params"),
        (video(privacy_level=PRIVATE, brand_content_toggle=True), 400, "invalid_params"),
        (
            video({"source": "PULL_FROM_URL", "video_url": "https://media.example/1.mp4"}),
            403,
            "url_ownership_unverified",
        ),
        (
            video({"source": "PULL_FROM_URL", "video_url": "http://media.example/1.mp4"}),
            400,
            "invalid_params",
        ),
        (video({"source": "PULL_FROM_URL"}), 400, "invalid_params"),
        ([], 400, "invalid_params"),
    ],
)
def test_a_video_is_refused(api: Api, body: Any, status: int, code: str) -> None:
    assert api(INIT, body)[:2] == (status, code)


@pytest.mark.parametrize(
    ("size", "piece", "count", "fits"),
    [
        (50_000_123, 10_000_000, 5, True),
        (50_000_123, 10_000_000, 6, False),
        (4_000_000, 4_000_000, 1, True),
        (4_000_000, 2_000_000, 2, False),
        (64_000_000, 64_000_000, 1, True),
        (70_000_000, 70_000_000, 1, False),
        (30_000_000, 5_000_000, 6, False),
        (5_500_000, 10_000_000, 1, False),
        (4_294_967_296, 10_000_000, 429, True),
        (4_294_967_297, 10_000_000, 429, False),
        (0, 1, 1, False),
    ],
)
def test_the_arithmetic_of_pieces(api: Api, size: int, piece: int, count: int, fits: bool) -> None:
    status, code, told = api(INIT, video(upload_info(size, piece, count)))

    assert (status, code) == ((200, "ok") if fits else (400, "invalid_file_upload"))
    assert bool(told) is fits


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (photos(title="🥖" * 46), 400, "invalid_params"),
        (photos(description="x" * 4001), 400, "invalid_params"),
        (photos(disable_duet=True), 400, "invalid_params"),
        (photos(is_aigc=True), 400, "invalid_params"),
        (photos("MEDIA_UPLOAD", privacy_level=PUBLIC), 400, "invalid_params"),
        (photos("DRAFT"), 400, "invalid_params"),
        (photos(source={**PHOTOS, "photo_cover_index": 1}), 400, "invalid_params"),
        (photos(source={**PHOTOS, "photo_images": PHOTOS["photo_images"] * 36}), 400, "invalid_params"),
        (photos(source={**PHOTOS, "photo_images": []}), 400, "invalid_params"),
        (photos(source={**PHOTOS, "source": "FILE_UPLOAD"}), 400, "invalid_params"),
        (
            photos(source={**PHOTOS, "photo_images": ["https://a.example/1.jpg"]}),
            403,
            "url_ownership_unverified",
        ),
    ],
)
def test_photos_are_refused(api: Api, body: Any, status: int, code: str) -> None:
    assert api(CONTENT, body)[:2] == (status, code)


def test_publish_ids_tell_what_they_are(api: Api) -> None:
    told = [
        api(INIT, video())[2],
        api(INIT, video(upload_info(1000)))[2],
        api(INBOX, {"source_info": PULL})[2],
        api(INBOX, {"source_info": upload_info(1000)})[2],
        api(CONTENT, photos())[2],
    ]

    assert [one["publish_id"].rpartition(".")[0] for one in told] == [
        "v_pub_url~v2-1",
        "v_pub_file~v2-1",
        "v_inbox_url~v2",
        "v_inbox_file~v2",
        "p_pub_url~v2",
    ]
    assert ["upload_url" in one for one in told] == [False, True, False, True, False]
    assert all(len(one["publish_id"]) <= 64 and len(one.get("upload_url", "")) <= 256 for one in told)


def test_scopes_are_asked_for(api: Api, grant: Grant) -> None:
    grant.scopes = ["user.info.basic", "video.upload"]
    grant.save()

    assert api(INIT, video())[:2] == (401, "scope_not_authorized")
    assert api(CONTENT, photos())[:2] == (401, "scope_not_authorized")
    assert api(CONTENT, photos("MEDIA_UPLOAD"))[:2] == (200, "ok")
    assert api("/v2/video/list/?fields=id", {})[:2] == (401, "scope_not_authorized")


def test_six_a_minute(api: Api) -> None:
    codes = [api(INIT, video())[:2] for _ in range(7)]

    assert codes == [(200, "ok")] * 6 + [(429, "rate_limit_exceeded")]


def test_fifteen_posts_and_five_drafts_a_day(api: Api, tom: Person) -> None:
    set_facts(tom, limits={"video/init": 99, "inbox/video/init": 99})

    assert [api(INIT, video())[1] for _ in range(16)][-2:] == ["ok", "spam_risk_too_many_posts"]
    drafts = [api(INBOX, {"source_info": PULL})[1] for _ in range(6)]
    assert drafts[-2:] == ["ok", "spam_risk_too_many_pending_share"]


def test_an_app_without_audit_posts_privately_to_private_accounts(api: Api, tom: Person) -> None:
    set_facts(tom, unaudited=True)
    code = "unaudited_client_can_only_post_to_private_accounts"

    assert api(INIT, video())[:2] == (403, code)
    assert api(INIT, video(privacy_level=PRIVATE))[:2] == (403, code)
    set_facts(tom, is_private=True)
    assert api(INIT, video(privacy_level=PRIVATE))[:2] == (200, "ok")


def test_an_old_app_takes_no_drafts_of_photos(api: Api, tom: Person) -> None:
    set_facts(tom, has_old_app=True)

    assert api(CONTENT, photos("MEDIA_UPLOAD"))[:2] == (400, "app_version_check_failed")


def test_a_body_is_json(api: Api) -> None:
    assert api(INIT, video(), content_type="text/plain")[:2] == (400, "invalid_params")
    assert api(INIT)[:2] == (400, "invalid_params")


# --- bytes ---


def started(api: Api, size: int, piece: int | None = None, count: int = 1, **post: Any) -> tuple[str, str]:
    told = api(INIT, video(upload_info(size, piece, count), **post))[2]
    return told["publish_id"], told["upload_url"]


def test_pieces_come_in_order(api: Api) -> None:
    size, piece = 12_000_001, 6_000_000
    publish_id, url = started(api, size, piece, 2)
    content = bytes(size)

    early = put(url, content[piece:], piece, size)
    first = put(url, content[:piece], 0, size)
    again = put(url, content[:piece], 0, size)
    last = put(url, content[piece:], piece, size)
    after = put(url, content[piece:], piece, size)

    assert [answer.status_code for answer in (early, first, again, last, after)] == [416, 206, 416, 201, 404]
    assert early["Content-Range"] == f"bytes 0-0/{size}"
    assert first["Content-Range"] == again["Content-Range"] == f"bytes 0-{piece}/{size}"
    assert Upload.objects.get(remote_id=publish_id).facts["state"] == "processing"


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (1000, {"Content-Range": "bytes 0-999/1001"}),
        (1000, {"Content-Range": "bytes 0-998/1000"}),
        (999, {"Content-Range": "bytes 0-999/1000"}),
        (1000, {"Content-Range": "0-999"}),
        (1000, {"Content-Type": "image/jpeg"}),
    ],
)
def test_a_wrong_piece_is_refused(api: Api, sent: int, headers: dict[str, str]) -> None:
    _, url = started(api, 1000)

    assert put(url, bytes(sent), 0, 1000, **headers).status_code == 400


def test_an_address_is_secret_and_lives_for_an_hour(api: Api) -> None:
    publish_id, url = started(api, 1000)

    assert put(url[:-1], bytes(1000), 0, 1000).status_code == 404
    Upload.objects.filter(remote_id=publish_id).update(created_at=timezone.now() - timedelta(minutes=61))
    assert put(url, bytes(1000), 0, 1000).status_code == 403


# --- status ---


def status(api: Api, publish_id: str) -> dict[str, Any]:
    told: dict[str, Any] = api(f"{POST}status/fetch/", {"publish_id": publish_id})[2]
    return told


def uploaded(api: Api, content: bytes, **post: Any) -> str:
    publish_id, url = started(api, len(content), **post)
    assert put(url, content, 0, len(content)).status_code == 201
    return publish_id


def test_a_post_passes_through_its_states(api: Api) -> None:
    publish_id = uploaded(api, film_bytes(), title="Canal walk #city")

    told = [status(api, publish_id) for _ in range(4)]

    [entry] = Entry.objects.filter(network="tiktok")
    assert [one["status"] for one in told] == ["PROCESSING_UPLOAD"] + ["PUBLISH_COMPLETE"] * 3
    assert [one.get("publicaly_available_post_id") for one in told] == [
        None,
        None,
        *[[int(entry.remote_id)]] * 2,
    ]
    assert int(entry.remote_id) > 2**53
    assert told[0]["uploaded_bytes"] == len(film_bytes())
    assert entry.text == "Canal walk #city"


def test_a_private_post_never_has_an_id(api: Api) -> None:
    publish_id = uploaded(api, film_bytes(), privacy_level=PRIVATE)

    told = [status(api, publish_id) for _ in range(4)][-1]

    assert told["status"] == "PUBLISH_COMPLETE"
    assert "publicaly_available_post_id" not in told
    assert api("/v2/video/list/?fields=id", {})[2]["videos"] == []


def test_an_upload_that_is_short_waits(api: Api) -> None:
    publish_id, _ = started(api, 1000)

    assert status(api, publish_id) == {"status": "PROCESSING_UPLOAD", "uploaded_bytes": 0}


@pytest.mark.parametrize(
    ("content", "facts", "reason"),
    [
        (lambda: b"no film at all", {}, "file_format_check_failed"),
        (picture_bytes, {}, "file_format_check_failed"),
        (lambda: film_bytes((320, 960), 1), {}, "picture_size_check_failed"),
        (lambda: film_bytes((540, 960), 1, 12), {}, "frame_rate_check_failed"),
        (film_bytes, {"max_seconds": 2}, "duration_check_failed"),
        (film_bytes, {"fails": "spam_risk"}, "spam_risk"),
    ],
)
def test_a_film_that_does_not_fit_fails(
    api: Api, tom: Person, content: Callable[[], bytes], facts: dict[str, Any], reason: str
) -> None:
    set_facts(tom, **facts)
    publish_id = uploaded(api, content())

    told = [status(api, publish_id) for _ in range(2)][-1]

    assert (told["status"], told["fail_reason"]) == ("FAILED", reason)
    assert not Entry.objects.filter(network="tiktok").exists()


def test_what_cannot_be_fetched_fails(api: Api) -> None:
    ids = [api(INIT, video())[2]["publish_id"], api(CONTENT, photos())[2]["publish_id"]]

    told = [[status(api, publish_id) for _ in range(2)] for publish_id in ids]

    assert [one["status"] for one in told[0]] == ["PROCESSING_DOWNLOAD", "FAILED"]
    assert [last["fail_reason"] for _, last in told] == ["video_pull_failed", "photo_pull_failed"]


def test_unknown_and_strange_publish_ids(api: Api, tom: Person) -> None:
    publish_id, _ = started(api, 1000)
    Upload.objects.update(person=Person.objects.get(network="tiktok", handle="mina.makes"))
    code = "token_not_authorized_for_specified_publish_id"

    assert api(f"{POST}status/fetch/", {"publish_id": "v_pub_file~v2-1.1"})[:2] == (400, "invalid_publish_id")
    assert api(f"{POST}status/fetch/", {"publish_id": publish_id})[:2] == (400, code)


def test_a_post_is_cancelled_while_it_is_under_way(api: Api) -> None:
    publish_id = api(INIT, video())[2]["publish_id"]

    first = api(f"{POST}cancel/", {"publish_id": publish_id})
    again = api(f"{POST}cancel/", {"publish_id": publish_id})

    assert first == (200, "ok", {})
    assert again[:2] == (400, "publish_not_cancellable")
    assert status(api, publish_id)["fail_reason"] == "publish_cancelled"


# --- numbers ---


def test_the_list_shows_public_posts_newest_first(api: Api) -> None:
    for text in ("one", "two 🥖" + "x" * 200):
        uploaded(api, film_bytes(), title=text)

    newest = api("/v2/video/list/?fields=id,title,create_time,share_url,view_count", {"max_count": 1})[2]
    rest = api("/v2/video/list/?fields=title", {"max_count": 1, "cursor": newest["cursor"]})[2]

    [first] = newest["videos"]
    assert isinstance(first["id"], str)
    assert len(first["title"].encode("utf-16-le")) == 300
    assert first["share_url"].endswith(f"/@tom_adeyemi/video/{first['id']}")
    assert newest["has_more"] is True
    assert rest["videos"] == [{"title": "one"}]
    assert rest["has_more"] is False


def test_a_query_brings_ones_own_alone(api: Api) -> None:
    uploaded(api, film_bytes())
    [entry] = api("/v2/video/list/?fields=id", {})[2]["videos"]
    mine = {"filters": {"video_ids": [entry["id"], "7"]}}

    assert api("/v2/video/query/?fields=id,like_count", mine)[2]["videos"] == [
        {"id": entry["id"], "like_count": 0}
    ]
    assert api("/v2/video/query/?fields=id", {"filters": {"video_ids": []}})[:2] == (400, "invalid_params")
    assert api("/v2/video/query/?fields=id", {"filters": {"video_ids": [7]}})[:2] == (400, "invalid_params")
    assert api("/v2/video/list/?fields=id", {"max_count": 21})[:2] == (400, "invalid_params")


# --- what people see ---


def test_a_profile_looks_like_tiktoks(api: Api) -> None:
    publish_id = uploaded(
        api, film_bytes(), title="Canal walk #city", brand_content_toggle=True, disable_duet=True
    )
    for _ in range(3):
        status(api, publish_id)
    [entry] = Entry.objects.filter(network="tiktok")

    page = Browser().get(f"{HOME}/@tom_adeyemi/video/{entry.remote_id}", follow=True).content.decode()

    assert "css/sandbox/tiktok.css" in page
    assert f"/sandbox/tiktok/uploads/{publish_id}" in page
    assert "<b>#city</b>" in page
    assert "Paid partnership" in page
    assert "duets off" in page
    assert "likes" in page
    assert Browser().get(f"{HOME}/@tom_adeyemi", follow=True).status_code == 200
    assert Browser().get(f"{HOME}/@tom_adeyemi/video/7").status_code == 404


def test_a_webhook_is_json_in_json_signed_with_its_time(api: Api) -> None:
    publish_id = uploaded(api, film_bytes())
    for _ in range(3):
        status(api, publish_id)
    [entry] = Entry.objects.filter(network="tiktok")

    headers, body = twin.webhook()

    told = json.loads(body)
    assert told["event"] == "post.publish.publicly_available"
    assert json.loads(told["content"]) == {
        "publish_id": publish_id,
        "post_id": int(entry.remote_id),
        "publish_type": "DIRECT_PUBLISH",
    }
    assert headers["TikTok-Signature"].startswith(f"t={told['create_time']},s=")
