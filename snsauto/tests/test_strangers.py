"""Every address that names a row, asked by people to whom the row does not belong."""

from collections.abc import Iterator

import pytest
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.factories import AccountFactory, MembershipFactory, UserFactory, client_of
from accounts.models import ApiToken, Notification, User, Workspace, digest
from accounts.permissions import Role
from analytics.models import Report, ReportPlan
from campaigns.models import Campaign
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import State

pytestmark = pytest.mark.django_db
ROW = 424_242  # every kind of row has one of this number, and it is Ada's
OURS = {"accounts", "analytics", "campaigns", "notices", "publishing", "reports", "api"}
READS = {"get", "head", "options"}


def routes(resolver: URLResolver, prefix: str = "", within: bool = False) -> Iterator[str]:
    """The addresses of our own pages and of the API that name a row by its number."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(entry, URLResolver):
            yield from routes(entry, route, within or entry.namespace in OURS)
        elif within and isinstance(entry, URLPattern) and ("<int:pk>" in route or "(?P<pk>" in route):
            named = route.replace("<int:pk>", str(ROW)).replace("(?P<pk>[^/.]+)", str(ROW))
            yield "/" + named.replace("<slug:version>", "1").replace("<slug:kind>", "pdf").replace(
                "(?P<kind>pdf|csv)", "pdf"
            )


ROUTES = sorted(set(routes(get_resolver())))


@pytest.fixture(autouse=True)
def rows(ada: User, workspace: Workspace) -> dict[str, models.Model]:
    """One row of every kind in Ada's workspace, all of the same number."""
    account = AccountFactory(pk=ROW, workspace=workspace)
    post = PostFactory(pk=ROW, workspace=workspace, author=ada)
    MembershipFactory(pk=ROW, user=UserFactory(name="Dora"), workspace=workspace, role=Role.EDITOR)
    return {
        "delivery": DeliveryFactory(pk=ROW, post=post, account=account, state=State.DRAFT),
        "media": MediaFactory(pk=ROW, workspace=workspace),
        "campaign": Campaign.objects.create(pk=ROW, workspace=workspace, name="Advent"),
        "plan": plan_of(workspace),
        "report": Report.objects.create(
            pk=ROW, workspace=workspace, name="Weekly", first_day=now(), last_day=now(), zone="UTC"
        ),
        "notice": Notification.objects.create(pk=ROW, user=ada, workspace=workspace, key="k", text="Late."),
        "token": ApiToken.objects.create(
            pk=ROW, user=ada, workspace=workspace, name="laptop", key_hash=digest("k"), hint="sns_"
        ),
    }


def plan_of(workspace: Workspace) -> ReportPlan:
    plan = ReportPlan(pk=ROW, workspace=workspace, name="Weekly")
    plan.set_due(now())
    plan.save()
    return plan


def counted(rows: dict[str, models.Model]) -> list[bool]:
    return [type(row).objects.filter(pk=ROW).exists() for row in rows.values()]  # type: ignore[attr-defined]


def test_there_is_something_to_walk() -> None:
    assert len(ROUTES) > 30
    assert "/posts/424242/" in ROUTES
    assert "/api/v1/posts/424242/" in ROUTES


@pytest.mark.parametrize("route", ROUTES)
def test_a_stranger_finds_and_changes_nothing(route: str, cho: User, rows: dict[str, models.Model]) -> None:
    client = client_of(cho)

    answers = [
        getattr(client, method)(route).status_code for method in ("get", "post", "patch", "put", "delete")
    ]

    assert set(answers) <= {403, 404, 405}, answers
    assert all(counted(rows))


@pytest.mark.parametrize("route", ROUTES)
def test_a_visitor_is_asked_to_log_in(route: str, rows: dict[str, models.Model]) -> None:
    client = APIClient() if route.startswith("/api/") else Client()

    answers = [getattr(client, method)(route) for method in ("get", "post")]

    for answer in answers:
        assert answer.status_code in {302, 401, 405}, answer.status_code
        assert answer.status_code != 302 or "/auth/login/" in answer["Location"]


@pytest.mark.parametrize("route", ROUTES)
def test_a_viewer_changes_nothing(route: str, vic: User, rows: dict[str, models.Model]) -> None:
    answers = [
        getattr(client_of(vic), method)(route).status_code for method in ("post", "patch", "put", "delete")
    ]

    assert set(answers) <= {403, 404, 405}, answers
    assert all(counted(rows))
