"""Pages of the house itself."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@staff_member_required(login_url="account_login")
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for those who build pages."""
    return render(request, "snsauto/styleguide.html")
