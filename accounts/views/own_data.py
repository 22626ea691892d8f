"""What the desk keeps: taking a copy, and leaving for good."""

from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import exporting, farewells
from accounts.members import NotAllowed
from accounts.middleware import MemberRequest
from accounts.models import AuditEvent, DataExport
from accounts.permissions import Permission, requires
from accounts.settings_forms import FarewellForm


@require_GET
@requires(Permission.VIEW)
def data(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@requires(Permission.OWN)
def export_ask(request: MemberRequest) -> HttpResponse:
    try:
        exporting.ask(request.member)
    except exporting.AlreadyAsked as error:
        return _page(request, 422, export_problem=str(error))
    messages.success(request, _("The copy is being made. You are told when it is there."))
    return redirect("accounts:data")


@never_cache
@require_GET
@requires(Permission.OWN)
def export_take(request: MemberRequest, pk: int) -> HttpResponseBase:
    ready = DataExport.objects.visible_to(request.member).filter(state=DataExport.State.DONE)
    export = get_object_or_404(ready, pk=pk)
    try:
        file = default_storage.open(export.path, "rb")
    except FileNotFoundError as error:
        raise Http404 from error
    AuditEvent.record(request.member, "workspace.export_taken", request.member.workspace)
    name = f"workspace-{request.member.workspace_id}-{export.created_at:%Y-%m-%d}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@never_cache
@require_GET
@requires(Permission.VIEW)
def own_copy(request: MemberRequest) -> HttpResponse:
    """What the desk knows about me, as a file."""
    response = JsonResponse(exporting.of_person(request.user), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = 'attachment; filename="about-me.json"'
    return response


@require_POST
@requires(Permission.OWN)
def workspace_delete(request: MemberRequest) -> HttpResponse:
    form = _workspace_form(request, request.POST)
    if not form.is_valid():
        return _page(request, 422, workspace_form=form)
    farewells.ask_for_workspace(request.member)
    messages.success(
        request, _("The workspace is paused and goes in seven days. Until then you can keep it.")
    )
    return redirect("accounts:data")


@require_POST
@requires(Permission.OWN)
def workspace_keep(request: MemberRequest) -> HttpResponse:
    if farewells.keep_workspace(request.member):
        messages.success(request, _("The workspace stays. It is still paused: resume it when you are ready."))
    return redirect("accounts:data")


@require_POST
@requires(Permission.VIEW)
def user_delete(request: MemberRequest) -> HttpResponse:
    form = _user_form(request, request.POST)
    if form.is_valid():
        try:
            farewells.ask_for_user(request.user)
        except NotAllowed as error:
            form.add_error(None, str(error))
    if not form.is_valid():
        return _page(request, 422, user_form=form)
    messages.success(request, _("Your account goes in seven days. Until then you can keep it."))
    return redirect("accounts:data")


@require_POST
@requires(Permission.VIEW)
def user_keep(request: MemberRequest) -> HttpResponse:
    if farewells.keep_user(request.user):
        messages.success(request, _("Your account stays."))
    return redirect("accounts:data")


def _workspace_form(request: MemberRequest, sent: Any = None) -> FarewellForm:
    label = _("Type the name of the workspace to confirm")
    return FarewellForm(request.member.workspace.name, label, sent, prefix="workspace")


def _user_form(request: MemberRequest, sent: Any = None) -> FarewellForm:
    return FarewellForm(request.user.email, _("Type your e-mail address to confirm"), sent, prefix="user")


def _page(request: MemberRequest, status: int = 200, **bound: Any) -> HttpResponse:
    """The page; `bound` holds the form that was refused, or a problem."""
    member = request.member
    exports = DataExport.objects.visible_to(member).select_related("asked_by")
    context = {
        "exports": exports[:10] if member.may_own else [],
        "workspace_form": _workspace_form(request),
        "user_form": _user_form(request),
    }
    return render(request, "accounts/settings_data.html", context | bound, status=status)
