"""The pages of numbers, under /analytics/."""

from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("accounts/<int:pk>/", views.account, name="account"),
    path("posts/<int:pk>/", views.post, name="post"),
    path("best-time/", views.best_time, name="best-time"),
    path("hashtags/", views.hashtags, name="hashtags"),
    path("export.csv", views.export, {"kind": "csv"}, name="export-csv"),
    path("export.xlsx", views.export, {"kind": "xlsx"}, name="export-xlsx"),
]
