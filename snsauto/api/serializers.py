"""The API's words for what the models hold."""

from functools import cached_property
from typing import Any, get_args

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account, Membership, Workspace
from platforms.base import ABILITIES, Platform
from platforms.options import OptionKind
from publishing.engine_rows import Switch
from publishing.models import Attempt, Delivery, Media, Post, Step
from snsauto.api.plain import PlainSerializer


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    class Meta:
        model = Workspace
        fields = ["id", "name", "timezone", "is_paused"]


class SwitchSerializer(serializers.ModelSerializer[Switch]):
    """The desk's kill switch: who has put it so, when, and why."""

    changed_at = serializers.SerializerMethodField()
    changed_by = serializers.CharField(allow_null=True)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_changed_at(self, switch: Switch) -> Any:
        """Never, where nobody has pressed it yet."""
        return (
            None if switch._state.adding else serializers.DateTimeField().to_representation(switch.changed_at)
        )

    class Meta:
        model = Switch
        fields = ["is_stopped", "reason", "changed_at", "changed_by"]


class MeSerializer(serializers.ModelSerializer[Membership]):
    """Who the token speaks for, where, and in which role."""

    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    workspace = WorkspaceSerializer()

    class Meta:
        model = Membership
        fields = ["email", "name", "role", "workspace"]


class OptionSerializer(serializers.Serializer[Any]):
    """One choice for a post, as its network declares it."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=get_args(OptionKind))
    default = serializers.JSONField()
    choices = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    choices_from = serializers.CharField()
    max_length = serializers.IntegerField(allow_null=True)
    least = serializers.IntegerField(allow_null=True)
    most = serializers.IntegerField(allow_null=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    kinds = serializers.ListField(child=serializers.CharField())
    shown_with = serializers.CharField()
    example = serializers.JSONField()
    help = serializers.CharField()


class ImagesSerializer(serializers.Serializer[Any]):
    at_most = serializers.IntegerField()
    formats = serializers.ListField(child=serializers.CharField())
    max_bytes = serializers.IntegerField()
    alt_text = serializers.IntegerField()
    min_width = serializers.IntegerField()
    min_height = serializers.IntegerField()
    ratio = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class VideosSerializer(ImagesSerializer):
    codecs = serializers.ListField(child=serializers.CharField())
    seconds = serializers.ListField(child=serializers.FloatField())
    fps = serializers.ListField(child=serializers.FloatField())


class DocumentsSerializer(serializers.Serializer[Any]):
    at_most = serializers.IntegerField()
    formats = serializers.ListField(child=serializers.CharField())
    max_bytes = serializers.IntegerField()
    max_pages = serializers.IntegerField()


class KindSerializer(serializers.Serializer[Any]):
    """One kind of post with its limits; lengths are counted in the network's own way."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    by_choice = serializers.BooleanField()
    text_limit = serializers.IntegerField(source="rules.text.limit")
    text_unit = serializers.CharField(source="rules.text.unit")
    thread_at_most = serializers.IntegerField(source="rules.thread_at_most")
    media_at_least = serializers.IntegerField(source="rules.media_at_least")
    media_at_most = serializers.IntegerField(source="rules.media_at_most", allow_null=True)
    mixed = serializers.BooleanField(source="rules.mixed")
    images = ImagesSerializer(source="rules.images")
    videos = VideosSerializer(source="rules.videos")
    documents = DocumentsSerializer(source="rules.documents")


class QuotaSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    limit = serializers.IntegerField()
    within = serializers.DurationField()
    each = serializers.ChoiceField(choices=["account", "app"])


class QuotaUseSerializer(serializers.Serializer[Any]):
    """One quota on one day. Amounts are counted in the quota's own units."""

    what = serializers.CharField(source="quota.what")
    limit = serializers.IntegerField(source="quota.limit")
    within = serializers.DurationField(source="quota.within")
    each = serializers.ChoiceField(source="quota.each", choices=["account", "app"])
    used = serializers.FloatField()
    reserved = serializers.FloatField()
    left = serializers.FloatField()
    resets_at = serializers.DateTimeField()


