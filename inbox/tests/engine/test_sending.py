"""Answers go out once: whatever becomes of the network's answer, of the worker, of what is answered."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from accounts.models import Account, Dispatch, Notification, User, Webhook
from inbox import outcome, replying, sending
from inbox.factories import ConversationFactory, MessageFactory, ReplyFactory
from inbox.models import Conversation, Message, Reply, ReplyStep
from inbox.tests.engine.desk import Desk
from inbox.values import told_of
from platforms import transport
from platforms.sandbox.models import Fault, Note
from platforms.tests.contract.drafts import Shelf
from publishing.engine import MOST_CRASHES
from publishing.engine_rows import Switch

ANSWER = "At seven, as on every day."
Connect = Callable[[str], Desk]

over_http = pytest.mark.django_db(transaction=True)
in_rows = pytest.mark.django_db


def asked(one: Desk, kind: str, shelf: Shelf) -> Message:
    """Somebody has asked something, and it is in the inbox."""
    if kind == "comment":
        one.publish(shelf)
    one.listen()
    one.write(kind)
    one.read()
    [message] = one.messages()
    return message


# --- at most once ---


@over_http
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x", "mention"),
        ("bluesky", "direct"),
        ("mastodon", "mention"),
        ("facebook", "direct"),
        ("telegram", "direct"),
    ],
)
def test_an_answer_whose_acceptance_was_lost_stands_there_once_or_asks_a_person(
    name: str, kind: str, desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk(name)
    reply = replying.reply(asked(one, kind, shelf), ANSWER, ada)
    one.fault(Fault.Kind.DROP_AFTER)

    one.send()
    reply.refresh_from_db()
    if reply.state == Reply.State.UNKNOWN:  # a network that shows no answers, or some time later
        assert Notification.objects.filter(user=ada, kind="unknown").exists()
        assert replying.confirm(reply, True)

    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert one.answers(ANSWER) == 1
    assert Conversation.objects.get(pk=reply.conversation_id).needs_answer is False


@over_http
def test_an_answer_that_surely_did_not_arrive_is_sent_again_once_a_person_says_so(
    desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk("telegram")
    reply = replying.reply(asked(one, "direct", shelf), ANSWER, ada)
    one.fault(Fault.Kind.DROP_AFTER)
    one.send()
    Note.objects.filter(text=ANSWER).delete()
    reply.refresh_from_db()
    assert reply.state == Reply.State.UNKNOWN

    assert replying.confirm(reply, False)
    one.send()

    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert reply.answer is not None
    assert not reply.answer.remote_id.startswith(outcome.PLACEHOLDER)


@over_http
def test_nobody_else_takes_an_answer_while_a_slow_network_reads_it(
    desk: Connect, shelf: Shelf, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk("mastodon")
    replying.reply(asked(one, "mention", shelf), ANSWER, ada)
    slowest = timedelta(seconds=transport.CONNECT_SECONDS + transport.READ_SECONDS + transport.ANSWER_SECONDS)
    request, meanwhile = transport.Transport.request, []

    def slowly(self: transport.Transport, method: str, *args: Any, **more: Any) -> transport.Answer:
        if method == "POST":
            with time_machine.travel(now() + slowest):
                meanwhile.append(sending.claim("another"))
        return request(self, method, *args, **more)

    monkeypatch.setattr(transport.Transport, "request", slowly)
    one.send()

    assert meanwhile == [[]]
    assert one.answers(ANSWER) == 1


@over_http
def test_what_was_dropped_before_it_arrived_is_tried_again(desk: Connect, shelf: Shelf, ada: User) -> None:
    one = desk("mastodon")
    reply = replying.reply(asked(one, "mention", shelf), ANSWER, ada)
    one.fault(Fault.Kind.LIMITED)
    one.fault(Fault.Kind.DROP_BEFORE, skip=1)

    one.send()

    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert one.answers(ANSWER) == 1


@over_http
def test_a_token_that_expired_under_way_is_renewed_and_the_answer_goes_out(
    desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk("x")
    reply = replying.reply(asked(one, "mention", shelf), ANSWER, ada)
    Account.objects.filter(pk=one.account.pk).update(expires_at=now() - timedelta(minutes=1))

    one.send()

    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT, reply.reason


@over_http
def test_an_answer_to_what_was_deleted_says_so(desk: Connect, shelf: Shelf, ada: User) -> None:
    one = desk("facebook")
    message = asked(one, "comment", shelf)
    Note.objects.filter(remote_id=message.remote_id).delete()

    reply = replying.reply(message, ANSWER, ada)
    one.send()

    reply.refresh_from_db()
    assert (reply.state, reply.reason_code) == (Reply.State.FAILED, "not_found")
    assert reply.reason
    assert reply.advice
    assert Conversation.objects.get(pk=message.conversation_id).needs_answer is True
    assert Notification.objects.get(user=ada, kind="failed").text.startswith("Your answer “At seven")


@in_rows
def test_a_form_that_is_sent_twice_is_one_answer(ada: User) -> None:
    message, key = MessageFactory.create(), uuid.uuid4()

    first = replying.reply(message, ANSWER, ada, key=key)
    again = replying.reply(message, f" {ANSWER} ", ada, key=key)

    assert first == again
    with pytest.raises(replying.Refused, match="Another answer"):
        replying.reply(message, "Something else", ada, key=key)


@in_rows
def test_two_workers_never_hold_the_same_answer() -> None:
    reply = ReplyFactory.create()

    first, second = sending.claim("one", 5), sending.claim("two", 5)

    assert (first, second) == ([reply], [])
    with time_machine.travel(now() + timedelta(minutes=5)):
        [taken] = sending.claim("two", 5)
    assert (taken.fence, taken.crashes) == (2, 1)


@in_rows
def test_a_worker_that_was_late_writes_nothing() -> None:
    ReplyFactory.create()
    [late] = sending.claim("one")
    Reply.objects.update(fence=late.fence + 1, lease_until=None)

    sending.work(late)

    assert Reply.objects.get().state == Reply.State.SENDING
    assert ReplyStep.objects.count() == 0


# --- who decides ---


@in_rows
def test_a_failed_answer_is_tried_again_with_all_attempts() -> None:
    reply = ReplyFactory.create(failed=True)

    assert replying.retry(reply)
    assert not replying.confirm(reply, True)

    reply.refresh_from_db()
    assert (reply.state, reply.attempts_left, reply.reason) == (Reply.State.WAITING, 3, "")


@in_rows
def test_what_is_on_its_way_counts_as_answered_until_it_is_taken_back(ada: User) -> None:
    conversation = ConversationFactory.create(said=["Hello?"])

    reply = replying.reply(conversation.messages.get(), ANSWER, ada)
    conversation.refresh_from_db()
    on_its_way = conversation.needs_answer
    replying.cancel(reply)
    conversation.refresh_from_db()

    assert (on_its_way, conversation.needs_answer) == (False, True)
    assert sending.claim("a worker") == []


@in_rows
def test_what_may_be_out_is_not_taken_back() -> None:
    assert not replying.cancel(ReplyFactory.create(unknown=True))
    assert not replying.cancel(ReplyFactory.create(sent=True))


# --- what is refused before it is sent ---


@in_rows
@pytest.mark.parametrize(
    ("code", "message", "account", "text"),
    [
        ("empty", {}, {}, "  "),
        ("too_long", {}, {}, "a" * 10_001),
        ("ours", {"is_ours": True}, {}, "Yes"),
        ("gone", {"deleted_at": now()}, {}, "Yes"),
        ("cannot_reply", {"kind": "review"}, {}, "Yes"),
        ("not_connected", {}, {"state": Account.State.EXPIRED}, "Yes"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    code: str, message: dict[str, object], account: dict[str, object], text: str, ada: User
) -> None:
    row = MessageFactory.create(**message)
    Account.objects.filter(pk=row.account_id).update(**account)

    with pytest.raises(replying.Refused) as refusal:
        replying.reply(Message.objects.get(pk=row.pk), text, ada)

    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")
    assert Reply.objects.count() == 0


def direct(network: str, age: timedelta) -> Message:
    conversation = ConversationFactory.create(account__platform_name=network, kind="direct")
    message = MessageFactory.create(conversation=conversation, created_at=now() - age)
    Conversation.objects.filter(pk=conversation.pk).update(last_in_at=message.created_at)
    return Message.objects.get(pk=message.pk)


@in_rows
@pytest.mark.parametrize(
    ("network", "age", "is_open"),
    [
        ("facebook", timedelta(hours=23), True),
        ("facebook", timedelta(hours=25), False),
        ("instagram", timedelta(days=6), True),
        ("instagram", timedelta(days=8), False),
        ("mastodon", timedelta(days=300), True),
    ],
)
def test_a_window_that_has_closed_is_said_before_anything_is_sent(
    network: str, age: timedelta, is_open: bool, ada: User
) -> None:
    message = direct(network, age)

    if is_open:
        replying.reply(message, ANSWER, ada)
    else:
        with pytest.raises(replying.Refused, match="last message only") as refusal:
            replying.reply(message, ANSWER, ada)
        assert refusal.value.code == "window_closed"


@in_rows
def test_a_window_that_closes_while_an_answer_waits_stops_it(ada: User) -> None:
    reply = replying.reply(direct("facebook", timedelta(hours=23)), ANSWER, ada)

    with time_machine.travel(now() + timedelta(hours=2)):
        [claimed] = sending.claim("a worker")
        sending.work(claimed)

    reply.refresh_from_db()
    assert reply.state == Reply.State.FAILED
    assert "24 hours" in reply.reason


@in_rows
def test_an_answer_that_did_not_get_through_for_a_day_is_a_persons() -> None:
    reply = ReplyFactory.create()

    with time_machine.travel(now() + timedelta(hours=25)):
        [claimed] = sending.claim("a worker")
        sending.work(claimed)

    reply.refresh_from_db()
    assert (reply.state, reply.reason) == (Reply.State.FAILED, "It did not get through within a day.")


@over_http
@pytest.mark.parametrize("given_up", [{"crashes": MOST_CRASHES}, {"queued_at": now() - timedelta(days=2)}])
def test_an_answer_that_stands_is_told_so_however_late_that_is_found_out(
    given_up: dict[str, Any], desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk("mastodon")
    reply = replying.reply(asked(one, "mention", shelf), ANSWER, ada)
    one.send()  # by a worker that dies before it can say so
    Reply.objects.update(state=Reply.State.SENDING, due_at=now(), **given_up)

    [claimed] = sending.claim("another worker")
    sending.work(claimed)

    reply.refresh_from_db()
    assert (reply.state, reply.reason) == (Reply.State.SENT, "")
    assert one.answers(ANSWER) == 1


@in_rows
def test_an_answer_in_doubt_is_never_called_failed() -> None:
    reply = ReplyFactory.create()
    ReplyStep.objects.create(reply=reply, name="reply", kind="once", state="sent", first_sent_at=now())
    Account.objects.update(state=Account.State.DISCONNECTED)

    [claimed] = sending.claim("a worker")
    sending.work(claimed)

    reply.refresh_from_db()
    assert reply.state == Reply.State.UNKNOWN


# --- what holds answers back ---


@in_rows
@pytest.mark.parametrize("who", ["account", "workspace", "desk", "network"])
def test_nothing_is_sent_while_somebody_holds_it_back(who: str, ada: User) -> None:
    account = ReplyFactory.create().conversation.account
    if who == "account":
        account.set_paused(True)
    elif who == "workspace":
        account.workspace.set_paused(True, ada)
    elif who == "desk":
        Switch.stop(ada)
    else:
        Account.objects.update(limited_until=now() + timedelta(minutes=5))

    assert sending.claim("a worker") == []


@in_rows
def test_programs_are_told_of_an_answer_once(ada: User) -> None:
    reply = ReplyFactory.create(unknown=True, user=ada)
    workspace = reply.conversation.workspace
    Webhook.objects.create(
        workspace=workspace, url="https://example.org", events=["message.answered"], secret={"key": "k"}
    )

    replying.confirm(reply, True)
    replying.confirm(reply, True)

    [dispatch] = Dispatch.objects.all()
    assert dispatch.happening.payload["answer"] == reply.text


@in_rows
def test_a_second_answer_that_replaces_the_first_at_the_network_is_the_same_message(ada: User) -> None:
    question = MessageFactory.create(kind="review")
    replies = ReplyFactory.create_batch(2, message=question, unknown=True)
    answer = replace(told_of(question), remote_id="r/reply", text="Thank you.", is_ours=True)

    for reply in replies:
        assert outcome.stands(reply, answer)

    assert Message.objects.filter(remote_id="r/reply").count() == 1
    assert [Reply.objects.get(pk=reply.pk).answer is not None for reply in replies] == [False, True]
