"""The settings page: profile, workspace, members, keys for programs."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.factories import MembershipFactory, UserFactory, client_of
from accounts.models import ApiToken, AuditEvent, Membership, User, Workspace, digest
from accounts.permissions import Role

PAGE = "/accounts/settings/"


def text_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


class TestProfile:
    def test_name_is_changed(self, vic: User) -> None:
        client_of(vic).post(f"{PAGE}profile/", {"profile-name": "Victoria"})

        vic.refresh_from_db()
        assert vic.name == "Victoria"

    def test_name_that_is_too_long_is_said(self, vic: User) -> None:
        response = client_of(vic).post(f"{PAGE}profile/", {"profile-name": "V" * 121})

        assert response.status_code == 422
        assert response.context["profile_form"].errors


class TestWorkspace:
    FORM = {"workspace-name": "Bakery & Co", "workspace-timezone": "Asia/Seoul", "workspace-minutes": "45"}

    def test_owner_changes_it(self, ada: User, workspace: Workspace) -> None:
        client_of(ada).post(f"{PAGE}workspace/", self.FORM)

        workspace.refresh_from_db()
        assert (workspace.name, workspace.timezone) == ("Bakery & Co", "Asia/Seoul")
        assert workspace.tolerance == timedelta(minutes=45)
        assert AuditEvent.objects.get().action == "workspace.changed"

    def test_reopened_and_saved_it_is_unchanged(self, ada: User, workspace: Workspace) -> None:
        Workspace.objects.update(timezone="US/Pacific", tolerance=timedelta(minutes=90))
        form = client_of(ada).get(PAGE).context["workspace_form"]

        client_of(ada).post(
            f"{PAGE}workspace/", {form.add_prefix(name): form[name].value() for name in form.fields}
        )

        workspace.refresh_from_db()
        assert (workspace.timezone, workspace.tolerance) == ("US/Pacific", timedelta(minutes=90))

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", ""), ("timezone", "Mars/Olympus"), ("minutes", "0"), ("minutes", "soon")],
    )
    def test_wrong_value_is_said_beside_its_field(
        self, ada: User, workspace: Workspace, field: str, value: str
    ) -> None:
        response = client_of(ada).post(f"{PAGE}workspace/", {**self.FORM, f"workspace-{field}": value})

        workspace.refresh_from_db()
        assert response.status_code == 422
        assert response.context["workspace_form"].errors.keys() == {field}
        assert workspace.name == "Bakery"

    @pytest.mark.parametrize("person", ["ben", "vic"])
    def test_editor_and_viewer_may_not(self, request: pytest.FixtureRequest, person: str) -> None:
        client = client_of(request.getfixturevalue(person))

        assert client.post(f"{PAGE}workspace/", self.FORM).status_code == 403
        assert "Owners change this." in text_of(client)


class TestMembers:
    def test_owner_adds_somebody_who_has_signed_up(self, ada: User, workspace: Workspace) -> None:
        dana = UserFactory.create(name="Dana")

        client_of(ada).post(
            f"{PAGE}members/", {"member-email": dana.email.upper(), "member-role": Role.VIEWER}
        )

        assert workspace.memberships.get(user=dana).role == Role.VIEWER
        assert AuditEvent.objects.get().details == {"role": "viewer"}

    def test_unknown_address_is_said(self, ada: User) -> None:
        response = client_of(ada).post(
            f"{PAGE}members/", {"member-email": "nobody@example.org", "member-role": Role.VIEWER}
        )

        assert response.status_code == 422
        assert "Nobody has signed up here with this address." in response.content.decode()

    def test_member_keeps_the_role_they_have(self, ada: User, ben: User) -> None:
        response = client_of(ada).post(
            f"{PAGE}members/", {"member-email": ben.email, "member-role": Role.OWNER}
        )

        assert response.status_code == 422
        assert ben.memberships.get().role == Role.EDITOR

    def test_role_is_changed_and_noted(self, ada: User, ben: User) -> None:
        membership = ben.memberships.get()

        client_of(ada).post(f"{PAGE}members/{membership.pk}/role/", {"role": Role.OWNER})

        membership.refresh_from_db()
        event = AuditEvent.objects.get()
        assert membership.role == Role.OWNER
        assert (event.action, event.details) == ("member.role_changed", {"role": "owner", "before": "editor"})

    def test_unknown_role_is_refused(self, ada: User, ben: User) -> None:
        membership = ben.memberships.get()

        response = client_of(ada).post(f"{PAGE}members/{membership.pk}/role/", {"role": "emperor"})

        assert response.status_code == 422

    def test_removed_member_loses_access_and_keys(self, ada: User, ben: User) -> None:
        membership = ben.memberships.get()
        ApiToken.issue(membership, "Ben's script")

        client_of(ada).post(f"{PAGE}members/{membership.pk}/remove/")

        ben.refresh_from_db()
        assert not ben.memberships.exists()
        assert not ApiToken.objects.exists()
        assert ben.current_workspace is None

    @pytest.mark.parametrize(("action", "fields"), [("role", {"role": Role.VIEWER}), ("remove", {})])
    def test_last_owner_stays_and_it_is_said(
        self, ada: User, ben: User, action: str, fields: dict[str, str]
    ) -> None:
        membership = ada.memberships.get()

        response = client_of(ada).post(f"{PAGE}members/{membership.pk}/{action}/", fields)

        membership.refresh_from_db()
        assert response.status_code == 422
        assert "A workspace needs an owner." in response.content.decode()
        assert membership.role == Role.OWNER

    def test_owner_may_leave_to_another_owner(self, ada: User, workspace: Workspace) -> None:
        MembershipFactory.create(workspace=workspace, role=Role.OWNER)
        membership = ada.memberships.get()

        client_of(ada).post(f"{PAGE}members/{membership.pk}/remove/")

        assert not ada.memberships.filter(workspace=workspace).exists()

    @pytest.mark.parametrize("person", ["ben", "vic"])
    def test_editor_and_viewer_may_not(self, request: pytest.FixtureRequest, ada: User, person: str) -> None:
        client = client_of(request.getfixturevalue(person))
        pk = ada.memberships.get().pk

        for path in ("members/", f"members/{pk}/role/", f"members/{pk}/remove/"):
            assert client.post(PAGE + path).status_code == 403

    def test_stranger_finds_nobody(self, cho: User, ben: User) -> None:
        pk = ben.memberships.get().pk

        assert client_of(cho).post(f"{PAGE}members/{pk}/remove/").status_code == 404
        assert client_of(cho).post(f"{PAGE}members/{pk}/role/", {"role": "viewer"}).status_code == 404
        assert ben.email not in text_of(client_of(cho))


class TestKeys:
    def make(self, client: Client, days: str = "30") -> str:
        page = client.post(f"{PAGE}tokens/", {"token-name": "Script", "token-days": days})
        found = re.search(r"sns_[\w-]+", page.content.decode())
        assert found
        return found.group()

    def test_key_is_shown_once_and_stored_as_a_hash(self, vic: User) -> None:
        client = client_of(vic)

        key = self.make(client)

        token = ApiToken.objects.get()
        assert token.key_hash == digest(key)
        assert token.expires_at is not None
        assert timedelta(days=29) < token.expires_at - now() < timedelta(days=31)
        assert key not in text_of(client)
        assert token.hint in text_of(client)

    def test_key_may_have_no_end(self, vic: User) -> None:
        self.make(client_of(vic), days="0")

        assert ApiToken.objects.get().expires_at is None

    def test_revoked_key_is_gone_and_noted(self, vic: User) -> None:
        client = client_of(vic)
        self.make(client)

        client.post(f"{PAGE}tokens/{ApiToken.objects.get().pk}/revoke/")

        assert not ApiToken.objects.exists()
        assert [event.action for event in AuditEvent.objects.all()] == ["token.revoked", "token.created"]

    def test_owner_sees_and_revokes_everybodys(self, ada: User, vic: User) -> None:
        self.make(client_of(vic))
        token = ApiToken.objects.get()

        assert token.hint in text_of(client_of(ada))
        client_of(ada).post(f"{PAGE}tokens/{token.pk}/revoke/")
        assert not ApiToken.objects.exists()

    def test_others_see_their_own_only(self, ada: User, ben: User) -> None:
        token, _key = ApiToken.issue(ada.memberships.get(), "Ada's script")
        client = client_of(ben)

        assert token.hint not in text_of(client)
        assert client.post(f"{PAGE}tokens/{token.pk}/revoke/").status_code == 404

    def test_stranger_cannot_revoke(self, cho: User, ada: User) -> None:
        token, _key = ApiToken.issue(ada.memberships.get(), "Ada's script")

        assert client_of(cho).post(f"{PAGE}tokens/{token.pk}/revoke/").status_code == 404


class TestSwitching:
    def test_person_switches_between_their_workspaces(self, ada: User, workspace: Workspace) -> None:
        second = MembershipFactory.create(user=ada, workspace__name="Second").workspace

        client_of(ada).post("/accounts/workspace/switch/", {"workspace": workspace.pk})

        ada.refresh_from_db()
        assert ada.current_workspace == workspace != second

    @pytest.mark.parametrize("wanted", ["theirs", "", "abc", "0"])
    def test_workspace_that_is_not_mine_is_not_found(self, ada: User, cho: User, wanted: str) -> None:
        if wanted == "theirs":
            wanted = str(cho.current_workspace_id)

        response = client_of(ada).post("/accounts/workspace/switch/", {"workspace": wanted})

        ada.refresh_from_db()
        assert response.status_code == 404
        assert ada.current_workspace_id != cho.current_workspace_id


def test_visitors_are_sent_to_the_log_in(db: None) -> None:
    response = Client().get(PAGE)

    assert response.status_code == 302
    assert response["Location"] == f"/auth/login/?next={PAGE}"


def test_query_count_does_not_grow_with_members_and_keys(
    ada: User, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(10):
        membership: Membership = MembershipFactory.create(workspace=workspace, role=Role.VIEWER)
        ApiToken.issue(membership, "Script")
    client = client_of(ada)

    with django_assert_max_num_queries(8):  # five of the frame; members, keys
        client.get(PAGE)
