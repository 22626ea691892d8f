"""Where the kill switches are pressed, by whom, and what everybody is told."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.factories import AccountFactory, MembershipFactory, UserFactory, client_of
from accounts.models import Account, ApiToken, AuditEvent, User, Workspace
from publishing.engine_rows import Switch
from snsauto.context import Frame

pytestmark = pytest.mark.django_db
PAGE = "/campaigns/"


@pytest.fixture
def sue(workspace: Workspace) -> User:
    """Staff, who looks on in the bakery."""
    person = UserFactory.create(name="Sue", is_staff=True)
    return MembershipFactory.create(user=person, workspace=workspace, role="viewer").user


def api(user: User) -> APIClient:
    client = APIClient()
    _token, key = ApiToken.issue(user.memberships.select_related("workspace").get(), "laptop")
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def shown(user: User, path: str = PAGE) -> str:
    return client_of(user).get(path).content.decode()


# --- the whole desk ---


def test_staff_stop_the_desk_and_everybody_is_told_why(sue: User, cho: User) -> None:
    client_of(sue).post("/operations/stop/", {"reason": "The wrong price is on 40 posts."})

    page = shown(cho)
    assert Switch.current().is_stopped
    assert "Nothing is sent: the whole desk is stopped." in page
    assert "By Sue" in page
    assert "The wrong price is on 40 posts." in page
    assert "Staff can start it again." in page
    assert "/operations/start/" not in page


def test_staff_start_it_from_any_page(sue: User) -> None:
    Switch.stop(None)
    assert 'action="/operations/start/"' in shown(sue)

    answer = client_of(sue).post(
        "/operations/start/", headers={"referer": f"http://testserver{PAGE}"}, follow=True
    )

    assert not Switch.current().is_stopped
    assert answer.request["PATH_INFO"] == PAGE
    assert "Nothing is sent" not in answer.content.decode()


def test_a_press_can_be_undone_where_it_is_told(sue: User) -> None:
    page = client_of(sue).post("/operations/stop/", follow=True).content.decode()

    toast = page.split('id="toasts"')[1].split("<template")[0]
    assert 'action="/operations/start/"' in toast
    assert "Undo" in toast


@pytest.mark.parametrize("path", ["/operations/stop/", "/operations/start/"])
def test_the_switch_does_not_exist_for_others(ada: User, path: str) -> None:
    assert client_of(ada).post(path).status_code == 404
    assert "/auth/login/" in Client().post(path)["Location"]
    assert not Switch.objects.exists()


def test_a_reason_of_any_length_is_taken(sue: User) -> None:
    client_of(sue).post("/operations/stop/", {"reason": "x" * 1000})

    assert len(Switch.current().reason) == 300


# --- a workspace, an account ---


def test_an_owner_pauses_the_workspace_and_resumes_it(ada: User) -> None:
    page = client_of(ada).post("/accounts/settings/workspace/pause/", follow=True).content.decode()

    assert Workspace.objects.get().is_paused
    assert "Nothing is sent: Bakery is paused." in page
    assert 'action="/accounts/settings/workspace/resume/"' in page

    client_of(ada).post("/accounts/settings/workspace/resume/")

    assert not Workspace.objects.get().is_paused
    assert "Nothing is sent" not in shown(ada)


def test_an_editor_is_told_and_cannot_change_it(ada: User, ben: User, workspace: Workspace) -> None:
    workspace.set_paused(True, ada)

    page = shown(ben)

    assert "By Ada" in page
    assert "Owners can resume it." in page
    assert "workspace/resume/" not in page
    assert client_of(ben).post("/accounts/settings/workspace/resume/").status_code == 403


def test_another_workspace_is_told_nothing(ada: User, cho: User, workspace: Workspace) -> None:
    workspace.set_paused(True, ada)

    assert "Nothing is sent" not in shown(cho)


def test_a_paused_account_can_be_resumed_from_the_toast(ada: User, workspace: Workspace) -> None:
    account = AccountFactory.create(workspace=workspace)

    page = client_of(ada).post(f"/accounts/{account.pk}/pause/", follow=True).content.decode()

    toast = page.split('id="toasts"')[1].split("<template")[0]
    assert f'action="/accounts/{account.pk}/resume/"' in toast
    assert Account.objects.get().is_paused


def test_staff_pause_workspaces_in_the_admin(ada: User, workspace: Workspace) -> None:
    User.objects.update(is_staff=True, is_superuser=True)

    client_of(ada).post("/admin/accounts/workspace/", {"action": "pause", "_selected_action": [workspace.pk]})

    assert Workspace.objects.get().is_paused
    assert AuditEvent.objects.get().user == ada


def test_a_desk_that_runs_pays_nothing_for_the_banner(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    frame = Frame(ada.memberships.select_related("user", "workspace").get())

    with django_assert_num_queries(1):
        assert (len(frame.memberships), frame.halt) == (1, None)


# --- the API ---


def test_the_api_pauses_the_workspace(ada: User) -> None:
    client = api(ada)

    answer = client.patch("/api/v1/workspace/", {"is_paused": True})

    assert (answer.status_code, answer.json()["is_paused"]) == (200, True)
    assert client.get("/api/v1/workspace/").json()["is_paused"] is True
    assert client.get("/api/v1/me/").json()["workspace"]["is_paused"] is True


@pytest.mark.parametrize("body", [{}, {"is_paused": "perhaps"}])
def test_the_api_wants_to_know_what(ada: User, body: dict[str, Any]) -> None:
    answer = api(ada).patch("/api/v1/workspace/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_only_owners_pause_through_the_api(ben: User) -> None:
    answer = api(ben).patch("/api/v1/workspace/", {"is_paused": True})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Workspace.objects.get().is_paused


def test_staff_stop_and_start_the_desk_through_the_api(sue: User) -> None:
    client = api(sue)

    stopped = client.patch("/api/v1/desk/", {"is_stopped": True, "reason": "moving house"}).json()
    started = client.patch("/api/v1/desk/", {"is_stopped": False}).json()

    assert (stopped["is_stopped"], stopped["reason"], stopped["changed_by"]) == (True, "moving house", "Sue")
    assert (started["is_stopped"], started["reason"]) == (False, "")


def test_a_program_of_an_owner_sees_the_switch_and_cannot_press_it(ada: User) -> None:
    answer = api(ada).patch("/api/v1/desk/", {"is_stopped": True})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert api(ada).get("/api/v1/desk/").json()["is_stopped"] is False
