"""What the pages' tests share: conversations in Ada's workspace, and the browsers of who looks at them."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, Membership, User, Workspace
from inbox.factories import ConversationFactory
from inbox.models import Conversation


@pytest.fixture
def member(ada: User) -> Membership:
    return ada.memberships.select_related("workspace", "user").get()


@pytest.fixture
def desk(ada: User) -> Client:
    """Ada's."""
    return client_of(ada)


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(
        workspace=workspace, platform_name="mastodon", handle="bakery", name="Bakery"
    )


@pytest.fixture
def talk(account: Account) -> Callable[..., Conversation]:
    """Makes a conversation in Ada's workspace: what somebody said, on the bakery's account or another."""

    def make(*said: str, name: str = "", **fields: object) -> Conversation:
        if name:
            fields["person__name"] = name
        return ConversationFactory.create(**{"account": account, "said": list(said or ["Hello?"]), **fields})

    return make
