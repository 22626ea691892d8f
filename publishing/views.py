"""Pages for writing, planning and following posts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.permissions import Permission, requires


@requires(Permission.VIEW)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "publishing/home.html")
