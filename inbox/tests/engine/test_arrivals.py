"""What is told becomes conversations: each message once, in its place, with the right sums."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from accounts.factories import AccountFactory
from accounts.models import Account, Dispatch, Notification, User, Webhook, Workspace
from inbox import arrivals, conversations, outcome, replying
from inbox.factories import ConversationFactory, MessageFactory, ReplyFactory
from inbox.models import Conversation, Message, Person, Reply
from platforms.content import Author
from platforms.content import Message as Told
from publishing.factories import DeliveryFactory

pytestmark = pytest.mark.django_db

MIA = Author("24", "mia", "Mia Sommer")
TOM = Author("25", "tom", "Tom Berg")


def told(remote_id: str = "c1", text: str = "Rye?", author: Author = MIA, **rest: Any) -> Told:
    fields: dict[str, Any] = {"kind": "comment", "created_at": now(), **rest}
    return Told(remote_id=remote_id, text=text, author=author, **fields)


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="instagram", handle="bakery")


def keys() -> dict[str, str]:
    """Each message's conversation, by its key."""
    return dict(Message.objects.values_list("remote_id", "conversation__key"))


# --- once ---


def test_the_same_again_is_the_same(account: Account) -> None:
    first = arrivals.take(account, [told()])
    again = arrivals.take(account, [told()])

    assert (len(first), again) == (1, [])
    assert Message.objects.count() == 1


def test_what_one_way_calls_a_mention_and_another_a_comment_is_one_message(account: Account) -> None:
    arrivals.take(account, [told(kind="mention", thread_id="p1")])
    arrivals.take(account, [told(kind="comment", thread_id="p1", post_id="p1")])

    assert Message.objects.get().kind == "mention"


@pytest.mark.django_db(transaction=True)
def test_two_ways_at_once_make_one_message_and_the_right_sums(account: Account, ada: User) -> None:
    mine = [told(f"c{n}", thread_id="t", created_at=now() + timedelta(seconds=n)) for n in range(12)]

    def take(part: list[Told]) -> int:
        try:
            return len(arrivals.take(account, part))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        news = list(pool.map(take, [mine, mine[::-1], mine[:8], mine[4:]]))

    conversation = Conversation.objects.get()
    assert sum(news) == Message.objects.count() == 12
    assert (conversation.unread, conversation.preview, conversation.needs_answer) == (12, "Rye?", True)


# --- in its place ---


def test_answers_stand_in_the_conversation_of_what_they_answer(account: Account) -> None:
    top = told("c1", thread_id="c1", post_id="p")
    below = told("c2", thread_id="c1", parent_id="c1", post_id="p", author=TOM)
    deeper = told("c3", thread_id="c2", parent_id="c2", post_id="p")

    arrivals.take(account, [top, below])
    arrivals.take(account, [deeper])

    assert keys() == {"c1": "c1", "c2": "c1", "c3": "c1"}


def test_where_all_below_a_post_is_one_thread_each_question_is_a_conversation(account: Account) -> None:
    questions = [told(f"c{n}", thread_id="p", post_id="p", parent_id="p") for n in (1, 2)]
    answer = told("c3", thread_id="p", post_id="p", parent_id="c1", author=TOM)

    arrivals.take(account, [*questions, answer])

    assert keys() == {"c1": "c1", "c2": "c2", "c3": "c1"}


def test_a_comment_on_a_later_part_of_our_thread_is_about_our_post(account: Account) -> None:
    delivery = DeliveryFactory.create(
        post__workspace=account.workspace,
        account=account,
        published=True,
        remote_id="p",
        part_ids=["p", "p2"],
    )

    arrivals.take(account, [told("c1", thread_id="p", post_id="p", parent_id="p2")])

    conversation = Conversation.objects.get()
    assert (conversation.key, conversation.delivery) == ("c1", delivery)


def test_a_chat_is_one_conversation_whoever_of_both_writes(account: Account) -> None:
    theirs = told("m1", kind="direct", thread_id="24")
    ours = told("m2", kind="direct", thread_id="24", is_ours=True, author=Author("1"))

    arrivals.take(account, [theirs, ours])

    conversation = Conversation.objects.get()
    assert conversation.person is not None
    assert (conversation.person.name, conversation.messages.count()) == ("Mia Sommer", 2)


