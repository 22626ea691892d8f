"""Google's own client, `google-api-python-client` with its discovery documents, against the twin."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from platforms.sandbox import youtube as twin
from platforms.sandbox.models import Entry, Grant, Note, Person, Upload
from platforms.tests.files import picture
from platforms.tests.google_services import credentials_of, service_at
from platforms.tests.youtube_drafts import wide
from platforms.youtube import YouTube

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="youtube", handle="morgenrotbakery")


@pytest.fixture
def credentials(sandbox: str, baker: Person) -> Credentials:
    return credentials_of(YouTube, sandbox, baker)


@pytest.fixture
def service(sandbox: str, credentials: Credentials) -> Callable[[str], Any]:
    return lambda name: service_at(f"{sandbox}/sandbox/youtube", name, credentials)


@pytest.fixture
def youtube(service: Callable[[str], Any]) -> Any:
    return service("youtube.v3")


def body(title: str = "Rye") -> dict[str, Any]:
    return {
        "snippet": {"title": title, "description": "Slowly.", "tags": ["rye"], "categoryId": "22"},
        "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False},
    }


@pytest.fixture
def video_id(youtube: Any) -> str:
    """A video that it uploaded in two pieces."""
    media = MediaIoBaseUpload(wide().open(), "video/mp4", chunksize=262_144, resumable=True)
    request = youtube.videos().insert(part="snippet,status", body=body(), media_body=media)
    progress, answer = request.next_chunk()
    assert progress.progress() > 0.5
    while answer is None:
        progress, answer = request.next_chunk()
    return str(answer["id"])


def test_it_renews_its_token(credentials: Credentials) -> None:
    before = credentials.token

    credentials.refresh(Request())

    assert credentials.token != before
    assert credentials.refresh_token


def test_it_is_told_that_a_grant_is_gone(credentials: Credentials) -> None:
    Grant.objects.all().delete()

    with pytest.raises(RefreshError, match="expired or revoked"):
        credentials.refresh(Request())


def test_it_lists_the_channel(youtube: Any, baker: Person) -> None:
    found = youtube.channels().list(part="id,snippet,statistics,contentDetails,status", mine=True).execute()

    [channel] = found["items"]
    assert (channel["id"], channel["snippet"]["title"]) == (baker.remote_id, baker.name)
    assert channel["contentDetails"]["relatedPlaylists"]["uploads"] == "UU" + baker.remote_id[2:]


def test_it_uploads_in_pieces_and_reads_the_video_back(youtube: Any, video_id: str) -> None:
    def look() -> Any:
        parts = "snippet,status,processingDetails,contentDetails,statistics,fileDetails"
        return youtube.videos().list(part=parts, id=video_id).execute()["items"][0]

    first, second = look(), look()

    assert bytes(Entry.objects.get().pictures[0].content) == wide().open().read()
    assert (first["status"]["uploadStatus"], second["status"]["uploadStatus"]) == ("uploaded", "processed")
    assert second["contentDetails"]["duration"] == "PT3S"
    assert int(second["fileDetails"]["fileSize"]) == wide().size
    assert second["snippet"]["tags"] == ["rye"]


def test_it_changes_and_deletes_the_video(youtube: Any, video_id: str) -> None:
    changed = youtube.videos().update(
        part="snippet", body={"id": video_id, "snippet": body("Oats")["snippet"]}
    )
    assert changed.execute()["snippet"]["title"] == "Oats"

    youtube.videos().delete(id=video_id).execute()

    assert youtube.videos().list(part="id", id=video_id).execute()["items"] == []
    with pytest.raises(HttpError) as error:
        youtube.videos().delete(id=video_id).execute()
    assert error.value.status_code == 404
    assert error.value.error_details[0]["reason"] == "videoNotFound"


def test_it_sets_a_thumbnail(youtube: Any, video_id: str) -> None:
    media = MediaIoBaseUpload(picture().open(), "image/jpeg")

    answer = youtube.thumbnails().set(videoId=video_id, media_body=media).execute()

    assert {"default", "maxres"} <= set(answer["items"][0])
    assert bytes(Upload.objects.get(remote_id__startswith="thumb-").content) == picture().open().read()


def test_it_comments_and_moderates(youtube: Any, video_id: str, baker: Person) -> None:
    annika = Person.objects.get(network="youtube", handle="annikavogt")
    note = twin.arrive("comment", baker, annika, "More <rye>!")
    own = {"snippet": {"videoId": video_id, "topLevelComment": {"snippet": {"textOriginal": "First"}}}}

    youtube.commentThreads().insert(part="snippet", body=own).execute()
    reply = {"snippet": {"parentId": note.remote_id, "textOriginal": "Tomorrow"}}
    youtube.comments().insert(part="snippet", body=reply).execute()
    threads = youtube.commentThreads().list(part="snippet,replies", videoId=video_id, order="time").execute()
    youtube.comments().setModerationStatus(
        id=note.remote_id, moderationStatus="rejected", banAuthor=True
    ).execute()

    newest, oldest = threads["items"]
    assert newest["snippet"]["topLevelComment"]["snippet"]["textOriginal"] == "First"
    assert oldest["snippet"]["topLevelComment"]["snippet"]["textDisplay"] == "More &lt;rye&gt;!"
    assert oldest["replies"]["comments"][0]["snippet"]["textOriginal"] == "Tomorrow"
    assert Note.objects.get(pk=note.pk).is_hidden


def test_it_keeps_playlists(youtube: Any, video_id: str) -> None:
    new = {"snippet": {"title": "Loaves"}, "status": {"privacyStatus": "private"}}
    made = youtube.playlists().insert(part="snippet,status", body=new).execute()
    resource = {"kind": "youtube#video", "videoId": video_id}
    item = {"snippet": {"playlistId": made["id"], "resourceId": resource}}

    youtube.playlistItems().insert(part="snippet", body=item).execute()
    with pytest.raises(HttpError) as error:
        youtube.playlistItems().insert(part="snippet", body=item).execute()
    request, titles = youtube.playlists().list(part="snippet", mine=True, maxResults=2), []
    while request is not None:  # page by page
        page = request.execute()
        titles += [playlist["snippet"]["title"] for playlist in page["items"]]
        request = youtube.playlists().list_next(request, page)
    held = youtube.playlistItems().list(part="contentDetails", playlistId=made["id"]).execute()["items"]

    assert error.value.status_code == 409
    assert titles == ["At the oven", "Bread basics", "Loaves"]
    assert [found["contentDetails"]["videoId"] for found in held] == [video_id]


def test_it_reads_numbers_of_both_apis(
    youtube: Any, service: Callable[[str], Any], video_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = service("youtubeAnalytics.v2").reports().query(
        ids="channel==MINE", startDate="2020-01-01", endDate="2026-11-01", metrics="views,likes"
    )  # fmt: skip

    batch = (
        youtube.videos().batchGetStats(part=["id", "statistics", "contentDetails"], id=[video_id]).execute()
    )

    assert report.execute()["rows"] == []  # Analytics is two days late
    assert batch["items"][0]["contentDetails"]["duration"] == "3s"
    assert int(batch["items"][0]["statistics"]["viewCount"]) >= 0


def test_it_is_told_what_is_wrong(youtube: Any) -> None:
    media = MediaIoBaseUpload(io.BytesIO(b"x"), "video/mp4", resumable=True)

    with pytest.raises(HttpError) as error:
        youtube.videos().insert(part="snippet,status", body=body("<b>"), media_body=media).execute()

    assert error.value.error_details[0]["reason"] == "invalidTitle"
