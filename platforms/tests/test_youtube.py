"""YouTube's client (and that of its Shorts) against its twin, over real HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Message, Published
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
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox import youtube as twin
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import app_at, connected, way_out
from platforms.tests.files import film, picture
from platforms.tests.youtube_drafts import draft, wide
from platforms.youtube import YouTube
from platforms.youtube_shorts import YouTubeShorts

pytestmark = pytest.mark.django_db(transaction=True)
UPLOAD = "upload/youtube/v3/videos"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="youtube", handle="morgenrotbakery")


@pytest.fixture
def annika(sandbox: str) -> Person:
    return Person.objects.get(network="youtube", handle="annikavogt")


@pytest.fixture
def stranger(sandbox: str) -> YouTube:
    """A client with no token yet."""
    return YouTube(Connection(app_at(sandbox, "youtube"), way_out(sandbox)))


@pytest.fixture
def client(sandbox: str, baker: Person) -> Any:
    return connected("youtube", sandbox, baker)


def publish(client: Any, wanted: Draft, ledger: MemoryLedger | None = None) -> Published:
    """As the engine publishes: what is being processed is looked at again."""
    ledger = ledger or MemoryLedger()
    for _ in range(5):
        try:
            return client.publish(wanted, ledger)
        except NotReady:
            continue
    raise AssertionError("It is processed for ever.")


def again(publishing: Callable[[], Published], ledger: MemoryLedger, at_most: int = 12) -> Published:
    """Try until it is published, as much time between two tries as it takes."""
    for _ in range(at_most):
        try:
            return publishing()
        except (PlatformError, Killed):
            ledger.intents = {name: at - timedelta(minutes=6) for name, at in ledger.intents.items()}
    return publishing()


def set_fact(person: Person, **facts: Any) -> None:
    person.refresh_from_db()
    person.facts = {**person.facts, **facts}
    person.save()


def fault(kind: str, path: str = UPLOAD, method: str = "PUT", **more: Any) -> None:
    Fault.objects.create(network="youtube", kind=kind, path=path, method=method, **more)


def sent(path: str, method: str) -> list[Any]:
    calls = Call.objects.filter(path__endswith=path, method=method).order_by("pk")
    return [call.body for call in calls]


def playlist_items(person: Person) -> list[str]:
    person.refresh_from_db()
    return [item["video"] for item in person.facts["playlists"][0]["items"]]


# --- connecting ---


def test_a_person_connects_and_we_learn_of_their_channel(
    stranger: YouTube, sandbox: str, baker: Person
) -> None:
    asked = stranger.authorize("state-1", {})
    token = stranger.exchange(allow(asked.url, baker), asked.kept)
    [profile] = YouTube(Connection(stranger.app, way_out(sandbox), token)).profiles()

    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    assert query["access_type"] == "offline"
    assert "consent" in query["prompt"].split()
    assert query["code_challenge_method"] == "S256"
    assert token.refresh
    assert token.expires_at is not None
    assert set(token.scopes) == set(YouTube.scopes)
    assert (profile.remote_id, profile.handle, profile.name) == (baker.remote_id, baker.handle, baker.name)
    assert profile.limits["long_uploads"] == "allowed"
    assert ["PLmorgenrotOven", "At the oven"] in profile.limits["choices"]["playlists"]  # type: ignore[index,call-overload]
    assert "connection_ends_at" not in profile.limits


def test_the_account_s_lists_are_read_afresh(client: YouTube, baker: Person) -> None:
    set_fact(baker, playlists=[{"id": "PLnew", "title": "New", "items": []}])

    choices = client.account_limits()["choices"]

    assert choices["playlists"] == [["PLnew", "New"]]  # type: ignore[index,call-overload]
    assert ["26", "Howto & Style"] in choices["categories"]  # type: ignore[index,call-overload,operator]
    assert all(key not in {"22", "18"} for key, _ in choices["categories"])  # type: ignore[index,call-overload]


def test_an_account_without_a_channel_is_told_so(client: YouTube, baker: Person) -> None:
    set_fact(baker, no_channel=True)

    with pytest.raises(NotFound, match="no YouTube channel") as error:
        client.profiles()

    assert "Create a channel" in error.value.action


def test_every_box_must_be_ticked(stranger: YouTube, baker: Person) -> None:
    set_fact(baker, unticks=[YouTube.scopes[0]])
    asked = stranger.authorize("state-1", {})

    with pytest.raises(PermissionMissing, match=r"youtube\.upload") as error:
        stranger.exchange(allow(asked.url, baker), asked.kept)

    assert "tick every box" in error.value.action


def test_a_person_who_says_no_is_not_connected(stranger: YouTube, baker: Person) -> None:
    asked = stranger.authorize("state-1", {})

    with pytest.raises(PermissionMissing):
        stranger.exchange(allow(asked.url, baker, "deny"), asked.kept)


def test_a_code_works_once(stranger: YouTube, baker: Person) -> None:
    asked = stranger.authorize("state-1", {})
    answer = allow(asked.url, baker)
    stranger.exchange(answer, asked.kept)

    with pytest.raises(PermissionMissing, match="used before"):
        stranger.exchange(answer, asked.kept)


def test_an_address_that_google_does_not_know_is_the_operators_matter(
    stranger: YouTube, sandbox: str, baker: Person
) -> None:
    asked = stranger.authorize("state-1", {})
    answer = allow(asked.url, baker)
    elsewhere = replace(stranger.app, redirect_uri="http://127.0.0.1:1/else")

    with pytest.raises(ClientRefused, match="come back to"):
        YouTube(Connection(elsewhere, way_out(sandbox))).exchange(answer, asked.kept)


def test_a_wrong_secret_is_the_operators_matter(stranger: YouTube, sandbox: str, client: YouTube) -> None:
    wrong = replace(stranger.app, client_secret="wrong")

    with pytest.raises(ClientRefused):
        YouTube(Connection(wrong, way_out(sandbox), client.token)).refresh()


def test_a_refresh_keeps_the_refresh_token_that_never_comes_again(client: YouTube, sandbox: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        with pytest.raises(TokenExpired):
            client.profiles()
        newer = client.refresh()
        profiles = YouTube(Connection(client.app, way_out(sandbox), newer)).profiles()

    assert client.token is not None
    assert newer.refresh == client.token.refresh
    assert newer.access != client.token.access
    assert newer.scopes == client.token.scopes
    assert newer.extra == client.token.extra
    assert profiles


def test_only_a_refusal_ends_the_connection(client: YouTube) -> None:
    Fault.objects.create(network="youtube", kind=Fault.Kind.BROKEN, path="/token")
    with pytest.raises(Unavailable):
        client.refresh()

    Grant.objects.update(revoked_at=timezone.now())
    with pytest.raises(TokenExpired) as error:
        client.refresh()

    assert error.value.action == TokenExpired.action


def test_an_app_in_testing_is_told_at_once_and_when_it_ends(sandbox: str, baker: Person) -> None:
    set_fact(baker, testing=True)
    client = connected("youtube", sandbox, baker)

    [warning] = [
        found for found in client.check(draft(), client.connection.limits) if found.code == "connection_ends"
    ]
    with (
        time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)),
        pytest.raises(TokenExpired) as error,
    ):
        client.refresh()

    assert warning.severity == "warning"
    assert "Publish app" in warning.message
    assert "after 7 days" in error.value.action


def test_a_grant_that_dies_after_seven_days_without_a_word_was_one_of_testing(client: YouTube) -> None:
    Grant.objects.update(refresh_expires_at=timezone.now() + timedelta(days=7))

    with (
        time_machine.travel(timezone.now() + timedelta(days=7, hours=1)),
        pytest.raises(TokenExpired) as error,
    ):
        client.refresh()

    assert "Testing" in error.value.action


def test_revoking_ends_the_whole_grant_even_after_the_access_token_died(client: YouTube) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        client.revoke()
        client.revoke()

    assert Grant.objects.get(network="youtube").revoked_at


# --- publishing ---


def test_a_video_goes_out_with_all_that_is_said_of_it(client: YouTube, baker: Person) -> None:
    wanted = draft(
        title="Rye, slowly",
        privacy="unlisted",
        category="26",
        tags=["rye", "two words"],
        language="en",
        audio_language="de",
        altered=True,
        paid=True,
        brand_partner="@kornmuehle",
        license="creativeCommon",
        embeddable=False,
        public_stats=False,
        notify_subscribers=False,
    )

    published = publish(client, wanted)

    entry = Entry.objects.get()
    assert published == Published(
        entry.remote_id, f"{client.app.api_url}/watch?v={entry.remote_id}", (entry.remote_id,)
    )
    assert entry.body["snippet"] == {
        "title": "Rye, slowly",
        "description": "Rye at five\n\nFrom the oven.",
        "categoryId": "26",
        "tags": ["rye", "two words"],
        "defaultLanguage": "en",
        "defaultAudioLanguage": "de",
    }
    assert entry.body["status"] == {
        "privacyStatus": "unlisted",
        "license": "creativeCommon",
        "embeddable": False,
        "publicStatsViewable": False,
        "containsSyntheticMedia": True,
        "selfDeclaredMadeForKids": False,
    }
    assert entry.body["paidProductPlacementDetails"] == {"hasPaidProductPlacement": True}
    assert entry.body["brandPartner"] == {"channelHandle": "@kornmuehle"}
    assert entry.body["notify"] is False
    assert entry.body["file"]["name"] == "snsauto-key-1.mp4"
    assert bytes(entry.pictures[0].content) == wide().open().read()


def test_what_is_not_chosen_is_the_usual(client: YouTube) -> None:
    publish(client, draft())

    body = Entry.objects.get().body
    assert body["snippet"]["title"] == "Rye at five"
    assert body["snippet"]["categoryId"] == "22"
    assert body["status"]["privacyStatus"] == "public"
    assert body["status"]["embeddable"] is True
    assert body["notify"] is True
    assert "brandPartner" not in body


def test_its_address_opens(client: YouTube) -> None:
    published = publish(client, draft())

    answer = Browser().get(published.permalink[published.permalink.index("/sandbox") :], follow=True)

    assert answer.status_code == 200
    assert "Rye at five" in answer.content.decode()


def test_a_big_file_goes_in_pieces_of_256_kib(client: YouTube) -> None:
    client.chunk_bytes = 262_144  # type: ignore[misc]

    publish(client, draft())

    puts = Call.objects.filter(method="PUT", path__endswith=UPLOAD).order_by("pk")
    assert [call.status for call in puts] == [308, 308, 200]  # the question, the first piece, the last
    assert bytes(Entry.objects.get().pictures[0].content) == wide().open().read()


def test_bytes_that_were_not_kept_are_sent_again(client: YouTube, baker: Person) -> None:
    set_fact(baker, keeps=100_000)

    publish(client, draft())

    assert bytes(Entry.objects.get().pictures[0].content) == wide().open().read()


def test_an_upload_that_broke_off_goes_on_where_it_stopped(client: YouTube) -> None:
    client.chunk_bytes = 262_144  # type: ignore[misc]
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, skip=2)  # the question and the first piece get through

    with pytest.raises(OutcomeUnknown):
        publish(client, draft(), ledger)
    publish(client, draft(), ledger)

    statuses = list(Call.objects.filter(method="PUT").order_by("pk").values_list("status", flat=True))
    assert statuses == [308, 308, 308, 308, 200]  # no byte was sent twice
    assert Entry.objects.count() == 1


def test_a_first_piece_that_breaks_off_leaves_no_doubt(client: YouTube) -> None:
    client.chunk_bytes = 262_144  # type: ignore[misc]
    fault(Fault.Kind.BROKEN, skip=1)

    with pytest.raises(Unavailable):
        publish(client, draft())


def test_a_picture_beside_the_video_becomes_its_thumbnail(client: YouTube) -> None:
    publish(client, draft(picture(size=(1280, 720)), wide()))

    entry = Entry.objects.get()
    thumbnail = Upload.objects.get(remote_id=entry.body["thumbnail"])
    assert bytes(thumbnail.content) == picture(size=(1280, 720)).open().read()
    assert thumbnail.content_type == "image/jpeg"


def test_the_video_goes_into_a_playlist_and_gets_its_first_comment(client: YouTube, baker: Person) -> None:
    published = publish(client, draft(playlist="PLmorgenrotOven", first_comment="The recipe:\nrye."))

    note = Note.objects.get()
    assert playlist_items(baker) == [published.remote_id]
    assert (note.text, note.author, note.entry) == ("The recipe:\nrye.", baker, Entry.objects.get())


def test_what_is_refused_beside_the_video_is_told_and_the_rest_is_done(
    client: YouTube, baker: Person
) -> None:
    set_fact(baker, no_thumbnails=True)
    ledger = MemoryLedger()
    wanted = draft(wide(), picture(), playlist="PLmorgenrotOven", first_comment="Hello")

    with pytest.raises(PermissionMissing, match="thumbnails") as error:
        publish(client, wanted, ledger)

    assert "youtube.com/verify" in error.value.action
    assert ledger.standing is not None
    assert playlist_items(baker) == [ledger.standing.remote_id]
    assert Note.objects.count() == 1


def test_a_video_that_is_in_the_playlist_already_is_in_it(client: YouTube, baker: Person) -> None:
    published = publish(client, draft())

    assert client._add_to(published.remote_id, "PLmorgenrotOven") == client._find_in_playlist(
        published.remote_id, "PLmorgenrotOven", timezone.now()
    )
    assert client._add_to(published.remote_id, "PLmorgenrotOven") == {"id": ""}
    assert len(playlist_items(baker)) == 1


def test_processing_holds_nobody(client: YouTube) -> None:
    ledger = MemoryLedger()

    with pytest.raises(NotReady) as error:
        client.publish(draft(), ledger)

    assert error.value.retry_at > timezone.now()
    assert ledger.standing is None
    assert publish(client, draft(), ledger).remote_id == Entry.objects.get().remote_id


def test_a_video_that_is_processed_for_hours_stands(client: YouTube) -> None:
    ledger = MemoryLedger()
    with pytest.raises(NotReady):
        client.publish(draft(), ledger)
    Entry.objects.update(body={**Entry.objects.get().body, "looks": 9})

    with time_machine.travel(timezone.now() + timedelta(hours=4, minutes=1)):
        renewed = type(client)(replace(client.connection, token=client.refresh()))
        published = renewed.publish(draft(), ledger)

    assert published.remote_id == Entry.objects.get().remote_id


def test_a_file_that_is_no_video_is_refused_after_processing(client: YouTube) -> None:
    broken = replace(wide(), open=picture().open, size=picture().size)

    with pytest.raises(MediaRejected, match="cannot read the file"):
        publish(client, draft(broken))


# --- never twice ---


def test_a_lost_answer_is_found_in_the_session(client: YouTube) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, skip=1)

    with pytest.raises(OutcomeUnknown):
        client.publish(draft(), ledger)
    published = publish(client, draft(), ledger)

    assert published.remote_id == Entry.objects.get().remote_id


@pytest.mark.parametrize("kind", [Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY])
def test_an_answer_that_cannot_be_read_is_asked_for_again(client: YouTube, kind: str) -> None:
    ledger = MemoryLedger()
    fault(kind, skip=1)

    with pytest.raises(OutcomeUnknown):
        client.publish(draft(), ledger)
    publish(client, draft(), ledger)

    assert Entry.objects.count() == 1


def test_a_session_that_nobody_used_makes_nothing(client: YouTube) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, method="POST")

    with pytest.raises(Unavailable):
        client.publish(draft(), ledger)
    publish(client, draft(), ledger)

    assert Entry.objects.count() == 1


def test_a_session_that_died_before_its_bytes_came_begins_anew(client: YouTube) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, skip=1)
    with pytest.raises(OutcomeUnknown):
        client.publish(draft(), ledger)
    Upload.objects.all().delete()

    with pytest.raises(OutcomeUnknown, match="not show it yet"):
        client.publish(draft(), ledger)
    again(lambda: publish(client, draft(), ledger), ledger)

    assert Entry.objects.count() == 1
    assert "upload session 2" in ledger.results


def test_a_session_that_died_after_the_video_was_made_is_no_second_video(client: YouTube) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, skip=1)
    with pytest.raises(OutcomeUnknown):
        client.publish(draft(), ledger)
    Upload.objects.filter(remote_id__startswith="ABPtcP").delete()

    published = publish(client, draft(), ledger)

    assert published.remote_id == Entry.objects.get().remote_id
    assert "upload session 2" not in ledger.results


@pytest.mark.chaos
def test_a_worker_that_dies_at_any_moment_leaves_one_of_everything(client: YouTube, baker: Person) -> None:
    wanted = draft(playlist="PLmorgenrotOven", first_comment="The recipe")
    for moment in range(13):
        ledger = MortalLedger(moment)

        again(lambda ledger=ledger: publish(client, wanted, ledger), ledger)  # type: ignore[misc]

        assert Entry.objects.count() == Note.objects.count() == len(playlist_items(baker)) == 1, moment
        Entry.objects.all().delete()
        set_fact(baker, playlists=[{"id": "PLmorgenrotOven", "title": "At the oven", "items": []}])
    assert ledger.left >= 0, "It did not die at the last moments: there are no more."


@pytest.mark.parametrize("path", ["v3/playlistItems", "v3/commentThreads"])
def test_a_lost_answer_beside_the_video_is_looked_up(client: YouTube, baker: Person, path: str) -> None:
    wanted = draft(playlist="PLmorgenrotOven", first_comment="The recipe")
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, path=path, method="POST")

    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)
    publish(client, wanted, ledger)

    assert Note.objects.count() == len(playlist_items(baker)) == 1


def test_a_comment_that_may_not_show_yet_is_not_sent_again(client: YouTube, baker: Person) -> None:
    wanted, ledger = draft(first_comment="The recipe"), MemoryLedger()
    set_fact(baker, index_lag=300)
    fault(Fault.Kind.DROP_AFTER, path="v3/commentThreads", method="POST")
    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)

    with pytest.raises(OutcomeUnknown, match="not show it yet"):
        publish(client, wanted, ledger)

    assert Note.objects.count() == 1


# --- what stands ---


def test_a_video_is_found_by_the_name_of_its_file(client: YouTube) -> None:
    published = publish(client, draft())
    since = timezone.now() - timedelta(minutes=6)

    assert client.find(draft(), since) == published
    assert client.find(replace(draft(), key="another"), since) is None


def test_a_video_whose_file_has_no_name_is_found_by_title_and_size(client: YouTube) -> None:
    published = publish(client, draft())
    entry = Entry.objects.get()
    Entry.objects.update(body={**entry.body, "file": {**entry.body["file"], "name": "oven.mp4"}})
    since = timezone.now() - timedelta(minutes=6)

    assert client.find(draft(), since) == published
    assert client.find(draft(text="Something else"), since) is None
    assert client.find(draft(wide(size=5)), since) is None


def test_absence_proves_nothing_for_some_minutes(client: YouTube, baker: Person) -> None:
    publish(client, draft())
    set_fact(baker, index_lag=120)

    with pytest.raises(OutcomeUnknown):
        client.find(draft(), timezone.now() - timedelta(minutes=1))


def test_what_was_uploaded_long_before_is_not_it(client: YouTube) -> None:
    publish(client, draft())
    Entry.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert client.find(draft(), timezone.now() - timedelta(minutes=6)) is None


@pytest.mark.parametrize(
    "address",
    ["https://www.youtube.com/watch?v={}", "https://youtu.be/{}?t=3", "https://youtube.com/shorts/{}"],
)
def test_an_address_that_a_person_gives_is_recognised(client: YouTube, address: str) -> None:
    published = publish(client, draft())

    found = client.recognise(address.format(published.remote_id))

    assert found["id"] == published.remote_id  # type: ignore[index,call-overload]


def test_an_address_of_somebody_elses_video_is_not(client: YouTube, annika: Person) -> None:
    published = publish(client, draft())
    Entry.objects.update(person=annika)

    with pytest.raises(InvalidContent, match="another channel"):
        client.recognise(f"https://youtu.be/{published.remote_id}")
    with pytest.raises(InvalidContent, match="not the address"):
        client.recognise("https://vimeo.com/1")
    with pytest.raises(NotFound):
        client.recognise("https://youtu.be/AAAAAAAAAAA")


def test_a_video_is_deleted_and_gone_already_is_done(client: YouTube) -> None:
    published = publish(client, draft())

    client.delete(published)
    client.delete(published)

    assert Entry.objects.get().deleted_at


def test_an_edit_changes_what_is_said_and_keeps_what_nobody_speaks_of(client: YouTube) -> None:
    published = publish(client, draft(language="de", tags=["rye"]))
    entry = Entry.objects.get()
    Entry.objects.update(
        body={**entry.body, "status": {**entry.body["status"], "selfDeclaredMadeForKids": True}}
    )

    wanted = draft(wide(), picture(), text="Wheat at six", title="Wheat", privacy="private", made_for_kids="")
    edited = client.edit(published, wanted)

    entry.refresh_from_db()
    assert edited == published
    assert entry.text == "Wheat at six"
    assert entry.body["snippet"]["title"] == "Wheat"
    assert entry.body["snippet"]["defaultLanguage"] == "de"
    assert entry.body["snippet"]["tags"] == []
    assert entry.body["status"]["privacyStatus"] == "private"
    assert entry.body["status"]["selfDeclaredMadeForKids"] is True
    assert entry.body["thumbnail"]
    assert bytes(entry.pictures[0].content) == wide().open().read()


def test_a_video_that_waits_on_youtube_is_published_by_an_edit(client: YouTube) -> None:
    published = publish(client, draft(privacy="private"))
    entry = Entry.objects.get()
    waits = {**entry.body["status"], "publishAt": "2099-01-01T00:00:00Z"}
    Entry.objects.update(body={**entry.body, "status": waits})

    client.edit(published, draft(privacy="private"))
    assert Entry.objects.get().body["status"]["publishAt"] == "2099-01-01T00:00:00Z"
    client.edit(published, draft(privacy="public"))

    assert "publishAt" not in Entry.objects.get().body["status"]


def test_an_edit_of_what_is_gone_says_so(client: YouTube) -> None:
    with pytest.raises(NotFound):
        client.edit(Published("AAAAAAAAAAA", ""), draft())


# --- Shorts ---


@pytest.fixture
def shorts(sandbox: str) -> Any:
    return connected("youtube_shorts", sandbox)


def test_a_short_goes_out_the_same_way_and_has_an_address_of_its_own(shorts: YouTubeShorts) -> None:
    published = publish(shorts, draft(film()))

    entry = Entry.objects.get()
    answer = Browser().get(published.permalink[published.permalink.index("/sandbox") :], follow=True)
    assert published.permalink == f"{shorts.app.api_url}/shorts/{entry.remote_id}"
    assert entry.network == "youtube_shorts"
    assert entry.body["film"]["is_short"] is True
    assert answer.status_code == 200


def test_a_short_s_thumbnail_waits_until_all_is_processed(shorts: YouTubeShorts) -> None:
    publish(shorts, draft(film(), picture(size=(540, 960))))

    assert Entry.objects.get().body["thumbnail"]


def test_a_title_is_the_first_line_cut_between_words(client: YouTube) -> None:
    publish(client, draft(text="\n" + "sourdough " * 20))

    title = Entry.objects.get().body["snippet"]["title"]
    assert title.endswith("sourdough…")
    assert len(title) <= 100


# --- failures ---


def test_what_a_project_may_do_in_a_day_is_over_until_midnight_in_california(
    client: YouTube, baker: Person
) -> None:
    set_fact(baker, quota={"units": 1})

    with time_machine.travel(datetime(2030, 7, 1, 20, 0, tzinfo=UTC), tick=False):
        Grant.objects.update(access_expires_at=None)
        client.channel("id")
        with pytest.raises(RateLimited, match="requests to YouTube for today") as error:
            client.channel("id")

    assert error.value.retry_at == datetime(2030, 7, 2, 7, 0, tzinfo=UTC)  # in summer


def test_the_uploads_of_a_day_are_told_apart(client: YouTube, baker: Person) -> None:
    set_fact(baker, quota={"videos": 0})

    with pytest.raises(RateLimited, match="video uploads to YouTube for today") as error:
        client.publish(draft(), MemoryLedger())

    assert error.value.retry_at is not None
    assert error.value.retry_at > timezone.now()


def test_a_channel_s_own_limit_holds_for_a_day(client: YouTube, baker: Person) -> None:
    set_fact(baker, uploads_are_used_up=True)

    with pytest.raises(RateLimited) as error:
        client.publish(draft(), MemoryLedger())

    assert error.value.retry_at is not None
    assert error.value.retry_at > timezone.now() + timedelta(hours=23)


def test_too_fast_is_a_minute(client: YouTube) -> None:
    fault(Fault.Kind.LIMITED, method="POST")

    with pytest.raises(RateLimited, match="slow down") as error:
        client.publish(draft(), MemoryLedger())

    assert error.value.retry_at is not None
    assert error.value.retry_at < timezone.now() + timedelta(minutes=2)


def test_a_revoked_token_says_so(client: YouTube) -> None:
    fault(Fault.Kind.REVOKED, method="POST")

    with pytest.raises(TokenExpired):
        client.publish(draft(), MemoryLedger())


# --- numbers ---


def test_a_young_video_has_counters_and_no_report(client: YouTube) -> None:
    published = publish(client, draft())
    Entry.objects.update(created_at=timezone.now() - timedelta(hours=20))

    values = client.post_metrics(published).values

    assert values["views"] > 0
    assert "comments" in values
    assert "shares" not in values


def test_an_older_one_has_what_analytics_knows(client: YouTube) -> None:
    published = publish(client, draft())
    Entry.objects.update(created_at=timezone.now() - timedelta(days=5))

    metrics = client.post_metrics(published)

    assert set(metrics.values) == set(YouTube.post_numbers)
    report = metrics.raw["report"]
    assert isinstance(report, dict)
    assert metrics.values["watch_seconds"] == report["estimatedMinutesWatched"] * 60  # type: ignore[operator]
    assert metrics.values["new_followers"] == report["subscribersGained"] - report["subscribersLost"]  # type: ignore[operator]


def test_what_is_hidden_is_left_out(client: YouTube, baker: Person) -> None:
    published = publish(client, draft(made_for_kids="yes"))
    set_fact(baker, hides_subscribers=True)

    assert "comments" not in client.post_metrics(published).values
    assert "followers" not in client.account_metrics().values


def test_numbers_of_the_channel(client: YouTube) -> None:
    publish(client, draft())
    Entry.objects.update(created_at=timezone.now() - timedelta(days=5))

    values = client.account_metrics().values

    assert set(values) == set(YouTube.account_numbers)
    assert (values["followers"], values["posts"]) == (12_400, 1)


def test_analytics_that_is_switched_off_leaves_the_counters(client: YouTube) -> None:
    published = publish(client, draft())
    fault(Fault.Kind.REFUSED, path="v2/reports", method="GET", code="SERVICE_DISABLED")

    assert "views" in client.post_metrics(published).values


def test_numbers_of_what_is_gone(client: YouTube) -> None:
    with pytest.raises(NotFound):
        client.post_metrics(Published("AAAAAAAAAAA", ""))


# --- comments ---


@pytest.fixture
def video(client: YouTube) -> Entry:
    publish(client, draft())
    return Entry.objects.get()


def test_comments_come_in_once_and_oldest_first(
    client: YouTube, video: Entry, baker: Person, annika: Person
) -> None:
    first = twin.arrive("comment", baker, annika, "Where is the recipe?\nPlease <3")
    second = twin.arrive("comment", baker, annika, "Lovely")
    Note.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(hours=2))

    inbox = client.messages({}, [])
    nothing = client.messages(inbox.cursor, [])
    third = twin.arrive("comment", baker, annika, "And wheat?")
    news = client.messages(nothing.cursor, [])

    message = inbox.messages[0]
    assert [found.remote_id for found in inbox.messages] == [first.remote_id, second.remote_id]
    assert message.text == "Where is the recipe?\nPlease <3"
    assert (message.author.remote_id, message.author.handle) == (annika.remote_id, "annikavogt")
    assert (message.post_id, message.thread_id, message.is_ours) == (video.remote_id, first.remote_id, False)
    assert message.permalink.endswith(f"/watch?v={video.remote_id}&lc={first.remote_id}")
    assert nothing.messages == ()
    assert [found.remote_id for found in news.messages] == [third.remote_id]


def test_replies_are_found_even_where_a_thread_tells_but_a_few(
    client: YouTube, video: Entry, baker: Person, annika: Person
) -> None:
    old = twin.arrive("comment", baker, annika, "Old")
    Note.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    for n in range(7):
        reply_to(old, annika, f"Reply {n}")
    first = client.messages({}, [])
    newest = reply_to(old, annika, "Reply 7")

    news = client.messages(first.cursor, [])
    asked = len(sent("v3/comments", "GET"))
    quiet = client.messages(news.cursor, [])

    assert len(first.messages) == 8
    assert [message.remote_id for message in news.messages] == [newest.remote_id]
    assert news.messages[0].parent_id == news.messages[0].thread_id == old.remote_id
    assert quiet.messages == ()
    assert len(sent("v3/comments", "GET")) == asked  # nothing new: the replies are not read again


def reply_to(note: Note, author: Person, text: str) -> Note:
    return Note.objects.create(
        network="youtube",
        person=note.person,
        author=author,
        kind="comment",
        remote_id=f"{note.remote_id}.{text}",
        text=text,
        entry=note.entry,
        parent_id=note.remote_id,
    )


def test_what_waits_for_review_comes_in_hidden(
    client: YouTube, video: Entry, baker: Person, annika: Person
) -> None:
    set_fact(baker, holds_comments=True)
    twin.arrive("comment", baker, annika, "Buy followers")

    [message] = client.messages({}, []).messages

    assert message.is_hidden


def test_nobody_wrote(client: YouTube) -> None:
    inbox = client.messages({}, [])

    assert (inbox.messages, inbox.cursor) == ((), {})


@pytest.fixture
def question(client: YouTube, video: Entry, baker: Person, annika: Person) -> Message:
    twin.arrive("comment", baker, annika, "Where is the recipe?")
    [message] = client.messages({}, []).messages
    return message


def test_a_comment_is_answered_once(client: YouTube, question: Message, baker: Person) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, path="v3/comments", method="POST")

    with pytest.raises(OutcomeUnknown):
        client.reply(question, "Below the video.", ledger)
    answer = client.reply(question, "Below the video.", ledger)

    note = Note.objects.get(author=baker)
    assert (answer.remote_id, answer.text, answer.is_ours) == (note.remote_id, "Below the video.", True)
    assert (answer.parent_id, answer.thread_id) == (question.remote_id, question.remote_id)
    assert answer.post_id == question.post_id


def test_an_answer_to_an_answer_stands_below_the_thread(
    client: YouTube, question: Message, annika: Person
) -> None:
    reply_to(Note.objects.get(), annika, "Nobody?")
    reply = client.messages({}, []).messages[-1]

    answer = client.reply(reply, "Here!", MemoryLedger())

    assert answer.parent_id == question.remote_id


def test_an_answer_that_was_never_sent_goes_out(client: YouTube, question: Message) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, path="v3/comments", method="POST")

    again(lambda: client.reply(question, "Here!", ledger), ledger)  # type: ignore[arg-type,return-value]

    assert Note.objects.filter(text="Here!").count() == 1


def test_comments_are_hidden_shown_and_deleted(client: YouTube, question: Message) -> None:
    note = Note.objects.get()

    def state() -> Any:
        note.refresh_from_db()
        return note.body["moderation"], note.is_hidden

    client.moderate(question, "hide")
    assert state() == ("heldForReview", True)
    client.moderate(question, "unhide")
    assert state() == ("published", False)
    client.moderate(question, "delete")
    assert state() == ("rejected", True)

    Note.objects.all().delete()
    client.moderate(question, "delete")


def test_one_s_own_comment_is_deleted(client: YouTube, question: Message, baker: Person) -> None:
    answer = client.reply(question, "Here!", MemoryLedger())

    client.moderate(answer, "delete")

    assert Note.objects.get(author=baker).deleted_at


def test_comments_that_are_switched_off_say_so(client: YouTube, video: Entry) -> None:
    Entry.objects.update(body={**video.body, "comments_off": True})

    with pytest.raises(PermissionMissing, match="switched off"):
        client.comment_on(video.remote_id, "Hello")
