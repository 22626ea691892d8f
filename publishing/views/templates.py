"""Templates: found, written, made from a post, and used for a new one."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.middleware import MemberRequest
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from publishing import post_templates
from publishing.forms.templates import TemplateForm, UseForm
from publishing.media import take_in
from publishing.models import Post
from publishing.storage import StorageAway
from publishing.template_rows import Template
from publishing.writing import save_post

PAGE_SIZE = 24
MOST_TO_PICK = 50


@require_GET
@requires(Permission.VIEW)
def template_list(request: MemberRequest) -> HttpResponse:
    """All templates by name, or those with some words."""
    words = request.GET.get("q", "").strip()[:100]
    templates = Template.objects.visible_to(request.member).whole().search(words)
    page = Pages(templates, PAGE_SIZE).get_page(request.GET.get("page"))
    query = QueryDict(mutable=True)
    if words:
        query["q"] = words
    context = {"page": page, "rows": _rows(list(page)), "words": words, "query": query.urlencode()}
    return render(request, "publishing/template_list.html", context)


def _rows(templates: list[Template]) -> list[tuple[Template, list[str]]]:
    """Each template with what it asks for."""
    return [(template, post_templates.asked_for(template)) for template in templates]


@require_GET
@requires(Permission.WRITE)
def template_pick(request: MemberRequest) -> HttpResponse:
    """The templates as a list to choose from, for the composer's dialog."""
    words = request.GET.get("q", "").strip()[:100]
    templates = Template.objects.visible_to(request.member).whole().search(words)[:MOST_TO_PICK]
    return render(request, "publishing/template_dialog.html#pick", {"rows": _rows(list(templates))})


@require_GET
@requires(Permission.WRITE)
def template_ask(request: MemberRequest, pk: int) -> HttpResponse:
    """What a template must be told, in the composer's dialog."""
    form = UseForm(request.member, _template(request, pk))
    return render(request, "publishing/template_dialog.html#ask", {"ask": form})


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def template_create(request: MemberRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def template_edit(request: MemberRequest, pk: int) -> HttpResponse:
    return _edit(request, _template(request, pk))


def _edit(request: MemberRequest, template: Template | None) -> HttpResponse:
    if request.method == "GET":
        return _page(request, TemplateForm(request.member, template))
    typed, problems = _with_pictures(request)
    form = TemplateForm(request.member, template, typed)
    is_valid = form.is_valid()
    if problems or "remove" in request.POST:
        return _page(request, form, problems, status=422 if problems else 200)
    saved = form.save() if is_valid else None
    if saved is None:
        return _page(request, form, status=422)
    messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
    return redirect("publishing:template-list")


def _with_pictures(request: MemberRequest) -> tuple[QueryDict, list[str]]:
    """What was typed, with files that came along (without script), and without what was taken out."""
    typed, problems = request.POST.copy(), []
    for upload in request.FILES.getlist("uploads"):
        try:
            typed.appendlist("media", str(take_in(request.member, upload).pk))
        except (ValidationError, StorageAway) as error:
            problems.append(f"{upload.name}: {error.message}")
    gone = typed.get("remove", "")
    typed.setlist("media", [pk for pk in typed.getlist("media") if pk != gone])
    return typed, problems


def _page(
    request: MemberRequest, form: TemplateForm, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "problems": problems}
    return render(request, "publishing/template_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def template_use(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask what is to be asked, then make a draft of it."""
    template = _template(request, pk)
    posted = request.method == "POST"
    form = UseForm(request.member, template, request.POST if posted else None, is_whole=True)
    if posted and form.is_valid():
        with transaction.atomic():
            post = save_post(request.member, post_templates.use(request.member, template, form.filling()))
        messages.success(request, _("A draft from “%(name)s”. Look it over.") % {"name": template.name})
        return redirect("publishing:post-edit", post.pk)
    context = {"form": form, "template": template}
    return render(request, "publishing/template_use.html", context, status=422 if posted else 200)


@require_POST
@requires(Permission.WRITE)
def template_duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    copy = post_templates.duplicate(request.member, _template(request, pk))
    messages.success(request, _("This is a copy."))
    return redirect("publishing:template-edit", copy.pk)


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def template_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks, then deletes. Posts that were made from it stay as they are."""
    template = _template(request, pk)
    if request.method == "GET":
        return render(request, "publishing/template_delete.html", {"template": template})
    template.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": template.name})
    return redirect("publishing:template-list")


@require_POST
@requires(Permission.WRITE)
def template_from_post(request: MemberRequest, pk: int) -> HttpResponse:
    """A template that gives the post again, to be edited."""
    rows = Post.objects.visible_to(request.member).select_related("campaign")
    post = get_object_or_404(rows.prefetch_related("postmedia_set__media"), pk=pk)
    template = post_templates.from_post(request.member, post)
    messages.success(request, _("A template of this post. Put {variables} where it changes each time."))
    return redirect("publishing:template-edit", template.pk)


def _template(request: MemberRequest, pk: int) -> Template:
    return get_object_or_404(Template.objects.visible_to(request.member).whole(), pk=pk)
