"""The look ahead: what it finds an hour before, whom it tells, and that it tells once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, Notification, User, Workspace
from accounts.tasks import mail_notices
from platforms.rules import Finding, Videos
from publishing import scheduling
from publishing.ahead import look_ahead
from publishing.engine_rows import Circuit, Switch
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Delivery, PostMedia, State, Variant
from publishing.renditions import video_key
from publishing.tests.conftest import NOON
from publishing.tests.network import Wire, World
from publishing.writing import PostInput, Target, save_post

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(minutes=52)
Make = Callable[..., Delivery]


@pytest.fixture(autouse=True)
def files_in_memory(settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}


@pytest.fixture
def harbour(world: World, workspace: Workspace) -> Account:
    return AccountFactory.create(
        workspace=workspace, platform_name="wire", handle="harbour", expires_at=None, refresh_at=None
    )


@pytest.fixture
def planned(clock: time_machine.Traveller, harbour: Account, ada: User) -> Make:
    """Makes a delivery that is planned for 12:52."""

    def make(text: str = "Sourdough at seven", at: object = SOON, **fields: object) -> Delivery:
        post = PostFactory.create(workspace=harbour.workspace, author=ada, text=text, scheduled_at=at)
        values = {"account": harbour, "state": State.SCHEDULED, "due_at": at, "planned_at": at, **fields}
        row = DeliveryFactory.create(post=post, **values)
        scheduling.stamp([row])
        return row

    return make


def warning(row: Delivery) -> tuple[str, str]:
    row.refresh_from_db()
    return row.warning_code, row.warning


def told(user: User) -> list[str]:
    return [notice.text for notice in Notification.objects.told_to(user)]


# --- what is looked at ---


def test_what_goes_out_within_the_hour_is_looked_at(planned: Make) -> None:
    soon = planned()
    later = planned(at=NOON + timedelta(minutes=61))
    past = planned(at=NOON - timedelta(minutes=1))
    draft = planned(state=State.DRAFT)

    looked = look_ahead()

    for row in (soon, later, past, draft):
        row.refresh_from_db()
    assert looked == 1
    assert [row.checked_at for row in (soon, later, past, draft)] == [NOON, None, None, None]


def test_all_is_well_and_nobody_is_told(planned: Make, ada: User) -> None:
    row = planned()

    look_ahead()

    assert warning(row) == ("", "")
    assert told(ada) == []


def test_it_is_looked_at_again_ten_minutes_later(planned: Make, clock: time_machine.Traveller) -> None:
    planned()
    looked = [look_ahead(), look_ahead()]

    clock.shift(timedelta(minutes=10))

    assert [*looked, look_ahead()] == [1, 0, 1]


def test_a_new_text_is_looked_at_at_once(planned: Make, harbour: Account, ada: User) -> None:
    row = planned()
    look_ahead()

    save_post(ada.memberships.get(), PostInput("Rye at eight", [Target(harbour)]), row.post)

    assert look_ahead() == 1


def test_a_new_time_is_looked_at_at_once(planned: Make) -> None:
    row = planned()
    look_ahead()

    scheduling.schedule(row.post, NOON + timedelta(minutes=20))

    assert look_ahead() == 1


def test_hundreds_are_looked_at_in_one_go(planned: Make) -> None:
    row = planned()
    others = AccountFactory.create_batch(
        120, workspace=row.account.workspace, platform_name="wire", expires_at=None, refresh_at=None
    )
    Delivery.objects.bulk_create(
        Delivery(post=row.post, account=account, state=State.SCHEDULED, due_at=SOON) for account in others
    )

    assert look_ahead() == 121


@pytest.mark.parametrize("count", [2, 40])
def test_looking_costs_the_same_however_many_there_are(
    planned: Make, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(count):
        row = planned(f"Loaf {n}")
        PostMedia.objects.create(post=row.post, media=MediaFactory.create(), position=0)

    # savepoint, taking and marking; the next batch, which is empty; rows, media, variants, own media; facts
    with django_assert_num_queries(17):
        look_ahead()


# --- what is found ---


def ended(row: Delivery) -> None:
    Account.objects.update(state=Account.State.EXPIRED)


def disconnected(row: Delivery) -> None:
    row.account.disconnect()


def ends_before(row: Delivery) -> None:
    Account.objects.update(expires_at=SOON - timedelta(minutes=12), refresh_at=None)


def not_renewed(row: Delivery) -> None:
    Account.objects.update(expires_at=SOON, refresh_at=SOON, refresh_failures=3)


def too_few_scopes(row: Delivery) -> None:
    Account.objects.update(scopes=["read"])


def account_paused(row: Delivery) -> None:
    row.account.set_paused(True)


def workspace_paused(row: Delivery) -> None:
    Workspace.objects.update(is_paused=True)


def desk_stopped(row: Delivery) -> None:
    Switch.objects.update_or_create(pk=1, defaults={"is_stopped": True, "reason": "We are moving house."})


def network_silent(row: Delivery) -> None:
    Circuit.objects.create(
        platform_name="wire", failures=9, opened_at=NOON - timedelta(minutes=20), retry_at=SOON
    )


FOUND = [
    (ended, "account_expired", "The connection has ended. Connect it again."),
    (disconnected, "account_disconnected", "The account was disconnected. Connect it again."),
    (ends_before, "connection_ends", "The connection ends at 14:40 (Berlin), before that. Connect it again."),
    (
        not_renewed,
        "connection_not_renewed",
        "The connection ends at 14:52 (Berlin) and could not be renewed. Connect it again.",
    ),
    (
        too_few_scopes,
        "scope_missing",
        "The connection does not allow it (post). Connect it again and allow all.",
    ),
    (account_paused, "account_paused", "The account is paused. Resume it."),
    (workspace_paused, "workspace_paused", "The workspace is paused. Resume it."),
    (desk_stopped, "desk_stopped", "Nothing is sent for anybody just now. We are moving house."),
    (
        network_silent,
        "network_silent",
        "Wire has not answered since 13:40 (Berlin). It goes out as soon as it does.",
    ),
]


@pytest.mark.parametrize(("spoil", "code", "words"), FOUND, ids=[code for _spoil, code, _words in FOUND])
def test_trouble_is_written_down_told_and_cleared_when_it_is_mended(
    planned: Make,
    ada: User,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Delivery], None],
    code: str,
    words: str,
) -> None:
    monkeypatch.setattr(Wire, "posting_scopes", (("post",),))
    row = planned()
    before = list(Account.objects.values())
    spoil(row)

    look_ahead()

    assert warning(row) == (code, words)
    assert len(told(ada)) == 1
    assert words in told(ada)[0]

    Account.objects.filter(pk=row.account_id).update(**before[0])
    Workspace.objects.update(is_paused=False)
    Switch.objects.update(is_stopped=False)
    Circuit.objects.all().delete()
    clock.shift(timedelta(minutes=10))
    look_ahead()

    assert warning(row) == ("", "")
    assert len(told(ada)) == 1


def test_what_was_wrong_when_it_was_saved_is_told_too(planned: Make, ada: User) -> None:
    row = planned("Rye " * 600)

    look_ahead()

    assert warning(row)[0] == "thread_too_long"
    assert len(told(ada)) == 1


@pytest.mark.parametrize("minutes", [4, 0])
def test_a_network_that_blinks_is_no_trouble(planned: Make, minutes: int) -> None:
    row = planned()
    Circuit.objects.create(platform_name="wire", opened_at=NOON - timedelta(minutes=minutes))

    look_ahead()

    assert warning(row) == ("", "")


def test_another_server_of_the_network_is_no_trouble(planned: Make) -> None:
    row = planned()
    Circuit.objects.create(
        platform_name="wire", server="elsewhere.example", opened_at=NOON - timedelta(hours=1)
    )

    look_ahead()

    assert warning(row) == ("", "")


def test_a_token_that_renews_itself_is_no_trouble(planned: Make) -> None:
    row = planned()
    Account.objects.update(expires_at=SOON, refresh_at=SOON - timedelta(minutes=30), refresh_failures=1)

    look_ahead()

    assert warning(row) == ("", "")


def test_a_file_that_is_gone_is_found(planned: Make) -> None:
    row, media = planned(), MediaFactory.create(name="cake.png")
    PostMedia.objects.create(post=row.post, media=media, position=0)
    default_storage.delete(media.file.name)

    look_ahead()

    assert warning(row) == ("media_missing", "cake.png: The file is gone. Upload it again.")


def test_a_film_that_cannot_be_made_is_found(planned: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = replace(Wire.rules, videos=Videos(at_most=1))
    monkeypatch.setattr(Wire, "rules", rules)
    facts = {"content_type": "video/mp4", "codecs": ["h264"], "seconds": 5.0, "fps": 30.0}
    film, row = MediaFactory.create(name="oven.mp4", **facts), planned()
    PostMedia.objects.create(post=row.post, media=film, position=0)
    Variant.objects.create(media=film, key=video_key(film, rules.videos), problem="It has no picture.")

    look_ahead()

    assert warning(row) == ("media_unusable", "oven.mp4: It has no picture.")


def test_a_film_that_is_not_made_yet_is_ordered(
    planned: Make, monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    cache.clear()
    monkeypatch.setattr(Wire, "rules", replace(Wire.rules, videos=Videos(at_most=1)))
    facts = {"content_type": "video/mp4", "codecs": ["h264"], "seconds": 5.0, "fps": 30.0}
    row = planned()
    PostMedia.objects.create(post=row.post, media=MediaFactory.create(**facts), position=0)

    look_ahead()

    assert [task.task["func"] for task in OrmQ.objects.all()] == ["publishing.renditions.prepare"]
    assert warning(row) == ("", "")


# --- the same text ---


def test_the_later_one_of_two_is_warned(planned: Make) -> None:
    first = planned(at=NOON + timedelta(minutes=10))
    second = planned("  SOURDOUGH  at seven ")

    look_ahead()

    assert warning(first) == ("", "")
    assert warning(second) == ("same_text", "The same text is planned on this account for Mon 14:10.")


def test_the_same_went_out_this_morning(planned: Make) -> None:
    planned(
        at=NOON - timedelta(hours=3),
        state=State.PUBLISHED,
        remote_id="1",
        published_at=NOON - timedelta(hours=3),
    )
    row = planned()

    look_ahead()

    assert warning(row) == ("same_text", "The same text went out on this account 3 hours ago.")


# --- telling ---


def test_the_words_say_which_where_when_and_what_to_do(planned: Make, ada: User, settings: Settings) -> None:
    row = planned("Sourdough is out of the oven at seven, and it is still too hot to cut.")
    Account.objects.update(state=Account.State.EXPIRED)

    look_ahead()
    mail_notices()

    assert told(ada) == [
        (
            "“Sourdough is out of the oven at seven, and it is…” cannot go out on harbour (Wire) "
            "at 14:52 (Berlin). The connection has ended. Connect it again."
        )
    ]
    assert Notification.objects.get().url == f"/posts/{row.post_id}/"
    assert mail.outbox[0].to == [ada.email]


def test_who_may_write_is_told_and_nobody_else(
    planned: Make, ada: User, ben: User, vic: User, cho: User
) -> None:
    planned()
    Account.objects.update(state=Account.State.EXPIRED)

    look_ahead()

    assert {notice.user for notice in Notification.objects.all()} == {ada, ben}


def test_a_warning_is_told_once_however_often_it_is_found(
    planned: Make, ada: User, clock: time_machine.Traveller
) -> None:
    planned()
    Account.objects.update(state=Account.State.EXPIRED)
    look_ahead()

    for _ in range(4):
        clock.shift(timedelta(minutes=10))
        look_ahead()

    assert len(told(ada)) == 1


def test_forty_posts_on_one_dead_connection_are_one_message(
    planned: Make, ada: User, clock: time_machine.Traveller
) -> None:
    for n in range(39):
        planned(f"Loaf {n}")
    Account.objects.update(state=Account.State.EXPIRED)
    look_ahead()
    mail_notices()
    planned("Loaf 40")

    clock.shift(timedelta(minutes=1))
    look_ahead()
    mail_notices()

    assert told(ada) == [
        (
            "40 posts cannot go out on harbour (Wire) within the hour. "
            "The connection has ended. Connect it again."
        )
    ]
    assert Notification.objects.get(user=ada).url == "/queue/?show=planned"
    assert len(mail.outbox) == 1


def test_a_stopped_desk_is_told_once_for_all_accounts(planned: Make, ada: User) -> None:
    row = planned()
    other = AccountFactory.create(workspace=row.account.workspace, platform_name="wire")
    planned(account=other)
    desk_stopped(row)

    look_ahead()

    assert len(told(ada)) == 1
    assert told(ada)[0].startswith("2 posts cannot go out within the hour")


def test_a_post_that_changed_while_it_was_looked_at_gets_no_word_about_the_old_one(
    planned: Make, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = planned()
    looks: list[int] = []

    def check(*asked: object) -> list[Finding]:
        looks.append(1)
        if len(looks) > 1:
            return []
        scheduling.stamp([row])
        return [Finding("odd", "The old text is odd.")]

    monkeypatch.setattr(Wire, "check", check)

    look_ahead()

    assert len(looks) == 2
    assert warning(row) == ("", "")
    assert told(ada) == []


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_one_moment_tell_once(planned: Make, ada: User) -> None:
    for n in range(5):
        planned(f"Loaf {n}")
    Account.objects.update(state=Account.State.EXPIRED)

    def look() -> None:
        try:
            look_ahead()
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told(ada)) == 1
    assert Delivery.objects.warned().count() == 5


# --- where it is shown ---


def test_a_warning_stands_on_the_post_in_the_queue_and_at_home(planned: Make, ada: User, cho: User) -> None:
    row = planned()
    Account.objects.update(state=Account.State.EXPIRED)
    look_ahead()

    for url in (f"/posts/{row.post_id}/", "/queue/", "/"):
        assert "The connection has ended. Connect it again." in client_of(ada).get(url).text
    for url in ("/queue/", "/", "/notices/"):
        assert "The connection has ended" not in client_of(cho).get(url).text


def test_a_warning_goes_with_the_state_that_it_was_about(planned: Make, ada: User) -> None:
    row = planned()
    Account.objects.update(state=Account.State.EXPIRED)
    look_ahead()
    row.refresh_from_db()
    scheduling.cancel(row)

    assert "Connect it again." not in client_of(ada).get(f"/posts/{row.post_id}/").text


def test_the_post_page_says_that_all_is_well(planned: Make, ada: User) -> None:
    row = planned()
    look_ahead()

    assert "checked, all is well" in client_of(ada).get(f"/posts/{row.post_id}/").text
