"""Taking a copy of everything, leaving for good, and the log of what was done."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import IO

import pytest
import time_machine
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts import exporting, farewells
from accounts.exporting import PASSING, make_due, tables
from accounts.factories import AccountFactory, MembershipFactory, client_of
from accounts.models import (
    Account,
    ApiToken,
    AuditEvent,
    DataExport,
    Invitation,
    Membership,
    Notification,
    User,
    Webhook,
    Workspace,
)
from accounts.permissions import Role
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Media, Post

pytestmark = pytest.mark.django_db
PAGE = "/accounts/settings/data/"


@pytest.fixture(autouse=True)
def _files_of_a_test(settings: Settings, tmp_path: str) -> None:
    settings.MEDIA_ROOT = tmp_path


def taken(client: Client) -> zipfile.ZipFile:
    """A copy, asked for, made and downloaded."""
    client.post(f"{PAGE}copies/")
    make_due()
    answer = client.get(f"{PAGE}copies/{DataExport.objects.latest('pk').pk}/")
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]


class TestCopy:
    def test_it_holds_every_row_and_file_and_nothing_of_others(
        self, ada: User, ben: User, cho: User, workspace: Workspace
    ) -> None:
        media = MediaFactory.create(workspace=workspace)
        post = PostFactory.create(workspace=workspace, author=ada, text="=1+1 Grüße", media=[media])
        delivery = DeliveryFactory.create(post=post, account__workspace=workspace)
        PostFactory.create(workspace=cho.memberships.get().workspace, text="Elsewhere")

        archive = taken(client_of(ada))

        posts = json.loads(archive.read("publishing.post.json"))
        people = json.loads(archive.read("accounts.user.json"))
        assert [row["text"] for row in posts] == ["=1+1 Grüße"]
        assert json.loads(archive.read("publishing.delivery.json"))[0]["id"] == delivery.pk
        assert {row["email"] for row in people} == {ada.email, ben.email}
        assert archive.read(f"files/{media.file.name}") == media.file.read()
        rows = list(csv.DictReader(io.StringIO(archive.read("publishing.post.csv").decode("utf-8-sig"))))
        assert rows[0]["text"] == "'=1+1 Grüße"  # no spreadsheet takes it for a formula
        assert b"Elsewhere" not in b"".join(archive.read(name) for name in archive.namelist())

    def test_no_table_that_belongs_to_a_workspace_is_forgotten(self) -> None:
        named = {table.model for table in tables()}
        leading = {
            model
            for model in apps.get_models()
            if model._meta.model_name not in PASSING
            and any(
                isinstance(field, models.ForeignKey)
                and field.related_model in {Workspace, Account, Post, Media}
                and model is not User
                for field in model._meta.concrete_fields
            )
        }

        assert leading - named == set()
        assert len(named) > 25

    def test_no_secret_is_in_it(self, ada: User, workspace: Workspace) -> None:
        _token, key = ApiToken.issue(ada.memberships.get(), "Script")
        AccountFactory.create(workspace=workspace)
        Webhook.objects.create(workspace=workspace, url="https://example.org/", secret="whsec_c2VjcmV0")
        row = {
            "name": "September",
            "first_day": "2026-09-01",
            "last_day": "2026-09-30",
            "link_key": "open-sesame",
        }
        apps.get_model("analytics.Report").objects.create(workspace=workspace, **row)

        archive = taken(client_of(ada))

        everything = b"".join(archive.read(name) for name in archive.namelist())
        for secret in (
            key.encode(),
            b"access-of-a-test",
            b"whsec_",
            b"open-sesame",
            b"key_hash",
            ada.password.encode(),
        ):
            assert secret not in everything

    def test_whoever_asked_is_told_once(self, ada: User) -> None:
        client_of(ada).post(f"{PAGE}copies/")

        assert [make_due() for _minute in range(2)] == [1, 0]
        assert Notification.objects.get().kind == "export_ready"

    def test_second_request_waits_for_the_first(self, ada: User) -> None:
        client = client_of(ada)

        answers = [client.post(f"{PAGE}copies/").status_code for _press in range(2)]

        assert answers == [302, 422]
        assert DataExport.objects.count() == 1

    def test_worker_that_died_over_it_is_followed_by_another(self, ada: User) -> None:
        export = exporting.ask(ada.memberships.get())
        DataExport.objects.filter(pk=export.pk).update(due_at=now() + exporting.LEASE, tries=1)
        assert make_due() == 0

        with time_machine.travel(now() + timedelta(minutes=7)):
            assert make_due() == 1

    def test_copy_that_cannot_be_made_ends_in_words(self, ada: User) -> None:
        exporting.ask(ada.memberships.get())
        DataExport.objects.update(tries=exporting.TRIES)

        make_due()

        assert "Failed" in client_of(ada).get(PAGE).content.decode()

    def test_file_that_is_gone_is_named(self, ada: User, workspace: Workspace) -> None:
        media = MediaFactory.create(workspace=workspace)
        default_storage.delete(media.file.name)

        archive = taken(client_of(ada))

        assert media.file.name in archive.read("files_left_out.txt").decode()

    def test_it_is_deleted_after_a_week(self, ada: User) -> None:
        taken(client_of(ada))
        path = DataExport.objects.get().path
        assert default_storage.exists(path)

        with time_machine.travel(now() + timedelta(days=8)):
            make_due()

        assert not default_storage.exists(path)
        assert not DataExport.objects.exists()

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.VIEWER])
    def test_only_owners_take_one(self, workspace: Workspace, role: str) -> None:
        client = client_of(MembershipFactory.create(workspace=workspace, role=role).user)
        export = DataExport.objects.create(workspace=workspace, state=DataExport.State.DONE)

        assert client.post(f"{PAGE}copies/").status_code == 403
        assert client.get(f"{PAGE}copies/{export.pk}/").status_code == 403

    def test_person_takes_what_is_known_of_them(self, vic: User) -> None:
        ApiToken.issue(vic.memberships.get(), "Script")

        about = client_of(vic).get(f"{PAGE}me.json").json()

        assert about["person"]["email"] == vic.email
        assert about["workspaces"][0]["role"] == "viewer"
        assert about["keys"][0]["name"] == "Script"


class TestDeletingTheWorkspace:
    def ask(self, user: User, typed: str = "bakery") -> HttpResponse:
        return client_of(user).post(f"{PAGE}workspace/delete/", {"workspace-typed": typed})  # type: ignore[return-value]

    def test_it_is_paused_at_once_and_gone_after_a_week(
        self, ada: User, ben: User, workspace: Workspace
    ) -> None:
        media = MediaFactory.create(workspace=workspace)
        DeliveryFactory.create(
            post=PostFactory.create(workspace=workspace, media=[media]), account__workspace=workspace
        )
        self.ask(ada)
        workspace.refresh_from_db()
        assert workspace.is_paused

        with time_machine.travel(now() + timedelta(days=6)):
            assert farewells.delete_due(now()) == 0
        with time_machine.travel(now() + timedelta(days=8)):
            assert farewells.delete_due(now()) == 1

        assert not Workspace.objects.filter(pk=workspace.pk).exists()
        assert [table.name for table in tables() if table.rows(workspace).exists()] == []
        assert not default_storage.exists(media.file.name)
        assert client_of(ben).get("/").status_code == 200  # in a workspace of his own

    def test_owner_keeps_it_while_others_are_deleted(
        self, ada: User, cho: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine, other = ada.memberships.get(), cho.memberships.get()
        Workspace.objects.update(deletes_at=now())
        delete_rows = farewells._delete_rows

        def slowly(going: Workspace) -> None:
            """The rows of one go, and in the meantime the other one is kept."""
            assert farewells.keep_workspace(other if going == mine.workspace else mine)
            delete_rows(going)

        monkeypatch.setattr(farewells, "_delete_rows", slowly)

        assert farewells.delete_due(now()) == 1
        assert Workspace.objects.filter(pk__in=[mine.workspace_id, other.workspace_id]).count() == 1

    def test_a_copy_that_was_being_made_goes_with_it(
        self, ada: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client_of(ada).post(f"{PAGE}copies/")
        export, write = DataExport.objects.get(), exporting.write

        def interrupted(workspace: Workspace, target: IO[bytes]) -> tuple[int, int]:
            written = write(workspace, target)
            farewells.delete_workspace(Workspace.objects.get(pk=workspace.pk))
            return written

        monkeypatch.setattr(exporting, "write", interrupted)
        make_due()

        assert not default_storage.exists(export.path)

    def test_other_workspaces_stay_whole(self, ada: User, cho: User, workspace: Workspace) -> None:
        other = PostFactory.create(workspace=cho.memberships.get().workspace)
        self.ask(ada)

        with time_machine.travel(now() + timedelta(days=8)):
            farewells.delete_due(now())

        assert Post.objects.filter(pk=other.pk).exists()
        assert cho.memberships.exists()

    def test_owner_keeps_it(self, ada: User, workspace: Workspace) -> None:
        self.ask(ada)
        client_of(ada).post(f"{PAGE}workspace/keep/")

        with time_machine.travel(now() + timedelta(days=8)):
            assert farewells.delete_due(now()) == 0

        assert [event.action for event in AuditEvent.objects.all()][:2] == [
            "workspace.kept",
            "workspace.deletion_asked",
        ]

    def test_wrong_name_deletes_nothing(self, ada: User, workspace: Workspace) -> None:
        answer = self.ask(ada, "Backery")

        workspace.refresh_from_db()
        assert answer.status_code == 422
        assert "This is not “Bakery”." in answer.content.decode()
        assert workspace.deletes_at is None

    def test_members_are_told(self, ada: User, vic: User) -> None:
        self.ask(ada)

        assert {notice.user for notice in Notification.objects.filter(kind="farewell")} == {ada, vic}

    def test_admin_may_not(self, workspace: Workspace) -> None:
        admin = MembershipFactory.create(workspace=workspace, role=Role.ADMIN).user

        assert self.ask(admin).status_code == 403


class TestDeletingOneself:
    def ask(self, user: User, typed: str = "") -> HttpResponse:
        form = {"user-typed": typed or user.email.upper()}
        return client_of(user).post(f"{PAGE}me/delete/", form)  # type: ignore[return-value]

    def test_person_goes_after_a_week_and_what_they_wrote_stays(
        self, ada: User, ben: User, workspace: Workspace
    ) -> None:
        post = PostFactory.create(workspace=workspace, author=ben)
        Invitation.objects.create(workspace=workspace, email=ben.email, expires_at=now() + timedelta(days=30))
        AuditEvent.record(ada.memberships.get(), "member.role_changed", ben, role="editor")
        self.ask(ben)

        with time_machine.travel(now() + timedelta(days=8)):
            farewells.delete_due(now())

        post.refresh_from_db()
        assert not User.objects.filter(pk=ben.pk).exists()
        assert post.author is None
        assert not Invitation.objects.exists()
        assert AuditEvent.objects.get(action="member.role_changed").subject == ""

    def test_workspace_of_nobody_else_goes_too(self, cho: User) -> None:
        workspace = cho.memberships.get().workspace
        self.ask(cho)

        with time_machine.travel(now() + timedelta(days=8)):
            farewells.delete_due(now())

        assert not Workspace.objects.filter(pk=workspace.pk).exists()

    def test_only_owner_where_others_work_stays(self, ada: User, ben: User) -> None:
        answer = self.ask(ada)

        ada.refresh_from_db()
        assert answer.status_code == 422
        assert "You are the only owner of Bakery" in answer.content.decode()
        assert ada.deletes_at is None

    def test_who_became_the_only_owner_meanwhile_stays(self, ada: User, ben: User) -> None:
        User.objects.filter(pk=ada.pk).update(deletes_at=now())

        assert farewells.delete_due(now() + timedelta(days=1)) == 0
        assert Membership.objects.filter(user=ada).exists()

    def test_person_is_told_by_mail_in_case_somebody_else_asked(self, ben: User) -> None:
        self.ask(ben)

        assert "Your account will be deleted" in Notification.objects.get(user=ben).text

    def test_person_keeps_the_account(self, ben: User) -> None:
        self.ask(ben)
        client_of(ben).post(f"{PAGE}me/keep/")

        with time_machine.travel(now() + timedelta(days=8)):
            farewells.delete_due(now())

        assert User.objects.filter(pk=ben.pk).exists()


class TestAuditLog:
    PAGE = "/accounts/settings/audit/"

    @pytest.fixture(autouse=True)
    def _history(self, ada: User, ben: User) -> None:
        with time_machine.travel("2026-03-01T23:30:00Z"):
            AuditEvent.record(ada.memberships.get(), "token.created", "=cmd()", hint="sns_abc")
        with time_machine.travel("2026-03-05T09:00:00Z"):
            AuditEvent.record(ben.memberships.get(), "member.left", "Ben")

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("", ["member.left", "token.created"]),
            ("?action=token.created", ["token.created"]),
            ("?first=2026-03-03", ["member.left"]),
            ("?last=2026-03-02", ["token.created"]),  # 00:30 on the second in Berlin
            ("?last=2026-03-01", []),
            ("?first=yesterday", ["member.left", "token.created"]),
        ],
    )
    def test_it_is_filtered_by_kind_and_day_of_the_workspace(
        self, ada: User, query: str, shown: list[str]
    ) -> None:
        client = client_of(ada)

        page, sheet = client.get(self.PAGE + query), client.get(f"/accounts/settings/audit.csv{query}")

        rows = list(csv.DictReader(io.StringIO(sheet.getvalue().decode("utf-8-sig"))))
        assert [event.action for event, _words, _details in page.context["rows"]] == shown
        assert [row["action"] for row in rows] == shown

    def test_it_is_filtered_by_person_and_taken_without_formulas(self, ada: User) -> None:
        sheet = (
            client_of(ada).get(f"/accounts/settings/audit.csv?user={ada.pk}").getvalue().decode("utf-8-sig")
        )

        rows = list(csv.DictReader(io.StringIO(sheet)))
        assert [(row["email"], row["subject"]) for row in rows] == [(ada.email, "'=cmd()")]

    def test_strangers_and_editors_do_not_read_it(self, cho: User, vic: User) -> None:
        assert "sns_abc" not in client_of(cho).get(self.PAGE).content.decode()
        assert client_of(vic).get(self.PAGE).status_code == 403
        assert client_of(vic).get("/accounts/settings/audit.csv").status_code == 403
