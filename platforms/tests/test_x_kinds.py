"""X's other kinds of post: videos, polls, quotes and all that can be said with a post; and changing one."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms.content import Draft, Json, MediaFile, Part
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Person, Upload
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.contract.desk import publish
from platforms.tests.files import film, film_bytes, picture
from platforms.tests.x_world import named, set_fact, speaking_for
from platforms.x import INDEX_LAG, X

pytestmark = pytest.mark.django_db(transaction=True)
SEGMENT = 5 * 1024 * 1024
QUOTED = "1860412340998877185"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return named("hafenbaecker")


@pytest.fixture
def client(sandbox: str, baker: Person) -> X:
    return speaking_for(baker, sandbox)


def draft(*texts: str, media: tuple[MediaFile, ...] = (), **options: Json) -> Draft:
    parts = tuple(Part(text, media if n == 0 else ()) for n, text in enumerate(texts))
    kind = X.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), parts, options, kind)


def large_film() -> MediaFile:
    """Eleven megabytes: a film and a box that players skip (ISO 14496-12, `free`)."""
    size = 2 * SEGMENT + 1000
    content = film_bytes() + (size).to_bytes(4, "big") + b"free" + bytes(size - 8)
    return replace(film(), size=len(content), open=lambda: io.BytesIO(content))


def sent(path: str) -> list[Any]:
    return [
        call.body
        for call in Call.objects.filter(network="x", path__endswith=path, method="POST").order_by("pk")
    ]


# --- videos ---


def test_a_video_goes_out_in_segments_and_is_waited_for(client: X) -> None:
    plan, books = draft("The oven", media=(large_film(),)), MemoryLedger()

    with pytest.raises(NotReady):
        client.publish(plan, books)
    publish(client, plan, books)

    [opened] = sent("/initialize")
    assert opened == {
        "media_type": "video/mp4",
        "media_category": "tweet_video",
        "total_bytes": plan.media[0].size,
    }
    assert [body["segment_index"] for body in sent("/append")] == ["0", "1", "2"]
    [upload] = Entry.objects.get().pictures
    assert bytes(upload.content) == plan.media[0].open().read()
    assert sent("/2/tweets") == [{"text": "The oven", "media": {"media_ids": [upload.remote_id]}}]
    assert Upload.objects.count() == 1


def test_an_upload_that_broke_off_goes_on_where_it_stopped(
    client: X, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platforms._x_media.SEGMENTS_A_STEP", 1)
    plan, books = draft("The oven", media=(large_film(),)), MemoryLedger()
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path="/append", skip=1)

    with pytest.raises(Unavailable):
        client.publish(plan, books)
    publish(client, plan, books)

    assert [body["segment_index"] for body in sent("/append")] == ["0", "1", "1", "2"]
    assert Entry.objects.count() == 1


@pytest.mark.parametrize("path", ["/initialize", "/append", "/finalize"])
def test_a_lost_answer_in_an_upload_is_only_a_delay(client: X, path: str) -> None:
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path=path)
    plan, books = draft("The oven", media=(film(),)), MemoryLedger()

    with pytest.raises(Unavailable):
        client.publish(plan, books)
    publish(client, plan, books)

    assert Entry.objects.get().uploads.count() == 1


def test_finalizing_twice_may_be_refused_and_is_no_fault(client: X, baker: Person) -> None:
    set_fact(baker, finalizes_once=True)
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path="/finalize")
    plan, books = draft("The oven", media=(film(),)), MemoryLedger()

    with pytest.raises(Unavailable):
        client.publish(plan, books)
    publish(client, plan, books)

    assert Entry.objects.count() == 1


def test_a_video_that_x_cannot_process_is_refused_before_anything_is_posted(client: X) -> None:
    Fault.objects.create(network="x", kind=Fault.Kind.PROCESSING_FAILS, path="/finalize")

    with pytest.raises(MediaRejected, match="Unsupported video") as error:
        publish(client, draft("The oven", media=(film(),)), MemoryLedger())

    assert "video" in error.value.action
    assert not Entry.objects.exists()


def test_a_video_too_long_for_the_account_is_told_when_it_is_posted(client: X, baker: Person) -> None:
    set_fact(baker, video_seconds=2)

    with pytest.raises(MediaRejected, match="too long"):
        publish(client, draft("The oven", media=(film(),)), MemoryLedger())


def test_a_video_uploaded_days_ago_is_uploaded_again(client: X) -> None:
    plan, books = draft("The oven", media=(film(),)), MemoryLedger()
    publish(client, plan, books)
    for name in ("video 1", "video 1 opened"):
        books.results[name]["until"] = "2026-01-01T00:00:00+00:00"  # type: ignore[index,call-overload]
    Entry.objects.all().delete()
    del books.results["post"], books.intents["post"]

    publish(client, plan, books)

    assert Upload.objects.count() == 2
    assert Entry.objects.get().uploads.get() == Upload.objects.latest("pk")


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(12))
def test_killed_at_every_moment_the_video_stands_once(client: X, moment: int) -> None:
    books, plan = MortalLedger(moment), draft("The oven", media=(film(),))

    with pytest.raises(Killed):
        publish(client, plan, books)
    with time_machine.travel(timezone.now() + INDEX_LAG, tick=True):
        publish(client, plan, books)

    assert Entry.objects.get().uploads.count() == 1


def test_a_video_has_a_title_and_a_description(client: X) -> None:
    plan = draft("Oven", media=(film(),), video_title="At five", video_description="The first loaves")

    publish(client, plan, MemoryLedger())

    [body] = sent("/2/tweets")
    assert (body["media"]["title"], body["media"]["description"]) == ("At five", "The first loaves")


# --- polls and quotes ---


def test_a_poll_is_posted_with_the_first_part(client: X) -> None:
    plan = draft("Which?", "And why?", poll=["Rye", "Spelt"], poll_minutes=60)

    published = client.publish(plan, MemoryLedger())

    assert plan.kind == "poll"
    first, second = sent("/2/tweets")
    assert first["poll"] == {"options": ["Rye", "Spelt"], "duration_minutes": 60}
    assert "poll" not in second
    page = requests.get(published.permalink, timeout=10).text
    assert "Rye" in page
    assert "0 votes" in page


@pytest.mark.parametrize("written", [QUOTED, f"https://x.com/tom_reports/status/{QUOTED}?s=20"])
def test_a_quote_goes_out_and_is_found_again(client: X, written: str) -> None:
    plan = draft("We are there https://example.com", quote=written)

    published = client.publish(plan, MemoryLedger())

    assert sent("/2/tweets")[0]["quote_tweet_id"] == QUOTED
    assert client.find(plan, datetime.now(UTC) - timedelta(minutes=2)) == published
    assert "twelve stalls" in requests.get(published.permalink, timeout=10).text


def test_an_app_that_may_not_quote_is_told(client: X, baker: Person) -> None:
    set_fact(baker, access="")

    with pytest.raises(PermissionMissing, match="quote"):
        client.publish(draft("We are there", quote=QUOTED), MemoryLedger())


@pytest.mark.parametrize("options", [{"poll": ["Rye", "Spelt"]}, {"quote": QUOTED}])
def test_a_lost_answer_makes_no_second_poll_or_quote(client: X, options: dict[str, Any]) -> None:
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path="/2/tweets", method="POST")
    plan, books = draft("Which?", **options), MemoryLedger()

    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)
    client.publish(plan, books)

    assert Entry.objects.count() == 1


# --- what is said with a post ---


def test_people_in_pictures_are_named_by_handle_or_id(client: X) -> None:
    mina, tom = named("minaworks"), named("tom_reports")
    plan = draft("Two guests", media=(picture(),), tagged=["@MinaWorks", tom.remote_id])

    published = client.publish(plan, MemoryLedger())

    assert sent("/2/tweets")[0]["media"]["tagged_user_ids"] == [mina.remote_id, tom.remote_id]
    assert "Mina Works, Tom Adeyemi" in requests.get(published.permalink, timeout=10).text


def test_somebody_whom_x_does_not_know_is_named_in_the_refusal(client: X) -> None:
    with pytest.raises(InvalidContent, match="@nobody_here"):
        client.publish(draft("Guests", media=(picture(),), tagged=["nobody_here"]), MemoryLedger())

    assert not Entry.objects.exists()


def test_labels_stand_on_every_part_and_the_place_and_community_on_the_first(client: X) -> None:
    plan = draft(
        "One",
        "Two",
        made_with_ai=True,
        paid_partnership=True,
        place="5c1b1a2e4e2a5a31",
        community="https://x.com/i/communities/1493446837214187523",
        share_with_followers=True,
    )

    published = client.publish(plan, MemoryLedger())

    first, second = sent("/2/tweets")
    assert first == {
        "text": "One",
        "made_with_ai": True,
        "paid_partnership": True,
        "geo": {"place_id": "5c1b1a2e4e2a5a31"},
        "community_id": "1493446837214187523",
        "share_with_followers": True,
    }
    assert {"made_with_ai", "paid_partnership"} <= set(second)
    assert {"geo", "community_id"}.isdisjoint(second)
    page = requests.get(published.permalink, timeout=10).text
    assert "Made with AI" in page
    assert "Bread Bakers of the North" in page


# --- changing what stands ---


def test_a_post_is_changed_and_keeps_its_pictures(client: X) -> None:
    media = (picture(),)
    published = client.publish(draft("Ry", media=media), MemoryLedger())

    changed = client.edit(published, draft("Rye", media=media))

    entry = Entry.objects.get(deleted_at=None)
    assert (entry.text, entry.remote_id, entry.uploads.count()) == ("Rye", changed.remote_id, 1)
    assert changed.remote_id != published.remote_id
    assert (
        requests.get(published.permalink, timeout=10).url == requests.get(changed.permalink, timeout=10).url
    )


def test_of_a_thread_only_what_differs_is_changed(client: X) -> None:
    published = client.publish(draft("One", "Tow", "Three"), MemoryLedger())

    changed = client.edit(published, draft("One", "Two", "Three"))

    same = [before == after for before, after in zip(published.part_ids, changed.part_ids, strict=True)]
    assert same == [True, False, True]
    assert len(sent("/2/tweets")) == 4


@pytest.mark.parametrize("fault", [Fault.Kind.DROP_AFTER, Fault.Kind.HTML])
def test_a_change_whose_answer_was_lost_is_not_made_twice(client: X, fault: Fault.Kind) -> None:
    published = client.publish(draft("Ry"), MemoryLedger())
    Fault.objects.create(network="x", kind=fault, path="/2/tweets", method="POST")

    first = client.edit(published, draft("Rye"))
    again = client.edit(published, draft("Rye"))

    assert first == again
    assert len(Entry.objects.get(deleted_at=None).body["history"]) == 1


def test_what_x_does_not_let_be_changed_is_refused_in_words(client: X, baker: Person) -> None:
    published = client.publish(draft("Ry"), MemoryLedger())
    poll = client.publish(draft("Which?", poll=["Rye", "Spelt"]), MemoryLedger())

    with pytest.raises(InvalidContent, match="media"):
        client.edit(published, draft("Rye", media=(picture(),)))
    with pytest.raises(InvalidContent, match="grow"):
        client.edit(published, draft("Rye", "and oats"))
    with pytest.raises(PermissionMissing, match="within an hour"):
        client.edit(poll, draft("Which one?"))
    set_fact(baker, subscription_type="None")
    with pytest.raises(PermissionMissing, match="Premium"):
        client.edit(published, draft("Rye"))
    assert Entry.objects.filter(text="Ry", deleted_at=None).count() == 1


def test_deleting_a_changed_post_takes_all_its_versions(client: X) -> None:
    published = client.publish(draft("Ry"), MemoryLedger())
    client.edit(published, draft("Rye"))

    client.delete(published)

    assert not Entry.objects.filter(deleted_at=None).exists()
