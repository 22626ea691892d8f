"""Instagram's client against its twin, over real HTTP: connecting, publishing, never twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.instagram import Instagram
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Entry, Fault, Note, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.conftest import Shelf
from platforms.tests.connected import app_at, connected, way_out
from platforms.tests.files import film, picture
from platforms.tests.instagram_world import by_instagram, draft, sent, set_fact, settled, stranger, the_post

pytestmark = pytest.mark.django_db(transaction=True)

TALL = (1080, 1350)


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="instagram", handle="morgenrot.bakery")


@pytest.fixture
def by_facebook(sandbox: str, bakery: Person) -> Instagram:
    """Connected through Facebook, with the token of the Page."""
    return connected("instagram", sandbox, bakery)  # type: ignore[return-value]


@pytest.fixture
def client(sandbox: str, bakery: Person) -> Instagram:
    """Connected through Instagram itself."""
    return by_instagram(sandbox, bakery)


# --- connecting ---


def test_person_connects_through_instagram(sandbox: str, bakery: Person) -> None:
    asked = stranger(sandbox).authorize("state-1", {"flavour": "instagram"})
    query = parse_qs(urlsplit(asked.url).query)

    client = by_instagram(sandbox, bakery)
    [profile] = client.profiles()

    assert query["scope"] == [",".join(Instagram.scopes)]
    assert urlsplit(asked.url).path == "/sandbox/instagram/oauth/authorize"
    assert (profile.remote_id, profile.handle, profile.name) == (
        bakery.remote_id,
        "morgenrot.bakery",
        bakery.name,
    )
    assert client.token is not None
    assert client.token.extra == {"flavour": "instagram"}
    assert set(client.token.scopes) == set(Instagram.scopes)
    assert client.token.expires_at is not None
    assert client.token.expires_at > datetime.now(UTC) + timedelta(days=59)
    assert requests.get(profile.url, timeout=5).status_code == 200


def test_picture_goes_out(client: Instagram, shelf: Shelf) -> None:
    published = settled(client, draft("Rye at nine #sourdough", shelf(picture(size=TALL))))

    entry = the_post()
    assert (entry.text, entry.remote_id) == ("Rye at nine #sourdough", published.remote_id)
    assert entry.pictures[0].alt == "A loaf"
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_person_connects_through_facebook_with_the_page_that_is_linked(
    by_facebook: Instagram, bakery: Person, sandbox: str
) -> None:
    [profile] = by_facebook.profiles()

    assert (profile.remote_id, profile.handle) == (bakery.remote_id, "morgenrot.bakery")
    assert profile.limits == {"flavour": "facebook"}
    assert by_facebook.token is not None
    assert by_facebook.token.extra == {"flavour": "facebook", "page": bakery.facts["page"], "siblings": 1}
    assert by_facebook.token.expires_at is None  # a Page's token has no end
    assert "instagram_manage_contents" in by_facebook.token.scopes


def test_every_linked_account_of_a_person_may_be_posted_as(sandbox: str, bakery: Person) -> None:
    set_fact(bakery, manages=["17841400000000102"])
    asked = stranger(sandbox).authorize("state-1", {"flavour": "facebook"})
    token = stranger(sandbox).exchange(allow(asked.url, bakery), asked.kept)

    profiles = Instagram(replace(stranger(sandbox).connection, token=token)).profiles()

    assert [profile.handle for profile in profiles] == ["morgenrot.bakery", "kilnandclay"]
    assert len({profile.token.access for profile in profiles if profile.token}) == 2


def test_each_way_in_may_have_an_app_of_its_own(sandbox: str) -> None:
    app = replace(app_at(sandbox, "instagram"), client_id="insta meta", client_secret="one two")
    client = Instagram(Connection(app, way_out(sandbox)))

    ids = [
        parse_qs(urlsplit(client.authorize("s", {"flavour": flavour}).url).query)["client_id"]
        for flavour in ("instagram", "facebook")
    ]

    assert ids == [["insta"], ["meta"]]


def test_real_hosts_follow_from_the_way_in() -> None:
    app = replace(
        app_at("http://here", "instagram"),
        api_url=Instagram.api_url,
        auth_url=Instagram.auth_url,
        upload_url=Instagram.upload_url,
    )
    client = Instagram(Connection(app, way_out("http://here")))

    asked = [client.authorize("s", {"flavour": name}).url for name in ("instagram", "facebook")]

    assert asked[0].startswith("https://www.instagram.com/oauth/authorize?")
    assert asked[1].startswith("https://www.facebook.com/v26.0/dialog/oauth?")
    assert client.versioned("me") == "https://graph.facebook.com/v26.0/me"


def test_answers_in_a_list_of_one_are_read_too(sandbox: str, bakery: Person) -> None:
    set_fact(bakery, wraps_answers=True)

    client = by_instagram(sandbox, bakery)

    assert client.connection.remote_id == bakery.remote_id
    assert client.token is not None
    assert set(client.token.scopes) == set(Instagram.scopes)


def test_personal_account_is_told_to_become_professional(sandbox: str) -> None:
    anneke = Person.objects.get(network="instagram", handle="anneke.w")

    with pytest.raises(PermissionMissing, match="professional") as error:
        by_instagram(sandbox, anneke)

    assert "connect it again" in error.value.action


@pytest.mark.parametrize("flavour", ["instagram", "facebook"])
def test_code_works_once(sandbox: str, bakery: Person, flavour: str) -> None:
    asked = stranger(sandbox).authorize("state-1", {"flavour": flavour})
    answer = allow(asked.url, bakery)
    stranger(sandbox).exchange(answer, asked.kept)

    with pytest.raises(PermissionMissing, match="used already"):
        stranger(sandbox).exchange(answer, asked.kept)


@pytest.mark.parametrize("flavour", ["instagram", "facebook"])
def test_wrong_secret_is_our_fault_not_the_persons(sandbox: str, bakery: Person, flavour: str) -> None:
    app = replace(app_at(sandbox, "instagram"), client_secret="wrong")
    client = Instagram(Connection(app, way_out(sandbox)))
    asked = client.authorize("state-1", {"flavour": flavour})

    with pytest.raises(PermissionMissing, match="installation's app"):
        client.exchange(allow(asked.url, bakery), asked.kept)


def test_token_renews_itself_once_it_is_a_day_old(client: Instagram) -> None:
    with pytest.raises(RateLimited):
        client.refresh()

    with time_machine.travel(timezone.now() + timedelta(days=40)):
        newer = client.refresh()
        again = Instagram(replace(client.connection, token=newer))

        assert again.profiles()
        assert newer.access == newer.refresh
        assert newer.extra == {"flavour": "instagram"}
        assert newer.expires_at is not None
        assert newer.expires_at > datetime.now(UTC) + timedelta(days=59)


def test_token_that_ran_out_cannot_be_renewed(client: Instagram) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=61)), pytest.raises(TokenExpired):
        client.refresh()


def test_refusal_to_renew_that_names_no_end_ends_nothing(client: Instagram) -> None:
    Fault.objects.create(
        network="instagram", kind=Fault.Kind.REFUSED, code="100", path="refresh_access_token", method="GET"
    )

    with pytest.raises(Unavailable):
        client.refresh()


def test_pages_token_is_fetched_again(by_facebook: Instagram) -> None:
    newer = by_facebook.refresh()

    again = Instagram(replace(by_facebook.connection, token=newer))

    assert again.profiles()
    assert newer.extra == by_facebook.token.extra  # type: ignore[union-attr]


def test_revoking_ends_the_connection_and_twice_is_no_fault(client: Instagram) -> None:
    client.revoke()
    client.revoke()

    with pytest.raises(TokenExpired):
        client.profiles()


def test_last_page_of_a_person_takes_the_app_with_it(by_facebook: Instagram) -> None:
    by_facebook.revoke()
    by_facebook.revoke()

    with pytest.raises(TokenExpired):
        by_facebook.profiles()


def test_letting_one_page_go_leaves_the_persons_others(sandbox: str, bakery: Person) -> None:
    set_fact(bakery, manages=["17841400000000102"])
    by_facebook = connected("instagram", sandbox, bakery)

    by_facebook.revoke()

    bakery.refresh_from_db()
    assert bakery.facts["subscribed"] == []
    assert by_facebook.profiles()


def test_webhooks_are_asked_for_when_connecting(client: Instagram, bakery: Person) -> None:
    bakery.refresh_from_db()

    assert bakery.facts["subscribed"] == ["comments", "messages"]


# --- every kind ---


def test_picture_says_all_that_was_chosen(by_facebook: Instagram, shelf: Shelf) -> None:
    options: dict[str, Json] = {
        "first_comment": "Baked at four #rye",
        "collaborators": ["@kilnandclay"],
        "user_tags": ["anneke.w 0.2 0.8", "@theo.brandt"],
        "location_id": "7640348500",
        "comments": False,
        "ai_generated": True,
        "paid_partnership": True,
        "sponsors": ["17841400000000102"],
        "product_tags": ["4521 0.6 0.6"],
    }

    published = settled(by_facebook, draft("Rye", shelf(picture(size=TALL)), **options))

    entry = the_post()
    fields = entry.body["fields"]
    assert fields["collaborators"] == ["kilnandclay"]
    assert fields["user_tags"] == [
        {"username": "anneke.w", "x": 0.2, "y": 0.8},
        {"username": "theo.brandt", "x": 0.5, "y": 0.5},
    ]
    assert fields["product_tags"] == [{"product_id": "4521", "x": 0.6, "y": 0.6}]
    assert (fields["location_id"], fields["is_ai_generated"]) == (7640348500, True) or fields[
        "location_id"
    ] == "7640348500"
    assert fields["branded_content_sponsor_ids"] == ["17841400000000102"]
    assert fields["alt_text"] == "A loaf"
    assert entry.body["comment_enabled"] is False
    assert [note.text for note in Note.objects.all()] == ["Baked at four #rye"]
    assert published.permalink.endswith(f"/p/{entry.body['shortcode']}/")


def test_single_video_becomes_a_reel(client: Instagram, shelf: Shelf) -> None:
    options: dict[str, Json] = {
        "share_to_feed": False,
        "thumb_offset": 1500,
        "audio_name": "Oven at four",
        "trial": "MANUAL",
        "user_tags": ["kilnandclay 0.3 0.3"],
    }

    published = settled(client, draft("Four in the morning", shelf(film()), **options))

    fields, entry = the_post().body["fields"], the_post()
    assert fields["media_type"] == "REELS"
    assert str(fields["thumb_offset"]) == "1500"
    assert fields["trial_params"] == {"graduation_strategy": "MANUAL"}
    assert fields["user_tags"] == [{"username": "kilnandclay"}]
    assert str(fields["share_to_feed"]).lower() == "false"
    assert (entry.body["media_type"], entry.body["media_product_type"]) == ("VIDEO", "REELS")
    assert "/reel/" in published.permalink
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_carousel_mixes_pictures_and_videos(client: Instagram, shelf: Shelf) -> None:
    media = [shelf(picture("a.jpg")), shelf(film()), shelf(picture("c.jpg", alt="Crumbs"))]

    settled(client, draft("Three of a kind", *media, user_tags=["anneke.w 0.1 0.1 3"]))

    entry = the_post()
    assert entry.body["media_type"] == "CAROUSEL_ALBUM"
    kinds = [one.content_type for one in entry.pictures]
    assert kinds == ["image/jpeg", "video/mp4", "image/jpeg"]
    assert [one.alt for one in entry.pictures] == ["A loaf", "", "Crumbs"]
    assert entry.body["tagged"] == ["anneke.w"]
    assert "caption" not in sent("/media")[0]


@pytest.mark.parametrize("make", [lambda: picture(size=(1080, 1920)), film])
def test_story_is_chosen(client: Instagram, shelf: Shelf, make: Callable[[], MediaFile]) -> None:
    wanted = draft("Not shown", shelf(make()), kind="story", user_tags=["anneke.w"], first_comment="no")

    published = settled(client, wanted)

    entry = the_post()
    assert (entry.text, entry.body["media_product_type"]) == ("", "STORY")
    assert entry.body["tagged"] == ["anneke.w"]
    assert not Note.objects.exists()
    assert published.permalink.endswith(f"/stories/morgenrot.bakery/{entry.remote_id}/")
    assert requests.get(published.permalink, timeout=5).status_code == 200


def test_video_that_nobody_can_fetch_is_brought(by_facebook: Instagram) -> None:
    file = film()

    settled(by_facebook, draft("Brought by hand", file))

    assert bytes(the_post().pictures[0].content) == file.open().read()
    assert sent("/media")[0]["upload_type"] == "resumable"


def test_upload_goes_on_where_it_broke_off(by_facebook: Instagram) -> None:
    file, books = film(), MemoryLedger()
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_BEFORE, path="ig-api-upload")
    with pytest.raises(Unavailable):
        by_facebook.publish(draft("Half", file), books)
    row = Upload.objects.get(network="instagram")
    row.content = file.open().read()[:5000]  # what had arrived
    row.facts["received"] = 5000
    row.save()

    settled(by_facebook, draft("Half", file), books)

    assert bytes(the_post().pictures[0].content) == file.open().read()
    assert Upload.objects.count() == 1


# --- processing ---


def test_no_worker_waits_while_a_video_is_processed(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Soon", shelf(film()))

    with pytest.raises(NotReady):
        client.publish(wanted, books)

    assert not Entry.objects.exists()
    assert client.publish(wanted, books).remote_id == the_post().remote_id
    assert Upload.objects.count() == 1


def test_video_that_cannot_be_processed_is_the_persons_to_change(client: Instagram, shelf: Shelf) -> None:
    Fault.objects.create(network="instagram", kind=Fault.Kind.PROCESSING_FAILS, path="/media")

    with pytest.raises(MediaRejected, match="cannot play this video"):
        settled(client, draft("Broken", shelf(film())))


def test_cover_outside_the_video_is_told_by_the_network_too(client: Instagram, shelf: Shelf) -> None:
    with pytest.raises(InvalidContent, match="cover lies outside"):
        settled(client, draft("Late", shelf(film()), thumb_offset=9000))


def test_container_that_is_lost_is_made_again(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Soon", shelf(film()))
    with pytest.raises(NotReady):
        client.publish(wanted, books)
    row = Upload.objects.get()
    row.facts |= {"error": 2207053, "looks": 0}
    row.save()

    settled(client, wanted, books)

    assert Upload.objects.count() == 2
    assert the_post().text == "Soon"


def test_container_of_yesterday_is_made_again(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Late", shelf(picture()))
    Fault.objects.create(network="instagram", kind=Fault.Kind.BROKEN, path="content_publishing_limit")
    with pytest.raises(Unavailable):
        client.publish(wanted, books)

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        settled(client, wanted, books)

    assert Upload.objects.count() == 2
    assert the_post().text == "Late"


# --- never twice ---


def aged(books: MemoryLedger, **age: float) -> None:
    """As if the tries had been made some time ago."""
    books.intents = {name: at - timedelta(**age) for name, at in books.intents.items()}


def test_post_whose_answer_was_lost_is_found(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Once only", shelf(picture()))
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_AFTER, path="media_publish")
    with pytest.raises(OutcomeUnknown):
        settled(client, wanted, books)

    published = settled(client, wanted, books)

    assert published.remote_id == the_post().remote_id
    assert len(sent("media_publish")) == 1


def test_post_that_never_arrived_is_sent_after_a_while(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Once only", shelf(picture()))
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_BEFORE, path="media_publish")
    with pytest.raises(OutcomeUnknown):
        settled(client, wanted, books)

    with pytest.raises(OutcomeUnknown, match="may still"):
        settled(client, wanted, books)
    aged(books, seconds=31)
    settled(client, wanted, books)

    assert the_post().text == "Once only"


def test_post_without_caption_that_somebody_else_made_is_not_taken_for_ours(
    client: Instagram, shelf: Shelf
) -> None:
    settled(client, draft("", shelf(picture())))
    books, wanted = MemoryLedger(), draft("", shelf(picture("other.jpg", colour="teal")))
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_BEFORE, path="media_publish")
    with pytest.raises(OutcomeUnknown):
        settled(client, wanted, books)
    aged(books, seconds=31)

    settled(client, wanted, books)

    assert Entry.objects.count() == 2


@pytest.mark.parametrize("status", ["-1/2207001", "/2207001", "2", "1"])
def test_fault_of_instagrams_own_leaves_open_whether_it_stands(
    client: Instagram, shelf: Shelf, status: str
) -> None:
    Fault.objects.create(
        network="instagram", kind=Fault.Kind.REFUSED, code=status, path="media_publish", method="POST"
    )

    with pytest.raises(OutcomeUnknown):
        settled(client, draft("Who knows", shelf(picture())))


def test_published_but_not_listed_yet_is_not_sent_again(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Once only", shelf(picture()))
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_AFTER, path="media_publish")
    with pytest.raises(OutcomeUnknown):
        settled(client, wanted, books)
    Entry.objects.update(text="as if the list were late")
    aged(books, hours=2)

    with pytest.raises(OutcomeUnknown, match="does not show it yet"):
        settled(client, wanted, books)

    assert Entry.objects.count() == 1


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(12))
def test_worker_that_dies_at_any_moment_leaves_exactly_one(
    client: Instagram, shelf: Shelf, moment: int
) -> None:
    books = MortalLedger(moment)
    wanted = draft("Exactly one", shelf(picture()), first_comment="And one")
    for _ in range(3):
        try:
            settled(client, wanted, books)
            break
        except (Killed, OutcomeUnknown):
            aged(books, minutes=1)

    settled(client, wanted, books)

    assert Entry.objects.filter(text="Exactly one").count() == 1
    assert Note.objects.filter(text="And one").count() == 1


def test_first_comment_whose_answer_was_lost_is_found(client: Instagram, shelf: Shelf) -> None:
    books, wanted = MemoryLedger(), draft("Rye", shelf(picture()), first_comment="Only once")
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_AFTER, path="/comments", method="POST")
    with pytest.raises(OutcomeUnknown):
        settled(client, wanted, books)
    assert books.standing is not None

    settled(client, wanted, books)

    assert Note.objects.count() == 1


def test_post_stands_even_if_its_comment_is_refused(client: Instagram, shelf: Shelf) -> None:
    books = MemoryLedger()
    Fault.objects.create(
        network="instagram", kind=Fault.Kind.REFUSED, code="10", path="/comments", method="POST"
    )

    with pytest.raises(PermissionMissing):
        settled(client, draft("Rye", shelf(picture()), first_comment="No"), books)

    assert books.standing is not None
    assert books.standing.remote_id == the_post().remote_id


def test_address_that_cannot_be_read_holds_nothing_up(client: Instagram, shelf: Shelf) -> None:
    books = MemoryLedger()
    wanted = draft("Rye", shelf(picture()))
    client.publish(wanted, books)
    del books.results["link"]
    Fault.objects.create(network="instagram", kind=Fault.Kind.BROKEN, path="/v26.0/18", method="GET")

    published = client.publish(wanted, books)

    assert published.permalink.endswith("/sandbox/instagram/morgenrot.bakery/")


# --- the daily limit ---


def test_daily_limit_is_read_before_posting_and_waits(
    client: Instagram, bakery: Person, shelf: Shelf
) -> None:
    set_fact(bakery, posts_a_day=1)
    settled(client, draft("The first", shelf(picture())))

    with pytest.raises(RateLimited, match="1 posts that Instagram allows") as error:
        settled(client, draft("The second", shelf(picture())))

    assert error.value.retry_at is not None
    assert timedelta(hours=23) < error.value.retry_at - datetime.now(UTC) <= timedelta(hours=24)
    assert len(sent("media_publish")) == 1


# --- looking, taking down ---


def test_post_is_found_by_what_it_says(client: Instagram, shelf: Shelf) -> None:
    wanted = draft("Two loaves", shelf(picture()))
    published = settled(client, wanted)

    assert client.find(wanted, datetime.now(UTC) - timedelta(minutes=1)) == published
    assert client.find(draft("Other", shelf(picture())), datetime.now(UTC)) is None


@pytest.mark.parametrize("kind", ["", "story"])
def test_address_of_a_post_is_recognised(client: Instagram, shelf: Shelf, kind: str) -> None:
    published = settled(client, draft("Rye", shelf(picture()), kind=kind))

    assert client.recognise(published.permalink) == {"id": published.remote_id}
    for wrong in ("https://www.instagram.com/p/elsewhere/", "https://example.org/"):
        with pytest.raises(InvalidContent, match="not the address"):
            client.recognise(wrong)


def test_post_is_deleted_and_twice_is_no_fault(by_facebook: Instagram, shelf: Shelf) -> None:
    published = settled(by_facebook, draft("Gone", shelf(picture())))

    by_facebook.delete(published)
    by_facebook.delete(published)

    assert not Entry.objects.filter(deleted_at=None).exists()


def test_deleting_is_said_to_be_impossible_where_it_is(client: Instagram, shelf: Shelf) -> None:
    published = settled(client, draft("Stays", shelf(picture())))

    with pytest.raises(Refused, match="connected through Facebook") as error:
        client.delete(published)

    assert error.value.action == "Delete it in the Instagram app."
    assert the_post().text == "Stays"


# --- before sending ---


def codes(wanted: Draft, **limits: Json) -> set[str]:
    return {finding.code for finding in Instagram.check(wanted, limits)}


def test_preflight_says_what_instagram_would_refuse() -> None:
    here = replace(picture(size=TALL), url="http://x/a.jpg")
    reel = replace(film(), url="http://x/a.mp4")

    assert codes(draft("Fine", here)) == set()
    assert codes(draft("Text alone")) == {"media_required"}
    assert codes(draft("x" * 2201, here)) == {"text_too_long"}
    assert codes(draft(" ".join(f"#t{n}" for n in range(31)), here)) == {"too_many_hashtags"}
    assert codes(draft("Wide", replace(here, width=3000, height=1000))) == {"media_ratio"}
    assert codes(draft("Unseen", picture(size=TALL))) == {"media_unreachable"}
    assert codes(draft("Film", film())) == {"media_unreachable"}
    assert codes(draft("Film", film()), flavour="facebook") == set()
    assert codes(draft("Short", replace(reel, seconds=1.0))) == {"video_length"}
    assert codes(draft("Cover", reel, thumb_offset=3000)) == {"cover_outside"}
    assert codes(draft("Many", *[here] * 11)) >= {"too_many_images"}
    assert codes(draft("Shapes", here, replace(here, height=1080))) == {"carousel_shapes"}
    assert codes(draft("Story", replace(here, height=1920), kind="story")) == {"story_text"}
    assert codes(draft("", here, kind="story")) == {"story_shape"}
    assert codes(draft("Tag", here, user_tags=["ann 0.5"])) == {"tag_unclear"}
    assert codes(draft("Tag", here, user_tags=["ann 0.5 0.5 2"])) == {"tag_without_medium"}
    assert codes(draft("Tag", here, reel, user_tags=["ann 0.5 0.5 2"])) == {"tag_on_video", "carousel_shapes"}
    assert codes(draft("Paid", here, paid_partnership=True)) == {"needs_facebook"}
    assert codes(draft("Paid", here, paid_partnership=True), flavour="facebook") == set()
