"""The operations desk for the inbox: what is read, what was told, which answers are stuck, and one click."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from inbox import receipts, replying
from inbox.models import Conversation, Feed, Message, Receipt, Reply, ReplyRule, ReplyStep
from publishing.admin import ReadOnlyInline


@admin.register(Feed)
class FeedAdmin(ReadOnlyAdmin):
    list_display = ["account", "due_at", "looked_at", "hooked_at", "backfilled_at", "failures", "problem"]
    list_filter = ["account__platform_name", "account__state"]
    list_select_related = ["account"]
    search_fields = ["account__handle"]
    exclude = ["cursor", "posts", "backlog"]
    actions = ["read_now"]

    @admin.action(description=_("Read now"))
    def read_now(self, request: HttpRequest, rows: QuerySet[Feed]) -> None:
        rows.update(due_at=now())
        messages.success(request, _("They are read within a minute."))


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "platform_name", "received_at", "due_at", "tries", "problem"]
    list_filter = ["platform_name"]
    date_hierarchy = "received_at"
    exclude = ["body"]  # people's words belong to their workspace
    actions = ["work_off_again"]

    @admin.action(description=_("Work off again"))
    def work_off_again(self, request: HttpRequest, rows: QuerySet[Receipt]) -> None:
        rows.update(due_at=now(), lease_until=None, tries=0, problem="")
        receipts.ring()


class ReplyStepInline(ReadOnlyInline):
    model = ReplyStep
    fields = ["name", "kind", "state", "tries", "first_sent_at", "sent_at", "done_at"]


@admin.register(Reply)
class ReplyAdmin(ReadOnlyAdmin):
    list_display = [
        "__str__",
        "state",
        "due_at",
        "reason",
        "attempts_left",
        "crashes",
        "owner",
        "lease_until",
    ]
    list_filter = ["state", "conversation__account__platform_name"]
    list_select_related = ["conversation__account"]
    search_fields = ["text"]
    inlines = [ReplyStepInline]
    actions = ["retry"]

    @admin.action(description=_("Retry what failed"))
    def retry(self, request: HttpRequest, rows: QuerySet[Reply]) -> None:
        for reply in rows.select_related("message__conversation__account"):
            try:
                replying.retry(reply)
            except replying.Refused as error:
                messages.error(request, f"{reply}: {error.message}")


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ["person", "account", "kind", "state", "unread", "needs_answer", "last_at"]
    list_filter = ["state", "kind", "account__platform_name"]
    list_select_related = ["person", "account"]
    search_fields = ["key", "person__handle"]
    exclude = ["preview"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["remote_id", "account", "kind", "is_ours", "created_at", "received_at", "deleted_at"]
    list_filter = ["kind", "is_ours", "account__platform_name"]
    list_select_related = ["account"]
    search_fields = ["remote_id"]
    exclude = ["text", "earlier", "extra", "attachments"]


@admin.register(ReplyRule)
class ReplyRuleAdmin(ReadOnlyAdmin):
    list_display = ["name", "workspace", "is_on", "reply", "pause"]
    list_filter = ["is_on"]
    list_select_related = ["workspace"]
