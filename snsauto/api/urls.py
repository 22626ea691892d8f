"""The API's addresses, under /api/v1/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from snsauto.api import analytics, campaigns, notices, reports, schema, switches, views

router = SimpleRouter()
router.register("accounts", views.AccountViewSet)
router.register("analytics", analytics.AnalyticsViewSet, basename="analytics")
router.register("campaigns", campaigns.CampaignViewSet)
router.register("deliveries", views.DeliveryViewSet)
router.register("media", views.MediaViewSet)
router.register("notifications", notices.NotificationViewSet)
router.register("posts", views.PostViewSet)
router.register("reports/plans", reports.ReportPlanViewSet)
router.register("reports", reports.ReportViewSet)

app_name = "api"
logins = (schema.TokenScheme, schema.SessionScheme)
urlpatterns = [
    path("", include(router.urls)),
    path("me/", views.Me.as_view(), name="me"),
    path("settings/notifications/", notices.NotificationSettings.as_view(), name="notification-settings"),
    path("workspace/", switches.WorkspaceDetail.as_view(), name="workspace"),
    path("desk/", switches.Desk.as_view(), name="desk"),
    path("platforms/", views.PlatformList.as_view(), name="platform-list"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
    re_path(r"^.*$", views.NotHere.as_view()),
]
