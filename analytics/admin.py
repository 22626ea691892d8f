"""The operations desk for numbers and reports: what is asked next, what stands still, and one click."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from analytics.models import AccountDay, Latest, Look
from analytics.report_models import Report, ReportMail, ReportPlan
from publishing.admin import ReadOnlyInline


@admin.register(Look)
class LookAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "due_at", "looked_at", "lease_until", "failures", "problem_code", "problem"]
    list_filter = ["problem_code"]
    search_fields = ["account__handle", "delivery__account__handle"]
    actions = ["ask_now"]

    @admin.action(description=_("Ask now, also where nothing was to be asked any more"))
    def ask_now(self, request: HttpRequest, rows: QuerySet[Look]) -> None:
        rows.update(due_at=now())
        messages.success(request, _("They are asked within a minute."))


@admin.register(AccountDay)
class AccountDayAdmin(ReadOnlyAdmin):
    list_display = ["account", "day", "is_counted", "posts", "views", "engagements", "followers"]
    list_filter = ["is_counted", "account__platform_name"]
    list_select_related = ["account"]
    search_fields = ["account__handle"]
    date_hierarchy = "day"


@admin.register(Latest)
class LatestAdmin(ReadOnlyAdmin):
    list_display = ["delivery_id", "account", "published_at", "taken_at", "views", "engagements", "rate"]
    list_filter = ["account__platform_name"]
    list_select_related = ["account"]
    search_fields = ["account__handle"]


@admin.register(ReportPlan)
class ReportPlanAdmin(ReadOnlyAdmin):
    list_display = ["name", "workspace", "kind", "is_on", "due_at", "zone"]
    list_filter = ["is_on", "kind"]
    list_select_related = ["workspace"]
    search_fields = ["name", "workspace__name"]
    exclude = ["addresses"]


class ReportMailInline(ReadOnlyInline):
    model = ReportMail
    fields = ["address", "created_at", "mailing_at", "mailed_at"]
    readonly_fields = ["mailing_at"]


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """The key of its link is as good as a password, and its numbers belong to the workspace."""

    list_display = ["name", "workspace", "state", "created_at", "made_at", "fence", "lease_until", "problem"]
    list_filter = ["state"]
    list_select_related = ["workspace"]
    search_fields = ["name", "workspace__name"]
    exclude = ["link_key", "rows"]
    inlines = [ReportMailInline]
