"""The pages about people, workspaces and connected accounts."""

from django.urls import path

from accounts.views import connected, connecting, workspace

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
    path("settings/", workspace.settings, name="settings"),
    path("settings/profile/", workspace.profile_update, name="profile-update"),
    path("settings/workspace/", workspace.workspace_update, name="workspace-update"),
    path("settings/workspace/pause/", workspace.workspace_pause, name="workspace-pause"),
    path("settings/workspace/resume/", workspace.workspace_resume, name="workspace-resume"),
    path("settings/members/", workspace.member_add, name="member-add"),
    path("settings/members/<int:pk>/role/", workspace.member_role, name="member-role"),
    path("settings/members/<int:pk>/remove/", workspace.member_remove, name="member-remove"),
    path("settings/tokens/", workspace.token_create, name="token-create"),
    path("settings/tokens/<int:pk>/revoke/", workspace.token_revoke, name="token-revoke"),
]
