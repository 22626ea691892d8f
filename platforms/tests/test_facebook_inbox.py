"""What people write to a Facebook Page: read, answered, moderated, and told by webhooks."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from platforms.content import Author, Draft, Event, Incoming, Message, Part, Published
from platforms.errors import InvalidContent, OutcomeUnknown, PermissionMissing
from platforms.facebook import Facebook
from platforms.ledger import MemoryLedger
from platforms.sandbox import facebook as twin
from platforms.sandbox.models import Call, Entry, Fault, Note, Person
from platforms.tests.connected import WEBHOOK_SECRET, connected

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="facebook", handle="morgenrotbakery")


@pytest.fixture
def jonas(sandbox: str) -> Person:
    return Person.objects.get(network="facebook", handle="jonas.feld")


@pytest.fixture
def client(sandbox: str, bakery: Person) -> Facebook:
    found = connected("facebook", sandbox, bakery)
    assert isinstance(found, Facebook)
    return found


@pytest.fixture
def post(client: Facebook) -> Published:
    return client.publish(Draft("key", datetime.now(UTC), (Part("Rye today"),)), MemoryLedger())


def age(note: Note, by: timedelta) -> None:
    Note.objects.filter(pk=note.pk).update(created_at=datetime.now(UTC) - by)


def only(client: Facebook, post: Published) -> Message:
    [message] = client.messages({}, [post]).messages
    return message


# --- reading ---


def test_everything_that_people_wrote_comes_oldest_first(
    client: Facebook, post: Published, bakery: Person, jonas: Person
) -> None:
    for hours, kind in ((5, "direct"), (4, "review"), (3, "mention"), (2, "comment")):
        age(twin.arrive(kind, bakery, jonas, f"A {kind}"), hours * HOUR)

    found = client.messages({}, [post]).messages

    assert [(one.kind, one.text) for one in found] == [
        (kind, f"A {kind}") for kind in ("direct", "review", "mention", "comment")
    ]
    assert {one.author.name for one in found} == {"Jonas Feld"}
    assert [one.rating for one in found] == [None, 5, None, None]
    assert found[3].post_id == post.remote_id
    assert not any(one.is_ours for one in found)


def test_the_cursor_brings_what_is_new(
    client: Facebook, post: Published, bakery: Person, jonas: Person
) -> None:
    for kind in Facebook.message_kinds:
        age(twin.arrive(kind, bakery, jonas, "Old"), HOUR)
    cursor = client.messages({}, [post]).cursor
    for kind in Facebook.message_kinds:
        twin.arrive(kind, bakery, jonas, "New")

    found = client.messages(cursor, [post]).messages

    assert sorted((one.kind, one.text) for one in found) == sorted(
        (kind, "New") for kind in Facebook.message_kinds
    )


def test_a_permission_that_was_not_given_hides_its_own_kind_only(sandbox: str, bakery: Person) -> None:
    amira = Person.objects.get(handle="amira.haddad")
    bakery.facts["declines"] = ["pages_messaging", "pages_manage_metadata"]
    bakery.save()
    twin.arrive("direct", bakery, amira, "Secret")
    twin.arrive("review", bakery, amira, "Good bread")

    found = connected("facebook", sandbox, bakery).messages({}, []).messages

    assert [one.kind for one in found] == ["review"]


def test_where_nothing_may_be_read_that_is_said(client: Facebook) -> None:
    Fault.objects.create(network="facebook", kind="refused", code="10", path="/", method="GET", times=9)

    with pytest.raises(PermissionMissing):
        client.messages({"since": 1}, [Published("106_1", "")])


def test_a_post_that_is_gone_does_not_hide_the_others(
    client: Facebook, post: Published, bakery: Person, jonas: Person
) -> None:
    twin.arrive("comment", bakery, jonas, "Lovely")

    found = client.messages({}, [Published("106_404", ""), post]).messages

    assert [one.text for one in found] == ["Lovely"]


def test_the_first_look_has_facebook_call_our_webhook(client: Facebook, bakery: Person) -> None:
    cursor = client.messages({}, []).cursor
    client.messages(cursor, [])

    bakery.refresh_from_db()
    assert bakery.facts["subscribed"] == ["feed", "mention", "messages", "message_echoes", "ratings"]
    assert Call.objects.filter(path__endswith="/subscribed_apps").count() == 1


# --- answering ---


@pytest.mark.parametrize("kind", Facebook.replies_to)
def test_an_answer_is_sent_once_and_comes_back_as_ours(
    client: Facebook, post: Published, bakery: Person, jonas: Person, kind: str
) -> None:
    twin.arrive(kind, bakery, jonas, "Open on Monday?")
    Fault.objects.create(
        network="facebook",
        kind="drop_after",
        path="/messages" if kind == "direct" else "/comments",
        method="POST",
    )
    asked, ledger = only(client, post), MemoryLedger()
    with pytest.raises(OutcomeUnknown):
        client.reply(asked, "From six", ledger)

    answer = client.reply(asked, "From six", ledger)

    [note] = Note.objects.filter(author=bakery)
    assert (answer.remote_id, answer.is_ours) == (note.remote_id, True)
    assert answer.thread_id == asked.thread_id


def test_an_answer_to_an_answer_goes_to_the_first_comment(
    client: Facebook, post: Published, bakery: Person, jonas: Person
) -> None:
    first = twin.arrive("comment", bakery, jonas, "Open on Monday?")
    below = twin.arrive("comment", bakery, jonas, "Hello?")
    Note.objects.filter(pk=below.pk).update(parent_id=first.remote_id)
    found = {one.text: one for one in client.messages({}, [post]).messages}

    client.reply(found["Hello?"], "From six", MemoryLedger())

    assert Note.objects.get(author=bakery).parent_id == first.remote_id
    assert found["Hello?"].thread_id == found["Open on Monday?"].thread_id


def test_after_a_day_messenger_lets_no_answer_through(
    client: Facebook, bakery: Person, jonas: Person
) -> None:
    age(twin.arrive("direct", bakery, jonas, "Open on Monday?"), 25 * HOUR)
    [asked] = client.messages({}, []).messages

    with pytest.raises(InvalidContent, match="24 hours") as caught:
        client.reply(asked, "From six", MemoryLedger())

    assert "on Facebook itself" in caught.value.action


def test_a_review_that_hides_its_story_is_answered_on_facebook_only(client: Facebook) -> None:
    review = Message("review-1", "review", "Good", Author("9"), datetime.now(UTC), extra={"story": ""})

    with pytest.raises(InvalidContent, match="on Facebook itself"):
        client.reply(review, "Thank you", MemoryLedger())


# --- moderating ---


def test_a_comment_is_liked_hidden_and_deleted(
    client: Facebook, post: Published, bakery: Person, jonas: Person
) -> None:
    note = twin.arrive("comment", bakery, jonas, "Spam")
    message = only(client, post)

    client.moderate(message, "like")
    client.moderate(message, "like")
    client.moderate(message, "hide")
    note.refresh_from_db()
    assert (note.likes, note.is_hidden) == (1, True)

    client.moderate(message, "unlike")
    client.moderate(message, "unhide")
    note.refresh_from_db()
    assert (note.likes, note.is_hidden) == (0, False)

    client.moderate(message, "delete")
    client.moderate(message, "delete")
    note.refresh_from_db()
    assert note.deleted_at is not None


def test_a_mention_is_liked(client: Facebook, post: Published, bakery: Person, jonas: Person) -> None:
    note = twin.arrive("mention", bakery, jonas, "Best bread")

    client.moderate(only(client, post), "like")

    note.refresh_from_db()
    assert note.likes == 1


# --- webhooks ---


def incoming(headers: Mapping[str, str], body: bytes) -> Incoming:
    return Incoming("POST", "/webhooks/facebook/", headers, {}, body)


def told(client: Facebook, note: Note) -> Event:
    request = incoming(*twin.webhook(note, client.app.client_secret))
    assert client.verify_webhook(request)
    [event] = client.parse_webhook(request)
    return event


def test_facebook_is_greeted_with_its_challenge(client: Facebook) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": WEBHOOK_SECRET}

    assert client.greet_webhook(Incoming("GET", "/", {}, query, b"")) == "1158201444"
    assert client.greet_webhook(Incoming("GET", "/", {}, {**query, "hub.verify_token": "x"}, b"")) is None


@pytest.mark.parametrize("kind", Facebook.message_kinds)
def test_a_webhook_tells_the_same_message_as_the_list(
    client: Facebook, post: Published, bakery: Person, jonas: Person, kind: str
) -> None:
    note = twin.arrive(kind, bakery, jonas, "Schöne Brötchen / danke")
    listed = only(client, post)

    event = told(client, note)

    assert (event.kind, event.account_id, event.remote_id) == ("message", bakery.remote_id, listed.remote_id)
    assert event.message is not None
    for name in (
        "remote_id",
        "kind",
        "text",
        "thread_id",
        "post_id",
        "parent_id",
        "rating",
        "is_ours",
        "extra",
    ):
        assert getattr(event.message, name) == getattr(listed, name), name


def test_a_forged_webhook_is_not_believed(
    client: Facebook, post: Published, bakery: Person, jonas: Person
) -> None:
    note = twin.arrive("comment", bakery, jonas, "Lovely")
    headers, body = twin.webhook(note, client.app.client_secret)

    assert not client.verify_webhook(incoming(headers, body.replace(b"Lovely", b"Lousy")))
    assert not client.verify_webhook(incoming({}, body))
    assert not client.verify_webhook(incoming(*twin.webhook(note, "")))


def test_what_was_deleted_is_told(client: Facebook, post: Published, bakery: Person, jonas: Person) -> None:
    note = twin.arrive("comment", bakery, jonas, "Lovely")
    note.deleted_at = datetime.now(UTC)

    assert told(client, note).kind == "message_deleted"


def test_our_own_words_come_back_as_ours(client: Facebook, bakery: Person, jonas: Person) -> None:
    twin.arrive("direct", bakery, jonas, "Open on Monday?")
    [asked] = client.messages({}, []).messages
    client.reply(asked, "From six", MemoryLedger())

    event = told(client, Note.objects.get(author=bakery))

    assert event.message is not None
    assert event.message.is_ours
    assert event.message.thread_id == asked.thread_id


def test_a_post_of_the_page_is_told_and_the_rest_is_left_alone(client: Facebook, bakery: Person) -> None:
    page_id = bakery.remote_id
    value = f'{{"item":"status","verb":"add","from":{{"id":"{page_id}"}},"post_id":"1_2"}}'
    own = f'{{"field":"feed","value":{value}}}'
    other = '{"field":"feed","value":{"item":"reaction","verb":"add","from":{"id":"9"},"post_id":"1_2"}}'
    read = '{"sender":{"id":"9"},"recipient":{"id":"1"},"read":{"watermark":1}}'
    entry = f'{{"id":"{page_id}","time":1,"changes":[{own},{other}],"messaging":[{read}]}}'

    events = client.parse_webhook(incoming({}, f'{{"object":"page","entry":[{entry}]}}'.encode()))

    assert [(event.kind, event.remote_id) for event in events] == [
        ("post_published", "1_2"),
        ("other", ""),
        ("other", ""),
    ]
    assert client.parse_webhook(incoming({}, b'{"object":"user","entry":[{}]}')) == []
    assert client.parse_webhook(incoming({}, b"half")) == []


def test_comments_below_a_reel_are_read(client: Facebook, bakery: Person, jonas: Person) -> None:
    entry = Entry.objects.create(
        network="facebook",
        person=bakery,
        remote_id=f"{bakery.remote_id}_777",
        body={"kind": "reel", "video_id": "123456"},
    )
    twin.arrive("comment", bakery, jonas, "Wow", entry)

    assert only(client, Published("123456", "")).text == "Wow"
