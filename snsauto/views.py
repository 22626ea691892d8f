"""Pages of the house itself."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from snsauto.context import THEMES
from snsauto.styleguide import samples
from snsauto.stylesheet import stylesheet as current_stylesheet

YEAR = 31_536_000


@login_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for those who build pages."""
    if not request.user.is_staff:
        raise PermissionDenied(_("Only staff may see this page."))
    return render(request, "snsauto/styleguide.html", samples())


@require_safe
def stylesheet(request: HttpRequest, digest: str) -> HttpResponse:
    """The look of every page, in one request that browsers never repeat."""
    sheet = current_stylesheet()
    is_compressed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(sheet.compressed if is_compressed else sheet.text, content_type="text/css")
    if is_compressed:
        response["Content-Encoding"] = "gzip"
    fresh = f"public, max-age={YEAR}, immutable"
    response["Cache-Control"] = fresh if digest == sheet.digest else "no-cache"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system has it; kept by the browser, so that visitors may choose too."""
    chosen = request.POST.get("theme", "")
    response = redirect(page_before(request))
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme")
    return response


def page_before(request: HttpRequest) -> str:
    """The page that the person came from, if it is one of ours."""
    address = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if ours else reverse("home")
