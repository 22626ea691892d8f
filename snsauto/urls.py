"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from snsauto import health, metrics, operations, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("publishing.urls")),
    path("accounts/", include("accounts.urls")),
    path("notices/", include("accounts.notice_urls")),
    path("campaigns/", include("campaigns.urls")),
    path("analytics/", include("analytics.urls")),
    path("auth/2fa/", RedirectView.as_view(pattern_name="accounts:security"), name="mfa_index"),
    path(
        "auth/2fa/webauthn/", RedirectView.as_view(pattern_name="accounts:security"), name="mfa_list_webauthn"
    ),
    path("auth/", include("allauth.urls")),
    path("api/v1/", include("snsauto.api.urls")),
    path("admin/", admin.site.urls),
    path("operations/", operations.operations, name="operations"),
    path("operations/circuits/<int:pk>/try/", operations.circuit_try, name="circuit-try"),
    path("operations/circuits/<int:pk>/forget/", operations.circuit_forget, name="circuit-forget"),
    path("operations/buckets/<int:pk>/forget/", operations.bucket_forget, name="bucket-forget"),
    path("operations/limits/forget/", operations.limits_forget, name="limits-forget"),
    path("operations/stop/", operations.stop, name="operations-stop"),
    path("operations/start/", operations.start, name="operations-start"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("theme/", views.theme, name="theme"),
    path("style/<slug:digest>.css", views.stylesheet, name="stylesheet"),
    path("metrics", metrics.metrics, name="metrics"),
    path("health", health.alive, name="health"),
    path("health/ready", health.ready, name="health-ready"),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("platforms.sandbox.urls")))
