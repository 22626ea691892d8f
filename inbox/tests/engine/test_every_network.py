"""On every network: somebody writes, it arrives once whichever way it comes, and its answer stands there."""

from collections.abc import Callable

import pytest

from accounts.models import User
from inbox import replying
from inbox.models import Conversation, Reply
from inbox.tests.engine.desk import QUESTION, Desk
from platforms.registry import PLATFORMS
from platforms.tests.contract.drafts import Shelf

pytestmark = pytest.mark.django_db(transaction=True)

READ = [(name, kind) for name, one in PLATFORMS.items() for kind in one.message_kinds if not one.app_of]
HOOKED = [(name, kind) for name, one in PLATFORMS.items() for kind in one.hooked_kinds]
ANSWER = "At seven, as on every day."

Connect = Callable[[str], Desk]


@pytest.mark.parametrize(("name", "kind"), READ)
def test_what_somebody_writes_arrives_once_and_its_answer_stands_there(
    name: str, kind: str, desk: Connect, shelf: Shelf, ada: User
) -> None:
    one = desk(name)
    delivery = one.publish(shelf)
    one.listen()
    one.write(kind)

    one.read()
    one.read()

    [message] = one.messages()
    conversation = message.conversation
    assert (message.kind, message.is_ours, message.read_at) == (kind, False, None)
    assert message.person is not None
    assert (conversation.unread, conversation.needs_answer) == (1, True)
    assert conversation.delivery == (delivery if kind == "comment" else None)

    reply = replying.reply(message, ANSWER, ada)
    one.send()
    one.read()

    reply.refresh_from_db()
    conversation.refresh_from_db()
    assert reply.state == Reply.State.SENT, reply.reason
    assert one.answers(ANSWER) == 1
    assert conversation.needs_answer is False
    assert [row.text for row in conversation.messages.all()] == [QUESTION, ANSWER]
    assert Conversation.objects.filter(account=one.account).exclude(pk=conversation.pk).count() == 0


@pytest.mark.parametrize(("name", "kind"), HOOKED)
def test_a_webhook_tells_it_once_however_often_it_is_sent(
    name: str, kind: str, desk: Connect, shelf: Shelf
) -> None:
    one = desk(name)
    one.publish(shelf)
    one.listen()
    note = one.write(kind)

    answers = [one.call(note).status_code for _ in range(2)]
    one.work_off()
    one.read()  # what only bids us look is read now; what was told is told again

    assert answers == [200, 200]
    [message] = one.messages()
    assert (message.kind, message.is_ours) == (kind, False)
    assert message.conversation.unread == 1
