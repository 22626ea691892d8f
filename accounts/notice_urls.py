"""The pages about what a person was told, under /notices/."""

from django.urls import path

from accounts.views import notices

app_name = "notices"
urlpatterns = [
    path("", notices.notice_list, name="notice-list"),
    path("read/", notices.notices_read, name="notices-read"),
    path("<int:pk>/", notices.notice_open, name="notice-open"),
]
