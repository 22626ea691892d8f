"""One post: what became of each delivery, and what a person may do about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from publishing import scheduling
from publishing.halts import on_its_way
from publishing.models import Post
from publishing.preflight import Refusal
from publishing.timeline import Timeline
from publishing.writing import delete_post, duplicate


@require_GET
@requires(Permission.VIEW)
def post_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """The post, each account's timeline, and what to press."""
    return render(request, "publishing/post_detail.html", {"timeline": Timeline(_post(request, pk))})


@require_GET
@requires(Permission.VIEW)
def delivery_timeline(request: MemberRequest, pk: int) -> HttpResponse:
    """The timelines alone, for a page that looks every few seconds; nothing where nothing has changed."""
    timeline = Timeline(_post(request, pk))
    if request.GET.get("seen") == timeline.version:
        return HttpResponse(status=204)
    context = {"timeline": timeline, "is_fragment": True}
    return render(request, "publishing/post_detail.html#timeline", context)


@require_POST
@requires(Permission.WRITE)
def post_publish(request: MemberRequest, pk: int) -> HttpResponse:
    """What is still open goes out now."""
    post = _post(request, pk)
    try:
        count = len(scheduling.publish_now(post))
    except Refusal as refusal:
        return _refused(request, post, refusal)
    messages.success(request, on_its_way(request.member, count))
    return redirect(post)


@require_POST
@requires(Permission.WRITE)
def post_unschedule(request: MemberRequest, pk: int) -> HttpResponse:
    """Back to a draft."""
    post = _post(request, pk)
    if scheduling.unschedule(post):
        messages.success(request, _("Back among the drafts: nothing goes out by itself."))
    else:
        messages.info(request, _("Nothing in this post was waiting for its time."))
    return redirect("publishing:post-edit", post.pk)


@require_POST
@requires(Permission.WRITE)
def post_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """What is not out shall not go out."""
    post = _post(request, pk)
    count = scheduling.cancel_post(post)
    sentence = ngettext("%(count)d post cancelled.", "%(count)d posts cancelled.", count)
    messages.info(request, sentence % {"count": count})
    return redirect(post)


@require_POST
@requires(Permission.WRITE)
def post_duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    """The same once more, as a draft."""
    post = duplicate(request.member, _post(request, pk))
    messages.success(request, _("This is a copy. Nothing of it goes out before you say so."))
    return redirect("publishing:post-edit", post.pk)


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def post_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks, then deletes a post of which nothing is out."""
    post = _post(request, pk)
    if request.method == "GET":
        return render(request, "publishing/post_delete.html", {"post": post})
    try:
        delete_post(post)
    except Refusal as refusal:
        return _refused(request, post, refusal)
    messages.success(request, _("Post deleted."))
    return redirect("publishing:queue")


def _post(request: MemberRequest, pk: int) -> Post:
    rows = Post.objects.visible_to(request.member).select_related("author", "campaign")
    return get_object_or_404(rows.prefetch_related("postmedia_set__media"), pk=pk)


def _refused(request: MemberRequest, post: Post, refusal: Refusal) -> HttpResponse:
    """The post page again, with what stands in the way."""
    context = {"timeline": Timeline(post), "refusal": refusal}
    return render(request, "publishing/post_detail.html", context, status=422)
