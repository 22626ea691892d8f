"""Connected accounts through the API."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import connecting
from accounts.models import Account, AuditEvent, Membership
from accounts.permissions import Permission
from platforms.base import ConnectMethod, Platform
from platforms.registry import PLATFORMS
from publishing.forecast import Forecast, month_of
from snsauto.api.authentication import member_of
from snsauto.api.caching import cached_answer
from snsauto.api.etags import Conditional
from snsauto.api.serializers import AccountSerializer, UsageSerializer
from snsauto.api.views import sent
from snsauto.api.writing import AccountChangeSerializer, ConnectSerializer


class AccountViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Account],
):
    """Connected accounts: list, connect, pause, disconnect."""

    scope = "accounts"
    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    permission = Permission.CONNECT
    filterset_fields: ClassVar[list[str]] = ["state", "is_paused", "platform_name"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(member_of(self.request)).defer("credentials")

    @cached_answer("accounts")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=AccountChangeSerializer, responses=AccountSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        account = self.get_object()
        account.is_paused = sent(AccountChangeSerializer, request)["is_paused"]
        account.save(update_fields=["is_paused"])
        AuditEvent.record(
            member_of(request), "account.paused" if account.is_paused else "account.resumed", account
        )
        return Response(self.get_serializer(account).data)

    def perform_destroy(self, instance: Account) -> None:
        connecting.disconnect(member_of(self.request), instance)

    @extend_schema(responses=UsageSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_fields=None)
    def quotas(self, request: Request, pk: str) -> Response:
        """What is used, planned and left of the network's limits of a day, today; and money this month."""
        account, zone = self.get_object(), member_of(request).workspace.zone
        forecast = Forecast([account], *month_of(zone), zone)
        today = now().astimezone(zone).date()
        usage = {"day": today, "quotas": forecast.on(account, today), "money": forecast.money(account)}
        return Response(UsageSerializer(usage).data)

    @extend_schema(
        request=ConnectSerializer,
        responses={200: {"type": "object", "properties": {"authorize_url": {"type": "string"}}}},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def connect(self, request: Request) -> Response:
        """By consent: where to send the person. `password`: the account that what was typed connected."""
        asked = sent(ConnectSerializer, request)
        platform = PLATFORMS.get(asked["platform"])
        if platform is None:
            raise ValidationError({"platform": _("There is no such network.")}, code="unknown_platform")
        method = self._method(platform, asked["method"])
        return self._connect(member_of(request), platform, method, self._typed(method, asked))

    def _connect(
        self, member: Membership, platform: type[Platform], method: ConnectMethod, typed: dict[str, str]
    ) -> Response:
        if method.asks_consent:
            told = method.told(typed)
            return Response({"authorize_url": connecting.start(member, platform, told, None)})
        grant = connecting.log_in(member, platform, typed, None)
        accounts = connecting.keep(grant, grant.profiles)
        return Response(self.get_serializer(accounts, many=True).data, status=status.HTTP_201_CREATED)

    @staticmethod
    def _method(platform: type[Platform], name: str) -> ConnectMethod:
        for method in platform.connect_methods:
            if method.name == name:
                return method
        raise ValidationError({"method": _("There is no such way to connect.")}, code="unknown_method")

    @staticmethod
    def _typed(method: ConnectMethod, asked: dict[str, Any]) -> dict[str, str]:
        """What was typed for the method, its defaults filled in."""
        typed = asked.get("fields", {})
        missing = [
            field for field in method.fields if field.required and not typed.get(field.name, field.default)
        ]
        if missing:
            raise ValidationError(
                {f"fields.{field.name}": _("This is needed.") for field in missing}, code="required"
            )
        return {field.name: typed.get(field.name) or field.default for field in method.fields}
