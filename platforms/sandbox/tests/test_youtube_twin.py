"""The twin refuses what YouTube and Google refuse, in their words, and answers as they answer."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox import youtube
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.youtube_wire import SCOPE, WANTS
from platforms.tests.files import film, picture_bytes
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/youtube"
VIDEOS = "/youtube/v3/videos"
UPLOAD = "/upload/youtube/v3/videos"
FILM = film().open().read()
QUARTER = 262_144


@pytest.fixture
def baker() -> Person:
    move_in()
    return Person.objects.get(network="youtube", handle="morgenrotbakery")


@pytest.fixture
def mill(baker: Person) -> Person:
    return Person.objects.get(network="youtube", handle="kornmuehle")


def granted(person: Person, *scopes: str) -> Grant:
    now = timezone.now()
    return Grant.objects.create(
        network="youtube",
        person=person,
        client_id="sandbox",
        redirect_uri="http://127.0.0.1/callback",
        scopes=[SCOPE + scope for scope in scopes] or list(WANTS),
        access=f"ya29.{person.handle}{len(scopes)}",
        access_expires_at=now + timedelta(hours=1),
        refresh=f"1//{person.handle}",
        refresh_expires_at=now + timedelta(days=100),
        facts={"offline": True, "prompt": "consent"},
    )


Call_ = Callable[..., Any]


def caller(grant: Grant) -> Call_:
    """A request as the app of a person, and its answer."""

    def call(
        method: str,
        path: str,
        body: Any = None,
        query: Any = None,
        kind: str = "application/json",
        **headers: str,
    ) -> Any:
        content = json.dumps(body) if kind == "application/json" and body is not None else body or b""
        given = {
            "Authorization": f"Bearer {grant.access}",
            **{n.replace("_", "-"): v for n, v in headers.items()},
        }
        return Browser().generic(method, HOME + path, content, kind, headers=given, query_params=query or {})

    return call


@pytest.fixture
def api(baker: Person) -> Call_:
    return caller(granted(baker))


def resource(**changes: Any) -> dict[str, Any]:
    snippet = {"title": "Rye", "description": "Slowly.", **changes.pop("snippet", {})}
    return {"snippet": snippet, "status": {"privacyStatus": "public", **changes.pop("status", {})}, **changes}


def opened(api: Call_, size: int = len(FILM), **changes: Any) -> str:
    body = resource(**changes)
    query = {"uploadType": "resumable", "part": ",".join(body)}
    answer = api(
        "POST", UPLOAD, body, query, X_Upload_Content_Length=str(size), X_Upload_Content_Type="video/mp4"
    )
    assert answer.status_code == 200, answer.content
    assert answer.content == b""
    session = urlsplit(answer["Location"])
    return f"{session.path}?{session.query}".removeprefix(HOME)


def put(session: str, content: bytes = b"", content_range: str = "") -> Any:
    """Bytes to a session, with nothing but its address."""
    headers = {"Content-Range": content_range} if content_range else {}
    return Browser().generic("PUT", HOME + session, content, "video/mp4", headers=headers)


@pytest.fixture
def video(api: Call_) -> Entry:
    put(opened(api), FILM)
    entry = Entry.objects.get()
    entry.body["looks"] = 0
    entry.save()
    return entry


def refused(answer: Any) -> tuple[int, str, str]:
    """Status, reason and domain of a refusal in the old form."""
    error = json.loads(answer.content)["error"]
    assert error["code"] == answer.status_code
    assert error["message"] == error["errors"][0]["message"]
    return answer.status_code, error["errors"][0]["reason"], error["errors"][0]["domain"]


# --- consent and tokens ---


def asked(**changes: str) -> Any:
    query = {
        "client_id": "sandbox",
        "redirect_uri": "http://127.0.0.1/callback",
        "response_type": "code",
        "scope": " ".join(WANTS),
        "state": "s",
        "access_type": "offline",
        "prompt": "consent",
        **changes,
    }
    return Browser().get(f"{HOME}/o/oauth2/v2/auth", query)


def code_for(person: Person, **changes: Any) -> str:
    facts = {"offline": True, "prompt": "consent", **changes}
    return Grant.objects.create(
        network="youtube",
        person=person,
        client_id="sandbox",
        redirect_uri="http://127.0.0.1/callback",
        scopes=list(WANTS),
        code=f"4/{len(changes)}{timezone.now().timestamp()}",
        code_expires_at=timezone.now() + timedelta(minutes=10),
        facts=facts,
    ).code


def token(**fields: str) -> Any:
    form = {
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "grant_type": "authorization_code",
        "redirect_uri": "http://127.0.0.1/callback",
        **fields,
    }
    return Browser().post(f"{HOME}/token", form)


def test_the_consent_page_says_what_is_asked_in_words(baker: Person) -> None:
    page = asked()

    assert page.status_code == 200
    assert "Manage your YouTube videos" in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "youtube"}, "invalid_scope"),
        ({"response_type": "token"}, "invalid_request"),
        ({"access_type": "always"}, "invalid_request"),
        ({"prompt": "please"}, "invalid_request"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_question_is_answered_on_the_page(baker: Person, changes: dict[str, str], error: str) -> None:
    answer = asked(**changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_refresh_token_comes_with_consent_alone(baker: Person) -> None:
    first = token(code=code_for(baker)).json()
    second = token(code=code_for(baker, prompt="")).json()
    online = token(code=code_for(baker, offline=False, prompt="consent")).json()
    renewed = token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

    assert first["refresh_token"].startswith("1//")
    assert (first["expires_in"], first["token_type"]) == (3599, "Bearer")
    assert "refresh_token" not in second
    assert "refresh_token" not in online
    assert "refresh_token" not in renewed
    assert renewed["access_token"] != first["access_token"]


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"code": "4/unknown"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "1//unknown"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, 400, "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses(baker: Person, fields: dict[str, str], status: int, error: str) -> None:
    answer = token(**fields)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_another_address_is_a_mismatch(baker: Person) -> None:
    answer = token(code=code_for(baker), redirect_uri="http://127.0.0.1/else")

    assert answer.json()["error"] == "redirect_uri_mismatch"


def test_an_app_in_testing_has_seven_days(baker: Person) -> None:
    baker.facts["testing"] = True
    baker.save()
    answer = token(code=code_for(baker)).json()
    renewing = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}

    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        late = token(**renewing)

    assert answer["refresh_token_expires_in"] == 604_799
    assert late.json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }


def test_revoking_takes_every_grant_of_the_person(baker: Person) -> None:
    grant, other = granted(baker), granted(baker, "youtube")

    first = Browser().post(f"{HOME}/revoke", {"token": grant.refresh})
    again = Browser().post(f"{HOME}/revoke", {"token": grant.refresh})

    other.refresh_from_db()
    assert first.status_code == 200
    assert other.revoked_at
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


def test_without_a_live_token_nothing_is_told(baker: Person) -> None:
    answer = Browser().get(HOME + "/youtube/v3/channels", {"part": "id", "mine": "true"})

    error = answer.json()["error"]
    assert answer.status_code == 401
    assert (error["status"], error["errors"][0]["reason"]) == ("UNAUTHENTICATED", "authError")


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("POST", UPLOAD, {"part": "snippet", "uploadType": "resumable"}),
        ("GET", "/youtube/v3/commentThreads", {"part": "id", "videoId": "x"}),
        ("DELETE", VIDEOS, {"id": "x"}),
        ("GET", "/v2/reports", {}),
    ],
)
def test_a_scope_that_is_missing_is_told_in_both_forms(
    baker: Person, method: str, path: str, query: dict[str, str]
) -> None:
    answer = caller(granted(baker, "youtube.readonly"))(method, path, resource(), query)

    error = answer.json()["error"]
    assert answer.status_code == 403
    assert error["errors"][0]["reason"] == "insufficientPermissions"
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"


# --- units ---


def test_every_request_costs_refused_ones_too(api: Call_, baker: Person) -> None:
    baker.facts["quota"] = {"units": 102}
    baker.save()

    for _ in range(2):
        assert refused(api("DELETE", VIDEOS, query={"id": "gone"}))[1] == "videoNotFound"
    assert api("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true"}).status_code == 200
    assert api("GET", "/youtube/v3/channels", query={"part": "nonsense", "mine": "true"}).status_code == 400
    spent = api("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true"})

    assert refused(spent) == (403, "quotaExceeded", "youtube.quota")
    assert "exceeded" in spent.json()["error"]["message"]


def test_uploads_have_a_bucket_of_their_own(api: Call_, baker: Person) -> None:
    baker.facts["quota"] = {"videos": 1, "units": 0}
    baker.save()
    opened(api)

    answer = api("POST", UPLOAD, resource(), {"uploadType": "resumable", "part": "snippet,status"})

    assert answer.status_code == 429
    assert "Video Uploads per day" in answer.json()["error"]["message"]
    assert answer.json()["error"]["status"] == "RESOURCE_EXHAUSTED"


def test_what_a_project_used_counts_for_all_its_people(api: Call_, mill: Person, baker: Person) -> None:
    api("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true"})
    mill.facts["quota"] = {"units": 1}
    mill.save()

    answer = caller(granted(mill))("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true"})

    assert answer.status_code == 403


# --- uploading ---


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"snippet": {"title": ""}}, "invalidTitle"),
        ({"snippet": {"title": "x" * 101}}, "invalidTitle"),
        ({"snippet": {"title": "a < b"}}, "invalidTitle"),
        ({"snippet": {"description": "é" * 2501}}, "invalidDescription"),
        ({"snippet": {"description": "a > b"}}, "invalidDescription"),
        ({"snippet": {"tags": ["a b" * 83, "c" * 249]}}, "invalidTags"),
        ({"snippet": {"categoryId": "18"}}, "invalidCategoryId"),
        ({"snippet": {"defaultLanguage": "English"}}, "invalidVideoMetadata"),
        ({"snippet": {"colour": "red"}}, "badRequest"),
        ({"snippet": {"tags": "rye"}}, "badRequest"),
        ({"status": {"privacyStatus": "friends"}}, "invalidVideoMetadata"),
        ({"status": {"license": "mit"}}, "invalidVideoMetadata"),
        ({"status": {"embeddable": "yes"}}, "badRequest"),
        ({"status": {"publishAt": "2099-01-01T00:00:00Z"}}, "invalidPublishAt"),
        ({"status": {"publishAt": "tomorrow", "privacyStatus": "private"}}, "invalidPublishAt"),
        ({"brandPartner": {"channelId": "mill"}}, "badRequest"),
        ({"brandPartner": {"channelId": "UC" + "x" * 22, "channelHandle": "@mill"}}, "badRequest"),
    ],
)
def test_what_may_not_be_said_of_a_video(api: Call_, changes: dict[str, Any], reason: str) -> None:
    body = resource(**changes)

    answer = api("POST", UPLOAD, body, {"uploadType": "resumable", "part": ",".join(body)})

    assert refused(answer)[:2] == (400, reason)
    assert not Upload.objects.exists()


def test_parts_must_name_what_is_sent(api: Call_) -> None:
    unnamed = api("POST", UPLOAD, resource(), {"uploadType": "resumable", "part": "snippet"})
    unknown = api("POST", UPLOAD, resource(), {"uploadType": "resumable", "part": "snippet,status,colour"})
    missing = api("POST", UPLOAD, resource(), {"uploadType": "resumable"})

    assert refused(unnamed) == (400, "unexpectedPart", "youtube.part")
    assert refused(unknown) == (400, "unknownPart", "youtube.part")
    assert refused(missing) == (400, "missingRequiredParameter", "youtube.parameter")


def test_an_unknown_parameter_is_refused(api: Call_) -> None:
    answer = api("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true", "colour": "red"})

    assert 'Unknown name "colour"' in answer.json()["error"]["message"]


def test_a_picture_is_no_video(api: Call_) -> None:
    answer = api(
        "POST",
        UPLOAD,
        resource(),
        {"uploadType": "resumable", "part": "snippet,status"},
        X_Upload_Content_Type="image/png",
    )

    assert answer.status_code == 400


def test_a_whole_file_makes_a_video(api: Call_) -> None:
    answer = put(opened(api), FILM)

    body = answer.json()
    assert answer.status_code == 200
    assert (body["kind"], body["status"]["uploadStatus"]) == ("youtube#video", "uploaded")
    assert len(body["id"]) == 11
    assert Entry.objects.get().remote_id == body["id"]


def test_pieces_are_kept_and_the_rest_is_awaited(api: Call_) -> None:
    size = QUARTER + 1000
    session = opened(api, size=size)

    empty = put(session, content_range=f"bytes */{size}")
    first = put(session, b"x" * QUARTER, f"bytes 0-{QUARTER - 1}/{size}")
    told = put(session, content_range=f"bytes */{size}")
    last = put(session, b"y" * 1000, f"bytes {QUARTER}-{size - 1}/{size}")
    after = put(session, content_range=f"bytes */{size}")

    assert (empty.status_code, empty.has_header("Range")) == (308, False)
    assert (first.status_code, first["Range"]) == (308, f"bytes=0-{QUARTER - 1}")
    assert (told.status_code, told["Range"]) == (308, f"bytes=0-{QUARTER - 1}")
    assert (last.status_code, after.status_code) == (200, 200)
    assert last.json()["id"] == after.json()["id"]
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "content_range", "words"),
    [
        (b"x" * 100, "bytes 0-99/2000", "does not meet this requirement"),
        (b"x" * 100, "bytes 1900-1999/2000", "are missing"),
        (b"x" * 100, "bytes 0-199/2000", "100 came"),
        (b"x" * 100, "bytes 0-99/100", "announced with 2000"),
        (b"x" * 100, "whole", "Failed to parse"),
    ],
)
def test_pieces_that_do_not_fit(api: Call_, content: bytes, content_range: str, words: str) -> None:
    answer = put(opened(api, size=2000), content, content_range)

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_a_session_ends(api: Call_) -> None:
    session = opened(api)

    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert put(session, FILM).status_code == 404
    assert put(session.replace("ABPtcP", "x"), FILM).status_code == 404


def test_a_dead_token_beside_the_session_is_refused(api: Call_) -> None:
    session = opened(api)
    Grant.objects.update(revoked_at=timezone.now())

    assert api("PUT", session, FILM, kind="video/mp4").status_code == 401
    assert put(session, FILM).status_code == 200


def test_a_channel_that_uploaded_too_much(api: Call_, baker: Person) -> None:
    baker.facts["uploads_are_used_up"] = True
    baker.save()

    answer = api("POST", UPLOAD, resource(), {"uploadType": "resumable", "part": "snippet,status"})

    assert refused(answer) == (400, "uploadLimitExceeded", "youtube.video")


# --- processing ---


def status_of(api: Call_, entry: Entry) -> Any:
    query = {"part": "status,processingDetails,contentDetails", "id": entry.remote_id}
    return api("GET", VIDEOS, query=query).json()["items"][0]


def test_processing_ends_at_the_second_look(api: Call_) -> None:
    put(opened(api), FILM)
    entry = Entry.objects.get()

    first, second = status_of(api, entry), status_of(api, entry)

    assert (first["status"]["uploadStatus"], first["contentDetails"]["duration"]) == ("uploaded", "P0D")
    assert first["processingDetails"]["processingProgress"]["partsTotal"] == "100"
    assert (second["status"]["uploadStatus"], second["contentDetails"]["duration"]) == ("processed", "PT3S")
    assert second["processingDetails"]["processingStatus"] == "succeeded"


def test_the_fault_makes_processing_fail_whichever_write_it_meets(api: Call_) -> None:
    Fault.objects.create(network="youtube", kind=Fault.Kind.PROCESSING_FAILS)
    put(opened(api), FILM)
    entry = Entry.objects.get()
    status_of(api, entry)

    assert status_of(api, entry)["status"]["failureReason"] == "conversion"


def test_the_same_file_again_is_rejected_where_that_is_wanted(
    api: Call_, video: Entry, baker: Person
) -> None:
    baker.facts["rejects_duplicates"] = True
    baker.save()
    put(opened(api), FILM)
    newer = Entry.objects.exclude(pk=video.pk).get()
    status_of(api, newer)

    assert status_of(api, newer)["status"]["rejectionReason"] == "duplicate"


# --- reading, changing, deleting ---


def test_others_do_not_see_what_is_private_nor_how_it_is_processed(
    api: Call_, video: Entry, mill: Person
) -> None:
    other = caller(granted(mill))

    assert other("GET", VIDEOS, query={"part": "snippet", "id": video.remote_id}).json()["items"]
    assert (
        refused(other("GET", VIDEOS, query={"part": "fileDetails", "id": video.remote_id}))[1] == "forbidden"
    )
    video.body["status"]["privacyStatus"] = "private"
    video.save()
    assert other("GET", VIDEOS, query={"part": "snippet", "id": video.remote_id}).json()["items"] == []


def test_an_update_replaces_a_part_as_a_whole(api: Call_, video: Entry) -> None:
    body = {"id": video.remote_id, "snippet": {"title": "Oats", "categoryId": "26"}}

    answer = api("PUT", VIDEOS, body, {"part": "snippet"})

    video.refresh_from_db()
    assert answer.json()["snippet"]["title"] == "Oats"
    assert (video.body["snippet"], video.text) == (body["snippet"], "")
    assert video.body["status"] == {"privacyStatus": "public"}


def test_an_update_needs_a_category(api: Call_, video: Entry) -> None:
    answer = api("PUT", VIDEOS, {"id": video.remote_id, "snippet": {"title": "Oats"}}, {"part": "snippet"})

    assert refused(answer)[1] == "invalidCategoryId"


def test_a_video_that_was_public_cannot_wait(api: Call_, video: Entry) -> None:
    status = {"privacyStatus": "private", "publishAt": "2099-01-01T00:00:00Z"}

    answer = api("PUT", VIDEOS, {"id": video.remote_id, "status": status}, {"part": "status"})

    assert refused(answer)[1] == "invalidPublishAt"


def test_only_the_owner_changes_and_deletes(api: Call_, video: Entry, mill: Person) -> None:
    other = caller(granted(mill))
    body = {"id": video.remote_id, "snippet": {"title": "Mine", "categoryId": "22"}}

    assert refused(other("PUT", VIDEOS, body, {"part": "snippet"}))[:2] == (403, "forbidden")
    assert refused(other("DELETE", VIDEOS, query={"id": video.remote_id}))[:2] == (403, "forbidden")
    assert api("DELETE", VIDEOS, query={"id": video.remote_id}).status_code == 204
    assert refused(api("DELETE", VIDEOS, query={"id": video.remote_id}))[:2] == (404, "videoNotFound")


# --- thumbnails ---


def thumbnail(api: Call_, video: Entry, content: bytes, kind: str = "image/jpeg") -> Any:
    query = {"videoId": video.remote_id, "uploadType": "media"}
    return api("POST", "/upload/youtube/v3/thumbnails/set", content, query, kind=kind)


def test_a_thumbnail_must_be_a_picture(api: Call_, video: Entry) -> None:
    assert refused(thumbnail(api, video, b"nothing"))[1] == "invalidImage"
    assert refused(thumbnail(api, video, picture_bytes(), "image/gif"))[1] == "badContent"
    assert "shortsAspectRatio" in thumbnail(api, video, picture_bytes()).json()["items"][0]


def test_a_short_s_thumbnail_is_lost_while_it_is_processed(api: Call_, video: Entry) -> None:
    video.body["looks"] = 1
    video.save()

    assert thumbnail(api, video, picture_bytes()).status_code == 200
    video.refresh_from_db()
    assert "thumbnail" not in video.body


def test_a_channel_that_is_not_verified_sets_none(api: Call_, video: Entry, baker: Person) -> None:
    baker.facts["no_thumbnails"] = True
    baker.save()

    answer = thumbnail(api, video, picture_bytes())

    assert refused(answer)[:2] == (403, "forbidden")
    assert "thumbnails" in answer.json()["error"]["message"]


# --- lists ---


def test_a_list_is_asked_with_one_filter(api: Call_) -> None:
    none = api("GET", "/youtube/v3/channels", query={"part": "id"})
    two = api("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true", "id": "UC1"})

    assert refused(none)[1] == "missingRequiredParameter"
    assert refused(two)[1] == "incompatibleParameters"


def test_an_account_without_a_channel_has_no_items(api: Call_, baker: Person) -> None:
    baker.facts["no_channel"] = True
    baker.save()

    assert "items" not in api("GET", "/youtube/v3/channels", query={"part": "id", "mine": "true"}).json()


def test_pages_and_wrong_tokens(api: Call_) -> None:
    asked_for = {"part": "id,snippet", "mine": "true", "maxResults": "1"}
    first = api("GET", "/youtube/v3/playlists", query=asked_for).json()
    second = api(
        "GET", "/youtube/v3/playlists", query={**asked_for, "pageToken": first["nextPageToken"]}
    ).json()

    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert "nextPageToken" not in second
    assert (
        refused(api("GET", "/youtube/v3/playlists", query={**asked_for, "pageToken": "x"}))[1]
        == "invalidPageToken"
    )
    assert (
        refused(api("GET", "/youtube/v3/playlists", query={**asked_for, "maxResults": "51"}))[1]
        == "invalidFilters"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"playlistId": "PLgone"}, "playlistNotFound"),
        ({"resourceId": {"kind": "youtube#video", "videoId": "gone"}}, "videoNotFound"),
        ({"resourceId": {"kind": "youtube#channel", "videoId": "gone"}}, "badRequest"),
    ],
)
def test_what_does_not_go_into_a_playlist(
    api: Call_, video: Entry, change: dict[str, Any], reason: str
) -> None:
    own = {"kind": "youtube#video", "videoId": video.remote_id}
    item = {"snippet": {"playlistId": "PLmorgenrotOven", "resourceId": own, **change}}

    assert refused(api("POST", "/youtube/v3/playlistItems", item, {"part": "snippet"}))[1] == reason


def test_a_playlist_holds_a_video_once_and_may_be_full(api: Call_, video: Entry, baker: Person) -> None:
    own = {"kind": "youtube#video", "videoId": video.remote_id}
    item = {"snippet": {"playlistId": "PLmorgenrotOven", "resourceId": own}}

    def add() -> Any:
        return api("POST", "/youtube/v3/playlistItems", item, {"part": "snippet"})

    assert add().status_code == 200
    assert refused(add())[:2] == (409, "videoAlreadyInPlaylist")
    baker.refresh_from_db()
    baker.facts |= {
        "playlist_items_at_most": 0,
        "playlists": [{"id": "PLmorgenrotOven", "title": "Oven", "items": []}],
    }
    baker.save()
    assert refused(add())[:2] == (403, "playlistContainsMaximumNumberOfVideos")


def test_categories_need_a_country(api: Call_) -> None:
    answer = api("GET", "/youtube/v3/videoCategories", query={"part": "snippet", "regionCode": "DE"}).json()

    shown = {item["id"]: item["snippet"]["assignable"] for item in answer["items"]}
    assert (shown["22"], shown["18"]) == (True, False)
    assert (
        refused(api("GET", "/youtube/v3/videoCategories", query={"part": "snippet"}))[1]
        == "missingRequiredParameter"
    )
    wrong = {"part": "snippet", "regionCode": "Germany"}
    assert refused(api("GET", "/youtube/v3/videoCategories", query=wrong))[1] == "invalidFilters"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metrics": "views,saves"}, "Unknown identifier (saves)"),
        ({"dimensions": "video,day"}, "The query is not supported"),
        ({"startDate": "today"}, "Invalid value"),
        ({"endDate": "2019-01-01"}, "The query is not supported"),
        ({"ids": ""}, "Required parameter: ids"),
    ],
)
def test_analytics_refuses(api: Call_, changes: dict[str, str], words: str) -> None:
    query = {"ids": "channel==MINE", "startDate": "2020-01-01", "endDate": "2020-02-01", "metrics": "views"}

    answer = api("GET", "/v2/reports", query={**query, **changes})

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


# --- comments ---


def comment(api: Call_, video_id: str, text: str = "Hi") -> Any:
    top = {"snippet": {"textOriginal": text}}
    return api(
        "POST",
        "/youtube/v3/commentThreads",
        {"snippet": {"videoId": video_id, "topLevelComment": top}},
        {"part": "snippet"},
    )


def test_where_nobody_can_comment(api: Call_, video: Entry) -> None:
    assert refused(comment(api, "gone"))[:2] == (404, "videoNotFound")
    assert refused(comment(api, ""))[:2] == (400, "channelOrVideoIdMissing")
    assert refused(comment(api, video.remote_id, " "))[:2] == (400, "commentTextRequired")
    assert refused(comment(api, video.remote_id, "x" * 10_001))[:2] == (400, "commentTextTooLong")
    for status, reason in (
        ({"privacyStatus": "private"}, "forbidden"),
        ({"selfDeclaredMadeForKids": True}, "commentsDisabled"),
    ):
        Entry.objects.update(body={**video.body, "status": status})
        assert refused(comment(api, video.remote_id))[:2] == (403, reason)


def test_replies_stand_one_level_deep(api: Call_, video: Entry) -> None:
    top = comment(api, video.remote_id).json()["id"]

    def reply(parent: str) -> Any:
        said = {"snippet": {"parentId": parent, "textOriginal": "Yes"}}
        return api("POST", "/youtube/v3/comments", said, {"part": "snippet"})

    below = reply(top).json()["id"]
    assert below.startswith(f"{top}.")
    assert refused(reply(below))[1] == "operationNotSupported"
    assert refused(reply("gone"))[1] == "parentCommentNotFound"
    assert refused(reply(""))[1] == "parentIdMissing"


def test_a_comment_is_html_unless_plain_text_is_asked_for(api: Call_, video: Entry) -> None:
    comment(api, video.remote_id, "a < b\nc")
    query = {"part": "snippet", "videoId": video.remote_id}

    def shown(**more: str) -> str:
        items = api("GET", "/youtube/v3/commentThreads", query={**query, **more}).json()["items"]
        return str(items[0]["snippet"]["topLevelComment"]["snippet"]["textDisplay"])

    assert shown() == "a &lt; b<br>c"
    assert shown(textFormat="plainText") == "a < b\nc"


def test_one_s_own_comments_are_changed_and_deleted(api: Call_, video: Entry, mill: Person) -> None:
    top = comment(api, video.remote_id).json()["id"]
    other = caller(granted(mill))

    changed = api(
        "PUT", "/youtube/v3/comments", {"id": top, "snippet": {"textOriginal": "Ho"}}, {"part": "snippet"}
    )

    assert changed.json()["snippet"]["textOriginal"] == "Ho"
    assert refused(other("DELETE", "/youtube/v3/comments", query={"id": top}))[:2] == (403, "forbidden")
    assert api("DELETE", "/youtube/v3/comments", query={"id": top}).status_code == 204
    assert refused(api("DELETE", "/youtube/v3/comments", query={"id": top}))[:2] == (404, "commentNotFound")


def test_the_owner_moderates(api: Call_, video: Entry, baker: Person, mill: Person) -> None:
    note = youtube.arrive("comment", baker, mill, "Buy flour")
    path = "/youtube/v3/comments/setModerationStatus"

    def moderate(**query: str) -> Any:
        return api("POST", path, query={"id": note.remote_id, **query})

    def listed(status: str) -> int:
        query = {"part": "id", "allThreadsRelatedToChannelId": baker.remote_id, "moderationStatus": status}
        return len(api("GET", "/youtube/v3/commentThreads", query=query).json()["items"])

    assert refused(moderate(moderationStatus="gone"))[1] == "badRequest"
    assert refused(moderate(moderationStatus="published", banAuthor="true"))[1] == "banWithoutReject"
    assert refused(moderate(moderationStatus="rejected", id="gone"))[1] == "commentNotFound"
    assert moderate(moderationStatus="heldForReview").status_code == 204
    assert (listed("published"), listed("heldForReview")) == (0, 1)
    other = caller(granted(mill))("POST", path, query={"id": note.remote_id, "moderationStatus": "published"})
    assert refused(other)[:2] == (403, "forbidden")


# --- faults and the rest ---


def test_a_refusal_has_the_form_of_the_documents() -> None:
    assert youtube.DIALECT.refuse is not None
    refusal = youtube.DIALECT.refuse("uploadLimitExceeded")

    message = "The user has exceeded the number of videos they may upload."
    error = {"message": message, "domain": "youtube.video", "reason": "uploadLimitExceeded"}
    assert (refusal.status, refusal.body) == (
        400,
        {"error": {"code": 400, "message": message, "errors": [error]}},
    )


def test_calls_are_kept_without_secrets(baker: Person) -> None:
    token(code=code_for(baker))

    assert "sandbox-secret" not in json.dumps(Call.objects.get().body)


def test_two_who_watch_and_one_bakery_live_there(baker: Person) -> None:
    for network in ("youtube", "youtube_shorts"):
        people = Person.objects.filter(network=network).order_by("pk")
        assert [person.handle for person in people] == ["morgenrotbakery", "kornmuehle", "annikavogt"]


def test_a_video_looks_like_one(api: Call_, video: Entry, baker: Person, mill: Person) -> None:
    thumbnail(api, video, picture_bytes())
    youtube.arrive("comment", baker, mill, "Our flour!")
    Entry.objects.update(
        body={**Entry.objects.get().body, "paidProductPlacementDetails": {"hasPaidProductPlacement": True}}
    )

    page = Browser().get(f"{HOME}/watch", {"v": video.remote_id}, follow=True).content.decode()

    assert "<h2" in page
    assert "Includes paid promotion" in page
    assert "Our flour!" in page
    assert 'aria-label="Rye"' in page
    assert Note.objects.count() == 1