def test_people_learn_and_forget_nothing(account: Account) -> None:
    arrivals.take(account, [told("c1", author=Author("24", "mia", "", "https://example.org/mia.png"))])
    arrivals.take(account, [told("c2", author=Author("24", "", "Mia Sommer-Berg"))])

    person = Person.objects.get()
    assert (person.handle, person.name, person.avatar_url) == (
        "mia",
        "Mia Sommer-Berg",
        "https://example.org/mia.png",
    )


def test_who_has_no_id_is_one_person_a_message(account: Account) -> None:
    arrivals.take(
        account,
        [told("r1", author=Author(name="A Google user")), told("r2", author=Author(name="A Google user"))],
    )

    assert Person.objects.count() == 2


# --- sums ---


def test_our_own_word_elsewhere_closes_the_question(account: Account) -> None:
    moment = now()
    arrivals.take(account, [told("c1", thread_id="c1", created_at=moment)])
    arrivals.take(
        account,
        [
            told(
                "c2",
                "Yes",
                thread_id="c1",
                parent_id="c1",
                is_ours=True,
                created_at=moment + timedelta(seconds=9),
            )
        ],
    )

    conversation = Conversation.objects.get()
    assert (conversation.needs_answer, conversation.preview) == (False, "Yes")
    assert conversation.last_in_at == moment


def test_what_only_we_wrote_is_done(account: Account) -> None:
    arrivals.take(account, [told("c1", is_ours=True)])

    assert Conversation.objects.get().state == Conversation.State.DONE


@pytest.mark.parametrize("state", ["done", "snoozed"])
def test_a_new_word_opens_what_was_put_away(state: str, account: Account) -> None:
    arrivals.take(account, [told("c1", thread_id="c1")])
    Conversation.objects.update(state=state, snoozed_until=now() + timedelta(days=1))

    arrivals.take(account, [told("c2", thread_id="c1", parent_id="c1")])

    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.snoozed_until) == (Conversation.State.OPEN, None)


def test_history_is_read_and_told_to_nobody(account: Account, ada: User) -> None:
    news = arrivals.take(account, [told(created_at=now() - timedelta(days=9))], heard_from=now())

    conversation = Conversation.objects.get()
    assert news == []
    assert (conversation.unread, conversation.needs_answer) == (0, True)
    assert Notification.objects.count() == 0


# --- what changes ---


def test_an_edit_keeps_what_was_said_before_and_is_unread_again(account: Account, ada: User) -> None:
    arrivals.take(account, [told(text="Rye?")])
    conversations.mark_read(Conversation.objects.get(), ada)

    for text in ("Rye bread?", "Rye bread, please?", "Rye bread, please?"):
        arrivals.take(account, [told(text=text)])

    message = Message.objects.get()
    assert (message.text, message.earlier) == ("Rye bread, please?", ["Rye?", "Rye bread?"])
    assert (message.conversation.unread, message.conversation.preview) == (1, "Rye bread, please?")


def test_a_review_that_is_rated_anew_says_so(account: Account) -> None:
    arrivals.take(account, [told("r1", "", kind="review", rating=5)])
    arrivals.take(account, [told("r1", "", kind="review", rating=1)])

    message = Message.objects.get()
    assert (message.rating, message.edited_at is not None) == (1, True)


def test_what_was_deleted_stays_deleted_though_a_list_still_shows_it(account: Account) -> None:
    arrivals.take(account, [told("c1", thread_id="c1"), told("c2", thread_id="c1", parent_id="c1")])

    assert arrivals.remove(account, ["c2", "c9"]) == 1
    arrivals.take(account, [told("c2", thread_id="c1", parent_id="c1")])

    gone = Message.objects.get(remote_id="c2")
    assert (gone.text, gone.deleted_at is not None) == ("", True)
    assert Conversation.objects.get().unread == 1


