"""How often one may ask, what is kept, and what is not sent or overwritten: the API's traffic."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.test import APIClient

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, ApiToken, User, Workspace
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, Post, State
from snsauto.api import caching
from snsauto.api.caching import Store
from snsauto.models import Spent, Version
from snsauto.tasks import sweep

pytestmark = pytest.mark.django_db
API = "/api/v1"
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def api(user: User) -> APIClient:
    _token, key = ApiToken.issue(user.memberships.get(), "a test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture
def few(settings: Settings) -> None:
    """Limits that are soon reached."""
    settings.API_LIMITS = {**settings.API_LIMITS, "default": (5, 60), "publish": (2, 3600)}


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2030-03-04T09:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def post(ada: User, workspace: Workspace) -> Post:
    post = PostFactory(workspace=workspace, author=ada, text="Bread")
    DeliveryFactory(post=post, account=AccountFactory(workspace=workspace))
    return post


# --- limits ---


def test_every_answer_tells_where_one_stands(ada: User, few: None) -> None:
    client = api(ada)

    answers = [
        client.get(f"{API}/me/"),
        client.get(f"{API}/posts/0/"),
        client.post(f"{API}/posts/", {"text": 1, "publish": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 400]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2"]
    assert all(answer["X-RateLimit-Limit"] == "5" for answer in answers)
    assert all(0 < int(answer["X-RateLimit-Reset"]) <= 60 for answer in answers)


def test_who_asks_too_often_is_told_when_to_come_back(
    ada: User, few: None, moment: time_machine.Traveller
) -> None:
    client = api(ada)
    for _ in range(5):
        assert client.get(f"{API}/me/").status_code == 200

    answer = client.get(f"{API}/me/")

    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == answer["X-RateLimit-Reset"]
    moment.shift(int(answer["Retry-After"]))
    assert client.get(f"{API}/me/").status_code == 200


def test_a_person_has_one_limit_for_all_tokens_and_nobody_elses(ada: User, ben: User, few: None) -> None:
    clients = [api(ada), api(ada)]
    for n in range(5):
        clients[n % 2].get(f"{API}/me/")

    assert clients[0].get(f"{API}/me/").status_code == 429
    assert api(ben).get(f"{API}/me/").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Token sns_wrong"}])
def test_strangers_are_counted_by_their_address(db: None, few: None, headers: dict[str, str]) -> None:
    client = APIClient()
    answers = [client.get(f"{API}/me/", headers=headers) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert client.get(f"{API}/me/", headers=headers, REMOTE_ADDR="192.0.2.7").status_code == 401


def test_behind_a_proxy_the_address_is_the_callers(db: None, few: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for n in range(6):
        answer = APIClient().get(f"{API}/me/", headers={"X-Forwarded-For": f"192.0.2.{n}"})

    assert answer.status_code == 401


def test_publishing_has_a_limit_of_its_own_by_whichever_way(ada: User, post: Post, few: None) -> None:
    client, account = api(ada), post.deliveries.get().account_id
    body = {"text": "At once", "accounts": [account], "publish": "now"}

    answers = [
        client.post(f"{API}/posts/{post.pk}/publish/"),
        client.post(f"{API}/posts/", body),
        client.post(f"{API}/posts/", {**body, "text": "Once more"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 201, 429], answers[0].json()
    assert answers[0]["X-RateLimit-Limit"] == "2"
    assert not Post.objects.filter(text="Once more").exists()
    assert client.post(f"{API}/posts/", {"text": "A draft"}).status_code == 201


def test_the_dashboards_forms_are_not_limited(ada: User, post: Post, few: None) -> None:
    client = client_of(ada)

    answers = {client.get("/queue/").status_code for _ in range(8)}

    assert answers == {200}


def test_what_is_over_is_swept_away(ada: User, moment: time_machine.Traveller) -> None:
    api(ada).get(f"{API}/me/")
    assert Spent.objects.count() == 1

    moment.shift(3601)
    sweep()

    assert not Spent.objects.exists()


def test_with_redis_the_limits_are_counted_there(ada: User, few: None, settings: Settings) -> None:
    try:
        Redis.from_url(REDIS).ping()
    except RedisError:
        pytest.skip("no Redis on this machine")
    settings.REDIS_URL = REDIS
    backend = {"BACKEND": "snsauto.cache.SharedCache", "LOCATION": REDIS, "KEY_PREFIX": "test-limits"}
    settings.CACHES = {**settings.CACHES, "default": backend}
    caches["default"].clear()
    client = api(ada)

    answers = [client.get(f"{API}/me/").status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]
    assert not Spent.objects.exists()
    caches["default"].clear()


def test_requests_pass_while_the_store_is_away(ada: User, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    backend = {"BACKEND": "snsauto.cache.SharedCache", "LOCATION": settings.REDIS_URL}
    settings.CACHES = {**settings.CACHES, "default": backend}

    answer = api(ada).get(f"{API}/me/")

    assert answer.status_code == 200
    assert answer["X-RateLimit-Remaining"] == "599"


# --- nothing is sent twice, nothing overwritten ---


@pytest.mark.parametrize("path", ["posts/", "posts/{post}/", "accounts/", "me/", "platforms/"])
def test_what_has_not_changed_is_not_sent_again(ada: User, post: Post, path: str) -> None:
    client = api(ada)
    client.get(f"{API}/me/")
    address = f"{API}/{path.format(post=post.pk)}"
    first = client.get(address)

    second = client.get(address, headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, second.status_code, second.content) == (200, 304, b"")
    assert second["ETag"] == first["ETag"]
    assert "X-RateLimit-Remaining" in second


def test_what_has_changed_is_sent(ada: User, post: Post) -> None:
    client = api(ada)
    tag = client.get(f"{API}/posts/{post.pk}/")["ETag"]
    post.deliveries.update(state=State.FAILED)

    answer = client.get(f"{API}/posts/{post.pk}/", headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.json()["state"] == "failed"


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_what_somebody_has_changed_is_not_overwritten(ada: User, ben: User, post: Post, method: str) -> None:
    address = f"{API}/posts/{post.pk}/"
    tag = api(ada).get(address)["ETag"]
    api(ben).patch(address, {"text": "Rye bread"})

    answer = getattr(api(ada), method)(address, {"text": "White bread"}, headers={"If-Match": tag})

    assert (answer.status_code, answer.json()["code"]) == (412, "changed_meanwhile")
    assert Post.objects.get().text == "Rye bread"


def test_what_is_as_it_was_read_is_changed(ada: User, post: Post) -> None:
    client, address = api(ada), f"{API}/posts/{post.pk}/"
    tag = client.get(address)["ETag"]

    answer = client.patch(address, {"text": "Rye bread"}, headers={"If-Match": f'"other", {tag}'})

    assert (answer.status_code, Post.objects.get().text) == (200, "Rye bread")
    assert client.patch(address, {"text": "x"}, headers={"If-Match": tag}).status_code == 412
    assert client.patch(address, {"text": "x"}, headers={"If-Match": "*"}).status_code == 200


def test_a_change_that_is_refused_under_a_tag_leaves_nothing(ada: User, post: Post) -> None:
    client, address = api(ada), f"{API}/posts/{post.pk}/"
    tag = client.get(address)["ETag"]
    body = {"text": "x", "publish": "schedule", "scheduled_at": "2001-01-01T00:00:00Z"}

    answer = client.patch(address, body, headers={"If-Match": tag})

    assert (answer.status_code, Post.objects.get().text) == (400, "Bread")
    assert client.get(address)["ETag"] == tag


@pytest.mark.parametrize("path", ["workspace/", "accounts/{account}/"])
def test_other_rows_have_tags_too(ada: User, post: Post, path: str) -> None:
    client = api(ada)
    address = f"{API}/{path.format(account=post.deliveries.get().account_id)}"
    tag = client.get(address)["ETag"]

    right = client.patch(address, {"is_paused": True}, headers={"If-Match": tag})
    stale = client.patch(address, {"is_paused": False}, headers={"If-Match": tag})

    assert (right.status_code, stale.status_code) == (200, 412)


# --- kept answers ---


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of the test's own."""
    store = Store()
    monkeypatch.setattr(caching, "STORE", store)
    return store


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory(workspace=workspace, handle="bakery")


