"""The staff's page: how the queue is, what is in trouble, and the switches. To others it does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.middleware import MemberRequest
from publishing.models import Switch
from snsauto.views import page_before

P = ParamSpec("P")
View = Callable[Concatenate[MemberRequest, P], HttpResponse]


def staff_only(view: View[P]) -> View[P]:
    """A view for staff; to others there is no such page."""

    @wraps(view)
    def guarded(request: MemberRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)  # type: ignore[return-value]


@require_POST
@staff_only
def stop(request: MemberRequest) -> HttpResponse:
    """The kill switch: nothing is sent for anybody."""
    reason = request.POST.get("reason", "").strip()[: Switch._meta.get_field("reason").max_length]
    if Switch.stop(request.user, reason):
        sentence = _("The desk is stopped. Nothing is sent for anybody.")
        messages.success(request, sentence, extra_tags=reverse("operations-start"))
    return redirect(page_before(request))


@require_POST
@staff_only
def start(request: MemberRequest) -> HttpResponse:
    if Switch.start(request.user):
        messages.success(request, _("The desk sends again."), extra_tags=reverse("operations-stop"))
    return redirect(page_before(request))
