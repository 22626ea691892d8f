"""The settings page: who I am, the workspace, its members, and keys for programs."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import members
from accounts.forms import MemberForm, ProfileForm, RoleForm, TokenForm, WorkspaceForm
from accounts.middleware import MemberRequest
from accounts.models import ApiToken, AuditEvent, Membership
from accounts.permissions import Permission, requires
from accounts.workspaces import switch_workspace


@require_POST
@requires(Permission.VIEW)
def workspace_switch(request: MemberRequest) -> HttpResponse:
    workspace = request.POST.get("workspace", "")
    try:
        switch_workspace(request.user, int(workspace) if workspace.isdecimal() else 0)
    except Membership.DoesNotExist as error:
        raise Http404 from error
    return redirect("home")


@require_GET
@requires(Permission.VIEW)
def settings(request: MemberRequest) -> HttpResponse:
    return _page(request)


def _page(request: MemberRequest, status: int = 200, **bound: Any) -> HttpResponse:
    """The settings page; `bound` holds the form that was refused, or the key to be shown once."""
    member = request.member
    tokens = ApiToken.objects.visible_to(member).select_related("user")
    context: dict[str, Any] = {
        "profile_form": ProfileForm(instance=request.user, prefix="profile"),
        "workspace_form": WorkspaceForm(instance=member.workspace, prefix="workspace"),
        "members": Membership.objects.visible_to(member).select_related("user").order_by("pk"),
        "member_form": MemberForm(prefix="member"),
        "roles": RoleForm.base_fields["role"].choices,  # type: ignore[attr-defined]
        "tokens": tokens if member.may_manage else tokens.filter(user_id=member.user_id),
        "token_form": TokenForm(prefix="token"),
    }
    return render(request, "accounts/settings.html", context | bound, status=status)


@require_POST
@requires(Permission.VIEW)
def profile_update(request: MemberRequest) -> HttpResponse:
    form = ProfileForm(request.POST, instance=request.user, prefix="profile")
    if not form.is_valid():
        return _page(request, 422, profile_form=form)
    form.save()
    return _done(request, _("Your profile is saved."), "profile")


@require_POST
@requires(Permission.MANAGE)
def workspace_update(request: MemberRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST, instance=request.member.workspace, prefix="workspace")
    if not form.is_valid():
        request.member.workspace.refresh_from_db()
        return _page(request, 422, workspace_form=form)
    form.save()
    AuditEvent.record(request.member, "workspace.changed", form.instance, fields=list(form.changed_data))
    return _done(request, _("The workspace is saved."), "workspace")


@require_POST
@requires(Permission.MANAGE)
def workspace_pause(request: MemberRequest) -> HttpResponse:
    if request.member.workspace.set_paused(True, request.user):
        sentence = _("%(name)s is paused. Nothing goes out until you resume it.")
        _say_paused(request, sentence, undo="accounts:workspace-resume")
    return _to_section("workspace")


@require_POST
@requires(Permission.MANAGE)
def workspace_resume(request: MemberRequest) -> HttpResponse:
    if request.member.workspace.set_paused(False, request.user):
        _say_paused(request, _("%(name)s goes on."), undo="accounts:workspace-pause")
    return _to_section("workspace")


def _say_paused(request: MemberRequest, sentence: str, undo: str) -> None:
    messages.success(request, sentence % {"name": request.member.workspace}, extra_tags=reverse(undo))


@require_POST
@requires(Permission.MANAGE)
def member_add(request: MemberRequest) -> HttpResponse:
    form = MemberForm(request.POST, prefix="member")
    if not form.is_valid():
        return _page(request, 422, member_form=form)
    member, created = members.add_member(request.member, **form.cleaned_data)
    if not created:
        return _refused(request, form, _("%(name)s is a member already.") % {"name": member.user})
    return _done(request, _("%(name)s is a member now.") % {"name": member.user}, "members")


def _refused(request: MemberRequest, form: MemberForm, sentence: str) -> HttpResponse:
    form.add_error("email", sentence)
    return _page(request, 422, member_form=form)


@require_POST
@requires(Permission.MANAGE)
def member_role(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _member_or_404(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, members_error=_("Choose one of the roles."))
    try:
        members.change_role(request.member, membership, form.cleaned_data["role"])
    except members.LastOwner as error:
        return _page(request, 422, members_error=str(error))
    return _done(request, _("The role of %(name)s is changed.") % {"name": membership.user}, "members")


@require_POST
@requires(Permission.MANAGE)
def member_remove(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _member_or_404(request, pk)
    try:
        members.remove_member(request.member, membership)
    except members.LastOwner as error:
        return _page(request, 422, members_error=str(error))
    if membership.user_id == request.user.pk:
        messages.success(request, _("You left %(name)s.") % {"name": membership.workspace})
        return redirect("home")
    return _done(request, _("%(name)s is no longer a member.") % {"name": membership.user}, "members")


def _member_or_404(request: MemberRequest, pk: int) -> Membership:
    rows = Membership.objects.visible_to(request.member).select_related("user", "workspace")
    return get_object_or_404(rows, pk=pk)


@require_POST
@never_cache
@requires(Permission.VIEW)
def token_create(request: MemberRequest) -> HttpResponse:
    """Make a key for a program and show it, this once."""
    form = TokenForm(request.POST, prefix="token")
    if not form.is_valid():
        return _page(request, 422, token_form=form)
    token, key = ApiToken.issue(request.member, form.cleaned_data["name"], form.expires_at)
    AuditEvent.record(request.member, "token.created", token, hint=token.hint)
    return _page(request, new_token=token, new_key=key)


@require_POST
@requires(Permission.VIEW)
def token_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    """Everybody may revoke their own; who manages the workspace, any."""
    tokens = ApiToken.objects.visible_to(request.member)
    if not request.member.may_manage:
        tokens = tokens.filter(user_id=request.user.pk)
    token = get_object_or_404(tokens, pk=pk)
    AuditEvent.record(request.member, "token.revoked", token, hint=token.hint)
    token.delete()
    return _done(request, _("“%(name)s” no longer works.") % {"name": token.name}, "tokens")


def _done(request: MemberRequest, sentence: str, section: str) -> HttpResponse:
    messages.success(request, sentence)
    return _to_section(section)


def _to_section(section: str) -> HttpResponse:
    response = redirect("accounts:settings")
    response["Location"] += f"#{section}"
    return response
