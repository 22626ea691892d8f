"""The same text twice: what counts as the same, when it is said, and what it costs."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, ApiToken, User, Workspace
from publishing import scheduling
from publishing.duplicates import fingerprint
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Delivery, Post, State
from publishing.tests.conftest import NOON
from publishing.tests.network import World
from publishing.writing import PostInput, Target, save_post

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbour(world: World, workspace: Workspace, clock: time_machine.Traveller) -> Account:
    return AccountFactory.create(
        workspace=workspace, platform_name="wire", handle="harbour", expires_at=None, refresh_at=None
    )


def written(ada: User, account: Account, text: str = "Fresh bread") -> Post:
    return save_post(ada.memberships.get(), PostInput(text, [Target(account)], timezone="Europe/Berlin"))


def published(post: Post, ago: timedelta) -> None:
    post.deliveries.update(state=State.PUBLISHED, remote_id="1", published_at=NOON - ago)


def findings(ada: User, account: Account, text: str = "Fresh bread", **more: object) -> list[str]:
    _token, key = ApiToken.issue(ada.memberships.get(), "a test")
    client = APIClient(headers={"authorization": f"Token {key}"})
    answer = client.post("/api/v1/posts/check/", {"text": text, "accounts": [account.pk], **more})
    return [row["message"] for row in answer.json()[0]["findings"] if row["code"] == "same_text"]


# --- what is the same ---


@pytest.mark.parametrize("text", ["fresh  BREAD", "\nFresh bread ", "Ｆｒｅｓｈ bread"])
def test_what_readers_call_the_same_is_the_same(text: str) -> None:
    assert fingerprint(text, []) == fingerprint("Fresh bread", [])


def test_another_text_or_another_picture_is_another() -> None:
    cake, tart = MediaFactory.build(sha256="a"), MediaFactory.build(sha256="b")

    marks = {
        fingerprint(*what) for what in (("a", []), ("b", []), ("a", [cake]), ("a", [tart]), ("", [cake]))
    }

    assert len(marks) == 5
    assert {len(mark) for mark in marks} == {16}


def test_nothing_is_like_nothing() -> None:
    assert fingerprint(" \n", []) == ""


# --- stamping ---


def test_every_save_and_every_schedule_stamps(ada: User, harbour: Account) -> None:
    post = written(ada, harbour)
    drafted = post.deliveries.get().fingerprint
    save_post(ada.memberships.get(), PostInput("Rye", [Target(harbour)]), post)
    changed = post.deliveries.get().fingerprint
    Delivery.objects.update(fingerprint="")
    scheduling.schedule(Post.objects.get(), NOON + timedelta(hours=1))

    assert [drafted, changed] == [fingerprint("Fresh bread", []), fingerprint("Rye", [])]
    assert post.deliveries.get().fingerprint == changed


def test_an_accounts_own_text_counts(ada: User, harbour: Account) -> None:
    post = save_post(ada.memberships.get(), PostInput("Fresh bread", [Target(harbour, "Only here")]))

    assert post.deliveries.get().fingerprint == fingerprint("Only here", [])


# --- saying so ---


def test_the_same_went_out_three_hours_ago(ada: User, harbour: Account) -> None:
    published(written(ada, harbour), timedelta(hours=3))

    assert findings(ada, harbour) == ["The same text went out on this account 3 hours ago."]


def test_the_same_is_planned(ada: User, harbour: Account) -> None:
    scheduling.schedule(written(ada, harbour), NOON + timedelta(hours=19))

    assert findings(ada, harbour) == ["The same text is planned on this account for Tue 09:00."]


def test_the_day_is_counted_from_the_planned_time(ada: User, harbour: Account) -> None:
    published(written(ada, harbour), timedelta(hours=3))
    tomorrow, week = (NOON + timedelta(days=days) for days in (0.8, 7))

    assert findings(ada, harbour, scheduled_at=tomorrow.isoformat()) != []
    assert findings(ada, harbour, scheduled_at=week.isoformat()) == []


@pytest.mark.parametrize("state", [State.DRAFT, State.CANCELLED, State.FAILED, State.MISSED])
def test_what_is_not_out_and_will_not_be_does_not_count(ada: User, harbour: Account, state: State) -> None:
    written(ada, harbour).deliveries.update(state=state, due_at=NOON)

    assert findings(ada, harbour) == []


def test_another_account_and_another_day_do_not_count(
    ada: User, harbour: Account, workspace: Workspace
) -> None:
    published(written(ada, harbour), timedelta(hours=25))
    other = AccountFactory(workspace=workspace, platform_name="wire")
    published(written(ada, other), timedelta(hours=1))

    assert findings(ada, harbour) == []


def test_the_composer_says_so_and_lets_who_means_it_go_on(ada: User, harbour: Account) -> None:
    published(written(ada, harbour), timedelta(hours=3))
    post = written(ada, harbour)

    page = client_of(ada).get(f"/posts/{post.pk}/edit/").text
    scheduling.publish_now(Post.objects.get(pk=post.pk))

    assert "The same text went out on this account 3 hours ago." in page
    assert post.deliveries.get().state == State.SCHEDULED


def test_a_post_is_not_its_own_twin(ada: User, harbour: Account) -> None:
    post = written(ada, harbour)
    scheduling.schedule(post, NOON + timedelta(hours=1))

    assert "The same" not in client_of(ada).get(f"/posts/{post.pk}/edit/").text


def test_a_stranger_learns_nothing_of_it(ada: User, harbour: Account, cho: User) -> None:
    published(written(ada, harbour), timedelta(hours=3))
    member = cho.memberships.get()
    theirs = AccountFactory(workspace=member.workspace, platform_name="wire", remote_id=harbour.remote_id)

    assert findings(cho, theirs) == []


@pytest.mark.parametrize("count", [1, 20])
def test_it_costs_one_query_for_any_number_of_accounts(
    ada: User,
    workspace: Workspace,
    harbour: Account,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    post = PostFactory(workspace=workspace)
    for account in AccountFactory.create_batch(count, workspace=workspace, platform_name="wire"):
        DeliveryFactory(post=post, account=account)
    browser: Client = client_of(ada)
    browser.get(f"/posts/{post.pk}/edit/")

    with django_assert_num_queries(11):
        browser.get(f"/posts/{post.pk}/edit/")
