"""The operations desk for posts: what is stuck, why, and one click. States are read here, never typed."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from publishing import scheduling
from publishing.ai_rows import AiUse
from publishing.engine_rows import Heartbeat
from publishing.models import Attempt, Delivery, Media, Post, PostMedia, State, Step, Variant


class Trouble(admin.SimpleListFilter):
    """The questions an operator asks first."""

    title = _("trouble")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("late", _("Due and not out")),
            ("held", _("Being worked on")),
            ("person", _("Needs a person")),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        match self.value():
            case "late":
                return rows.filter(state__in=[State.SCHEDULED, State.PUBLISHING], due_at__lt=now())
            case "held":
                return rows.filter(lease_until__gt=now())
            case "person":
                return rows.filter(state__in=[State.FAILED, State.UNKNOWN, State.MISSED])
        return rows


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StepInline(ReadOnlyInline):
    model = Step
    fields = ["name", "kind", "state", "tries", "first_sent_at", "sent_at", "done_at", "result"]


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = [
        "number",
        "outcome",
        "error_code",
        "message",
        "http_status",
        "started_at",
        "finished_at",
        "owner",
    ]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
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
    list_filter = [Trouble, "state", "account__platform_name"]
    list_select_related = ["post", "account"]
    search_fields = ["post__text", "account__handle", "remote_id"]
    date_hierarchy = "due_at"
    inlines = [StepInline, AttemptInline]
    actions = ["retry", "cancel", "release"]

    @admin.action(description=_("Retry now (failed, missed)"))
    def retry(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        self._each(request, deliveries, scheduling.retry)

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        self._each(request, deliveries, scheduling.cancel)

    @admin.action(description=_("Let go of a worker that is surely dead"))
    def release(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        held = deliveries.filter(state=State.PUBLISHING, lease_until__isnull=False)
        self._say(request, held.update(lease_until=now(), due_at=now()), deliveries.count())

    def _each(
        self, request: HttpRequest, deliveries: QuerySet[Delivery], act: Callable[[Delivery], object]
    ) -> None:
        done = sum(bool(act(delivery)) for delivery in deliveries.select_related("post", "account"))
        self._say(request, done, deliveries.count())

    def _say(self, request: HttpRequest, done: int, asked: int) -> None:
        level = messages.SUCCESS if done == asked else messages.WARNING
        self.message_user(
            request, _("%(done)d of %(asked)d changed.") % {"done": done, "asked": asked}, level
        )


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    fields = ["account", "state", "due_at", "reason", "permalink"]
    show_change_link = True


class PostMediaInline(ReadOnlyInline):
    model = PostMedia


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "workspace", "author", "scheduled_at", "created_at"]
    list_filter = ["workspace"]
    list_select_related = ["workspace", "author"]
    search_fields = ["text"]
    date_hierarchy = "scheduled_at"
    inlines = [PostMediaInline, DeliveryInline]


@admin.register(Media)
class MediaAdmin(ReadOnlyAdmin):
    list_display = ["name", "workspace", "content_type", "size", "width", "height", "created_at"]
    list_select_related = ["workspace"]
    search_fields = ["name", "alt_text"]


@admin.register(Variant)
class VariantAdmin(ReadOnlyAdmin):
    list_display = ["media", "key", "content_type", "size", "width", "height"]
    list_select_related = ["media"]


@admin.register(Step)
class StepAdmin(ReadOnlyAdmin):
    list_display = ["delivery_id", "name", "kind", "state", "tries", "first_sent_at", "done_at"]
    list_filter = ["state", "kind"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ["delivery_id", "number", "outcome", "error_code", "message", "started_at", "finished_at"]
    list_filter = ["outcome", "error_code"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["owner", "beat_at"]


@admin.register(AiUse)
class AiUseAdmin(ReadOnlyAdmin):
    """What the AI was asked for and what it cost, for whoever pays the bill."""

    list_display = [
        "started_at",
        "workspace",
        "user",
        "task",
        "model",
        "outcome",
        "input_tokens",
        "output_tokens",
        "cost",
        "detail",
    ]
    list_filter = ["outcome", "task", "model", "workspace"]
    list_select_related = ["workspace", "user"]
    date_hierarchy = "started_at"
