"""What could not be sent in time, on one page: send it now, give it the next free slot, or drop it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.models import Membership
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from publishing import deciding
from publishing.deciding import Decision
from publishing.forms.missed import Press
from publishing.free_time import FreeTimes
from publishing.halts import on_its_way
from publishing.models import Delivery, DeliveryQuerySet, State

PAGE_SIZE = 50


def _missed(request: MemberRequest) -> DeliveryQuerySet:
    rows: DeliveryQuerySet = Delivery.objects.visible_to(request.member)
    return rows.filter(state=State.MISSED)


@require_GET
@requires(Permission.VIEW)
def missed(request: MemberRequest) -> HttpResponse:
    """All of it, by post, what was due first at the top; each with the slot it would get."""
    return _render(request)


def _render(request: MemberRequest, problem: str = "", status: int = 200) -> HttpResponse:
    rows = _missed(request).select_related("post", "account")
    rows = rows.prefetch_related("post__postmedia_set__media").order_by(
        "post__scheduled_at", "post_id", "due_at", "pk"
    )
    page = Pages(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": _with_slots(list(page)), "problem": problem}
    return render(request, "publishing/missed.html", context, status=status)


def _with_slots(rows: list[Delivery]) -> list[tuple[Delivery, datetime]]:
    """Each with the time that it would get by itself."""
    times = FreeTimes(row.account_id for row in rows)
    return [(row, times.next(row)) for row in rows]


@require_POST
@requires(Permission.WRITE)
def missed_decide(request: MemberRequest) -> HttpResponse:
    """One, those that are ticked, or all."""
    try:
        press = Press(request.POST)
    except ValidationError as error:
        return _render(request, problem=" ".join(error.messages), status=422)
    rows, event = deciding.decide(request.member, press.narrow(_missed(request)), press.decision)
    if rows:
        address = reverse("publishing:decision-undo", args=[event.pk]) if press.decision.can_be_undone else ""
        messages.success(request, _done(request.member, press.decision, rows), address)
    _tell_late(request, len(set(press.ids)) - len(rows))
    return redirect("publishing:missed")


def _done(member: Membership, decision: Decision, rows: list[Delivery]) -> str:
    """What was done, in a sentence."""
    count = len(rows)
    if decision == Decision.NEXT_FREE:
        return _planned(rows, member.workspace.zone)
    if decision == Decision.DROP:
        return ngettext("%(count)d post dropped.", "%(count)d posts dropped.", count) % {"count": count}
    return on_its_way(member, count)


def _planned(rows: list[Delivery], zone: ZoneInfo) -> str:
    times = sorted(row.due_at.astimezone(zone) for row in rows if row.due_at)
    first, last = (date_format(moment, "D j M, H:i") for moment in (times[0], times[-1]))
    if first == last:
        sentence = ngettext(
            "%(count)d post goes out on %(first)s.", "%(count)d posts go out on %(first)s.", len(rows)
        )
    else:
        sentence = _("%(count)d posts go out between %(first)s and %(last)s.")
    return sentence % {"count": len(rows), "first": first, "last": last}


def _tell_late(request: MemberRequest, count: int) -> None:
    """What was pressed and had been decided by somebody else."""
    if count > 0:
        sentence = ngettext(
            "%(count)d post was decided by somebody else meanwhile.",
            "%(count)d posts were decided by somebody else meanwhile.",
            count,
        )
        messages.warning(request, sentence % {"count": count})


@require_POST
@requires(Permission.WRITE)
def decision_undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Put back what one's own press has just moved or dropped."""
    event = get_object_or_404(deciding.undoable(request.member, pk))
    count = deciding.undo(event)
    if count:
        sentence = ngettext("%(count)d post is back here.", "%(count)d posts are back here.", count)
        messages.success(request, sentence % {"count": count})
    else:
        messages.warning(request, _("Too late: there is nothing left to put back."))
    return redirect("publishing:missed")
