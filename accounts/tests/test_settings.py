"""The settings: profile, workspace, brand, keys for programs."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from accounts.factories import MembershipFactory, client_of
from accounts.models import (
    ApiToken,
    AuditEvent,
    DataExport,
    Invitation,
    Membership,
    User,
    Webhook,
    Workspace,
    digest,
)
from accounts.permissions import Role
from accounts.scopes import AREAS
from accounts.webhooks import EVENTS

PAGE = "/accounts/settings/"


def text_of(client: Client, page: str = "") -> str:
    return client.get(PAGE + page).content.decode()


class TestProfile:
    def test_name_is_changed(self, vic: User) -> None:
        client_of(vic).post(f"{PAGE}profile/", {"profile-name": "Victoria"})

        vic.refresh_from_db()
        assert vic.name == "Victoria"

    def test_name_that_is_too_long_is_said(self, vic: User) -> None:
        response = client_of(vic).post(f"{PAGE}profile/", {"profile-name": "V" * 121})

        assert response.status_code == 422
        assert response.context["form"].errors


class TestWorkspace:
    FORM = {
        "workspace-name": "Bakery & Co",
        "workspace-timezone": "Asia/Seoul",
        "workspace-week_starts_on": "6",
        "workspace-minutes": "45",
    }

    def test_owner_changes_it(self, ada: User, workspace: Workspace) -> None:
        client_of(ada).post(f"{PAGE}workspace/", self.FORM)

        workspace.refresh_from_db()
        assert (workspace.name, workspace.timezone) == ("Bakery & Co", "Asia/Seoul")
        assert (workspace.tolerance, workspace.week_starts_on) == (timedelta(minutes=45), 6)
        assert AuditEvent.objects.get().action == "workspace.changed"

    @pytest.mark.parametrize("is_on", [True, False])
    def test_answering_by_rules_is_switched_there(self, ada: User, workspace: Workspace, is_on: bool) -> None:
        Workspace.objects.update(auto_reply=not is_on)

        client_of(ada).post(
            f"{PAGE}workspace/", {**self.FORM, **({"workspace-auto_reply": "on"} if is_on else {})}
        )

        workspace.refresh_from_db()
        assert workspace.auto_reply is is_on
        assert "auto_reply" in AuditEvent.objects.get().details["fields"]

    def test_reopened_and_saved_it_is_unchanged(self, ada: User, workspace: Workspace) -> None:
        Workspace.objects.update(timezone="US/Pacific", tolerance=timedelta(minutes=90), week_starts_on=5)
        form = client_of(ada).get(f"{PAGE}workspace/").context["workspace_form"]

        client_of(ada).post(
            f"{PAGE}workspace/", {form.add_prefix(name): form[name].value() for name in form.fields}
        )

        workspace.refresh_from_db()
        assert (workspace.timezone, workspace.tolerance) == ("US/Pacific", timedelta(minutes=90))
        assert workspace.week_starts_on == 5

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("timezone", "Mars/Olympus"),
            ("minutes", "0"),
            ("minutes", "soon"),
            ("week_starts_on", "7"),
        ],
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
        assert "Owners and admins change this." in text_of(client, "workspace/")


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300)) -> SimpleUploadedFile:
    kept = io.BytesIO()
    Image.new("RGB", size, "#1b5e8c").save(kept, kind)
    return SimpleUploadedFile("logo.png", kept.getvalue(), "image/png")


class TestBrand:
    def test_logo_is_made_small_and_shown_to_members(
        self, ada: User, vic: User, workspace: Workspace
    ) -> None:
        client_of(ada).post(
            f"{PAGE}workspace/brand/", {"brand-logo": picture("JPEG"), "brand-brand_colour": "#1b5e8c"}
        )

        workspace.refresh_from_db()
        page = client_of(vic).get(f"{PAGE}workspace/logo/{workspace.logo_version}.png")
        with Image.open(io.BytesIO(page.content)) as logo:
            assert (logo.format, logo.size) == ("PNG", (480, 160))
        assert page.content == workspace.logo_image
        assert workspace.brand_colour == "#1b5e8c"

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"brand-brand_colour": "blue"}, "brand_colour"),
            ({"brand-logo": SimpleUploadedFile("logo.png", b"<svg onload='x()'>")}, "logo"),
        ],
    )
    def test_what_is_no_picture_or_colour_is_said(
        self, ada: User, workspace: Workspace, form: dict[str, object], field: str
    ) -> None:
        response = client_of(ada).post(f"{PAGE}workspace/brand/", form)

        workspace.refresh_from_db()
        assert response.status_code == 422
        assert response.context["brand_form"].errors.keys() == {field}
        assert (workspace.logo_version, workspace.brand_colour) == ("", "")

    def test_logo_is_removed(self, ada: User, workspace: Workspace) -> None:
        client = client_of(ada)
        client.post(f"{PAGE}workspace/brand/", {"brand-logo": picture()})
        workspace.refresh_from_db()
        address = f"{PAGE}workspace/logo/{workspace.logo_version}.png"

        client.post(f"{PAGE}workspace/logo/remove/")

        assert client.get(address).status_code == 404
        assert Workspace.objects.get(pk=workspace.pk).logo_image is None

    def test_strangers_do_not_see_it(self, ada: User, cho: User, workspace: Workspace) -> None:
        client_of(ada).post(f"{PAGE}workspace/brand/", {"brand-logo": picture()})
        workspace.refresh_from_db()

        assert client_of(cho).get(f"{PAGE}workspace/logo/{workspace.logo_version}.png").status_code == 404


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
        assert key not in text_of(client, "tokens/")
        assert token.hint in text_of(client, "tokens/")

    def test_key_may_have_no_end(self, vic: User) -> None:
        self.make(client_of(vic), days="0")

        assert ApiToken.objects.get().expires_at is None

    @pytest.mark.parametrize(
        ("reach", "scopes", "granted"),
        [
            ("all", [], ["*"]),
            ("reading", [], [f"{area}:read" for area in AREAS]),
            ("chosen", ["posts:write", "media:read"], ["posts:write", "media:read"]),
        ],
    )
    def test_key_may_what_was_chosen(
        self, vic: User, reach: str, scopes: list[str], granted: list[str]
    ) -> None:
        form = {"token-name": "Script", "token-days": "30", "token-reach": reach, "token-scopes": scopes}

        client_of(vic).post(f"{PAGE}tokens/", form)

        assert set(ApiToken.objects.get().scopes) == set(granted)

    @pytest.mark.parametrize("scopes", [[], ["everything:write"]])
    def test_key_that_may_nothing_known_is_not_made(self, vic: User, scopes: list[str]) -> None:
        form = {"token-name": "Script", "token-days": "30", "token-reach": "chosen", "token-scopes": scopes}

        response = client_of(vic).post(f"{PAGE}tokens/", form)

        assert response.status_code == 422
        assert response.context["form"].errors.keys() == {"scopes"}
        assert not ApiToken.objects.exists()

    def test_revoked_key_is_gone_and_noted(self, vic: User) -> None:
        client = client_of(vic)
        self.make(client)

        client.post(f"{PAGE}tokens/{ApiToken.objects.get().pk}/revoke/")

        assert not ApiToken.objects.exists()
        assert [event.action for event in AuditEvent.objects.all()] == ["token.revoked", "token.created"]

    def test_owner_sees_and_revokes_everybodys(self, ada: User, vic: User) -> None:
        self.make(client_of(vic))
        token = ApiToken.objects.get()

        assert token.hint in text_of(client_of(ada), "tokens/")
        client_of(ada).post(f"{PAGE}tokens/{token.pk}/revoke/")
        assert not ApiToken.objects.exists()

    def test_others_see_their_own_only(self, ada: User, ben: User) -> None:
        token, _key = ApiToken.issue(ada.memberships.get(), "Ada's script")
        client = client_of(ben)

        assert token.hint not in text_of(client, "tokens/")
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


@pytest.mark.parametrize(
    ("part", "most"),  # six of the frame
    [("", 6), ("security/", 8), ("workspace/", 6), ("members/", 8), ("tokens/", 7), ("webhooks/", 7),
     ("data/", 7), ("audit/", 10)],
)  # fmt: skip
def test_pages_cost_the_same_however_much_there_is(
    ada: User,
    workspace: Workspace,
    part: str,
    most: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(10):
        membership: Membership = MembershipFactory.create(workspace=workspace, role=Role.VIEWER)
        ApiToken.issue(membership, "Script")
        AuditEvent.record(membership, "token.created", "Script")
        Invitation.objects.create(
            workspace=workspace, email=f"{number}@example.org", expires_at=now(), invited_by=membership.user
        )
        Webhook.objects.create(workspace=workspace, url=f"https://example.org/{number}", events=EVENTS)
        DataExport.objects.create(workspace=workspace, asked_by=membership.user)
    client = client_of(ada)

    with django_assert_max_num_queries(most):
        answer = client.get(PAGE + part)

    assert answer.status_code == 200
    assert len(answer.content) < 100_000


def test_weeks_of_the_calendar_start_as_the_workspace_says(ada: User) -> None:
    Workspace.objects.update(week_starts_on=6)

    page = client_of(ada).get("/calendar/?month=2026-11").content.decode()

    assert re.findall(r'calendar__weekday"[^>]*>(\w+)', page)[:2] == ["Sun", "Mon"]
