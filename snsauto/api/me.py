"""Who a token speaks for, and what the networks are."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from platforms.registry import PLATFORMS
from snsauto.api.authentication import member_of
from snsauto.api.serializers import MeSerializer, PlatformSerializer


class Me(APIView):
    """Who the token speaks for."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(member_of(request)).data)


class PlatformList(APIView):
    """The networks: limits, options, and how to connect."""

    @extend_schema(responses=PlatformSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(PlatformSerializer(PLATFORMS.values(), many=True).data)
