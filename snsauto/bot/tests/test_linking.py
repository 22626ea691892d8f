"""Who is who in the chat: strangers, codes, people who left."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts.models import ChatCode, ChatLink, User
from platforms.sandbox import telegram_person
from snsauto.bot.commands import COMMANDS
from snsauto.bot.tests.conftest import Phone

pytestmark = pytest.mark.django_db(transaction=True)
STRANGER = "Hello! I talk only with the people of a desk, who link me from the settings of their notices."


@pytest.mark.parametrize("words", ["/start", "/queue", "/pause", "Hello?", "/start wrong-code-of-somebody"])
def test_a_stranger_gets_one_polite_sentence_and_nothing_else(
    phone: Callable[..., Phone], ada: User, words: str
) -> None:
    strangers = phone()

    said = strangers.write(words)

    assert said == STRANGER or said.startswith("This code is used or too old.")
    assert "\n" not in said


def test_every_command_is_refused_to_a_stranger(phone: Callable[..., Phone]) -> None:
    strangers = phone()

    said = {strangers.write(f"/{name} 1 now") for name in COMMANDS if name != "start"}

    assert said == {STRANGER}


def test_a_code_from_the_desk_links_its_person(phone: Callable[..., Phone], ada: User) -> None:
    jonas = phone()

    said = jonas.start(ChatCode.issue(ada))

    link = ChatLink.objects.get(user=ada)
    assert "you are linked as ada@example.org" in said
    assert (link.person, link.chat, link.name) == (jonas.who.remote_id, jonas.who.remote_id, "Jonas Weber")


def test_a_code_works_once(phone: Callable[..., Phone], ada: User) -> None:
    code = ChatCode.issue(ada)
    phone().start(code)

    said = phone("mila_novak").start(code)

    assert said.startswith("This code is used or too old.")
    assert ChatLink.objects.get().name == "Jonas Weber"


def test_a_code_is_worth_nothing_after_ten_minutes(phone: Callable[..., Phone], ada: User) -> None:
    jonas, code = phone(), ChatCode.issue(ada)

    with time_machine.travel(now() + ChatCode.LIFETIME + timedelta(seconds=1)):
        said = jonas.start(code)

    assert said.startswith("This code is used or too old.")
    assert not ChatLink.objects.exists()


def test_a_new_code_ends_the_one_before(phone: Callable[..., Phone], ada: User) -> None:
    old, _new = ChatCode.issue(ada), ChatCode.issue(ada)

    assert phone().start(old).startswith("This code is used or too old.")


def test_codes_are_stored_as_hashes(ada: User) -> None:
    code = ChatCode.issue(ada)

    assert code not in str(ChatCode.objects.values())


def test_another_phone_takes_the_place_of_the_first(phone: Callable[..., Phone], ada: User) -> None:
    phone(user=ada)
    phone("mila_novak", ada)

    assert [link.name for link in ChatLink.objects.all()] == ["Mila Novak"]


def test_a_phone_belongs_to_one_person(phone: Callable[..., Phone], ada: User, ben: User) -> None:
    phone(user=ada)
    phone(user=ben)

    assert [link.user for link in ChatLink.objects.all()] == [ben]


def test_unlinked_is_a_stranger(adas: Phone) -> None:
    adas.write("/unlink")

    assert adas.write("/status") == STRANGER


def test_who_lost_every_membership_has_lost_the_bot(adas: Phone, ada: User) -> None:
    ada.memberships.all().delete()

    assert adas.write("/queue") == "You belong to no workspace of the desk any more."


def test_who_was_shut_out_of_the_desk_is_a_stranger(adas: Phone) -> None:
    User.objects.update(is_active=False)

    assert adas.write("/queue") == STRANGER


def test_a_role_counts_as_it_is_now(adas: Phone, ada: User) -> None:
    ada.memberships.update(role="viewer")

    assert adas.write("/pause") == "Your role in Bakery does not allow that."


def test_who_blocks_the_bot_is_told_nothing_until_they_let_it_in(adas: Phone) -> None:
    telegram_person.block(adas.who, adas.desk)
    adas.hear()
    blocked = ChatLink.objects.get().blocked_at

    telegram_person.block(adas.who, adas.desk, is_blocked=False)
    adas.hear()

    assert blocked is not None
    assert ChatLink.objects.get().blocked_at is None
