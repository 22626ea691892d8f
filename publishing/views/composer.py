"""Writing a post: one form that checks itself while somebody types."""

from contextlib import suppress
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import replace_url

from accounts.connecting import in_words
from accounts.limits import read_limits
from accounts.middleware import MemberRequest
from accounts.models import Account
from accounts.permissions import Permission, requires
from platforms.errors import PlatformError
from publishing import forecast, scheduling
from publishing.composing import Panel, helped
from publishing.forms.ai import HelpForm
from publishing.forms.post import PostForm
from publishing.forms.shares import ShareForm
from publishing.halts import on_its_way
from publishing.media import take_in
from publishing.models import Post
from publishing.preflight import Refusal
from publishing.previews import Check
from publishing.templating import Use, used
from publishing.times import short_time
from publishing.writing import save_post


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def post_create(request: MemberRequest) -> HttpResponse:
    """A new post; the form carries a key, so that sending it twice makes one post."""
    if request.method == "POST":
        return _submit(request, _post_of_key(request))
    return _page(request, PostForm(request.member, initial=_asked_for(request)))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def post_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """What is still open of a post."""
    post = get_object_or_404(Post.objects.visible_to(request.member), pk=pk)
    if request.method == "POST":
        return _submit(request, post)
    return _page(request, PostForm(request.member, post))


@require_POST
@requires(Permission.WRITE)
def post_check(request: MemberRequest) -> HttpResponse:
    """Counters, findings and previews of a form that somebody is typing into."""
    form = PostForm(request.member, _post_of_key(request), _with_action(request, "check"))
    form.is_valid()
    return render(request, "publishing/post_form.html#check", {"form": form, "check": Check(form)})


@require_POST
@requires(Permission.WRITE)
def share_open(request: MemberRequest, pk: int) -> HttpResponse:
    """The fields of one account's card, which a page leaves out until somebody opens it."""
    form = PostForm(request.member, _post_of_key(request), _with_action(request, "check"))
    share = next((share for share in form.shares if share.account.pk == pk), None)
    if share is None:
        raise Http404
    fresh = share if share.is_open else ShareForm(share.account, share.delivery, None)
    fresh.is_wanted = True
    form.is_valid()
    return render(request, "publishing/_share_body.html", {"share": fresh, "check": Check(form)})


@require_POST
@requires(Permission.WRITE)
def share_lists(request: MemberRequest, pk: int) -> HttpResponse:
    """What an account may choose (boards, say), read from its network now; what was chosen stays."""
    account = get_object_or_404(Account.objects.visible_to(request.member), pk=pk)
    problem = ""
    try:
        read_limits(account)
    except PlatformError as error:
        problem = in_words(error)
    share = ShareForm(account, None, request.POST)
    context = {"share": share, "problem": problem}
    return render(request, "publishing/_lists.html", context, status=502 if problem else 200)


def _post_of_key(request: MemberRequest) -> Post | None:
    """The post that this form has made already."""
    try:
        return Post.objects.visible_to(request.member).filter(key=request.POST.get("key", "")).first()
    except ValidationError:
        return None


def _with_action(request: MemberRequest, action: str) -> QueryDict:
    typed = request.POST.copy()
    typed["action"] = action
    return typed


def _asked_for(request: MemberRequest) -> dict[str, Any]:
    """What a link to the composer may bring along; what makes no sense is left out."""
    wishes: dict[str, Any] = {}
    with suppress(ValueError):
        wishes["date"] = date.fromisoformat(request.GET.get("date", ""))
    if "account" in request.GET:
        wishes["accounts"] = request.GET.getlist("account")
    else:
        wishes["accounts"] = _usable_accounts(request, request.GET.get("network", ""))
    wishes["wished"] = request.GET.dict()
    if request.GET.get("campaign", "").isdecimal():
        wishes["campaign"] = int(request.GET["campaign"])
    if "media" in request.GET:
        wishes["media"] = request.GET.getlist("media")
    return wishes


def _usable_accounts(request: MemberRequest, network: str) -> list[int]:
    """One account (on the network, where one is named) is always meant; of several, people choose."""
    accounts = Account.objects.visible_to(request.member).filter(state=Account.State.CONNECTED)
    if network:
        accounts = accounts.filter(platform_name=network)
    pks = list(accounts.values_list("pk", flat=True)[:2])
    return pks if len(pks) == 1 else []


