"""How a person wants to be told, and their link with the desk's bot."""

import base64
import io
from collections import Counter
from datetime import timedelta
from typing import Any

import qrcode
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from qrcode.image.svg import SvgPathImage

from accounts import chats, muting
from accounts.middleware import MemberRequest
from accounts.models import ChatCode, ChatLink, NoticePreference, Webhook, preferences_of
from accounts.notice_forms import NoticePreferenceForm
from accounts.permissions import Permission, requires
from platforms.errors import PlatformError

MUTES = {
    "1": gettext_lazy("1 hour"),
    "8": gettext_lazy("8 hours"),
    "24": gettext_lazy("1 day"),
    "168": gettext_lazy("1 week"),
}
HANDLE_KEPT = 3600


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def preferences(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        NoticePreference.objects.get_or_create(user=request.user)
    form = _form(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        muting.release(form.save())
        messages.success(request, _("Saved: you are told like this from now on."))
        return redirect("notices:preferences")
    return _page(request, form, status=422 if form.is_bound else 200)


def _form(request: MemberRequest, sent: QueryDict | None = None) -> NoticePreferenceForm:
    instance = preferences_of([request.user])[request.user.pk]
    return NoticePreferenceForm(sent, instance=instance, webhooks=_listening(request))


def _listening(request: MemberRequest) -> Counter[str]:
    """How many webhooks of the workspace want each event."""
    hooks = Webhook.objects.visible_to(request.member).filter(is_on=True)
    return Counter(event for hook in hooks for event in hook.events)


def _page(request: MemberRequest, form: NoticePreferenceForm, status: int = 200, **more: Any) -> HttpResponse:
    muted_until = form.instance.muted_until
    context = {
        "form": form,
        "muted_until": muted_until if muted_until and muted_until > now() else None,
        "mutes": MUTES,
        "has_chat": chats.is_there(),
        "chat_label": chats.label(),
        "chat": ChatLink.objects.filter(user=request.user).first() if chats.is_there() else None,
        "minutes": int(ChatCode.LIFETIME.total_seconds() // 60),
    }
    return render(request, "accounts/notice_preferences.html", context | more, status=status)


@require_POST
@requires(Permission.VIEW)
def mute(request: MemberRequest) -> HttpResponse:
    """Quiet for some hours; without a number, no longer."""
    hours = request.POST.get("hours", "")
    muting.mute(request.user, now() + timedelta(hours=int(hours)) if hours in MUTES else None)
    messages.success(request, _("Mails and messages wait.") if hours in MUTES else _("You are told again."))
    return redirect("notices:preferences")


@never_cache
@require_POST
@requires(Permission.VIEW)
def chat_link(request: MemberRequest) -> HttpResponse:
    """A code to bring along to the bot, shown this once: as a link, as a picture, and to be typed."""
    form, bot = _form(request), chats.bot()
    if bot is None:
        return _page(request, form, status=404)
    try:
        handle = cache.get_or_set(f"bot-handle:{bot.name}", bot.handle, HANDLE_KEPT)
    except PlatformError as error:
        return _page(request, form, status=502, chat_problem=f"{error.message} {error.action}".strip())
    code = ChatCode.issue(request.user)
    address = bot.link(str(handle), code)
    return _page(
        request, form, chat_address=address, chat_code=code, chat_handle=handle, chat_picture=_qr(address)
    )


def _qr(address: str) -> str:
    """The address for a phone's camera, as an image in a data address."""
    buffer = io.BytesIO()
    qrcode.make(address, image_factory=SvgPathImage, box_size=10, border=0).save(buffer)
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@require_POST
@requires(Permission.VIEW)
def chat_unlink(request: MemberRequest) -> HttpResponse:
    """The bot knows the person no more."""
    if ChatLink.objects.filter(user=request.user).delete()[0]:
        messages.success(request, _("Unlinked: the bot does not know you any more."))
    return redirect("notices:preferences")
