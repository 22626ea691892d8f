"""The pages for writing, planning and following posts."""

from django.urls import path

from publishing.views import composer, deliveries, home, library, missed, planning, posts

app_name = "publishing"
urlpatterns = [
    path("", home.home, name="home"),
    path("posts/new/", composer.post_create, name="post-create"),
    path("posts/check/", composer.post_check, name="post-check"),
    path("posts/<int:pk>/", posts.post_detail, name="post-detail"),
    path("posts/<int:pk>/edit/", composer.post_edit, name="post-edit"),
    path("posts/<int:pk>/publish/", posts.post_publish, name="post-publish"),
    path("posts/<int:pk>/unschedule/", posts.post_unschedule, name="post-unschedule"),
    path("posts/<int:pk>/cancel/", posts.post_cancel, name="post-cancel"),
    path("posts/<int:pk>/duplicate/", posts.post_duplicate, name="post-duplicate"),
    path("posts/<int:pk>/delete/", posts.post_delete, name="post-delete"),
    path("posts/<int:pk>/timeline/", posts.delivery_timeline, name="delivery-timeline"),
    path("deliveries/<int:pk>/retry/", deliveries.delivery_retry, name="delivery-retry"),
    path("deliveries/<int:pk>/continue/", deliveries.delivery_continue, name="delivery-continue"),
    path("deliveries/<int:pk>/cancel/", deliveries.delivery_cancel, name="delivery-cancel"),
    path("deliveries/<int:pk>/confirm/", deliveries.delivery_confirm, name="delivery-confirm"),
    path("deliveries/<int:pk>/recent/", deliveries.delivery_recent, name="delivery-recent"),
    path("deliveries/<int:pk>/send-again/", deliveries.delivery_send_again, name="delivery-send-again"),
    path("deliveries/<int:pk>/look-again/", deliveries.delivery_look_again, name="delivery-look-again"),
    path("missed/", missed.missed, name="missed"),
    path("missed/decide/", missed.missed_decide, name="missed-decide"),
    path("missed/undo/<int:pk>/", missed.decision_undo, name="decision-undo"),
    path("queue/", planning.queue, name="queue"),
    path("queue/retry/", planning.queue_retry, name="queue-retry"),
    path("calendar/", planning.calendar, name="calendar"),
    path("calendar/<int:year>/<int:month>/<int:day>/", planning.calendar_day, name="calendar-day"),
    path("posts/share/<int:pk>/", composer.share_open, name="share-open"),
    path("posts/lists/<int:pk>/", composer.share_lists, name="share-lists"),
    path("library/", library.media_list, name="media-list"),
    path("library/upload/", library.media_upload, name="media-upload"),
    path("library/<int:pk>/", library.media_detail, name="media-detail"),
    path("library/<int:pk>/edit/", library.media_edit, name="media-edit"),
    path("library/<int:pk>/delete/", library.media_delete, name="media-delete"),
    path("library/<int:pk>/file/", library.media_file, name="media-file"),
    path("m/<str:token>/<str:name>", library.media_public, name="media-public"),
    path("library/<int:pk>/thumbnail/", library.media_thumbnail, name="media-thumbnail"),
]
