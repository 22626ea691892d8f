"""The settings about oneself: profile, and what protects the log-in."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from accounts.settings_forms import ProfileForm


@require_GET
@requires(Permission.VIEW)
def profile(request: MemberRequest) -> HttpResponse:
    form = ProfileForm(instance=request.user, prefix="profile")
    return render(request, "accounts/settings_profile.html", {"form": form})


@require_POST
@requires(Permission.VIEW)
def profile_update(request: MemberRequest) -> HttpResponse:
    form = ProfileForm(request.POST, instance=request.user, prefix="profile")
    if not form.is_valid():
        request.user.refresh_from_db()
        return render(request, "accounts/settings_profile.html", {"form": form}, status=422)
    form.save()
    messages.success(request, _("Your profile is saved."))
    return redirect("accounts:settings")


@never_cache
@require_GET
@requires(Permission.VIEW)
def security(request: MemberRequest) -> HttpResponse:
    """The second factor, passkeys, and where one is logged in."""
    kinds = Authenticator.Type
    own = {kind: list[Authenticator]() for kind in kinds.values}
    for authenticator in Authenticator.objects.filter(user=request.user).order_by("pk"):
        own[authenticator.type].append(authenticator)
    codes = own[kinds.RECOVERY_CODES]
    sessions = UserSession.objects.purge_and_list(request.user)
    context = {
        "totp": own[kinds.TOTP],
        "passkeys": own[kinds.WEBAUTHN],
        "codes": codes,
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else 0,
        "sessions": sorted(sessions, key=lambda row: (not _is_this(request, row), -row.pk)),
        "this_session": request.session.session_key,
    }
    return render(request, "accounts/settings_security.html", context)


@require_POST
@requires(Permission.VIEW)
def sessions_end(request: MemberRequest) -> HttpResponse:
    """Log out everywhere but here."""
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    ended = 0
    for session in others:
        session.end()
        ended += 1
    sentence = ngettext("%(count)d other log-in is ended.", "%(count)d other log-ins are ended.", ended)
    messages.success(request, sentence % {"count": ended})
    return redirect("accounts:security")


def _is_this(request: MemberRequest, session: UserSession) -> bool:
    return bool(session.session_key == request.session.session_key)
