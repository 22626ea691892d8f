"""The desk in the morning: what goes out next, what needs a person, what the week brought."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.middleware import MemberRequest
from accounts.models import EXPIRY_WARNING, Account, Membership, Workspace
from accounts.permissions import Permission, requires
from analytics.metrics import change
from analytics.reading import Book, Range
from inbox.models import Conversation
from publishing.models import NEEDS_PERSON, Delivery, DeliveryQuerySet, Post, State

FEW = 6
LATELY = 80  # deliveries that are looked through for the posts that went out last
WEEK = timedelta(days=7)
TOLD = {
    "posts": _("Posts"),
    "views": _("Views"),
    "engagements": _("Engagement"),
    "new_followers": _("New followers"),
}


@dataclass(frozen=True)
class Figure:
    """What seven days brought, and the seven before; None: no network told it."""

    label: str
    value: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        """In percent; None where there is nothing to compare with."""
        share = change(self.value, self.before)
        return None if share is None else 100 * share


@dataclass(frozen=True)
class Out:
    """A post that went out lately, with its deliveries among the latest of the workspace."""

    post: Post
    deliveries: list[Delivery]

    @property
    def first(self) -> Delivery:
        """The one that went out last."""
        return self.deliveries[0]


@require_GET
@requires(Permission.VIEW)
def home(request: MemberRequest) -> HttpResponse:
    """Lists are short here; each leads to its page."""
    member = request.member
    deliveries = Delivery.objects.visible_to(member).select_related("post", "account")
    waiting = Delivery.objects.filter(post=OuterRef("pk"), state__in=(State.SCHEDULED, State.PUBLISHING))
    upcoming = Post.objects.visible_to(member).filter(Exists(waiting), scheduled_at__isnull=False)
    context = {
        "upcoming": list(upcoming.with_deliveries().order_by("scheduled_at", "pk")[:FEW]),
        "troubled": list(deliveries.filter(state__in=NEEDS_PERSON).order_by("-due_at", "-pk")[:FEW]),
        "troubled_count": deliveries.filter(state__in=NEEDS_PERSON).count(),
        "warned": list(deliveries.warned().order_by("due_at", "pk")[:FEW]),
        "late_count": deliveries.late(now()).count(),
        "accounts": _accounts_in_trouble(member),
        "recent": _went_out(deliveries),
        "steps": _first_steps(member),
        "conversations": _unanswered(member),
        "week": _week(member),
    }
    return render(request, "snsauto/home.html", context)


def _went_out(deliveries: DeliveryQuerySet) -> list[Out]:
    """The latest deliveries by their post, so that one post to many accounts is told once."""
    rows = deliveries.filter(state=State.PUBLISHED).order_by("-published_at", "-pk")[:LATELY]
    posts: dict[int, list[Delivery]] = {}
    for row in rows:
        posts.setdefault(row.post_id, []).append(row)
    return [Out(rows[0].post, rows) for rows in list(posts.values())[:FEW]]


def _accounts_in_trouble(member: Membership) -> list[Account]:
    """Those that must be connected again, now or within a week."""
    ends_soon = Q(state=Account.State.CONNECTED, refresh_at=None, expires_at__lt=now() + EXPIRY_WARNING)
    accounts = Account.objects.visible_to(member)
    return list(accounts.filter(Q(state=Account.State.EXPIRED) | ends_soon))


def _unanswered(member: Membership) -> list[Conversation]:
    """Who has waited longest for an answer: the person's own first."""
    rows = Conversation.objects.visible_to(member).waiting().select_related("account", "person")
    others = Case(When(assignee=member.user_id, then=0), default=1)
    return list(rows.order_by(others, "last_in_at", "pk")[:FEW])


def _week(member: Membership) -> list[Figure]:
    """The last seven days, today among them, against the seven before."""
    zone = member.workspace.zone
    today = now().astimezone(zone).date()
    span = Range(today - WEEK + timedelta(days=1), today, zone)
    book = Book(member.workspace, Range(span.before().first, today, zone))
    this, last = book.totals(span).values, book.totals(span.before()).values
    return [Figure(str(label), this.get(name), last.get(name)) for name, label in TOLD.items()]


def _first_steps(member: Membership) -> dict[str, bool]:
    """The first minutes' list: connect, write, schedule; gone once all is done."""
    here = Workspace.objects.filter(pk=member.workspace_id)  # one question for all three
    steps = here.values_list(
        Exists(Account.objects.visible_to(member).connected()),
        Exists(Post.objects.visible_to(member)),
        Exists(Delivery.objects.visible_to(member).exclude(state=State.DRAFT)),
    ).get()
    return dict(zip(("connected", "written", "planned", "done"), (*steps, all(steps)), strict=True))
