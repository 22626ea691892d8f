"""The API's addresses, under /api/v1/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from snsauto.api import (
    accounts,
    connecting,
    deliveries,
    hooks,
    me,
    media,
    notices,
    posts,
    schema,
    switches,
    team,
    views,
)

router = SimpleRouter()
router.register("accounts", accounts.AccountViewSet)
router.register("campaigns", views.CampaignViewSet)
router.register("deliveries", deliveries.DeliveryViewSet)
router.register("media", media.MediaViewSet)
router.register("notifications", notices.NotificationViewSet)
router.register("posts", posts.PostViewSet)
router.register("members", team.MemberViewSet)
router.register("invitations", team.InvitationViewSet)
router.register("tokens", team.TokenViewSet)
router.register("audit", team.AuditViewSet)
router.register("webhooks", hooks.WebhookViewSet)
router.register("webhook-messages", hooks.DispatchViewSet)

app_name = "api"
logins = (schema.TokenScheme, schema.SessionScheme)
urlpatterns = [
    path("", include(router.urls)),
    path("me/", me.Me.as_view(), name="me"),
    path("me/refresh/", me.Refresh.as_view(), name="refresh"),
    path("workspace/", team.WorkspaceDetail.as_view(), name="workspace"),
    path("desk/", switches.Desk.as_view(), name="desk"),
    path("oauth/choose/", connecting.Choose.as_view(), name="oauth-choose"),
    path("oauth/<slug:platform>/authorize/", connecting.Authorize.as_view(), name="oauth-authorize"),
    path("oauth/<slug:platform>/callback/", connecting.Callback.as_view(), name="oauth-callback"),
    path(
        "oauth/<slug:platform>/simulate-callback/",
        connecting.SimulateCallback.as_view(),
        name="oauth-simulate",
    ),
    path("platforms/", me.PlatformList.as_view(), name="platform-list"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
    re_path(r"^.*$", views.NotHere.as_view()),
]
