"""One call to several networks, the queue, the month, many posts at once, and settings."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.factories import AccountFactory
from accounts.models import Account, ApiToken, AuditEvent, User, Workspace
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, Post, State

pytestmark = pytest.mark.django_db
API = "/api/v1"
SCHEDULED_FOR = "2030-03-05T08:30:00Z"


def api(user: User) -> APIClient:
    _token, key = ApiToken.issue(user.memberships.get(), "a test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture(autouse=True)
def moment() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2030-03-04T09:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(ada: User) -> APIClient:
    return api(ada)


@pytest.fixture
def accounts(workspace: Workspace) -> list[Account]:
    """Two of one network and one of another, and one that was disconnected."""
    AccountFactory(workspace=workspace, platform_name="bluesky", state=Account.State.DISCONNECTED)
    return [
        AccountFactory(workspace=workspace, platform_name=name)
        for name in ("mastodon", "mastodon", "bluesky")
    ]


def written(workspace: Workspace, account: Account, **delivery: Any) -> Post:
    at = delivery.get("due_at")
    post = PostFactory(workspace=workspace, text=delivery.pop("text", "Bread"), scheduled_at=at)
    DeliveryFactory(post=post, account=account, **delivery)
    return post


# --- one call, several networks ---


@pytest.mark.parametrize(
    ("path", "body", "chosen"),
    [
        ("publish", {"platforms": ["bluesky"]}, [2]),
        ("publish", {"platforms": ["mastodon", "bluesky"]}, [0, 1, 2]),
        ("publish/multi-platform", {}, [0, 1, 2]),
        ("publish/multi-platform", {"platforms": ["mastodon"]}, [0, 1]),
    ],
)
def test_a_text_goes_to_every_account_of_the_networks(
    client: APIClient, accounts: list[Account], path: str, body: dict[str, Any], chosen: list[int]
) -> None:
    answer = client.post(f"{API}/{path}/", {"content": "Fresh bread", **body})

    assert answer.status_code == 201, answer.json()
    assert (answer.json()["text"], answer.json()["state"]) == ("Fresh bread", "scheduled")
    rows = Delivery.objects.order_by("account_id")
    assert [row.account_id for row in rows] == [accounts[n].pk for n in chosen]
    assert {row.due_at for row in rows} == {now()}


def test_accounts_and_variants_say_more_exactly_what_goes_where(
    client: APIClient, accounts: list[Account]
) -> None:
    body = {
        "content": "Fresh bread",
        "platforms": ["all"],
        "accounts": [accounts[1].pk, accounts[2].pk],
        "variants": {"mastodon": {"content": "Bread!", "options": {"visibility": "unlisted"}}},
    }

    client.post(f"{API}/publish/", body)

    one, other = Delivery.objects.order_by("account_id")
    assert (one.account_id, one.text, one.options) == (accounts[1].pk, "Bread!", {"visibility": "unlisted"})
    assert (other.account_id, other.text) == (accounts[2].pk, None)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"content": "x", "platforms": ["threads"]}, "platforms", "not_connected"),
        ({"content": "x", "platforms": ["mastodon", "tiktok"]}, "platforms", "not_connected"),
        ({"content": "x", "platforms": ["myspace"]}, "platforms.0", "invalid_choice"),
        ({"content": "x", "platforms": []}, "platforms", "empty"),
        ({"platforms": ["bluesky"]}, "content", "required"),
        ({"content": "x", "platforms": ["all"], "accounts": [0]}, "accounts", "does_not_exist"),
        ({"content": "x" * 301, "platforms": ["bluesky"], "media": [0]}, "media", "does_not_exist"),
    ],
)
def test_what_cannot_be_sent_writes_nothing(
    client: APIClient, accounts: list[Account], body: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(f"{API}/publish/", body)

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, field, code)
    assert not Post.objects.exists()


def test_one_network_that_would_refuse_stops_the_whole(client: APIClient, accounts: list[Account]) -> None:
    body = {"content": "", "platforms": ["all"], "variants": {"mastodon": {"content": "Bread"}}}

    answer = client.post(f"{API}/publish/", body)

    assert answer.status_code == 400
    assert {error["field"].split(".")[1] for error in answer.json()["errors"]} == {str(accounts[2].pk)}
    assert not Post.objects.exists()


def test_a_dry_run_says_what_each_network_would_say_and_stores_nothing(
    client: APIClient, accounts: list[Account]
) -> None:
    answer = client.post(f"{API}/publish/", {"content": "", "platforms": ["all"], "dry_run": True})

    assert answer.status_code == 200
    assert [row["account"] for row in answer.json()] == [account.pk for account in accounts]
    assert all(row["findings"] for row in answer.json())
    assert not Post.objects.exists()


@pytest.mark.parametrize("path", ["publish/", "publish/multi-platform/", "schedule/"])
def test_the_same_key_sends_once(client: APIClient, accounts: list[Account], path: str) -> None:
    body = {"content": "Once", "platforms": ["all"], "scheduled_for": SCHEDULED_FOR}

    answers = [client.post(f"{API}/{path}", body, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Post.objects.count() == 1


def test_keys_are_each_persons_own(ada: User, ben: User, accounts: list[Account]) -> None:
    bodies = ({"text": "Ada's"}, {"text": "Ben's"})
    answers = [
        api(user).post(f"{API}/posts/", body, headers={"Idempotency-Key": "1"})
        for user, body in zip((ada, ben), bodies, strict=True)
    ]

    assert [answer.json()["text"] for answer in answers] == ["Ada's", "Ben's"]


def test_a_key_has_its_length(client: APIClient) -> None:
    answer = client.post(f"{API}/posts/", {"text": "x"}, headers={"Idempotency-Key": "k" * 256})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


# --- scheduling ---


def test_a_text_is_scheduled_moved_and_cancelled(client: APIClient, accounts: list[Account]) -> None:
    pk = client.post(
        f"{API}/schedule/",
        {"content": "Soon", "platforms": ["bluesky"], "scheduled_for": SCHEDULED_FOR},
    ).json()["id"]
    assert Delivery.objects.get().due_at.isoformat() == "2030-03-05T08:30:00+00:00"

    moved = client.put(
        f"{API}/schedule/{pk}/", {"scheduled_for": "2030-03-06T08:30:00+01:00", "content": "Later"}
    )
    assert (moved.status_code, moved.json()["scheduled_at"]) == (200, "2030-03-06T07:30:00Z")
    assert Post.objects.get().text == "Later"

    assert client.delete(f"{API}/schedule/{pk}/").status_code == 204
    assert Delivery.objects.get().state == State.CANCELLED
    assert client.delete(f"{API}/schedule/{pk}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"scheduled_for": "2020-01-01T00:00:00Z"}, "past_time"),
        ({"scheduled_for": "x"}, "invalid"),
    ],
)
def test_a_time_that_makes_no_sense_moves_nothing(
    client: APIClient, workspace: Workspace, accounts: list[Account], body: dict[str, str], code: str
) -> None:
    at = now() + timedelta(days=1)
    post = written(workspace, accounts[0], state=State.SCHEDULED, due_at=at)

    answer = client.put(f"{API}/schedule/{post.pk}/", body)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert Delivery.objects.get().due_at == at


def test_executing_rings_for_what_is_due(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    written(workspace, accounts[0], state=State.SCHEDULED, due_at=now() - timedelta(minutes=1))
    written(workspace, accounts[0], state=State.SCHEDULED, due_at=now() + timedelta(minutes=1))

    assert client.post(f"{API}/schedule/execute/").json() == {"due": 1}


# --- the queue and the month ---


def ids(client: APIClient, path: str) -> list[int]:
    found, address = [], f"{API}/{path}"
    while address:
        page = client.get(address).json()
        found += [row["id"] for row in page["results"]]
        address = page["next"]
    return found


def test_what_is_scheduled_comes_in_its_order_page_by_page(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    at = [now() + timedelta(hours=hours) for hours in (3, 1, 2, 1, 1)]
    posts = [written(workspace, accounts[0], state=State.SCHEDULED, due_at=moment) for moment in at]
    written(workspace, accounts[0], state=State.DRAFT)

    expected = [posts[n].pk for n in (1, 3, 4, 2, 0)]
    assert ids(client, "scheduled/?page_size=2") == expected
    assert ids(client, "queue/?page_size=2") == expected


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("show=drafts", {"Draft"}),
        ("show=trouble", {"Failed"}),
        ("show=all", {"Draft", "Failed", "Planned"}),
        ("show=all&network=bluesky", {"Failed"}),
        ("show=all&q=plan", {"Planned"}),
        ("show=all&day=2030-03-05", {"Planned"}),
    ],
)
def test_the_queue_is_asked_as_the_page_is(
    client: APIClient, workspace: Workspace, accounts: list[Account], question: str, texts: set[str]
) -> None:
    written(workspace, accounts[0], text="Draft")
    written(workspace, accounts[2], text="Failed", failed=True)
    written(workspace, accounts[0], text="Planned", state=State.SCHEDULED, due_at=now() + timedelta(days=1))

    rows = client.get(f"{API}/queue/?{question}").json()["results"]

    assert {row["text"] for row in rows} == texts


@pytest.mark.parametrize(
    "question", ["show=nothing", "account=0", "account=999", "network=myspace", "day=soon", "campaign=x"]
)
def test_a_question_that_makes_no_sense_is_refused(client: APIClient, question: str) -> None:
    assert client.get(f"{API}/queue/?{question}").status_code == 400


def test_a_month_has_its_days_by_the_workspaces_clock(
    client: APIClient,
    workspace: Workspace,
    accounts: list[Account],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for at in ("2030-03-31T21:30:00Z", "2030-03-31T22:30:00Z", "2030-02-28T23:30:00Z"):
        post = PostFactory(workspace=workspace, text="Rye " * 40, scheduled_at=at)
        DeliveryFactory(post=post, account=accounts[0], published=True)
    client.get(f"{API}/me/")

    with django_assert_num_queries(5):  # token, membership, limit, posts, deliveries
        month = client.get(f"{API}/calendar/?month=2030-03").json()

    assert [day["date"] for day in month["days"]] == ["2030-03-01", "2030-03-31"]  # Berlin, summer time since
    [post] = month["days"][1]["posts"]
    assert (post["state"], post["platforms"], len(post["excerpt"])) == ("published", ["mastodon"], 80)
    assert (month["month"], month["timezone"], month["is_complete"]) == ("2030-03", "Europe/Berlin", True)


def test_a_month_that_is_none_is_refused(client: APIClient) -> None:
    assert client.get(f"{API}/calendar/?month=2030-13").status_code == 400
    assert client.get(f"{API}/calendar/").json()["month"] == "2030-03"


# --- many at once ---


def test_many_are_created_and_each_answers_for_itself(client: APIClient, accounts: list[Account]) -> None:
    posts = [
        {"text": "One", "accounts": [accounts[0].pk], "publish": "now"},
        {"text": "Two", "publish": "schedule"},
        {"text": "", "accounts": [accounts[0].pk], "publish": "now"},
        {"text": "Four"},
    ]

    answer = client.post(f"{API}/posts/bulk/", {"action": "create", "posts": posts})

    results = answer.json()["results"]
    assert (answer.status_code, answer.json()["done"], answer.json()["failed"]) == (200, 2, 2)
    assert [row["code"] for row in results] == ["", "invalid", "invalid", ""]
    assert results[1]["errors"][0]["field"] == "scheduled_at"
    assert [row["state"] for row in results] == ["scheduled", "", "", "draft"]
    assert list(Post.objects.order_by("pk").values_list("text", flat=True)) == ["One", "Four"]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("publish", State.DRAFT, State.SCHEDULED),
        ("schedule", State.DRAFT, State.SCHEDULED),
        ("unschedule", State.SCHEDULED, State.DRAFT),
        ("cancel", State.SCHEDULED, State.CANCELLED),
    ],
)
def test_many_are_decided_about(
    client: APIClient, workspace: Workspace, accounts: list[Account], action: str, before: State, after: State
) -> None:
    due_at = now() + timedelta(days=1)
    posts = [written(workspace, accounts[0], state=before, due_at=due_at, text=f"Post {n}") for n in range(2)]
    items = [{"id": post.pk} for post in posts]

    answer = client.post(
        f"{API}/posts/bulk/",
        {"action": action, "items": [*items, {"id": 999_999}], "scheduled_at": SCHEDULED_FOR},
    )

    assert [row["code"] for row in answer.json()["results"]] == ["", "", "not_found"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {after}


def test_each_may_have_a_time_of_its_own(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    posts = [written(workspace, accounts[0]) for _ in range(2)]
    times = ["2030-03-05T08:30:00Z", "2030-03-06T08:30:00Z"]
    items = [{"id": post.pk, "scheduled_at": at} for post, at in zip(posts, times, strict=True)]

    client.post(f"{API}/posts/bulk/", {"action": "schedule", "items": items})

    assert [at.day for at in Delivery.objects.order_by("pk").values_list("due_at", flat=True)] == [5, 6]


def test_what_is_out_is_not_deleted_with_the_others(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    out, draft = written(workspace, accounts[0], published=True), written(workspace, accounts[0])

    answer = client.post(
        f"{API}/posts/bulk/", {"action": "delete", "items": [{"id": out.pk}, {"id": draft.pk}]}
    )

    results = answer.json()["results"]
    assert results[0]["errors"][0]["code"] == "post_is_out"
    assert (results[1]["code"], results[1]["state"]) == ("", "")
    assert list(Post.objects.all()) == [out]


def test_a_dry_run_of_many_leaves_all_as_it_was(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    post = written(workspace, accounts[0])
    body = {"dry_run": True, "action": "publish", "items": [{"id": post.pk}]}
    create = {"dry_run": True, "action": "create", "posts": [{"text": "New"}]}

    told = client.post(f"{API}/posts/bulk/", body).json()
    created = client.post(f"{API}/posts/bulk/", create, headers={"Idempotency-Key": "k"}).json()

    assert (told["done"], told["results"][0]["state"]) == (1, "scheduled")
    assert (created["done"], created["results"][0]["id"]) == (1, None)
    assert (Post.objects.count(), Delivery.objects.get().state) == (1, State.DRAFT)


@pytest.mark.parametrize(
    "body",
    [
        {"action": "create"},
        {"action": "publish", "items": []},
        {"action": "schedule", "items": [{"id": 1}]},
        {"action": "erase", "items": [{"id": 1}]},
        {"action": "create", "posts": [{}] * 101},
        {"action": "create", "posts": ["text"]},
    ],
)
def test_a_bulk_request_that_makes_no_sense_is_refused(client: APIClient, body: dict[str, Any]) -> None:
    assert client.post(f"{API}/posts/bulk/", body).status_code == 400


def test_a_post_is_written_anew_by_put(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    post = written(workspace, accounts[0], text="Bread")

    answer = client.put(f"{API}/posts/{post.pk}/", {"text": "Rye"})

    assert (answer.status_code, answer.json()["text"], answer.json()["deliveries"]) == (200, "Rye", [])


def test_what_failed_in_a_post_is_tried_again(
    client: APIClient, workspace: Workspace, accounts: list[Account]
) -> None:
    post = written(workspace, accounts[0], failed=True)
    DeliveryFactory(post=post, account=accounts[2], published=True)

    first, second = (client.post(f"{API}/posts/{post.pk}/retry/") for _ in range(2))

    assert (first.status_code, first.json()["state"]) == (200, "scheduled")
    assert (second.status_code, second.json()["code"]) == (409, "conflict")


# --- settings ---


def test_settings_are_read_and_changed_in_sections(
    ada: User, workspace: Workspace, client: APIClient
) -> None:
    read = client.get(f"{API}/settings/").json()
    assert read["workspace"]["timezone"] == "Europe/Berlin"

    answer = client.patch(
        f"{API}/settings/", {"workspace": {"timezone": "Asia/Seoul"}, "profile": {"name": "Ada L."}}
    )

    assert (answer.json()["workspace"]["timezone"], answer.json()["profile"]["name"]) == (
        "Asia/Seoul",
        "Ada L.",
    )
    assert Workspace.objects.get(pk=workspace.pk).timezone == "Asia/Seoul"
    assert AuditEvent.objects.filter(action="workspace.changed").exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"profile": {"name": "X"}, "workspace": {"timezone": "Mars"}}, 400, "invalid"),
        ({"profile": {"name": "X"}, "weather": {}}, 400, "invalid"),
        ({"profile": "X"}, 400, "invalid"),
    ],
)
def test_all_sections_or_none(ada: User, client: APIClient, body: Any, status: int, code: str) -> None:
    answer = client.patch(f"{API}/settings/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert User.objects.get(pk=ada.pk).name == "Ada"


def test_who_may_not_manage_changes_the_own_profile_alone(ben: User) -> None:
    client = api(ben)

    assert client.patch(f"{API}/settings/", {"profile": {"name": "Benno"}}).status_code == 200
    assert client.patch(f"{API}/settings/", {"workspace": {"name": "Mine"}}).status_code == 403
