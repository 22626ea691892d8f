"""The inbox and what it is set up with."""

from django.urls import path

from inbox.views import acting, bulk, desk, setting_up

app_name = "inbox"
urlpatterns = [
    path("", desk.conversation_list, name="conversation-list"),
    path("<int:pk>/", desk.conversation, name="conversation"),
    path("<int:pk>/thread/", desk.thread, name="thread"),
    path("news/", desk.news, name="news"),
    path("<int:pk>/reply/", acting.reply, name="reply"),
    path("<int:pk>/check/", acting.check, name="check"),
    path("<int:pk>/assign/", acting.assign, name="assign"),
    path("<int:pk>/state/", acting.state, name="state"),
    path("<int:pk>/labels/", acting.labels, name="labels"),
    path("<int:pk>/note/", acting.note, name="note"),
    path("people/<int:pk>/note/", acting.person, name="person"),
    path("messages/<int:pk>/moderate/", acting.moderate, name="moderate"),
    path("answers/<int:pk>/", acting.answer, name="answer"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("undo/<int:pk>/", bulk.undo_move, name="undo"),
    path("replies/", setting_up.saved_reply_list, name="saved-reply-list"),
    path("replies/new/", setting_up.saved_reply_create, name="saved-reply-create"),
    path("replies/<int:pk>/", setting_up.saved_reply_edit, name="saved-reply-edit"),
    path("replies/<int:pk>/delete/", setting_up.saved_reply_delete, name="saved-reply-delete"),
    path("labels/", setting_up.label_list, name="label-list"),
    path("labels/new/", setting_up.label_create, name="label-create"),
    path("labels/<int:pk>/", setting_up.label_edit, name="label-edit"),
    path("labels/<int:pk>/delete/", setting_up.label_delete, name="label-delete"),
    path("rules/", setting_up.rule_list, name="rule-list"),
    path("rules/new/", setting_up.rule_create, name="rule-create"),
    path("rules/<int:pk>/", setting_up.rule_edit, name="rule-edit"),
    path("rules/<int:pk>/switch/", setting_up.rule_switch, name="rule-switch"),
    path("rules/<int:pk>/move/", setting_up.rule_move, name="rule-move"),
    path("rules/<int:pk>/delete/", setting_up.rule_delete, name="rule-delete"),
    path("rules/<int:pk>/try/", setting_up.rule_try, name="rule-try"),
]
