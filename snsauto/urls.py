"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from analytics import report_urls
from analytics.report_campaign import campaign_detail
from campaigns import urls as campaigns
from inbox import hooks
from snsauto import health, home, metrics, operations, views
from snsauto.bot.hooks import bot_hook

handler400 = "snsauto.faults.bad_request"
handler500 = "snsauto.faults.server_error"
# a campaign's own page shows numbers, which the campaigns' floor does not know
WITH_NUMBERS = [*campaigns.urlpatterns, path("<int:pk>/", campaign_detail, name="campaign-detail")]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("", include("publishing.urls")),
    path("accounts/", include("accounts.urls")),
    path("notices/", include("accounts.notice_urls")),
    path("campaigns/", include((WITH_NUMBERS, campaigns.app_name))),
    path("analytics/reports/", include("analytics.report_urls")),
    path("reports/", include(report_urls.shared)),
    path("analytics/", include("analytics.urls")),
    path("auth/2fa/", RedirectView.as_view(pattern_name="accounts:security"), name="mfa_index"),
    path(
        "auth/2fa/webauthn/", RedirectView.as_view(pattern_name="accounts:security"), name="mfa_list_webauthn"
    ),
    path("inbox/", include("inbox.urls")),
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
    path("hooks/<slug:name>-bot/", bot_hook, name="bot-hook"),
    path("hooks/<slug:platform_name>/", hooks.receive, name="hook"),
    path("metrics", metrics.metrics, name="metrics"),
    path("health", health.alive, name="health"),
    path("health/ready", health.ready, name="health-ready"),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("platforms.sandbox.urls")))
