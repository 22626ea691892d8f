"""What people write on X and what the numbers say: mentions, answers, messages, likes, webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from platforms.content import Draft, Incoming, Message, Part, Published
from platforms.errors import NotFound, OutcomeUnknown, PermissionMissing, RateLimited
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Call, Entry, Fault, Note, Person
from platforms.sandbox.x import arrive, webhook
from platforms.sandbox.x_inbox import signature
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import WEBHOOK_SECRET
from platforms.tests.contract.desk import publish
from platforms.tests.files import film
from platforms.tests.x_world import named, set_fact, speaking_for
from platforms.x import INDEX_LAG, X

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "How early do you open?"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return named("hafenbaecker")


@pytest.fixture
def mina(sandbox: str) -> Person:
    return named("minaworks")


@pytest.fixture
def client(sandbox: str, baker: Person) -> X:
    return speaking_for(baker, sandbox)


@pytest.fixture
def published(client: X) -> Published:
    return client.publish(draft("Rye at six", "And oats at seven"), MemoryLedger())


@pytest.fixture
def write(baker: Person, mina: Person) -> Callable[..., Note]:
    """Mina writes to the bakery."""

    def by_mina(kind: str, text: str = QUESTION, on: str = "") -> Note:
        entry = Entry.objects.get(remote_id=on) if on else None
        return arrive(kind, baker, mina, text, entry)

    return by_mina


def draft(*texts: str, **rest: Any) -> Draft:
    return Draft("key", datetime.now(UTC), tuple(Part(text, rest.get("media", ())) for text in texts))


def calls(method: str, path: str) -> list[Call]:
    return list(Call.objects.filter(network="x", method=method, path__contains=path).order_by("pk"))


# --- reading ---


def test_an_answer_is_a_comment_on_the_post(
    client: X, published: Published, write: Callable[..., Note]
) -> None:
    note = write("comment", "Warm & fresh? https://example.com/a?b=1", on=published.part_ids[1])

    [message] = client.messages({}, [published]).messages

    assert (message.kind, message.text) == ("comment", "Warm & fresh? https://example.com/a?b=1")
    assert (message.author.handle, message.author.name) == ("minaworks", "Mina Works")
    assert message.author.avatar_url
    assert (message.post_id, message.parent_id) == (published.remote_id, published.part_ids[1])
    assert message.permalink.endswith(f"/minaworks/status/{note.remote_id}")
    assert not message.is_ours


@pytest.mark.parametrize("vocabulary", ["post", "tweet"])
def test_a_mention_stands_by_itself(
    client: X, baker: Person, write: Callable[..., Note], vocabulary: str
) -> None:
    set_fact(baker, vocabulary=vocabulary)
    write("mention", "Try @HafenBaecker, by the market")

    [message] = client.messages({}, []).messages

    assert (message.kind, message.text) == ("mention", "Try @HafenBaecker, by the market")
    assert message.post_id == ""
    assert message.thread_id == message.remote_id


def test_a_post_of_somebody_else_that_names_us_is_a_mention(client: X, sandbox: str, mina: Person) -> None:
    speaking_for(mina, sandbox).publish(draft("@hafenbaecker makes the best rye"), MemoryLedger())

    [message] = client.messages({}, []).messages

    assert (message.kind, message.text) == ("mention", "makes the best rye")


def test_messages_come_with_what_we_wrote_there(client: X, write: Callable[..., Note]) -> None:
    write("direct")
    [asked] = client.messages({}, []).messages
    client.reply(asked, "At seven", MemoryLedger())

    first, second = client.messages({}, []).messages

    assert (first.kind, first.text, first.author.name, first.is_ours) == (
        "direct",
        QUESTION,
        "Mina Works",
        False,
    )
    assert (second.text, second.is_ours) == ("At seven", True)
    assert first.thread_id == second.thread_id == "1072250532645998596-1185364920117854208"


def test_only_what_is_new_comes_the_next_time(
    client: X, published: Published, write: Callable[..., Note]
) -> None:
    for kind in ("comment", "mention", "direct"):
        write(kind)
    inbox = client.messages({}, [published])
    again = client.messages(inbox.cursor, [published])
    write("mention", "One more thing @hafenbaecker")
    write("direct", "And on Sundays?")

    last = client.messages(again.cursor, [published])

    assert len(inbox.messages) == 3
    assert again.messages == ()
    assert [message.text for message in last.messages] == ["One more thing @hafenbaecker", "And on Sundays?"]
    assert json.loads(json.dumps(last.cursor)) == last.cursor


def test_what_shows_late_is_not_missed(client: X, write: Callable[..., Note]) -> None:
    late = write("mention", "Late @hafenbaecker")
    Note.objects.filter(pk=late.pk).update(deleted_at=timezone.now())
    write("mention", "On time @hafenbaecker")
    inbox = client.messages({}, [])
    Note.objects.filter(pk=late.pk).update(deleted_at=None)

    after = client.messages(inbox.cursor, [])

    assert [message.text for message in after.messages] == ["Late @hafenbaecker"]


def test_a_full_inbox_is_read_page_by_page(client: X, write: Callable[..., Note]) -> None:
    for n in range(105):
        write("mention", f"{n} @hafenbaecker")
        write("direct", f"Message {n}")

    inbox = client.messages({}, [])

    assert len({message.remote_id for message in inbox.messages}) == 210
    times = [message.created_at for message in inbox.messages]
    assert times == sorted(times)


def test_a_connection_without_the_scope_brings_mentions_alone(client: X, write: Callable[..., Note]) -> None:
    write("mention")
    write("direct")
    assert client.token
    client.token = replace(client.token, scopes=("tweet.read", "tweet.write", "users.read"))

    inbox = client.messages({}, [])

    assert [message.kind for message in inbox.messages] == ["mention"]
    assert not calls("GET", "/2/dm_events")


# --- answering, at most once ---


def answered(client: X, message: Message, books: MemoryLedger) -> Message:
    return client.reply(message, "At seven, as on every day.", books)


def stand(kind: str) -> int:
    if kind == "direct":
        return Note.objects.filter(kind="direct", text__startswith="At seven").count()
    return Entry.objects.filter(text__startswith="At seven", deleted_at=None).count()


@pytest.mark.parametrize("kind", ["comment", "mention", "direct"])
def test_an_answer_whose_receipt_was_lost_is_found(
    client: X, published: Published, write: Callable[..., Note], kind: str
) -> None:
    write(kind)
    [message] = client.messages({}, [published]).messages
    path = "/messages" if kind == "direct" else "/2/tweets"
    Fault.objects.create(network="x", kind=Fault.Kind.DROP_AFTER, path=path, method="POST")
    books = MemoryLedger()

    with pytest.raises(OutcomeUnknown):
        answered(client, message, books)
    answer = answered(client, message, books)

    assert stand(kind) == 1
    assert answer.is_ours
    assert answer.thread_id == message.thread_id


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["comment", "direct"])
@pytest.mark.parametrize("moment", range(3))
def test_killed_at_every_moment_the_answer_stands_once(
    client: X, published: Published, write: Callable[..., Note], kind: str, moment: int
) -> None:
    write(kind)
    [message] = client.messages({}, [published]).messages
    books = MortalLedger(moment)

    with pytest.raises(Killed):
        answered(client, message, books)
    with time_machine.travel(timezone.now() + INDEX_LAG, tick=True):
        answered(client, message, books)

    assert stand(kind) == 1


def test_the_same_words_to_the_same_person_an_hour_later_are_a_new_message(
    client: X, write: Callable[..., Note]
) -> None:
    write("direct")
    [message] = client.messages({}, []).messages
    answered(client, message, MemoryLedger())

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        Fault.objects.create(network="x", kind=Fault.Kind.DROP_BEFORE, path="/messages", method="POST")
        books = MemoryLedger()
        with pytest.raises(OutcomeUnknown):
            answered(client, message, books)
    with time_machine.travel(timezone.now() + timedelta(hours=1, minutes=2), tick=True):
        answered(client, message, books)

    assert stand("direct") == 2


def test_a_person_who_takes_no_messages_is_told_of(
    client: X, mina: Person, write: Callable[..., Note]
) -> None:
    write("direct")
    [message] = client.messages({}, []).messages
    set_fact(mina, takes_no_messages=True)

    with pytest.raises(PermissionMissing, match="write to this person"):
        answered(client, message, MemoryLedger())


def test_messages_have_a_limit_of_their_own(client: X, baker: Person, write: Callable[..., Note]) -> None:
    set_fact(baker, limits={"POST /2/dm_conversations/{id}/messages": 1})
    write("direct")
    [message] = client.messages({}, []).messages
    answered(client, message, MemoryLedger())

    with pytest.raises(RateLimited) as error:
        answered(client, message, MemoryLedger())

    assert error.value.retry_at is not None


def test_a_mention_that_is_gone_cannot_be_answered(client: X, write: Callable[..., Note]) -> None:
    note = write("mention")
    [message] = client.messages({}, []).messages
    Note.objects.filter(pk=note.pk).update(deleted_at=timezone.now())

    with pytest.raises(NotFound):
        answered(client, message, MemoryLedger())


# --- moderating ---


def test_an_answer_is_liked_hidden_and_back(
    client: X, published: Published, write: Callable[..., Note]
) -> None:
    note = write("comment")
    [message] = client.messages({}, [published]).messages
    seen = []

    for action in ("like", "hide", "unlike", "unhide"):
        client.moderate(message, action)  # type: ignore[arg-type]
        note.refresh_from_db()
        seen.append((note.likes, note.is_hidden))

    assert seen == [(1, False), (1, True), (0, True), (0, False)]


def test_an_app_that_may_not_like_is_told(client: X, baker: Person, write: Callable[..., Note]) -> None:
    write("mention")
    [message] = client.messages({}, []).messages
    set_fact(baker, access="")

    with pytest.raises(PermissionMissing, match="does not let this app like"):
        client.moderate(message, "like")


def test_a_deleted_message_is_gone_for_us_alone(
    client: X, sandbox: str, mina: Person, write: Callable[..., Note]
) -> None:
    write("direct")
    [message] = client.messages({}, []).messages

    client.moderate(message, "delete")
    client.moderate(message, "delete")

    assert client.messages({}, []).messages == ()
    assert len(speaking_for(mina, sandbox).messages({}, []).messages) == 1


# --- numbers ---


def test_a_thread_is_counted_as_one_and_its_own_answers_are_left_out(client: X, published: Published) -> None:
    metrics = client.post_metrics(published)

    assert metrics.values["comments"] == 0
    assert metrics.values["views"] == 0
    assert metrics.raw["parts"] == 2
    assert metrics.raw["reply_count"] == 1


@pytest.mark.parametrize("vocabulary", ["post", "tweet"])
def test_numbers_are_told_in_both_vocabularies(
    client: X, baker: Person, published: Published, vocabulary: str
) -> None:
    set_fact(baker, vocabulary=vocabulary)
    Entry.objects.update(created_at=timezone.now() - timedelta(days=3))

    values = client.post_metrics(published).values

    assert min(values[name] for name in ("views", "likes", "reposts", "quotes", "saves", "clicks")) > 0


def test_an_old_post_has_what_everybody_sees(client: X, published: Published) -> None:
    Entry.objects.update(created_at=timezone.now() - timedelta(days=31))

    values = client.post_metrics(published).values

    assert values["views"] > 0
    assert {"clicks", "engagements"}.isdisjoint(values)


def test_a_video_tells_how_long_it_was_watched_where_the_plan_allows(client: X) -> None:
    published = publish(client, draft("Oven", media=(film(),)), MemoryLedger())
    asked = calls("GET", "/2/media/analytics")

    told = client.post_metrics(published).values
    Fault.objects.create(
        network="x", kind=Fault.Kind.REFUSED, path="/2/media/analytics", method="GET", code="client-forbidden"
    )
    untold = client.post_metrics(published).values

    assert asked == []
    assert "watch_seconds" in told
    assert "watch_seconds" not in untold


def test_a_post_that_is_gone_has_no_numbers(client: X, published: Published) -> None:
    client.delete(published)

    with pytest.raises(NotFound):
        client.post_metrics(published)


def test_the_account_tells_followers_and_posts(client: X, published: Published) -> None:
    assert client.account_metrics().values == {"followers": 4210, "posts": 2}


def test_the_plan_is_read_afresh(client: X, baker: Person) -> None:
    before = client.account_limits()
    set_fact(baker, subscription_type="None")

    assert before == {"subscription_type": "Premium"}
    assert client.account_limits() == {"subscription_type": "None"}


# --- webhooks ---


def incoming(body: bytes, headers: dict[str, str] | None = None, **query: str) -> Incoming:
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return Incoming("GET" if query else "POST", "https://desk.example/webhooks/x/", lower, query, body)


def test_the_greeting_is_answered_with_the_consumer_secret(client: X) -> None:
    digest = hmac.new(WEBHOOK_SECRET.encode(), b"token-1", hashlib.sha256).digest()

    answer = client.greet_webhook(incoming(b"", crc_token="token-1"))

    assert answer is not None
    assert json.loads(answer) == {"response_token": f"sha256={base64.b64encode(digest).decode()}"}
    assert client.greet_webhook(incoming(b"", hub="x")) is None


def test_a_signature_is_checked(client: X, write: Callable[..., Note]) -> None:
    headers, body = webhook(write("mention"), WEBHOOK_SECRET)

    assert client.verify_webhook(incoming(body, headers))
    assert not client.verify_webhook(incoming(body + b" ", headers))
    assert not client.verify_webhook(incoming(body, signature(body, "another")))
    assert not client.verify_webhook(incoming(body))


def test_without_a_consumer_secret_nothing_is_believed(client: X) -> None:
    client.app = replace(client.app, webhook_secret="")

    assert not client.verify_webhook(incoming(b"{}", signature(b"{}", "")))
    assert client.greet_webhook(incoming(b"", crc_token="token-1")) is None


@pytest.mark.parametrize("kind", ["comment", "mention", "direct"])
def test_a_call_tells_the_same_as_a_look(
    client: X, published: Published, write: Callable[..., Note], kind: str
) -> None:
    _headers, body = webhook(write(kind, "Warm? @hafenbaecker"), WEBHOOK_SECRET)
    [polled] = client.messages({}, [published]).messages

    [event] = client.parse_webhook(incoming(body))

    assert (event.kind, event.account_id, event.remote_id) == (
        "message",
        client.connection.remote_id,
        polled.remote_id,
    )
    assert event.message
    same = (
        "remote_id",
        "kind",
        "text",
        "post_id",
        "parent_id",
        "thread_id",
        "created_at",
        "permalink",
        "is_ours",
    )
    assert [getattr(event.message, name) for name in same] == [getattr(polled, name) for name in same]
    assert event.message.author.handle == polled.author.handle


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("post.create", "post_published"),
        ("post.delete", "message_deleted"),
        ("oauth.revoke", "revoked"),
        ("follow.follow", "other"),
    ],
)
def test_other_activity_is_told_apart(client: X, told: str, kind: str) -> None:
    body = {
        "data": {"event_uuid": "u", "event_type": told, "filter": {"user_id": "1"}, "payload": {"id": "77"}}
    }

    [event] = client.parse_webhook(incoming(json.dumps(body).encode()))

    assert (event.kind, event.account_id, event.remote_id) == (kind, "1", "77")


def test_the_older_account_activity_is_understood(client: X) -> None:
    account = client.connection.remote_id
    post = {
        "id_str": "1860412340998877190",
        "text": "@hafenbaecker warm?",
        "user": {"id_str": "9", "screen_name": "bob", "name": "Bob"},
        "in_reply_to_status_id_str": "1860412340998877185",
        "in_reply_to_user_id_str": account,
    }
    own = {**post, "user": {"id_str": account, "screen_name": "hafenbaecker", "name": "Us"}}
    body = {
        "for_user_id": account,
        "tweet_create_events": [post, own],
        "tweet_delete_events": [{"status": {"id": "55"}}],
    }
    revoked = {"user_event": {"revoke": {"source": {"user_id": account}}}}

    written, gone = client.parse_webhook(incoming(json.dumps(body).encode()))
    [left] = client.parse_webhook(incoming(json.dumps(revoked).encode()))

    assert written.message
    assert (written.message.kind, written.message.text, written.message.author.name) == (
        "comment",
        "warm?",
        "Bob",
    )
    assert (gone.kind, gone.remote_id) == ("message_deleted", "55")
    assert (left.kind, left.account_id) == ("revoked", account)
