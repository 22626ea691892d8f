"""What the token's owner was told, and how they want to be told."""

from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import muting
from accounts.events import CHANNELS, EVENTS
from accounts.models import ChatLink, NoticePreference, Notification, User, preferences_of
from accounts.permissions import Permission
from snsauto.api.authentication import member_of
from snsauto.api.etags import Conditional
from snsauto.api.plain import PlainSerializer
from snsauto.api.views import sent


class NotificationSerializer(PlainSerializer[Notification]):
    """One thing that the token's owner was told; `url` is a path of the desk."""

    class Meta:
        model = Notification
        fields = ["id", "kind", "key", "text", "url", "created_at", "read_at"]


class NoticesReadSerializer(serializers.Serializer[Any]):
    """Which notices were read; left out: all."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=1000
    )


class NotificationFilter(filters.FilterSet):  # type: ignore[misc]
    """Notices by kind, and those that are not read yet."""

    unread = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields = ["kind"]


class NotificationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Notification]):
    """What the token's owner was told about the workspace and the desk, and marking it read."""

    scope = "notifications"
    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    permission = Permission.VIEW

    def get_queryset(self) -> QuerySet[Notification]:
        return Notification.objects.visible_to(member_of(self.request))

    @extend_schema(
        request=NoticesReadSerializer,
        responses={200: {"type": "object", "properties": {"read": {"type": "integer"}}}},
    )
    @action(detail=False, methods=["post"], pagination_class=None, filterset_class=None)
    def read(self, request: Request) -> Response:
        """Mark as read: those of `ids`, or all. Answers how many were unread before."""
        unread = self.get_queryset().filter(read_at=None)
        asked = sent(NoticesReadSerializer, request)
        if "ids" in asked:
            unread = unread.filter(pk__in=asked["ids"])
        return Response({"read": unread.update(read_at=now())})


class EventSerializer(serializers.Serializer[Any]):
    """Something to be told. `channels`: where the token's owner is told; `default`: unless they say."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of its own, not this one's name
    group = serializers.CharField()
    told = serializers.CharField()
    is_urgent = serializers.BooleanField()
    webhook = serializers.CharField()
    default = serializers.ListField(child=serializers.ChoiceField(CHANNELS))
    channels = serializers.ListField(child=serializers.ChoiceField(CHANNELS))


class NoticePreferenceSerializer(serializers.ModelSerializer[NoticePreference]):
    """All of it: events with their channels, quiet hours, digest, mute, and whether the chat is linked."""

    events = serializers.SerializerMethodField()
    is_chat_linked = serializers.SerializerMethodField()

    class Meta:
        model = NoticePreference
        fields = [
            *("events", "timezone", "quiet_from", "quiet_until", "digest", "digest_at", "digest_on"),
            *("muted_until", "is_chat_linked"),
        ]

    @extend_schema_field(EventSerializer(many=True))
    def get_events(self, row: NoticePreference) -> list[dict[str, Any]]:
        return [
            {
                "name": event.name,
                "label": str(event.label),
                "group": str(event.group),
                "told": str(event.told),
                "is_urgent": event.is_urgent,
                "webhook": event.webhook,
                "default": [channel for channel in CHANNELS if channel in event.channels],
                "channels": [channel for channel in CHANNELS if channel in row.channels(event)],
            }
            for event in EVENTS.values()
        ]

    def get_is_chat_linked(self, row: NoticePreference) -> bool:
        return ChatLink.objects.filter(user_id=row.user_id).exists()


class NoticePreferenceChangeSerializer(serializers.ModelSerializer[NoticePreference]):
    """What shall change; events that are left out stay as they are."""

    events = serializers.DictField(
        child=serializers.ListField(child=serializers.ChoiceField(CHANNELS)), required=False
    )

    class Meta:
        model = NoticePreference
        fields = [
            *("events", "timezone", "quiet_from", "quiet_until", "digest", "digest_at", "digest_on"),
            "muted_until",
        ]

    def validate_events(self, wanted: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := sorted(set(wanted) - set(EVENTS)):
            raise serializers.ValidationError(f"There is no event {unknown[0]}.", code="unknown_event")
        return wanted

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ends = [attrs.get(name, getattr(self.instance, name, None)) for name in ("quiet_from", "quiet_until")]
        if ends.count(None) == 1:
            raise serializers.ValidationError({"quiet_until": ["Quiet hours need both ends, or none."]})
        if ends[0] is not None and ends[0] == ends[1]:
            raise serializers.ValidationError({"quiet_until": ["Quiet hours end when they begin."]})
        return attrs

    def update(self, instance: NoticePreference, validated_data: dict[str, Any]) -> NoticePreference:
        instance.choose(validated_data.pop("events", {}), EVENTS)
        return super().update(instance, validated_data)


class NotificationSettings(Conditional, APIView):
    """How the token's owner wants to be told: the same as the page."""

    scope = "settings"
    permission = Permission.VIEW

    @extend_schema(responses=NoticePreferenceSerializer)
    def get(self, request: Request) -> Response:
        return Response(_told(member_of(request).user))

    def held(self) -> Any:
        """Whoever has no row yet is held by their own."""
        user = User.objects.select_for_update().get(pk=member_of(self.request).user_id)
        NoticePreference.objects.select_for_update().filter(user=user).first()
        return _told(user)

    @extend_schema(request=NoticePreferenceChangeSerializer, responses=NoticePreferenceSerializer)
    def patch(self, request: Request) -> Response:
        user = member_of(request).user
        preference, _created = NoticePreference.objects.get_or_create(user=user)
        change = NoticePreferenceChangeSerializer(preference, data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        saved = change.save()
        muting.release(saved)
        return Response(NoticePreferenceSerializer(saved).data)


def _told(user: User) -> Any:
    return NoticePreferenceSerializer(preferences_of([user])[user.pk]).data
