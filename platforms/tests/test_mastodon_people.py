"""What people write to an account on Mastodon, and what is written back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from platforms._mastodon_inbox import words_of
from platforms.content import Message
from platforms.errors import NotFound, OutcomeUnknown, PermissionMissing, Unavailable
from platforms.ledger import MemoryLedger
from platforms.mastodon import SETTLES, Mastodon
from platforms.sandbox.mastodon import arrive
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.mastodon_world import person, publish, speaking_for
from platforms.transport import Answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(sandbox: str) -> Mastodon:
    return speaking_for(sandbox)


def write(text: str, kind: str = "mention", by: str = "tomas") -> Note:
    entry = Entry.objects.filter(person=person(), deleted_at=None).order_by("pk").first()
    return arrive(kind, person(), person(by), text, entry)


def only(client: Mastodon, *posts: Any) -> Message:
    [message] = client.messages({}, posts).messages
    return message


# --- reading ---


def test_an_answer_belongs_to_its_post(client: Mastodon) -> None:
    published = publish(client, "We open at seven")
    note = write("On Sundays too?\n\nAnd on <b> Mondays?", "comment")

    message = only(client, published)

    assert (message.kind, message.remote_id, message.parent_id) == (
        "comment",
        note.remote_id,
        published.remote_id,
    )
    assert message.post_id == message.thread_id == published.remote_id
    assert message.text == "On Sundays too?\n\nAnd on <b> Mondays?"
    assert (message.author.handle, message.author.name) == ("tomas", "Tomás Rivera")
    assert message.permalink
    assert not message.is_ours


@pytest.mark.parametrize("server", ["pleroma", "gotosocial", "takahe", "old"])
def test_messages_come_from_any_server(sandbox: str, server: str) -> None:
    write("Hello", "direct")

    assert only(speaking_for(sandbox, server=server)).kind == "direct"


def test_an_answer_to_an_answer_belongs_to_the_post_too(client: Mastodon) -> None:
    published = publish(client, "We open at seven")
    write("On Sundays too?", "comment")
    answer = client.reply(only(client, published), "Yes", MemoryLedger())
    write("Thanks!", "mention", by="inga")
    Note.objects.filter(text="Thanks!").update(parent_id=answer.remote_id)

    for posts in ([published], []):
        *_, last = client.messages({}, posts).messages
        assert (last.kind, last.post_id, last.thread_id) == (
            "comment",
            published.remote_id,
            published.remote_id,
        )


def test_an_answer_to_a_part_of_a_thread_belongs_to_the_thread(client: Mastodon) -> None:
    published = publish(client, "One", "Two")
    write("To the second")
    Note.objects.update(parent_id=published.part_ids[1])
    Call.objects.all().delete()

    assert only(client, published).post_id == published.remote_id
    assert not Call.objects.filter(path__endswith="/context").exists()


def test_in_a_conversation_of_others_it_is_a_mention(sandbox: str, client: Mastodon) -> None:
    theirs = publish(speaking_for(sandbox, "tomas"), "Who bakes?")
    publish(speaking_for(sandbox, "inga"), "@moonrise do you?")
    Entry.objects.filter(text__startswith="@moonrise").update(parent_id=theirs.remote_id)

    message = only(client)

    assert (message.kind, message.post_id, message.thread_id) == ("mention", "", theirs.remote_id)
    assert message.text == "do you?"


def test_a_quote_is_heard_of(sandbox: str, client: Mastodon) -> None:
    published = publish(client, "We open at seven")
    publish(speaking_for(sandbox, "tomas"), "Early birds!", quote=published.permalink)

    message = only(client)

    assert (message.kind, message.text) == ("mention", "Early birds!")


def test_favourites_are_no_messages(sandbox: str, client: Mastodon) -> None:
    published = publish(client, "We open at seven")
    speaking_for(sandbox, "tomas").call("POST", f"/api/v1/statuses/{published.remote_id}/favourite")

    assert client.messages({}, []).messages == ()
    assert len(client.call("GET", "/api/v1/notifications").maybe_json) == 1


def test_a_cursor_brings_what_is_new_once_and_in_order(client: Mastodon) -> None:
    write("One")
    first = client.messages({}, [])
    for n in range(100):
        write(f"More {n}")

    second = client.messages(first.cursor, [])
    third = client.messages(second.cursor, [])

    assert [message.text for message in first.messages] == ["One"]
    assert [message.text for message in second.messages] == [f"More {n}" for n in range(100)]
    assert third.messages == ()
    assert third.cursor == second.cursor


def test_nothing_yet_is_no_cursor(client: Mastodon) -> None:
    assert client.messages({}, []).cursor == {}


def test_a_server_that_pages_badly_is_not_asked_for_ever(client: Mastodon) -> None:
    write("One")

    class Deaf(Mastodon):
        def call(self, method: str, path: str, **request: Any) -> Answer:
            request.pop("params", None)
            return super().call(method, path, **request)

    inbox = Deaf(client.connection).messages({"min_id": "1"}, [])

    assert [message.text for message in inbox.messages] == ["One"]


def test_a_warning_and_pictures_come_with_the_text(sandbox: str, client: Mastodon) -> None:
    from_tomas = speaking_for(sandbox, "tomas")
    from_tomas.call("POST", "/api/v1/statuses", json={"status": "@moonrise buns", "spoiler_text": "Food"})

    assert only(client).text == "Food\n\nbuns"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<p>@moonrise Hi</p>", "Hi"),
        ("<p>@Moonrise@mastodon.example: Hi @moonrise</p>", "Hi @moonrise"),
        ("<p>@moonriser Hi</p>", "@moonriser Hi"),
        ("<p>@moonrise.bakes Hi</p>", "@moonrise.bakes Hi"),
        ("<p>Hi<br>you &amp; me</p><p class='x'>Bye</p>", "Hi\nyou & me\n\nBye"),
        ('<p class="quote-inline">RE: <a href="#">x</a></p><p>Look</p>', "Look"),
        ('Look<span class="quote-inline"><br/><br/>RE: <a href="#">x</a></span>', "Look"),
        (None, ""),
    ],
)
def test_the_text_is_what_people_read(content: str | None, words: str) -> None:
    assert words_of({"content": content}, "@moonrise@mastodon.example") == words


def test_odd_notifications_are_passed_over(client: Mastodon) -> None:
    class Odd(Mastodon):
        def call(self, method: str, path: str, **request: Any) -> Answer:
            body = (
                b'[{"id": "9", "type": "pleroma:emoji_reaction", "status": {"id": "1"}}, "x",'
                b' {"type": "mention"},'
                b' {"id": "8", "type": "mention", "status": null},'
                b' {"id": "7", "type": "mention", "status": {"id": "70"}}]'
            )
            return Answer(method, path, 200, {}, body if "max_id" not in str(request) else b"[]")

    inbox = Odd(client.connection).messages({}, [])

    assert [message.remote_id for message in inbox.messages] == ["70"]
    assert inbox.cursor == {"min_id": "9"}


def test_a_conversation_that_cannot_be_read_stops_nothing(client: Mastodon) -> None:
    published = publish(client, "We open at seven")
    write("On Sundays too?", "comment")
    Fault.objects.create(network="mastodon", kind=Fault.Kind.REFUSED, code="403", path="/context")

    message = only(client)

    assert (message.kind, message.post_id) == ("comment", published.remote_id)


def test_an_answer_that_is_no_list_is_asked_for_later(client: Mastodon) -> None:
    Fault.objects.create(kind=Fault.Kind.HTML, path="/notifications")

    with pytest.raises(Unavailable):
        client.messages({}, [])


def test_a_connection_from_before_the_inbox_is_asked_to_be_renewed(client: Mastodon) -> None:
    Grant.objects.update(scopes=["read:accounts", "read:statuses", "write:statuses"])

    with pytest.raises(PermissionMissing) as error:
        client.messages({}, [])

    assert "Connect the account again" in error.value.action


# --- answering ---


@pytest.mark.parametrize(
    ("kind", "visibility"), [("direct", "direct"), ("comment", "unlisted"), ("mention", "public")]
)
def test_an_answer_is_seen_by_as_many_as_the_question(client: Mastodon, kind: str, visibility: str) -> None:
    published = publish(client, "We open at seven")
    note = write("On Sundays too?", kind)

    answer = client.reply(only(client, published), "At eight", MemoryLedger())

    entry = Entry.objects.get(remote_id=answer.remote_id)
    assert (entry.text, entry.parent_id) == ("@tomas At eight", note.remote_id)
    assert entry.body["visibility"] == visibility
    assert answer.is_ours
    assert (answer.text, answer.parent_id) == ("At eight", note.remote_id)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("@Tomas at eight", "@Tomas at eight"),
        ("@tomas. At eight", "@tomas. At eight"),
        ("@tomasina asks too", "@tomas @tomasina asks too"),
        ("@tomas@far.example asks too", "@tomas @tomas@far.example asks too"),
    ],
)
def test_who_is_named_already_is_not_named_twice(client: Mastodon, text: str, sent: str) -> None:
    write("On Sundays too?", "direct")

    answer = client.reply(only(client), text, MemoryLedger())

    assert Entry.objects.get(remote_id=answer.remote_id).text == sent


def test_a_warning_is_kept_in_the_answer(sandbox: str, client: Mastodon) -> None:
    body = {"status": "@moonrise buns", "spoiler_text": "Food"}
    speaking_for(sandbox, "tomas").call("POST", "/api/v1/statuses", json=body)

    answer = client.reply(only(client), "Yes", MemoryLedger())

    assert Entry.objects.get(remote_id=answer.remote_id).body["spoiler_text"] == "Food"


@pytest.mark.parametrize("server", ["mastodon", "pleroma", "gotosocial", "takahe"])
def test_a_lost_answer_is_found_not_written_again(sandbox: str, server: str) -> None:
    client, books = speaking_for(sandbox, server=server), MemoryLedger()
    write("On Sundays too?", "direct")
    message = only(client)
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/statuses", method="POST")
    with pytest.raises(OutcomeUnknown):
        client.reply(message, "At eight", books)

    answer = client.reply(message, "At eight", books)

    assert Entry.objects.get().remote_id == answer.remote_id


@pytest.mark.chaos
@pytest.mark.parametrize("moment", range(3))
def test_killed_at_every_moment_one_answer_stands(client: Mastodon, moment: int) -> None:
    books = MortalLedger(moment)
    write("On Sundays too?", "direct")
    message = only(client)
    with pytest.raises(Killed):
        client.reply(message, "At eight", books)
    for step in books.intents:
        books.intents[step] -= SETTLES + timedelta(seconds=1)

    client.reply(message, "At eight", books)

    assert Entry.objects.count() == 1


# --- favourites ---


def test_a_message_is_liked_and_that_is_taken_back(client: Mastodon) -> None:
    write("Lovely bread")
    message = only(client)

    client.moderate(message, "like")
    client.moderate(message, "like")
    assert Note.objects.get().likes == 1

    client.moderate(message, "unlike")
    client.moderate(message, "unlike")
    assert Note.objects.get().likes == 0


def test_what_is_gone_cannot_be_liked(client: Mastodon) -> None:
    write("Lovely bread")
    message = replace(only(client), remote_id="5")

    with pytest.raises(NotFound):
        client.moderate(message, "like")


def test_a_lost_answer_to_a_like_may_be_repeated(client: Mastodon) -> None:
    write("Lovely bread")
    message = only(client)
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/favourite")
    with pytest.raises(Unavailable):
        client.moderate(message, "like")

    client.moderate(message, "like")

    assert Note.objects.get().likes == 1
