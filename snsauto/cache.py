"""The cache that several machines share: Redis, and this process's own memory while Redis is away.

What lies in the cache is never the truth, so a page must not fail for it. Without Redis, limits (of log-ins,
of renderings ordered) count per process until it is back.
"""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 1.0
AWAY_SECONDS = 5.0  # after a failure it is asked again


class SharedCache(BaseCache):
    """Answers always; a failure of Redis costs a second at most, once in five."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        quick = {
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0),  # its own way is three more tries, up to ten seconds apart
        }
        self._shared = RedisCache(server, {**params, "OPTIONS": {**params.get("OPTIONS", {}), **quick}})
        self._own = LocMemCache(f"instead of {server}", params)
        self._ask_again_at = 0.0

    @property
    def is_away(self) -> bool:
        """Whether the last question was not answered."""
        return time.monotonic() < self._ask_again_at

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        if not self.is_away:
            try:
                return getattr(self._shared, method)(*arguments, **options)
            except RedisError as error:
                log.warning("the shared cache does not answer", error=str(error))
                self._ask_again_at = time.monotonic() + AWAY_SECONDS
        return getattr(self._own, method)(*arguments, **options)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._ask("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._ask("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._ask("touch", key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._ask("delete", key, version))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._ask("has_key", key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        self._own.add(key, 0, version=version)  # what Redis has counted until it went away is not known here
        return int(self._ask("incr", key, delta, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return dict(self._ask("get_many", keys, version))

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        return list(self._ask("set_many", data, timeout, version))

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._ask("delete_many", keys, version)

    def clear(self) -> None:
        self._ask("clear")
