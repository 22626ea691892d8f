"""The pages about what a person was told, under /notices/."""

from django.urls import path

from accounts.views import notice_preferences, notices

app_name = "notices"
urlpatterns = [
    path("", notices.notice_list, name="notice-list"),
    path("read/", notices.notices_read, name="notices-read"),
    path("bell/", notices.bell, name="bell"),
    path("newest/", notices.newest, name="newest"),
    path("settings/", notice_preferences.preferences, name="preferences"),
    path("mute/", notice_preferences.mute, name="mute"),
    path("chat/link/", notice_preferences.chat_link, name="chat-link"),
    path("chat/unlink/", notice_preferences.chat_unlink, name="chat-unlink"),
    path("<int:pk>/", notices.notice_open, name="notice-open"),
]
