"""Webhooks: which there are, what they were sent, and what they answered."""

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import webhook_sending, webhooks
from accounts.middleware import MemberRequest
from accounts.models import Dispatch, Webhook
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from accounts.settings_forms import EVENT_WORDS, WebhookForm

PAGE_SIZE = 30


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE)
def webhook_list(request: MemberRequest) -> HttpResponse:
    """The webhooks; sent to, a new one is made and its secret is shown."""
    form = WebhookForm(request.POST or None, prefix="hook")
    if request.method == "POST" and form.is_valid():
        try:
            hook = webhooks.create(request.member, form.cleaned_data["url"], form.cleaned_data["events"])
        except webhooks.TooMany as error:
            form.add_error(None, str(error))
        else:
            return _detail(request, hook, new_secret=hook.secret)
    hooks = Webhook.objects.visible_to(request.member)
    context = {"hooks": hooks, "form": form, "words": EVENT_WORDS}
    return render(request, "accounts/settings_webhooks.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE)
def webhook_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """One webhook with what was sent; sent to, it is changed."""
    hook = _hook_or_404(request, pk)
    if request.method == "GET":
        return _detail(request, hook)
    form = WebhookForm(request.POST, instance=hook, prefix="hook")
    if not form.is_valid():
        hook.refresh_from_db()
        return _detail(request, hook, 422, form=form)
    wanted = form.cleaned_data
    hook.refresh_from_db()
    webhooks.change(request.member, hook, url=wanted["url"], events=wanted["events"], is_on=hook.is_on)
    messages.success(request, _("The webhook is saved."))
    return redirect("accounts:webhook-detail", pk=pk)


@require_POST
@requires(Permission.MANAGE)
def webhook_switch(request: MemberRequest, pk: int) -> HttpResponse:
    """On or off, the other than it is said to be."""
    hook = _hook_or_404(request, pk)
    is_on = request.POST.get("on") == "yes"
    webhooks.change(request.member, hook, url=hook.url, events=hook.events, is_on=is_on)
    messages.success(request, _("The webhook is on.") if is_on else _("The webhook is off."))
    return redirect("accounts:webhook-detail", pk=pk)


@require_POST
@requires(Permission.MANAGE)
def webhook_test(request: MemberRequest, pk: int) -> HttpResponse:
    webhooks.send_test(request.member, _hook_or_404(request, pk))
    messages.success(request, _("A test is on its way. What comes back stands below in a few seconds."))
    return redirect("accounts:webhook-detail", pk=pk)


@never_cache
@require_POST
@requires(Permission.MANAGE)
def webhook_rotate(request: MemberRequest, pk: int) -> HttpResponse:
    """A new secret, shown this once."""
    hook = _hook_or_404(request, pk)
    return _detail(request, hook, new_secret=webhooks.rotate(request.member, hook))


@require_POST
@requires(Permission.MANAGE)
def webhook_delete(request: MemberRequest, pk: int) -> HttpResponse:
    hook = _hook_or_404(request, pk)
    webhooks.delete(request.member, hook)
    messages.success(request, _("The webhook is deleted."))
    return redirect("accounts:webhook-list")


@require_POST
@requires(Permission.MANAGE)
def dispatch_redeliver(request: MemberRequest, pk: int) -> HttpResponse:
    dispatch = get_object_or_404(Dispatch.objects.visible_to(request.member).select_related("webhook"), pk=pk)
    if not dispatch.webhook.is_on:
        messages.error(request, _("The webhook is off. Switch it on first."))
    elif webhooks.redeliver(request.member, dispatch):
        messages.success(request, _("It is sent again."))
    return redirect("accounts:webhook-detail", pk=dispatch.webhook_id)


def _detail(request: MemberRequest, hook: Webhook, status: int = 200, **bound: Any) -> HttpResponse:
    """The page; `bound` holds the form that was refused, or the secret to be shown once."""
    dispatches = hook.dispatches.select_related("happening", "webhook")
    page = Pages(dispatches, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "hook": hook,
        "form": WebhookForm(instance=hook, prefix="hook"),
        "page": page,
        "messages_sent": [(row, _as_text(row), _tries(row)) for row in page],
        "old_signs": hook.old_secret_until and hook.old_secret_until > now(),
        "words": EVENT_WORDS,
    }
    return render(request, "accounts/settings_webhook.html", context | bound, status=status)


def _as_text(dispatch: Dispatch) -> str:
    """What is sent, as people read it."""
    return json.dumps(webhook_sending.told(dispatch), indent=2, ensure_ascii=False)


def _tries(dispatch: Dispatch) -> list[dict[str, Any]]:
    return [{**one, "at": datetime.fromisoformat(one["at"])} for one in dispatch.history]


def _hook_or_404(request: MemberRequest, pk: int) -> Webhook:
    return get_object_or_404(Webhook.objects.visible_to(request.member), pk=pk)
