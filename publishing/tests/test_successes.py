"""What is out is told to its author; empty tomorrows and full days are told beforehand."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts.factories import AccountFactory
from accounts.models import Account, Notification, User, Workspace
from publishing.evening import look_at_tomorrow, look_for_full_days
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, Post
from publishing.successes import tell_of_published

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace, handle="harbour")


@pytest.fixture
def post(workspace: Workspace, ben: User) -> Post:
    return PostFactory.create(workspace=workspace, author=ben, text="Fresh bread")


def out(post: Post, account: Account, **fields: object) -> Delivery:
    return DeliveryFactory.create(post=post, account=account, published=True, fence=1, **fields)


def texts(kind: str) -> list[str]:
    return list(Notification.objects.filter(kind=kind).order_by("pk").values_list("text", flat=True))


# --- published ---


def test_the_author_alone_is_told_once_that_it_is_out(
    post: Post, account: Account, ada: User, ben: User
) -> None:
    out(post, account)

    said = [tell_of_published(), tell_of_published()]

    notice = Notification.objects.get()
    assert said == [1, 0]
    assert (notice.user, notice.text) == (ben, "“Fresh bread” is out: harbour (X).")
    assert notice.url == post.get_absolute_url()
    assert notice.mail_at is None


def test_more_networks_of_a_post_grow_its_notice(post: Post, account: Account, workspace: Workspace) -> None:
    out(post, account)
    tell_of_published()
    for n in range(4):
        out(post, AccountFactory.create(workspace=workspace, handle=f"other{n}"))

    tell_of_published()

    assert texts("published") == [
        "“Fresh bread” is out: harbour (X), other0 (X), other1 (X), other2 (X) and 1 more."
    ]


def test_many_posts_at_once_are_one_notice_that_counts(
    workspace: Workspace, account: Account, ben: User
) -> None:
    for _ in range(5):
        out(PostFactory.create(workspace=workspace, author=ben), account)

    tell_of_published()

    assert texts("published") == ["5 posts of yours are out."]


def test_an_author_who_left_is_told_nothing(post: Post, account: Account, ben: User) -> None:
    ben.memberships.all().delete()
    out(post, account)

    assert tell_of_published() == 1
    assert texts("published") == []


def test_what_has_been_out_for_long_is_no_news(post: Post, account: Account) -> None:
    out(post, account, published_at=now() - timedelta(hours=2))

    assert tell_of_published() == 0


# --- tomorrow ---


def evening(hour: int = 19) -> datetime:
    return datetime(2031, 6, 4, hour - 2, 5, tzinfo=UTC)  # Berlin is two hours ahead


@pytest.fixture
def lively(post: Post, account: Account) -> Delivery:
    """It went out the day before."""
    return out(post, account, due_at=evening() - timedelta(days=1))


def test_an_empty_tomorrow_is_said_once_in_the_evening(lively: Delivery, ada: User, vic: User) -> None:
    with time_machine.travel(evening()):
        said = [look_at_tomorrow(), look_at_tomorrow()]

    assert said == [1, 0]
    assert set(texts("tomorrow_empty")) == {"Nothing is planned for tomorrow, Thu 5 Jun."}
    assert not Notification.objects.filter(user=vic).exists()
    assert Notification.objects.filter(user=ada).get().url == "/posts/new/?date=2031-06-05"


def test_nothing_is_said_before_the_evening(lively: Delivery) -> None:
    with time_machine.travel(evening(17)):
        assert look_at_tomorrow() == 0


def test_a_tomorrow_with_a_post_is_not_empty(
    lively: Delivery, workspace: Workspace, account: Account
) -> None:
    at = evening() + timedelta(hours=14)
    DeliveryFactory.create(post__workspace=workspace, account=account, scheduled=True, due_at=at)

    with time_machine.travel(evening()):
        assert look_at_tomorrow() == 0


@pytest.mark.parametrize("asleep", ["idle", "paused", "disconnected"])
def test_a_workspace_that_sleeps_is_left_alone(lively: Delivery, workspace: Workspace, asleep: str) -> None:
    if asleep == "idle":
        Delivery.objects.update(due_at=evening() - timedelta(days=15))
    elif asleep == "paused":
        Workspace.objects.update(is_paused=True)
    else:
        Account.objects.update(state=Account.State.DISCONNECTED)

    with time_machine.travel(evening()):
        assert look_at_tomorrow() == 0


# --- full days ---


def test_days_without_room_are_one_notice_that_grows(workspace: Workspace, ben: User) -> None:
    account = AccountFactory.create(workspace=workspace, platform_name="instagram", handle="harbour")
    with time_machine.travel(datetime(2031, 6, 4, 8, tzinfo=UTC)):
        for day in (5, 6):
            at = datetime(2031, 6, day, 10, tzinfo=UTC)
            DeliveryFactory.create(
                post__workspace=workspace, account=account, scheduled=True, due_at=at, costs={"posts": 100}
            )
            found = [look_for_full_days(), look_for_full_days()]

    assert found == [1, 1]
    days = [f"{day} on harbour (Instagram) (100)" for day in ("Thu 5 Jun", "Fri 6 Jun")]
    said = f"2 days have no room left: {', '.join(days)}. What is planned beyond goes out later."
    assert texts("quota_full") == [said]


def test_days_with_room_are_not_told(workspace: Workspace, ben: User) -> None:
    account = AccountFactory.create(workspace=workspace, platform_name="instagram")
    DeliveryFactory.create(post__workspace=workspace, account=account, scheduled=True, costs={"posts": 99})

    assert look_for_full_days() == 0
