"""How people want to be told: the list of events, quiet hours, digests, mute, the page, the bell."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts import muting, notices
from accounts.events import CHANNELS, CHAT, DESK, EVENTS, MAIL
from accounts.factories import client_of
from accounts.hours import after_quiet, next_digest
from accounts.models import (
    ChatCode,
    ChatLink,
    ChatMessage,
    NoticePreference,
    Notification,
    User,
    Webhook,
    Workspace,
)
from accounts.tasks import mail_notices
from accounts.templatetags.interface import drawing
from accounts.webhooks import EVENTS as HOOK_EVENTS

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
PAGE = "/notices/settings/"


def tell(user: User, kind: str = "milestone", key: str = "k") -> None:
    notices.tell([user], kind=kind, key=key, text="1,000 followers.", url="/")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


# --- the list ---


def test_every_event_of_the_list_can_be_told_and_shown() -> None:
    for event in EVENTS.values():
        assert event.channels <= set(CHANNELS)
        assert drawing(event.icon)
        assert not event.webhook or event.webhook in HOOK_EVENTS


def test_an_event_that_is_not_in_the_list_is_a_mistake(ada: User) -> None:
    with pytest.raises(KeyError):
        tell(ada, kind="dance")


# --- the clock ---


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2030-06-04 21:59", "2030-06-04 21:59"),
        ("2030-06-04 22:00", "2030-06-05 07:00"),
        ("2030-06-05 03:00", "2030-06-05 07:00"),
        ("2030-06-05 07:00", "2030-06-05 07:00"),
        ("2030-03-30 23:30", "2030-03-31 07:00"),  # clocks go forward in that night
        ("2030-03-31 03:30", "2030-03-31 07:00"),
        ("2030-10-26 23:30", "2030-10-27 07:00"),  # and back in this one
    ],
)
def test_quiet_hours_end_by_the_persons_clock(moment: str, until: str) -> None:
    assert after_quiet(local(moment), time(22), time(7), BERLIN) == local(until)


def test_quiet_hours_that_end_while_clocks_jump_end_with_the_jump() -> None:
    end = after_quiet(local("2030-03-31 01:00"), time(22), time(2, 30), BERLIN)

    assert end == local("2030-03-31 03:30")


def test_quiet_hours_of_a_day_hold_only_within_it() -> None:
    at = [
        after_quiet(local(f"2030-06-04 {clock}"), time(12), time(13), BERLIN) for clock in ("11:00", "12:30")
    ]

    assert at == [local("2030-06-04 11:00"), local("2030-06-04 13:00")]


@pytest.mark.parametrize(
    ("moment", "weekday", "at"),
    [
        ("2030-06-04 07:59", None, "2030-06-04 08:00"),  # a Tuesday
        ("2030-06-04 08:00", None, "2030-06-05 08:00"),
        ("2030-06-04 07:00", 1, "2030-06-04 08:00"),
        ("2030-06-04 09:00", 1, "2030-06-11 08:00"),
        ("2030-06-04 09:00", 0, "2030-06-10 08:00"),
        ("2030-03-30 09:00", None, "2030-03-31 08:00"),
    ],
)
def test_digests_come_by_the_persons_clock(moment: str, weekday: int | None, at: str) -> None:
    assert next_digest(local(moment), time(8), BERLIN, weekday) == local(at)


# --- what goes where, and when ---


def test_without_a_word_everybody_is_told_as_the_list_says(ada: User) -> None:
    tell(ada)
    tell(ada, kind="failed", key="f")

    wanted = dict(Notification.objects.values_list("kind", "mail_at"))
    assert wanted["milestone"] is None
    assert wanted["failed"] is not None


def test_what_is_not_wanted_in_the_desk_is_not_shown_there_and_told_once_all_the_same(ada: User) -> None:
    NoticePreference.objects.create(user=ada, choices={"failed": ["mail"]})
    tell(ada, kind="failed")
    tell(ada, kind="failed")

    assert "1,000 followers." not in client_of(ada).get("/notices/").text
    assert mail_notices() == 1
    assert len(mail.outbox) == 1


def test_who_wants_no_mail_gets_none(ada: User) -> None:
    NoticePreference.objects.create(user=ada, choices={"failed": ["desk"]})
    tell(ada, kind="failed")

    assert mail_notices() == 0


def test_a_digest_gathers_what_is_not_urgent(ada: User) -> None:
    everywhere = {"milestone": ["desk", "mail"], "report_ready": ["desk", "mail"]}
    NoticePreference.objects.create(
        user=ada, timezone="UTC", digest="daily", digest_at="08:00", choices=everywhere
    )
    with time_machine.travel(datetime(2031, 6, 4, 10, tzinfo=UTC)) as clock:
        for kind in ("milestone", "report_ready", "failed"):
            tell(ada, kind=kind, key=kind)
        at_once = mail_notices()
        clock.move_to(datetime(2031, 6, 5, 8, 0, 1, tzinfo=UTC))
        in_the_morning = mail_notices()

    assert (at_once, in_the_morning) == (1, 1)
    assert [message.subject for message in mail.outbox] == ["1,000 followers.", "2 things to know"]


def test_a_weekly_digest_is_still_news_when_its_day_comes(ada: User) -> None:
    choices = {"milestone": ["mail"]}
    NoticePreference.objects.create(user=ada, timezone="UTC", digest="weekly", digest_on=0, choices=choices)
    with time_machine.travel(datetime(2031, 6, 3, 10, tzinfo=UTC)) as clock:  # a Tuesday
        tell(ada)
        clock.move_to(datetime(2031, 6, 9, 8, 1, tzinfo=UTC))

        assert mail_notices() == 1


def test_quiet_hours_hold_mails_and_let_urgent_ones_through(ada: User) -> None:
    NoticePreference.objects.create(
        user=ada, timezone="UTC", quiet_from="22:00", quiet_until="07:00", choices={"milestone": ["mail"]}
    )
    with time_machine.travel(datetime(2031, 6, 4, 23, tzinfo=UTC)):
        tell(ada)
        tell(ada, kind="failed", key="f")

    times = dict(Notification.objects.values_list("kind", "mail_at"))
    assert times["milestone"] == datetime(2031, 6, 5, 7, tzinfo=UTC)
    assert times["failed"] < datetime(2031, 6, 4, 23, 1, tzinfo=UTC)


def test_the_workspaces_zone_counts_where_the_person_names_none(ada: User, workspace: Workspace) -> None:
    preference = NoticePreference(user=User.objects.get(pk=ada.pk))

    assert preference.zone == workspace.zone == BERLIN


def test_mute_holds_what_is_urgent_too_and_its_end_lets_it_go(ada: User) -> None:
    ChatLink.objects.create(user=ada, person="1", chat="1")
    muting.mute(ada, now() + timedelta(hours=2))
    tell(ada, kind="failed")
    while_muted = (mail_notices(), ChatMessage.objects.due(now()).count())

    muting.mute(ada, None)

    assert while_muted == (0, 0)
    assert (mail_notices(), ChatMessage.objects.due(now()).count()) == (1, 1)


def test_the_end_of_a_mute_does_not_break_into_quiet_hours(ada: User) -> None:
    NoticePreference.objects.create(
        user=ada, timezone="UTC", quiet_from="22:00", quiet_until="07:00", choices={"milestone": ["mail"]}
    )
    with time_machine.travel(datetime(2031, 6, 4, 20, tzinfo=UTC)) as clock:
        muting.mute(ada, now() + timedelta(hours=5))
        tell(ada)
        clock.move_to(datetime(2031, 6, 4, 23, tzinfo=UTC))
        muting.mute(ada, None)

    assert Notification.objects.get().mail_at == datetime(2031, 6, 5, 7, tzinfo=UTC)


def test_a_growing_count_in_the_chat_changes_what_was_sent(ada: User) -> None:
    ChatLink.objects.create(user=ada, person="1", chat="1")
    tell(ada, kind="failed")
    ChatMessage.objects.update(remote_id="7", due_at=None, sent_at=now())

    notices.tell([ada], kind="failed", key="k", text="Two failed.", url="/", grows=True)

    message = ChatMessage.objects.get()
    assert (message.text, message.remote_id) == ("Two failed.", "7")
    assert message.due_at is not None


def test_telling_costs_the_same_for_one_and_for_many(
    ada: User, ben: User, vic: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for user in (ada, ben, vic):
        ChatLink.objects.create(user=user, person=str(user.pk), chat=str(user.pk))
    for people in ([ada], [ada, ben, vic]):
        with django_assert_num_queries(5):
            notices.tell(people, kind="failed", key=f"k{len(people)}", text="Late.", url="/")


# --- the page ---


def sent(**changed: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    boxes = [f"{event.name}:{channel}" for event in EVENTS.values() for channel in event.channels]
    form = {"timezone": "", "quiet_from": "", "quiet_until": "", "digest": "off", "digest_at": "08:00"}
    return {**form, "digest_on": "0", "tell": boxes, **changed}


def test_the_page_shows_the_grid_as_it_stands(ada: User) -> None:
    NoticePreference.objects.create(user=ada, choices={"failed": ["desk"]})

    page = client_of(ada).get(PAGE).text

    assert page.count('name="tell"') == len(EVENTS) * len(CHANNELS)
    assert 'value="failed:desk" checked' in page
    assert 'value="failed:mail">' in page
    assert 'A post failed: </span><span class="tick__word">E-mail</span>' in page


def test_what_is_ticked_is_remembered_and_the_rest_follows_the_list(ada: User) -> None:
    form = sent(quiet_from="22:00", quiet_until="07:00", digest="weekly", timezone="Asia/Seoul")
    form["tell"] = [box for box in form["tell"] if box != "failed:mail"]

    answer = client_of(ada).post(PAGE, form)

    preference = NoticePreference.objects.get(user=ada)
    assert answer.url == PAGE
    assert preference.choices == {"failed": [DESK, CHAT]}
    assert (preference.quiet_from, preference.timezone, preference.digest) == (
        time(22),
        "Asia/Seoul",
        "weekly",
    )


def test_all_boxes_empty_is_silence(ada: User) -> None:
    client_of(ada).post(PAGE, sent(tell=[]))

    tell(ada, kind="incident")

    row = Notification.objects.get()
    assert (row.is_shown, row.mail_at) == (False, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"quiet_from": "22:00"}, "Quiet hours need both ends."),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "This is when they begin."),
        ({"timezone": "Mars/Phobos"}, "Select a valid choice."),
        ({"digest": "hourly"}, "Select a valid choice."),
        ({"digest_at": ""}, "This field is required."),
        ({"tell": ["failed:pigeon"]}, "There is no such event or channel."),
    ],
)
def test_what_makes_no_sense_is_said_beside_it(ada: User, changed: dict[str, Any], said: str) -> None:
    answer = client_of(ada).post(PAGE, sent(**changed))

    assert answer.status_code == 422
    assert said in answer.text
    assert not NoticePreference.objects.exclude(quiet_from=None, digest="off").exists()


def test_the_page_says_how_many_webhooks_listen(ada: User, workspace: Workspace) -> None:
    for on in (True, True, False):
        Webhook.objects.create(
            workspace=workspace, url="https://e.org/", events=["post.failed"], secret="s", is_on=on
        )

    assert "2 listen" in client_of(ada).get(PAGE).text


def test_the_page_costs_few_queries_and_bytes(
    ada: User, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_of(ada)
    browser.get(PAGE)

    with django_assert_num_queries(6):
        page = browser.get(PAGE)

    assert len(page.content) < 100_000


def test_without_a_bot_the_chat_is_not_offered_and_what_was_chosen_for_it_stays(
    ada: User, settings: Settings
) -> None:
    settings.CHAT_BOT = {**settings.CHAT_BOT, "token": ""}
    NoticePreference.objects.create(user=ada, choices={"milestone": [DESK, MAIL, CHAT]})
    browser = client_of(ada)

    page = browser.get(PAGE).text
    browser.post(PAGE, sent(tell=["milestone:desk"]))

    assert ":chat" not in page
    assert NoticePreference.objects.get().channels(EVENTS["milestone"]) == {DESK, CHAT}


def test_mute_by_buttons(ada: User) -> None:
    browser = client_of(ada)
    browser.post("/notices/mute/", {"hours": "8"})
    muted = "Tell me again" in browser.get(PAGE).text
    browser.post("/notices/mute/", {"hours": ""})

    assert muted
    assert NoticePreference.objects.get().muted_until is None


# --- the chat ---


@pytest.mark.django_db(transaction=True)
def test_a_link_is_shown_once_with_its_code(ada: User, sandbox: str) -> None:
    browser = client_of(ada)

    page = browser.post("/notices/chat/link/").text
    again = browser.get(PAGE).text

    assert f'href="{sandbox}/sandbox/telegram/sns_auto_desk_bot?start=' in page
    assert "data:image/svg+xml;base64," in page
    assert "/start " in page
    assert "?start=" not in again
    assert ChatCode.objects.get().user == ada


def test_unlinked_in_the_desk(ada: User) -> None:
    ChatLink.objects.create(user=ada, person="1", chat="1", name="Ada on the phone")
    browser = client_of(ada)

    page = browser.get(PAGE).text
    browser.post("/notices/chat/unlink/")

    assert "Linked with Ada on the phone." in page
    assert not ChatLink.objects.exists()


# --- the bell ---


def test_the_bell_is_asked_cheaply(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tell(ada)
    browser = client_of(ada)

    first = browser.get("/notices/bell/")
    with django_assert_num_queries(3):  # session, person, membership, count
        same = browser.get("/notices/bell/", headers={"If-None-Match": first["ETag"]})
    tell(ada, key="another")
    changed = browser.get("/notices/bell/", headers={"If-None-Match": first["ETag"]})

    assert '<span class="count">1' in first.text
    assert (same.status_code, same.content) == (304, b"")
    assert '<span class="count">2' in changed.text


def test_a_quiet_bell_shows_no_number(ada: User) -> None:
    assert client_of(ada).get("/notices/bell/").text.strip() == ""


def test_the_bell_shows_the_newest(ada: User, ben: User) -> None:
    for n in range(8):
        tell(ada, key=f"k{n}")
    notices.tell([ben], kind="failed", key="b", text="Of Ben.", url="/")

    shown = client_of(ada).get("/notices/newest/").text

    assert shown.count("1,000 followers.") == 6
    assert "Of Ben." not in shown


def test_marked_read_in_the_bell_one_stays_where_one_is(ada: User) -> None:
    browser = client_of(ada)

    assert browser.post("/notices/read/", {"next": "/queue/"}).url == "/queue/"
    assert browser.post("/notices/read/", {"next": "https://e.org/"}).url == "/notices/"
