"""The helper's answers: streamed into the composer and the reply box, and how a workspace wants it to be."""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.middleware import MemberRequest
from accounts.models import AuditEvent
from accounts.permissions import Permission, requires
from publishing import composing
from publishing.ai import claude, streaming
from publishing.ai.budget import month_of
from publishing.ai.errors import AiError, NothingToDo
from publishing.ai.helping import helper_for
from publishing.ai.values import Events, whole
from publishing.ai_rows import AiProfile, AiUse
from publishing.composing import Press
from publishing.forms.ai import AiProfileForm, HelpForm, ReplyHelpForm
from publishing.forms.post import PostForm
from publishing.models import Post

LAST = 10


@require_POST
@requires(Permission.WRITE)
def ai_stream(request: MemberRequest) -> HttpResponse:
    """What the composer's helper says to a press, as it comes. The page without script posts to itself."""
    typed = request.POST.copy()
    typed["action"] = "check"
    post = None
    with suppress(ValidationError):
        post = Post.objects.visible_to(request.member).filter(key=typed.get("key", "")).first()
    form = PostForm(request.member, post, typed)
    try:
        return streaming.event_stream(
            composing.events(form, HelpForm(typed), Press.read(typed.get("ai", "")))
        )
    except AiError as error:
        return streaming.failed(error)


@require_POST
@requires(Permission.WRITE)
def ai_reply(request: MemberRequest) -> HttpResponse:
    """A draft of an answer: as a stream for script, as a page to take it from without."""
    is_stream = streaming.CONTENT_TYPE in request.headers.get("Accept", "")
    try:
        events = _draft(request)
        if is_stream:
            return streaming.event_stream(events)
        context: dict[str, Any] = {"suggestion": whole(events)}
    except AiError as error:
        if is_stream:
            return streaming.failed(error)
        context = {"problem": error.message}
    return render(
        request,
        "publishing/ai_reply_draft.html",
        {**context, "back": _back(request)},
        status=422 if "problem" in context else 200,
    )


def _draft(request: MemberRequest) -> Events:
    form = ReplyHelpForm(request.POST)
    if not form.is_valid():
        raise NothingToDo(_("There is no message to answer."))
    said = form.cleaned_data
    helper = helper_for(request.member)
    return helper.draft_reply(
        said["message"], author=said["author"], post_text=said["post"], most=said["most"] or 0
    )


def _back(request: MemberRequest) -> str:
    """The page that the question came from, where it is one of ours."""
    page = request.META.get("HTTP_REFERER", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}) else ""


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def ai_settings(request: MemberRequest) -> HttpResponse:
    """Voice, words that are never used, the budget, and what this month has cost."""
    member = request.member
    profile = AiProfile.of(member.workspace)
    form = AiProfileForm(request.POST if request.method == "POST" else None, instance=profile)
    if request.method == "POST":
        if not member.may_manage:
            raise PermissionDenied(_("Your role in this workspace does not allow that."))
        if form.is_valid():
            form.save()
            AuditEvent.record(member, "ai.changed", member.workspace, fields=list(form.changed_data))
            messages.success(request, _("Saved. The next suggestion follows it."))
            return redirect("publishing:ai-settings")
        profile = AiProfile.of(member.workspace)
    month = month_of(member.workspace, profile)
    uses = AiUse.objects.visible_to(member).filter(started_at__gte=month.begins)
    context = {
        "form": form,
        "profile": profile,
        "month": month,
        "tasks": uses.by_task(),
        "last": uses.select_related("user")[:LAST],
        "is_ai": claude.is_ready(),
    }
    return render(request, "publishing/ai_settings.html", context, status=422 if form.errors else 200)
