"""LinkedIn's client against its twin, over real HTTP: as a page, and as a profile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, Published
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.linkedin import LinkedIn
from platforms.rules import Kind
from platforms.sandbox.models import Call, Client, Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.conftest import Shelf
from platforms.tests.connected import app_at, connected, way_out
from platforms.tests.files import film, medium, paper, picture
from platforms.transport import Transport

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, JANA = "urn:li:organization:2414183", "urn:li:person:782bbtaQ"


@pytest.fixture
def bakery(sandbox: str) -> LinkedIn:
    """The first who lives there: a bakery. Its client may read web pages on this machine."""
    client = connected("linkedin", sandbox)
    transport = Transport(allow=frozenset({"127.0.0.1"}))
    return LinkedIn(replace(client.connection, transport=transport))


@pytest.fixture
def bread_page(shelf: Shelf) -> str:
    """A web page that tells of itself."""
    html = (
        '<title>Bread</title><meta property="og:title" content="Rye, from the start">'
        '<meta name="description" content="Three days of patience.">'
        f'<meta property="og:image" content="{shelf(picture()).url}">'
    )
    return shelf(medium("bread.html", html.encode(), "text/html")).url


@pytest.fixture
def profile(sandbox: str) -> LinkedIn:
    return connected("linkedin", sandbox, person(JANA))  # type: ignore[return-value]


@pytest.fixture
def alone(sandbox: str) -> LinkedIn:
    """A profile that is connected by a self-serve app."""
    return self_serve(sandbox)


def self_serve(sandbox: str) -> LinkedIn:
    Client.objects.filter(network="linkedin").update(scopes=["openid", "profile", "w_member_social"])
    client = LinkedIn(Connection(app_at(sandbox, "linkedin"), way_out(sandbox)))
    asked = client.authorize("state", {"access": "profile"})
    token = client.exchange(allow(asked.url, person(JANA)), asked.kept)
    return LinkedIn(Connection(client.app, client.connection.transport, token, JANA))


def person(remote_id: str) -> Person:
    return Person.objects.get(network="linkedin", remote_id=remote_id)


def set_fact(remote_id: str, **facts: Any) -> None:
    found = person(remote_id)
    found.facts = {**found.facts, **facts}
    found.save()


def draft(text: str = "", *media: MediaFile, **options: Json) -> Draft:
    kind = LinkedIn.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), options, kind)


def calls(path: str, method: str = "POST") -> list[Call]:
    found = Call.objects.filter(network="linkedin", method=method, path__contains=path)
    return list(found.order_by("pk"))


def body() -> Any:
    return calls("/rest/posts")[-1].body


def publish(client: LinkedIn, wanted: Draft, books: MemoryLedger | None = None) -> Published:
    """To the end, looking again every six seconds while LinkedIn is processing, all within half a minute."""
    books = books or MemoryLedger()
    for seconds in range(30, 0, -6):
        with time_machine.travel(timezone.now() - timedelta(seconds=seconds), tick=True):
            try:
                return client.publish(wanted, books)
            except NotReady:
                continue
    raise AssertionError("never ready")


def fault(kind: Fault.Kind, path: str, **rest: Any) -> None:
    Fault.objects.create(network="linkedin", kind=kind, path=path, **rest)


def aged(books: MemoryLedger, seconds: float) -> None:
    """As if what is in doubt had been sent so long ago."""
    for name in books.intents:
        books.intents[name] = datetime.now(UTC) - timedelta(seconds=seconds)


# --- connecting ---


def test_a_member_connects_with_the_pages_that_she_may_post_to(bakery: LinkedIn) -> None:
    [jana, shop] = bakery.profiles()

    assert (jana.remote_id, jana.handle, jana.name) == (JANA, "jana-lindqvist", "Jana Lindqvist")
    assert (shop.remote_id, shop.handle, shop.name) == (PAGE, "morgenrot-bakery", "Morgenrot Bakery")
    assert (jana.limits, shop.limits) == ({"kind": "member"}, {"kind": "organization"})
    assert jana.avatar_url.endswith("/@jana-lindqvist/avatar.png")
    assert shop.avatar_url.endswith("/@morgenrot-bakery/avatar.png")
    assert bakery.token is not None
    assert set(bakery.token.scopes) == set(LinkedIn.scopes)
    assert bakery.token.refresh


def test_a_text_goes_out(bakery: LinkedIn) -> None:
    published = publish(bakery, draft("Rye (fresh) & warm #brot @ nine_ish"))

    entry = Entry.objects.get()
    assert entry.text == "Rye (fresh) & warm #brot @ nine_ish"
    assert published.remote_id == entry.remote_id
    assert published.permalink.endswith(f"/feed/update/{entry.remote_id}/")
    assert body() == {
        "author": PAGE,
        "commentary": r"Rye \(fresh\) & warm #brot \@ nine\_ish",
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


def test_a_self_serve_app_connects_the_profile_alone(alone: LinkedIn) -> None:
    [jana] = alone.profiles()

    assert (jana.remote_id, jana.handle, jana.url) == (JANA, "Jana Lindqvist", "")
    assert alone.token is not None
    assert set(alone.token.scopes) == {"openid", "profile", "w_member_social"}
    assert alone.token.refresh == ""
    assert alone.token.expires_at is not None
    assert alone.token.expires_at - datetime.now(UTC) > timedelta(days=59)


def test_an_app_that_lacks_a_product_is_told_what_to_do(sandbox: str) -> None:
    Client.objects.filter(network="linkedin").update(scopes=["openid", "profile", "w_member_social"])
    client = LinkedIn(Connection(app_at(sandbox, "linkedin"), way_out(sandbox)))
    asked = client.authorize("state", {})

    back = Browser().get(asked.url[asked.url.index("/sandbox") :])["Location"]
    answer = dict(pair.split("=") for pair in urlsplit(back).query.split("&"))

    with pytest.raises(PermissionMissing, match="was not given what was asked") as error:
        client.exchange(answer, asked.kept)
    assert "“profile”" in error.value.action


def test_what_to_connect_is_one_of_two(bakery: LinkedIn) -> None:
    with pytest.raises(InvalidContent):
        bakery.authorize("state", {"access": "everything"})


def test_a_person_who_says_no_is_not_connected(bakery: LinkedIn) -> None:
    asked = bakery.authorize("state", {})

    answer = allow(asked.url, person(JANA), "deny")

    assert answer["error"] == "user_cancelled_authorize"
    with pytest.raises(PermissionMissing):
        bakery.exchange(answer, asked.kept)


def test_a_code_works_once(bakery: LinkedIn) -> None:
    asked = bakery.authorize("state", {})
    answer = allow(asked.url, person(JANA))
    bakery.exchange(answer, asked.kept)

    with pytest.raises(TokenExpired):
        bakery.exchange(answer, asked.kept)


def test_a_wrong_secret_is_our_fault_not_the_persons(bakery: LinkedIn) -> None:
    Client.objects.filter(network="linkedin").update(client_secret="another")

    with pytest.raises(PermissionMissing, match="client id"):
        bakery.refresh()


def test_an_expired_token_says_so_and_a_refresh_mends_it(bakery: LinkedIn) -> None:
    assert bakery.token is not None
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        with pytest.raises(TokenExpired, match="run out"):
            bakery.profiles()
        newer = bakery.refresh()

    assert newer.access != bakery.token.access
    assert newer.refresh == bakery.token.refresh
    assert newer.scopes == bakery.token.scopes


def test_a_refresh_token_ends_after_its_year_whatever_was_renewed(bakery: LinkedIn) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=300)):
        bakery.refresh()

    with time_machine.travel(timezone.now() + timedelta(days=366)), pytest.raises(TokenExpired):
        bakery.refresh()


def test_a_self_serve_connection_cannot_be_renewed(alone: LinkedIn) -> None:
    with pytest.raises(TokenExpired):
        alone.refresh()


def test_revoking_gives_the_token_back_and_twice_is_no_fault(bakery: LinkedIn) -> None:
    bakery.revoke()
    bakery.revoke()

    with pytest.raises(TokenExpired, match="taken back"):
        bakery.profiles()


# --- every kind ---


def test_a_picture_goes_out_with_its_description(bakery: LinkedIn) -> None:
    publish(bakery, draft("Bread", picture()))

    upload = Upload.objects.get()
    assert body()["content"] == {"media": {"id": upload.remote_id, "altText": "A loaf"}}
    assert bytes(upload.content) == picture().open().read()
    assert Entry.objects.get().remote_id.startswith("urn:li:share:")


def test_pictures_go_out_in_order(bakery: LinkedIn) -> None:
    files = [picture(f"{colour}.jpg", colour=colour, alt=colour) for colour in ("peru", "tan", "wheat")]

    publish(bakery, draft("Three", *files))

    images = body()["content"]["multiImage"]["images"]
    assert [image["altText"] for image in images] == ["peru", "tan", "wheat"]
    assert [image["id"] for image in images] == [upload.remote_id for upload in Upload.objects.order_by("pk")]
    assert Entry.objects.get().remote_id.startswith("urn:li:ugcPost:")


def test_a_video_goes_out_in_parts_with_captions(bakery: LinkedIn) -> None:
    set_fact(PAGE, part_bytes=60_000)
    srt = "1\n00:00:00,000 --> 00:00:02,000\nThe oven opens.\n"

    publish(bakery, draft("The oven", film(), captions=srt, title="Oven"))

    upload = Upload.objects.get()
    assert bytes(upload.content) == film().open().read()
    assert upload.facts["captions"] == srt
    assert len(calls("dms-uploads", "PUT")) == -(-film().size // 60_000) + 1
    assert body()["content"] == {"media": {"id": upload.remote_id, "title": "Oven"}}
    assert Entry.objects.get().body["state"] == "PUBLISHED"


def test_an_upload_that_was_cut_off_goes_on_where_it_stopped(bakery: LinkedIn) -> None:
    set_fact(PAGE, part_bytes=60_000)
    fault(Fault.Kind.DROP_BEFORE, "dms-uploads", skip=2)
    books = MemoryLedger()
    with pytest.raises(Unavailable):
        publish(bakery, draft("The oven", film()), books)

    publish(bakery, draft("The oven", film()), books)

    parts = -(-film().size // 60_000)
    assert len(calls("dms-uploads", "PUT")) == parts  # the one that was dropped left no trace
    assert Upload.objects.count() == 1


@pytest.mark.parametrize("code", ["EXPIRED_UPLOAD_URL", "ACCESS_DENIED"])
def test_an_upload_whose_addresses_are_refused_begins_anew(bakery: LinkedIn, code: str) -> None:
    fault(Fault.Kind.REFUSED, "dms-uploads", code=code)

    publish(bakery, draft("The oven", film()))

    assert Upload.objects.count() == 2
    assert Entry.objects.get().uploads.get() == Upload.objects.latest("pk")


def test_an_upload_that_is_a_day_old_begins_anew(bakery: LinkedIn) -> None:
    fault(Fault.Kind.DROP_BEFORE, "dms-uploads")
    books = MemoryLedger()
    with pytest.raises(Unavailable):
        bakery.publish(draft("The oven", film()), books)

    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=True):
        publish(bakery, draft("The oven", film()), books)

    assert Upload.objects.count() == 2
    assert len(calls("dms-uploads", "PUT")) == 1


def test_a_video_that_was_put_together_already_is_taken_as_done(bakery: LinkedIn) -> None:
    fault(Fault.Kind.DROP_AFTER, "/rest/videos", skip=1)
    books = MemoryLedger()
    with pytest.raises(Unavailable):
        bakery.publish(draft("The oven", film()), books)

    publish(bakery, draft("The oven", film()), books)

    assert [call.status for call in calls("/rest/videos")] == [200, 200, 400]
    assert Entry.objects.count() == 1


def test_a_document_goes_out_under_its_name(bakery: LinkedIn) -> None:
    publish(bakery, draft("The week", paper()))

    assert body()["content"] == {"media": {"id": Upload.objects.get().remote_id, "title": "menu.pdf"}}
    assert Upload.objects.get().content_type == "application/pdf"


def test_a_poll_goes_out(bakery: LinkedIn) -> None:
    answers: list[Json] = ["Rye", "Wheat"]

    wanted = draft("Vote", poll_question="Rye or wheat?", poll_options=answers, poll_duration="ONE_DAY")
    publish(bakery, wanted)

    assert body()["content"]["poll"] == {
        "question": "Rye or wheat?",
        "options": [{"text": "Rye"}, {"text": "Wheat"}],
        "settings": {
            "duration": "ONE_DAY",
            "voteSelectionType": "SINGLE_VOTE",
            "isVoterVisibleToAuthor": True,
        },
    }


def test_a_link_goes_out_with_a_card_that_this_desk_made(bakery: LinkedIn, bread_page: str) -> None:
    publish(bakery, draft("Read this", link=bread_page))

    [thumbnail] = Upload.objects.all()
    assert body()["content"]["article"] == {
        "source": bread_page,
        "title": "Rye, from the start",
        "description": "Three days of patience.",
        "thumbnail": thumbnail.remote_id,
    }


def test_the_cards_words_may_be_ones_own(bakery: LinkedIn, bread_page: str) -> None:
    publish(bakery, draft("Read", link=bread_page, link_title="Mine", link_description="Also mine"))

    article = body()["content"]["article"]
    assert (article["title"], article["description"]) == ("Mine", "Also mine")


def test_a_page_that_cannot_be_read_is_a_card_by_its_address(bakery: LinkedIn) -> None:
    publish(bakery, draft("Read", link="http://127.0.0.1:9/nothing"))

    assert body()["content"]["article"] == {
        "source": "http://127.0.0.1:9/nothing",
        "title": "127.0.0.1:9",
    }


def test_the_first_link_of_a_text_gets_a_card_where_its_page_can_be_read(
    bakery: LinkedIn, bread_page: str
) -> None:
    publish(bakery, draft(f"Read {bread_page} today", card=True))
    publish(bakery, draft("Read http://127.0.0.1:9/nothing today", card=True))
    publish(bakery, draft(f"No card for {bread_page}", card=False))

    contents = [call.body.get("content") for call in calls("/rest/posts")]
    assert contents[0]["article"]["title"] == "Rye, from the start"
    assert contents[1:] == [None, None]


def test_a_cards_picture_that_linkedin_cannot_use_is_left_out(bakery: LinkedIn, bread_page: str) -> None:
    fault(Fault.Kind.PROCESSING_FAILS, "dms-uploads")

    publish(bakery, draft("Read this", link=bread_page))

    assert "thumbnail" not in body()["content"]["article"]


def test_a_repost_names_the_post_it_repeats(bakery: LinkedIn) -> None:
    first = publish(bakery, draft("First"))

    publish(bakery, draft("Again, because it was good", reshare=first.permalink))

    assert body()["reshareContext"] == {"parent": first.remote_id}
    assert "content" not in body()


def test_switches_and_audience_are_sent(bakery: LinkedIn) -> None:
    chosen: list[Json] = ["urn:li:geo:103644278", "urn:li:industry:96", "urn:li:geo:101282230"]

    publish(bakery, draft("Closed", no_reshares=True, no_comments=True, audience=chosen))

    entry = Entry.objects.get()
    assert body()["isReshareDisabledByAuthor"] is True
    assert body()["distribution"]["targetEntities"] == [
        {
            "geoLocations": ["urn:li:geo:103644278", "urn:li:geo:101282230"],
            "industries": ["urn:li:industry:96"],
        }
    ]
    assert entry.body["commentsState"] == "CLOSED"


def test_a_profile_may_post_to_its_connections(profile: LinkedIn) -> None:
    publish(profile, draft("Among us", visibility="CONNECTIONS"))

    assert Entry.objects.get().body["visibility"] == "CONNECTIONS"
    assert Entry.objects.get().person.remote_id == JANA


@pytest.mark.parametrize("file", [picture(), film(), paper()])
def test_a_self_serve_profile_posts_media_though_it_may_not_look_at_them(
    alone: LinkedIn, file: MediaFile
) -> None:
    publish(alone, draft("Mine", file))

    assert Entry.objects.get().uploads.count() == 1


def test_media_that_linkedin_is_not_done_with_are_waited_for(bakery: LinkedIn) -> None:
    books = MemoryLedger()
    wanted = draft("Soon", picture())

    with pytest.raises(NotReady):
        bakery.publish(wanted, books)
    bakery.publish(wanted, books)

    assert Entry.objects.count() == 1
    assert Upload.objects.count() == 1


@pytest.mark.parametrize("file", [picture(), paper()])
def test_media_that_linkedin_cannot_process_are_refused(bakery: LinkedIn, file: MediaFile) -> None:
    fault(Fault.Kind.PROCESSING_FAILS, "dms-uploads")

    with pytest.raises(MediaRejected, match="could not process"):
        publish(bakery, draft("Bad", file))

    assert not Entry.objects.exists()


def test_a_video_that_is_none_is_refused(bakery: LinkedIn) -> None:
    with pytest.raises(MediaRejected):
        publish(bakery, draft("Short", film(seconds=1)))


def test_a_post_that_linkedin_took_and_could_not_publish_is_no_success(bakery: LinkedIn) -> None:
    fault(Fault.Kind.PROCESSING_FAILS, "/rest/posts", method="POST")
    books = MemoryLedger()

    with pytest.raises(MediaRejected, match="could not publish"):
        publish(bakery, draft("Never seen"), books)

    assert books.standing is None


def test_a_page_whose_posts_may_not_be_read_still_posts(bakery: LinkedIn) -> None:
    Grant.objects.update(scopes=[scope for scope in LinkedIn.scopes if scope != "r_organization_social"])

    assert publish(bakery, draft("Blind")).remote_id == Entry.objects.get().remote_id


MEDIA = {
    "image": (picture(),),
    "images": (picture(), picture(colour="tan")),
    "video": (film(),),
    "document": (paper(),),
}


@pytest.mark.parametrize("kind", LinkedIn.kinds, ids=lambda kind: kind.name)
def test_every_kind_with_every_option_of_its_own(bakery: LinkedIn, kind: Kind) -> None:
    own = {option.name: option.example for option in LinkedIn.options if option.name == kind.option}
    options = own | {
        option.name: option.example
        for option in LinkedIn.options
        if option.applies(kind.name, own)
        and option.name not in {"reshare", "poll_question", "link", "first_comment"} - set(own)
    }
    wanted = draft("All of it", *MEDIA.get(kind.name, ()), **options)

    publish(bakery, wanted)

    assert wanted.kind == kind.name
    assert LinkedIn.check(wanted, bakery.connection.limits) == []
    assert Entry.objects.get().body["commentsState"] == "CLOSED"


# --- the first comment ---


@pytest.mark.parametrize("who", ["bakery", "profile", "alone"])
def test_a_first_comment_follows_as_plain_text(who: str, request: pytest.FixtureRequest) -> None:
    client: LinkedIn = request.getfixturevalue(who)

    publish(client, draft("Post", first_comment="More (here): #rye"))

    note = Note.objects.get()
    assert note.text == "More (here): #rye"
    assert note.author.remote_id == client.connection.remote_id
    door = "/v2/socialActions" if who == "alone" else "/rest/socialActions"
    assert len(calls(door)) == 1


def test_a_post_that_takes_no_comments_yet_stands_and_gets_its_comment_later(bakery: LinkedIn) -> None:
    set_fact(PAGE, comment_lag=3600)
    books = MemoryLedger()
    wanted = draft("Post", first_comment="More")

    with pytest.raises(Unavailable, match="comment"):
        publish(bakery, wanted, books)
    assert books.standing is not None
    set_fact(PAGE, comment_lag=0)
    bakery.publish(wanted, books)

    assert Entry.objects.count() == Note.objects.count() == 1


# --- never twice ---

LOST = [Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.EMPTY, Fault.Kind.HALF]


@pytest.mark.parametrize(("kind", "media"), [*((kind, ()) for kind in LOST), (LOST[0], (picture(),))])
def test_a_lost_answer_never_makes_a_second_post(
    bakery: LinkedIn, kind: Fault.Kind, media: tuple[MediaFile, ...]
) -> None:
    text = "" if media else "Rye (new) https://example.com/a_b #brot_tag @[Jana](urn:li:person:782bbtaQ)"
    fault(kind, "/rest/posts", method="POST")
    books = MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        publish(bakery, draft(text, *media), books)

    published = publish(bakery, draft(text, *media), books)

    assert Entry.objects.get().remote_id == published.remote_id


def test_a_post_that_was_never_sent_is_sent_once_absence_is_sure(bakery: LinkedIn) -> None:
    fault(Fault.Kind.DROP_BEFORE, "/rest/posts", method="POST")
    books = MemoryLedger()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            bakery.publish(draft("One"), books)

    aged(books, 61)
    bakery.publish(draft("One"), books)

    assert Entry.objects.count() == 1


def test_a_profiles_post_in_doubt_is_named_by_the_refusal_of_the_second(profile: LinkedIn) -> None:
    fault(Fault.Kind.DROP_AFTER, "/rest/posts", method="POST")
    books = MemoryLedger()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            profile.publish(draft("One"), books)

    aged(books, 20)
    published = profile.publish(draft("One"), books)

    assert Entry.objects.get().remote_id == published.remote_id
    assert [call.status for call in calls("/rest/posts")] == [201, 422]


def test_a_profiles_post_that_was_never_sent_is_sent(profile: LinkedIn) -> None:
    fault(Fault.Kind.DROP_BEFORE, "/rest/posts", method="POST")
    books = MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        profile.publish(draft("One"), books)

    aged(books, 20)
    profile.publish(draft("One"), books)

    assert Entry.objects.count() == 1


def test_a_profiles_poll_in_doubt_is_left_to_a_person(profile: LinkedIn) -> None:
    fault(Fault.Kind.DROP_AFTER, "/rest/posts", method="POST")
    books = MemoryLedger()
    answers: list[Json] = ["Rye", "Wheat"]
    wanted = draft("Vote", poll_question="Rye?", poll_options=answers)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            profile.publish(wanted, books)
        aged(books, 20)

    assert Entry.objects.count() == 1


@pytest.mark.parametrize("text", ["One", ""])
def test_a_profiles_post_that_linkedin_may_have_forgotten_is_left_to_a_person(
    profile: LinkedIn, text: str
) -> None:
    fault(Fault.Kind.DROP_AFTER, "/rest/posts", method="POST")
    books = MemoryLedger()
    wanted = draft(text, picture())
    with pytest.raises(OutcomeUnknown):
        publish(profile, wanted, books)

    aged(books, 20 if not text else 600)
    with pytest.raises(OutcomeUnknown):
        profile.publish(wanted, books)

    assert Entry.objects.count() == 1


def test_a_post_of_long_before_is_not_taken_for_the_one_in_doubt(profile: LinkedIn) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=8)):
        profile.publish(draft("One"), MemoryLedger())
    fault(Fault.Kind.DROP_BEFORE, "/rest/posts", method="POST")
    books = MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        profile.publish(draft("One"), books)

    aged(books, 20)
    with pytest.raises(OutcomeUnknown, match="already"):
        profile.publish(draft("One"), books)

    assert "post" not in books.results


def test_the_same_text_as_before_is_a_duplicate(bakery: LinkedIn) -> None:
    publish(bakery, draft("One"))

    with pytest.raises(Duplicate):
        publish(bakery, draft("One"))

    assert Entry.objects.count() == 1


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("who", "moment"), [*((PAGE, n) for n in range(9)), *((JANA, n) for n in (3, 4, 5, 7))]
)
def test_killed_at_every_moment_all_stands_once(sandbox: str, who: str, moment: int) -> None:
    client: Any = connected("linkedin", sandbox, person(who))
    books = MortalLedger(moment)
    wanted = draft("One", picture(), first_comment="Two")
    with pytest.raises(Killed):
        publish(client, wanted, books)

    aged(books, 120)
    publish(client, wanted, books)

    assert Entry.objects.get().uploads.count() == 1
    assert Note.objects.get().text == "Two"


@pytest.mark.parametrize("kind", LOST[::3])
def test_a_lost_answer_never_makes_a_second_comment(bakery: LinkedIn, kind: Fault.Kind) -> None:
    fault(kind, "/socialActions", method="POST")
    books = MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        publish(bakery, draft("One", first_comment="Two"), books)

    bakery.publish(draft("One", first_comment="Two"), books)

    assert Note.objects.count() == 1


def test_a_self_serve_comment_in_doubt_is_left_to_a_person(alone: LinkedIn) -> None:
    fault(Fault.Kind.DROP_AFTER, "/socialActions", method="POST")
    books = MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        publish(alone, draft("One", first_comment="Two"), books)

    aged(books, 3600)
    with pytest.raises(OutcomeUnknown):
        alone.publish(draft("One", first_comment="Two"), books)

    assert Note.objects.count() == 1


# --- looking, changing, deleting ---


def minute_ago() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=70)


@pytest.mark.parametrize(
    "text",
    [
        "Plain",
        r"All of them: \ | { } @ [ ] ( ) < > # * _ ~",
        "Tags #brot, #zwei_worte and no#tag, #1",
        "Zwei\n\nZeilen  mit   Lücken 👩‍🍳",
        "Thanks @[Guild of Stone Mills](urn:li:organization:5583111)!",
        "See https://example.com/a_(b)~c#d?e=f.",
    ],
)
def test_a_post_is_found_by_its_text(bakery: LinkedIn, text: str) -> None:
    published = publish(bakery, draft(text))

    assert bakery.find(draft(text), minute_ago()) == published
    assert bakery.find(draft(f"{text} or not"), minute_ago()) is None
    shown = text.replace("@[Guild of Stone Mills](urn:li:organization:5583111)", "Guild of Stone Mills")
    assert Entry.objects.get().text == shown


def test_a_list_that_lags_is_given_time(bakery: LinkedIn) -> None:
    set_fact(PAGE, index_lag=30)
    with pytest.raises(OutcomeUnknown):
        bakery.find(draft("One"), datetime.now(UTC))


def test_a_post_of_yesterday_is_not_found(bakery: LinkedIn) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1)):
        publish(bakery, draft("One"))

    assert bakery.find(draft("One"), minute_ago()) is None


def test_nobody_finds_a_profiles_posts_or_pictures_alone(bakery: LinkedIn, profile: LinkedIn) -> None:
    for client, wanted in ((profile, draft("One")), (bakery, draft("", picture()))):
        with pytest.raises(OutcomeUnknown):
            client.find(wanted, minute_ago())


def test_a_post_is_recognised_by_its_address(bakery: LinkedIn) -> None:
    published = publish(bakery, draft("One"))
    number = published.remote_id.rpartition(":")[2]

    for address in (
        published.permalink,
        f"https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A{number}",
        f"https://www.linkedin.com/posts/morgenrot-bakery_brot-share-{number}-abcd?utm_source=share",
    ):
        assert bakery.recognise(address) == {"urn": published.remote_id}


def test_what_is_not_the_pages_post_is_not_recognised(bakery: LinkedIn, profile: LinkedIn) -> None:
    other = publish(profile, draft("Mine"))

    for address in ("https://www.linkedin.com/company/morgenrot", other.permalink):
        with pytest.raises(Refused):
            bakery.recognise(address)


def test_a_text_is_changed(bakery: LinkedIn) -> None:
    published = publish(bakery, draft("Wheat"))

    assert bakery.edit(published, draft("Rye (instead)")) == published

    assert Entry.objects.get().text == "Rye (instead)"
    assert calls("/rest/posts/")[-1].body == {"patch": {"$set": {"commentary": r"Rye \(instead\)"}}}


@pytest.mark.parametrize("who", ["bakery", "profile", "alone"])
def test_a_post_is_deleted_and_twice_is_no_fault(who: str, request: pytest.FixtureRequest) -> None:
    client: LinkedIn = request.getfixturevalue(who)
    published = publish(client, draft("One"))

    client.delete(published)
    client.delete(published)

    assert not Entry.objects.filter(deleted_at=None).exists()


def test_the_permalink_opens(bakery: LinkedIn) -> None:
    published = publish(bakery, draft("Rye #brot", picture()))

    answer = Browser().get(urlsplit(published.permalink).path, follow=True)

    assert answer.status_code == 200
    assert "Rye" in answer.content.decode()
