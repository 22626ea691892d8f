"""On every network: somebody writes, it arrives once whichever way it comes, and its answer stands there."""

from collections.abc import Callable

import pytest

from accounts.models import Account, User
from inbox import replying
from inbox.models import Conversation, Feed, Reply
from inbox.tests.engine.desk import QUESTION, Desk
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Fault
from platforms.tests.contract.drafts import Shelf

pytestmark = pytest.mark.django_db(transaction=True)

READ = [name for name, one in PLATFORMS.items() if one.message_kinds and not one.app_of]
ANSWER = "At seven, as on every day, if it is a"  # and the kind: some networks take no sentence twice

Connect = Callable[[str], Desk]


@pytest.mark.parametrize("name", READ)
def test_what_somebody_writes_arrives_once_whichever_way_and_its_answer_stands_there(
    name: str, desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk(name)
    delivery = one.publish(shelf)
    one.listen()
    if PLATFORMS[name].asks_by_post:  # those written elsewhere are listed, under the ids that ours have
        listed = Feed.objects.get(account=one.account).posts
        assert delivery.remote_id in [remote_id for remote_id, _at in listed]

    for kind in PLATFORMS[name].message_kinds:
        question = f"{QUESTION} ({kind})"
        note = one.write(kind, question)
        if kind in PLATFORMS[name].hooked_kinds:
            assert [one.call(note).status_code for _ in range(2)] == [200, 200]
            one.work_off()
        one.read()
        one.read()

        [message] = one.messages(question)
        conversation = message.conversation
        assert (message.kind, message.is_ours, message.read_at) == (kind, False, None)
        assert message.person is not None
        assert (conversation.unread, conversation.needs_answer) == (1, True)
        assert conversation.delivery == (delivery if kind == "comment" else None)

        reply = replying.reply(message, f"{ANSWER} {kind}.", ada)
        one.send()
        one.read()

        reply.refresh_from_db()
        conversation.refresh_from_db()
        assert reply.state == Reply.State.SENT, reply.reason
        assert one.answers(f"{ANSWER} {kind}.") == 1
        assert conversation.needs_answer is False
        assert [row.text for row in conversation.messages.all()] == [question, f"{ANSWER} {kind}."]

    assert Conversation.objects.filter(account=one.account).count() == len(PLATFORMS[name].message_kinds)


@pytest.mark.chaos
@pytest.mark.parametrize("spoiled", [Fault.Kind.LIMITED, Fault.Kind.BROKEN, Fault.Kind.HALF])
@pytest.mark.parametrize("name", READ)
def test_whatever_comes_instead_of_an_answer_makes_no_failure_and_no_second_one(
    name: str, spoiled: Fault.Kind, desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk(name)
    one.publish(shelf)
    one.listen()

    for kind in PLATFORMS[name].message_kinds:
        question, answer = f"{QUESTION} ({kind})", f"{ANSWER} {kind}."
        one.write(kind, question)
        one.read()
        [message] = one.messages(question)
        reply = replying.reply(message, answer, ada)
        fault = one.fault(spoiled)
        one.send()
        fault.delete()
        Account.objects.update(limited_until=None)  # it asked us to slow down, and its time is over
        one.send()

        reply.refresh_from_db()
        if reply.state == Reply.State.UNKNOWN:  # a network that shows no answers, or some time later
            assert replying.confirm(reply, one.answers(answer) == 1)
            one.send()
            reply.refresh_from_db()
        assert reply.state == Reply.State.SENT, (kind, reply.reason, reply.advice)
        assert one.answers(answer) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, one.hooked_kinds[-1]) for name, one in PLATFORMS.items() if one.hooked_kinds],
)
def test_a_webhook_alone_is_enough(name: str, kind: str, desk: Connect) -> None:
    one = desk(name)
    one.listen()
    before = Feed.objects.get(account=one.account)
    note = one.write(kind)

    answer = one.call(note)
    one.work_off()

    assert answer.status_code == 200
    feed = Feed.objects.get(account=one.account)
    assert feed.hooked_at is not None
    told = len(one.messages())
    assert told == 1 or feed.due_at < before.due_at  # or it only bids us look
