"""Media: taken in, described, shown to members (and to networks by a secret address), and taken out."""

from typing import IO, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, ProtectedError
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.middleware import MemberRequest
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from publishing.forms.library import LibraryFilter, MediaForm, UploadForm
from publishing.forms.shares import PictureForm
from publishing.media import remove, take_in
from publishing.models import DeliveryMedia, Media, Post, PostMedia
from publishing.renditions import behind
from publishing.storage import StorageAway

PAGE_SIZE = 36
POSTS_SHOWN = 20
A_YEAR = 31_536_000


@require_GET
@requires(Permission.VIEW)
def media_list(request: MemberRequest) -> HttpResponse:
    """The library, newest first, as far as it is asked for."""
    form = LibraryFilter(request.member, request.GET)
    page = Pages(form.found(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "pictures": [PictureForm(row) for row in page],
    }
    return render(request, "publishing/media_list.html", context)


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def media_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """One medium: what it is, what is said of it, and the posts that hold it."""
    media = _media(request, pk)
    if request.method == "POST" and not request.member.may(Permission.WRITE):
        raise PermissionDenied
    form = MediaForm(request.POST or None, instance=media)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("publishing:media-detail", pk=pk)
    holding = Post.objects.visible_to(request.member).filter(
        Exists(PostMedia.objects.filter(media=pk, post=OuterRef("pk")))
        | Exists(DeliveryMedia.objects.filter(media=pk, delivery__post=OuterRef("pk")))
    )
    page = Pages(holding.with_deliveries().order_by("-updated_at", "-pk"), POSTS_SHOWN).get_page(
        request.GET.get("page")
    )
    context = {"media": _media(request, pk), "form": form, "page": page}
    return render(request, "publishing/media_detail.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Permission.WRITE)
def media_upload(request: MemberRequest) -> HttpResponse:
    """One picture in; a fragment for script, the library for those without."""
    form = UploadForm(request.POST, request.FILES)
    problem, media = "", None
    if form.is_valid():
        try:
            media = take_in(request.member, form.cleaned_data["file"])
        except (ValidationError, StorageAway) as error:
            problem = str(error.message)
    else:
        problem = str(form.errors["file"][0])
    if request.headers.get("HX-Request"):
        return _fragment(request, media, problem)
    if problem:
        messages.error(request, problem)
    return redirect("publishing:media-list")


def _fragment(request: MemberRequest, media: Media | None, problem: str) -> HttpResponse:
    name = getattr(request.FILES.get("file"), "name", "")
    context = {
        "picture": PictureForm(media) if media else None,
        "problem": problem,
        "name": name,
        "is_new": True,
    }
    place = "media_list.html#item" if request.POST.get("place") == "library" else "post_form.html#picture"
    return render(request, f"publishing/{place}", context, status=422 if problem else 200)


@require_POST
@requires(Permission.WRITE)
def media_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """A picture's description."""
    media = _media(request, pk)
    form = PictureForm(media, request.POST)
    if form.is_valid():
        form.save()
    if request.headers.get("HX-Request"):
        context = {"picture": form, "is_saved": form.is_valid()}
        return render(
            request, "publishing/media_list.html#description", context, status=200 if form.is_valid() else 422
        )
    if not form.is_valid():
        messages.error(request, _("The description is too long."))
    return redirect("publishing:media-list")


@require_POST
@requires(Permission.WRITE)
def media_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Out of the library, where no post holds it."""
    try:
        remove(_media(request, pk))
    except ProtectedError:
        messages.warning(request, _("A post holds this, or a template: it stays."))
    else:
        messages.success(request, _("Deleted."))
    return redirect("publishing:media-list")


@require_GET
@requires(Permission.VIEW)
def media_file(request: MemberRequest, pk: int) -> HttpResponse:
    """The picture, to members of its workspace."""
    media = _media(request, pk)
    return _served(media.file, media.content_type)


@require_safe
def media_public(_request: HttpRequest, token: str, **_name: str) -> HttpResponse:
    """A file for the network that was given its address; always whole, as some networks want it."""
    file = behind(token)
    if file is None:
        raise Http404
    return _served(file.file, file.content_type)


@require_GET
@requires(Permission.VIEW)
def media_thumbnail(request: MemberRequest, pk: int) -> HttpResponse:
    """A small one."""
    return _served(_media(request, pk).thumbnail, "image/webp")


def _media(request: MemberRequest, pk: int) -> Media:
    return get_object_or_404(Media.objects.visible_to(request.member), pk=pk)


def _served(file: FieldFile, content_type: str) -> HttpResponse:
    """What a picture's number stands for never changes, so browsers keep it; nobody shares it."""
    try:
        content = file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    except StorageAway as away:
        return HttpResponse(
            away.message, "text/plain", 503, headers={"Retry-After": "15", "Cache-Control": "no-store"}
        )
    response = FileResponse(cast("IO[bytes]", content), content_type=content_type)
    response["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return cast(HttpResponse, response)  # its streaming sister
