"""What a program may write: requests as serializers, turned into the same values that the composer makes."""

from datetime import UTC, datetime
from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Account, Membership, WorkspaceQuerySet, validate_timezone
from campaigns.models import Campaign
from publishing.models import Media, Post
from publishing.writing import PostInput, Target
from snsauto.api.authentication import member_of

LONGEST_TEXT = 50_000


class OwnRows(serializers.PrimaryKeyRelatedField):  # type: ignore[type-arg]
    """Rows of the workspace by id; those of another do not exist."""

    def get_queryset(self) -> Any:
        rows = cast("WorkspaceQuerySet[Any]", super().get_queryset())
        return rows.visible_to(member_of(self.context["request"]))


class TargetSerializer(serializers.Serializer[Any]):
    """An account, and what is different for it."""

    account = OwnRows(queryset=Account.objects.all())
    text = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT
    )
    options = serializers.DictField(required=False, child=serializers.JSONField())

    def to_internal_value(self, data: Any) -> Any:
        """A bare id is an account for which nothing is different."""
        return super().to_internal_value({"account": data} if isinstance(data, int) else data)


class PostWriteSerializer(serializers.Serializer[Any]):
    """A post as a program sends it. `scheduled_at` without `publish: "schedule"` is a wish on a draft."""

    text = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT
    )
    accounts = TargetSerializer(many=True, required=False)
    media = OwnRows(queryset=Media.objects.all(), many=True, required=False)
    campaign = OwnRows(queryset=Campaign.objects.all(), required=False, allow_null=True)
    timezone = serializers.CharField(required=False, validators=[validate_timezone])
    scheduled_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    publish = serializers.ChoiceField(
        choices=[("draft", _("save only")), ("schedule", _("at scheduled_at")), ("now", _("at once"))],
        default="draft",
        help_text=_("What happens once the post is saved."),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("publish") == "schedule" and not attrs.get("scheduled_at"):
            raise serializers.ValidationError({"scheduled_at": _("Say when.")}, code="required")
        accounts = [target["account"].pk for target in attrs.get("accounts", [])]
        if len(accounts) != len(set(accounts)):
            raise serializers.ValidationError({"accounts": _("An account is named twice.")}, code="duplicate")
        return attrs


class ScheduleSerializer(serializers.Serializer[Any]):
    scheduled_at = serializers.DateTimeField(default_timezone=UTC)


class ConfirmSerializer(serializers.Serializer[Any]):
    permalink = serializers.URLField(required=False, allow_blank=True, max_length=1000)


class WayToConnectSerializer(serializers.Serializer[Any]):
    """One of a network's methods, and what that method asks for."""

    method = serializers.CharField(default="oauth")
    fields = serializers.DictField(child=serializers.CharField(), required=False)  # type: ignore[assignment]


class ConnectSerializer(WayToConnectSerializer):
    """How to connect: a network, one of its methods, and what that method asks for."""

    platform = serializers.CharField()


class AccountChangeSerializer(serializers.Serializer[Any]):
    is_paused = serializers.BooleanField()


class SwitchChangeSerializer(serializers.Serializer[Any]):
    is_stopped = serializers.BooleanField()
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)


class CheckResultSerializer(serializers.Serializer[Any]):
    """What the preflight found for one account."""

    account = serializers.IntegerField()
    kind = serializers.CharField()
    length = serializers.IntegerField()
    limit = serializers.IntegerField()
    parts = serializers.ListField(child=serializers.CharField())
    findings = serializers.ListField(child=serializers.DictField())


def post_input(member: Membership, sent: dict[str, Any], post: Post | None = None) -> PostInput:
    """The author's wish; what a change leaves out stays as it stands."""
    return PostInput(
        text=sent.get("text", post.text if post else ""),
        targets=_targets(sent["accounts"]) if "accounts" in sent else _standing_targets(post),
        media=sent.get("media", post.pictures if post else []),
        timezone=sent.get("timezone") or (post.timezone if post else member.workspace.timezone),
        campaign=sent.get("campaign", post.campaign if post else None),
        scheduled_at=_time(sent, post),
    )


def _time(sent: dict[str, Any], post: Post | None) -> datetime | None:
    if "scheduled_at" in sent:
        return sent["scheduled_at"]  # type: ignore[no-any-return]
    return post.scheduled_at if post else None


def _targets(sent: list[dict[str, Any]]) -> list[Target]:
    return [Target(target["account"], target.get("text"), target.get("options", {})) for target in sent]


def _standing_targets(post: Post | None) -> list[Target]:
    if post is None:
        return []
    deliveries = post.deliveries.select_related("account").exclude(state="cancelled")
    return [Target(delivery.account, delivery.text, delivery.options) for delivery in deliveries]
