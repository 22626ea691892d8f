"""The pages about campaigns. The page of one, with its numbers, is added where the apps are put together."""

from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("", views.campaign_list, name="campaign-list"),
    path("new/", views.campaign_create, name="campaign-create"),
    path("links/", views.links, name="links"),
    path("<int:pk>/edit/", views.campaign_edit, name="campaign-edit"),
    path("<int:pk>/archive/", views.campaign_archive, name="campaign-archive"),
    path("<int:pk>/restore/", views.campaign_restore, name="campaign-restore"),
    path("<int:pk>/delete/", views.campaign_delete, name="campaign-delete"),
]
