"""Connecting an account: what the network asks, the way to its consent page, and the way back."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import choosing, connecting
from accounts.connections import app_for, offers
from accounts.forms import ConnectForm
from accounts.middleware import MemberRequest
from accounts.models import Account
from accounts.permissions import Permission, requires
from accounts.views.consent import leads_to_networks
from platforms.base import ConnectMethod, Platform
from platforms.errors import PlatformError
from platforms.registry import PLATFORMS


@require_http_methods(["GET", "POST"])
@leads_to_networks
@requires(Permission.CONNECT)
def account_connect(request: MemberRequest, platform_name: str, method_name: str) -> HttpResponse:
    """Ask what the network wants to know; on POST go to its consent page, or log in."""
    platform, method = _method_or_404(platform_name, method_name)
    again = _again(request, platform)
    initial = {"server": again.server, "handle": again.handle} if again else {}
    form = ConnectForm(method, request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _connect(request, platform, method, form.cleaned_data, again)
            except PlatformError as error:
                form.add_error(None, connecting.in_words(error))
    context = {
        "platform": platform,
        "method": method,
        "form": form,
        "again": again,
        "offer": offers()[platform.name],
    }
    return render(request, "accounts/account_connect.html", context, status=status)


def _connect(
    request: MemberRequest,
    platform: type[Platform],
    method: ConnectMethod,
    fields: Mapping[str, str],
    again: Account | None,
) -> HttpResponse:
    number = again.pk if again else None
    if method.asks_consent:
        return redirect(connecting.start(request.member, platform, method.told(fields), number))
    return _granted(request, connecting.log_in(request.member, platform, fields, number))


@require_GET
@requires(Permission.VIEW)  # the workspace where it was begun is asked for more
def account_callback(request: MemberRequest, platform_name: str) -> HttpResponse:
    """Where a network sends people back to. Whatever went wrong is said on the accounts page."""
    try:
        grant = connecting.come_back(request.user, _platform_or_404(platform_name), request.GET.dict())
        return _granted(request, grant)
    except connecting.ConnectionLost as error:
        messages.error(request, str(error))
    except PlatformError as error:
        messages.error(request, connecting.in_words(error))
    return redirect("accounts:account-list")


def _granted(request: MemberRequest, grant: connecting.Granted) -> HttpResponse:
    if len(grant.profiles) > 1:
        return redirect("accounts:account-choose", choosing.postpone(grant).key)
    return _kept(request, grant, connecting.keep(grant, grant.profiles))


def _kept(request: HttpRequest, grant: connecting.Granted, accounts: list[Account]) -> HttpResponse:
    handles = ", ".join(account.handle for account in accounts)
    sentence = ngettext("%(handles)s is connected.", "%(handles)s are connected.", len(accounts))
    messages.success(request, sentence % {"handles": handles})
    expected = Account.objects.filter(pk=grant.again or 0).defer("credentials").first()
    if expected and expected not in accounts:
        messages.warning(
            request,
            _(
                "You logged in as %(handles)s, so this was connected as an account of its own. "
                "%(expected)s still has to be connected again."
            )
            % {"handles": handles, "expected": expected.handle},
        )
    return redirect("accounts:account-list")


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)  # the workspace where it was begun is asked for more
def account_choose(request: MemberRequest, key: str) -> HttpResponse:
    """Choose among the profiles that the network granted."""
    try:
        grant = choosing.resume(request.user, key)
    except connecting.ConnectionLost as error:
        messages.error(request, str(error))
        return redirect("accounts:account-list")
    wanted = request.POST.getlist("profile")
    chosen = tuple(profile for profile in grant.profiles if profile.remote_id in wanted)
    if chosen:
        accounts = connecting.keep(grant, chosen)
        choosing.finish(key)
        return _kept(request, grant, accounts)
    missing = request.method == "POST"
    context = {"grant": grant, "missing": missing}
    return render(request, "accounts/account_choose.html", context, status=422 if missing else 200)


@require_GET
def client_document(_request: HttpRequest, platform_name: str) -> JsonResponse:
    """Who we are, for a network that looks it up here."""
    platform = _platform_or_404(platform_name)
    document = platform.client_metadata(app_for(platform.name), settings.SITE_URL)
    if document is None:
        raise Http404
    return JsonResponse(document)


def _platform_or_404(name: str) -> type[Platform]:
    if name not in PLATFORMS:
        raise Http404
    return PLATFORMS[name]


def _method_or_404(platform_name: str, method_name: str) -> tuple[type[Platform], ConnectMethod]:
    platform = _platform_or_404(platform_name)
    for method in platform.connect_methods:
        if method.name == method_name:
            return platform, method
    raise Http404


def _again(request: MemberRequest, platform: type[Platform]) -> Account | None:
    """The account that is to be connected again, where the person came from one."""
    pk = request.GET.get("account") or request.POST.get("account") or ""
    if not pk.isdecimal():
        return None
    accounts = Account.objects.visible_to(request.member).filter(pk=int(pk), platform_name=platform.name)
    return accounts.defer("credentials").first()
