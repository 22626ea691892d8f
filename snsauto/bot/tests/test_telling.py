"""What the bot tells: once, as each wants it, one message where much happens, and buttons that act."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts import notices
from accounts.factories import AccountFactory
from accounts.models import ChatLink, ChatMessage, NoticePreference, User, Workspace
from platforms.chatting import ChatBot
from platforms.sandbox.models import Fault, Person
from platforms.sandbox.telegram_chats import changed
from publishing.factories import DeliveryFactory
from publishing.models import Delivery, State
from publishing.trouble import tell_of_trouble
from snsauto.bot import outgoing
from snsauto.bot.pace import Pace
from snsauto.bot.tests.conftest import Phone

pytestmark = pytest.mark.django_db(transaction=True)
LATE = {"kind": "failed", "key": "late:1", "text": "“Rye & <spelt>” failed.", "url": "/queue/"}


def failing(workspace: Workspace, **fields: object) -> Delivery:
    account = AccountFactory.create(workspace=workspace, handle="harbour")
    return DeliveryFactory.create(
        post__workspace=workspace, account=account, fence=1, **({"failed": True} | fields)
    )


def test_what_failed_comes_with_a_button_that_sends_it_again(adas: Phone, workspace: Workspace) -> None:
    failing(workspace, post__text="Fresh bread")
    tell_of_trouble()

    (said,) = adas.told()
    pressed = adas.press("Retry")

    assert said == (
        "🔴 “Fresh bread” did not go out on harbour (X). The network refused the text. "
        "Change the text or the options and try again. (Bakery)"
    )
    assert pressed == "Trying again."
    assert Delivery.objects.get().state == State.SCHEDULED
    assert adas.texts[-1].endswith("Trying again. (Ada)")
    assert "Retry" not in adas.buttons


@pytest.mark.parametrize(
    ("label", "state"), [("It is there", State.PUBLISHED), ("Send it again", State.PUBLISHING)]
)
def test_what_is_unclear_is_decided_in_the_chat(
    label: str, state: State, bens: Phone, workspace: Workspace
) -> None:
    failing(workspace, failed=False, unknown=True)
    tell_of_trouble()
    bens.told()

    bens.press(label)

    assert Delivery.objects.get().state == state


def test_who_lost_their_role_presses_in_vain(adas: Phone, ada: User, workspace: Workspace) -> None:
    failing(workspace)
    tell_of_trouble()
    adas.told()
    ada.memberships.update(role="viewer")

    assert adas.press("Retry") == "Your role in Bakery does not allow that."
    assert Delivery.objects.get().state == State.FAILED


def test_a_storm_of_one_cause_is_one_message_whose_count_grows(adas: Phone, workspace: Workspace) -> None:
    first = failing(workspace)
    tell_of_trouble()
    adas.told()
    for _ in range(3):
        DeliveryFactory.create(post__workspace=workspace, account=first.account, fence=1, failed=True)
    tell_of_trouble()

    anew, changed_to = adas.told(), adas.texts[-1]
    pressed = adas.press("Retry all 4")

    assert anew == []
    assert "4 posts did not go out on harbour (X)." in changed_to
    assert pressed == "Trying 4 posts again."
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SCHEDULED}


def test_many_things_at_once_are_one_message_that_counts(adas: Phone, ada: User) -> None:
    for n in range(14):
        notices.tell([ada], **{**LATE, "key": f"late:{n}", "text": f"Loaf {n} failed."})

    said = adas.told()

    assert len(said) == 1
    assert said[0].startswith("14 things to know\n🔴 Loaf 0 failed.")
    assert said[0].endswith("… and 2 more.")


def test_one_of_many_things_grows_and_the_others_stay_in_the_message(adas: Phone, ada: User) -> None:
    for n in range(4):
        notices.tell([ada], **{**LATE, "key": f"late:{n}", "text": f"Loaf {n} failed."})
    adas.told()

    notices.tell([ada], **{**LATE, "key": "late:2", "text": "Two loaves failed."}, grows=True)
    adas.told()

    assert "Loaf 1 failed." in adas.texts[-1]
    assert "Two loaves failed." in adas.texts[-1]


def test_a_message_that_somebody_deleted_is_said_anew_when_it_grows(adas: Phone, ada: User) -> None:
    notices.tell([ada], **LATE, grows=True)
    adas.told()
    ChatMessage.objects.update(remote_id="9999")

    notices.tell([ada], **{**LATE, "text": "Two failed."}, grows=True)

    assert adas.told() == ["🔴 Two failed."]


def test_nothing_is_told_twice_and_markup_stays_words(adas: Phone, ada: User) -> None:
    notices.tell([ada], **LATE)
    notices.tell([ada], **LATE)

    assert [adas.told(), adas.told()] == [["🔴 “Rye & <spelt>” failed."], []]


def test_only_who_wants_it_in_the_chat_is_told_there(adas: Phone, bens: Phone, ada: User, ben: User) -> None:
    NoticePreference.objects.create(user=ada, choices={"failed": ["desk", "mail"]})

    notices.tell([ada, ben], **LATE)

    bens.told()
    assert bens.texts[-1].startswith("🔴")
    assert not adas.texts[-1].startswith("🔴")
    assert ChatMessage.objects.get().link.user == ben


def test_quiet_hours_hold_what_is_not_urgent(adas: Phone, ada: User) -> None:
    with time_machine.travel(now().replace(hour=2, minute=0), tick=False):
        NoticePreference.objects.create(user=ada, timezone="UTC", quiet_from="22:00", quiet_until="07:00")
        notices.tell([ada], **{**LATE, "kind": "milestone", "key": "m"})
        notices.tell([ada], **LATE)
        at_night = adas.told()

    with time_machine.travel(now().replace(hour=7, minute=0), tick=False):
        in_the_morning = adas.told()

    assert [said[0] for said in at_night] == ["🔴"]
    assert [said[0] for said in in_the_morning] == ["🟢"]


def test_mute_holds_everything_and_off_lets_it_go(adas: Phone, ada: User) -> None:
    adas.write("/mute 2h")
    notices.tell([ada], **LATE)
    muted = adas.told()

    adas.write("/mute off")

    assert (muted, adas.told()) == ([], ["🔴 “Rye & <spelt>” failed."])


def test_the_operators_chat_hears_of_trouble_in_every_workspace(
    bot: ChatBot, phone: Callable[..., Phone], ada: User, workspace: Workspace, settings: Settings
) -> None:
    operators = phone("leonie_hartmann")
    settings.CHAT_BOT = {**settings.CHAT_BOT, "chat": operators.who.remote_id}

    notices.tell([ada], **LATE, workspace=workspace)
    notices.tell([ada], **{**LATE, "kind": "published", "key": "out"}, workspace=workspace)

    assert operators.told() == ["🔴 “Rye & <spelt>” failed. (Bakery)"]


# --- what goes wrong on the way ---


def test_a_limit_is_obeyed_and_nothing_is_lost(adas: Phone, ada: User) -> None:
    notices.tell([ada], **LATE)
    Fault.objects.create(network="telegram", kind=Fault.Kind.LIMITED, method="POST")
    pace = Pace()

    first = outgoing.send_due(adas.bot, pace)

    assert (first, pace.is_free(adas.who.remote_id)) == (0, False)
    assert ChatMessage.objects.get().sent_at is None
    assert adas.told() == ["🔴 “Rye & <spelt>” failed."]


def test_a_network_that_is_down_is_tried_again_later(adas: Phone, ada: User) -> None:
    notices.tell([ada], **LATE)
    Fault.objects.create(network="telegram", kind=Fault.Kind.DROP_BEFORE, method="POST")
    at_once = adas.told()

    with time_machine.travel(now() + timedelta(seconds=6)):
        later = adas.told()

    assert (at_once, len(later)) == ([], 1)


def test_who_has_blocked_the_bot_is_left_alone(adas: Phone, ada: User) -> None:
    with changed(adas.who) as facts:
        facts["blocked"] = [adas.desk.remote_id]

    notices.tell([ada], **LATE)
    adas.told()
    notices.tell([ada], **{**LATE, "key": "late:2"})

    assert ChatLink.objects.get().blocked_at is not None
    assert not ChatMessage.objects.exclude(due_at=None).exists()
    assert ChatMessage.objects.count() == 1


def test_what_a_process_took_and_died_with_is_told_by_the_next(adas: Phone, ada: User) -> None:
    notices.tell([ada], **LATE)
    ChatMessage.objects.update(taken_until=now() + outgoing.LEASE)
    before = adas.told()

    with time_machine.travel(now() + outgoing.LEASE + timedelta(seconds=1)):
        after = adas.told()

    assert (before, len(after)) == ([], 1)


def test_a_chat_hears_about_a_message_a_second_after_a_short_burst(ada: User) -> None:
    pace = Pace()

    said = 0
    while pace.is_free("1"):
        pace.spend("1")
        said += 1

    assert said == 4
    assert pace.is_free("2")


def test_all_chats_together_hear_thirty_messages_a_second(ada: User) -> None:
    pace = Pace()

    for n in range(30):
        pace.spend(f"chat {n}")

    assert not pace.is_free("another")


def test_desks_without_a_bot_write_nothing_for_it(ada: User, settings: Settings) -> None:
    ChatLink.objects.create(user=ada, person="1", chat="1")
    settings.CHAT_BOT = {**settings.CHAT_BOT, "token": ""}

    notices.tell([ada], **LATE)

    assert not ChatMessage.objects.exists()


def test_people_of_the_sandbox_know_the_desks_bot(bot: ChatBot) -> None:
    assert bot.handle() == Person.objects.get(network="telegram", handle="sns_auto_desk_bot").handle