def _submit(request: MemberRequest, post: Post | None) -> HttpResponse:
    """Do what the pressed button says, all of it or nothing; the text stays in the page either way."""
    if request.POST.get("action") == "autosave":
        return _autosave(request, post)
    typed, problems = _with_pictures(request)
    panel, use = helped(request.member, post, typed), used(request.member, typed)
    form = PostForm(request.member, post, typed)
    is_valid = form.is_valid()
    for problem in problems:
        form.add_error("media", problem)
    action = ACTIONS.get(form.action)
    if problems or not is_valid or action is None:
        return _page(request, form, status=422 if form.errors or use.is_asking else 200, panel=panel, use=use)
    try:
        with transaction.atomic():
            return action(request, form, _save(form))
    except Refusal as refusal:
        return _refused(request, form, refusal)


def _with_pictures(request: MemberRequest) -> tuple[QueryDict, list[ValidationError]]:
    """What was typed, with the pictures that came along as files, and without the one that was taken out.

    A browser without script sends files with the form; with script they are in the library already.
    """
    typed, problems = request.POST.copy(), []
    for upload in request.FILES.getlist("uploads"):
        try:
            typed.appendlist("media", str(take_in(request.member, upload).pk))
        except ValidationError as error:
            problems.append(ValidationError(f"{upload.name}: {error.message}", code=error.code))
    if "open" in typed:
        typed[f"share-{typed['open']}-open"] = "on"
        typed["action"] = "look"
    if "ai" in typed or "template" in typed:
        typed["action"] = "look"
    if "remove" in typed:
        typed.setlist("media", [pk for pk in typed.getlist("media") if pk != typed["remove"]])
        typed["action"] = "look"
    return typed, problems


def _save(form: PostForm) -> Post:
    for picture in form.pictures:
        picture.save()
    if form.action == "draft" and form.post:
        scheduling.unschedule(form.post)
    return save_post(form.member, form.post_input(), form.post)


def _refused(request: MemberRequest, form: PostForm, refusal: Refusal) -> HttpResponse:
    if refusal.codes == {"nothing_open"} and form.post:
        messages.info(request, str(refusal))
        return redirect(form.post)
    form.place(refusal.obstacles)
    return _page(request, form, status=422)


def _autosave(request: MemberRequest, post: Post | None) -> HttpResponse:
    """Keep a draft while somebody types; what has a time is only ever changed by a button."""
    form = PostForm(request.member, post, request.POST)
    saved = None
    if form.is_valid() and form.is_draft and (post or not form.is_empty):
        with transaction.atomic():
            saved = _save(form)
    response = render(
        request,
        "publishing/post_form.html#saved",
        {"form": form, "saved": saved, "saved_at": now()},
        status=422 if form.errors else 200,
    )
    return replace_url(response, reverse("publishing:post-edit", args=[saved.pk])) if saved else response


def _draft(request: MemberRequest, _form: PostForm, post: Post) -> HttpResponse:
    messages.success(request, _("Draft saved."))
    return redirect("publishing:post-edit", post.pk)


def _publish(request: MemberRequest, _form: PostForm, post: Post) -> HttpResponse:
    count = len(scheduling.publish_now(post))
    messages.success(request, on_its_way(request.member, count))
    return redirect(post)


def _schedule(request: MemberRequest, form: PostForm, post: Post) -> HttpResponse:
    at = form.moment.at if form.moment else now()  # the form has asked for a time
    deliveries = scheduling.schedule(post, at)
    count = len(deliveries)
    for warning in forecast.warnings(deliveries, at):
        messages.warning(request, str(warning))
    sentence = ngettext("%(count)d post goes out %(when)s.", "%(count)d posts go out %(when)s.", count)
    messages.success(request, sentence % {"count": count, "when": short_time(at, post.zone)})
    return redirect(post)


ACTIONS = {"draft": _draft, "publish": _publish, "schedule": _schedule}


def _page(
    request: MemberRequest,
    form: PostForm,
    status: int = 200,
    panel: Panel | None = None,
    use: Use | None = None,
) -> HttpResponse:
    context = {"form": form, "check": Check(form), "section": "compose", "use": use}
    context["panel"] = panel or Panel(HelpForm())
    return render(request, "publishing/post_form.html", context, status=status)
