"""What came to need a person is told once, and a storm of it is one message."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection

from accounts.factories import AccountFactory
from accounts.models import Account, Notification, User, Workspace
from accounts.tasks import mail_notices
from platforms.errors import InvalidContent
from publishing import engine, scheduling
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from publishing.tests.network import World
from publishing.trouble import tell_of_trouble

pytestmark = pytest.mark.django_db
Make = Callable[..., Delivery]


@pytest.fixture
def harbour(world: World, workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, platform_name="wire", handle="harbour")


@pytest.fixture
def troubled(harbour: Account, ada: User, ben: User, clock: time_machine.Traveller) -> Make:
    """Makes a delivery that got into trouble under its first fence."""

    def make(text: str = "Sourdough", **fields: object) -> Delivery:
        post = PostFactory.create(workspace=harbour.workspace, author=ben, text=text)
        return DeliveryFactory.create(post=post, **{"account": harbour, "fence": 1, **fields})

    return make


def told(user: User) -> list[str]:
    return [notice.text for notice in Notification.objects.told_to(user)]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            "failed",
            (
                "“Sourdough” did not go out on harbour (Wire). The network refused the text. "
                "Change the text or the options and try again."
            ),
        ),
        (
            "unknown",
            (
                "Nobody knows whether “Sourdough” is on harbour (Wire). The connection to the network "
                "broke off. Look on the network, then say whether it is there."
            ),
        ),
        ("missed", "“Sourdough” was missed. It could not be sent in time."),
    ],
)
def test_who_may_write_is_told_what_happened_and_what_to_do(
    troubled: Make, ada: User, ben: User, vic: User, cho: User, state: str, words: str
) -> None:
    row = troubled(**{state: True})

    tell_of_trouble()

    assert told(ada) == told(ben) == [words]
    assert told(vic) == told(cho) == []
    assert Notification.objects.get(user=ada).url == f"/posts/{row.post_id}/"
    assert Notification.objects.get(user=ada).kind == state


def test_what_went_out_is_not_told(troubled: Make, ada: User) -> None:
    troubled(published=True)
    troubled(scheduled=True)

    assert tell_of_trouble() == 0


def test_what_the_engine_settles_is_found_by_looking(
    due: Callable[..., Delivery], world: World, workspace: Workspace, ada: User
) -> None:
    account = AccountFactory(
        workspace=workspace, platform_name="wire", handle="wire", expires_at=None, refresh_at=None
    )
    due(account=account)
    world.before = [InvalidContent("The network refused the text.")]
    for delivery in engine.claim("me", 10):
        engine.work(delivery)

    tell_of_trouble()

    assert told(ada)[0].startswith(
        "“Good morning” did not go out on wire (Wire). The network refused the text."
    )


def test_the_same_trouble_is_told_once(troubled: Make, ada: User) -> None:
    troubled(failed=True)

    assert [tell_of_trouble(), tell_of_trouble()] == [1, 0]
    assert len(told(ada)) == 1


def test_what_fails_again_is_told_again(troubled: Make, ada: User, clock: time_machine.Traveller) -> None:
    row = troubled(failed=True)
    tell_of_trouble()
    clock.shift(timedelta(hours=2))
    row.refresh_from_db()
    scheduling.retry(row)
    Delivery.objects.update(state=State.FAILED, fence=2)

    assert tell_of_trouble() == 1
    assert len(told(ada)) == 2


def test_what_somebody_mended_in_the_minute_between_is_not_told(troubled: Make) -> None:
    scheduling.retry(troubled(failed=True))

    assert tell_of_trouble() == 0


def test_forty_failures_for_one_cause_are_one_message_that_counts(
    troubled: Make, ada: User, clock: time_machine.Traveller
) -> None:
    for n in range(39):
        troubled(f"Loaf {n}", failed=True)
    tell_of_trouble()
    mail_notices()
    clock.shift(timedelta(minutes=2))
    troubled("The last loaf", failed=True)

    tell_of_trouble()
    mail_notices()

    assert told(ada) == [
        (
            "40 posts did not go out on harbour (Wire). The network refused the text. "
            "Change the text or the options and try again."
        )
    ]
    assert Notification.objects.get(user=ada).url == "/queue/?show=trouble"
    assert [message.to for message in mail.outbox].count([ada.email]) == 1


def test_an_hour_later_it_is_news_again(troubled: Make, ada: User, clock: time_machine.Traveller) -> None:
    troubled(failed=True)
    tell_of_trouble()
    mail_notices()
    clock.shift(timedelta(hours=1))
    troubled(failed=True)

    tell_of_trouble()
    mail_notices()

    assert len(told(ada)) == 2
    assert [message.to for message in mail.outbox].count([ada.email]) == 2


def test_other_causes_and_accounts_are_told_apart(troubled: Make, ada: User, workspace: Workspace) -> None:
    troubled(failed=True)
    troubled(failed=True, reason_code="media_rejected")
    troubled(failed=True, account=AccountFactory(workspace=workspace))

    tell_of_trouble()

    assert len(told(ada)) == 3


def test_what_an_outage_made_late_is_one_message_for_all_accounts(
    troubled: Make, ada: User, workspace: Workspace
) -> None:
    troubled(missed=True)
    troubled(missed=True, account=AccountFactory(workspace=workspace))

    tell_of_trouble()

    assert told(ada) == ["2 posts were missed. Say what becomes of them."]
    assert Notification.objects.get(user=ada).url == "/missed/"


def test_another_workspace_hears_nothing_of_it(troubled: Make, ada: User, cho: User) -> None:
    elsewhere = PostFactory(workspace=cho.memberships.get().workspace, text="Bird seed")
    DeliveryFactory(post=elsewhere, failed=True, fence=1)
    troubled(failed=True)

    tell_of_trouble()

    assert [text[:11] for text in told(cho)] == ["“Bird seed”"]
    assert [text[:11] for text in told(ada)] == ["“Sourdough”"]


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_one_moment_tell_once(troubled: Make, ada: User) -> None:
    for n in range(5):
        troubled(f"Loaf {n}", failed=True)
    counts: list[int] = []

    def run() -> None:
        try:
            counts.append(tell_of_trouble())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 5
    assert len(told(ada)) == 1