def handles(client: APIClient) -> list[str]:
    return [row["handle"] for row in client.get(f"{API}/accounts/").json()["results"]]


def test_a_kept_answer_costs_no_query_of_its_rows(
    ada: User, account: Account, store: Store, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api(ada)
    handles(client)

    with django_assert_num_queries(4):  # token, membership, limit, version
        assert handles(client) == ["bakery"]

    assert store.counted == {("accounts", "miss"): 1, ("accounts", "hit"): 1}


def test_who_writes_never_reads_what_was_before(ada: User, account: Account, store: Store) -> None:
    client, browser = api(ada), client_of(ada)
    is_paused = [lambda: client.get(f"{API}/accounts/").json()["results"][0]["is_paused"]][0]
    assert is_paused() is False

    client.patch(f"{API}/accounts/{account.pk}/", {"is_paused": True})
    assert is_paused() is True
    browser.post(f"/accounts/{account.pk}/resume/")
    assert is_paused() is False


def test_what_was_written_may_have_been_the_workspaces_end(workspace: Workspace) -> None:
    caching.raise_version(workspace.pk)
    caching.raise_version(workspace.pk)
    caching.raise_version(workspace.pk + 1)

    assert list(Version.objects.values_list("workspace", "number")) == [(workspace.pk, 2)]


def test_an_answer_is_kept_for_its_time(
    ada: User, account: Account, store: Store, moment: time_machine.Traveller
) -> None:
    client = api(ada)
    handles(client)
    Account.objects.update(handle="renamed")  # as a worker does it

    moment.shift(119)
    assert handles(client) == ["bakery"]
    moment.shift(2)
    assert handles(client) == ["renamed"]


def test_a_workspace_is_never_shown_anothers(ada: User, cho: User, account: Account, store: Store) -> None:
    assert handles(api(ada)) == ["bakery"]
    assert handles(api(cho)) == []


def test_a_question_is_not_answered_with_anothers_answer(ada: User, account: Account, store: Store) -> None:
    client = api(ada)
    handles(client)

    assert client.get(f"{API}/accounts/?is_paused=true").json()["results"] == []


def test_the_answer_read_longest_ago_goes_first() -> None:
    store, made = Store(most=2), []

    def read(key: str) -> Any:
        return store.get("accounts", key, lambda: made.append(key))

    for key in ("a", "b", "a", "c", "a", "b"):
        read(key)

    assert made == ["a", "b", "c", "b"]
    assert store.counted["accounts", "eviction"] == 2
    assert len(store) == 2


def test_a_clock_that_is_set_back_keeps_nothing_for_ever(moment: time_machine.Traveller) -> None:
    store = Store()
    store.get("accounts", "key", lambda: "old")
    moment.shift(-86_400)

    assert store.get("accounts", "key", lambda: "new") == "new"


def test_kept_answers_are_in_the_metrics(
    ada: User, account: Account, store: Store, settings: Settings
) -> None:
    settings.METRICS_TOKEN = "a-token-of-the-tests"
    client = api(ada)
    for _ in range(4):
        handles(client)

    page = APIClient().get("/metrics", headers={"Authorization": "Bearer a-token-of-the-tests"}).text

    assert 'snsauto_cached_answers_total{area="accounts",result="hit"} 3.0' in page
    assert 'snsauto_cached_answers_total{area="accounts",result="miss"} 1.0' in page
    assert Delivery.objects.count() == 0
