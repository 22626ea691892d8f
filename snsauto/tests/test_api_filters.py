"""What narrows a list tells nothing of rows of other workspaces, and takes any number."""

from collections.abc import Callable

import pytest
from django.db.models import Model

from accounts import webhooks
from accounts.factories import AccountFactory, client_of
from accounts.models import Membership, User
from campaigns.models import Campaign
from inbox.factories import ConversationFactory

pytestmark = pytest.mark.django_db
API = "/api/v1"
ROWS: dict[str, Callable[[Membership], Model]] = {
    "account": lambda owner: AccountFactory.create(workspace=owner.workspace),
    "campaign": lambda owner: Campaign.objects.create(workspace=owner.workspace, name="Autumn"),
    "conversation": lambda owner: ConversationFactory.create(account__workspace=owner.workspace),
    "webhook": lambda owner: webhooks.create(owner, "https://example.org/h", ["post.failed"]),
}
FILTERS = [
    ("posts", "account"),
    ("deliveries", "account"),
    ("replies", "conversation"),
    ("webhook-messages", "webhook"),
    ("templates", "campaign"),
    ("reports", "campaign"),
]


@pytest.mark.parametrize(("path", "name"), FILTERS)
def test_row_of_others_is_like_one_that_is_not_there(ada: User, cho: User, path: str, name: str) -> None:
    row = ROWS[name](cho.memberships.get())
    client = client_of(ada)

    foreign, missing = (client.get(f"{API}/{path}/", {name: pk}) for pk in (row.pk, row.pk + 1000))

    assert foreign.status_code == missing.status_code == 200
    assert foreign.json() == missing.json()


@pytest.mark.parametrize(("path", "name"), FILTERS)
@pytest.mark.parametrize("number", [str(10**30), "0", "1.5", "NaN"])
def test_what_is_no_number_of_a_row_is_refused(ada: User, path: str, name: str, number: str) -> None:
    answer = client_of(ada).get(f"{API}/{path}/", {name: number})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_notice_of_no_possible_number_is_refused(ada: User) -> None:
    answer = client_of(ada).post(
        f"{API}/notifications/read/", {"ids": [10**30]}, content_type="application/json"
    )

    assert answer.status_code == 400
