"""The accounts page: what is connected, how it is doing, and what can be done with it."""

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import connecting
from accounts.connections import LOST_CODES, offers
from accounts.middleware import MemberRequest
from accounts.models import Account, AccountPicture, AuditEvent, Membership, PendingConnection
from accounts.permissions import Permission, requires
from accounts.views.consent import leads_to_networks

WAITING = ("scheduled", "publishing")
LOST = Q(deliveries__state="failed", deliveries__reason_code__in=LOST_CODES)


@require_GET
@leads_to_networks
@requires(Permission.VIEW)
def account_list(request: MemberRequest) -> HttpResponse:
    accounts = (
        Account.objects.visible_to(request.member)
        .defer("credentials")
        .annotate(
            waiting=Count("deliveries", filter=Q(deliveries__state__in=WAITING)),
            lost=Count("deliveries", filter=LOST),
            mended=Count("deliveries", filter=LOST & Q(deliveries__due_at__lt=F("connected_at"))),
        )
    )
    rows = list(accounts)
    context = {
        "accounts": [account for account in rows if account.state != Account.State.DISCONNECTED],
        "disconnected": [account for account in rows if account.state == Account.State.DISCONNECTED],
        "offers": offers(),
        "unfinished": _unfinished(request.member),
    }
    return render(request, "accounts/account_list.html", context)


def _unfinished(member: Membership) -> list[PendingConnection]:
    return list(
        PendingConnection.objects.filter(
            user_id=member.user_id,
            workspace_id=member.workspace_id,
            created_at__gt=now() - PendingConnection.LIFETIME,
        ).defer("kept")
    )


@require_POST
@requires(Permission.CONNECT)
def account_pause(request: MemberRequest, pk: int) -> HttpResponse:
    return _set_paused(request, pk, True, _("%(handle)s is paused. Nothing goes out until you resume it."))


@require_POST
@requires(Permission.CONNECT)
def account_resume(request: MemberRequest, pk: int) -> HttpResponse:
    return _set_paused(request, pk, False, _("%(handle)s goes on."))


def _set_paused(request: MemberRequest, pk: int, paused: bool, sentence: str) -> HttpResponse:
    account = _account_or_404(request, pk)
    if account.set_paused(paused):
        AuditEvent.record(request.member, "account.paused" if paused else "account.resumed", account)
        undo = reverse("accounts:account-resume" if paused else "accounts:account-pause", args=[pk])
        messages.success(request, sentence % {"handle": account.handle}, extra_tags=undo)
    return redirect("accounts:account-list")


@require_http_methods(["GET", "POST"])
@requires(Permission.CONNECT)
def account_disconnect(request: MemberRequest, pk: int) -> HttpResponse:
    """Say what it means, then do it: it cannot be undone."""
    account = _account_or_404(request, pk)
    waiting = account.deliveries.filter(state__in=WAITING).count()
    if request.method != "POST":
        return render(request, "accounts/account_disconnect.html", {"account": account, "waiting": waiting})
    connecting.disconnect(request.member, account)
    messages.success(request, _("%(handle)s is disconnected.") % {"handle": account.handle})
    return redirect("accounts:account-list")


@require_GET
@requires(Permission.VIEW)
@cache_control(private=True, max_age=31_536_000, immutable=True)
def account_picture(request: MemberRequest, pk: int, version: str) -> HttpResponse:
    """What stands under an address never changes, so browsers keep it; nobody shares it."""
    accounts = Account.objects.visible_to(request.member)
    picture = get_object_or_404(
        AccountPicture, account__in=accounts, account_id=pk, account__picture_version=version
    )
    return HttpResponse(bytes(picture.image), content_type="image/webp")


def _account_or_404(request: MemberRequest, pk: int) -> Account:
    accounts = Account.objects.visible_to(request.member).connected().defer("credentials")
    return get_object_or_404(accounts, pk=pk)
