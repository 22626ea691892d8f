"""What the token's owner was told."""

from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Notification
from accounts.permissions import Permission
from snsauto.api.authentication import member_of
from snsauto.api.views import sent


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One thing that the token's owner was told; `url` is a path of the desk."""

    class Meta:
        model = Notification
        fields = ["id", "kind", "key", "text", "url", "created_at", "read_at"]


class NoticesReadSerializer(serializers.Serializer[Any]):
    """Which notices were read; left out: all."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), required=False, max_length=1000)


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
