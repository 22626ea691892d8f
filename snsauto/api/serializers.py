"""The API's words for what the models hold."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account, Membership, Workspace
from campaigns.models import Campaign
from publishing.models import Attempt, Delivery, Media, Post, Step
from snsauto.api.authentication import member_of


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    class Meta:
        model = Workspace
        fields = ["id", "name", "timezone"]


class MeSerializer(serializers.ModelSerializer[Membership]):
    """Who the token speaks for, where, and in which role."""

    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    workspace = WorkspaceSerializer()

    class Meta:
        model = Membership
        fields = ["email", "name", "role", "workspace"]


class OptionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=["choice", "text", "flag"])
    default = serializers.JSONField()
    choices = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    max_length = serializers.IntegerField(allow_null=True)
    help = serializers.CharField()


class ConnectFieldSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()
    secret = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]


class ConnectMethodSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()
    fields = ConnectFieldSerializer(many=True)  # type: ignore[assignment]


class PlatformSerializer(serializers.Serializer[Any]):
    """A network: what it takes, and what may be chosen for a post."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    text_limit = serializers.IntegerField(source="rules.text.limit")
    text_unit = serializers.CharField(source="rules.text.unit")
    images_at_most = serializers.IntegerField(source="rules.images.at_most")
    image_formats = serializers.ListField(source="rules.images.formats", child=serializers.CharField())
    alt_text_limit = serializers.IntegerField(source="rules.images.alt_text")
    thread_at_most = serializers.IntegerField(source="rules.thread_at_most")
    options = OptionSerializer(many=True)
    connect_methods = ConnectMethodSerializer(many=True)


class AccountSerializer(serializers.ModelSerializer[Account]):
    """A connected account. Its token is nowhere in the API."""

    platform = serializers.CharField(source="platform_name")
    can_publish = serializers.BooleanField()
    options = OptionSerializer(source="platform.options", many=True)

    class Meta:
        model = Account
        fields = [
            "id",
            "platform",
            "remote_id",
            "handle",
            "name",
            "avatar_url",
            "url",
            "server",
            "state",
            "trouble",
            "is_paused",
            "can_publish",
            "expires_at",
            "limited_until",
            "connected_at",
            "options",
        ]


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    class Meta:
        model = Campaign
        fields = ["id", "name", "goal", "colour", "starts_on", "ends_on", "created_at"]
        read_only_fields = ["created_at"]

    def validate_name(self, name: str) -> str:
        others = Campaign.objects.visible_to(member_of(self.context["request"])).filter(name=name)
        if others.exclude(pk=getattr(self.instance, "pk", 0)).exists():
            raise serializers.ValidationError(_("There is a campaign of this name already."), code="unique")
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        starts_on, ends_on = (
            attrs.get(name, getattr(self.instance, name, None)) for name in ("starts_on", "ends_on")
        )
        if starts_on and ends_on and ends_on < starts_on:
            raise serializers.ValidationError({"ends_on": _("It ends before it starts.")}, code="ends_early")
        return attrs


class MediaSerializer(serializers.ModelSerializer[Media]):
    """A picture in the library."""

    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()

    class Meta:
        model = Media
        fields = [
            "id",
            "name",
            "content_type",
            "size",
            "width",
            "height",
            "alt_text",
            "url",
            "thumbnail_url",
            "created_at",
        ]
        read_only_fields = ["name", "content_type", "size", "width", "height", "created_at"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, media: Media) -> str:
        return self._address("publishing:media-file", media)

    @extend_schema_field(OpenApiTypes.URI)
    def get_thumbnail_url(self, media: Media) -> str:
        return self._address("publishing:media-thumbnail", media)

    def _address(self, name: str, media: Media) -> str:
        path = reverse(name, args=[media.pk])
        request = self.context.get("request")
        return request.build_absolute_uri(path) if request else path


class StepSerializer(serializers.ModelSerializer[Step]):
    class Meta:
        model = Step
        fields = ["name", "kind", "state", "tries", "first_sent_at", "done_at"]


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = [
            "number",
            "outcome",
            "error_code",
            "message",
            "detail",
            "http_status",
            "started_at",
            "finished_at",
        ]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One post on one account: where it stands, why, and what to do."""

    platform = serializers.CharField(source="account.platform_name")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "post",
            "account",
            "platform",
            "state",
            "due_at",
            "planned_at",
            "published_at",
            "permalink",
            "remote_id",
            "part_ids",
            "text",
            "options",
            "attempts_left",
            "reason_code",
            "reason",
            "advice",
        ]


class DeliveryDetailSerializer(DeliverySerializer):
    """With every step and attempt."""

    steps = StepSerializer(many=True)
    attempts = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "steps", "attempts"]


class PostSerializer(serializers.ModelSerializer[Post]):
    """A post with its deliveries; `state` is what they say."""

    state = serializers.CharField()
    media = MediaSerializer(source="pictures", many=True)
    deliveries = DeliverySerializer(many=True)

    class Meta:
        model = Post
        fields = [
            "id",
            "state",
            "text",
            "media",
            "campaign",
            "scheduled_at",
            "timezone",
            "deliveries",
            "created_at",
            "updated_at",
        ]