class MoneySerializer(serializers.Serializer[Any]):
    """What the account's posts of this month cost, about."""

    currency = serializers.CharField()
    used = serializers.FloatField()
    reserved = serializers.FloatField()


class UsageSerializer(serializers.Serializer[Any]):
    """What an account has used, planned and left."""

    day = serializers.DateField()
    quotas = QuotaUseSerializer(many=True)
    money = MoneySerializer(allow_null=True)


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
    """A network: its kinds of post with their limits, what may be chosen, and what else it can do."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kinds = KindSerializer(source="post_kinds", many=True)
    options = OptionSerializer(many=True)
    abilities = serializers.SerializerMethodField()
    quotas = QuotaSerializer(many=True)
    post_numbers = serializers.ListField(child=serializers.CharField())
    account_numbers = serializers.ListField(child=serializers.CharField())
    message_kinds = serializers.ListField(child=serializers.CharField())
    replies_to = serializers.ListField(child=serializers.CharField())
    connect_methods = ConnectMethodSerializer(many=True)

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_abilities(self, platform: type[Platform]) -> list[str]:
        return [ability for ability in ABILITIES if platform.can(ability)]


class AccountSerializer(PlainSerializer[Account]):
    """A connected account. Its token is nowhere in the API."""

    platform = serializers.CharField(source="platform_name")
    can_publish = serializers.BooleanField()
    options = OptionSerializer(source="platform.options", many=True)
    choices = serializers.JSONField(source="limits.choices", default=dict, read_only=True)

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
            "choices",
        ]


class MediaSerializer(PlainSerializer[Media]):
    """A picture, video or document in the library."""

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
            "seconds",
            "pages",
            "alt_text",
            "url",
            "thumbnail_url",
            "created_at",
        ]
        read_only_fields = [
            "name",
            "content_type",
            "size",
            "width",
            "height",
            "seconds",
            "pages",
            "created_at",
        ]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, media: Media) -> str:
        return self._file.format(media.pk)

    @extend_schema_field(OpenApiTypes.URI)
    def get_thumbnail_url(self, media: Media) -> str:
        return self._thumbnail.format(media.pk)

    @cached_property
    def _file(self) -> str:
        return self._address("publishing:media-file")

    @cached_property
    def _thumbnail(self) -> str:
        return self._address("publishing:media-thumbnail")

    def _address(self, name: str) -> str:
        """With a gap for the row's number: found out once for a whole list."""
        place = reverse(name, args=[0]).replace("/0/", "/{}/")
        request = self.context.get("request")
        return request.build_absolute_uri(place) if request else place


class StepSerializer(PlainSerializer[Step]):
    class Meta:
        model = Step
        fields = ["name", "kind", "state", "tries", "first_sent_at", "done_at"]


class AttemptSerializer(PlainSerializer[Attempt]):
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


class DeliverySerializer(PlainSerializer[Delivery]):
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
            "checked_at",
            "warning_code",
            "warning",
        ]


def with_rows(posts: QuerySet[Post]) -> QuerySet[Post]:
    """With pictures and deliveries, and no more of these than is told: for lists, never to be changed."""
    told = (name for name in DeliverySerializer.Meta.fields if name != "platform")
    networks = Prefetch("account", Account.objects.only("platform_name"))
    deliveries = Delivery.objects.only(*told).prefetch_related(networks)
    return posts.prefetch_related("postmedia_set__media", Prefetch("deliveries", deliveries))


class DeliveryDetailSerializer(DeliverySerializer):
    """With every step and attempt."""

    steps = StepSerializer(many=True)
    attempts = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "steps", "attempts"]


class PostSerializer(PlainSerializer[Post]):
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
