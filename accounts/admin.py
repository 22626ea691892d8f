"""The operations desk for people, workspaces and connected accounts. No secret is ever shown."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    Account,
    ApiToken,
    AppCredential,
    AuditEvent,
    ChatLink,
    ChatMessage,
    DataExport,
    Dispatch,
    IdempotentRequest,
    Invitation,
    Membership,
    OAuthState,
    PendingConnection,
    User,
    Webhook,
    Workspace,
)
from platforms.registry import PLATFORMS

admin.site.site_header = _("SNS Auto: operations")
admin.site.site_title = admin.site.site_header
admin.site.index_title = _("What is stuck, why, and what to press")


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only the product writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    autocomplete_fields = ["user", "workspace"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    list_display = ["email", "name", "is_active", "is_staff", "last_login", "date_joined"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    inlines = [MembershipInline]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Times"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "timezone", "tolerance", "is_paused", "created_at"]
    list_filter = ["is_paused"]
    search_fields = ["name"]
    readonly_fields = ["is_paused"]
    inlines = [MembershipInline]
    actions = ["pause", "resume"]

    @admin.action(description=_("Pause: send nothing"))
    def pause(self, request: HttpRequest, workspaces: QuerySet[Workspace]) -> None:
        self._set_paused(request, workspaces, True)

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, workspaces: QuerySet[Workspace]) -> None:
        self._set_paused(request, workspaces, False)

    def _set_paused(self, request: HttpRequest, workspaces: QuerySet[Workspace], paused: bool) -> None:
        by = cast("User", request.user)
        count = sum(workspace.set_paused(paused, by) for workspace in workspaces)
        self.message_user(request, _("%(count)d changed.") % {"count": count}, messages.SUCCESS)


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """How each connection is doing; tokens are neither shown nor typed here."""

    list_display = [
        "handle",
        "platform_name",
        "workspace",
        "state",
        "is_paused",
        "expires_at",
        "limited_until",
        "trouble",
    ]
    list_filter = ["platform_name", "state", "is_paused"]
    list_select_related = ["workspace"]
    search_fields = ["handle", "name", "remote_id", "workspace__name"]
    exclude = ["credentials", "refresh_lease_until"]
    actions = ["pause", "resume", "refresh_now", "lift_limit"]

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> list[str]:
        return [
            field.name for field in Account._meta.fields if field.name not in {"is_paused", *self.exclude}
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Pause: send nothing"))
    def pause(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._say(request, accounts.update(is_paused=True))

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._say(request, accounts.update(is_paused=False))

    @admin.action(description=_("Renew the token at the next run"))
    def refresh_now(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._say(request, accounts.filter(state=Account.State.CONNECTED).update(refresh_at=now()))

    @admin.action(description=_("Forget the network's rate limit"))
    def lift_limit(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._say(request, accounts.update(limited_until=None))

    def _say(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, _("%(count)d changed.") % {"count": count}, messages.SUCCESS)


class AppCredentialForm(forms.ModelForm):  # type: ignore[type-arg]
    """The secret can be written and never read."""

    platform_name = forms.ChoiceField(
        label=_("Network"), choices=lambda: [(name, platform.label) for name, platform in PLATFORMS.items()]
    )
    secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        widget=forms.PasswordInput,
        help_text=_("Empty: the stored one stays."),
    )

    class Meta:
        model = AppCredential
        fields = ["platform_name", "server", "client_id"]

    def save(self, commit: bool = True) -> AppCredential:
        if self.cleaned_data["secret"]:
            self.instance.client_secret = self.cleaned_data["secret"]
        return super().save(commit)  # type: ignore[no-any-return]


@admin.register(AppCredential)
class AppCredentialAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AppCredentialForm
    list_display = ["platform_name", "server", "client_id", "created_at"]
    list_filter = ["platform_name"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "hint", "user", "workspace", "created_at", "expires_at", "last_used_at"]
    list_select_related = ["user", "workspace"]
    fields = list_display  # type: ignore[assignment]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Append-only: not even staff may take an event away."""

    list_display = ["created_at", "workspace", "user", "action", "subject"]
    list_filter = ["action"]
    list_select_related = ["workspace", "user"]
    search_fields = ["subject", "user__email"]
    date_hierarchy = "created_at"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OAuthState, PendingConnection)
class ConnectionUnderWayAdmin(ReadOnlyAdmin):
    list_display = ["platform_name", "server", "user", "workspace", "created_at"]
    list_select_related = ["user", "workspace"]
    fields = list_display  # type: ignore[assignment]


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    list_display = ["key", "workspace", "status", "created_at"]
    list_select_related = ["workspace"]
    fields = list_display  # type: ignore[assignment]


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["user", "workspace", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "workspace"]
    autocomplete_fields = ["user", "workspace"]
    search_fields = ["user__email", "workspace__name"]


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ["url", "workspace", "is_on", "failing_since", "problem", "created_at"]
    list_filter = ["is_on"]
    list_select_related = ["workspace"]
    search_fields = ["url", "workspace__name"]
    readonly_fields = ["failing_since", "problem", "created_at"]


@admin.register(Dispatch)
class DispatchAdmin(ReadOnlyAdmin):
    list_display = ["happening", "webhook", "state", "tries", "http_status", "due_at"]
    list_filter = ["state"]
    list_select_related = ["happening", "webhook"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["email", "workspace", "role", "invited_by", "mailed_at", "expires_at"]
    list_select_related = ["workspace", "invited_by"]
    search_fields = ["email", "workspace__name"]


@admin.register(DataExport)
class DataExportAdmin(ReadOnlyAdmin):
    list_display = ["workspace", "asked_by", "state", "tries", "size", "created_at", "done_at"]
    list_filter = ["state"]
    list_select_related = ["workspace", "asked_by"]


@admin.register(ChatLink)
class ChatLinkAdmin(ReadOnlyAdmin):
    """Who is known to the desk's bot; taken away here, they link themselves again."""

    list_display = ["user", "name", "linked_at", "blocked_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "name"]


@admin.register(ChatMessage)
class ChatMessageAdmin(ReadOnlyAdmin):
    """What the bot has to tell; the words themselves belong to whom they are for."""

    list_display = ["key", "kind", "workspace", "due_at", "taken_until", "tries", "sent_at"]
    list_filter = ["kind"]
    list_select_related = ["workspace"]
    date_hierarchy = "created_at"
    exclude = ["text"]
