"""Telling people: once, in the desk and by mail."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils.timezone import now
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts import notices
from accounts.factories import MembershipFactory, UserFactory, client_of
from accounts.members import remove_member
from accounts.models import Account, Notification, User, Workspace
from accounts.tasks import mail_notices, sweep, tell_of_connections

pytestmark = pytest.mark.django_db
LATE = {"kind": "failed", "key": "late:1", "text": "“Fresh bread” failed.", "url": "/queue/"}


def told(user: User) -> list[str]:
    return [notice.text for notice in Notification.objects.told_to(user)]


# --- whom ---


def test_the_author_comes_first_among_those_who_may_write(
    workspace: Workspace, ada: User, ben: User, vic: User
) -> None:
    assert notices.writers(workspace.pk) == [ada, ben]
    assert notices.writers(workspace.pk, author_id=ben.pk) == [ben, ada]


def test_nobody_who_was_shut_out_is_told(workspace: Workspace, ada: User, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)

    assert notices.writers(workspace.pk, author_id=ben.pk) == [ada]


def test_an_author_who_left_is_not_told(workspace: Workspace, ada: User, cho: User) -> None:
    assert notices.writers(workspace.pk, author_id=cho.pk) == [ada]


def test_staff_look_after_the_desk(ada: User) -> None:
    sue = UserFactory.create(name="Sue", is_staff=True)

    assert notices.staff() == [sue]


# --- once ---


def test_people_are_told_once_a_key(ada: User, ben: User) -> None:
    notices.tell([ada], **LATE)
    notices.tell([ada, ben], **LATE)

    assert told(ada) == told(ben) == ["“Fresh bread” failed."]


def test_a_count_that_grew_replaces_what_stood_there_and_is_unread_again(ada: User) -> None:
    notices.tell([ada], **LATE)
    Notification.objects.update(read_at=now(), mailed_at=now())

    notices.tell([ada], **{**LATE, "text": "40 posts failed."}, grows=True)

    notice = Notification.objects.get()
    assert notice.text == "40 posts failed."
    assert notice.read_at is None
    assert notice.mailed_at is not None


def test_what_was_read_stays_read_when_it_is_said_again(ada: User) -> None:
    notices.tell([ada], **LATE)
    Notification.objects.update(read_at=now())

    notices.tell([ada], **LATE, grows=True)

    assert Notification.objects.get().read_at is not None


def test_a_long_sentence_is_cut_and_not_refused(ada: User) -> None:
    notices.tell([ada], **{**LATE, "text": "a" * 600})

    assert told(ada) == ["a" * 499 + "…"]


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_ordered_once_what_was_told_stands(ada: User, ben: User) -> None:
    cache.clear()

    notices.tell([ada], **LATE)
    notices.tell([ben], **LATE)

    assert [task.task["func"] for task in OrmQ.objects.all()] == ["accounts.tasks.mail_notices"]


# --- mail ---


def test_one_mail_tells_a_person_all_that_is_new(
    ada: User, ben: User, workspace: Workspace, settings: Settings
) -> None:
    settings.SITE_URL = "https://desk.example"
    for n in range(3):
        notices.tell(
            [ada], **{**LATE, "key": f"late:{n}", "text": f"Loaf {n} & more failed."}, workspace=workspace
        )
    notices.tell([ben], **LATE)

    sent = mail_notices()

    letter, short = sorted(mail.outbox, key=lambda message: message.to)
    newest = Notification.objects.get(user=ada, key="late:2")
    assert sent == 2
    assert letter.to == [ada.email]
    assert letter.subject == "3 things to know"
    assert "Loaf 2 & more failed.\n(Bakery)\nhttps://desk.example/notices/" in letter.body
    assert f"https://desk.example/notices/{newest.pk}/" in letter.body
    assert short.subject == "“Fresh bread” failed."


def test_a_storm_fits_into_a_mail(ada: User) -> None:
    for n in range(25):
        notices.tell([ada], **{**LATE, "key": f"late:{n}"})

    mail_notices()

    assert mail.outbox[0].body.count("failed.") == 20
    assert "And 5 more." in mail.outbox[0].body


def test_nothing_is_mailed_twice(ada: User) -> None:
    notices.tell([ada], **LATE)

    mail_notices()
    mail_notices()

    assert len(mail.outbox) == 1


class Refusing(EmailBackend):
    """A mail server that is down."""

    def send_messages(self, messages: object) -> int:
        raise ConnectionRefusedError


def test_a_mail_server_that_is_down_gets_it_later(
    ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.tell([ada], **LATE)
    monkeypatch.setattr(EmailBackend, "send_messages", Refusing.send_messages)
    mail_notices()
    monkeypatch.undo()

    at_once = mail_notices()
    Notification.objects.update(mailing_at=now() - Notification.MAILING)
    later = mail_notices()

    assert (at_once, later) == (0, 1)


def test_what_a_worker_took_and_died_with_is_mailed_by_the_next(ada: User) -> None:
    notices.tell([ada], **LATE)
    Notification.objects.update(mailing_at=now() - Notification.MAILING)

    assert mail_notices() == 1


def test_a_mail_that_is_no_news_any_more_stays_unsent(ada: User) -> None:
    notices.tell([ada], **LATE)
    Notification.objects.update(mail_at=now() - Notification.NEWS)

    assert mail_notices() == 0


def test_who_was_shut_out_gets_no_mail(ada: User) -> None:
    notices.tell([ada], **LATE)
    User.objects.update(is_active=False)

    assert mail_notices() == 0
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_tasks_at_one_moment_send_one_mail(ada: User) -> None:
    notices.tell([ada], **LATE)

    def post() -> None:
        try:
            mail_notices()
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mail.outbox) == 1


# --- connections ---


def test_the_owner_is_told_once_that_a_connection_has_ended(
    account: Callable[..., Account], ada: User, ben: User
) -> None:
    account(state=Account.State.EXPIRED)

    said = [tell_of_connections(), tell_of_connections()]

    assert said == [1, 0]
    assert told(ada) == ["The connection of ada (Village) has ended: nothing goes out. Connect it again."]
    assert told(ben) == []


def test_a_connection_that_ends_is_told_a_week_and_a_day_before(
    account: Callable[..., Account], ada: User
) -> None:
    row = account(refresh_at=None, left=timedelta(days=6))
    tell_of_connections()
    Account.objects.filter(pk=row.pk).update(expires_at=now() + timedelta(hours=20))

    tell_of_connections()

    day, week = told(ada)
    assert "ends within a day" in day
    assert "ends within a week" in week


@pytest.mark.parametrize(
    "fields", [{"left": timedelta(days=8), "refresh_at": None}, {"left": timedelta(hours=1)}]
)
def test_a_connection_that_lasts_or_renews_itself_is_not_told(
    account: Callable[..., Account], ada: User, fields: dict[str, object]
) -> None:
    account(**fields)

    assert tell_of_connections() == 0


def test_the_same_account_connected_again_may_end_again(account: Callable[..., Account], ada: User) -> None:
    row = account(state=Account.State.EXPIRED)
    tell_of_connections()
    Account.objects.filter(pk=row.pk).update(connected_at=now() + timedelta(days=1))

    assert tell_of_connections() == 1


# --- the page ---


def test_the_page_shows_what_is_new_and_where_it_leads(ada: User, workspace: Workspace) -> None:
    notices.tell([ada], **LATE, workspace=workspace)
    pk = Notification.objects.get().pk

    page = client_of(ada).get("/notices/").text

    assert "“Fresh bread” failed." in page
    assert f'href="/notices/{pk}/"' in page
    assert "Mark all read" in page


def test_a_notice_is_read_by_following_it(ada: User, workspace: Workspace) -> None:
    notices.tell([ada], **LATE, workspace=workspace)

    answer = client_of(ada).get(f"/notices/{Notification.objects.get().pk}/")

    assert answer.url == "/queue/"
    assert Notification.objects.get().read_at is not None


def test_a_notice_of_another_workspace_leads_there(ada: User) -> None:
    aviary = MembershipFactory.create(user=ada, workspace__name="Aviary").workspace
    home = Workspace.objects.get(name="Bakery")
    User.objects.filter(pk=ada.pk).update(current_workspace=home)
    notices.tell([ada], **LATE, workspace=aviary)
    browser = client_of(User.objects.get(pk=ada.pk))

    listed = browser.get("/notices/").text
    browser.get(f"/notices/{Notification.objects.get().pk}/")

    assert "Aviary" in listed
    assert User.objects.get(pk=ada.pk).current_workspace == aviary


def test_all_are_read_at_one_press(ada: User, cho: User) -> None:
    notices.tell([ada, cho], **LATE)

    answer = client_of(ada).post("/notices/read/", follow=True)

    assert "Mark all read" not in answer.text
    assert list(Notification.objects.unread().values_list("user", flat=True)) == [cho.pk]


def test_an_empty_page_says_what_will_stand_there(ada: User) -> None:
    assert "Nothing to tell" in client_of(ada).get("/notices/").text


def test_others_see_nothing_of_it(ada: User, ben: User, cho: User, workspace: Workspace) -> None:
    notices.tell([ada], **LATE, workspace=workspace)
    pk = Notification.objects.get().pk

    for other in (ben, cho):
        assert "Fresh bread" not in client_of(other).get("/notices/").text
        assert client_of(other).get(f"/notices/{pk}/").status_code == 404


def test_the_bell_counts_what_is_unread_on_every_page(ada: User) -> None:
    for n in range(3):
        notices.tell([ada], **{**LATE, "key": f"late:{n}"})

    page = client_of(ada).get("/accounts/settings/").text

    assert page.count('<span class="count">3<span class="visually-hidden"> unread</span></span>') == 4


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_costs_the_same_however_much_there_is(
    ada: User, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for n in range(count):
        notices.tell([ada], **{**LATE, "key": f"late:{n}", "text": "Bread " * 80}, workspace=workspace)
    browser = client_of(ada)
    browser.get("/notices/")

    with django_assert_num_queries(4):
        page = browser.get("/notices/")

    assert len(page.content) < 100_000


def test_a_person_who_leaves_keeps_nothing_of_the_workspace(
    ada: User, ben: User, workspace: Workspace
) -> None:
    notices.tell([ben], **LATE, workspace=workspace)

    remove_member(ada.memberships.get(), ben.memberships.get())

    assert told(ben) == []


def test_notices_are_kept_for_ninety_days(ada: User) -> None:
    notices.tell([ada], **LATE)
    notices.tell([ada], **{**LATE, "key": "late:2"})
    Notification.objects.filter(key="late:1").update(created_at=now() - timedelta(days=91))

    sweep()

    assert list(Notification.objects.values_list("key", flat=True)) == ["late:2"]
