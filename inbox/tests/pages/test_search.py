"""Searching: words of messages and names of people, with whatever signs somebody types."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from inbox import search_index
from inbox.factories import ConversationFactory, MessageFactory
from inbox.models import Conversation, Message
from inbox.search import matching

pytestmark = pytest.mark.django_db
Talk = Callable[..., Conversation]


def found(words: str) -> set[str]:
    return set(matching(Conversation.objects.all(), words).values_list("preview", flat=True))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("rye", {"Do you bake rye bread?"}),
        ("RYE bread", {"Do you bake rye bread?"}),
        ("bread rye", {"Do you bake rye bread?"}),
        ('"rye bread"', {"Do you bake rye bread?"}),
        ('"bread rye"', set()),
        ("bre", {"Do you bake rye bread?"}),
        ("read", set()),
        ("gluten-free", {"Gluten-free, write to jobs@bakery.example"}),
        ("jobs@bakery.example", {"Gluten-free, write to jobs@bakery.example"}),
        ("bakery", {"Gluten-free, write to jobs@bakery.example"}),
        ("crème", {"Eine Tüte Crème, 50 % off!"}),
        ("tüte 50", {"Eine Tüte Crème, 50 % off!"}),
        ("Ana", {"Eine Tüte Crème, 50 % off!"}),
        ("@ana.l", {"Eine Tüte Crème, 50 % off!"}),
        ("rye tüte", set()),
    ],
)
def test_words_are_found(talk: Talk, words: str, expected: set[str]) -> None:
    talk("Do you bake rye bread?")
    talk("Gluten-free, write to jobs@bakery.example")
    talk("Eine Tüte Crème, 50 % off!", person__name="Ana Lopes", person__handle="ana.lopes")

    assert found(words) == expected


@pytest.mark.parametrize(
    "words",
    ['"', "'", "''", '"rye', "rye'", "a & | ! b", "(((", "*",
     "rye*", "NEAR(a b)", "AND", "OR NOT", ":*", "%s", "\\", "{}[]", "\0", "^", "-", "a:b", "💚",
     "x" * 200, "' OR 1=1 --"],
)  # fmt: skip
def test_any_sign_is_a_question_and_never_an_error(talk: Talk, words: str) -> None:
    talk("Do you bake rye bread?")

    assert found(words) <= {"Do you bake rye bread?"}


def test_no_words_narrow_nothing(talk: Talk) -> None:
    talk("One")

    assert found("  ") == {"One"}


def test_search_stays_in_its_workspace(talk: Talk, desk: object) -> None:
    talk("Rye please")
    ConversationFactory.create(said=["Rye elsewhere"])

    rows = desk.get("/inbox/?q=rye&show=all").context["rows"]  # type: ignore[attr-defined]

    assert [row.preview for row in rows] == ["Rye please"]


def test_what_is_changed_or_deleted_is_found_as_it_stands(talk: Talk) -> None:
    row = talk("Wheat")
    message = row.messages.get()
    Message.objects.filter(pk=message.pk).update(text="Barley")

    assert (found("wheat"), found("barley")) == (set(), {"Wheat"})

    message.delete()
    assert found("barley") == set()


def test_an_older_message_of_a_conversation_is_found(talk: Talk) -> None:
    row = talk("And something else")
    MessageFactory.create(conversation=row, text="A birthday cake", created_at=now() - timedelta(days=20))

    assert found("birthday") == {"And something else"}


def test_the_index_is_mended_where_a_change_of_the_table_took_it(talk: Talk) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its index with the table")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER inbox_message_added")
    talk("Written meanwhile")
    assert found("meanwhile") == set()

    search_index.prepare(connection)
    talk("Written later")

    assert found("written") == {"Written meanwhile", "Written later"}
