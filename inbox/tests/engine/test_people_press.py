"""What people press in the inbox: read, assign, put away, like, hide and delete."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts.models import AuditEvent, Notification, User
from inbox import conversations, moderating, replying
from inbox.factories import ConversationFactory, MessageFactory, ReplyFactory
from inbox.models import Conversation
from inbox.tests.engine.desk import Desk
from platforms.errors import Unavailable
from platforms.sandbox.models import Fault, Note
from platforms.tests.contract.drafts import Shelf

pytestmark = pytest.mark.django_db
Connect = Callable[[str], Desk]


def test_reading_reads_all_that_is_there(ada: User) -> None:
    conversation = ConversationFactory.create(said=["Hello?", "Anybody?"])

    counts = [conversations.mark_read(conversation, ada) for _ in range(2)]

    conversation.refresh_from_db()
    assert (counts, conversation.unread, conversation.needs_answer) == ([2, 0], 0, True)
    assert conversations.mark_unread(conversation)
    conversation.refresh_from_db()
    assert conversation.unread == 1


def test_whoever_is_given_a_conversation_is_told(ada: User, ben: User) -> None:
    conversation = ConversationFactory.create(workspace=ada.memberships.get().workspace)

    given = [conversations.assign(conversation, ben, ada) for _ in range(2)]

    assert given == [True, False]
    [notice] = Notification.objects.all()
    assert (notice.user, notice.kind) == (ben, "assigned")
    assert notice.text.startswith("Ada gave you the conversation with ")
    assert AuditEvent.objects.get().action == "conversation.assigned"


def test_who_takes_a_conversation_is_not_told_of_it(ada: User) -> None:
    conversation = ConversationFactory.create(workspace=ada.memberships.get().workspace)

    assert conversations.assign(conversation, ada, ada)
    assert conversations.assign(conversation, None, ada)
    assert not conversations.assign(conversation, None, ada)

    assert Notification.objects.count() == 0


def test_only_who_may_answer_is_given_a_conversation(ada: User, vic: User, cho: User) -> None:
    conversation = ConversationFactory.create(workspace=ada.memberships.get().workspace)

    for somebody in (vic, cho):
        with pytest.raises(conversations.NotAMember):
            conversations.assign(conversation, somebody, ada)


def test_what_is_snoozed_comes_back_at_its_time() -> None:
    conversation = ConversationFactory.create(said=["Hello?"])

    conversations.snooze(conversation, now() + timedelta(hours=1))
    woken = conversations.wake(now())
    with time_machine.travel(now() + timedelta(hours=2)):
        woken += conversations.wake(now())

    conversation.refresh_from_db()
    assert (woken, conversation.state, conversation.snoozed_until) == (1, Conversation.State.OPEN, None)
    with pytest.raises(ValueError, match="passed"):
        conversations.snooze(conversation, now())


def test_closing_and_opening_say_whether_they_changed_something() -> None:
    conversation = ConversationFactory.create()

    pressed = [
        conversations.close(conversation),
        conversations.close(conversation),
        conversations.reopen(conversation),
        conversations.reopen(conversation),
    ]

    assert pressed == [True, False, True, False]


def test_a_question_with_a_failed_answer_still_waits() -> None:
    conversation = ConversationFactory.create(said=["Hello?"])
    ReplyFactory.create(message=conversation.messages.get(), failed=True)

    conversations.recount([conversation.pk])

    assert list(Conversation.objects.waiting()) == [conversation]


# --- moderating ---


@pytest.mark.django_db(transaction=True)
def test_a_comment_is_liked_hidden_and_deleted_on_the_network(desk: Connect, shelf: Shelf, ada: User) -> None:
    one = desk("facebook")
    one.publish(shelf)
    one.listen()
    note = one.write("comment")
    one.read()
    [message] = one.messages()

    offered = [moderating.actions_for(message)]
    for action in ("like", "hide", "delete"):
        moderating.moderate(message, action, ada)
        offered.append(moderating.actions_for(message))

    assert offered == [
        ("like", "hide", "delete"),
        ("unlike", "hide", "delete"),
        ("unlike", "unhide", "delete"),
        (),
    ]
    assert Note.objects.get(pk=note.pk).deleted_at is not None
    assert (message.text, message.conversation.needs_answer) == ("", False)
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["message.like", "message.hide", "message.delete"]


@pytest.mark.django_db(transaction=True)
def test_what_the_network_did_not_do_is_not_written_down(desk: Connect, ada: User) -> None:
    one = desk("mastodon")
    one.listen()
    one.write("mention")
    one.read()
    [message] = one.messages()
    one.fault(Fault.Kind.BROKEN)

    with pytest.raises(Unavailable):
        moderating.moderate(message, "like", ada)

    message.refresh_from_db()
    assert (message.is_liked, AuditEvent.objects.count()) == (False, 0)


def test_what_a_network_does_not_offer_is_refused(ada: User) -> None:
    message = MessageFactory.create()  # of a network that hides nothing

    with pytest.raises(replying.Refused) as refusal:
        moderating.moderate(message, "hide", ada)

    assert refusal.value.code == "cannot_moderate"
