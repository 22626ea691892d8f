"""The lists of a large desk, beside the bare SQL of the same rows and their JSON in the same process."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Account, ApiToken, Membership
from analytics.models import AccountDay, Latest, Look, PostSnapshot
from analytics.reading import Range, latest_of, ranked
from bench import large
from bench.network import Network
from bench.values import Value
from inbox.models import Conversation
from snsauto.api.caching import STORE

RUNS = 9
MOST_SEED_SECONDS = 180.0
MOST_KB = 100.0


@dataclass(frozen=True)
class Asked:
    """A page or a list of the API, how many statements it may take, and how near to its floor it must be."""

    view: str
    query: str = ""
    most: int = 8
    least_ratio: float | None = None  # a page is drawn as well: how long that takes is told, not promised


ASKED = {
    "queue": Asked("publishing:queue"),
    "queue, needs you": Asked("publishing:queue", "?show=trouble"),
    "queue, published": Asked("publishing:queue", "?show=published"),
    "calendar": Asked("publishing:calendar"),
    "library": Asked("publishing:media-list"),
    "notices": Asked("notices:notice-list"),
    "inbox": Asked("inbox:conversation-list"),
    "conversation": Asked("inbox:conversation", most=12),
    "analytics": Asked("analytics:overview", most=12, least_ratio=0.2),
    "API posts": Asked("api:post-list", least_ratio=0.25),
    "API deliveries": Asked("api:delivery-list", least_ratio=0.25),
    "API queue": Asked("api:queue", least_ratio=0.25),
    "API media": Asked("api:media-list", least_ratio=0.25),
    "API conversations": Asked("api:conversation-list", least_ratio=0.25),
    "API notifications": Asked("api:notification-list", least_ratio=0.25),
    "API analytics": Asked("api:analytics-list", most=12, least_ratio=0.2),
}


def measure(_network: Network, posts: int = 100_000) -> list[Value]:
    begun = time.monotonic()
    member = large.fill(posts)
    seconds = time.monotonic() - begun
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    found = [Value(f"seeding {posts} posts", seconds, "s", most=MOST_SEED_SECONDS * max(posts / 100_000, 1))]
    for name, visit in _visits(member).items():
        found += _measured(name, ASKED[name], visit)
    explain(member)
    return found


def _visits(member: Membership) -> dict[str, Callable[[], int]]:
    """How to ask for each of them, as somebody who is logged in, or as a program."""
    browser = Client()
    browser.force_login(member.user)
    _token, key = ApiToken.issue(member, "bench")
    program = Client(headers={"Authorization": f"Token {key}"})
    talk = Conversation.objects.filter(workspace=member.workspace_id).order_by("pk")[0].pk
    visits = {}
    for name, asked in ASKED.items():
        args = [talk] if asked.view == "inbox:conversation" else []
        client = program if asked.view.startswith("api:") else browser
        visits[name] = _visit(client, f"{reverse(asked.view, args=args)}{asked.query}")
    return visits


def _visit(client: Client, path: str) -> Callable[[], int]:
    def visit() -> int:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return len(answer.content)

    return visit


def _measured(name: str, asked: Asked, visit: Callable[[], int]) -> list[Value]:
    """Cold: nothing is kept. The floor runs the page's own statements and makes JSON of their rows."""
    size = visit()
    _forget()
    with CaptureQueriesContext(connection) as seen:
        visit()
    statements = [query["sql"] for query in seen.captured_queries]
    reading = [sql for sql in statements if sql.startswith(("SELECT", "(SELECT"))]
    pairs = [(_cold(visit), _timed(lambda: _bare(reading))) for _ in range(RUNS)]
    page, floor = (median(pair[place] for pair in pairs) * 1000 for place in (0, 1))
    is_page = not asked.view.startswith("api:")
    return [
        Value(f"{name}, statements", len(statements), "", most=asked.most),
        Value(name, page, "ms", floor=floor, least_ratio=asked.least_ratio),
        Value(f"{name}, size", size / 1000, "KB", most=MOST_KB if is_page else None),
    ]


def _forget() -> None:
    cache.clear()
    STORE.clear()


def _cold(visit: Callable[[], int]) -> float:
    _forget()
    return _timed(visit)


def _timed(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _bare(statements: list[str]) -> int:
    size = 0
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.cursor.execute(statement)
            size += len(json.dumps(cursor.fetchall(), default=str))
    return size


def explain(member: Membership) -> None:
    """How the database finds the rows of an overview and of a post's page, for the documents."""
    zone = member.workspace.zone
    today = now().astimezone(zone).date()
    span = Range(today - timedelta(days=27), today, zone)
    accounts = list(Account.objects.filter(workspace=member.workspace_id).values_list("pk", flat=True))
    days = AccountDay.objects.filter(
        account_id__in=accounts, day__gte=span.before().first, day__lte=span.last
    )
    post = Latest.objects.filter(workspace=member.workspace_id).values("delivery")[:1]
    queries = {
        "days of 28 days and the 28 before": days.order_by("day"),
        "best posts of 28 days": ranked(latest_of(member.workspace, span), "engagements")[:5],
        "snapshots of one post": PostSnapshot.objects.filter(delivery=post),
        "what is to be asked": Look.objects.due(now()).order_by("due_at", "pk")[:20],
        "what is to be counted": AccountDay.objects.filter(is_counted=False).order_by()[:500],
    }
    for name, query in queries.items():
        sys.stderr.write(f"--- {name}\n{query.explain(analyze=True)}\n")
