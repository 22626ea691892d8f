"""The pages about people, workspaces and connected accounts."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("callback/<slug:platform_name>/", views.account_callback, name="account-callback"),
]
