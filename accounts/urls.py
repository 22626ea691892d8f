"""The pages about people, workspaces and connected accounts."""

from django.urls import path

from accounts.views import audit, connected, connecting, hooks, own_data, settings, team, tokens, workspace

app_name = "accounts"
urlpatterns = [
    path("", connected.account_list, name="account-list"),
    path("<int:pk>/picture/<slug:version>.webp", connected.account_picture, name="account-picture"),
    path("<int:pk>/pause/", connected.account_pause, name="account-pause"),
    path("<int:pk>/resume/", connected.account_resume, name="account-resume"),
    path("<int:pk>/disconnect/", connected.account_disconnect, name="account-disconnect"),
    path(
        "connect/<slug:platform_name>/<slug:method_name>/", connecting.account_connect, name="account-connect"
    ),
    path("callback/<slug:platform_name>/", connecting.account_callback, name="account-callback"),
    path("choose/<str:key>/", connecting.account_choose, name="account-choose"),
    path("<slug:platform_name>/client.json", connecting.client_document, name="client-document"),
    path("workspace/switch/", workspace.workspace_switch, name="workspace-switch"),
    path("settings/", settings.profile, name="settings"),
    path("settings/profile/", settings.profile_update, name="profile-update"),
    path("settings/security/", settings.security, name="security"),
    path("settings/security/sessions/", settings.sessions_end, name="sessions-end"),
    path("settings/workspace/", workspace.workspace_settings, name="workspace"),
    path("settings/workspace/brand/", workspace.brand_update, name="brand-update"),
    path("settings/workspace/logo/remove/", workspace.logo_remove, name="logo-remove"),
    path("settings/workspace/logo/<slug:version>.png", workspace.logo, name="logo"),
    path("settings/workspace/pause/", workspace.workspace_pause, name="workspace-pause"),
    path("settings/workspace/resume/", workspace.workspace_resume, name="workspace-resume"),
    path("settings/members/", team.member_list, name="member-list"),
    path("settings/members/<int:pk>/role/", team.member_role, name="member-role"),
    path("settings/members/<int:pk>/remove/", team.member_remove, name="member-remove"),
    path("settings/invitations/<int:pk>/resend/", team.invitation_resend, name="invitation-resend"),
    path("settings/invitations/<int:pk>/link/", team.invitation_link, name="invitation-link"),
    path("settings/invitations/<int:pk>/withdraw/", team.invitation_withdraw, name="invitation-withdraw"),
    path("settings/tokens/", tokens.token_list, name="token-list"),
    path("settings/tokens/<int:pk>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("settings/webhooks/", hooks.webhook_list, name="webhook-list"),
    path("settings/webhooks/<int:pk>/", hooks.webhook_detail, name="webhook-detail"),
    path("settings/webhooks/<int:pk>/switch/", hooks.webhook_switch, name="webhook-switch"),
    path("settings/webhooks/<int:pk>/test/", hooks.webhook_test, name="webhook-test"),
    path("settings/webhooks/<int:pk>/secret/", hooks.webhook_rotate, name="webhook-rotate"),
    path("settings/webhooks/<int:pk>/delete/", hooks.webhook_delete, name="webhook-delete"),
    path("settings/dispatches/<int:pk>/redeliver/", hooks.dispatch_redeliver, name="dispatch-redeliver"),
    path("settings/data/", own_data.data, name="data"),
    path("settings/data/me.json", own_data.own_copy, name="own-copy"),
    path("settings/data/copies/", own_data.export_ask, name="export-ask"),
    path("settings/data/copies/<int:pk>/", own_data.export_take, name="export-take"),
    path("settings/data/workspace/delete/", own_data.workspace_delete, name="workspace-delete"),
    path("settings/data/workspace/keep/", own_data.workspace_keep, name="workspace-keep"),
    path("settings/data/me/delete/", own_data.user_delete, name="user-delete"),
    path("settings/data/me/keep/", own_data.user_keep, name="user-keep"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/audit.csv", audit.audit_sheet, name="audit-sheet"),
    path("join/<str:code>/", team.join, name="join"),
]
