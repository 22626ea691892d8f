"""The API's addresses, under /api/v1/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from snsauto.api import (
    accounts,
    ai,
    analytics,
    bulk_posts,
    campaigns,
    connecting,
    deliveries,
    hooks,
    inbox,
    me,
    media,
    metrics,
    notices,
    planning,
    posts,
    publish,
    reports,
    schema,
    settings,
    switches,
    team,
    templates,
    views,
)

router = SimpleRouter()
router.register("accounts", accounts.AccountViewSet)
router.register("analytics", analytics.AnalyticsViewSet, basename="analytics")
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
router.register("campaigns", campaigns.CampaignViewSet)
router.register("reports/plans", reports.ReportPlanViewSet)
router.register("reports", reports.ReportViewSet)
router.register("templates", templates.TemplateViewSet)
router.register("conversations", inbox.ConversationViewSet)
router.register("messages", inbox.MessageViewSet)
router.register("replies", inbox.ReplyViewSet)
router.register("saved-replies", inbox.SavedReplyViewSet)
router.register("labels", inbox.LabelViewSet)
router.register("reply-rules", inbox.ReplyRuleViewSet)

app_name = "api"
logins = (schema.TokenScheme, schema.SessionScheme)
urlpatterns = [
    path("posts/bulk/", bulk_posts.BulkPosts.as_view(), name="post-bulk"),
    path("posts/<int:pk>/metrics/", metrics.PostMetrics.as_view(), name="post-metrics"),
    path("", include(router.urls)),
    path("me/", me.Me.as_view(), name="me"),
    path("me/refresh/", me.Refresh.as_view(), name="refresh"),
    path("workspace/", team.WorkspaceDetail.as_view(), name="workspace"),
    path("ai/generate/", ai.Generate.as_view(), name="ai-generate"),
    path("ai/rewrite/", ai.Rewrite.as_view(), name="ai-rewrite"),
    path("ai/hashtags/", ai.Hashtags.as_view(), name="ai-hashtags"),
    path("ai/optimize/", ai.Optimize.as_view(), name="ai-optimize"),
    path("ai/alt-text/", ai.AltText.as_view(), name="ai-alt-text"),
    path("ai/reply/", ai.Reply.as_view(), name="ai-reply"),
    path("settings/notifications/", notices.NotificationSettings.as_view(), name="notification-settings"),
    path("desk/", switches.Desk.as_view(), name="desk"),
    path("publish/", publish.Publish.as_view(), name="publish"),
    path("publish/multi-platform/", publish.PublishMultiPlatform.as_view(), name="publish-multi-platform"),
    path("schedule/", publish.Schedule.as_view(), name="schedule"),
    path("schedule/execute/", publish.Execute.as_view(), name="schedule-execute"),
    path("schedule/<int:pk>/", publish.ScheduleDetail.as_view(), name="schedule-detail"),
    path("scheduled/", planning.Scheduled.as_view(), name="scheduled"),
    path("queue/", planning.Queue.as_view(), name="queue"),
    path("calendar/", planning.Calendar.as_view(), name="calendar"),
    path("settings/", settings.Settings.as_view(), name="settings"),
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
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="snsauto/api_docs.html"),
        name="docs",
    ),
    re_path(r"^[\s\S]*$", views.NotHere.as_view()),
]
