"""The workspace, its people, keys, webhooks and history through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts import webhooks
from accounts.factories import MembershipFactory
from accounts.models import (
    ApiToken,
    AuditEvent,
    Dispatch,
    Happening,
    Invitation,
    Membership,
    User,
    Webhook,
    Workspace,
)
from accounts.permissions import Role

pytestmark = pytest.mark.django_db
API = "/api/v1"
HOOK = {"url": "https://example.org/h", "events": ["post.failed"]}


def program(user: User, *scopes: str) -> APIClient:
    _token, key = ApiToken.issue(user.memberships.get(), "a test", scopes=scopes or ("*",))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def membership(user: User) -> Membership:
    return user.memberships.get()


@pytest.fixture
def hook(ada: User) -> Webhook:
    return webhooks.create(membership(ada), HOOK["url"], HOOK["events"])  # type: ignore[arg-type]


@pytest.fixture
def dispatch(hook: Webhook) -> Dispatch:
    webhooks.emit(hook.workspace_id, "post.failed", "1", {"post": 7})
    return Dispatch.objects.get()


class TestWorkspace:
    def test_it_is_read_and_changed(self, ada: User, workspace: Workspace) -> None:
        client = program(ada)
        wanted = {
            "name": "Bakery & Co",
            "week_starts_on": 6,
            "tolerance_minutes": 90,
            "brand_colour": "#1b5e8c",
            "auto_reply": False,
        }

        answer = client.patch(f"{API}/workspace/", wanted)

        workspace.refresh_from_db()
        assert answer.status_code == 200
        assert client.get(f"{API}/workspace/").json() == answer.json()
        assert wanted.items() <= answer.json().items()
        assert (workspace.tolerance, workspace.auto_reply) == (timedelta(minutes=90), False)
        assert client.get(f"{API}/settings/").json()["workspace"]["auto_reply"] is False
        assert AuditEvent.objects.get().details == {"fields": sorted(wanted)}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"timezone": "Mars/Olympus"},
            {"week_starts_on": 7},
            {"brand_colour": "blue"},
            {"tolerance_minutes": 0},
            {"name": ""},
            {},
        ],
    )
    def test_wrong_value_is_refused_and_nothing_changes(self, ada: User, wrong: dict[str, Any]) -> None:
        before = Workspace.objects.values().get()

        answer = program(ada).patch(f"{API}/workspace/", {**wrong})

        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"
        assert Workspace.objects.values().get() == before


class TestMembers:
    def test_they_are_listed_changed_and_taken_out(self, ada: User, ben: User) -> None:
        client, pk = program(ada), membership(ben).pk

        emails = {row["email"] for row in client.get(f"{API}/members/").json()["results"]}
        changed = client.patch(f"{API}/members/{pk}/", {"role": "admin"})
        gone = client.delete(f"{API}/members/{pk}/")

        assert emails == {ada.email, ben.email}
        assert changed.json()["role"] == "admin"
        assert gone.status_code == 204
        assert not ben.memberships.exists()

    def test_last_owner_and_owners_matters_are_conflicts_in_words(
        self, workspace: Workspace, ada: User
    ) -> None:
        admin = MembershipFactory.create(workspace=workspace, role=Role.ADMIN)

        last = program(ada).delete(f"{API}/members/{membership(ada).pk}/")
        matter = program(admin.user).patch(f"{API}/members/{admin.pk}/", {"role": "owner"})

        assert (last.status_code, last.json()["code"]) == (409, "last_owner")
        assert (matter.status_code, matter.json()["code"]) == (403, "owners_matter")

    def test_somebody_is_invited_once_a_key_and_uninvited(self, ada: User) -> None:
        client, asked = program(ada), {"email": "dana@example.org", "role": "viewer"}

        answers = [
            client.post(f"{API}/invitations/", asked, headers={"Idempotency-Key": "k"}) for _time in range(2)
        ]
        invitation = Invitation.objects.get()
        again = client.post(f"{API}/invitations/{invitation.pk}/resend/")

        assert [answer.status_code for answer in answers] == [201, 201]
        assert "code" not in str(answers[0].json())
        assert AuditEvent.objects.filter(action="member.invited").count() == 2
        assert again.status_code == 200
        assert client.delete(f"{API}/invitations/{invitation.pk}/").status_code == 204
        assert not Invitation.objects.exists()

    @pytest.mark.parametrize(
        ("asked", "status"), [({"email": "dana"}, 400), ({"role": "emperor"}, 400), ({"email": "ben"}, 409)]
    )
    def test_wrong_invitation_is_refused(
        self, ada: User, ben: User, asked: dict[str, str], status: int
    ) -> None:
        if asked.get("email") == "ben":
            asked = {"email": ben.email}
        body = {"email": "dana@example.org", "role": "viewer", **asked}

        assert program(ada).post(f"{API}/invitations/", body).status_code == status
        assert not Invitation.objects.exists()


class TestTokens:
    def test_key_is_told_once_and_works_for_its_scopes(self, vic: User) -> None:
        made = program(vic).post(f"{API}/tokens/", {"name": "Reader", "scopes": ["media:read"]})

        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.json()['key']}")
        listed = program(vic).get(f"{API}/tokens/{made.json()['id']}/").json()
        assert made.status_code == 201
        assert [client.get(f"{API}/{what}/").status_code for what in ("media", "posts")] == [200, 403]
        assert "key" not in listed
        assert listed["scopes"] == ["media:read"]

    def test_key_makes_none_that_may_more_than_itself(self, ada: User) -> None:
        client = program(ada, "workspace:write", "posts:read")

        wide = client.post(f"{API}/tokens/", {"name": "All"})
        other = client.post(f"{API}/tokens/", {"name": "Posts", "scopes": ["posts:write"]})
        same = client.post(f"{API}/tokens/", {"name": "Posts", "scopes": ["posts:read"]})

        assert [answer.status_code for answer in (wide, other, same)] == [403, 403, 201]
        assert wide.json()["code"] == "scope_missing"

    @pytest.mark.parametrize(
        ("wanted", "status"), [({}, 201), ({"expires_at": None}, 201), ({"expires_at": "2990-01-01"}, 400)]
    )
    def test_key_makes_none_that_outlives_it(self, ada: User, wanted: dict[str, Any], status: int) -> None:
        ends = now() + timedelta(hours=1)
        short, key = ApiToken.issue(membership(ada), "Short", ends)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {key}")

        answer = client.post(f"{API}/tokens/", {"name": "For ever", **wanted})

        made = ApiToken.objects.exclude(pk=short.pk)
        assert answer.status_code == status
        assert [token.expires_at for token in made] == [ends] * (status == 201)

    @pytest.mark.parametrize(
        "wrong",
        [{"scopes": ["posts:eat"]}, {"scopes": []}, {"expires_at": "2020-01-01T00:00:00Z"}, {"name": ""}],
    )
    def test_wrong_key_is_not_made(self, ada: User, wrong: dict[str, Any]) -> None:
        client, count = program(ada), ApiToken.objects.count()

        assert client.post(f"{API}/tokens/", {"name": "Key", **wrong}).status_code == 400
        assert ApiToken.objects.count() == count

    def test_own_are_revoked_others_only_by_who_manages(self, ada: User, vic: User) -> None:
        token, _key = ApiToken.issue(membership(ada), "Ada's")

        assert program(vic).delete(f"{API}/tokens/{token.pk}/").status_code == 404
        assert program(ada).delete(f"{API}/tokens/{token.pk}/").status_code == 204


class TestWebhooks:
    def test_one_is_made_changed_and_deleted(self, ada: User) -> None:
        client = program(ada)

        made = client.post(f"{API}/webhooks/", HOOK).json()
        changed = client.patch(f"{API}/webhooks/{made['id']}/", {"is_on": False, "events": ["post.missed"]})
        read = client.get(f"{API}/webhooks/{made['id']}/").json()
        rotated = client.post(f"{API}/webhooks/{made['id']}/secret/").json()

        assert made["secret"].startswith("whsec_") != rotated["secret"]
        assert (changed.json()["is_on"], changed.json()["events"]) == (False, ["post.missed"])
        assert "secret" not in read
        assert client.delete(f"{API}/webhooks/{made['id']}/").status_code == 204
        assert not Webhook.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"url": "http://10.0.0.1/"}, "url"),
            ({"url": "http://[::ffff:127.0.0.1]/"}, "url"),
            ({"url": "example.org"}, "url"),
            ({"events": []}, "events"),
            ({"events": ["post.eaten"]}, "events.0"),
        ],
    )
    def test_wrong_one_is_refused(self, ada: User, wrong: dict[str, Any], field: str) -> None:
        answer = program(ada).post(f"{API}/webhooks/", {**HOOK, **wrong})

        assert answer.status_code == 400
        assert field in {error["field"] for error in answer.json()["errors"]}
        assert not Webhook.objects.exists()

    def test_what_was_sent_is_read_and_sent_again(self, ada: User, dispatch: Dispatch) -> None:
        client = program(ada)
        busy = client.post(f"{API}/webhook-messages/{dispatch.pk}/redeliver/")
        Dispatch.objects.update(
            state="failed",
            due_at=None,
            history=[{"at": now().isoformat(), "status": 500, "answer": "no", "milliseconds": 3}],
        )

        told = client.get(f"{API}/webhook-messages/?webhook={dispatch.webhook_id}").json()["results"][0]
        again = client.post(f"{API}/webhook-messages/{dispatch.pk}/redeliver/")

        assert (busy.status_code, busy.json()["code"]) == (409, "on_its_way")
        assert (told["event"], told["body"]["data"], told["tries"][0]["status"]) == (
            "post.failed",
            {"post": 7},
            500,
        )
        assert again.json()["state"] == "waiting"

    def test_test_is_queued(self, ada: User, hook: Webhook) -> None:
        answer = program(ada).post(f"{API}/webhooks/{hook.pk}/test/")

        assert answer.status_code == 202
        assert Happening.objects.get().event == "webhook.test"

    def test_test_of_one_that_is_off_is_a_conflict(self, ada: User, hook: Webhook) -> None:
        Webhook.objects.update(is_on=False)

        assert program(ada).post(f"{API}/webhooks/{hook.pk}/test/").json()["code"] == "webhook_is_off"


def test_history_is_read_and_filtered(ada: User, ben: User) -> None:
    AuditEvent.record(membership(ada), "token.created", "Script")
    AuditEvent.record(membership(ben), "member.left", "Ben")

    client = program(ada)
    actions = [row["action"] for row in client.get(f"{API}/audit/").json()["results"]]
    bens = client.get(f"{API}/audit/?user={ben.email}").json()["results"]

    assert actions == ["member.left", "token.created"]
    assert [row["action"] for row in bens] == ["member.left"]


MANAGED = ["invitations", "webhooks", "webhook-messages", "audit"]


@pytest.mark.parametrize("what", MANAGED)
def test_only_who_manages_reads_it(ada: User, ben: User, vic: User, what: str) -> None:
    statuses = [program(user).get(f"{API}/{what}/").status_code for user in (ada, ben, vic)]

    assert statuses == [200, 403, 403]


@pytest.mark.parametrize("what", [*MANAGED, "members", "tokens"])
def test_nobody_is_told_without_a_key_or_scope(ada: User, what: str) -> None:
    assert APIClient().get(f"{API}/{what}/").status_code == 401
    assert program(ada, "media:write").get(f"{API}/{what}/").json()["code"] == "scope_missing"


def test_another_workspace_sees_nothing_of_it(cho: User, dispatch: Dispatch, ben: User) -> None:
    AuditEvent.record(membership(ben), "member.left", "Ben")
    Invitation.objects.create(workspace=dispatch.webhook.workspace, email="d@example.org", expires_at=now())
    client = program(cho)

    seen = {
        what: len(client.get(f"{API}/{what}/").json()["results"]) for what in [*MANAGED, "members", "tokens"]
    }

    assert seen == {**dict.fromkeys(MANAGED, 0), "members": 1, "tokens": 1}  # her own
    assert client.post(f"{API}/webhook-messages/{dispatch.pk}/redeliver/").status_code == 404
