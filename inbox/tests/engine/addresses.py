"""Every address of the product, and those of the inbox's pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from snsauto.urls import urlpatterns as product


def page(_request: HttpRequest, **_arguments: object) -> HttpResponse:
    return HttpResponse()


pages = ([path("", page, name="conversation-list"), path("<int:pk>/", page, name="conversation")], "inbox")
urlpatterns = [*product, path("inbox/", include(pages))]
