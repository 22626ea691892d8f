"""What is said where no page and no part of the API can: of a request that none takes, of a fault of ours.

Nothing here asks the database, or for the host of the request, which may be what is wrong.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import split_domain_port
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError

from snsauto import ports
from snsauto.api.errors import PROBLEM, problem
from snsauto.api.middleware import ROOT
from snsauto.stylesheet import stylesheet as sheet
from snsauto.views import stylesheet


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Asked by a name that is not the desk's: where the desk is. Else: that this could not be read."""
    if not isinstance(exception, DisallowedHost):
        said = _("The browser sent something that cannot be read here. Go back and try again.")
        return _told(request, "400.html", ParseError(said, code="bad_request"))
    digest = sheet().digest
    if request.path == reverse("stylesheet", args=[digest]):  # which the page below asks for by the same name
        return stylesheet(request, digest)
    if _means_this_machine(request):
        return HttpResponseRedirect(f"{settings.SITE_URL}{request.get_full_path()}")
    said = _("This desk does not answer to the name that you used.")
    return _told(request, "400.html", ParseError(said, code="wrong_host"), address=settings.SITE_URL)


def server_error(request: HttpRequest) -> HttpResponse:
    """It was logged, whole, by Django."""
    said = _("It is our fault and it was written down. Scheduled posts go out all the same.")
    return _told(request, "500.html", APIException(said, code="fault"))


def _told(request: HttpRequest, template: str, error: APIException, **more: str) -> HttpResponse:
    """As a page, or to a program as a problem."""
    status = error.status_code
    if request.path.startswith(ROOT):
        return JsonResponse(problem(error), status=status, content_type=PROBLEM)
    return HttpResponse(render_to_string(template, {"said": str(error.detail), **more}), status=status)


def _means_this_machine(request: HttpRequest) -> bool:
    """Whether somebody typed "localhost" for a desk at 127.0.0.1, or the other way round."""
    asked, _port = split_domain_port(request.META.get("HTTP_HOST", "").lower())
    here = urlsplit(settings.SITE_URL).hostname or ""
    is_here = ports.is_loopback(asked.strip("[]")) and ports.is_loopback(here)
    return is_here and request.method in {"GET", "HEAD"}
