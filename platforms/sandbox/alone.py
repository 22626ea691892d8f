"""The addresses where the sandbox is served alone."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="sandbox-home")),
    path("sandbox/", include("platforms.sandbox.urls")),
]
handler404 = "platforms.sandbox.pages.not_found"
