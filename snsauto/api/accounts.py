"""Connected accounts through the API."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import connecting
from accounts.models import Account, AuditEvent
from accounts.permissions import Permission
from platforms.registry import PLATFORMS
from publishing.forecast import Forecast, month_of
from snsauto.api.authentication import member_of
from snsauto.api.caching import cached_answer
from snsauto.api.connecting import AuthorizeSerializer, ConnectedSerializer, begin
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.limits import OAUTH, spend
from snsauto.api.serializers import AccountSerializer, UsageSerializer
from snsauto.api.views import sent
from snsauto.api.writing import AccountChangeSerializer, ConnectSerializer, WayToConnectSerializer


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
    limits: tuple[str, ...] = ()
    reaches_out = frozenset({"DELETE"})
    filterset_fields: ClassVar[list[str]] = ["state", "is_paused", "platform_name"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(member_of(self.request)).defer("credentials")

    @cached_answer("accounts")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=ConnectSerializer, responses={200: AuthorizeSerializer, 201: ConnectedSerializer})
    def create(self, request: Request) -> Response:
        """By consent: where to send the person (200). `password`: what was typed connects at once (201)."""
        spend(request, OAUTH)
        asked = sent(ConnectSerializer, request)
        platform = PLATFORMS.get(asked["platform"])
        if platform is None:
            raise ValidationError({"platform": _("There is no such network.")}, code="unknown_platform")
        return begin(request, platform, asked, None)

    @extend_schema(request=ConnectSerializer, responses={200: AuthorizeSerializer, 201: ConnectedSerializer})
    @action(detail=False, methods=["post"], pagination_class=None, filterset_fields=None)
    def connect(self, request: Request) -> Response:
        """The same as `POST /accounts/`."""
        return self.create(request)

    @extend_schema(
        request=WayToConnectSerializer, responses={200: AuthorizeSerializer, 201: ConnectedSerializer}
    )
    @action(detail=True, methods=["post"], pagination_class=None, filterset_fields=None, limits=(OAUTH,))
    def reconnect(self, request: Request, pk: str) -> Response:
        """Renew an account that is there, with its history; as `POST /accounts/`."""
        account = self.get_object()
        asked = sent(WayToConnectSerializer, request)
        known = {"server": account.server, "handle": account.handle}
        asked["fields"] = {**known, **asked.get("fields", {})}
        return begin(request, account.platform, asked, account.pk)

    @extend_schema(request=AccountChangeSerializer, responses=AccountSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        account = self.get_object()
        paused = sent(AccountChangeSerializer, request)["is_paused"]
        if account.set_paused(paused):
            AuditEvent.record(member_of(request), "account.paused" if paused else "account.resumed", account)
        elif account.is_paused != paused:
            raise Conflict(_("The account is not connected."))
        return Response(self.get_serializer(self.get_object()).data)

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
