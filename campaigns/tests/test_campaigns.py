"""Campaigns: what belongs together, with a name, a colour and dates."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import client_of
from accounts.models import User, Workspace
from campaigns.models import Campaign
from publishing.factories import CampaignFactory, PostFactory

PAGE = "/campaigns/"
TODAY = now().date()


def form(**fields: object) -> dict[str, object]:
    return {"name": "Advent", "goal": "More orders", "colour": "rose", **fields}


def test_first_visit_says_what_a_campaign_is(ada: User) -> None:
    page = client_of(ada).get(PAGE).content.decode()

    assert "A campaign holds posts of one goal together." in page


def test_editor_makes_a_campaign(ben: User, workspace: Workspace) -> None:
    response = client_of(ben).post(
        f"{PAGE}new/", form(starts_on=TODAY.isoformat(), ends_on=(TODAY + timedelta(days=24)).isoformat())
    )

    campaign = Campaign.objects.get()
    assert response["Location"] == PAGE
    assert (campaign.name, campaign.goal, campaign.colour) == ("Advent", "More orders", "rose")
    assert (campaign.starts_on, campaign.ends_on) == (TODAY, TODAY + timedelta(days=24))
    assert campaign.workspace == workspace


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "N" * 81),
        ("colour", "infrared"),
        ("starts_on", "soon"),
        ("ends_on", (TODAY - timedelta(days=1)).isoformat()),
    ],
)
def test_wrong_value_is_said_beside_its_field(ben: User, field: str, value: str) -> None:
    fields = form(starts_on=TODAY.isoformat(), ends_on=TODAY.isoformat())

    response = client_of(ben).post(f"{PAGE}new/", {**fields, field: value})

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {field}
    assert not Campaign.objects.exists()


def test_campaign_of_one_day_is_fine(ben: User) -> None:
    client_of(ben).post(f"{PAGE}new/", form(starts_on=TODAY.isoformat(), ends_on=TODAY.isoformat()))

    assert Campaign.objects.exists()


def test_name_that_is_taken_is_said(ben: User, workspace: Workspace) -> None:
    CampaignFactory.create(workspace=workspace, name="advent")

    response = client_of(ben).post(f"{PAGE}new/", form())

    assert response.status_code == 422
    assert "There is a campaign of this name already." in response.content.decode()


def test_another_workspace_may_use_the_same_name(ben: User, cho: User) -> None:
    CampaignFactory.create(workspace=cho.current_workspace, name="Advent")

    client_of(ben).post(f"{PAGE}new/", form())

    assert Campaign.objects.count() == 2


def test_reopened_and_saved_it_is_unchanged(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace, starts_on=TODAY, ends_on=TODAY, goal="Orders")
    client = client_of(ben)
    shown = client.get(f"{PAGE}{campaign.pk}/").context["form"]

    client.post(f"{PAGE}{campaign.pk}/", {name: shown[name].value() for name in shown.fields})

    before, after = vars(campaign), vars(Campaign.objects.get())
    assert {**before, "_state": None} == {**after, "_state": None}


def test_deleting_says_how_many_posts_stay(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    post = PostFactory.create(workspace=workspace, campaign=campaign)
    client = client_of(ben)

    page = client.get(f"{PAGE}{campaign.pk}/delete/").content.decode()
    client.post(f"{PAGE}{campaign.pk}/delete/")

    post.refresh_from_db()
    assert "Its 1 post stays" in page
    assert post.campaign is None
    assert not Campaign.objects.exists()


class TestWhoMay:
    @pytest.fixture
    def campaign(self, workspace: Workspace) -> Campaign:
        return CampaignFactory.create(workspace=workspace, name="Ada's advent")

    def test_viewer_looks_and_changes_nothing(self, vic: User, campaign: Campaign) -> None:
        client = client_of(vic)

        assert "Ada&#x27;s advent" in client.get(PAGE).content.decode()
        for path in ("new/", f"{campaign.pk}/", f"{campaign.pk}/delete/"):
            assert client.post(PAGE + path, form()).status_code == 403

    def test_stranger_finds_nothing(self, cho: User, campaign: Campaign) -> None:
        client = client_of(cho)

        assert "advent" not in client.get(PAGE).content.decode()
        for path in (f"{campaign.pk}/", f"{campaign.pk}/delete/"):
            assert client.get(PAGE + path).status_code == client.post(PAGE + path, form()).status_code == 404

    def test_visitor_is_sent_to_the_log_in(self, db: None) -> None:
        assert Client().get(PAGE)["Location"].startswith("/auth/login/")


def test_query_count_does_not_grow_with_campaigns_and_posts(
    ada: User, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(10):
        PostFactory.create(workspace=workspace, campaign=CampaignFactory.create(workspace=workspace))
    client = client_of(ada)

    with django_assert_max_num_queries(7):  # five of the frame; campaigns
        page = client.get(PAGE)

    assert [row.post_count for row in page.context["campaigns"]] == [1] * 10
