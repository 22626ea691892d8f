"""The API's addresses, under /api/v1/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from snsauto.api import inbox, notices, schema, switches, views

router = SimpleRouter()
router.register("accounts", views.AccountViewSet)
router.register("campaigns", views.CampaignViewSet)
router.register("deliveries", views.DeliveryViewSet)
router.register("media", views.MediaViewSet)
router.register("notifications", notices.NotificationViewSet)
router.register("posts", views.PostViewSet)
router.register("conversations", inbox.ConversationViewSet)
router.register("messages", inbox.MessageViewSet)
router.register("replies", inbox.ReplyViewSet)
router.register("saved-replies", inbox.SavedReplyViewSet)
router.register("labels", inbox.LabelViewSet)
router.register("reply-rules", inbox.ReplyRuleViewSet)

app_name = "api"
logins = (schema.TokenScheme, schema.SessionScheme)
urlpatterns = [
    path("", include(router.urls)),
    path("me/", views.Me.as_view(), name="me"),
    path("workspace/", switches.WorkspaceDetail.as_view(), name="workspace"),
    path("desk/", switches.Desk.as_view(), name="desk"),
    path("platforms/", views.PlatformList.as_view(), name="platform-list"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
    re_path(r"^.*$", views.NotHere.as_view()),
]
