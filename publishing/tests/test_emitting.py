"""What became of deliveries reaches webhooks: each end, once, and only where somebody listens."""

import pytest
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts import webhooks
from accounts.models import Dispatch, Happening, User, Webhook, Workspace
from publishing import scheduling
from publishing.emitting import emit_settled
from publishing.factories import DeliveryFactory
from publishing.models import Delivery, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(ada: User) -> Webhook:
    return webhooks.create(ada.memberships.get(), "https://example.org/h", list(webhooks.EVENTS))


def settled(workspace: Workspace, state: str, **fields: object) -> Delivery:
    end = {"published_at": now(), "remote_id": "r1"} if state == State.PUBLISHED else {"reason": "It broke."}
    return DeliveryFactory.create(
        post__workspace=workspace,
        account__workspace=workspace,
        state=state,
        fence=1,
        due_at=now(),
        **end,
        **fields,
    )


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.PUBLISHED, "post.published"),
        (State.FAILED, "post.failed"),
        (State.UNKNOWN, "post.unknown"),
        (State.MISSED, "post.missed"),
    ],
)
def test_each_end_is_told_once(workspace: Workspace, hook: Webhook, state: str, event: str) -> None:
    delivery = settled(workspace, state)

    assert [emit_settled() for _minute in range(2)] == [1, 0]

    happening = Happening.objects.get()
    assert happening.event == event
    assert happening.payload["delivery"] == delivery.pk
    assert happening.payload["reason"] == delivery.reason
    assert Dispatch.objects.count() == 1


@pytest.mark.parametrize("state", [State.DRAFT, State.SCHEDULED, State.PUBLISHING, State.CANCELLED])
def test_what_has_not_ended_is_not_told(workspace: Workspace, hook: Webhook, state: str) -> None:
    settled(workspace, state)

    assert emit_settled() == 0


def test_next_end_of_the_same_delivery_is_news(workspace: Workspace, hook: Webhook) -> None:
    delivery = settled(workspace, State.FAILED)
    emit_settled()
    Delivery.objects.filter(pk=delivery.pk).update(state=State.PUBLISHED, fence=2, remote_id="r1")

    emit_settled()

    events = Happening.objects.order_by("pk").values_list("event", flat=True)
    assert list(events) == ["post.failed", "post.published"]


def test_person_who_says_that_it_is_there_is_news(workspace: Workspace, hook: Webhook) -> None:
    delivery = settled(workspace, State.UNKNOWN)
    emit_settled()
    assert scheduling.confirm_published(delivery)

    emit_settled()

    assert Happening.objects.latest("pk").event == "post.published"


def test_where_nobody_listens_nothing_is_kept(workspace: Workspace) -> None:
    settled(workspace, State.PUBLISHED)

    assert emit_settled() == 1
    assert not Happening.objects.exists()


def test_a_storm_without_listeners_costs_few_queries(
    workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _post in range(20):
        settled(workspace, State.PUBLISHED)

    with django_assert_max_num_queries(10):
        emit_settled()
