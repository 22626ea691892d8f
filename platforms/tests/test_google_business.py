"""The client of Google's business profiles against its twin, over real HTTP."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Draft, Incoming, Message, Published
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.google_business import GoogleBusiness
from platforms.ledger import MemoryLedger
from platforms.sandbox import google_business as twin
from platforms.sandbox import google_business_reviews as reviews
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note, Person
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.conftest import Shelf
from platforms.tests.connected import WEBHOOK_SECRET, app_at, connected, token_of, way_out
from platforms.tests.contract import desk
from platforms.tests.files import picture
from platforms.tests.google_business_drafts import draft, event, offer, wall

pytestmark = pytest.mark.django_db(transaction=True)
SHOP = "accounts/104123456789012345678/locations/987654321"
BRANCH = "accounts/112233445566/locations/987654322"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="google_business", handle="morgenrotbakery")


@pytest.fixture
def annika(sandbox: str) -> Person:
    return Person.objects.get(network="google_business", handle="annikavogt")


@pytest.fixture
def client(sandbox: str, baker: Person) -> Any:
    return connected("google_business", sandbox, baker)


@pytest.fixture
def stranger(sandbox: str) -> GoogleBusiness:
    """A client with no token yet."""
    return GoogleBusiness(Connection(app_at(sandbox, "google_business"), way_out(sandbox)))


def publish(client: Any, wanted: Draft, ledger: MemoryLedger | None = None) -> Published:
    """As the engine publishes: what Google is looking at is looked at again."""
    return desk.publish(client, wanted, ledger or MemoryLedger())


def set_fact(person: Person, **facts: Any) -> None:
    person.refresh_from_db()
    person.facts = {**person.facts, **facts}
    person.save()


def fault(kind: str, path: str = "/localPosts", method: str = "POST", **more: Any) -> None:
    Fault.objects.create(network="google_business", kind=kind, path=path, method=method, **more)


def sent(ending: str, method: str) -> list[Any]:
    calls = Call.objects.filter(path__endswith=ending, method=method).order_by("pk")
    return [call.body for call in calls]


def codes(client: Any, wanted: Draft) -> set[str]:
    return {finding.code for finding in client.check(wanted, client.connection.limits)}


# --- connecting ---


def test_every_location_that_may_post_is_a_profile_once(
    stranger: GoogleBusiness, sandbox: str, baker: Person
) -> None:
    asked = stranger.authorize("state-1", {})
    token = stranger.exchange(allow(asked.url, baker), asked.kept)

    profiles = GoogleBusiness(Connection(stranger.app, way_out(sandbox), token)).profiles()

    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    assert query["access_type"] == "offline"
    assert query["scope"] == "https://www.googleapis.com/auth/business.manage"
    assert query["code_challenge_method"] == "S256"
    assert token.refresh
    assert [profile.remote_id for profile in profiles] == [SHOP, BRANCH]
    assert [profile.handle for profile in profiles] == [
        "Maximilianstraße 12, Lindau",
        "Halbinselstraße 3, Wasserburg",
    ]
    assert {profile.name for profile in profiles} == {"Morgenrot Bakery"}
    assert [profile.limits["has_phone"] for profile in profiles] == [True, False]
    assert [profile.limits["language"] for profile in profiles] == ["en", "de"]
    assert requests.get(profiles[0].avatar_url, timeout=10).status_code == 200
    assert requests.get(profiles[0].url, timeout=10).status_code == 200


def test_accounts_and_locations_are_read_page_by_page(client: GoogleBusiness, baker: Person) -> None:
    shops = [twin.shop(str(n), f"Shop {n}", f"Street {n}", "Lindau") for n in range(103)]
    groups = [twin.account(str(n), f"Group {n}", "LOCATION_GROUP", "OWNER") for n in range(21)]
    set_fact(baker, accounts=[*groups, twin.account("700", "Last", "LOCATION_GROUP", "OWNER", *shops)])

    profiles = client.profiles()

    assert [profile.name for profile in profiles] == [f"Shop {n}" for n in range(103)]
    assert profiles[0].avatar_url == ""  # so many logos would cost as many calls


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"verify": {"hasPendingVerification": False}}, "not verified"),
        ({"complyWithGuidelines": {"recommendationReason": "BUSINESS_LOCATION_SUSPENDED"}}, "suspended"),
        ({"resolveOwnershipConflict": {}}, "Somebody else owns"),
        ({"waitForVoiceOfMerchant": {}}, "still looking"),
    ],
)
def test_a_profile_that_may_not_post_is_told_why(
    client: GoogleBusiness, baker: Person, trouble: dict[str, Any], words: str
) -> None:
    silent = twin.shop("9", "Shop", "Street", "Lindau", metadata={}, trouble=trouble)
    set_fact(baker, accounts=[twin.account("7", "Shops", "LOCATION_GROUP", "OWNER", silent)])

    with pytest.raises(PermissionMissing, match=words) as error:
        client.profiles()

    assert "business.google.com" in error.value.action or "Wait" in error.value.action


def test_an_account_without_a_profile_is_told_so(sandbox: str, annika: Person) -> None:
    token = token_of(GoogleBusiness, sandbox, annika)
    app = app_at(sandbox, "google_business")

    with pytest.raises(PermissionMissing, match="manages no business profile"):
        GoogleBusiness(Connection(app, way_out(sandbox), token)).profiles()


def test_a_project_that_is_not_approved_is_told_so_and_not_made_to_wait(
    client: GoogleBusiness, baker: Person
) -> None:
    set_fact(baker, unapproved=True)

    with pytest.raises(ClientRefused, match="not approved this installation's project") as error:
        client.profiles()

    assert "Basic API Access" in error.value.action
    assert error.value.status == 429


def test_a_renewed_connection_keeps_its_refresh_token_and_one_that_was_given_back_is_gone(
    client: GoogleBusiness,
) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        with pytest.raises(TokenExpired):
            client.account_limits()
        newer = client.refresh()
    client.revoke()
    client.revoke()

    assert client.token is not None
    assert newer.refresh == client.token.refresh
    assert not Grant.objects.filter(network="google_business", revoked_at=None).exists()
    with pytest.raises(TokenExpired):
        client.refresh()


def test_the_profile_s_own_limits_are_read_afresh(client: GoogleBusiness, baker: Person) -> None:
    baker.facts["accounts"][0]["locations"][0]["phoneNumbers"] = {}
    set_fact(baker, accounts=baker.facts["accounts"])

    assert client.account_limits()["has_phone"] is False


# --- publishing ---


def test_an_update_with_picture_and_button_goes_out_and_is_awaited(
    client: GoogleBusiness, shelf: Shelf
) -> None:
    loaf = shelf(picture(size=(1200, 900)))
    wanted = draft(loaf, button="LEARN_MORE", button_url="https://bread.example/menu")
    ledger = MemoryLedger()

    with pytest.raises(NotReady):
        client.publish(wanted, ledger)
    published = client.publish(wanted, ledger)

    assert sent("/localPosts", "POST") == [
        {
            "topicType": "STANDARD",
            "summary": "Rye at five\n\nFrom the oven.",
            "languageCode": "en",
            "callToAction": {"actionType": "LEARN_MORE", "url": "https://bread.example/menu"},
            "media": [{"mediaFormat": "PHOTO", "sourceUrl": loaf.url}],
        }
    ]
    entry = Entry.objects.get()
    assert bytes(entry.pictures[0].content) == loaf.open().read()
    assert published.remote_id == f"{SHOP}/localPosts/{entry.remote_id}"
    assert published.part_ids == (published.remote_id,)
    page = requests.get(published.permalink, timeout=10)
    assert page.status_code == 200
    assert "Learn more" in page.text


def test_an_event_has_a_title_and_the_place_s_own_times(client: GoogleBusiness) -> None:
    publish(client, event(starts="2039-12-01T18:00", ends="2039-12-01T22:30", language="de"))

    [body] = sent("/localPosts", "POST")
    assert body["topicType"] == "EVENT"
    assert body["languageCode"] == "de"
    assert body["event"] == {
        "title": "Open oven",
        "schedule": {
            "startDate": {"year": 2039, "month": 12, "day": 1},
            "startTime": {"hours": 18, "minutes": 0, "seconds": 0, "nanos": 0},
            "endDate": {"year": 2039, "month": 12, "day": 1},
            "endTime": {"hours": 22, "minutes": 30, "seconds": 0, "nanos": 0},
        },
    }


@pytest.mark.parametrize(
    ("repeat", "pattern"),
    [
        ("daily", {"dailyPattern": {}}),
        ("weekly", {"weeklyPattern": {"daysOfWeek": ["THURSDAY"]}}),
        ("monthly", {"monthlyPattern": {"dayOfMonth": 1}}),
    ],
)
def test_an_event_repeats_until_its_end(client: GoogleBusiness, repeat: str, pattern: dict[str, Any]) -> None:
    wanted = event(
        starts="2039-12-01T18:00", ends="2039-12-01T19:00", repeat=repeat, repeat_until="2040-03-01T19:00"
    )

    publish(client, wanted)

    recurrence = sent("/localPosts", "POST")[0]["event"]["recurrenceInfo"]
    assert recurrence == {"seriesEndTime": "2040-03-01T19:00:00Z", **pattern}


def test_an_offer_has_what_it_takes_to_get_it_and_never_a_button(client: GoogleBusiness) -> None:
    wanted = offer(redeem_url="https://bread.example/o", terms="While warm.", button="SHOP")

    published = publish(client, wanted)

    [body] = sent("/localPosts", "POST")
    assert body["topicType"] == "OFFER"
    assert body["offer"] == {
        "couponCode": "ROGGEN10",
        "redeemOnlineUrl": "https://bread.example/o",
        "termsConditions": "While warm.",
    }
    assert body["event"]["title"] == "Two for one"
    assert "callToAction" not in body
    page = requests.get(published.permalink, timeout=10).text
    assert "ROGGEN10" in page
    assert "While warm." in page


def test_a_button_leads_to_the_text_s_link_else_to_the_website_and_one_that_calls_nowhere(
    client: GoogleBusiness,
) -> None:
    publish(client, draft(text="Look: https://bread.example/a.", button="SHOP"))
    publish(client, draft(text="Come in", button="SHOP"))
    publish(client, draft(text="Ring us", button="CALL", button_url="https://bread.example/b"))

    assert [body["callToAction"] for body in sent("/localPosts", "POST")] == [
        {"actionType": "SHOP", "url": "https://bread.example/a"},
        {"actionType": "SHOP", "url": "https://morgenrot.example/"},
        {"actionType": "CALL"},
    ]


def test_a_post_that_google_rejects_is_told_so(client: GoogleBusiness) -> None:
    fault(Fault.Kind.PROCESSING_FAILS)

    with pytest.raises(InvalidContent, match="rejected the post") as error:
        publish(client, draft())

    assert "then try again" in error.value.action


def test_a_post_that_google_looks_at_for_an_hour_stands_as_it_is(
    client: GoogleBusiness, baker: Person
) -> None:
    set_fact(baker, looks=99)
    ledger = MemoryLedger()
    with pytest.raises(NotReady) as waiting:
        client.publish(draft(), ledger)
    assert waiting.value.retry_at - datetime.now(UTC) > timedelta(seconds=20)

    Entry.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    ledger.results["post"]["at"] = (datetime.now(UTC) - timedelta(minutes=61)).isoformat()  # type: ignore[index,call-overload]
    published = client.publish(draft(), ledger)

    assert published.remote_id
    assert "In review" in requests.get(published.permalink, timeout=10).text


def test_an_address_that_comes_late_is_fetched_and_one_that_never_comes_is_the_profile_s(
    client: GoogleBusiness, baker: Person
) -> None:
    set_fact(baker, addressless=True)

    late = publish(client, draft())
    Entry.objects.all().delete()
    ledger = MemoryLedger()
    ledger.results["address"] = {"name": f"{SHOP}/localPosts/1", "at": "", "url": ""}
    never = publish(client, draft(), ledger)

    assert "lpsid=" in late.permalink
    assert never.permalink == client.connection.limits["url"]


def test_a_picture_that_cannot_be_fetched_or_used_is_the_picture_s_fault(
    client: GoogleBusiness, shelf: Shelf
) -> None:
    nowhere = replace(picture(), url="http://127.0.0.1:1/loaf.jpg")
    tiny = shelf(picture(size=(300, 200)))

    for file in (nowhere, tiny):
        with pytest.raises(MediaRejected):
            publish(client, draft(file))
    assert Entry.objects.count() == 0


def test_each_of_several_locations_has_posts_of_its_own(client: GoogleBusiness, sandbox: str) -> None:
    branch = next(profile for profile in client.profiles() if profile.remote_id == BRANCH)
    there = GoogleBusiness(
        Connection(client.app, way_out(sandbox), client.token, BRANCH, branch.handle, branch.limits)
    )

    published = publish(there, draft())

    assert published.remote_id.startswith(f"{BRANCH}/localPosts/")
    assert sent("/localPosts", "POST")[0]["languageCode"] == "de"
    assert client.find(draft(), datetime.now(UTC) - timedelta(hours=1)) is None


# --- never twice ---


@pytest.mark.parametrize("make", [draft, event, offer])
def test_an_answer_that_is_lost_makes_no_second_post(
    client: GoogleBusiness, make: Callable[..., Draft]
) -> None:
    fault(Fault.Kind.DROP_AFTER)
    ledger, wanted = MemoryLedger(), make()

    with pytest.raises(OutcomeUnknown):
        client.publish(wanted, ledger)
    published = publish(client, wanted, ledger)

    assert Entry.objects.get().remote_id == published.remote_id.rpartition("/")[2]
    assert len(sent("/localPosts", "POST")) == 1


def test_a_post_that_the_list_does_not_show_yet_is_waited_for(client: GoogleBusiness, baker: Person) -> None:
    fault(Fault.Kind.DROP_AFTER)
    set_fact(baker, index_lag=30)
    ledger = MemoryLedger()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.publish(draft(), ledger)

    set_fact(baker, index_lag=0)
    publish(client, draft(), ledger)

    assert Entry.objects.count() == 1


def test_a_post_that_surely_is_not_there_is_sent_again(client: GoogleBusiness) -> None:
    fault(Fault.Kind.DROP_BEFORE)

    published = desk.persevere(client, draft(), MemoryLedger())

    assert published is not None
    assert Entry.objects.count() == 1


@pytest.mark.chaos
def test_a_worker_that_dies_at_any_moment_leaves_one_post(client: GoogleBusiness) -> None:
    moments = range(6)
    for dies_at in moments:
        ledger, wanted = MortalLedger(dies_at), draft(text=f"Rye {dies_at}")

        with pytest.raises(Killed):
            publish(client, wanted, ledger)
        desk.age(ledger)
        desk.persevere(client, wanted, ledger)

    assert Entry.objects.count() == len(moments)


def test_a_post_of_other_words_times_or_button_is_not_taken_for_it(client: GoogleBusiness) -> None:
    wanted = event(button="BOOK", button_url="https://bread.example/one")
    published = publish(client, wanted)
    since = datetime.now(UTC) - timedelta(hours=1)
    others = [
        replace(wanted, options={**wanted.options, **options})
        for options in (
            {"event_title": "Another"},
            {"ends": wall(9)},
            {"button_url": "https://bread.example/two"},
        )
    ]

    found = client.find(wanted, since)

    assert found is not None
    assert found.remote_id == published.remote_id
    assert [client.find(other, since) for other in others] == [None, None, None]


# --- what stands ---


def test_an_edit_sends_what_differs_and_nothing_else(client: GoogleBusiness, shelf: Shelf) -> None:
    published = publish(client, event())
    wanted = event(shelf(picture(size=(1200, 900))), event_title="Open ovens")

    edited = client.edit(published, wanted)

    [body] = [call.body for call in Call.objects.filter(method="PATCH")]
    assert body["?updateMask"] == "event,media"
    assert set(body) == {"event", "media", "?updateMask"}
    entry = Entry.objects.get()
    assert entry.body["post"]["event"]["title"] == "Open ovens"
    assert len(entry.pictures) == 1
    assert edited.remote_id == published.remote_id


def test_an_edit_takes_away_what_is_no_longer_wanted(client: GoogleBusiness, shelf: Shelf) -> None:
    published = publish(client, draft(shelf(picture()), button="SHOP"))

    client.edit(published, draft(text="Only words"))

    entry = Entry.objects.get()
    assert (entry.text, entry.pictures) == ("Only words", [])
    assert "callToAction" not in entry.body["post"]


def test_an_edit_that_changes_nothing_sends_nothing(client: GoogleBusiness) -> None:
    midnight = event(starts="2039-12-01T00:00", ends="2039-12-02T00:00")
    published = publish(client, midnight)

    assert client.edit(published, midnight).permalink == published.permalink
    assert not Call.objects.filter(method="PATCH").exists()


def test_another_kind_of_post_is_never_made_of_one_that_stands(client: GoogleBusiness) -> None:
    published = publish(client, draft())

    with pytest.raises(InvalidContent, match="another kind") as error:
        client.edit(published, offer())

    assert "post it anew" in error.value.action


def test_an_edit_whose_answer_is_lost_may_be_made_again(client: GoogleBusiness) -> None:
    published = publish(client, draft())
    fault(Fault.Kind.DROP_AFTER, method="PATCH")

    with pytest.raises(Unavailable):
        client.edit(published, draft(text="Better"))
    client.edit(published, draft(text="Better"))

    assert Entry.objects.get().text == "Better"


def test_a_post_is_deleted_and_gone_already_is_done(client: GoogleBusiness) -> None:
    published = publish(client, draft())

    client.delete(published)
    client.delete(published)

    assert Entry.objects.get().deleted_at is not None
    with pytest.raises(NotFound):
        client.edit(published, draft(text="Too late"))


def test_a_post_is_recognised_by_its_address(client: GoogleBusiness) -> None:
    published = publish(client, draft())

    assert client.recognise(f" {published.permalink} ")["name"] == published.remote_id  # type: ignore[index,call-overload]
    with pytest.raises(InvalidContent):
        client.recognise("https://local.google.com/place?id=1&use=posts&lpsid=2")


# --- before sending ---


def test_what_google_refuses_is_found_before_sending(client: GoogleBusiness, shelf: Shelf) -> None:
    assert codes(client, draft(shelf(picture(size=(1200, 900))))) == set()
    assert "text_too_long" in codes(client, draft(text="é" * 1501))
    assert "text_too_long" not in codes(client, draft(text="é" * 1500))
    assert "too_many_images" in codes(client, draft(shelf(picture()), shelf(picture(colour="teal"))))
    assert "media_too_small" in codes(client, draft(shelf(picture(size=(399, 300)))))
    assert "media_too_few_bytes" in codes(client, draft(replace(shelf(picture()), size=10_239)))
    assert "media_unreachable" in codes(client, draft(picture()))
    assert "option_required" in codes(client, event(event_title=""))
    assert "option_required" in codes(client, offer(ends=""))
    assert "option_required" in codes(client, event(repeat="weekly"))
    assert "option_too_long" in codes(client, event(event_title="x" * 59))


def test_times_that_make_no_sense_are_found_before_sending(client: GoogleBusiness) -> None:
    assert codes(client, event()) == set()
    assert "times_inverted" in codes(client, event(ends=wall(6)))
    assert "time_past" in codes(client, event(starts=wall(-3), ends=wall(-2)))
    assert "time_past" not in codes(client, event(starts=wall(-1), ends=wall(-0.3)))  # not over everywhere
    assert "times_inverted" in codes(client, event(repeat="daily", repeat_until=wall(1)))


def test_a_button_without_an_address_is_found_before_sending(client: GoogleBusiness) -> None:
    def found(limits: dict[str, Any], **options: Any) -> set[str]:
        return {finding.code for finding in client.check(draft(**options), limits)}

    assert "option_required" in found({}, button="SHOP")
    assert "option_required" not in found({"website": "https://bread.example/"}, button="SHOP")
    assert found({"has_phone": True}, button="CALL") == set()
    assert found({"has_phone": False}, button="CALL") == {"phone_missing"}
    assert "address_unused" in found({}, button="CALL", button_url="https://bread.example/")


@pytest.mark.parametrize(
    ("text", "is_warned"),
    [
        ("Ring 08382 5550100", True),
        ("Ring +49 (8382) 555-0100.", True),
        ("Open 09:00-18:00 on 01/12/2026", False),
        ("Open 08.00 - 18.00", False),
        ("0123456789abcdef and https://bread.example/0123456789", False),
    ],
)
def test_a_phone_number_in_the_text_is_warned_of(client: GoogleBusiness, text: str, is_warned: bool) -> None:
    assert ("phone_number" in codes(client, draft(text=text))) is is_warned


# --- numbers ---


def test_the_profile_s_numbers_are_sums_of_thirty_days(client: GoogleBusiness) -> None:
    metrics = client.account_metrics()

    told: Any = metrics.raw["daily_metrics"]
    assert metrics.values["clicks"] == told["WEBSITE_CLICKS"] + told["CALL_CLICKS"]
    assert metrics.values["views"] == sum(n for name, n in told.items() if "IMPRESSIONS" in name)
    assert metrics.values["engagements"] > metrics.values["clicks"] > 0
    assert "BUSINESS_CONVERSATIONS" not in told  # deprecated
    assert not GoogleBusiness.can("post_metrics")


# --- reviews ---


def test_reviews_arrive_with_their_stars_once_and_again_when_they_change(
    client: GoogleBusiness, baker: Person, annika: Person
) -> None:
    twin.arrive("review", baker, annika, "Best rye in town.", stars=5)
    note = twin.arrive("review", baker, annika, "", stars=2)

    first = client.messages({}, [])
    second = client.messages(first.cursor, [])
    reviews.revise(note, "Better now.", 4)
    third = client.messages(second.cursor, [])

    assert [(m.text, m.rating, m.author.name) for m in first.messages] == [
        ("Best rye in town.", 5, "Annika Vogt"),
        ("", 2, "Annika Vogt"),
    ]
    assert first.messages[0].permalink == client.connection.limits["url"]
    assert second.messages == ()
    assert [(m.text, m.rating) for m in third.messages] == [("Better now.", 4)]
    assert third.messages[0].remote_id == first.messages[1].remote_id


def test_many_reviews_are_read_page_by_page_and_then_only_the_newest(
    client: GoogleBusiness, baker: Person, annika: Person
) -> None:
    for n in range(60):
        with time_machine.travel(timezone.now() - timedelta(days=60 - n), tick=False):
            reviews.write("review", baker, annika, f"Visit {n}", 5, "987654321")

    first = client.messages({}, [])
    Call.objects.all().delete()
    second = client.messages(first.cursor, [])

    assert [message.text for message in first.messages] == [f"Visit {n}" for n in range(60)]
    assert second.messages == ()
    assert len(sent("/reviews", "GET")) == 1
    assert json.dumps(second.cursor)


def reviewed(client: GoogleBusiness, baker: Person, annika: Person) -> Message:
    twin.arrive("review", baker, annika, "Good rye.")
    return client.messages({}, []).messages[0]


def test_an_answer_is_put_in_place_and_its_judgement_is_told(
    client: GoogleBusiness, baker: Person, annika: Person
) -> None:
    review = reviewed(client, baker, annika)
    before = client.messages({}, []).cursor

    answer = client.reply(review, "Thank you!", MemoryLedger())
    waiting = client.messages(before, [])
    judged = client.messages(waiting.cursor, [])

    assert answer.is_ours
    assert answer.is_hidden
    assert (answer.parent_id, answer.thread_id) == (review.remote_id, review.remote_id)
    assert [(m.remote_id, m.text, m.is_hidden) for m in waiting.messages] == [
        (answer.remote_id, "Thank you!", True)
    ]
    assert [(m.extra["state"], m.is_hidden) for m in judged.messages] == [("APPROVED", False)]


def test_a_rejected_answer_says_why(client: GoogleBusiness, baker: Person, annika: Person) -> None:
    review = reviewed(client, baker, annika)
    fault(Fault.Kind.PROCESSING_FAILS, "/reply", "PUT")
    client.reply(review, "Buy our oven!", MemoryLedger())

    cursor = client.messages({}, []).cursor
    [answer] = client.messages(cursor, []).messages

    assert (answer.extra["state"], answer.extra["violation"]) == ("REJECTED", "OFF_TOPIC")
    assert answer.is_hidden


def test_an_answer_to_our_own_answer_replaces_it(
    client: GoogleBusiness, baker: Person, annika: Person
) -> None:
    answer = client.reply(reviewed(client, baker, annika), "Thanks", MemoryLedger())

    client.reply(answer, "Thank you", MemoryLedger())

    assert Note.objects.get().body["reply"]["comment"] == "Thank you"


def test_an_answer_that_is_lost_is_put_again_without_harm(
    client: GoogleBusiness, baker: Person, annika: Person
) -> None:
    review = reviewed(client, baker, annika)
    fault(Fault.Kind.DROP_AFTER, "/reply", "PUT")
    ledger = MemoryLedger()

    with pytest.raises(Unavailable):
        client.reply(review, "Thank you!", ledger)
    client.reply(review, "Thank you!", ledger)

    assert Note.objects.get().body["reply"]["comment"] == "Thank you!"


def test_an_answer_is_counted_in_bytes_before_it_is_sent(
    client: GoogleBusiness, baker: Person, annika: Person
) -> None:
    review = reviewed(client, baker, annika)

    with pytest.raises(InvalidContent, match="2 bytes too long"):
        client.reply(review, "é" * 2049, MemoryLedger())
    client.reply(review, "é" * 2048, MemoryLedger())

    assert len(sent("/reply", "PUT")) == 1


# --- Pub/Sub ---


def pushed(sandbox: str, authorization: str, body: bytes) -> Incoming:
    headers = {"authorization": authorization}
    return Incoming("POST", f"{sandbox}/webhooks/google_business/", headers, {}, body)


def test_a_push_that_google_signed_for_us_bids_us_look(
    client: GoogleBusiness, sandbox: str, baker: Person, annika: Person
) -> None:
    note = twin.arrive("review", baker, annika, "Good rye.")
    headers, body = twin.webhook(note, WEBHOOK_SECRET)
    call = pushed(sandbox, headers["Authorization"], body)

    assert client.verify_webhook(call)
    [told] = client.parse_webhook(call)
    assert (told.kind, told.account_id) == ("message", SHOP)
    assert told.remote_id == client.messages({}, []).messages[0].remote_id


def test_a_push_that_is_old_forged_or_for_somebody_else_is_not_believed(
    client: GoogleBusiness, sandbox: str
) -> None:
    def is_believed(token: str) -> bool:
        return client.verify_webhook(pushed(sandbox, f"Bearer {token}", b"{}"))

    good, now = twin.signed(WEBHOOK_SECRET), int(time.time())
    head, claims, signature = good.split(".")

    assert is_believed(good)
    assert is_believed(twin.signed(WEBHOOK_SECRET.upper()))  # Google's audiences know no case
    assert not is_believed(twin.signed("somebody-else"))
    assert not is_believed(twin.signed(WEBHOOK_SECRET, exp=now - 300))
    assert not is_believed(twin.signed(WEBHOOK_SECRET, iat=now + 300))
    assert not is_believed(twin.signed(WEBHOOK_SECRET, iss="https://evil.example"))
    assert not is_believed(f"{head}.{claims}.{signature[:-8]}AAAAAAAA")
    assert not is_believed(f"{head}.{claims}.")
    assert not is_believed("nonsense")
    assert not is_believed("")


def test_who_does_not_know_the_audience_makes_us_ask_google_nothing(
    client: GoogleBusiness, sandbox: str
) -> None:
    Call.objects.all().delete()

    assert not client.verify_webhook(pushed(sandbox, f"Bearer {twin.signed('guessed')}", b"{}"))

    assert Call.objects.count() == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"message": 1}', b'{"message": {"data": "%%%"}}'])
def test_a_push_of_nonsense_is_harmless(client: GoogleBusiness, sandbox: str, body: bytes) -> None:
    [told] = client.parse_webhook(pushed(sandbox, "", body))

    assert (told.kind, told.account_id, told.remote_id) == ("other", "", "")


# --- failures ---


def test_limits_of_a_minute_are_waited_for(client: GoogleBusiness, baker: Person) -> None:
    set_fact(baker, quota={"edits": 1})
    publish(client, draft())

    with pytest.raises(RateLimited) as error:
        publish(client, draft(text="More rye"))

    assert error.value.retry_at is not None
    assert error.value.retry_at - datetime.now(UTC) <= timedelta(minutes=1)


def test_a_location_that_lost_its_voice_is_told_so(client: GoogleBusiness, baker: Person) -> None:
    baker.facts["accounts"][0]["locations"][0]["metadata"] = {}
    set_fact(baker, accounts=baker.facts["accounts"])

    with pytest.raises(PermissionMissing, match="may not post"):
        publish(client, draft())


def test_what_exactly_is_wrong_is_kept_for_the_curious(client: GoogleBusiness) -> None:
    wanted = event()
    wanted = replace(wanted, options={**wanted.options, "ends": wall(6)})

    with pytest.raises(InvalidContent) as error:
        publish(client, wanted)

    assert "inverted" in error.value.detail


def test_a_page_of_all_posts_opens(client: GoogleBusiness, shelf: Shelf) -> None:
    for wanted in (
        draft(shelf(picture()), button="CALL"),
        event(repeat="daily", repeat_until=wall(30)),
        offer(),
    ):
        publish(client, wanted)

    page = Browser().get("/sandbox/google_business/@morgenrotbakery/").content.decode()

    assert "tel:+4983825550100" in page
    assert "every day" in page
    assert "ROGGEN10" in page
