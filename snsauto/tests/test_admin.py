"""The back office: every page opens, what is stuck is found, one click helps, and no secret is shown."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.factories import AccountFactory, client_of
from accounts.models import (
    Account,
    ApiToken,
    AppCredential,
    AuditEvent,
    ChatMessage,
    OAuthState,
    PendingConnection,
    User,
    Webhook,
    Workspace,
)
from analytics.models import Look, Report
from platforms.registry import PLATFORMS
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Attempt, Delivery, State, Step
from snsauto.tests.everything import HUSH, fill

pytestmark = pytest.mark.django_db
NETWORK = next(iter(PLATFORMS))
OURS = [
    model
    for model in admin.site._registry
    if model.__module__.split(".")[0] in {"accounts", "analytics", "campaigns", "inbox", "publishing"}
]


@pytest.fixture
def staff(ada: User) -> Client:
    ada.is_staff = ada.is_superuser = True
    ada.save()
    return client_of(ada)


@pytest.fixture
def delivery(ada: User) -> Delivery:
    account = AccountFactory(workspace=ada.memberships.get().workspace)
    post = PostFactory(workspace=account.workspace, text="Fresh from the oven")
    return DeliveryFactory(
        post=post, account=account, state=State.FAILED, due_at=now(), reason="It was refused."
    )


def page(model: type[models.Model], name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def act(client: Client, model: type[models.Model], action: str, pk: int) -> None:
    client.post(page(model, "changelist"), {"action": action, "_selected_action": [pk]})


def test_every_model_of_ours_has_its_desk() -> None:
    assert {model.__name__ for model in OURS} >= {
        "Account", "AccountDay", "ApiToken", "Attempt", "AuditEvent", "Campaign", "ChatLink", "ChatMessage",
        "Delivery", "Feed", "Latest", "Look", "Media", "Membership", "Post", "Report", "ReportPlan",
        "Step", "User", "Workspace",
    }  # fmt: skip


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_every_list_opens(staff: Client, delivery: Delivery, model: type[models.Model]) -> None:
    assert staff.get(page(model, "changelist")).status_code == 200


def test_a_delivery_shows_its_steps_and_attempts(staff: Client, delivery: Delivery) -> None:
    Step.objects.create(delivery=delivery, name="picture 1", kind=Step.Kind.REPEAT)
    Attempt.objects.create(delivery=delivery, number=1, fence=1, owner="w", message="HTTP said no")

    shown = staff.get(page(Delivery, "change", delivery.pk)).content.decode()

    assert "picture 1" in shown
    assert "HTTP said no" in shown
    assert 'name="state"' not in shown


def test_a_failed_delivery_is_retried_with_one_click(staff: Client, delivery: Delivery) -> None:
    act(staff, Delivery, "retry", delivery.pk)

    delivery.refresh_from_db()
    assert delivery.state == State.SCHEDULED


def test_what_is_late_is_found(staff: Client, delivery: Delivery) -> None:
    Delivery.objects.update(state=State.SCHEDULED, due_at=now() - timedelta(hours=1))

    shown = staff.get(page(Delivery, "changelist"), {"trouble": "late"}).content.decode()

    assert "Fresh from the oven" in shown
    assert (
        "Fresh from the oven"
        not in staff.get(page(Delivery, "changelist"), {"trouble": "held"}).content.decode()
    )


def test_a_dead_worker_s_hold_is_let_go(staff: Client, delivery: Delivery) -> None:
    Delivery.objects.update(state=State.PUBLISHING, lease_until=now() + timedelta(hours=1), owner="dead")

    act(staff, Delivery, "release", delivery.pk)

    delivery.refresh_from_db()
    assert delivery.lease_until is not None
    assert delivery.lease_until <= now()


def test_an_account_is_paused_and_its_limit_lifted(staff: Client, delivery: Delivery) -> None:
    Account.objects.update(limited_until=now() + timedelta(hours=1))

    act(staff, Account, "pause", delivery.account_id)
    act(staff, Account, "lift_limit", delivery.account_id)

    account = Account.objects.get()
    assert (account.is_paused, account.limited_until) == (True, None)


def test_no_secret_is_shown_anywhere(staff: Client, ada: User, delivery: Delivery) -> None:
    member = ada.memberships.get()
    _token, key = ApiToken.issue(member, "laptop")
    secrets = {"kept": {"verifier": "verifier-secret"}}
    rows = [
        delivery.account,
        ApiToken.objects.get(),
        AppCredential.objects.create(platform_name="any", client_id="id", client_secret="client-secret"),
        OAuthState.objects.create(state_hash="h", user=ada, workspace=member.workspace, kept=secrets),
        PendingConnection.objects.create(user=ada, workspace=member.workspace, kept=secrets),
        ada,
    ]

    pages = [staff.get(page(type(row), "change", row.pk)).content.decode() for row in rows]
    pages += [staff.get(page(type(row), "changelist")).content.decode() for row in rows]

    for secret in ("access-of-a-test", "refresh-of-a-test", "client-secret", "verifier-secret", key):
        assert not any(secret in shown for shown in pages), secret


def test_every_row_opens_and_shows_no_secret(staff: Client, ada: User, workspace: Workspace) -> None:
    rows = {model: row for model, row in fill(ada, workspace).items() if model in admin.site._registry}

    pages = {model: staff.get(page(model, "change", row.pk)) for model, row in rows.items()}

    assert {Report, Look, ChatMessage, Webhook} <= set(pages)
    assert [model for model, shown in pages.items() if shown.status_code != 200] == []
    assert [model for model, shown in pages.items() if HUSH in shown.text] == []


def test_what_nobody_asks_any_more_is_asked_with_one_click(staff: Client, delivery: Delivery) -> None:
    look = Look.objects.create(delivery=delivery, due_at=None, problem="The post is gone.")

    act(staff, Look, "ask_now", look.pk)

    assert Look.objects.due(now()).get() == look


def test_a_client_secret_is_written_and_never_read(staff: Client) -> None:
    credential = AppCredential.objects.create(platform_name=NETWORK, client_id="id", client_secret="old")

    staff.post(
        page(AppCredential, "change", credential.pk),
        {"platform_name": NETWORK, "client_id": "id2", "secret": ""},
    )
    credential.refresh_from_db()
    assert (credential.client_id, credential.client_secret) == ("id2", "old")

    staff.post(
        page(AppCredential, "change", credential.pk),
        {"platform_name": NETWORK, "client_id": "id2", "secret": "new"},
    )
    credential.refresh_from_db()
    assert credential.client_secret == "new"
    assert "new" not in str(list(LogEntry.objects.values_list("change_message", flat=True)))


def test_the_audit_trail_cannot_be_cut(staff: Client, ada: User) -> None:
    event = AuditEvent.record(ada.memberships.get(), "account.connected", "somebody")

    answer = staff.post(page(AuditEvent, "delete", event.pk), {"post": "yes"})

    assert answer.status_code == 403
    assert AuditEvent.objects.exists()


def test_the_admin_is_for_staff(ada: User) -> None:
    assert client_of(ada).get(reverse("admin:index")).status_code == 302
