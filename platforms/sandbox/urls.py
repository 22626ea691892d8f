"""Every address of the sandbox: its own pages, then one subtree per network."""

from django.urls import URLPattern, URLResolver, include, path

from platforms.sandbox import pages, writing

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="sandbox-home"),
    path("faults/", pages.set_fault, name="sandbox-fault"),
    path("faults/clear/", pages.clear_faults, name="sandbox-faults-clear"),
    path("control/faults", pages.control_faults, name="sandbox-control-faults"),
    path("control/notes", writing.control_notes, name="sandbox-control-notes"),
    path("<str:network>/@<str:handle>/write/", writing.write, name="sandbox-write"),
    path("<str:network>/uploads/<str:remote_id>", pages.upload, name="sandbox-upload"),
    path("<str:network>/@<str:handle>/avatar.png", pages.avatar, name="sandbox-avatar"),
    path("<str:network>/@<str:handle>/", pages.person_page, name="sandbox-person"),
    path("<str:network>/@<str:handle>/<path:remote_id>/", pages.post_page, name="sandbox-post"),
    path("x/", include("platforms.sandbox.x")),
    path("bluesky/", include("platforms.sandbox.bluesky")),
    path("mastodon/", include("platforms.sandbox.mastodon")),
    path("pinterest/", include("platforms.sandbox.pinterest")),
    path("tiktok/", include("platforms.sandbox.tiktok")),
    path("youtube/", include("platforms.sandbox.youtube")),
    path("youtube_shorts/", include("platforms.sandbox.youtube_shorts")),
    path("google_business/", include("platforms.sandbox.google_business")),
    path("threads/", include("platforms.sandbox.threads")),
    path("instagram/", include("platforms.sandbox.instagram")),
    path("facebook/", include("platforms.sandbox.facebook")),
    path("linkedin/", include("platforms.sandbox.linkedin")),
    path("telegram/", include("platforms.sandbox.telegram")),
]
