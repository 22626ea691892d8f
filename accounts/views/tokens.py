"""Keys for programs."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.middleware import MemberRequest
from accounts.models import ApiToken, AuditEvent, Membership
from accounts.permissions import Permission, requires
from accounts.settings_forms import TokenForm


def tokens_of(member: Membership) -> QuerySet[ApiToken]:
    """One's own; who manages the workspace sees everybody's."""
    tokens = ApiToken.objects.visible_to(member).select_related("user")
    return tokens if member.may_manage else tokens.filter(user_id=member.user_id)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def token_list(request: MemberRequest) -> HttpResponse:
    """The keys; sent to, a new one is made and shown, this once."""
    if request.method == "GET":
        return _page(request)
    form = TokenForm(request.POST, prefix="token")
    if not form.is_valid():
        return _page(request, 422, form=form)
    token, key = ApiToken.issue(request.member, form.cleaned_data["name"], form.expires_at, form.granted)
    AuditEvent.record(request.member, "token.created", token, hint=token.hint)
    return _page(request, new_token=token, new_key=key)


@require_POST
@requires(Permission.VIEW)
def token_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(tokens_of(request.member), pk=pk)
    AuditEvent.record(request.member, "token.revoked", token, hint=token.hint)
    token.delete()
    messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("accounts:token-list")


def _page(request: MemberRequest, status: int = 200, **bound: Any) -> HttpResponse:
    """The page; `bound` holds the form that was refused, or the key to be shown once."""
    context = {"tokens": tokens_of(request.member), "form": TokenForm(prefix="token")}
    return render(request, "accounts/settings_tokens.html", context | bound, status=status)
