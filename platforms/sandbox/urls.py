"""Every address of the sandbox: its own pages, then one subtree per network."""

from django.urls import URLPattern, URLResolver, include, path

from platforms.sandbox import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="sandbox-home"),
    path("x/", include("platforms.sandbox.x")),
    path("bluesky/", include("platforms.sandbox.bluesky")),
    path("mastodon/", include("platforms.sandbox.mastodon")),
]
