"""Home, where it tells of messages and numbers. What it tells of posts is tested with the posts' pages."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from analytics.models import AccountDay
from inbox.factories import ConversationFactory
from inbox.models import Conversation
from publishing.factories import DeliveryFactory
from snsauto.home import Figure

pytestmark = pytest.mark.django_db
NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def account(workspace: Workspace) -> Account:
    account = AccountFactory.create(workspace=workspace)
    DeliveryFactory.create(post__workspace=workspace, account=account, published=True)
    return account


@pytest.fixture
def ada_client(ada: User) -> Client:
    return client_of(ada)


def test_who_waits_for_an_answer_stands_under_what_needs_you(
    ada_client: Client, account: Account, workspace: Workspace
) -> None:
    waiting = ConversationFactory.create(
        workspace=workspace, account=account, preview="Is there rye today?", needs_answer=True
    )
    ConversationFactory.create(workspace=workspace, account=account, preview="Thank you!", needs_answer=False)

    page = ada_client.get("/").text

    assert "Is there rye today?" in page
    assert f'href="/inbox/{waiting.pk}/#reply"' in page
    assert "Thank you!" not in page
    assert "All is well." not in page


def test_ones_own_come_first_then_who_has_waited_longest(
    ada_client: Client, ada: User, account: Account, workspace: Workspace
) -> None:
    for hours, words in ((1, "an hour"), (9, "nine hours"), (2, "mine")):
        ConversationFactory.create(
            workspace=workspace,
            account=account,
            preview=words,
            needs_answer=True,
            last_in_at=NOON - timedelta(hours=hours),
            assignee=ada if words == "mine" else None,
        )

    shown = ada_client.get("/").context["conversations"]

    assert [row.preview for row in shown] == ["mine", "nine hours", "an hour"]


def test_another_workspaces_messages_are_not_told(ada_client: Client, account: Account) -> None:
    ConversationFactory.create(preview="Not yours", needs_answer=True)

    assert Conversation.objects.exists()
    assert "Not yours" not in ada_client.get("/").text


def test_the_week_is_told_beside_the_week_before(ada: User, account: Account) -> None:
    with time_machine.travel(NOON, tick=False):
        for days, views in ((0, 30.0), (6, 60.0), (7, 40.0), (13, 20.0), (14, 1000.0)):
            AccountDay.objects.create(account=account, day=(NOON - timedelta(days=days)).date(), views=views)

        answer = client_of(ada).get("/")

    figures = {figure.label: figure for figure in answer.context["week"]}
    assert (figures["Views"].value, figures["Views"].before) == (90, 60)
    assert "50 % more than the week before" in answer.text
    assert figures["New followers"].value is None


@pytest.mark.parametrize(
    ("value", "before", "change"),
    [(90, 60, 50), (30, 60, -50), (None, 60, None), (5, 0, None), (5, None, None), (5, -5, None)],
)
def test_a_change_is_told_only_where_there_is_something_to_compare(
    value: float | None, before: float | None, change: float | None
) -> None:
    assert Figure("Views", value, before).change == change


def test_a_post_that_went_out_to_several_accounts_is_told_once(
    ada_client: Client, account: Account, workspace: Workspace
) -> None:
    first = DeliveryFactory.create(post__workspace=workspace, post__text="Rye is out.", published=True)
    DeliveryFactory.create(
        post=first.post, account=AccountFactory.create(workspace=workspace), published=True
    )

    lately = ada_client.get("/").context["recent"]

    assert [len(out.deliveries) for out in lately if out.post == first.post] == [2]
    assert len(lately) == 2
    assert ada_client.get("/").text.count("Rye is out.") == 1
