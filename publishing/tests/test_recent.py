"""Picking the post in doubt from what stands on the account."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.factories import AccountFactory, client_of
from accounts.models import User, Workspace
from platforms.errors import OutcomeUnknown, Unavailable
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from publishing.tests.network import World
from publishing.tests.test_engine import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def unclear(due: Callable[..., Delivery], world: World, workspace: Workspace, clock) -> Delivery:
    """Sent, with no answer, and the network cannot say whether it has it."""
    account = AccountFactory(workspace=workspace, platform_name="wire", expires_at=None, refresh_at=None)
    delivery = due("Good-morning", account=account)
    world.after = [OutcomeUnknown("read time-out")]
    world.unsure = OutcomeUnknown("the index lags")
    for _ in range(8):
        run()
        clock.shift(timedelta(minutes=5))
    delivery.refresh_from_db()
    assert delivery.state == State.UNKNOWN
    world.unsure = None
    return delivery


@pytest.fixture
def desk(ada: User, clock) -> Client:
    return client_of(ada)


def test_the_story_offers_to_show_them(desk: Client, unclear: Delivery) -> None:
    assert f"/deliveries/{unclear.pk}/recent/" in desk.get(f"/posts/{unclear.post_id}/").text


def test_the_account_s_posts_are_listed_without_those_that_are_known(
    desk: Client, unclear: Delivery, world: World
) -> None:
    world.posts.append("Another-of-ours")
    DeliveryFactory(
        post=PostFactory(workspace=unclear.account.workspace),
        account=unclear.account,
        published=True,
        permalink="https://wire.example/Another-of-ours",
    )

    page = desk.get(f"/deliveries/{unclear.pk}/recent/").text
    fragment = desk.get(f"/deliveries/{unclear.pk}/recent/", headers={"HX-Request": "true"}).text

    assert 'value="https://wire.example/Good-morning"' in page
    assert "Another-of-ours" not in page
    assert "It is this one" in fragment
    assert "<html" not in fragment


def test_the_one_that_is_picked_is_it(desk: Client, unclear: Delivery, world: World) -> None:
    [address] = re.findall(
        r'name="permalink" value="(.+?)"', desk.get(f"/deliveries/{unclear.pk}/recent/").text
    )

    desk.post(f"/deliveries/{unclear.pk}/confirm/", {"permalink": address})
    run()

    unclear.refresh_from_db()
    assert (unclear.state, unclear.permalink) == (State.PUBLISHED, address)
    assert len(world.posts) == 1


def test_an_account_without_posts_says_so(desk: Client, unclear: Delivery, world: World) -> None:
    world.posts.clear()

    assert "shows no other post" in desk.get(f"/deliveries/{unclear.pk}/recent/").text


def test_a_network_that_fails_is_told_in_words(desk: Client, unclear: Delivery, world: World) -> None:
    world.unsure = Unavailable("Wire is not available just now.")

    answer = desk.get(f"/deliveries/{unclear.pk}/recent/")

    assert answer.status_code == 200
    assert "Wire is not available just now." in answer.text


@pytest.mark.parametrize("state", [State.FAILED, State.MISSED, State.PUBLISHED])
def test_only_what_is_unclear_is_asked_about(desk: Client, unclear: Delivery, state: State) -> None:
    Delivery.objects.update(state=state, remote_id="1")

    assert desk.get(f"/deliveries/{unclear.pk}/recent/").status_code == 404


def test_others_are_shown_nothing(unclear: Delivery, cho: User, vic: User) -> None:
    path = f"/deliveries/{unclear.pk}/recent/"

    assert (client_of(cho).get(path).status_code, client_of(vic).get(path).status_code) == (404, 403)


def test_a_program_reads_the_same(desk: Client, unclear: Delivery, world: World) -> None:
    path = f"/api/v1/deliveries/{unclear.pk}/recent/"

    listed = desk.get(path).json()
    world.unsure = Unavailable("down")
    failed = desk.get(path)
    Delivery.objects.update(state=State.FAILED)

    assert [row["permalink"] for row in listed] == ["https://wire.example/Good-morning"]
    assert (failed.status_code, failed.json()["code"]) == (422, "unavailable")
    assert desk.get(path).status_code == 409
