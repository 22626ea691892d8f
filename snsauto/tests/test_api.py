"""The REST API: who may ask, what may be written, and what a wrong request is told."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.utils.timezone import now
from PIL import Image
from rest_framework.test import APIClient

from accounts.factories import AccountFactory, MembershipFactory
from accounts.models import Account, ApiToken, IdempotentRequest, Notification, User, Workspace
from accounts.notices import tell
from campaigns.models import Campaign
from platforms.registry import PLATFORMS
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, Media, Post, State

pytestmark = pytest.mark.django_db
API = "/api/v1"


def api(user: User, scheme: str = "Token") -> APIClient:
    """A program of the person's."""
    _token, key = ApiToken.issue(user.memberships.get(), "a test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {key}")
    return client


def png() -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    return SimpleUploadedFile("harbour.png", buffer.getvalue(), "image/png")


@pytest.fixture
def account(ada: User) -> Account:
    return AccountFactory(workspace=ada.memberships.get().workspace)


# --- who may ask ---


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer"])
def test_a_token_names_person_and_workspace(ada: User, scheme: str) -> None:
    answer = api(ada, scheme).get(f"{API}/me/")

    assert answer.status_code == 200
    assert (answer.json()["email"], answer.json()["role"]) == (ada.email, "owner")


def test_without_a_token_nothing_is_said(db: None) -> None:
    answer = APIClient().get(f"{API}/posts/")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["sns_wrong", "", "ä"])
def test_a_wrong_token_is_refused(db: None, key: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}".encode())

    answer = client.get(f"{API}/me/")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_an_expired_token_is_refused(ada: User) -> None:
    _token, key = ApiToken.issue(ada.memberships.get(), "old", expires_at=now() - timedelta(seconds=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")

    assert client.get(f"{API}/me/").status_code == 401


def test_a_token_dies_with_its_membership(ada: User) -> None:
    client = api(ada)
    ada.memberships.all().delete()

    assert client.get(f"{API}/me/").status_code == 401


def test_a_token_keeps_when_it_was_used(ada: User) -> None:
    api(ada).get(f"{API}/me/")

    assert ApiToken.objects.get().last_used_at is not None


def test_a_viewer_reads_and_does_not_write(vic: User) -> None:
    client = api(vic)

    assert client.get(f"{API}/posts/").status_code == 200
    answer = client.post(f"{API}/posts/", {"text": "Hello"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_an_editor_writes_and_does_not_connect(ben: User, account: Account) -> None:
    client = api(ben)

    assert client.post(f"{API}/posts/", {"text": "Hello"}).status_code == 201
    assert client.patch(f"{API}/accounts/{account.pk}/", {"is_paused": True}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "posts/{post}/",
        "deliveries/{delivery}/",
        "accounts/{account}/",
        "media/{media}/",
        "campaigns/{campaign}/",
    ],
)
def test_a_stranger_finds_nothing(cho: User, account: Account, path: str) -> None:
    post = PostFactory(workspace=account.workspace)
    rows = {
        "post": post.pk,
        "delivery": DeliveryFactory(post=post, account=account).pk,
        "account": account.pk,
        "media": Media.objects.create(
            workspace=account.workspace, name="a", size=1, width=1, height=1, sha256="0"
        ).pk,
        "campaign": Campaign.objects.create(workspace=account.workspace, name="Advent").pk,
    }

    answer = api(cho).get(f"{API}/{path.format(**rows)}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_unknown_address_answers_in_the_same_shape(ada: User) -> None:
    answer = api(ada).get(f"{API}/nothing/here")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# --- posts ---


def test_a_post_is_written_scheduled_and_read_back(ada: User, account: Account) -> None:
    client = api(ada)
    at = now() + timedelta(days=1)

    answer = client.post(
        f"{API}/posts/",
        {
            "text": "Fresh bread",
            "accounts": [account.pk],
            "publish": "schedule",
            "scheduled_at": at.isoformat(),
        },
    )

    assert answer.status_code == 201, answer.json()
    body = client.get(f"{API}/posts/{answer.json()['id']}/").json()
    assert (body["state"], body["text"]) == ("scheduled", "Fresh bread")
    assert [delivery["account"] for delivery in body["deliveries"]] == [account.pk]
    assert Delivery.objects.get().due_at == at


def test_an_account_may_have_its_own_text_and_options(ada: User, account: Account) -> None:
    answer = api(ada).post(
        f"{API}/posts/", {"text": "All", "accounts": [{"account": account.pk, "text": "Own"}]}
    )

    assert answer.status_code == 201
    assert Delivery.objects.get().text == "Own"


def test_a_change_that_leaves_something_out_leaves_it_as_it_is(ada: User, account: Account) -> None:
    client = api(ada)
    pk = client.post(
        f"{API}/posts/", {"text": "One", "accounts": [{"account": account.pk, "text": "Own"}]}
    ).json()["id"]

    client.patch(f"{API}/posts/{pk}/", {"text": "Two"})

    assert (Post.objects.get().text, Delivery.objects.get().text) == ("Two", "Own")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"text": "x", "accounts": [999_999]}, "accounts.0.account", "does_not_exist"),
        ({"text": "x", "media": [999_999]}, "media", "does_not_exist"),
        ({"text": "x", "timezone": "Mars/Base"}, "timezone", "unknown_timezone"),
        ({"text": "x", "publish": "later"}, "publish", "invalid_choice"),
        ({"text": "x", "publish": "schedule"}, "scheduled_at", "required"),
        ({"text": "x", "scheduled_at": "soon"}, "scheduled_at", "invalid"),
    ],
)
def test_a_wrong_field_is_named_with_a_stable_code(
    ada: User, body: dict[str, object], field: str, code: str
) -> None:
    answer = api(ada).post(f"{API}/posts/", body)

    errors = answer.json()["errors"]
    assert answer.status_code == 400
    assert any(
        error["field"].startswith(field.split(".", maxsplit=1)[0]) and error["code"] == code
        for error in errors
    ), errors
    assert not Post.objects.exists()