def test_what_is_deleted_while_its_edit_comes_in_stays_without_words(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals.take(account, [told("c1", "My number is 0151", thread_id="c1")])
    locked = arrivals.locked

    def late(pks: list[int]) -> None:
        """Somebody else had the conversation, and took the deletion in."""
        monkeypatch.setattr(arrivals, "locked", locked)
        arrivals.remove(account, ["c1"])
        locked(pks)

    monkeypatch.setattr(arrivals, "locked", late)
    arrivals.take(account, [told("c1", "My number is 0152", thread_id="c1")])

    gone = Message.objects.get()
    assert (gone.text, gone.earlier) == ("", [])


# --- answers in doubt ---


def test_an_answer_in_doubt_that_comes_in_by_itself_is_in_doubt_no_longer(account: Account) -> None:
    [question] = arrivals.take(account, [told("c1", thread_id="c1")])
    reply = ReplyFactory.create(message=question, unknown=True)

    ours = told("c2", reply.text, thread_id="c1", parent_id="c1", is_ours=True, author=Author("1"))
    arrivals.take(account, [ours])

    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert reply.answer is not None
    assert reply.answer.remote_id == "c2"
    assert Message.objects.count() == 2


def test_an_answer_that_a_person_confirmed_and_that_comes_in_later_is_one_message(account: Account) -> None:
    [question] = arrivals.take(account, [told("c1", thread_id="c1")])
    reply = ReplyFactory.create(message=question, unknown=True)
    replying.confirm(reply, True)

    ours = told("c2", reply.text, thread_id="c1", parent_id="c1", is_ours=True, author=Author("1"))
    arrivals.take(account, [ours])

    assert set(Message.objects.values_list("remote_id", flat=True)) == {"c1", "c2"}


def test_the_same_words_said_to_somebody_else_are_another_answer(account: Account) -> None:
    question, other = arrivals.take(account, [told("c1", thread_id="c1"), told("d1", thread_id="d1")])
    reply = ReplyFactory.create(message=question, unknown=True)
    replying.confirm(reply, True)

    ours = told("d2", reply.text, thread_id="d1", parent_id="d1", is_ours=True, author=Author("1"))
    arrivals.take(account, [ours])

    assert Message.objects.get(remote_id="d2").conversation_id == other.conversation_id
    assert not Conversation.objects.get(pk=other.conversation_id).needs_answer


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_in_while_a_person_says_it_did_not_arrive_is_not_sent_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    [question] = arrivals.take(account, [told("c1", thread_id="c1")])
    reply = ReplyFactory.create(message=question, unknown=True)
    message, said = outcome._message, list[Future[bool]]()

    def presses() -> bool:
        try:
            return replying.confirm(Reply.objects.get(pk=reply.pk), False)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:

        def slowly(*args: Any) -> Message:
            said.append(pool.submit(presses))
            wait(said, timeout=0.3)
            return message(*args)

        monkeypatch.setattr(outcome, "_message", slowly)
        assert outcome.stands(reply)

    reply.refresh_from_db()
    assert said[0].result() is False
    assert reply.state == Reply.State.SENT


# --- telling ---


def test_a_storm_is_one_notice_whose_count_grows(account: Account, ada: User, ben: User, vic: User) -> None:
    for start in (0, 40):
        arrivals.take(account, [told(f"c{n}") for n in range(start, start + 40)])

    texts = {notice.user: notice.text for notice in Notification.objects.all()}
    assert texts == dict.fromkeys((ada, ben), "80 new messages to bakery on Instagram.")


def test_a_single_message_is_told_in_its_words(account: Account, ada: User) -> None:
    arrivals.take(account, [told(text="Is there rye?")])

    assert Notification.objects.get().text == "Mia Sommer wrote to bakery on Instagram: “Is there rye?”"


def test_programs_are_told_of_each_message_once(account: Account) -> None:
    Webhook.objects.create(
        workspace=account.workspace,
        url="https://example.org",
        events=["message.received"],
        secret={"key": "k"},
    )

    for _ in range(2):
        arrivals.take(account, [told("c1"), told("c2")])

    payloads = [dispatch.happening.payload for dispatch in Dispatch.objects.order_by("pk")]
    assert [payload["text"] for payload in payloads] == ["Rye?", "Rye?"]
    assert payloads[0]["from"] == {"name": "Mia Sommer", "handle": "mia"}


def test_taking_a_hundred_costs_no_more_statements_than_taking_ten(
    account: Account, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    moment: datetime = now()
    many = [told(f"c{n}", author=Author(f"p{n}", f"p{n}"), created_at=moment) for n in range(100)]

    with django_assert_max_num_queries(35):
        arrivals.take(account, many)


def test_factories_make_what_arrivals_would(account: Account) -> None:
    conversation = ConversationFactory.create(account=account, said=["Hello?", "Anybody?"])
    MessageFactory.create(conversation=conversation, ours=True, text="Yes")
    conversations.recount([conversation.pk])

    conversation.refresh_from_db()
    assert (conversation.unread, conversation.needs_answer, conversation.preview) == (2, False, "Yes")
