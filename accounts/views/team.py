"""Who belongs to the workspace, who is asked in, and joining."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, members
from accounts.middleware import MemberRequest
from accounts.models import Invitation, Membership, User
from accounts.permissions import Permission, requires
from accounts.settings_forms import InvitationForm, RoleForm


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def member_list(request: MemberRequest) -> HttpResponse:
    """The members; sent to, somebody is asked in."""
    return member_invite(request) if request.method == "POST" else _page(request)


@requires(Permission.MANAGE)
def member_invite(request: MemberRequest) -> HttpResponse:
    form = InvitationForm(request.POST, roles=members.roles_to_give(request.member), prefix="member")
    if not form.is_valid():
        return _page(request, 422, form=form)
    try:
        invitation = invitations.invite(request.member, **form.cleaned_data)
    except members.NotAllowed as error:
        form.add_error("email", str(error))
        return _page(request, 422, form=form)
    return _done(request, _("A mail with a link goes to %(email)s.") % {"email": invitation.email})


@require_POST
@requires(Permission.MANAGE)
def member_role(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _member_or_404(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, problem=_("Choose one of the roles."))
    try:
        members.change_role(request.member, membership, form.cleaned_data["role"])
    except members.NotAllowed as error:
        return _page(request, 422, problem=str(error))
    return _done(request, _("The role of %(name)s is changed.") % {"name": membership.user})


@require_POST
@requires(Permission.VIEW)
def member_remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Everybody may leave; who manages the workspace may take out others."""
    membership = _member_or_404(request, pk)
    leaves = membership.user_id == request.user.pk
    if not leaves:
        return member_take_out(request, membership)
    try:
        members.remove_member(request.member, membership)
    except members.NotAllowed as error:
        return _page(request, 422, problem=str(error))
    messages.success(request, _("You left %(name)s.") % {"name": membership.workspace})
    return redirect("home")


@requires(Permission.MANAGE)
def member_take_out(request: MemberRequest, membership: Membership) -> HttpResponse:
    try:
        members.remove_member(request.member, membership)
    except members.NotAllowed as error:
        return _page(request, 422, problem=str(error))
    return _done(request, _("%(name)s is no longer a member.") % {"name": membership.user})


@require_POST
@requires(Permission.MANAGE)
def invitation_resend(request: MemberRequest, pk: int) -> HttpResponse:
    invitation = _invitation_or_404(request, pk)
    try:
        invitations.resend(request.member, invitation)
    except members.NotAllowed as error:
        return _page(request, 422, problem=str(error))
    return _done(request, _("Another mail goes to %(email)s.") % {"email": invitation.email})


@require_POST
@requires(Permission.MANAGE)
def invitation_withdraw(request: MemberRequest, pk: int) -> HttpResponse:
    invitation = _invitation_or_404(request, pk)
    invitations.withdraw(request.member, invitation)
    return _done(request, _("The link of %(email)s opens nothing any more.") % {"email": invitation.email})


@never_cache
@require_POST
@requires(Permission.MANAGE)
def invitation_link(request: MemberRequest, pk: int) -> HttpResponse:
    """A link to hand over oneself, where no mail leaves this desk; shown this once."""
    invitation = _invitation_or_404(request, pk)
    try:
        address = invitations.link(request.member, invitation)
    except members.NotAllowed as error:
        return _page(request, 422, problem=str(error))
    return _page(request, new_link=address, new_link_for=invitation.email)


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Where the link of an invitation leads: who asks, and the way in."""
    try:
        invitation = invitations.find(code)
        if request.method == "POST" and isinstance(request.user, User):
            membership = invitations.accept(code, request.user)
            messages.success(request, _("Welcome to %(name)s.") % {"name": membership.workspace})
            return redirect("home")
    except invitations.NotGood:
        return render(request, "accounts/join.html", {"invitation": None}, status=404)
    invitations.hold(request, code)
    user = request.user if isinstance(request.user, User) else None
    mine = Membership.objects.filter(user=user, workspace=invitation.workspace_id).first()
    return render(request, "accounts/join.html", {"invitation": invitation, "mine": mine})


def _page(request: MemberRequest, status: int = 200, **bound: Any) -> HttpResponse:
    """The page; `bound` holds the form that was refused, a problem, or a link to be shown once."""
    member = request.member
    roles = members.roles_to_give(member)
    rows = Membership.objects.visible_to(member).select_related("user").order_by("pk")
    context: dict[str, Any] = {
        "rows": [(row, members.may_give(member, row.role)) for row in rows],
        "roles": roles,
        "form": InvitationForm(roles=roles, prefix="member"),
        "invitations": Invitation.objects.visible_to(member).select_related("invited_by")
        if member.may_manage
        else [],
        "now": now(),
    }
    return render(request, "accounts/settings_members.html", context | bound, status=status)


def _member_or_404(request: MemberRequest, pk: int) -> Membership:
    rows = Membership.objects.visible_to(request.member).select_related("user", "workspace")
    return get_object_or_404(rows, pk=pk)


def _invitation_or_404(request: MemberRequest, pk: int) -> Invitation:
    return get_object_or_404(Invitation.objects.visible_to(request.member), pk=pk)


def _done(request: MemberRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("accounts:member-list")
