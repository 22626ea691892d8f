"""What a person was told: the list, and the way from each to what it is about."""

from contextlib import suppress

from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.models import Membership, Notification
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from accounts.workspaces import switch_workspace

PAGE_SIZE = 30
IN_THE_BELL = 6


@require_GET
@requires(Permission.VIEW)
def notice_list(request: MemberRequest) -> HttpResponse:
    """Newest first, of all the workspaces that the person is in."""
    rows = Notification.objects.told_to(request.user).select_related("workspace")
    page = Pages(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "accounts/notice_list.html", {"page": page, "zone": request.member.workspace.zone})


@require_POST
@requires(Permission.VIEW)
def notices_read(request: MemberRequest) -> HttpResponse:
    """The person has seen them all."""
    Notification.objects.told_to(request.user).unread().update(read_at=now())
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return redirect(target if is_ours else "notices:notice-list")


@require_GET
@requires(Permission.VIEW)
def bell(request: MemberRequest) -> HttpResponse:
    """How much is unread, for the bell that asks every few seconds: 304 while nothing has changed."""
    unread = Notification.objects.told_to(request.user).unread()
    seen = unread.aggregate(count=Count("pk"), newest=Max("created_at"))
    tag = f'"{seen["count"]}-{seen["newest"].timestamp() if seen["newest"] else 0}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, "accounts/_bell.html", {"unread": seen["count"]})
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


@never_cache
@require_GET
@requires(Permission.VIEW)
def newest(request: MemberRequest) -> HttpResponse:
    """The last few, as the bell shows them."""
    rows = Notification.objects.told_to(request.user).select_related("workspace")[:IN_THE_BELL]
    return render(request, "accounts/_newest.html", {"notices": rows})


@never_cache
@require_GET
@requires(Permission.VIEW)
def notice_open(request: MemberRequest, pk: int) -> HttpResponse:
    """Lead to what a notice is about, in the workspace that it is about; it is read then."""
    notice = get_object_or_404(Notification.objects.told_to(request.user), pk=pk)
    Notification.objects.told_to(request.user).unread().filter(pk=pk).update(read_at=now())
    if notice.workspace_id not in {None, request.member.workspace_id}:
        with suppress(Membership.DoesNotExist):  # left it since; then there is nothing to see there either
            switch_workspace(request.user, notice.workspace_id)
    return redirect(notice.url or "notices:notice-list")
