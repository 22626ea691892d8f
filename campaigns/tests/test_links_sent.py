"""From the composer's form to a network of the sandbox, over real HTTP: what the network got."""

import uuid

import pytest
from django.utils.timezone import now

from accounts.factories import client_of
from accounts.models import Account, User, Workspace
from campaigns.models import Campaign
from platforms.sandbox.models import Entry
from publishing import engine
from publishing.factories import CampaignFactory
from publishing.models import Delivery, State
from publishing.tests.connecting import connect

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "New: https://a.com/bread and https://b.org/?utm_source=mine"
TAGGED = (
    "New: https://a.com/bread?utm_source={name}&utm_medium=social&utm_campaign=advent"
    " and https://b.org/?utm_source=mine"
)


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return CampaignFactory.create(workspace=workspace, name="Advent", tags_links=True)


@pytest.mark.parametrize("name", ["mastodon", "x", "telegram"])
def test_the_network_gets_the_text_that_the_page_and_the_api_have_shown(
    name: str, sandbox: str, ada: User, campaign: Campaign
) -> None:
    account = connect(ada.memberships.get(), name)
    desk = client_of(ada)
    form = {
        "key": str(uuid.uuid4()),
        "text": TEXT,
        "accounts": [account.pk],
        "campaign": campaign.pk,
        "timezone": "UTC",
        "action": "publish",
    }

    shown = desk.post("/posts/check/", form).context["check"].previews[0].draft.parts[0].text
    checked = desk.post(
        "/api/v1/posts/check/",
        {"text": TEXT, "accounts": [account.pk], "campaign": campaign.pk},
        content_type="application/json",
    ).json()
    desk.post("/posts/new/", form)
    send_all()

    tagged = TAGGED.format(name=account.platform_name)
    assert shown == tagged
    assert checked[0]["parts"] == [tagged]
    assert Entry.objects.get().text == tagged


def test_a_second_try_after_the_campaign_changed_sends_the_first_links(
    sandbox: str, ada: User, campaign: Campaign
) -> None:
    account = connect(ada.memberships.get(), "mastodon")
    token = account.credentials
    form = {"text": TEXT, "accounts": [account.pk], "campaign": campaign.pk, "publish": "now"}
    client_of(ada).post("/api/v1/posts/", form, content_type="application/json")
    _point_nowhere(account)
    send_all(1)
    assert not Entry.objects.exists()
    Campaign.objects.update(utm_source="other")

    Account.objects.update(credentials=token)
    Delivery.objects.update(state=State.SCHEDULED, due_at=now())
    send_all()

    assert Delivery.objects.get().state == State.PUBLISHED
    assert Entry.objects.get().text == TAGGED.format(name="mastodon")


def _point_nowhere(account: Account) -> None:
    """A token that the network does not know: the first try is refused before anything is public."""
    Account.objects.filter(pk=account.pk).update(
        credentials={"access": "wrong", "refresh": "", "extra": {}}, expires_at=None, refresh_at=None
    )


def send_all(rounds: int = 4) -> None:
    for _ in range(rounds):
        Delivery.objects.filter(state=State.PUBLISHING).update(due_at=now())
        for delivery in engine.claim("worker", 20):
            engine.work(delivery)
