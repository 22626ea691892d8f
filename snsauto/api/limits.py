"""How often one may ask: limits per person, or per address where nobody is known, shared by all processes.

They are counted in Redis where there is one, else in the database: one statement per request (measured in
docs/decisions/0036). A limit protects the desk; where its store does not answer, requests pass.
"""

import time
import zlib
from dataclasses import dataclass

import structlog
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from snsauto.models import Spent

log = structlog.get_logger(__name__)

DEFAULT = "default"
ANALYTICS, MULTI_PLATFORM, OAUTH = "analytics", "multi_platform", "oauth"
PUBLISH, SCHEDULE = "publish", "schedule"

COUNT_UP = f"""
    INSERT INTO {Spent._meta.db_table} AS spent (key, ends, count) VALUES (%s, %s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN spent.ends < excluded.ends THEN 1 ELSE spent.count + 1 END,
        ends = CASE WHEN spent.ends < excluded.ends THEN excluded.ends ELSE spent.ends END
    RETURNING count
"""  # noqa: S608  (the table's name is ours)


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with one limit; `resets_in` seconds."""

    limit: int
    used: int
    resets_in: int

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)

    @property
    def is_over(self) -> bool:
        return self.used > self.limit


class Limits(BaseThrottle):
    """The limit of everything, and those that the view names in `limits`."""

    def allow_request(self, request: Request, view: object) -> bool:
        spend(request, DEFAULT, *getattr(view, "limits", ()))
        return True


def spend(request: Request, *names: str) -> None:
    """Count a request against limits, each once a request. Raises Throttled where one is used up."""
    counted = standings(request._request)
    for name in names:
        if name not in counted:
            counted[name] = _count(name, _asker(request))
        if counted[name].is_over:
            raise Throttled(wait=counted[name].resets_in)


def standings(request: HttpRequest) -> dict[str, Standing]:
    """What this request was counted against."""
    return request.__dict__.setdefault("api_limits", {})  # type: ignore[no-any-return]


def tell(request: HttpRequest, response: HttpResponseBase) -> None:
    """The limit that is nearest to its end, in the headers of the answer."""
    counted = standings(request).values()
    if counted:
        tightest = min(counted, key=lambda standing: standing.remaining)
        response["X-RateLimit-Limit"] = str(tightest.limit)
        response["X-RateLimit-Remaining"] = str(tightest.remaining)
        response["X-RateLimit-Reset"] = str(tightest.resets_in)


def _asker(request: Request) -> str:
    """The person, whichever of their tokens asks; else the address."""
    user = getattr(request, "_user", None)  # asking for `user` would try once more to authenticate
    if user is not None and user.is_authenticated:
        return f"user {user.pk}"
    return f"address {get_adapter().get_client_ip(request._request)}"


def _count(name: str, asker: str) -> Standing:
    """Windows begin at a moment of the asker's own, so that not all end at the full hour."""
    limit, seconds = settings.API_LIMITS[name]
    key = f"{name} {asker}"
    moment = int(time.time())
    resets_in = seconds - (moment + zlib.crc32(key.encode())) % seconds
    return Standing(limit, _used(key, moment + resets_in, seconds), resets_in)


def _used(key: str, ends: int, seconds: int) -> int:
    if settings.REDIS_URL:
        return _used_by_redis(f"limit {key} {ends}".replace(" ", "|"), seconds)
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_UP, [key, ends])
            return int(cursor.fetchone()[0])
    except DatabaseError as error:
        log.warning("limits are not counted", error=str(error))
        return 0


def _used_by_redis(key: str, seconds: int) -> int:
    """While Redis is away the shared cache counts for this process alone, and says so in the log."""
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # forgotten by Redis in between
        return 1
