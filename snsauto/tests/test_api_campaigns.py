"""Campaigns and reports in the API: right, without a token, of another workspace, wrong, as a viewer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.factories import AccountFactory
from accounts.models import Account, User, Workspace
from analytics import reports
from analytics.factories import count, published, told
from analytics.models import Report, ReportPlan
from campaigns.models import Campaign
from publishing.factories import CampaignFactory
from snsauto.tests.test_api import API, api

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = now().date()


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace)


def test_a_campaign_is_made_with_all_that_the_form_has(ben: User) -> None:
    body = {
        "name": "Advent",
        "starts_on": TODAY.isoformat(),
        "ends_on": (TODAY + DAY).isoformat(),
        "goal_metric": "clicks",
        "goal_target": 500,
        "budget": "120.00",
        "currency": "GBP",
        "tags_links": True,
        "utm_source": "{platform}",
    }

    answer = api(ben).post(f"{API}/campaigns/", body)

    assert answer.status_code == 201
    assert body.items() <= answer.json().items()
    assert answer.json()["phase"] == "running"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "advent"}, "name", "unique"),
        ({"starts_on": "2030-01-02", "ends_on": "2030-01-01"}, "ends_on", "ends_early"),
        ({"goal_metric": "clicks"}, "goal_target", "required"),
        ({"goal_metric": "love", "goal_target": 1}, "goal_metric", "invalid_choice"),
        ({"budget": "-1"}, "budget", "min_value"),
        ({"utm_term": "{x}"}, "utm_term", "unknown_variable"),
    ],
)
def test_a_wrong_campaign_is_refused_by_field_and_code(
    ben: User, workspace: Workspace, body: dict[str, object], field: str, code: str
) -> None:
    CampaignFactory.create(workspace=workspace, name="Advent")

    answer = api(ben).post(f"{API}/campaigns/", {"name": "Easter", **body})

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert Campaign.objects.count() == 1


def test_a_change_is_checked_as_the_whole_campaign_would_stand(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace, starts_on=TODAY)

    answer = api(ben).patch(f"{API}/campaigns/{campaign.pk}/", {"ends_on": (TODAY - DAY).isoformat()})

    assert answer.status_code == 400


def test_its_metrics_are_told_with_null_for_what_is_not_known(
    ben: User, workspace: Workspace, account: Account
) -> None:
    campaign = CampaignFactory.create(
        workspace=workspace, goal_metric="views", goal_target=200, spent=50, starts_on=TODAY - 3 * DAY
    )
    delivery = published(account, now() - 2 * DAY, campaign=campaign)
    told(delivery, now() - DAY, views=100, likes=3)
    count()

    body = api(ben).get(f"{API}/campaigns/{campaign.pk}/metrics/").json()

    assert (body["totals"]["views"], body["totals"]["clicks"]) == (100, None)
    assert body["posts_by_state"] == {"published": 1}
    assert body["progress"] == {"metric": "views", "value": 100, "target": 200, "percent": 50}
    assert (body["cost_per_result"]["basis"], body["cost_per_result"]["each"]) == ("spent", "0.5000")
    assert sum(day["views"] or 0 for day in body["days"]) == 100


def test_the_archive_is_a_state_and_no_repeat(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    client, address = api(ben), f"{API}/campaigns/{campaign.pk}"

    first, again = (client.post(f"{address}/archive/") for _ in range(2))
    listed = client.get(f"{API}/campaigns/?archived_at__isnull=true").json()["results"]
    back = client.post(f"{address}/restore/")

    assert (first.json()["phase"], again.status_code, again.json()["code"]) == ("archived", 409, "archived")
    assert listed == []
    assert back.json()["phase"] == "running"


def test_a_post_cannot_be_put_into_an_archived_campaign(ben: User, workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    campaign.archive()

    answer = api(ben).post(f"{API}/posts/", {"text": "Hello", "campaign": campaign.pk})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "campaign_archived"


# --- reports ---


def body(**fields: object) -> dict[str, object]:
    days = {"first_day": (TODAY - 7 * DAY).isoformat(), "last_day": (TODAY - DAY).isoformat()}
    return {"name": "Weekly", **days, **fields}


def test_a_report_is_asked_for_made_read_downloaded_and_shared(ben: User, account: Account) -> None:
    client = api(ben)
    asked = client.post(f"{API}/reports/", body(accounts=[account.pk]), HTTP_IDEMPOTENCY_KEY="k")
    client.post(f"{API}/reports/", body(accounts=[account.pk]), HTTP_IDEMPOTENCY_KEY="k")
    address = f"{API}/reports/{asked.json()['id']}/"
    early = client.get(f"{address}download/pdf/")

    reports.make_waiting()
    done = client.get(address).json()
    pdf, table = (client.get(f"{address}download/{kind}/") for kind in ("pdf", "csv"))
    shared = client.post(f"{address}share/").json()
    taken_back = client.post(f"{address}unshare/").json()

    assert (asked.status_code, asked.json()["state"], Report.objects.count()) == (202, "waiting", 1)
    assert (early.status_code, early.json()["code"]) == (409, "report_not_ready")
    assert (done["state"], done["account_ids"]) == ("ready", [account.pk])
    assert done["rows"]["key"][0][0] == "views"
    assert (pdf.content[:5], table["Content-Type"]) == (b"%PDF-", "text/csv; charset=utf-8")
    assert APIClient().get(shared["link"]).status_code == 404
    assert (taken_back["link"], "rows" in client.get(f"{API}/reports/").json()["results"][0]) == (None, False)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"first_day": "soon"}, "first_day"),
        ({"last_day": (TODAY + 3 * DAY).isoformat()}, "last_day"),
        ({"first_day": "2010-01-01"}, "last_day"),
        ({"campaign": 999_999}, "campaign"),
        ({"accounts": [999_999]}, "accounts.0"),
    ],
)
def test_a_wrong_report_is_refused_by_field(ben: User, wrong: dict[str, object], field: str) -> None:
    answer = api(ben).post(f"{API}/reports/", body(**wrong))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(field.partition(".")[0])
    assert not Report.objects.exists()


def test_a_plan_lives_its_life(ben: User) -> None:
    client, member = api(ben), ben.memberships.get()
    plan = {"name": "Weekly", "kind": "weekly", "weekday": 4, "at": "17:30", "members": [member.pk]}

    made = client.post(f"{API}/reports/plans/", {**plan, "addresses": ["A@b.org", "a@b.org"]}).json()
    address = f"{API}/reports/plans/{made['id']}/"
    changed = client.patch(address, {"kind": "daily", "is_on": False}).json()

    assert (made["addresses"], made["members"], made["zone"]) == (["a@b.org"], [member.pk], "Europe/Berlin")
    assert changed["due_at"] <= made["due_at"]
    assert [row["id"] for row in client.get(f"{API}/reports/plans/").json()["results"]] == [made["id"]]
    assert client.delete(address).status_code == 204
    assert not ReportPlan.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"addresses": ["nobody"]}, {"month_day": 31}, {"kind": "hourly"}, {"members": [999_999]}]
)
def test_a_wrong_plan_is_refused(ben: User, wrong: dict[str, object]) -> None:
    assert api(ben).post(f"{API}/reports/plans/", {"name": "Weekly", **wrong}).status_code == 400


# --- who may ---


@pytest.fixture
def rows(workspace: Workspace) -> dict[str, int]:
    plan = ReportPlan(workspace=workspace, name="Weekly")
    plan.set_due(now())
    plan.save()
    report = Report.objects.create(
        workspace=workspace, name="Weekly", first_day=TODAY, last_day=TODAY, zone="UTC"
    )
    return {
        "campaigns": CampaignFactory.create(workspace=workspace).pk,
        "reports": report.pk,
        "reports/plans": plan.pk,
    }


PARTS = ["campaigns", "reports", "reports/plans"]


@pytest.mark.parametrize("part", PARTS)
def test_nobody_without_a_token_or_of_another_workspace_finds_anything(
    part: str, rows: dict[str, int], cho: User
) -> None:
    stranger, address = api(cho), f"{API}/{part}/{rows[part]}/"

    assert APIClient().get(f"{API}/{part}/").status_code == 401
    assert stranger.get(f"{API}/{part}/").json()["results"] == []
    assert [stranger.get(address).status_code, stranger.delete(address).status_code] == [404, 404]


@pytest.mark.parametrize("part", PARTS)
def test_a_viewer_reads_and_does_not_write(part: str, rows: dict[str, int], vic: User) -> None:
    client, address = api(vic), f"{API}/{part}/{rows[part]}/"

    assert client.get(address).status_code == 200
    assert [client.post(f"{API}/{part}/", {}).status_code, client.delete(address).status_code] == [403, 403]


def test_a_plan_cannot_reach_into_another_workspace(ben: User, cho: User) -> None:
    elsewhere = cho.memberships.get()
    campaign = CampaignFactory.create(workspace=elsewhere.workspace)

    for wrong in ({"members": [elsewhere.pk]}, {"campaign": campaign.pk}):
        answer = api(ben).post(f"{API}/reports/plans/", {"name": "Weekly", **wrong})
        assert answer.status_code == 400, wrong


@pytest.mark.parametrize(("part", "queries"), [("reports", 4), ("reports/plans", 6)])
def test_lists_cost_the_same_for_many(
    ben: User, workspace: Workspace, part: str, queries: int, django_assert_num_queries: Callable[..., object]
) -> None:
    client = api(ben)
    client.get(f"{API}/me/")
    for n in range(5):
        plan = ReportPlan(workspace=workspace, name=f"Plan {n}")
        plan.set_due(now())
        plan.save()
        plan.members.set([ben.memberships.get()])
        Report.objects.create(
            workspace=workspace, plan=plan, name="R", first_day=TODAY, last_day=TODAY, zone="UTC"
        )

    with django_assert_num_queries(queries):
        assert len(client.get(f"{API}/{part}/").json()["results"]) == 5
