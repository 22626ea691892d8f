"""The staff's page: how the queue is, what is in trouble, and the switches. To others it does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.models import Account, AuditEvent
from publishing import clock
from publishing.engine_rows import Bucket, Circuit, Switch
from snsauto import figures
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


@require_GET
@staff_only
def operations(request: MemberRequest) -> HttpResponse:
    """The queue's health; the live part asks for itself every few seconds."""
    moment = clock.moment()
    networks = figures.networks(moment)
    oldest = min((row.oldest_due_at for row in networks if row.oldest_due_at), default=None)
    context = {
        "moment": moment,
        "networks": networks,
        "totals": _totals(networks),
        "oldest_due_at": oldest,
        "waits": figures.waits(moment),
        "circuits": figures.troubled_circuits(moment),
        "limits": figures.limits(moment),
        "buckets": figures.buckets(moment),
        "incidents": figures.incidents(),
        "pumps": figures.pumps(moment),
        "clusters": figures.clusters(moment),
        "queues": figures.queues(moment),
        "troubles": figures.troubles(moment),
        "switch": Switch.current(),
    }
    part = "#live" if request.headers.get("HX-Request") else ""
    return render(request, f"snsauto/operations.html{part}", context)


def _totals(networks: list[figures.Network]) -> dict[str, int]:
    names = ("due", "late", "running", "waiting", "held", "planned", "published")
    sums = {name: sum(getattr(row, name) for row in networks) for name in names}
    return sums | {"needs_person": sum(row.failed + row.unknown + row.missed for row in networks)}


@require_POST
@staff_only
def circuit_try(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask a network that is left alone again, with one delivery."""
    circuit = get_object_or_404(Circuit, pk=pk)
    if circuit.try_now(clock.moment()):
        _record(request, "circuit.probed", circuit)
        messages.success(request, _("The next post for it shows whether it answers."))
    return redirect("operations")


@require_POST
@staff_only
def circuit_forget(request: MemberRequest, pk: int) -> HttpResponse:
    circuit = get_object_or_404(Circuit, pk=pk)
    circuit.forget_limit()
    return _forgotten(request, circuit)


@require_POST
@staff_only
def bucket_forget(request: MemberRequest, pk: int) -> HttpResponse:
    bucket = get_object_or_404(Bucket, pk=pk)
    bucket.forget_word()
    return _forgotten(request, bucket)


@require_POST
@staff_only
def limits_forget(request: MemberRequest) -> HttpResponse:
    """All accounts of a network (of one server of it) may be sent to again."""
    name, server = request.POST.get("network", ""), request.POST.get("server", "")
    Account.objects.filter(platform_name=name, server=server).update(limited_until=None)
    return _forgotten(request, f"{name} {server}".strip())


def _forgotten(request: MemberRequest, subject: object) -> HttpResponse:
    _record(request, "limit.forgotten", subject)
    messages.success(request, _("Forgotten: it is sent again, until the network says no."))
    return redirect("operations")


def _record(request: MemberRequest, action: str, subject: object) -> None:
    AuditEvent.objects.create(user=request.user, action=action, subject=str(subject)[:255])


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
