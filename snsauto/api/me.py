"""Who a token speaks for and how it is renewed; what the networks are."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiToken, AuditEvent
from accounts.permissions import Permission
from accounts.scopes import ANY
from platforms.registry import PLATFORMS
from snsauto.api.authentication import member_of, token_of
from snsauto.api.errors import Conflict
from snsauto.api.serializers import MeSerializer, PlatformSerializer


class OwnTokenSerializer(serializers.ModelSerializer[ApiToken]):
    """The token that asks."""

    scopes = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "created_at", "expires_at"]


class WhoSerializer(MeSerializer):
    token = OwnTokenSerializer(allow_null=True)

    class Meta(MeSerializer.Meta):
        fields = [*MeSerializer.Meta.fields, "token"]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        instance.token = token_of(self.context["request"])
        return dict(super().to_representation(instance))


class FreshTokenSerializer(OwnTokenSerializer):
    """A token in place of the one that asked. `key` is told once."""

    key = serializers.CharField()

    class Meta(OwnTokenSerializer.Meta):
        fields = [*OwnTokenSerializer.Meta.fields, "key"]


class Me(APIView):
    """Who the token speaks for, and what it may do. `token` is null for a browser's session."""

    scope = ANY

    @extend_schema(responses=WhoSerializer)
    def get(self, request: Request) -> Response:
        return Response(WhoSerializer(member_of(request), context={"request": request}).data)


class Refresh(APIView):
    """A new key for the same token: short lives, renewed by the program itself."""

    scope = ANY
    permission = Permission.VIEW

    @extend_schema(request=None, responses={201: FreshTokenSerializer})
    def post(self, request: Request) -> Response:
        """The same name, scopes and time to live, and a new key. The old key works one minute longer."""
        token, member = token_of(request), member_of(request)
        if token is None:
            raise Conflict(_("Only a token can be refreshed."), code="no_token")
        with transaction.atomic():
            fresh, key = token.replace(member)
            AuditEvent.record(member, "token.refreshed", fresh, hint=fresh.hint)
        fresh.key = key  # type: ignore[attr-defined]
        return Response(FreshTokenSerializer(fresh).data, status=status.HTTP_201_CREATED)


class PlatformList(APIView):
    """The networks: limits, options, and how to connect."""

    scope = "platforms"

    @extend_schema(responses=PlatformSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(PlatformSerializer(PLATFORMS.values(), many=True).data)
