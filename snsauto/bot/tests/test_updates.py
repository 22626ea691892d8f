"""What reaches the bot is handled once, whoever dies; and how it reaches us."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory, MembershipFactory
from accounts.models import User, Workspace
from platforms._telegram_chatbot import LONGEST, pieces
from platforms.chatting import ChatBot, Utterance
from platforms.sandbox import desk_bot, telegram_person
from platforms.sandbox.models import Fault, Person
from platforms.tests.files import picture_bytes
from publishing.models import Post
from snsauto.bot import reader, updates
from snsauto.bot.commands import COMMANDS, PRESSES, pressed
from snsauto.bot.pace import Pace
from snsauto.bot.tests.conftest import Phone, talk_of
from snsauto.models import BotReader, BotUpdate

pytestmark = pytest.mark.django_db(transaction=True)
HOOK = "/hooks/telegram-bot/"
SECRET = "a-secret-of-sixteen"


def test_a_message_that_comes_twice_is_handled_once(adas: Phone, workspace: Workspace) -> None:
    AccountFactory.create(workspace=workspace)
    telegram_person.say(adas.who, adas.who, "/draft Rye", told=adas.desk, kind="direct")
    news = adas.bot.listen(0, 0)

    for _ in range(2):
        updates.keep(adas.bot, news)
        updates.handle_waiting(adas.bot, Pace())

    assert Post.objects.count() == 1
    assert sum("Draft" in text for text in adas.texts) == 1


def test_a_command_whose_process_died_is_done_once(adas: Phone, workspace: Workspace) -> None:
    """The draft was written, and the process died before it could say so."""
    AccountFactory.create(workspace=workspace)
    adas.write("/draft Rye")
    BotUpdate.objects.update(handled_at=None, taken_until=now())

    adas.hear()

    assert Post.objects.count() == 1


@pytest.mark.parametrize("words", ["/mute 0001-01-01 00:00", "/mute 9999-12-31 23:59", "/schedule 1 ²"])
def test_words_that_nobody_thought_of_are_answered(adas: Phone, words: str) -> None:
    assert "Say" in adas.write(words) or "no such day" in adas.texts[-1]


def test_button_that_was_made_up_is_answered(adas: Phone, ada: User) -> None:
    for name in PRESSES:
        assert pressed(talk_of(ada, name)).said, name  # without what stands behind it on ours


def test_what_stops_the_bot_silences_no_other_chat(adas: Phone) -> None:
    raw = {"update_id": 1, "message": {"text": "/today"}}  # without what every message has
    BotUpdate.objects.create(bot=updates.name_of(adas.bot), number=1, chat="1", raw=raw)

    assert "Nothing today" in adas.write("/today")
    assert not BotUpdate.objects.waiting().exists()


def test_what_was_tried_three_times_is_given_up(adas: Phone) -> None:
    adas.write("/today")
    BotUpdate.objects.update(handled_at=None, taken_until=None, tries=BotUpdate.MOST_TRIES)
    before = len(adas.texts)

    adas.hear()

    assert len(adas.texts) == before
    assert not BotUpdate.objects.waiting().exists()


def test_a_limit_makes_a_command_wait_and_no_try_is_lost(adas: Phone) -> None:
    telegram_person.say(adas.who, adas.who, "/today", told=adas.desk, kind="direct")
    updates.keep(adas.bot, adas.bot.listen(updates.last(adas.bot), 0))
    Fault.objects.create(network="telegram", kind=Fault.Kind.LIMITED, method="POST")
    pace = Pace()
    before = len(adas.texts)

    handled = updates.handle_waiting(adas.bot, pace)

    update = BotUpdate.objects.waiting().get()
    assert (handled, update.tries, pace.is_free(adas.who.remote_id)) == (0, 0, False)
    assert adas.hear()
    assert len(adas.texts) == before + 1


def test_an_answer_that_was_lost_is_not_said_again(adas: Phone) -> None:
    Fault.objects.create(network="telegram", kind=Fault.Kind.DROP_AFTER, method="POST", path="/sendMessage")

    adas.write("/today")
    adas.hear()

    assert sum("Nothing today." in text for text in adas.texts) == 1


def test_a_picture_with_words_becomes_a_draft(adas: Phone, workspace: Workspace) -> None:
    AccountFactory.create(workspace=workspace)

    said = adas.write("Fresh from the oven", picture=picture_bytes((640, 480)))

    post = Post.objects.get()
    assert post.text == "Fresh from the oven"
    assert [(media.width, media.content_type) for media in post.pictures] == [(640, "image/jpeg")]
    assert f"Draft {post.pk}" in said


def test_who_looks_on_gets_no_draft_from_a_picture(vics: Phone) -> None:
    said = vics.write("Fresh", picture=picture_bytes((64, 48)))

    assert said == "Your role in Bakery does not allow that."
    assert not Post.objects.exists()


def test_words_alone_are_pointed_the_way(adas: Phone) -> None:
    assert "/help" in adas.write("Good morning")


def test_what_people_say_in_groups_is_none_of_its_business(adas: Phone, bot: ChatBot) -> None:
    group = Person.objects.get(network="telegram", handle="morgenrot_talk")
    telegram_person.invite(adas.who, adas.desk, group)

    telegram_person.say(group, adas.who, "/status")
    adas.hear()

    assert BotUpdate.objects.filter(chat=group.remote_id, handled_at__isnull=False).exists()
    assert not group.entries.filter(body__bot=desk_bot.BOT).exists()


def test_a_press_that_is_answered_too_late_has_its_effect(adas: Phone, ada: User) -> None:
    aviary = MembershipFactory.create(user=ada, workspace__name="Aviary").workspace
    User.objects.update(current_workspace=ada.memberships.exclude(workspace=aviary).get().workspace)
    adas.write("/workspace")
    telegram_person.press(
        adas.who, adas.desk, adas.who, adas.messages[-1]["message_id"], f"workspace:{aviary.pk}"
    )

    with time_machine.travel(now() + timedelta(seconds=20)):
        adas.hear()

    assert User.objects.get(pk=ada.pk).current_workspace == aviary
    assert adas.texts[-1] == "We talk about Aviary now."


# --- long texts ---


def test_a_long_text_is_cut_between_lines() -> None:
    lines = [f"{n} " + "🥐" * 60 for n in range(100)]

    made = pieces("\n".join(lines))

    assert "\n".join(made).split("\n") == lines
    assert all(len(piece.encode("utf-16-le")) // 2 <= LONGEST for piece in made)
    assert len(made) == 4


def test_a_line_that_is_too_long_is_cut_and_nothing_of_it_lost() -> None:
    made = pieces("a" * 10_000)

    assert "".join(made) == "a" * 10_000
    assert max(map(len, made)) <= LONGEST


def test_long_answers_arrive_whole(adas: Phone) -> None:
    adas.bot.say(adas.who.remote_id, Utterance("\n".join(["Rye &amp; spelt"] * 600)))

    assert "\n".join(adas.texts[-3:]).count("Rye & spelt") == 600


# --- how it reaches us ---


@pytest.fixture
def hooked(bot: ChatBot, settings: Settings) -> ChatBot:
    settings.CHAT_BOT = {**settings.CHAT_BOT, "webhook_secret": SECRET}
    reader.introduce(bot)
    return bot


def test_by_webhook_it_comes_to_our_address(adas: Phone, hooked: ChatBot) -> None:
    telegram_person.say(adas.who, adas.who, "/today", told=adas.desk, kind="direct")

    while updates.handle_waiting(hooked, Pace()):
        pass

    assert "Nothing today." in adas.texts[-1]


def post(body: Any, **headers: str) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(HOOK, raw, content_type="application/json", headers=headers).status_code


UPDATE = {"update_id": 5, "message": {"message_id": 1, "chat": {"id": 9, "type": "private"}, "text": "Hi"}}
SIGNED = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def test_only_who_knows_the_secret_is_heard(settings: Settings) -> None:
    settings.CHAT_BOT = {**settings.CHAT_BOT, "webhook_secret": SECRET}

    refused = [post(UPDATE), post(UPDATE, **{"X-Telegram-Bot-Api-Secret-Token": "wrong"})]

    assert refused == [403, 403]
    assert not BotUpdate.objects.exists()
    assert [post(UPDATE, **SIGNED), post(UPDATE, **SIGNED)] == [200, 200]
    assert BotUpdate.objects.count() == 1


@pytest.mark.parametrize("body", [b"{", [1], {"update_id": "x"}, {"message": {}}])
def test_what_makes_no_sense_is_refused(body: Any, settings: Settings) -> None:
    settings.CHAT_BOT = {**settings.CHAT_BOT, "webhook_secret": SECRET}

    assert post(body, **SIGNED) == 400


def test_without_a_secret_there_is_no_such_address() -> None:
    assert post(UPDATE) == 404


def test_commands_are_offered_in_the_chat(bot: ChatBot) -> None:
    reader.introduce(bot)

    offered = Person.objects.get(network="telegram", remote_id=desk_bot.BOT).facts["commands"]
    assert [one["command"] for one in offered["default///"]] == list(COMMANDS)


def test_one_process_speaks_at_a_time() -> None:
    first, second = reader.hold_lease("one"), reader.hold_lease("two")
    with time_machine.travel(now() + reader.LEASE + reader.LEASE):
        third = reader.hold_lease("two")
    reader.let_go("two")

    assert (first, second, third) == (True, False, True)
    assert BotReader.objects.count() == 1


def test_an_account_that_posts_by_the_desks_own_bot_is_refused(bot: ChatBot, workspace: Workspace) -> None:
    AccountFactory.create(
        workspace=workspace,
        platform_name="telegram",
        credentials={"access": desk_bot.TOKEN, "refresh": "", "extra": {}},
    )

    process = reader.Reader(bot)
    process.step()

    assert reader.sharing(bot).endswith("(Telegram)")
    assert "commands" not in Person.objects.get(network="telegram", remote_id=desk_bot.BOT).facts


def test_the_process_reads_answers_and_stops(bot: ChatBot, ada: User, phone: Any) -> None:
    adas = phone(user=ada)
    process = reader.Reader(bot)
    telegram_person.say(adas.who, adas.who, "/today", told=adas.desk, kind="direct")

    process.step()
    process.stop()
    process.run()

    assert "Nothing today." in adas.texts[-1]
    assert BotReader.objects.get().lease_until <= now()


def test_a_chats_words_keep_their_order_though_the_first_must_be_tried_again(
    adas: Phone, workspace: Workspace
) -> None:
    for text in ("/pause", "/resume"):
        telegram_person.say(adas.who, adas.who, text, told=adas.desk, kind="direct")
    updates.keep(adas.bot, adas.bot.listen(updates.last(adas.bot), 0))
    first = BotUpdate.objects.filter(handled_at=None).order_by("number")[0]
    BotUpdate.objects.filter(pk=first.pk).update(taken_until=now() + timedelta(seconds=5), tries=1)

    updates.handle_waiting(adas.bot, Pace())
    with time_machine.travel(now() + timedelta(seconds=6)):
        adas.hear()

    workspace.refresh_from_db()
    assert not workspace.is_paused


def test_a_chat_with_very_many_messages_holds_up_no_other(adas: Phone, bot: ChatBot) -> None:
    flood = [BotUpdate(bot=updates.name_of(bot), number=n, chat="loud", raw={}) for n in range(updates.BATCH)]
    BotUpdate.objects.bulk_create(flood)
    telegram_person.say(adas.who, adas.who, "/today", told=adas.desk, kind="direct")
    updates.keep(bot, bot.listen(updates.last(bot), 0))
    pace, before = Pace(), len(adas.texts)
    pace.hold("loud", now() + timedelta(minutes=1))

    updates.handle_waiting(bot, pace)

    assert len(adas.texts) == before + 1
