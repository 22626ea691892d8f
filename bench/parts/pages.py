"""The lists of a large desk, beside the bare SQL of the same rows and their JSON in the same process."""

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now

from accounts.models import Account, ApiToken, Membership
from analytics.models import AccountDay, Latest, Look, PostSnapshot
from analytics.reading import Range, latest_of, ranked
from bench import large
from bench.network import Network
from bench.values import Value
from inbox.models import Conversation

RUNS = 7
MOST_SEED_SECONDS = 180.0
LEAST_RATIO = 0.2  # at most five times the bare SQL
# What is not there yet, or not any more, is not measured.
PAGES = {
    "queue": "publishing:queue",
    "calendar": "publishing:calendar",
    "library": "publishing:media-list",
    "inbox": "inbox:conversation-list",
    "analytics": "analytics:overview",
}


def measure(_network: Network, posts: int = 100_000) -> list[Value]:
    begun = time.monotonic()
    member = large.fill(posts)
    seconds = time.monotonic() - begun
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    visits = _visits(member)
    found = [Value(f"seeding {posts} posts", seconds, "s", most=MOST_SEED_SECONDS * max(posts / 100_000, 1))]
    for name, visit in visits.items():
        found += _measured(name, visit, is_goal=name == "analytics")
    explain(member)
    return found


def _visits(member: Membership) -> dict[str, Callable[[], int]]:
    """How to ask for each page, as somebody who is logged in."""
    browser = Client()
    browser.force_login(member.user)
    _token, key = ApiToken.issue(member, "bench")
    visits: dict[str, Callable[[], int]] = {}
    talk = Conversation.objects.filter(workspace=member.workspace_id).order_by("pk")[0].pk
    named: list[tuple[str, str, list[int]]] = [(name, view, []) for name, view in PAGES.items()]
    for name, view, args in [*named, ("conversation", "inbox:conversation", [talk])]:
        try:
            visits[name] = _visit(browser, reverse(view, args=args))
        except NoReverseMatch:
            sys.stderr.write(f"{name}: no such page\n")
    program = Client(headers={"Authorization": f"Token {key}"})
    visits["posts API"] = _visit(program, reverse("api:post-list"))
    visits["analytics API"] = _visit(program, reverse("api:analytics-list"))
    return visits


def _visit(client: Client, path: str) -> Callable[[], int]:
    def visit() -> int:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return len(answer.content)

    return visit


def _measured(name: str, visit: Callable[[], int], is_goal: bool) -> list[Value]:
    """Cold: nothing is kept. The floor runs the page's own statements and makes JSON of their rows."""
    visit()
    cache.clear()
    with CaptureQueriesContext(connection) as seen:
        visit()
    statements = [query["sql"] for query in seen.captured_queries if query["sql"].startswith("SELECT")]
    pairs = [(_cold(visit), _timed(lambda: _bare(statements))) for _ in range(RUNS)]
    page, floor = (median(pair[place] for pair in pairs) * 1000 for place in (0, 1))
    warm = median(_timed(visit) for _ in range(RUNS)) * 1000
    goal = LEAST_RATIO if is_goal else None
    return [
        Value(f"{name}, {len(statements)} queries", page, "ms", floor=floor, least_ratio=goal),
        Value(f"{name}, asked again", warm, "ms", floor=floor),
    ]


def _cold(visit: Callable[[], int]) -> float:
    cache.clear()
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