def test_a_time_in_the_past_writes_nothing(ada: User, account: Account) -> None:
    past = (now() - timedelta(hours=1)).isoformat()

    answer = api(ada).post(
        f"{API}/posts/", {"text": "x", "accounts": [account.pk], "publish": "schedule", "scheduled_at": past}
    )

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("scheduled_at", "past_time")
    assert not Post.objects.exists()


def test_what_the_network_would_refuse_is_said_before(ada: User, account: Account) -> None:
    limit = account.platform.rules.text.limit
    too_much = "word " * limit * account.platform.rules.thread_at_most

    answer = api(ada).post(
        f"{API}/posts/", {"text": too_much[:50_000], "accounts": [account.pk], "publish": "now"}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(f"accounts.{account.pk}.")
    assert not Delivery.objects.exists()


def test_a_check_says_what_each_network_would_say_and_stores_nothing(ada: User, account: Account) -> None:
    [found] = api(ada).post(f"{API}/posts/check/", {"text": "Hello", "accounts": [account.pk]}).json()

    assert (found["account"], found["length"], found["parts"], found["findings"]) == (
        account.pk,
        5,
        ["Hello"],
        [],
    )
    assert not Post.objects.exists()


def test_a_scheduled_post_goes_back_to_a_draft_and_is_cancelled(ada: User, account: Account) -> None:
    client = api(ada)
    at = (now() + timedelta(days=1)).isoformat()
    body = {"text": "x", "accounts": [account.pk], "publish": "schedule", "scheduled_at": at}
    pk = client.post(f"{API}/posts/", body).json()["id"]

    assert client.post(f"{API}/posts/{pk}/unschedule/").json()["state"] == "draft"
    assert client.post(f"{API}/posts/{pk}/cancel/").json()["state"] == "cancelled"
    assert client.delete(f"{API}/posts/{pk}/").status_code == 204


def test_what_is_out_cannot_be_deleted(ada: User, account: Account) -> None:
    delivery = DeliveryFactory(
        post=PostFactory(workspace=account.workspace), account=account, state=State.PUBLISHED, remote_id="1"
    )

    answer = api(ada).delete(f"{API}/posts/{delivery.post_id}/")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "post_is_out"


# --- idempotency ---


def test_the_same_key_again_has_no_second_effect(ada: User) -> None:
    client = api(ada)
    first = client.post(f"{API}/posts/", {"text": "Once"}, headers={"Idempotency-Key": "k1"})

    second = client.post(f"{API}/posts/", {"text": "Once"}, headers={"Idempotency-Key": "k1"})

    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Post.objects.count() == 1


def test_a_key_is_not_for_two_requests(ada: User) -> None:
    client = api(ada)
    client.post(f"{API}/posts/", {"text": "One"}, headers={"Idempotency-Key": "k1"})

    answer = client.post(f"{API}/posts/", {"text": "Two"}, headers={"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def test_after_a_failure_the_key_may_be_used_again(ada: User) -> None:
    client = api(ada)
    client.post(f"{API}/posts/", {"publish": "schedule"}, headers={"Idempotency-Key": "k1"})

    answer = client.post(f"{API}/posts/", {"text": "Now right"}, headers={"Idempotency-Key": "k1"})

    assert answer.status_code == 201


def test_a_request_under_way_is_not_begun_twice(ada: User) -> None:
    client = api(ada)
    client.post(f"{API}/posts/", {"text": "One"}, headers={"Idempotency-Key": "k1"})
    IdempotentRequest.objects.update(status=None, body=None)

    answer = client.post(f"{API}/posts/", {"text": "One"}, headers={"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_busy")


def test_a_request_whose_first_fails_at_that_very_moment_may_be_sent_again(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record stood in the way, and was gone when it was looked at."""

    def taken(**_columns: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(IdempotentRequest.objects, "create", taken)

    answer = api(ada).post(f"{API}/posts/", {"text": "One"}, headers={"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_busy")


# --- deliveries ---


@pytest.mark.parametrize(
    ("state", "decision", "becomes"),
    [
        (State.FAILED, "retry", "scheduled"),
        (State.MISSED, "retry", "scheduled"),
        (State.UNKNOWN, "confirm", "published"),
        (State.UNKNOWN, "look-again", "publishing"),
        (State.UNKNOWN, "send-again", "publishing"),
        (State.SCHEDULED, "cancel", "cancelled"),
        (State.PUBLISHED, "continue", "publishing"),
    ],
)
def test_a_person_decides(ada: User, account: Account, state: State, decision: str, becomes: str) -> None:
    post = PostFactory(workspace=account.workspace)
    out = {"remote_id": "1", "reason_code": "refused"} if state == State.PUBLISHED else {}
    soon = now() + timedelta(days=1)
    delivery = DeliveryFactory(post=post, account=account, state=state, due_at=soon, **out)

    answer = api(ada).post(f"{API}/deliveries/{delivery.pk}/{decision}/")

    assert (answer.status_code, answer.json().get("state")) == (200, becomes)


def test_a_decision_that_comes_too_late_is_a_conflict(ada: User, account: Account) -> None:
    delivery = DeliveryFactory(
        post=PostFactory(workspace=account.workspace), account=account, state=State.PUBLISHED, remote_id="1"
    )

    answers = [api(ada).post(f"{API}/deliveries/{delivery.pk}/{what}/") for what in ("retry", "continue")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "conflict")] * 2


def test_deliveries_are_filtered_by_state(ada: User, account: Account) -> None:
    for state, due_at in ((State.FAILED, None), (State.SCHEDULED, now())):
        DeliveryFactory(
            post=PostFactory(workspace=account.workspace), account=account, state=state, due_at=due_at
        )

    rows = api(ada).get(f"{API}/deliveries/?state=failed").json()["results"]

    assert [row["state"] for row in rows] == ["failed"]


# --- media, accounts, campaigns, networks ---


def test_a_picture_is_uploaded_described_and_deleted(ada: User) -> None:
    client = api(ada)

    answer = client.post(f"{API}/media/", {"file": png(), "alt_text": "A harbour"}, format="multipart")

    assert answer.status_code == 201, answer.json()
    pk = answer.json()["id"]
    assert (answer.json()["width"], answer.json()["alt_text"]) == (64, "A harbour")
    assert client.patch(f"{API}/media/{pk}/", {"alt_text": "At dawn"}).json()["alt_text"] == "At dawn"
    assert client.delete(f"{API}/media/{pk}/").status_code == 204


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("virus.png", b"MZ\x90\x00 this program"),
        ("logo.svg", b"<svg><script>alert(1)</script></svg>"),
        ("a.png", b""),
    ],
)
def test_what_is_no_picture_is_refused(ada: User, name: str, content: bytes) -> None:
    upload = SimpleUploadedFile(name, content, "image/png")

    answer = api(ada).post(f"{API}/media/", {"file": upload}, format="multipart")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]
    assert not Media.objects.exists()


def test_an_account_never_shows_its_token(ada: User, account: Account) -> None:
    answer = api(ada).get(f"{API}/accounts/{account.pk}/")

    assert account.token is not None
    assert account.token.access not in answer.content.decode()
    assert account.token.refresh not in answer.content.decode()


def test_an_account_is_paused_and_resumed(ada: User, account: Account) -> None:
    client = api(ada)

    assert client.patch(f"{API}/accounts/{account.pk}/", {"is_paused": True}).json()["can_publish"] is False
    assert client.patch(f"{API}/accounts/{account.pk}/", {"is_paused": False}).json()["can_publish"] is True


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"platform": "nowhere"}, "unknown_platform"),
        ({"platform": next(iter(PLATFORMS)), "method": "fax"}, "unknown_method"),
    ],
)
def test_connecting_to_nowhere_is_refused(ada: User, body: dict[str, str], code: str) -> None:
    answer = api(ada).post(f"{API}/accounts/connect/", body)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_every_network_is_listed_with_its_limits(ada: User) -> None:
    rows = api(ada).get(f"{API}/platforms/").json()

    assert [row["name"] for row in rows] == list(PLATFORMS)
    assert all(kind["text_limit"] > 0 for row in rows for kind in row["kinds"])
    assert all(row["connect_methods"] and row["abilities"] for row in rows)


def test_a_campaign_lives_its_life(ada: User) -> None:
    client = api(ada)

    pk = client.post(f"{API}/campaigns/", {"name": "Advent"}).json()["id"]

    assert client.patch(f"{API}/campaigns/{pk}/", {"goal": "Stollen"}).json()["goal"] == "Stollen"
    assert client.post(f"{API}/campaigns/", {"name": "Advent"}).status_code == 400
    assert client.delete(f"{API}/campaigns/{pk}/").status_code == 204


# --- lists ---


@pytest.mark.parametrize(
    ("path", "queries"),
    [("posts", 7), ("deliveries", 4), ("accounts", 5), ("campaigns", 4), ("notifications", 4)],
)
def test_a_list_costs_the_same_for_one_and_for_many(
    ada: User, account: Account, path: str, queries: int, django_assert_num_queries: Callable[..., object]
) -> None:
    client = api(ada)
    client.get(f"{API}/me/")  # the token's last use is written once a minute; each request counts itself
    for n in range(12):
        post = PostFactory(workspace=account.workspace)
        AccountFactory(workspace=account.workspace)
        Campaign.objects.create(workspace=account.workspace, name=f"Campaign {n}")
        tell([ada], kind="failed", key=f"late:{n}", text="Late.", url="/queue/", workspace=account.workspace)
        DeliveryFactory(post=post, account=account)

    with django_assert_num_queries(queries):
        answer = client.get(f"{API}/{path}/")

    assert len(answer.json()["results"]) >= 12


def test_pages_follow_a_cursor(ada: User, account: Account) -> None:
    client = api(ada)
    for _ in range(5):
        PostFactory(workspace=account.workspace)

    first = client.get(f"{API}/posts/?page_size=3").json()
    second = client.get(first["next"]).json()

    assert [len(first["results"]), len(second["results"])] == [3, 2]
    assert not {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]}


# --- what people were told ---


def test_a_program_reads_what_its_owner_was_told_and_marks_it(ada: User, ben: User, account: Account) -> None:
    for user, key in ((ada, "one"), (ada, "two"), (ben, "one")):
        tell([user], kind="failed", key=key, text="Late.", url="/queue/", workspace=account.workspace)
    client = api(ada)

    rows = client.get(f"{API}/notifications/").json()["results"]
    one = client.post(f"{API}/notifications/read/", {"ids": [rows[0]["id"]]}).json()
    unread = client.get(f"{API}/notifications/?unread=true").json()["results"]
    rest = client.post(f"{API}/notifications/read/").json()

    assert [row["key"] for row in rows] == ["two", "one"]
    assert [row["key"] for row in unread] == ["one"]
    assert [one, rest] == [{"read": 1}, {"read": 1}]
    assert list(Notification.objects.unread().values_list("user", flat=True)) == [ben.pk]


def test_a_token_tells_nothing_of_the_owners_other_workspaces(ada: User, workspace: Workspace) -> None:
    client = api(ada)
    elsewhere = MembershipFactory(user=ada).workspace
    tell([ada], kind="failed", key="k", text="Late.", url="/queue/", workspace=elsewhere)

    assert client.get(f"{API}/notifications/").json()["results"] == []
    assert client.post(f"{API}/notifications/read/").json() == {"read": 0}


def test_a_viewer_may_mark_what_they_were_told(vic: User) -> None:
    assert api(vic).post(f"{API}/notifications/read/", {"ids": "all"}).status_code == 400
    assert api(vic).post(f"{API}/notifications/read/").json() == {"read": 0}


# --- the schema ---


def test_the_schema_is_whole_and_public(client: APIClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = client.get(f"{API}/schema/?format=json")

    assert answer.status_code == 200
    assert "Warning" not in capsys.readouterr().err
    assert f"{API}/posts/{{id}}/publish/" in answer.json()["paths"]


def test_the_docs_page_contacts_no_other_host(client: APIClient) -> None:
    page = client.get(f"{API}/docs/").content.decode()

    assert "cdn" not in page
    assert "/static/drf_spectacular_sidecar/" in page


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("0221-02-15T15:28:19.5-16:15", 200),  # an offset that no database knows
        ("2030-05-06T09:00:00+02:00", 200),
        ("0001-01-01T00:00:00+05:00", 400),
        ("soon", 400),
    ],
)
def test_a_list_is_narrowed_by_any_moment(ada: User, moment: str, status: int) -> None:
    answer = api(ada).get(f"{API}/posts/", {"scheduled_before": moment})

    assert answer.status_code == status
