"""Facebook's client against its twin, over real HTTP: connecting, publishing, looking, changing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from platforms.base import Connection
from platforms.content import Draft, Json, MediaFile, Part, Published
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotReady,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.facebook import Facebook
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note, Person, Upload
from platforms.sandbox.visitor import allow
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import app_at, connected, token_of, way_out
from platforms.tests.files import film, picture

pytestmark = pytest.mark.django_db(transaction=True)
BAKERY, CAFE = "104872165938412", "104218859077316"
TWO = (picture("one.jpg"), picture("two.jpg", colour="olive", alt="Two loaves"))


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="facebook", remote_id=BAKERY)


@pytest.fixture
def lena(sandbox: str) -> Person:
    return Person.objects.get(network="facebook", handle="lena.vogt")


@pytest.fixture
def client(sandbox: str, bakery: Person) -> Facebook:
    found = connected("facebook", sandbox, bakery)
    assert isinstance(found, Facebook)
    return found


def stranger(url: str, **app: str) -> Facebook:
    """The client before anybody has connected."""
    return Facebook(Connection(replace(app_at(url, "facebook"), **app), way_out(url)))


def draft(text: str = "", *media: MediaFile, **options: Json) -> Draft:
    kind = Facebook.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), (Part(text, media),), options, kind)


def published(client: Facebook, drafted: Draft, ledger: MemoryLedger | None = None) -> Published:
    """Publish, looking again as often as the network wants."""
    ledger = ledger or MemoryLedger()
    for _ in range(9):
        try:
            return client.publish(drafted, ledger)
        except NotReady:
            continue
    raise AssertionError("It is never ready.")


def sent(path: str, method: str = "POST") -> list[Any]:
    calls = Call.objects.filter(network="facebook", method=method, path__endswith=path).order_by("pk")
    return [call.body for call in calls]


def set_facts(person: Person, **facts: Any) -> None:
    person.facts = {**person.facts, **facts}
    person.save()


def grow_old(ledger: MemoryLedger, by: timedelta = timedelta(minutes=5)) -> None:
    ledger.intents = {name: began - by for name, began in ledger.intents.items()}


# --- connecting ---


def test_a_page_is_connected_with_a_token_of_its_own_that_has_no_end(sandbox: str, bakery: Person) -> None:
    token = token_of(Facebook, sandbox, bakery)

    [profile] = Facebook(Connection(app_at(sandbox, "facebook"), way_out(sandbox), token)).profiles()

    assert (profile.remote_id, profile.handle, profile.name) == (BAKERY, "morgenrotbakery", bakery.name)
    assert profile.token is not None
    assert profile.token.access.startswith("EAAP")
    assert profile.token.expires_at is None
    assert set(profile.token.scopes) == set(Facebook.scopes)
    assert requests.get(profile.url, timeout=5).status_code == 200
    assert requests.get(profile.avatar_url, timeout=5).status_code == 200


def test_the_dialog_is_asked_without_pkce_and_again_for_what_was_left_out(sandbox: str) -> None:
    asked = parse_qs(urlsplit(stranger(sandbox).authorize("state-1", {}).url).query)

    assert asked["scope"] == [",".join(Facebook.scopes)]
    assert asked["auth_type"] == ["rerequest"]
    assert "code_challenge" not in asked


def test_who_runs_several_pages_gets_each_with_its_own_token(sandbox: str, lena: Person) -> None:
    token = token_of(Facebook, sandbox, lena)

    profiles = Facebook(Connection(app_at(sandbox, "facebook"), way_out(sandbox), token)).profiles()

    assert [profile.remote_id for profile in profiles] == [BAKERY, CAFE]  # the second through a business
    assert len({profile.token.access for profile in profiles if profile.token}) == 2


def test_what_posting_needs_and_the_person_unticked_is_told_at_once(sandbox: str, bakery: Person) -> None:
    set_facts(bakery, declines=["pages_manage_posts"])

    with pytest.raises(PermissionMissing, match="create and manage posts") as caught:
        token_of(Facebook, sandbox, bakery)

    assert "leave everything ticked" in caught.value.action


def test_what_posting_does_not_need_may_be_left_out(sandbox: str, bakery: Person) -> None:
    set_facts(bakery, declines=["pages_messaging", "business_management"])

    scopes = token_of(Facebook, sandbox, bakery).scopes

    assert "pages_messaging" not in scopes
    assert "pages_manage_posts" in scopes


def test_a_page_on_which_the_person_may_not_post_is_said_to_be_one(sandbox: str, bakery: Person) -> None:
    set_facts(bakery, tasks=["ANALYZE"])

    with pytest.raises(PermissionMissing, match="not post on them"):
        connected("facebook", sandbox, bakery)


def test_saying_no_is_no_permission(sandbox: str, bakery: Person) -> None:
    asked = stranger(sandbox).authorize("state-1", {})

    with pytest.raises(PermissionMissing, match="not allowed to connect"):
        stranger(sandbox).exchange(allow(asked.url, bakery, "deny"), asked.kept)


def test_a_code_works_once(sandbox: str, bakery: Person) -> None:
    asked = stranger(sandbox).authorize("state-1", {})
    back = allow(asked.url, bakery)
    stranger(sandbox).exchange(back, asked.kept)

    with pytest.raises(PermissionMissing, match="used already"):
        stranger(sandbox).exchange(back, asked.kept)


def test_a_wrong_app_secret_is_the_operators_matter(sandbox: str, bakery: Person) -> None:
    asked = stranger(sandbox).authorize("state-1", {})

    with pytest.raises(ClientRefused):
        stranger(sandbox, client_secret="wrong").exchange(allow(asked.url, bakery), asked.kept)


def test_a_page_token_that_ended_is_asked_for_anew(client: Facebook, bakery: Person) -> None:
    Grant.objects.filter(person=bakery, facts__has_key="under").update(access="EAAPanother")

    renewed = client.refresh()

    assert renewed.access == "EAAPanother"
    assert renewed.extra == client.token.extra if client.token else False


def test_only_a_definite_no_ends_the_connection(client: Facebook, bakery: Person) -> None:
    Fault.objects.create(network="facebook", kind="broken", path=f"/{BAKERY}", method="GET")
    with pytest.raises(Unavailable):
        client.refresh()

    Fault.objects.create(network="facebook", kind="html", path=f"/{BAKERY}", method="GET")
    with pytest.raises(Unavailable):
        client.refresh()

    with pytest.raises(TokenExpired):  # the same token once more
        client.refresh()

    Grant.objects.filter(person=bakery).update(revoked_at=datetime.now(UTC))
    with pytest.raises(TokenExpired, match="password"):
        client.refresh()


def test_letting_go_takes_the_app_off_the_account(client: Facebook) -> None:
    client.revoke()
    client.revoke()

    with pytest.raises(TokenExpired):
        published(client, draft("Too late"))


def test_letting_go_of_one_of_several_pages_leaves_the_others(sandbox: str, lena: Person) -> None:
    token = token_of(Facebook, sandbox, lena)
    link = partial(Connection, app_at(sandbox, "facebook"), way_out(sandbox))
    first, second = (Facebook(link(one.token, one.remote_id)) for one in Facebook(link(token)).profiles())
    first.messages({}, [])

    first.revoke()

    assert published(second, draft("Still here")).permalink
    assert "subscribed" not in Person.objects.get(remote_id=BAKERY).facts


# --- every kind ---


def test_a_text_with_a_place_and_an_audience(client: Facebook) -> None:
    post = published(client, draft("[New] Rye today", place=CAFE, countries=["DE", "AT"], min_age="18"))

    entry = Entry.objects.get(remote_id=post.remote_id)
    assert (entry.text, entry.body["place"]) == ("[New] Rye today", "Morgenrot Café am Markt")
    assert entry.body["targeting"] == {"geo_locations": {"countries": ["DE", "AT"]}, "age_min": 18}
    assert requests.get(post.permalink, timeout=5).status_code == 200


def test_a_link_with_a_button(client: Facebook) -> None:
    post = published(client, draft("Order", link="https://morgenrot.example/", button="ORDER_NOW"))

    body = Entry.objects.get(remote_id=post.remote_id).body
    assert body == {
        "kind": "link",
        "link": "https://morgenrot.example/",
        "button": "Order now",
        "button_link": "https://morgenrot.example/",
    }


def test_a_photo_is_staged_with_its_description_and_then_posted(client: Facebook) -> None:
    post = published(client, draft("Fresh", picture(alt="A dark loaf")))

    [photo] = Entry.objects.get(remote_id=post.remote_id).pictures
    assert (photo.alt, bytes(photo.content)) == ("A dark loaf", picture().open().read())
    [staged] = sent("/photos")
    assert (staged["published"], staged["alt_text_custom"]) == ("false", "A dark loaf")
    assert sent("/feed")[0]["attached_media"] == f'[{{"media_fbid":"{photo.remote_id}"}}]'


def test_several_photos_become_one_post_in_their_order(client: Facebook) -> None:
    post = published(client, draft("Two", *TWO))

    entry = Entry.objects.get(remote_id=post.remote_id)
    assert [bytes(photo.content) for photo in entry.pictures] == [file.open().read() for file in TWO]
    assert len(sent("/feed")) == 1


def test_a_video_goes_in_the_windows_that_facebook_wants(client: Facebook, bakery: Person) -> None:
    set_facts(bakery, window=40_000)
    options: dict[str, Json] = {"title": "Dawn", "category": "FOOD_HEALTH", "is_ai_generated": True}

    post = published(client, draft("Baking", film(), **options))

    entry = Entry.objects.get(remote_id=post.remote_id)
    phases = [body["upload_phase"] for body in sent("/videos")]
    assert bytes(entry.pictures[0].content) == film().open().read()
    assert phases == ["start", *["transfer"] * -(-film().size // 40_000), "finish"]
    assert (entry.text, entry.body["title"], entry.body["is_ai_generated"]) == ("Baking", "Dawn", True)
    assert requests.get(post.permalink, timeout=5).status_code == 200


def test_a_reel_is_streamed_and_published_where_it_is_chosen(client: Facebook) -> None:
    post = published(client, draft("Crumb", film(), kind="reel", place=CAFE, collaborator=CAFE))

    entry = Entry.objects.get(remote_id=post.remote_id)
    assert entry.body["kind"] == "reel"
    assert entry.body["collaborator"] == "Morgenrot Café am Markt"
    assert bytes(entry.pictures[0].content) == film().open().read()
    assert "/reel/" in post.permalink


@pytest.mark.parametrize("file", [picture(size=(1080, 1920)), film()], ids=["photo", "video"])
def test_a_story(client: Facebook, file: MediaFile) -> None:
    post = published(client, draft("", file, kind="story"))

    entry = Entry.objects.get(remote_id=post.remote_id)
    assert entry.body["kind"] == "story"
    assert bytes(entry.pictures[0].content) == file.open().read()
    assert requests.get(post.permalink, timeout=5).status_code == 200


def test_the_first_comment_stands_below_the_post(client: Facebook) -> None:
    options: dict[str, Json] = {
        "first_comment": "By message",
        "first_comment_picture": "https://a.example/b.gif",
    }

    post = published(client, draft("Rye", **options))

    [note] = Note.objects.filter(entry__remote_id=post.remote_id)
    assert (note.text, note.author.remote_id) == ("By message", BAKERY)
    assert note.body == {"picture": "https://a.example/b.gif"}


def test_a_first_comment_that_fails_leaves_the_post_standing(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="refused", code="/1404006", path="/comments")
    ledger = MemoryLedger()

    with pytest.raises(PermissionMissing):
        published(client, draft("Rye", first_comment="By message"), ledger)

    assert ledger.standing is not None
    assert ledger.standing.remote_id == Entry.objects.get().remote_id


def test_a_post_that_facebook_does_not_know_yet_is_commented_below_its_video(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="refused", code="100/33", path="/comments")

    published(client, draft("Crumb", film(), kind="reel", first_comment="By message"))

    assert Note.objects.get().entry == Entry.objects.get()


# --- interrupted ---


def test_a_stream_goes_on_where_it_broke_off(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="drop_before", path="/video-upload/")
    ledger = MemoryLedger()
    with pytest.raises(Unavailable):
        client.publish(draft("Crumb", film(), kind="reel"), ledger)
    half = film().open().read()[:20_000]
    Upload.objects.update(content=half)

    post = published(client, draft("Crumb", film(), kind="reel"), ledger)

    assert bytes(Entry.objects.get(remote_id=post.remote_id).pictures[0].content) == film().open().read()
    assert Upload.objects.count() == 1


def test_windows_go_on_where_they_broke_off(client: Facebook, bakery: Person) -> None:
    set_facts(bakery, window=40_000)
    Fault.objects.create(network="facebook", kind="drop_after", path="/videos", method="POST", skip=2)
    ledger = MemoryLedger()
    with pytest.raises(Unavailable):
        client.publish(draft("Baking", film()), ledger)

    post = published(client, draft("Baking", film()), ledger)

    assert bytes(Entry.objects.get(remote_id=post.remote_id).pictures[0].content) == film().open().read()
    assert Upload.objects.count() == 1


def test_facebook_may_want_another_window_than_the_one_that_is_sent(client: Facebook, bakery: Person) -> None:
    set_facts(bakery, window=40_000)
    ledger = MemoryLedger()
    Fault.objects.create(network="facebook", kind="drop_before", path="/videos", method="POST", skip=1)
    with pytest.raises(Unavailable):
        client.publish(draft("Baking", film()), ledger)
    set_facts(bakery, window=30_000)

    post = published(client, draft("Baking", film()), ledger)

    assert bytes(Entry.objects.get(remote_id=post.remote_id).pictures[0].content) == film().open().read()


def test_a_photo_that_waited_for_a_day_is_staged_again(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="limited", path="/feed")
    ledger = MemoryLedger()
    with pytest.raises(RateLimited):
        client.publish(draft("Fresh", picture()), ledger)
    yesterday = (datetime.now(UTC) - timedelta(hours=24)).isoformat()
    ledger.results["photo 1"] = {**ledger.results["photo 1"], "at": yesterday}  # type: ignore[dict-item]

    published(client, draft("Fresh", picture()), ledger)

    assert "photo 1 (2)" in ledger.results
    assert len(sent("/photos")) == 2


@pytest.mark.parametrize("kind", ["", "reel", "story"])
def test_a_video_that_cannot_be_processed_is_refused(client: Facebook, kind: str) -> None:
    Fault.objects.create(network="facebook", kind="processing_fails")

    with pytest.raises(MediaRejected):
        published(client, draft("Baking", film(), kind=kind))

    assert not Entry.objects.exists()


def test_what_facebook_found_while_processing_is_said_in_words(client: Facebook) -> None:
    with pytest.raises(MediaRejected, match="540×960 at least"):
        published(client, draft("Small", film(size=(270, 480)), kind="reel"))


# --- never twice ---

KINDS: dict[str, Callable[[], Draft]] = {
    "text": lambda: draft("Rye", first_comment="By message"),
    "photos": lambda: draft("Two", *TWO),
    "photos alone": lambda: draft("", *TWO),
    "video": lambda: draft("Baking", film()),
    "reel": lambda: draft("Crumb", film(), kind="reel"),
    "story": lambda: draft("", picture(), kind="story"),
    "film story": lambda: draft("", film(), kind="story"),
}
PUBLIC = {
    "text": ("/feed", 0),
    "photos": ("/feed", 0),
    "photos alone": ("/feed", 0),
    "video": ("/videos", 2),
    "reel": ("/video_reels", 1),
    "story": ("/photo_stories", 0),
    "film story": ("/video_stories", 1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_never_makes_a_second_post(client: Facebook, kind: str) -> None:
    path, skip = PUBLIC[kind]
    Fault.objects.create(network="facebook", kind="drop_after", path=path, method="POST", skip=skip)
    ledger = MemoryLedger()
    drafted = KINDS[kind]()
    with pytest.raises(OutcomeUnknown):
        published(client, drafted, ledger)

    post = published(client, drafted, ledger)

    assert [entry.remote_id for entry in Entry.objects.all()] == [post.remote_id]


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["text", "photos alone", "video", "reel", "story"])
def test_a_worker_that_dies_anywhere_leaves_exactly_one_post(client: Facebook, kind: str) -> None:
    drafted = KINDS[kind]()
    for moment in range(40):
        Entry.objects.all().delete()
        Note.objects.all().delete()
        ledger = MortalLedger(moment)
        try:
            published(client, drafted, ledger)
        except Killed:
            grow_old(ledger)
            published(client, drafted, ledger)
            assert Entry.objects.filter(deleted_at=None).count() == 1
            assert Note.objects.count() == int(kind == "text")
        else:
            assert moment > 2
            return
    raise AssertionError("It has more moments than that.")


def test_a_comment_in_doubt_is_looked_for(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="drop_after", path="/comments", method="POST")
    ledger = MemoryLedger()
    drafted = draft("Rye", first_comment="By message")
    with pytest.raises(OutcomeUnknown):
        published(client, drafted, ledger)

    published(client, drafted, ledger)

    assert Note.objects.count() == 1


def test_absence_proves_nothing_until_lists_have_caught_up(client: Facebook, bakery: Person) -> None:
    set_facts(bakery, index_lag=1000)
    Fault.objects.create(network="facebook", kind="drop_after", path="/feed")
    ledger = MemoryLedger()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            published(client, draft("Rye"), ledger)

    set_facts(bakery, index_lag=0)
    published(client, draft("Rye"), ledger)

    assert Entry.objects.count() == 1


def test_the_same_text_twice_in_a_row_is_what_was_sent_before(client: Facebook) -> None:
    published(client, draft("Rye"))
    ledger = MemoryLedger()
    ledger.intents["post"] = datetime.now(UTC) - timedelta(minutes=5)

    post = published(client, draft("Rye"), ledger)

    assert post.remote_id == Entry.objects.get().remote_id


@pytest.mark.parametrize("kind", ["photos alone", "video", "reel", "story", "film story"])
def test_what_was_published_before_its_uploads_grew_old_is_found(client: Facebook, kind: str) -> None:
    path, skip = PUBLIC[kind]
    Fault.objects.create(network="facebook", kind="drop_after", path=path, method="POST", skip=skip)
    ledger, drafted = MemoryLedger(), KINDS[kind]()
    with pytest.raises(OutcomeUnknown):
        published(client, drafted, ledger)
    for name, result in ledger.results.items():
        if isinstance(result, dict) and "at" in result:
            yesterday = (datetime.now(UTC) - timedelta(hours=24)).isoformat()
            ledger.results[name] = {**result, "at": yesterday}
    grow_old(ledger)

    published(client, drafted, ledger)

    assert Entry.objects.count() == 1


# --- finding, changing, deleting ---


@pytest.mark.parametrize("kind", ["text", "photos", "video", "reel"])
def test_a_post_is_found_again(client: Facebook, kind: str) -> None:
    drafted = KINDS[kind]()
    post = published(client, drafted)

    found = client.find(drafted, datetime.now(UTC) - timedelta(minutes=5))

    assert found == post
    assert client.find(draft("Something else"), datetime.now(UTC) - timedelta(minutes=5)) is None
    with pytest.raises(OutcomeUnknown):
        client.find(draft("Something else"), datetime.now(UTC))


def test_a_mention_is_found_by_what_stands_around_it(client: Facebook) -> None:
    post = published(client, draft("With @[104218859077316] at noon"))
    Entry.objects.update(text="With Morgenrot Café am Markt at noon")

    found = client.find(draft("With @[104218859077316] at noon"), datetime.now(UTC) - timedelta(minutes=5))

    assert found is not None
    assert found.remote_id == post.remote_id


@pytest.mark.parametrize("kind", ["photos alone", "story"])
def test_what_has_no_text_only_a_person_can_tell(client: Facebook, kind: str) -> None:
    published(client, KINDS[kind]())

    with pytest.raises(OutcomeUnknown, match="only a person"):
        client.find(KINDS[kind](), datetime.now(UTC) - timedelta(minutes=5))


@pytest.mark.parametrize("kind", ["text", "photos", "video", "reel"])
def test_an_address_is_recognised(client: Facebook, kind: str) -> None:
    post = published(client, KINDS[kind]())
    ledger = MemoryLedger()
    ledger.results["post"] = client.recognise(post.permalink)

    again = published(client, KINDS[kind](), ledger)

    assert again == post
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["https://www.facebook.com/someone", "https://www.facebook.com/1/posts/100000000000000"]
)
def test_another_address_is_refused(client: Facebook, address: str) -> None:
    with pytest.raises(PlatformError):
        client.recognise(address)


@pytest.mark.parametrize("kind", KINDS)
def test_deleting_twice_is_deleting(client: Facebook, kind: str) -> None:
    post = published(client, KINDS[kind]())

    client.delete(post)
    client.delete(post)

    assert not Entry.objects.filter(deleted_at=None).exists()


@pytest.mark.parametrize("kind", ["text", "photos", "video", "reel"])
def test_a_text_can_be_changed(client: Facebook, kind: str) -> None:
    drafted = KINDS[kind]()
    post = published(client, drafted)

    changed = replace(drafted, parts=(Part("Spelt", drafted.media),))
    assert client.edit(post, changed) == post

    assert Entry.objects.get().text == "Spelt"


def test_pictures_and_stories_cannot_be_changed(client: Facebook) -> None:
    post = published(client, draft("Two", *TWO))
    story = published(client, draft("", picture(), kind="story"))

    with pytest.raises(InvalidContent, match="not its pictures"):
        client.edit(post, draft("Two", TWO[0]))
    with pytest.raises(InvalidContent, match="story"):
        client.edit(story, draft("", picture(), kind="story"))


# --- numbers ---


def test_numbers_of_a_post(client: Facebook) -> None:
    post = published(client, draft("Rye", first_comment="By message"))
    Entry.objects.update(created_at=datetime.now(UTC) - timedelta(days=3))

    values = client.post_metrics(post).values

    assert set(values) == {"views", "reach", "likes", "comments", "shares", "clicks"}
    assert values["comments"] == 1
    assert values["views"] > 0


def test_numbers_of_a_reel_tell_the_time_watched_in_seconds(client: Facebook) -> None:
    post = published(client, draft("Crumb", film(), kind="reel"))
    Entry.objects.update(created_at=datetime.now(UTC) - timedelta(days=3))

    metrics = client.post_metrics(post)

    assert set(metrics.values) == set(Facebook.post_numbers)
    raw = metrics.raw["post_video_avg_time_watched"]
    assert isinstance(raw, int)
    assert metrics.values["average_watch_seconds"] == raw / 1000


def test_a_story_has_no_counts(client: Facebook) -> None:
    story = published(client, draft("", picture(), kind="story"))

    assert "likes" not in client.post_metrics(story).values


def test_a_metric_that_meta_removed_is_left_out_and_the_others_stay(client: Facebook, bakery: Person) -> None:
    post = published(client, draft("Rye"))
    set_facts(bakery, gone_metrics=["post_clicks", "page_total_actions"])

    assert "clicks" not in client.post_metrics(post).values
    assert "views" in client.post_metrics(post).values
    assert set(Facebook.account_numbers) - set(client.account_metrics().values) == {"clicks"}


def test_numbers_of_a_page(client: Facebook) -> None:
    values = client.account_metrics().values

    assert set(values) == set(Facebook.account_numbers)
    assert values["followers"] == 1843


def test_without_the_permission_only_counts_are_told(sandbox: str, bakery: Person) -> None:
    set_facts(bakery, declines=["read_insights"])
    client = connected("facebook", sandbox, bakery)

    assert set(client.account_metrics().values) == {"followers"}


# --- limits ---


def test_a_limit_holds_as_long_as_the_headers_say(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="limited", path="/feed")

    with pytest.raises(RateLimited) as caught:
        published(client, draft("Rye"))

    assert caught.value.retry_at is not None
    assert timedelta(minutes=10) < caught.value.retry_at - datetime.now(UTC) < timedelta(minutes=13)


def test_the_thirty_first_reel_of_a_day_waits(client: Facebook, bakery: Person) -> None:
    set_facts(bakery, reels_a_day=0)

    with pytest.raises(RateLimited, match="too fast"):
        published(client, draft("Crumb", film(), kind="reel"))
