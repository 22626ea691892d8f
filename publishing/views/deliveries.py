"""What a person decides about one delivery. Each press is answered by the post's page."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from platforms.errors import PlatformError
from publishing import scheduling
from publishing.forms.deliveries import ConfirmForm
from publishing.models import Delivery, Post
from publishing.preflight import Refusal
from publishing.recent import can_list, recent_posts


@require_POST
@requires(Permission.WRITE)
def delivery_retry(request: MemberRequest, pk: int) -> HttpResponse:
    """Send what failed or was missed, now."""
    return _decide(request, pk, scheduling.retry, _("Trying again."))


@require_POST
@requires(Permission.WRITE)
def delivery_continue(request: MemberRequest, pk: int) -> HttpResponse:
    """Try again what belongs beside a published post."""
    return _decide(request, pk, scheduling.go_on, _("Trying the rest again."))


@require_POST
@requires(Permission.WRITE)
def delivery_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """It shall not go out."""
    return _decide(request, pk, scheduling.cancel, _("Cancelled."))


@require_POST
@requires(Permission.WRITE)
def delivery_send_again(request: MemberRequest, pk: int) -> HttpResponse:
    """A person has looked: it is not there."""
    return _decide(request, pk, scheduling.send_again, _("Sending again."))


@require_POST
@requires(Permission.WRITE)
def delivery_look_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Have the network searched once more."""
    return _decide(request, pk, scheduling.look_again, _("Looking on the network."))


@require_POST
@requires(Permission.WRITE)
def delivery_confirm(request: MemberRequest, pk: int) -> HttpResponse:
    """A person has looked: it is there."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That is not an address. Copy it from the browser, or leave it empty."))
        return back(request, _delivery(request, pk).post)
    return _decide(
        request,
        pk,
        lambda delivery: scheduling.confirm_published(delivery, form.cleaned_data["permalink"]),
        _("Noted: it is there."),
    )


@require_GET
@requires(Permission.WRITE)
def delivery_recent(request: MemberRequest, pk: int) -> HttpResponse:
    """The account's posts of the time in question, to pick the one in doubt from."""
    delivery = _delivery(request, pk)
    if not can_list(delivery):
        raise Http404
    context: dict[str, object] = {"delivery": delivery}
    try:
        context["posts"] = recent_posts(delivery)
    except PlatformError as error:
        context["problem"] = f"{error.message} {error.action}".strip()
    part = "#list" if request.headers.get("HX-Request") else ""
    return render(request, f"publishing/delivery_recent.html{part}", context)


def _decide(request: MemberRequest, pk: int, act: Callable[[Delivery], bool], sentence: str) -> HttpResponse:
    delivery = _delivery(request, pk)
    try:
        if act(delivery):
            messages.success(request, sentence)
        else:
            messages.warning(request, _("Too late: its state has changed meanwhile."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return back(request, delivery.post)


def _delivery(request: MemberRequest, pk: int) -> Delivery:
    rows = Delivery.objects.visible_to(request.member).select_related("post", "account")
    return get_object_or_404(rows, pk=pk)


def back(request: MemberRequest, otherwise: Post | str) -> HttpResponse:
    """To the page on which the button stood."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return redirect(target)
    return redirect(otherwise)
