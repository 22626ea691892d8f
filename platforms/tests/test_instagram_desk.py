"""Instagram after a post stands: numbers, what people write, answers, order, and webhooks."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from platforms.content import Incoming, Message, Published
from platforms.errors import InvalidContent, OutcomeUnknown, Refused
from platforms.instagram import Instagram
from platforms.ledger import MemoryLedger
from platforms.sandbox.instagram import arrive, webhook
from platforms.sandbox.models import Entry, Fault, Grant, Note, Person
from platforms.tests.conftest import Shelf
from platforms.tests.connected import WEBHOOK_SECRET, connected
from platforms.tests.files import film, picture
from platforms.tests.instagram_world import by_instagram, draft, sent, set_fact, settled, the_post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bakery(sandbox: str) -> Person:
    return Person.objects.get(network="instagram", handle="morgenrot.bakery")


@pytest.fixture
def anneke(sandbox: str) -> Person:
    return Person.objects.get(network="instagram", handle="anneke.w")


@pytest.fixture(params=["instagram", "facebook"])
def client(request: pytest.FixtureRequest, sandbox: str, bakery: Person) -> Instagram:
    """Connected by either way in."""
    if request.param == "instagram":
        return by_instagram(sandbox, bakery)
    return connected("instagram", sandbox, bakery)  # type: ignore[return-value]


@pytest.fixture
def by_facebook(sandbox: str, bakery: Person) -> Instagram:
    return connected("instagram", sandbox, bakery)  # type: ignore[return-value]


@pytest.fixture
def post(client: Instagram, shelf: Shelf) -> Published:
    return settled(client, draft("Rye at nine", shelf(picture())))


def older(**age: float) -> None:
    for entry in Entry.objects.all():
        Entry.objects.filter(pk=entry.pk).update(created_at=entry.created_at - timedelta(**age))


# --- numbers ---


def test_numbers_of_a_picture_grow(client: Instagram, post: Published) -> None:
    older(hours=20)

    numbers = client.post_metrics(post)

    assert set(numbers.values) == {
        *("views", "reach", "likes", "comments", "shares", "reposts", "saves", "clicks", "engagements"),
        *("new_followers", "profile_views"),
    }
    assert numbers.values["views"] >= numbers.values["reach"] > 0
    assert set(numbers.values) <= set(Instagram.post_numbers)
    assert numbers.raw["saved"] == numbers.values["saves"]


def test_numbers_of_a_reel_know_how_long_people_watched(client: Instagram, shelf: Shelf) -> None:
    reel = settled(client, draft("Four", shelf(film())))
    older(hours=20)

    values = client.post_metrics(reel).values

    assert values["average_watch_seconds"] == 4.2
    assert values["watch_seconds"] == pytest.approx(values["views"] * 4.2)


def test_story_that_few_have_seen_has_no_numbers_and_that_is_no_fault(
    client: Instagram, shelf: Shelf
) -> None:
    story = settled(client, draft("", shelf(picture(size=(1080, 1920))), kind="story"))

    early = client.post_metrics(story)
    older(hours=20)
    late = client.post_metrics(story)

    assert "views" not in early.values
    assert late.values["views"] > 5
    assert ("clicks" in late.raw or "link_clicks" in late.raw) is client.is_by_facebook


def test_without_the_right_to_insights_the_plain_counts_are_told(client: Instagram, post: Published) -> None:
    for grant in Grant.objects.all():
        grant.scopes = [scope for scope in grant.scopes if "insights" not in scope]
        grant.save()

    assert set(client.post_metrics(post).values) == {"likes", "comments"}
    assert set(client.account_metrics().values) == {"followers", "posts"}


def test_numbers_of_the_account(client: Instagram, post: Published) -> None:
    older(hours=20)

    values = client.account_metrics().values

    assert set(values) == set(Instagram.account_numbers)
    assert (values["followers"], values["posts"]) == (1840, 1)


def test_small_accounts_are_not_told_who_came(sandbox: str) -> None:
    potters = by_instagram(sandbox, Person.objects.get(handle="kilnandclay"))

    values = potters.account_metrics().values

    assert values["followers"] == 84
    assert "new_followers" not in values


# --- what people write ---


def test_comments_with_replies_mentions_and_messages_come_in(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    comment = arrive("comment", bakery, anneke, "Is it warm?", the_post())
    theo = Person.objects.get(handle="theo.brandt")
    reply = arrive("comment", bakery, theo, "It is!", the_post())
    Note.objects.filter(pk=reply.pk).update(parent_id=comment.remote_id)
    mention = arrive("mention", bakery, anneke, "Best rye: @morgenrot.bakery")
    direct = arrive("direct", bakery, anneke, "Open on Sunday?")

    inbox = client.messages({}, [post])

    told = {message.remote_id: message for message in inbox.messages}
    assert set(told) == {comment.remote_id, reply.remote_id, mention.remote_id, direct.remote_id}
    assert (told[comment.remote_id].author.handle, told[comment.remote_id].post_id) == (
        "anneke.w",
        post.remote_id,
    )
    assert told[reply.remote_id].parent_id == told[reply.remote_id].thread_id == comment.remote_id
    assert told[mention.remote_id].kind == "mention"
    assert told[direct.remote_id].thread_id == anneke.remote_id
    assert not any(message.is_ours for message in inbox.messages)
    assert client.messages(inbox.cursor, [post]).messages == inbox.messages  # read a little over again


def test_what_was_read_long_ago_is_not_told_again(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    arrive("comment", bakery, anneke, "Is it warm?", the_post())
    cursor = client.messages({}, [post]).cursor

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        later = {"at": (datetime.now(UTC)).isoformat()}

    assert cursor["at"]
    assert client.messages(later, [post]).messages == ()


def test_messages_that_the_owner_keeps_closed_do_not_hide_comments(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    set_fact(bakery, messages_off=True)
    arrive("comment", bakery, anneke, "Is it warm?", the_post())

    assert [message.kind for message in client.messages({}, [post]).messages] == ["comment"]


def test_comments_of_a_post_that_is_gone_are_none(client: Instagram, post: Published) -> None:
    assert client.messages({}, [replace(post, remote_id="18999999999999999")]).messages == ()


def incoming(client: Instagram, kind: str, bakery: Person, anneke: Person) -> Message:
    entry = the_post() if kind == "comment" else None
    note = arrive(kind, bakery, anneke, "Is it warm?", entry)
    posts = [Published(entry.remote_id, "")] if entry else []
    return next(one for one in client.messages({}, posts).messages if one.remote_id == note.remote_id)


@pytest.mark.parametrize("kind", ["comment", "direct", "mention"])
def test_answer_goes_out_and_is_ours(
    client: Instagram, bakery: Person, anneke: Person, post: Published, kind: str
) -> None:
    message = incoming(client, kind, bakery, anneke)

    answer = client.reply(message, "Still warm!", MemoryLedger())

    note = Note.objects.get(text="Still warm!")
    assert (answer.remote_id, answer.is_ours, answer.kind) == (note.remote_id, True, kind)
    assert note.author == bakery
    if kind == "comment":
        assert note.parent_id == message.remote_id


def test_answer_to_a_reply_goes_to_its_parent(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    message = incoming(client, "comment", bakery, anneke)
    reply = replace(message, remote_id="1", parent_id=message.remote_id)

    client.reply(reply, "To you both", MemoryLedger())

    assert Note.objects.get(text="To you both").parent_id == message.remote_id


@pytest.mark.parametrize(("kind", "path"), [("comment", "/replies"), ("direct", "/messages")])
def test_answer_whose_answer_was_lost_is_found(
    client: Instagram, bakery: Person, anneke: Person, post: Published, kind: str, path: str
) -> None:
    message, books = incoming(client, kind, bakery, anneke), MemoryLedger()
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_AFTER, path=path, method="POST")
    with pytest.raises(OutcomeUnknown):
        client.reply(message, "Still warm!", books)

    answer = client.reply(message, "Still warm!", books)

    assert answer.remote_id == Note.objects.get(text="Still warm!").remote_id


def test_answer_below_somebody_elses_post_cannot_be_looked_up(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    message, books = incoming(client, "mention", bakery, anneke), MemoryLedger()
    Fault.objects.create(network="instagram", kind=Fault.Kind.DROP_AFTER, path="/mentions")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.reply(message, "Thank you!", books)

    assert Note.objects.filter(text="Thank you!").count() == 1


@pytest.mark.parametrize(("age", "tag"), [(timedelta(hours=2), None), (timedelta(days=3), "HUMAN_AGENT")])
def test_window_for_messages_is_kept(
    client: Instagram, bakery: Person, anneke: Person, post: Published, age: timedelta, tag: str | None
) -> None:
    message = incoming(client, "direct", bakery, anneke)
    written_at = timezone.now() - age
    Note.objects.filter(kind="direct").update(created_at=written_at)

    client.reply(replace(message, created_at=written_at), "Sorry, late", MemoryLedger())

    assert sent("/messages")[-1].get("tag") == tag


def test_after_a_week_nobody_may_answer(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    message = incoming(client, "direct", bakery, anneke)
    late = replace(message, created_at=message.created_at - timedelta(days=8))

    with pytest.raises(InvalidContent, match="7 days"):
        client.reply(late, "Too late", MemoryLedger())

    Note.objects.update(created_at=late.created_at)
    with pytest.raises(InvalidContent, match="too long ago"):
        client.reply(message, "Too late", MemoryLedger())


def test_long_answers_are_refused_before_they_are_sent(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    for kind, length in (("comment", 2201), ("direct", 1001)):
        message = incoming(client, kind, bakery, anneke)
        with pytest.raises(InvalidContent, match="at most"):
            client.reply(message, "x" * length, MemoryLedger())


# --- keeping order ---


def test_comment_is_hidden_shown_and_deleted(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    message = incoming(client, "comment", bakery, anneke)

    client.moderate(message, "hide")
    hidden = Note.objects.get().is_hidden
    client.moderate(message, "unhide")
    shown = not Note.objects.get().is_hidden
    client.moderate(message, "delete")
    client.moderate(message, "delete")

    assert hidden
    assert shown
    assert Note.objects.get().deleted_at


def test_comment_is_liked_through_facebook_only(
    client: Instagram, bakery: Person, anneke: Person, post: Published
) -> None:
    message = incoming(client, "comment", bakery, anneke)

    if not client.is_by_facebook:
        with pytest.raises(Refused, match="through Facebook"):
            client.moderate(message, "like")
        return
    client.moderate(message, "like")
    assert Note.objects.get().likes == 1
    client.moderate(message, "unlike")
    assert Note.objects.get().likes == 0


def test_message_gets_a_heart(client: Instagram, bakery: Person, anneke: Person, post: Published) -> None:
    message = incoming(client, "direct", bakery, anneke)

    client.moderate(message, "like")

    assert Note.objects.get(kind="direct").likes == 1


# --- webhooks ---


def told(note: Note, **changed: Any) -> Incoming:
    headers, body = webhook(note, WEBHOOK_SECRET)
    return Incoming("POST", "http://here/hook", {**headers, **changed}, {}, body)


@pytest.mark.parametrize("kind", ["comment", "direct"])
def test_webhook_tells_what_was_written(
    client: Instagram, bakery: Person, anneke: Person, post: Published, kind: str
) -> None:
    note = arrive(kind, bakery, anneke, "Grüße / 3 €", the_post() if kind == "comment" else None)
    request = told(note)

    [event] = client.parse_webhook(request)

    assert client.verify_webhook(request)
    assert (event.kind, event.account_id) == ("message", bakery.remote_id)
    assert event.message is not None
    assert (event.message.text, event.message.remote_id) == ("Grüße / 3 €", note.remote_id)
    assert not event.message.is_ours
    assert abs(event.message.created_at - note.created_at) < timedelta(seconds=2)
    [read] = client.messages({}, [post]).messages
    assert read.thread_id == event.message.thread_id


def test_mention_is_told_by_its_numbers(client: Instagram, bakery: Person, anneke: Person) -> None:
    note = arrive("mention", bakery, anneke, "@morgenrot.bakery")

    [event] = client.parse_webhook(told(note))

    assert (event.kind, event.remote_id) == ("other", note.remote_id)
    assert event.extra == {"field": "mentions", "media_id": note.remote_id}


def test_forged_webhook_is_not_believed(by_facebook: Instagram, bakery: Person, anneke: Person) -> None:
    note = arrive("direct", bakery, anneke, "Pay here")
    good = told(note)

    forged = replace(good, body=good.body.replace(b"Pay here", b"Pay now!"))

    assert not by_facebook.verify_webhook(forged)
    assert not by_facebook.verify_webhook(told(note, **{"x-hub-signature-256": ""}))
    assert not by_facebook.verify_webhook(told(note, **{"x-hub-signature-256": "sha256=é"}))


def test_webhook_may_be_signed_with_the_secret_of_either_app(
    by_facebook: Instagram, bakery: Person, anneke: Person
) -> None:
    note = arrive("direct", bakery, anneke, "Hello")
    app = replace(by_facebook.connection.app, client_secret="another sandbox-secret")

    assert Instagram(replace(by_facebook.connection, app=app)).verify_webhook(told(note))


def test_instagram_is_greeted_with_its_challenge(by_facebook: Instagram) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": WEBHOOK_SECRET}
    greeting = Incoming("GET", "http://here/hook", {}, query, b"")

    assert by_facebook.greet_webhook(greeting) == "1158"
    assert by_facebook.greet_webhook(replace(greeting, query={**query, "hub.verify_token": "no"})) is None


def hook(by_facebook: Instagram, **entry: Any) -> Any:
    body = json.dumps({"object": "instagram", "entry": [{"id": "17841", "time": 1758000000, **entry}]})
    return by_facebook.parse_webhook(Incoming("POST", "http://here/", {}, {}, body.encode()))


def test_other_shapes_that_documents_show_are_read(by_facebook: Instagram) -> None:
    author, image = {"id": "232", "username": "ann"}, {"type": "image", "payload": {"url": "https://x/y"}}
    value = {"from": author, "media": {"id": "123"}, "text": "nice", "comment_id": "178", "parent_id": "9"}

    [bare] = hook(by_facebook, field="comments", value=value)
    [echo] = hook(by_facebook, messaging=[message("mid", text="hi", is_echo=True)])
    [gone] = hook(by_facebook, messaging=[message("mid", is_deleted=True)])
    [read] = hook(by_facebook, messaging=[{"sender": {"id": "1"}, "read": {"mid": "m"}}])
    [photo] = hook(by_facebook, messaging=[message("mid", attachments=[image])])

    assert (bare.message.remote_id, bare.message.parent_id) == ("178", "9")
    assert echo.message.is_ours
    assert (gone.kind, read.kind, read.extra["field"]) == ("message_deleted", "other", "read")
    assert photo.message.attachments == ("https://x/y",)


def message(mid: str, **said: Any) -> dict[str, Any]:
    ends = {"sender": {"id": "1"}, "recipient": {"id": "17841"}}
    return {**ends, "timestamp": 1758000000000, "message": {"mid": mid, **said}}
