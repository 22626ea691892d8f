"""Threads' client against its twin, over real HTTP: connecting, numbers, replies and mentions, webhooks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import time_machine
from django.utils import timezone

from platforms.base import Connection
from platforms.content import Incoming, Message, Published
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    OutcomeUnknown,
    PermissionMissing,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox import graph
from platforms.sandbox.models import Entry, Fault, Note, Person
from platforms.sandbox.threads import arrive, webhook
from platforms.sandbox.threads_replies import call
from platforms.sandbox.visitor import allow
from platforms.tests.connected import WEBHOOK_SECRET, app_at, token_of, way_out
from platforms.tests.threads_world import baker_of_threads, client_of, draft, fault, publish, standing
from platforms.threads import Threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def baker(sandbox: str) -> Person:
    return baker_of_threads()


@pytest.fixture
def client(sandbox: str, baker: Person) -> Threads:
    return client_of(sandbox, baker)


@pytest.fixture
def ida(baker: Person) -> Person:
    return Person.objects.get(network="threads", handle="ida.lindqvist")


def stranger(url: str, **app: str) -> Threads:
    """A client of nobody yet."""
    return Threads(Connection(replace(app_at(url, "threads"), **app), way_out(url)))


# --- connecting ---


def test_a_person_connects_for_sixty_days(sandbox: str, baker: Person) -> None:
    token = token_of(Threads, sandbox, baker)
    [profile] = Threads(Connection(app_at(sandbox, "threads"), way_out(sandbox), token)).profiles()

    assert token.expires_at is not None
    assert timedelta(days=59) < token.expires_at - datetime.now(UTC) <= timedelta(days=60)
    assert set(token.scopes) == set(Threads.scopes)
    assert (profile.remote_id, profile.handle, profile.name) == (
        "17841405793187218",
        "morgenrot.bakery",
        "Morgenrot Bakery",
    )
    assert profile.limits == {"geo_gating": True}
    assert profile.avatar_url.endswith("/avatar.png")


def test_a_token_is_kept_where_its_scopes_are_not_told(sandbox: str, baker: Person) -> None:
    fault(Fault.Kind.BROKEN, "debug_token", method="GET")

    assert token_of(Threads, sandbox, baker).scopes == ()


def test_the_code_is_taken_without_what_meta_hangs_on_it(sandbox: str, baker: Person) -> None:
    asked = stranger(sandbox).authorize("state", {})

    answer = allow(asked.url, baker)
    token = stranger(sandbox).exchange({**answer, "code": answer["code"] + "#_"}, asked.kept)

    assert "code_challenge" not in asked.url
    assert token.access


def test_a_person_who_says_no_is_not_connected(sandbox: str, baker: Person) -> None:
    asked = stranger(sandbox).authorize("state", {})

    with pytest.raises(PermissionMissing):
        stranger(sandbox).exchange(allow(asked.url, baker, "deny"), asked.kept)


def test_a_code_works_once(sandbox: str, baker: Person) -> None:
    asked = stranger(sandbox).authorize("state", {})
    answer = allow(asked.url, baker)
    stranger(sandbox).exchange(answer, asked.kept)

    with pytest.raises(PermissionMissing, match="used already"):
        stranger(sandbox).exchange(answer, asked.kept)


@pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"client_secret": "wrong"}])
def test_a_wrong_registration_is_not_the_persons_fault(
    sandbox: str, baker: Person, wrong: dict[str, str]
) -> None:
    asked = stranger(sandbox).authorize("state", {})
    answer = allow(asked.url, baker)

    with pytest.raises(ClientRefused):
        stranger(sandbox, **wrong).exchange(answer, asked.kept)


def test_a_token_renews_itself(client: Threads) -> None:
    newer = client.refresh()

    assert client.token is not None
    assert newer.access != client.token.access
    assert newer.scopes == client.token.scopes
    assert newer.expires_at is not None
    assert newer.expires_at > datetime.now(UTC) + timedelta(days=59)


def test_a_token_of_the_first_day_is_not_thrown_away(sandbox: str, baker: Person) -> None:
    client = client_of(sandbox, baker, issued_at=timezone.now().isoformat())

    with pytest.raises(Unavailable):
        client.refresh()

    assert client.profiles()


def test_a_token_that_ran_out_ends_the_connection(client: Threads) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        with pytest.raises(TokenExpired, match="ran out"):
            client.refresh()
        with pytest.raises(TokenExpired, match="ran out"):
            client.profiles()


def test_a_broken_answer_to_a_renewal_ends_nothing(client: Threads) -> None:
    fault(Fault.Kind.BROKEN, "refresh_access_token", method="GET")

    with pytest.raises(Unavailable):
        client.refresh()

    assert client.refresh().access


def test_nothing_is_promised_that_threads_does_not_have() -> None:
    lacking = ("revoke", "edit", "login", "register")

    assert [ability for ability in lacking if Threads.can(ability)] == []


# --- numbers ---


def test_a_post_has_numbers_in_our_words(client: Threads) -> None:
    published = publish(client, draft("Count me."))
    Entry.objects.update(created_at=timezone.now() - timedelta(days=3))

    metrics = client.post_metrics(published)

    assert tuple(metrics.values) == Threads.post_numbers
    assert metrics.values["views"] > metrics.values["likes"] > 0


def test_an_account_that_is_refused_shares_has_the_other_numbers(client: Threads, baker: Person) -> None:
    baker.facts["no_shares"] = True
    baker.save()

    metrics = client.post_metrics(publish(client, draft("Count me.")))

    assert set(metrics.values) == set(Threads.post_numbers) - {"shares"}


def test_an_account_has_followers_and_views(client: Threads) -> None:
    metrics = client.account_metrics()

    assert set(metrics.values) == set(Threads.account_numbers)
    assert metrics.values["followers"] == 2381
    views = next(row for row in cast(list[Any], metrics.raw["data"]) if row["name"] == "views")
    assert metrics.values["views"] == sum(day["value"] for day in views["values"])


# --- what people write ---


@pytest.fixture
def post(client: Threads) -> Published:
    return publish(client, draft("Fresh rye from six.", "And spelt from seven."))


def test_replies_and_mentions_arrive_oldest_first(
    client: Threads, baker: Person, ida: Person, post: Published
) -> None:
    first = arrive("comment", baker, ida, "Is it vegan?")
    below = arrive("comment", baker, ida, "And the spelt?", None)
    Note.objects.filter(pk=below.pk).update(
        parent_id=first.remote_id, created_at=timezone.now() + timedelta(seconds=2)
    )
    arrive("mention", baker, ida, "Best bread: @morgenrot.bakery")
    Note.objects.filter(kind="mention").update(created_at=timezone.now() - timedelta(hours=1))

    inbox = client.messages({}, [post])

    assert [(message.kind, message.text) for message in inbox.messages] == [
        ("mention", "Best bread: @morgenrot.bakery"),
        ("comment", "Is it vegan?"),
        ("comment", "And the spelt?"),
    ]
    mention, question, more = inbox.messages
    assert (question.author.handle, question.post_id) == ("ida.lindqvist", post.remote_id)
    assert (more.parent_id, more.thread_id) == (first.remote_id, first.remote_id)
    assert mention.thread_id == mention.remote_id
    assert inbox.cursor == {"since": more.created_at.isoformat()}


def test_only_what_is_new_is_told_again(client: Threads, baker: Person, ida: Person, post: Published) -> None:
    old = arrive("comment", baker, ida, "Yesterday.")
    Note.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=20))
    cursor = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    arrive("comment", baker, ida, "Now.")

    inbox = client.messages(cursor, [post])

    assert [message.text for message in inbox.messages] == ["Now."]
    assert client.messages(inbox.cursor, []).cursor == inbox.cursor


def test_a_list_of_several_pages_is_read_to_its_end(
    client: Threads, baker: Person, ida: Person, post: Published
) -> None:
    for n in range(103):
        arrive("comment", baker, ida, f"Number {n}")

    assert len(client.messages({}, [post]).messages) == 103


def test_a_post_that_is_gone_keeps_no_one_from_the_rest(client: Threads, baker: Person, ida: Person) -> None:
    arrive("mention", baker, ida, "Hello @morgenrot.bakery")

    assert len(client.messages({}, [Published("18000000000000009", "", ())]).messages) == 1


def test_a_missing_permission_is_told_and_not_taken_for_silence(client: Threads, post: Published) -> None:
    fault(Fault.Kind.REFUSED, "conversation", method="GET", code="10")

    with pytest.raises(PermissionMissing):
        client.messages({}, [post])


def ask(client: Threads, baker: Person, author: Person, post: Published) -> Message:
    arrive("comment", baker, author, "Is it vegan?", Entry.objects.get(remote_id=post.remote_id))
    [message] = client.messages({}, [post]).messages
    return message


def test_an_answer_stands_below_the_question_once(
    client: Threads, baker: Person, ida: Person, post: Published
) -> None:
    question, ledger = ask(client, baker, ida, post), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "threads_publish", method="POST")

    with pytest.raises(OutcomeUnknown):
        client.reply(question, "Yes, all of it.", ledger)
    answer = client.reply(question, "Yes, all of it.", ledger)

    *_, entry = standing()
    assert (entry.text, entry.parent_id) == ("Yes, all of it.", question.remote_id)
    assert (answer.remote_id, answer.is_ours, answer.thread_id) == (entry.remote_id, True, question.thread_id)
    assert len(standing()) == 3
    own = next(m for m in client.messages({}, [post]).messages if m.remote_id == entry.remote_id)
    assert own.is_ours
    assert own.thread_id == question.thread_id


def test_a_reply_is_hidden_and_shown(client: Threads, baker: Person, ida: Person, post: Published) -> None:
    message = ask(client, baker, ida, post)

    client.moderate(message, "hide")
    [hidden] = client.messages({}, [post]).messages
    client.moderate(hidden, "unhide")
    [shown] = client.messages({}, [post]).messages

    assert (hidden.is_hidden, shown.is_hidden) == (True, False)


def test_only_replies_to_the_post_itself_are_hidden(
    client: Threads, baker: Person, ida: Person, post: Published
) -> None:
    message = replace(ask(client, baker, ida, post), parent_id="18000000000000009")

    with pytest.raises(InvalidContent, match="post itself"):
        client.moderate(message, "hide")
    with pytest.raises(Refused, match="hide and show"):
        client.moderate(message, "like")


@pytest.mark.parametrize(("action", "seen"), [("unhide", True), ("hide", False)])
def test_a_reply_that_waits_is_approved_by_showing_it(
    client: Threads, baker: Person, ida: Person, action: Any, seen: bool
) -> None:
    post = publish(client, draft("Ask.", reply_approvals=True))
    waiting = ask(client, baker, ida, post)

    client.moderate(waiting, action)

    assert waiting.is_hidden
    assert [m.is_hidden for m in client.messages({}, [post]).messages] == ([False] if seen else [])


# --- webhooks ---


def incoming(headers: dict[str, str], body: bytes) -> Incoming:
    return Incoming("POST", "https://desk.example/hooks/threads", headers, {}, body)


def test_a_webhook_tells_of_a_reply_and_a_mention(
    client: Threads, baker: Person, ida: Person, post: Published
) -> None:
    reply = arrive("comment", baker, ida, "Lovely ✨", Entry.objects.get(remote_id=post.remote_id))
    mention = arrive("mention", baker, ida, "Hello @morgenrot.bakery")

    requests = [incoming(*webhook(note, WEBHOOK_SECRET)) for note in (reply, mention)]
    events = [event for request in requests for event in client.parse_webhook(request)]

    assert all(client.verify_webhook(request) for request in requests)
    assert [(event.kind, event.account_id, event.remote_id) for event in events] == [
        ("message", baker.remote_id, reply.remote_id),
        ("message", baker.remote_id, mention.remote_id),
    ]
    told = events[0].message
    assert told is not None
    [listed] = [m for m in client.messages({}, [post]).messages if m.kind == "comment"]
    assert (told.text, told.post_id, told.thread_id) == (listed.text, listed.post_id, listed.thread_id)


def test_several_values_come_in_a_list(client: Threads, baker: Person) -> None:
    values = [
        {"field": "publish", "value": {"id": "1803", "permalink": "https://www.threads.net/@m/post/D"}},
        {"field": "delete", "value": {"id": "1804", "owner": {"owner_id": baker.remote_id}}},
        {"field": "replies", "value": {"id": "1805", "username": "m", "root_post": {"username": "m"}}},
        {"field": "likes", "value": {"id": "1806"}},
    ]

    published, deleted, other = client.parse_webhook(incoming(*call(baker, "interaction", values)))

    assert (published.kind, published.remote_id) == ("post_published", "1803")
    assert published.extra == {"permalink": "https://www.threads.net/@m/post/D"}
    assert (deleted.kind, deleted.account_id) == ("message_deleted", baker.remote_id)
    assert other.kind == "other"


def test_a_forged_or_old_webhook_is_not_believed(client: Threads, baker: Person) -> None:
    headers, body = call(baker, "interaction", [])

    assert client.verify_webhook(incoming(headers, body))
    assert not client.verify_webhook(incoming(headers, body.replace(b"interaction", b"moderate")))
    assert not client.verify_webhook(incoming({}, body))
    with time_machine.travel(timezone.now() + timedelta(hours=38)):
        assert not client.verify_webhook(incoming(headers, body))
    timeless = graph.signed({"values": []}, "sandbox-secret")
    assert not client.verify_webhook(incoming(*timeless))


def test_the_handshake_is_answered_to_whoever_knows_our_word(client: Threads) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": WEBHOOK_SECRET}

    assert client.greet_webhook(Incoming("GET", "", {}, query, b"")) == "1158"
    assert client.greet_webhook(Incoming("GET", "", {}, {**query, "hub.verify_token": "no"}, b"")) is None
