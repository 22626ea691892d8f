"""The desk in the morning: what goes out next, what needs a person, what went out."""

from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts.middleware import MemberRequest
from accounts.models import EXPIRY_WARNING, Account
from accounts.permissions import Permission, requires
from publishing.models import NEEDS_PERSON, Delivery, Post, State

FEW = 6


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
        "accounts": _accounts_in_trouble(request),
        "recent": list(deliveries.filter(state=State.PUBLISHED).order_by("-published_at", "-pk")[:FEW]),
        "steps": _first_steps(request),
    }
    return render(request, "publishing/home.html", context)


def _accounts_in_trouble(request: MemberRequest) -> list[Account]:
    """Those that must be connected again, now or within a week."""
    ends_soon = Q(state=Account.State.CONNECTED, refresh_at=None, expires_at__lt=now() + EXPIRY_WARNING)
    accounts = Account.objects.visible_to(request.member)
    return list(accounts.filter(Q(state=Account.State.EXPIRED) | ends_soon))


def _first_steps(request: MemberRequest) -> dict[str, bool]:
    """The first minutes' list: connect, write, schedule; gone once all is done."""
    member = request.member
    connected = Account.objects.visible_to(member).connected().exists()
    written = Post.objects.visible_to(member).exists()
    planned = Delivery.objects.visible_to(member).exclude(state=State.DRAFT).exists()
    return {
        "connected": connected,
        "written": written,
        "planned": planned,
        "done": written and planned and connected,
    }
