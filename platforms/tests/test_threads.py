"""Threads' client against its twin, over real HTTP: publishing, never twice, finding, deleting."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import requests
from django.utils import timezone

from platforms.content import Json, Part, Published
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.rules import Kind
from platforms.sandbox.models import Entry, Fault, Person, Upload
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.conftest import Shelf
from platforms.tests.files import film, picture
from platforms.tests.threads_world import (
    age,
    baker_of_threads,
    client_of,
    draft,
    fault,
    publish,
    sent,
    standing,
)
from platforms.threads import Threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    return baker_of_threads()


@pytest.fixture
def client(sandbox: str, baker: Person) -> Threads:
    return client_of(sandbox, baker)


# --- every kind of post ---


def test_a_text_is_published(client: Threads, baker: Person) -> None:
    published = publish(client, draft("Good morning."))

    [entry] = standing()
    assert sent("me/threads") == [{"media_type": "TEXT", "text": "Good morning."}]
    assert published == Published(entry.remote_id, published.permalink, (entry.remote_id,))
    assert published.permalink.endswith(f"/@morgenrot.bakery/post/{entry.body['shortcode']}")
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_a_picture_is_fetched_from_us(client: Threads, shelf: Shelf) -> None:
    loaf = shelf(picture())

    publish(client, draft("Rye.", media=(loaf,)))

    [entry] = standing()
    assert sent("me/threads") == [
        {"media_type": "IMAGE", "image_url": loaf.url, "alt_text": "A loaf", "text": "Rye."}
    ]
    assert [bytes(upload.content) for upload in entry.pictures] == [loaf.open().read()]


def test_a_video_waits_until_it_is_processed(client: Threads, shelf: Shelf) -> None:
    oven, ledger = shelf(film(alt="The oven")), MemoryLedger()

    with pytest.raises(NotReady):
        client.publish(draft("Watch.", media=(oven,)), ledger)
    publish(client, draft("Watch.", media=(oven,)), ledger)

    [entry] = standing()
    assert entry.body["media_type"] == "VIDEO"
    assert sent("me/threads") == [
        {"media_type": "VIDEO", "video_url": oven.url, "alt_text": "The oven", "text": "Watch."}
    ]


def test_a_carousel_mixes_pictures_and_videos_in_their_order(client: Threads, shelf: Shelf) -> None:
    files = (shelf(picture("one.jpg")), shelf(film()), shelf(picture("three.png", kind="PNG")))

    publish(client, draft("Three.", media=files))

    [entry] = standing()
    *children, parent = sent("me/threads")
    assert [child["is_carousel_item"] for child in children] == ["true"] * 3
    assert parent["media_type"] == "CAROUSEL"
    assert [upload.remote_id for upload in entry.pictures] == parent["children"].split(",")
    assert [upload.content_type for upload in entry.pictures] == ["image/jpeg", "video/mp4", "image/png"]


def test_a_poll_has_two_to_four_answers(client: Threads) -> None:
    publish(client, draft("Which one?", poll=["Rye", "Spelt", "Both"]))

    [entry] = standing()
    asked = json.loads(sent("me/threads")[0]["poll_attachment"])
    assert asked == {"option_a": "Rye", "option_b": "Spelt", "option_c": "Both"}
    assert entry.body["poll_attachment"] == asked


def test_a_ghost_post_is_gone_after_a_day(client: Threads) -> None:
    publish(client, draft("Only today.", kind="ghost", topic="Bread"))

    assert sent("me/threads") == [
        {"media_type": "TEXT", "text": "Only today.", "topic_tag": "Bread", "is_ghost_post": "true"}
    ]


def test_each_part_of_a_thread_answers_the_one_before(client: Threads, shelf: Shelf) -> None:
    pair = (shelf(picture("a.jpg")), shelf(picture("b.jpg", colour="teal")))
    parts = ("One.", Part("Two.", (shelf(film()),)), Part("Three.", pair))

    published = publish(client, draft(*parts, reply_control="followers_only"))

    first, second, third = standing()
    assert published.part_ids == (first.remote_id, second.remote_id, third.remote_id)
    assert (second.parent_id, third.parent_id) == (first.remote_id, second.remote_id)
    assert [entry.body["media_type"] for entry in (first, second, third)] == ["TEXT", "VIDEO", "CAROUSEL"]
    assert [entry.body.get("reply_control") for entry in (first, second)] == ["followers_only", None]


def test_a_bad_picture_of_a_later_carousel_leaves_no_half_thread(client: Threads, shelf: Shelf) -> None:
    away = replace(picture(), url="http://127.0.0.1:9/away.jpg")
    wanted = draft("One.", Part("Two.", (shelf(picture()), away)))

    with pytest.raises(MediaRejected, match="could not fetch"):
        publish(client, wanted)

    assert standing() == []


def test_a_bad_picture_of_a_later_part_leaves_no_half_thread(client: Threads) -> None:
    away = replace(picture(), url="http://127.0.0.1:9/away.jpg")

    with pytest.raises(MediaRejected, match="could not fetch"):
        publish(client, draft("One.", Part("Two.", (away,))))

    assert standing() == []


def test_a_first_reply_stands_below_the_post(client: Threads) -> None:
    ledger = MemoryLedger()

    published = publish(client, draft("Bread.", first_comment="Recipe below."), ledger)

    post, comment = standing()
    assert (comment.text, comment.parent_id) == ("Recipe below.", post.remote_id)
    assert published.part_ids == (post.remote_id,)


def test_a_first_reply_that_fails_does_not_take_the_post_with_it(client: Threads) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.REFUSED, "me/threads", method="POST", code="100", skip=2)

    with pytest.raises(InvalidContent):
        publish(client, draft("Bread.", first_comment="Recipe below."), ledger)

    [post] = standing()
    assert ledger.standing is not None
    assert ledger.standing.remote_id == post.remote_id


# --- options ---

EXAMPLES = {option.name: option.example for option in Threads.options}
WIRE: list[tuple[str, dict[str, Any]]] = [
    ("reply_control", {"reply_control": "followers_only"}),
    ("reply_approvals", {"enable_reply_approvals": "true"}),
    ("topic", {"topic_tag": "Sourdough"}),
    ("link", {"link_attachment": "https://example.org/bread"}),
    ("gif", {"gif_attachment": {"gif_id": "3o7abKhOpu0NwenH3O", "provider": "GIPHY"}}),
    (
        "long_text",
        {
            "text_attachment": {
                "plaintext": "The whole recipe.",
                "text_with_styling_info": [{"offset": 4, "length": 5, "styling_info": ["bold"]}],
            }
        },
    ),
    ("quote", {"quote_post_id": "18050000000000001"}),
    ("place", {"location_id": "110843418940484"}),
    ("spoiler_words", {"text_entities": [{"entity_type": "SPOILER", "offset": 7, "length": 5}]}),
    ("countries", {"allowlisted_country_codes": "DE,SE"}),
]


@pytest.mark.parametrize(("option", "wire"), WIRE, ids=[option for option, _ in WIRE])
def test_an_option_is_said_in_threads_words(client: Threads, option: str, wire: dict[str, Any]) -> None:
    wanted = draft("🥖 Our bread.", **{option: EXAMPLES[option]})

    publish(client, wanted)

    [body] = sent("me/threads")
    said = {name: json.loads(text) if text[:1] in "[{" else text for name, text in body.items()}
    assert said == {"media_type": "TEXT", "text": "🥖 Our bread.", **wire}
    assert [f for f in Threads.check(wanted, client.connection.limits) if f.severity == "error"] == []


@pytest.mark.parametrize("kind", Threads.kinds, ids=lambda kind: kind.name)
def test_every_option_of_a_kind_goes_with_the_others(client: Threads, shelf: Shelf, kind: Kind) -> None:
    files = {"image": (picture(),), "video": (film(alt="Oven"),), "carousel": (picture(), film(alt="Oven"))}
    media = tuple(shelf(file) for file in files.get(kind.name, ()))
    chosen = {
        option.name: option.example
        for option in Threads.options
        if option.name not in {"kind", "poll"} and (not option.kinds or kind.name in option.kinds)
    }
    special: dict[str, Json] = {"kind": "ghost"} if kind.by_choice else {}
    poll: Json = ["Rye", "Spelt"] if kind.option else None
    wanted = draft("Our bread.", media=media, **chosen, **special, poll=poll)

    publish(client, wanted)

    assert wanted.kind == kind.name
    assert Threads.check(wanted, client.connection.limits) == []
    assert [entry.text for entry in standing()] == ["Our bread.", *["Recipe below."] * (not kind.by_choice)]


def test_pictures_are_hidden_until_pressed(client: Threads, shelf: Shelf) -> None:
    publish(client, draft("Sh.", media=(shelf(picture()),), spoiler_media=True))

    assert standing()[0].body["is_spoiler_media"] is True


def test_a_place_that_is_not_clear_is_asked_for(client: Threads) -> None:
    publish(client, draft("In Menlo Park.", place="menlo park"))  # the name itself wins over longer ones
    with pytest.raises(
        InvalidContent, match="several places by that name: “Menlo Park”, “Menlo Park Library”"
    ):
        publish(client, draft("In Menlo.", place="Menlo"))
    with pytest.raises(InvalidContent, match="no such place"):
        publish(client, draft("Nowhere.", place="Atlantis"))


def test_an_own_post_is_quoted_by_its_address(client: Threads) -> None:
    first = publish(client, draft("Once."))

    publish(client, draft("Again.", quote=first.permalink))

    assert standing()[1].body["quote_post_id"] == first.remote_id


def test_the_story_on_instagram_is_asked_for_when_it_is_published(client: Threads) -> None:
    publish(client, draft("Both.", instagram_story=True, instagram_story_dark=True))

    [body] = sent("threads_publish")
    assert (body["crossreshare_to_ig"], body["crossreshare_to_ig_dark_mode"]) == ("true", "true")


def test_a_story_that_failed_is_told_beside_the_post(client: Threads, baker: Person) -> None:
    baker.facts["instagram"] = False
    baker.save()
    ledger = MemoryLedger()

    with pytest.raises(Refused, match="Instagram did not take it"):
        publish(client, draft("Both.", instagram_story=True), ledger)

    assert ledger.standing is not None


# --- never twice ---


def test_a_lost_answer_is_looked_up_and_never_sent_again(client: Threads) -> None:
    wanted, ledger = draft("Once."), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "threads_publish", method="POST")

    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)
    published = publish(client, wanted, ledger)  # the container says that it is published: no need to wait

    [entry] = standing()
    assert published.remote_id == entry.remote_id


def test_what_was_surely_not_published_is_sent_again(client: Threads) -> None:
    wanted, ledger = draft("Once."), MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "threads_publish", method="POST")

    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)
    with pytest.raises(OutcomeUnknown):  # it may still be under way
        publish(client, wanted, ledger)
    age(ledger, 15)
    publish(client, wanted, ledger)

    assert [entry.text for entry in standing()] == ["Once."]


def test_a_published_container_that_no_list_shows_is_for_a_person(client: Threads) -> None:
    wanted, ledger = draft("Once."), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "threads_publish", method="POST")
    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)
    Entry.objects.update(deleted_at=timezone.now())
    age(ledger, 7200)

    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)


def test_a_container_made_anew_does_not_hide_a_post_of_the_one_before(client: Threads) -> None:
    wanted, ledger = draft("Once."), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "threads_publish", method="POST")
    with pytest.raises(OutcomeUnknown):
        publish(client, wanted, ledger)
    made = cast(dict[str, Json], ledger.results["prepare post"])
    made["at"] = (datetime.now(UTC) - timedelta(hours=24)).isoformat()

    publish(client, wanted, ledger)

    assert len(standing()) == 1


def test_two_posts_without_text_are_not_told_apart_by_guessing(client: Threads, shelf: Shelf) -> None:
    loaf = shelf(picture())
    for _ in range(2):
        publish(client, draft("", media=(loaf,)))

    with pytest.raises(OutcomeUnknown):
        client.find(draft("", media=(loaf,)), datetime.now(UTC))


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(22))
def test_a_worker_that_dies_anywhere_leaves_one_of_each(client: Threads, moment: int) -> None:
    ledger, wanted = MortalLedger(moment), draft("One.", "Two.")

    try:
        publish(client, wanted, ledger)
    except Killed:
        age(ledger)
        publish(client, wanted, ledger)

    assert [entry.text for entry in standing()] == ["One.", "Two."]


def test_a_container_that_is_not_there_yet_is_tried_again(client: Threads) -> None:
    wanted, ledger = draft("Once."), MemoryLedger()
    fault(Fault.Kind.REFUSED, "threads_publish", method="POST", code="24/4279009")

    with pytest.raises(Unavailable):
        publish(client, wanted, ledger)
    publish(client, wanted, ledger)

    assert len({body["creation_id"] for body in sent("threads_publish")}) == 1
    assert len(standing()) == 1


def test_a_post_that_the_next_part_does_not_find_yet_is_waited_for(client: Threads) -> None:
    wanted, ledger = draft("One.", "Two."), MemoryLedger()
    fault(Fault.Kind.REFUSED, "me/threads", method="POST", code="24/4279009", skip=2)

    with pytest.raises(Unavailable, match="the post before"):
        publish(client, wanted, ledger)
    publish(client, wanted, ledger)

    assert [entry.text for entry in standing()] == ["One.", "Two."]


def test_a_container_that_failed_is_made_anew_when_it_is_tried_again(client: Threads, shelf: Shelf) -> None:
    wanted, ledger = draft("Watch.", media=(shelf(film()),)), MemoryLedger()
    fault(Fault.Kind.PROCESSING_FAILS, "me/threads", method="POST")

    with pytest.raises(MediaRejected) as error:
        publish(client, wanted, ledger)
    publish(client, wanted, ledger)

    assert error.value.message == "Threads could not use the video."
    assert len(sent("me/threads")) == 2
    assert len(standing()) == 1


def test_a_container_that_grew_old_is_made_anew(client: Threads) -> None:
    wanted, ledger = draft("Late."), MemoryLedger()
    fault(Fault.Kind.LIMITED, "threads_publish", method="POST")
    with pytest.raises(RateLimited):
        publish(client, wanted, ledger)
    Upload.objects.update(created_at=timezone.now() - timedelta(hours=25))
    made = cast(dict[str, Json], ledger.results["prepare post"])
    made["at"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()

    publish(client, wanted, ledger)

    assert len(standing()) == 1


# --- limits ---


def test_a_day_that_is_full_is_known_before_it_is_tried(client: Threads, baker: Person) -> None:
    baker.facts["limits"] = {"posts": 1}
    baker.save()
    publish(client, draft("One."))

    with pytest.raises(RateLimited, match="used up its posts") as error:
        publish(client, draft("Two."))

    assert error.value.retry_at is not None
    assert len(sent("threads_publish")) == 1


def test_a_thread_begins_only_where_there_is_room_for_all_of_it(client: Threads, baker: Person) -> None:
    baker.facts["limits"] = {"replies": 1}
    baker.save()

    with pytest.raises(RateLimited, match="replies"):
        publish(client, draft("One.", "Two.", "Three."))

    assert standing() == []


def test_a_medium_without_an_address_is_refused_in_words(client: Threads) -> None:
    wanted = draft("Rye.", media=(picture(),))

    with pytest.raises(MediaRejected, match=r"cannot be reached") as error:
        publish(client, wanted)

    assert "SITE_URL" in error.value.action
    assert Threads.check(wanted, {}) == []


# --- finding and deleting ---


def test_a_post_is_found_by_what_it_says(client: Threads) -> None:
    published = publish(client, draft("Look for me.", "And me."))

    found = client.find(draft("Look for me.", "And me."), datetime.now(UTC) - timedelta(minutes=1))

    assert found is not None
    assert (found.remote_id, found.permalink) == (published.remote_id, published.permalink)
    assert client.find(draft("Never."), datetime.now(UTC) - timedelta(hours=1)) is None
    with pytest.raises(OutcomeUnknown):
        client.find(draft("Never."), datetime.now(UTC))


def test_a_post_is_recognised_by_its_address(client: Threads, sandbox: str) -> None:
    published = publish(client, draft("Mine.", "Too."))
    reply = Entry.objects.get(remote_id=published.part_ids[1])

    assert client.recognise(published.permalink) == {"id": published.remote_id, "instagram": ""}
    address = f"https://www.threads.net/@morgenrot.bakery/post/{reply.body['shortcode']}?xmt=1"
    assert client.recognise(address) == {"id": reply.remote_id, "instagram": ""}
    with pytest.raises(InvalidContent, match="not among"):
        client.recognise("https://www.threads.net/@ida.lindqvist/post/DCkother")
    with pytest.raises(InvalidContent, match="not the address"):
        client.recognise("https://example.org/post")


def test_a_thread_is_deleted_whole_and_twice_does_no_harm(client: Threads) -> None:
    published = publish(client, draft("One.", "Two."))

    client.delete(published)
    client.delete(published)

    assert standing() == []
    assert client.find(draft("One."), datetime.now(UTC) - timedelta(hours=1)) is None


def test_deleting_has_a_daily_limit_of_its_own(client: Threads, baker: Person) -> None:
    published = publish(client, draft("One.", "Two."))
    baker.facts["limits"] = {"deletes": 1}
    baker.save()

    with pytest.raises(RateLimited, match="deletes"):
        client.delete(published)

    assert len(standing()) == 2
