"""The workspace: which one I am in, its name and clock, and its face."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import brand
from accounts.middleware import MemberRequest
from accounts.models import AuditEvent, Membership
from accounts.permissions import Permission, requires
from accounts.settings_forms import BrandForm, WorkspaceForm
from accounts.workspaces import switch_workspace

A_YEAR = 31_536_000


@require_POST
@requires(Permission.VIEW)
def workspace_switch(request: MemberRequest) -> HttpResponse:
    workspace = request.POST.get("workspace", "")
    try:
        switch_workspace(request.user, int(workspace) if workspace.isdecimal() else 0)
    except Membership.DoesNotExist as error:
        raise Http404 from error
    return redirect("home")


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def workspace_settings(request: MemberRequest) -> HttpResponse:
    return workspace_update(request) if request.method == "POST" else _page(request)


@requires(Permission.MANAGE)
def workspace_update(request: MemberRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST, instance=request.member.workspace, prefix="workspace")
    if not form.is_valid():
        request.member.workspace.refresh_from_db()
        return _page(request, 422, workspace_form=form)
    form.save()
    AuditEvent.record(request.member, "workspace.changed", form.instance, fields=list(form.changed_data))
    messages.success(request, _("The workspace is saved."))
    return redirect("accounts:workspace")


@require_POST
@requires(Permission.MANAGE)
def brand_update(request: MemberRequest) -> HttpResponse:
    """The colour, and a new logo where one was chosen."""
    member = request.member
    form = BrandForm(request.POST, request.FILES, instance=member.workspace, prefix="brand")
    if form.is_valid():
        try:
            if form.cleaned_data["logo"]:
                brand.set_logo(member, form.cleaned_data["logo"])
        except brand.NoLogo as error:
            form.add_error("logo", str(error))
    if not form.is_valid():
        member.workspace.refresh_from_db()
        return _page(request, 422, brand_form=form)
    if "brand_colour" in form.changed_data:
        member.workspace.save(update_fields=["brand_colour"])
        AuditEvent.record(member, "workspace.changed", member.workspace, fields=["brand_colour"])
    messages.success(request, _("The brand is saved."))
    return redirect("accounts:workspace")


@require_POST
@requires(Permission.MANAGE)
def logo_remove(request: MemberRequest) -> HttpResponse:
    if brand.remove_logo(request.member):
        messages.success(request, _("The logo is removed."))
    return redirect("accounts:workspace")


@require_GET
@requires(Permission.VIEW)
def logo(request: MemberRequest, version: str) -> HttpResponse:
    """The logo; another one has another address, so that browsers may keep it."""
    workspace = request.member.workspace
    image = workspace.logo_image if version == workspace.logo_version else None
    if image is None:
        raise Http404
    response = HttpResponse(image, content_type="image/png")
    response["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    return response


@require_POST
@requires(Permission.MANAGE)
def workspace_pause(request: MemberRequest) -> HttpResponse:
    if request.member.workspace.set_paused(True, request.user):
        sentence = _("%(name)s is paused. Nothing goes out until you resume it.")
        _say_paused(request, sentence, undo="accounts:workspace-resume")
    return redirect("accounts:workspace")


@require_POST
@requires(Permission.MANAGE)
def workspace_resume(request: MemberRequest) -> HttpResponse:
    if request.member.workspace.set_paused(False, request.user):
        _say_paused(request, _("%(name)s goes on."), undo="accounts:workspace-pause")
    return redirect("accounts:workspace")


def _say_paused(request: MemberRequest, sentence: str, undo: str) -> None:
    messages.success(request, sentence % {"name": request.member.workspace}, extra_tags=reverse(undo))


def _page(request: MemberRequest, status: int = 200, **bound: Any) -> HttpResponse:
    """The page; `bound` holds the form that was refused."""
    workspace = request.member.workspace
    context = {
        "workspace_form": WorkspaceForm(instance=workspace, prefix="workspace"),
        "brand_form": BrandForm(instance=workspace, prefix="brand"),
    }
    return render(request, "accounts/settings_workspace.html", context | bound, status=status)
