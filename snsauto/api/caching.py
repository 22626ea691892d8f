"""Answers that are kept for a while: bounded, counted, and never older than what their reader wrote.

Each process keeps its own; what makes them true for all is a number per workspace in the database that rises
after every request that may have written. What the workers change shows after the area's time at the latest.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import connection
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Membership
from snsauto.api.authentication import member_of
from snsauto.models import Version

T = TypeVar("T")
Action = TypeVar("Action", bound=Callable[..., Response])

SECONDS = {"accounts": 120, "templates": 300, "analytics": 900}
MOST = 1_500
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
WRITING_VIEWS = frozenset({"accounts:account-callback"})  # where a network sends people back to, by GET

RAISE = f"""
    INSERT INTO {Version._meta.db_table} AS version (workspace_id, number) VALUES (%s, 1)
    ON CONFLICT (workspace_id) DO UPDATE SET number = version.number + 1
"""  # noqa: S608  (the table's name is ours)


class Store:
    """The answers of this process: the one that was read longest ago goes first."""

    def __init__(self, most: int = MOST) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()  # (area, "hit" | "miss" | "eviction")
        self._most = most
        self._kept: OrderedDict[tuple[str, Hashable], tuple[float, object]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, area: str, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, or what `make` makes. Nobody may change it afterwards."""
        moment = time.time()
        with self._lock:
            kept_until, answer = self._kept.get((area, key), (0.0, None))
            is_fresh = moment < kept_until <= moment + SECONDS[area]
            self.counted[area, "hit" if is_fresh else "miss"] += 1
            if is_fresh:
                self._kept.move_to_end((area, key))
                return cast("T", answer)
        made = make()
        with self._lock:
            self._kept[area, key] = (moment + SECONDS[area], made)
            self._kept.move_to_end((area, key))
            while len(self._kept) > self._most:
                evicted, _answer = self._kept.popitem(last=False)
                self.counted[evicted[0], "eviction"] += 1
        return made

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


STORE = Store()


def cached(area: str, workspace_id: int, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` makes of a workspace's rows, kept for the area's time or until somebody writes there."""
    return STORE.get(area, (workspace_id, _version(workspace_id), get_language(), key), make)


def cached_answer(area: str) -> Callable[[Action], Action]:
    """A view's method whose answer is kept: it depends on the address and the workspace's rows alone."""

    def decorate(action: Action) -> Action:
        @wraps(action)
        def answered(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
            def make() -> Any:
                return action(view, request, *args, **kwargs).data

            workspace_id = member_of(request).workspace_id
            return Response(cached(area, workspace_id, request.build_absolute_uri(), make))

        return cast("Action", answered)

    return decorate


def note_writing(request: HttpRequest) -> None:
    """After a request that may have written: what was kept of the member's workspace holds no longer."""
    match = request.resolver_match
    if request.method in SAFE and not (match and match.view_name in WRITING_VIEWS):
        return
    member = getattr(request, "member", None)
    if isinstance(member, SimpleLazyObject) and member.__dict__.get("_wrapped") is empty:
        return  # nobody has asked who it is, so nothing was written for them
    if isinstance(member, Membership):
        raise_version(member.workspace_id)


def raise_version(workspace_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAISE, [workspace_id])


def _version(workspace_id: int) -> int:
    number = Version.objects.filter(workspace_id=workspace_id).values_list("number", flat=True).first()
    return number or 0
