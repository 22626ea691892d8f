"""Bluesky: numbers, what people write, answers, direct messages and moderation; against the twin."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from platforms.bluesky import Bluesky
from platforms.content import Message, Token
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, PermissionMissing, Unavailable
from platforms.ledger import MemoryLedger
from platforms.sandbox.bluesky import CHAT_PASSWORD, arrive
from platforms.sandbox.bluesky_store import LAMP_KEY
from platforms.sandbox.bluesky_wire import did_for
from platforms.sandbox.models import Call, Entry, Fault, Note, Person
from platforms.tests.bluesky_world import client, draft, home, log_in, sign_in
from platforms.tests.books import Killed, MortalLedger

DID = did_for("moonrise.test")
LIKE, GATE = "app.bsky.feed.like", "app.bsky.feed.threadgate"
QUESTION = "How early do you open on Sundays?"


@pytest.fixture
def server(live_server: LiveServer) -> str:
    return home(live_server)


@pytest.fixture
def bluesky(server: str) -> Bluesky:
    """Connected with an app password that may read direct messages."""
    return client(server, log_in(server, password=CHAT_PASSWORD))


def person(handle: str) -> Person:
    return Person.objects.get(network="bluesky", handle=handle)


def asked(kind: str, text: str = QUESTION, who: str = "inga.test") -> Note:
    """Somebody writes to the bakery."""
    return arrive(kind, person("moonrise.test"), person(who), text)


def read(desk: Bluesky) -> list[Message]:
    return list(desk.messages({}, []).messages)


def records(collection: str) -> list[str]:
    kept = person("moonrise.test").facts.get("records", {})
    return [uri for uri in kept if f"/{collection}/" in uri]


def refused(path: str, code: str) -> None:
    Fault.objects.create(network="bluesky", kind=Fault.Kind.REFUSED, path=path, code=code)


def fault(kind: Fault.Kind, path: str, **more: int) -> Fault:
    return Fault.objects.create(network="bluesky", kind=kind, path=path, **more)


# --- numbers ---


def test_a_posts_numbers_are_told_in_our_words(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked("comment")

    numbers = bluesky.post_metrics(published)

    assert numbers.values == {"likes": 0, "reposts": 0, "quotes": 0, "comments": 1, "saves": 0}
    assert numbers.raw["replyCount"] == 1


def test_the_parts_of_a_thread_are_nobodys_comments(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft(*(f"Part {n}" for n in range(27))), MemoryLedger())
    Call.objects.all().delete()

    numbers = bluesky.post_metrics(published)

    assert numbers.values["comments"] == 0
    assert numbers.raw["replyCount"] == 26
    assert Call.objects.filter(path__endswith="getPosts").count() == 2


def test_numbers_of_a_post_that_is_gone(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("Warm bread"), MemoryLedger())
    bluesky.delete(published)

    with pytest.raises(NotFound):
        bluesky.post_metrics(published)


def test_an_accounts_numbers(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())

    numbers = bluesky.account_metrics()

    assert numbers.values == {"followers": 412, "posts": 1}
    assert numbers.raw["followsCount"] == 180


# --- what arrives ---


def test_a_reply_is_a_comment_below_the_post(server: str, bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("Warm bread"), MemoryLedger())
    note = asked("comment")

    [message] = read(bluesky)

    assert (message.kind, message.text, message.remote_id) == ("comment", QUESTION, note.remote_id)
    assert (message.author.handle, message.author.name) == ("inga.test", "Inga Lindqvist")
    assert message.post_id == message.parent_id == message.thread_id == published.remote_id
    key = note.remote_id.rpartition("/")[2]
    assert message.permalink == f"{server}/profile/{did_for('inga.test')}/post/{key}"


def test_mentions_and_quotes_name_the_account(server: str, bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked("mention", "Go to them")
    tomas = client(server, log_in(server, "tomas.test"))
    tomas.publish(draft("This bread!", quote=published.permalink), MemoryLedger())

    mention, quote = read(bluesky)

    assert (mention.kind, mention.post_id) == ("mention", "")
    assert (quote.kind, quote.text, quote.post_id) == ("mention", "This bread!", published.remote_id)


def test_likes_are_no_messages(server: str, bluesky: Bluesky) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked("comment")
    [message] = read(bluesky)
    bluesky.moderate(message, "like")

    assert read(client(server, log_in(server, "inga.test"))) == []


def test_only_what_is_new_comes_again(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked("comment", "One")
    first = bluesky.messages({}, [])
    asked("comment", "Two")
    asked("direct", "Three")

    second = bluesky.messages(first.cursor, [])
    third = bluesky.messages(second.cursor, [])

    assert [message.text for message in first.messages] == ["One"]
    assert [message.text for message in second.messages] == ["Two", "Three"]
    assert third.messages == ()
    assert third.cursor == second.cursor


def test_what_is_indexed_a_little_late_is_not_missed(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked("comment", "Seen")
    first = bluesky.messages({}, [])
    late = asked("comment", "Late")
    Note.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(minutes=5))

    second = bluesky.messages(first.cursor, [])

    assert [message.text for message in second.messages] == ["Late"]


def test_many_are_read_page_by_page_and_no_further_than_needed(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    for n in range(103):
        asked("comment", f"Question {n}")
    for n, note in enumerate(Note.objects.filter(kind="comment"), 1):
        Note.objects.filter(pk=note.pk).update(created_at=timezone.now() - n * timedelta(minutes=20))

    inbox = bluesky.messages({}, [])
    Call.objects.all().delete()
    asked("comment", "One more")
    later = bluesky.messages(inbox.cursor, [])

    assert len(inbox.messages) == 103
    assert [message.text for message in later.messages] == ["One more"]
    assert Call.objects.filter(path__endswith="listNotifications").count() == 1


def test_an_empty_inbox_keeps_its_place(bluesky: Bluesky) -> None:
    assert bluesky.messages({}, []).cursor == {}


def test_replies_that_the_gate_does_not_let_in_are_not_told(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Quiet", replies="nobody"), MemoryLedger())

    with pytest.raises(ValueError, match="lets nobody"):
        asked("comment")

    assert read(bluesky) == []


# --- answering in public ---


def test_an_answer_hangs_below_what_it_answers(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("Warm bread"), MemoryLedger())
    note = asked("comment")
    [message] = read(bluesky)

    answer = bluesky.reply(message, "At seven, @inga.test", MemoryLedger())

    [_post, entry] = Entry.objects.filter(network="bluesky").order_by("pk")
    assert answer.remote_id == entry.remote_id
    assert (answer.is_ours, answer.parent_id, answer.post_id) == (True, note.remote_id, published.remote_id)
    assert entry.body["reply"]["root"]["uri"] == published.remote_id
    assert entry.body["reply"]["parent"]["uri"] == note.remote_id
    assert entry.body["facets"][0]["features"][0]["did"] == did_for("inga.test")


def test_a_mention_is_answered_where_it_stands(bluesky: Bluesky) -> None:
    note = asked("mention")
    [message] = read(bluesky)

    bluesky.reply(message, "Thank you", MemoryLedger())

    entry = Entry.objects.get(network="bluesky")
    assert entry.body["reply"]["root"] == entry.body["reply"]["parent"]
    assert entry.parent_id == note.remote_id


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["comment", "direct"])
def test_an_answer_that_is_killed_at_any_moment_is_given_once(
    server: str, bluesky: Bluesky, kind: str
) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked(kind)
    [message] = read(bluesky)
    for moment in range(20):
        books = MortalLedger(moment)
        text = f"At seven. {moment}"
        try:
            bluesky.reply(message, text, books)
            break
        except Killed:
            bluesky.reply(message, text, books)
        assert given(text) == 1
    assert moment >= 3


def given(text: str) -> int:
    """How often something was said."""
    return Entry.objects.filter(text=text).count() + Note.objects.filter(text=text, kind="direct").count()


@pytest.mark.parametrize(("kind", "path"), [("comment", "putRecord"), ("direct", "sendMessage")])
def test_an_answer_whose_outcome_is_unclear_is_looked_for(bluesky: Bluesky, kind: str, path: str) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked(kind)
    [message] = read(bluesky)
    books = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, path)

    with pytest.raises(OutcomeUnknown):
        bluesky.reply(message, "At seven.", books)
    answer = bluesky.reply(message, "At seven.", books)

    assert answer.is_ours
    assert given("At seven.") == 1


@pytest.mark.parametrize(("kind", "length"), [("comment", 301), ("direct", 1001)])
def test_an_answer_that_is_too_long_is_not_sent(bluesky: Bluesky, kind: str, length: int) -> None:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked(kind)
    [message] = read(bluesky)

    with pytest.raises(InvalidContent, match="Shorten it"):
        bluesky.reply(message, "x" * length, MemoryLedger())


# --- direct messages ---


@pytest.mark.parametrize("way", ["consent", "password"])
def test_direct_messages_come_where_the_token_allows_them(server: str, way: str) -> None:
    token = sign_in(server) if way == "consent" else log_in(server, password=CHAT_PASSWORD)
    asked("direct")

    [message] = read(client(server, token))

    assert (message.kind, message.text, message.author.handle) == ("direct", QUESTION, "inga.test")
    assert message.thread_id
    assert not message.is_ours


def test_a_plain_app_password_has_none_and_asks_for_none(server: str) -> None:
    asked("direct")

    assert read(client(server, log_in(server))) == []
    assert not Call.objects.filter(path__contains="chat.bsky").exists()


def test_a_renewed_session_may_what_it_might_before(server: str) -> None:
    token = client(server, log_in(server, password=CHAT_PASSWORD)).refresh()
    asked("direct")

    assert len(read(client(server, token))) == 1


def test_a_connection_of_before_reads_on_without_them(server: str) -> None:
    old = sign_in(server)
    asked("direct")
    asked("mention", "Hello")

    narrow = Token(old.access, old.refresh, old.expires_at, ("atproto", "transition:generic"), old.extra)

    assert [message.text for message in read(client(server, narrow))] == ["Hello"]


def test_somebody_whom_the_chat_refuses_still_has_comments(bluesky: Bluesky) -> None:
    asked("mention", "Hello")
    refused("listConvos", "insufficient access")

    assert [message.text for message in read(bluesky)] == ["Hello"]


def test_answering_a_stranger_accepts_the_conversation(bluesky: Bluesky) -> None:
    asked("direct")
    [message] = read(bluesky)

    answer = bluesky.reply(message, "At seven, see https://example.org/hours", MemoryLedger())

    mine = Note.objects.get(kind="direct", author__handle="moonrise.test")
    assert answer.remote_id == mine.remote_id
    assert answer.thread_id == message.thread_id
    assert mine.body["facets"][0]["features"][0]["uri"] == "https://example.org/hours"
    assert Call.objects.filter(path__endswith="acceptConvo").count() == 1
    assert [told.is_ours for told in read(bluesky)] == [False, True]


def test_the_same_words_of_before_are_not_taken_for_an_answer(bluesky: Bluesky) -> None:
    asked("direct")
    [message] = read(bluesky)
    bluesky.reply(message, "At seven.", MemoryLedger())
    books = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "sendMessage")

    with pytest.raises(OutcomeUnknown):
        bluesky.reply(message, "At seven.", books)
    bluesky.reply(message, "At seven.", books)

    assert given("At seven.") == 2


# --- moderating ---


@pytest.fixture
def comment(bluesky: Bluesky) -> Message:
    bluesky.publish(draft("Warm bread"), MemoryLedger())
    asked("comment")
    [message] = read(bluesky)
    return message


def test_a_like_stands_once_and_can_be_taken_back(bluesky: Bluesky, comment: Message) -> None:
    bluesky.moderate(comment, "like")
    bluesky.moderate(comment, "like")
    liked = records(LIKE)
    likes = Note.objects.get(remote_id=comment.remote_id).likes
    bluesky.moderate(comment, "unlike")
    bluesky.moderate(comment, "unlike")

    assert len(liked) == likes == 1
    assert records(LIKE) == []


def test_a_like_whose_answer_was_lost_is_one_like(bluesky: Bluesky, comment: Message) -> None:
    fault(Fault.Kind.DROP_AFTER, "putRecord")

    with pytest.raises(Unavailable):
        bluesky.moderate(comment, "like")
    bluesky.moderate(comment, "like")

    assert len(records(LIKE)) == 1


def test_hidden_replies_are_listed_beside_the_post(bluesky: Bluesky, comment: Message) -> None:
    bluesky.moderate(comment, "hide")
    bluesky.moderate(comment, "hide")
    hidden = Note.objects.get(remote_id=comment.remote_id).is_hidden
    [uri] = records(GATE)
    gate = person("moonrise.test").facts["records"][uri]["body"]

    assert hidden
    assert gate["hiddenReplies"] == [comment.remote_id]
    assert "allow" not in gate
    bluesky.moderate(comment, "unhide")
    assert not Note.objects.get(remote_id=comment.remote_id).is_hidden


def test_hiding_leaves_who_may_reply_as_it_is(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Warm bread", replies="followers"), MemoryLedger())
    asked("comment")
    [message] = read(bluesky)

    bluesky.moderate(message, "hide")

    [uri] = records(GATE)
    gate = person("moonrise.test").facts["records"][uri]["body"]
    assert gate["allow"] == [{"$type": f"{GATE}#followerRule"}]


def test_replies_below_other_peoples_posts_cannot_be_hidden(bluesky: Bluesky) -> None:
    asked("mention")
    [message] = read(bluesky)

    with pytest.raises(InvalidContent, match="own posts"):
        bluesky.moderate(message, "hide")


def test_a_gate_that_changed_meanwhile_is_tried_again(bluesky: Bluesky, comment: Message) -> None:
    refused("putRecord", "InvalidSwap")

    with pytest.raises(Unavailable):
        bluesky.moderate(comment, "hide")
    bluesky.moderate(comment, "hide")

    assert Note.objects.get(remote_id=comment.remote_id).is_hidden


def test_what_others_wrote_cannot_be_deleted(bluesky: Bluesky, comment: Message) -> None:
    with pytest.raises(InvalidContent, match="wrote themselves"):
        bluesky.moderate(comment, "delete")


def test_a_token_that_may_not_like_says_so(server: str, bluesky: Bluesky, comment: Message) -> None:
    refused("putRecord", "ScopeMissingError")

    with pytest.raises(PermissionMissing):
        bluesky.moderate(comment, "like")


def test_a_quoted_post_hears_of_it(server: str, bluesky: Bluesky) -> None:
    address = f"https://bsky.app/profile/tomas.test/post/{LAMP_KEY}"
    bluesky.publish(draft("Light!", quote=address), MemoryLedger())

    [message] = read(client(server, log_in(server, "tomas.test")))

    assert (message.text, message.author.handle) == ("Light!", "moonrise.test")
    assert message.remote_id.startswith(f"at://{DID}/")
