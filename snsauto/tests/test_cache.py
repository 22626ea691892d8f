"""The shared cache: one for all machines, and no page that fails because it is away."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.core.cache import BaseCache, caches
from django.test import Client
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.factories import client_of
from accounts.models import User
from snsauto import doctor
from snsauto.cache import SharedCache

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


@pytest.fixture
def shared() -> Iterator[str]:
    """A Redis of this machine; its address."""
    try:
        Redis.from_url(REDIS).ping()
    except RedisError:
        pytest.skip("no Redis on this machine")
    yield REDIS
    SharedCache(REDIS, {"KEY_PREFIX": "test"}).clear()


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def without_redis(settings: Settings, nowhere: str) -> BaseCache:
    """The desk's cache is away."""
    settings.CACHES = {
        **settings.CACHES,
        "default": {"BACKEND": "snsauto.cache.SharedCache", "LOCATION": nowhere},
    }
    return caches["default"]


def test_two_machines_count_together(shared: str) -> None:
    one, other = SharedCache(shared, {"KEY_PREFIX": "test"}), SharedCache(shared, {"KEY_PREFIX": "test"})

    one.set("tries", 1, 60)

    assert other.incr("tries") == 2
    assert one.get("tries") == 2
    assert other.add("tries", 5, 60) is False
    assert one.get_many(["tries", "none"]) == {"tries": 2}
    assert other.delete("tries") is True
    assert one.has_key("tries") is False


def test_without_redis_each_process_remembers_by_itself(nowhere: str) -> None:
    cache = SharedCache(nowhere, {})

    assert cache.add("key", "value", 60) is True
    assert cache.add("key", "other", 60) is False
    assert cache.get("key") == "value"
    assert cache.get_or_set("made", lambda: "here", 60) == "here"
    assert cache.incr("counted") == 1
    assert cache.touch("key", 60) is True
    cache.set_many({"a": 1, "b": 2})
    cache.delete_many(["a"])
    assert cache.get_many(["a", "b"]) == {"b": 2}
    cache.clear()
    assert cache.get("key", "gone") == "gone"


def test_a_redis_that_is_away_costs_next_to_nothing(nowhere: str) -> None:
    cache = SharedCache(nowhere, {})
    started = time.monotonic()

    for n in range(1000):
        cache.set(f"key-{n}", n)

    assert time.monotonic() - started < 1.5


def test_redis_is_asked_again_when_it_is_back(shared: str, nowhere: str) -> None:
    cache: Any = SharedCache(nowhere, {"KEY_PREFIX": "test"})
    cache.get("key")
    assert cache.is_away
    cache._shared = SharedCache(shared, {"KEY_PREFIX": "test"})._shared

    cache._ask_again_at = 0.0
    cache.set("key", "value", 60)

    assert not cache.is_away
    assert SharedCache(shared, {"KEY_PREFIX": "test"}).get("key") == "value"


@pytest.mark.django_db
def test_pages_work_without_redis(without_redis: BaseCache, ada: User) -> None:
    assert client_of(ada).get("/").status_code == 200
    assert client_of(ada).get("/library/").status_code == 200


@pytest.mark.django_db
def test_log_ins_are_limited_without_redis_too(without_redis: BaseCache, ada: User) -> None:
    client = Client()

    answers = [
        client.post("/auth/login/", {"login": ada.email, "password": f"wrong {n}"}).status_code
        for n in range(12)
    ]

    assert answers[0] == 200
    assert "Too many" in client.post("/auth/login/", {"login": ada.email, "password": "wrong"}).text


@pytest.mark.django_db
def test_the_doctor_says_that_redis_is_away(without_redis: BaseCache) -> None:
    finding = doctor.shared_cache()

    assert finding.said == "Redis does not answer"
    assert "REDIS_URL" in finding.advice
