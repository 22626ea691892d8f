"""Campaigns: what belongs together, with a name, a colour and dates."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries
from time_machine import TimeMachineFixture

from accounts.factories import client_of
from accounts.models import User, Workspace
from campaigns.models import Campaign
from publishing.factories import CampaignFactory, PostFactory
from publishing.forms.post import PostForm
from publishing.preflight import Refusal
from publishing.writing import PostInput, duplicate, save_post

PAGE = "/campaigns/"
TODAY = now().date()


def form(**fields: object) -> dict[str, object]:
    return {"name": "Advent", "goal": "More orders", "colour": "rose", "currency": "EUR", **fields}


def test_first_visit_says_what_a_campaign_is(ada: User) -> None:
    page = client_of(ada).get(PAGE).content.decode()

    assert "A campaign holds posts of one goal together." in page


def test_editor_makes_a_campaign(ben: User, workspace: Workspace) -> None:
    response = client_of(ben).post(
        f"{PAGE}new/", form(starts_on=TODAY.isoformat(), ends_on=(TODAY + timedelta(days=24)).isoformat())
    )

    campaign = Campaign.objects.get()
    assert response["Location"] == f"{PAGE}{campaign.pk}/"
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
        ("goal_metric", "happiness"),
        ("budget", "-1"),
        ("spent", "a lot"),
        ("currency", "XXX"),
        ("utm_source", "{handle}"),
        ("utm_campaign", "half}"),
    ],
)
def test_wrong_value_is_said_beside_its_field(ben: User, field: str, value: str) -> None:
    fields = form(starts_on=TODAY.isoformat(), ends_on=TODAY.isoformat())

    response = client_of(ben).post(f"{PAGE}new/", {**fields, field: value})

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {field}
    assert not Campaign.objects.exists()


def test_money_below_nothing_is_refused_in_our_words(ben: User) -> None:
    response = client_of(ben).post(f"{PAGE}new/", form(budget="-1", spent="-2"))

    assert response.content.decode().count("Money is not less than nothing.") == 2


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
    shown = client.get(f"{PAGE}{campaign.pk}/edit/").context["form"]
    typed = {name: shown[name].value() for name in shown.fields}

    client.post(f"{PAGE}{campaign.pk}/edit/", {name: value for name, value in typed.items() if value})

    before, after = vars(campaign), vars(Campaign.objects.get())
    before.pop("_workspace_cache", None)
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


@pytest.mark.parametrize(
    ("typed", "faulty"),
    [
        ({"goal_metric": "clicks"}, {"goal_target"}),
        ({"goal_target": "100"}, {"goal_metric"}),
        ({"goal_metric": "clicks", "goal_target": "0"}, {"goal_target"}),
        ({"budget": "10", "currency": ""}, {"currency"}),
        ({"budget": "10.50", "currency": "KRW"}, {"budget"}),
        ({"budget": "10.00", "currency": "KRW"}, set()),
        ({"goal_metric": "clicks", "goal_target": "5", "budget": "10.50", "currency": "EUR"}, set()),
    ],
)
def test_what_belongs_together_is_asked_for_together(
    ben: User, typed: dict[str, str], faulty: set[str]
) -> None:
    response = client_of(ben).post(f"{PAGE}new/", form(**typed))

    assert (response.status_code == 422) == bool(faulty)
    assert not faulty or set(response.context["form"].errors) == faulty


@pytest.mark.parametrize(
    ("starts", "ends", "phase"),
    [
        (-3, 3, "running"),
        (1, None, "planned"),
        (None, -1, "over"),
        (0, 0, "running"),
        (None, None, "running"),
    ],
)
def test_a_campaign_says_where_it_is_in_its_time(starts: int | None, ends: int | None, phase: str) -> None:
    days = [None if n is None else TODAY + timedelta(days=n) for n in (starts, ends)]

    assert Campaign(starts_on=days[0], ends_on=days[1]).phase_on(TODAY) == phase


def test_its_days_are_those_of_the_workspaces_clock(
    workspace: Workspace, time_machine: TimeMachineFixture
) -> None:
    workspace.timezone = "Asia/Seoul"
    campaign = CampaignFactory.build(
        workspace=workspace, starts_on=date(2030, 5, 2), ends_on=date(2030, 5, 5)
    )

    time_machine.move_to(datetime(2030, 5, 1, 14, 59, tzinfo=UTC), tick=False)
    eve = campaign.phase
    time_machine.move_to(datetime(2030, 5, 1, 15, 0, tzinfo=UTC), tick=False)

    assert (eve, campaign.phase) == ("planned", "running")
    assert (campaign.time_percent, campaign.days_left) == (25, 4)


def test_the_form_opens_in_a_dialog_and_is_refused_in_it(ben: User) -> None:
    client, htmx = client_of(ben), {"HX-Request": "true"}

    opened = client.get(f"{PAGE}new/", headers=htmx).content.decode()
    refused = client.post(f"{PAGE}new/", form(name=""), headers=htmx)
    saved = client.post(f"{PAGE}new/", form(), headers=htmx)

    assert opened.lstrip().startswith("<dialog")
    assert "<html" not in opened
    assert (refused.status_code, "data-dialog-auto" in refused.content.decode()) == (422, True)
    assert saved["HX-Redirect"] == Campaign.objects.get().get_absolute_url()


def test_the_archive_is_left_again_by_undo(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace, name="Easter")
    client = client_of(ben)

    page = client.post(f"{PAGE}{campaign.pk}/archive/", follow=True).content.decode()
    listed = client.get(PAGE).content.decode()
    archive = client.get(f"{PAGE}?show=archived").content.decode()
    client.post(f"{PAGE}{campaign.pk}/restore/")

    assert f'action="{PAGE}{campaign.pk}/restore/"' in page
    assert ("Easter" in listed.partition('<div class="toasts"')[0], "Easter" in archive) == (False, True)
    assert Campaign.objects.open().get() == campaign


def test_an_archived_campaign_keeps_its_posts_and_takes_no_others(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    inside = PostFactory.create(workspace=workspace, campaign=campaign)
    outside = PostFactory.create(workspace=workspace)
    campaign.archive()
    member = ben.memberships.get()
    campaign = Campaign.objects.get()

    save_post(member, PostInput(text="Changed", campaign=campaign), inside)
    with pytest.raises(Refusal) as refused:
        save_post(member, PostInput(text="Changed", campaign=campaign), outside)

    assert refused.value.codes == {"campaign_archived"}
    assert campaign.posts.get().text == "Changed"
    assert duplicate(member, inside).campaign is None
    assert PostForm(member).fields["campaign"].queryset.count() == 0
    assert PostForm(member, inside).fields["campaign"].queryset.get() == campaign


class TestWhoMay:
    @pytest.fixture
    def campaign(self, workspace: Workspace) -> Campaign:
        return CampaignFactory.create(workspace=workspace, name="Ada's advent")

    def test_viewer_looks_and_changes_nothing(self, vic: User, campaign: Campaign) -> None:
        client = client_of(vic)

        assert "Ada&#x27;s advent" in client.get(PAGE).content.decode()
        for path in ("new/", *(f"{campaign.pk}/{way}/" for way in ("edit", "delete", "archive", "restore"))):
            assert client.post(PAGE + path, form()).status_code == 403

    def test_stranger_finds_nothing(self, cho: User, campaign: Campaign) -> None:
        client = client_of(cho)

        assert "advent" not in client.get(PAGE).content.decode()
        for path in (f"{campaign.pk}/edit/", f"{campaign.pk}/delete/"):
            assert client.get(PAGE + path).status_code == client.post(PAGE + path, form()).status_code == 404

    def test_visitor_is_sent_to_the_log_in(self, db: None) -> None:
        assert Client().get(PAGE)["Location"].startswith("/auth/login/")


def test_query_count_does_not_grow_with_campaigns_and_posts(
    ada: User, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(10):
        PostFactory.create(workspace=workspace, campaign=CampaignFactory.create(workspace=workspace))
    client = client_of(ada)

    with django_assert_max_num_queries(
        9
    ):  # five of the frame; campaigns, how many, whether some are archived
        page = client.get(PAGE)

    assert [row.post_count for row in page.context["page"]] == [1] * 10
