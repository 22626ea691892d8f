"""Many who ask at the same moment: of two writers one is told, and no request slips past a limit."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.models import ApiToken, User, Workspace
from publishing.factories import PostFactory
from publishing.models import Post

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1"


def at_once(count: int, ask: Callable[[APIClient], Any], key: str) -> Counter[int]:
    """How many got which status, of so many who ask together."""
    gate = Barrier(count)

    def one() -> int:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
        gate.wait(10)
        try:
            return int(ask(client).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return Counter(future.result() for future in [pool.submit(one) for _ in range(count)])


@pytest.fixture
def key(ada: User) -> str:
    _token, key = ApiToken.issue(ada.memberships.get(), "a test")
    return key


def test_of_several_who_read_the_same_one_overwrites(ada: User, workspace: Workspace, key: str) -> None:
    post = PostFactory(workspace=workspace, text="Bread")
    address = f"{API}/posts/{post.pk}/"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    tag = client.get(address)["ETag"]

    told = at_once(4, lambda one: one.patch(address, {"text": "Rye"}, headers={"If-Match": tag}), key)

    assert told == {200: 1, 412: 3}
    assert Post.objects.get().text == "Rye"


def test_no_request_slips_past_a_limit(ada: User, key: str, settings: Settings) -> None:
    settings.API_LIMITS = {**settings.API_LIMITS, "default": (5, 3600)}

    told = at_once(8, lambda one: one.get(f"{API}/me/"), key)

    assert told == {200: 5, 429: 3}


def test_a_key_that_many_send_at_once_acts_once(ada: User, key: str) -> None:
    told = at_once(
        4,
        lambda one: one.post(f"{API}/posts/", {"text": "Once"}, headers={"Idempotency-Key": "k"}),
        key,
    )

    assert set(told) <= {201, 409}
    assert told[201] >= 1
    assert Post.objects.count() == 1
