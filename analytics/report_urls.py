"""The pages about reports, under /analytics/reports/, and what a shared link opens, under /reports/."""

from django.urls import path

from analytics import report_views as views

app_name = "reports"
urlpatterns = [
    path("", views.report_list, name="report-list"),
    path("new/", views.report_create, name="report-create"),
    path("<int:pk>/", views.report_detail, name="report-detail"),
    path("<int:pk>/file.<slug:kind>", views.report_file, name="report-file"),
    path("<int:pk>/share/", views.report_share, name="report-share"),
    path("<int:pk>/unshare/", views.report_unshare, name="report-unshare"),
    path("<int:pk>/again/", views.report_again, name="report-again"),
    path("<int:pk>/delete/", views.report_delete, name="report-delete"),
    path("plans/new/", views.plan_create, name="plan-create"),
    path("plans/<int:pk>/", views.plan_edit, name="plan-edit"),
    path("plans/<int:pk>/switch/", views.plan_switch, name="plan-switch"),
    path("plans/<int:pk>/delete/", views.plan_delete, name="plan-delete"),
]
shared = [
    path("<slug:key>/", views.shared_report, name="shared-report"),
    path("<slug:key>/file.<slug:kind>", views.shared_file, name="shared-file"),
    path("<slug:key>/logo.png", views.shared_logo, name="shared-logo"),
    path("<slug:key>/pictures/<int:pk>/", views.shared_picture, name="shared-picture"),
]
