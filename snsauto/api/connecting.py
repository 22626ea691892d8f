"""Connecting accounts through the API: by consent or typed credentials; choosing among several profiles."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import choosing, connecting
from accounts.models import Account
from accounts.permissions import Permission
from platforms.base import ConnectMethod, Platform
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Person
from snsauto.api.authentication import member_of
from snsauto.api.limits import OAUTH
from snsauto.api.serializers import AccountSerializer
from snsauto.api.views import sent
from snsauto.api.writing import WayToConnectSerializer
from snsauto.demo import bakery
from snsauto.demo.connecting import connect_as, played


class AuthorizeSerializer(serializers.Serializer[Any]):
    """Where to send the person: logged in to the desk as the token's owner, within ten minutes."""

    authorize_url = serializers.URLField()


class ProfileSerializer(serializers.Serializer[Any]):
    remote_id = serializers.CharField()
    handle = serializers.CharField()
    name = serializers.CharField()


class ConnectedSerializer(serializers.Serializer[Any]):
    """`accounts`: what is connected now. `choose`: the network granted several; choose at /oauth/choose/."""

    accounts = AccountSerializer(many=True)
    choose = serializers.CharField(allow_blank=True)
    profiles = ProfileSerializer(many=True)


class ChooseSerializer(serializers.Serializer[Any]):
    choose = serializers.CharField()
    profiles = serializers.ListField(child=serializers.CharField(), allow_empty=False)


class CallbackSerializer(serializers.Serializer[Any]):
    """What the network added to the address that it sent the person back to; most send no more than these."""

    state = serializers.CharField()
    code = serializers.CharField(required=False)

    def to_internal_value(self, data: Any) -> Any:
        checked = super().to_internal_value(data)
        return {**{str(name): str(value) for name, value in data.items()}, **checked}


class SimulateSerializer(serializers.Serializer[Any]):
    """`person`: the handle of somebody who lives in the sandbox; left out, the first who does."""

    person = serializers.CharField(required=False)


def begin(request: Request, platform: type[Platform], asked: dict[str, Any], again: int | None) -> Response:
    """By consent: where to send the person (200). Else what was typed connects at once (201)."""
    member, method = member_of(request), _method(platform, asked["method"])
    typed = _typed(method, asked.get("fields", {}))
    if method.asks_consent:
        url = connecting.start(member, platform, method.told(typed), again)
        return Response({"authorize_url": url})
    return granted(connecting.log_in(member, platform, typed, again), keep_all=True)


def granted(grant: connecting.Granted, *, keep_all: bool = False) -> Response:
    """201 with the accounts; 202 where there are several profiles to choose among."""
    if len(grant.profiles) > 1 and not keep_all:
        kept = choosing.postpone(grant)
        body = {"accounts": [], "choose": kept.key, "profiles": grant.profiles}
        return Response(ConnectedSerializer(body).data, status=status.HTTP_202_ACCEPTED)
    return connected(connecting.keep(grant, grant.profiles))


def connected(accounts: list[Account]) -> Response:
    body = {"accounts": accounts, "choose": "", "profiles": []}
    return Response(ConnectedSerializer(body).data, status=status.HTTP_201_CREATED)


def platform_or_404(name: str) -> type[Platform]:
    if name not in PLATFORMS:
        raise Http404
    return PLATFORMS[name]


def _method(platform: type[Platform], name: str) -> ConnectMethod:
    for method in platform.connect_methods:
        if method.name == name:
            return method
    raise ValidationError({"method": _("There is no such way to connect.")}, code="unknown_method")


def _typed(method: ConnectMethod, typed: dict[str, str]) -> dict[str, str]:
    """What was typed for the method, its defaults filled in."""
    missing = [
        field for field in method.fields if field.required and not typed.get(field.name, field.default)
    ]
    if missing:
        raise ValidationError(
            {f"fields.{field.name}": _("This is needed.") for field in missing}, code="required"
        )
    return {field.name: typed.get(field.name) or field.default for field in method.fields}


class OAuthView(APIView):
    scope = "accounts"
    permission = Permission.CONNECT
    limits = (OAUTH,)


class Authorize(OAuthView):
    """The way to a network's consent page."""

    @extend_schema(
        request=WayToConnectSerializer, responses={200: AuthorizeSerializer, 201: ConnectedSerializer}
    )
    def post(self, request: Request, platform: str) -> Response:
        return begin(request, platform_or_404(platform), sent(WayToConnectSerializer, request), None)


class Callback(OAuthView):
    """The way back, for a program that received the person itself; browsers come back to the desk's page."""

    @extend_schema(request=CallbackSerializer, responses={201: ConnectedSerializer, 202: ConnectedSerializer})
    def post(self, request: Request, platform: str) -> Response:
        answer = sent(CallbackSerializer, request)
        user = member_of(request).user
        return granted(connecting.come_back(user, platform_or_404(platform), answer))


class Choose(OAuthView):
    """Which of the profiles that the network granted are to be connected."""

    @extend_schema(request=ChooseSerializer, responses={201: ConnectedSerializer})
    def post(self, request: Request) -> Response:
        asked = sent(ChooseSerializer, request)
        grant = choosing.resume(member_of(request).user, asked["choose"])
        chosen = tuple(profile for profile in grant.profiles if profile.remote_id in asked["profiles"])
        if not chosen:
            raise ValidationError({"profiles": _("None of these was granted.")}, code="does_not_exist")
        accounts = connecting.keep(grant, chosen)
        choosing.finish(asked["choose"])
        return connected(accounts)


class SimulateCallback(OAuthView):
    """Connect one who lives in the sandbox: asked, allowed and back again. 404 on a real network."""

    @extend_schema(request=SimulateSerializer, responses={201: ConnectedSerializer})
    def post(self, request: Request, platform: str) -> Response:
        network = platform_or_404(platform)
        if not settings.SANDBOX or network not in played():
            raise Http404
        people = Person.objects.filter(network=network.name).order_by("pk")
        asked = sent(SimulateSerializer, request)
        person = people.filter(handle=asked["person"]).first() if "person" in asked else people.first()
        if person is None:
            raise ValidationError({"person": _("Nobody of this name lives there.")}, code="does_not_exist")
        return connected([connect_as(member_of(request), network, person, bakery.SERVER)])
