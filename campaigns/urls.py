"""The pages about campaigns."""

from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("", views.campaign_list, name="campaign-list"),
    path("new/", views.campaign_create, name="campaign-create"),
    path("<int:pk>/", views.campaign_edit, name="campaign-edit"),
    path("<int:pk>/delete/", views.campaign_delete, name="campaign-delete"),
]
